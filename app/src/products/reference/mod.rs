//! The API reference, drawn on the server from what was cut out of the specification.

pub mod example;
pub mod frame;
pub mod operation_list;
pub mod operation_page;
pub mod operation_view;
pub mod samples;
pub mod schema_page;
pub mod schema_view;
pub mod try_it;
