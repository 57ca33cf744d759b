pub mod functions;
pub mod pages;
mod tokens;
