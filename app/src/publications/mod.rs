pub mod functions;
pub mod publish_form;
