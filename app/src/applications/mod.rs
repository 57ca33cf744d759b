pub mod admin_list_page;
pub mod application_page;
pub mod form_page;
pub mod functions;
pub mod list_page;
