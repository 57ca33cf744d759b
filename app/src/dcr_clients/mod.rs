pub mod functions;
pub mod section;
