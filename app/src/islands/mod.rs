//! The few things that need the browser.

mod copy_button;
mod enhanced_forms;

pub use copy_button::CopyButton;
pub use enhanced_forms::EnhancedForms;
