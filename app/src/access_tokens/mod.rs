pub mod functions;
pub mod page;
