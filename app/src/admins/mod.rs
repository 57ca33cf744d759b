pub mod functions;
pub mod pages;
pub mod roles;
