pub mod directory_page;
pub mod functions;
pub mod pages;
