pub mod clients;
pub mod comparison;
pub mod functions;
pub mod pages;
