pub mod admin_pages;
pub mod catalogue_page;
pub mod functions;
pub mod product_page;
pub mod reference;
pub mod version_admin_page;
