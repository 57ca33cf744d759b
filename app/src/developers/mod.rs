pub mod account_pages;
pub mod functions;
pub mod queue_page;
