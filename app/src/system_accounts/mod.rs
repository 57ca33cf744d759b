pub mod functions;
pub mod pages;
