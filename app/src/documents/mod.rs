pub mod admin_pages;
pub mod document_page;
pub mod functions;
