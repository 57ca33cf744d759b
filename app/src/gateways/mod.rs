pub mod functions;
pub mod pages;
pub mod plugins_page;
mod tokens;
