pub mod functions;
pub mod queue_page;
pub mod register_page;
