//! What every page is made of.

pub mod code;
pub mod forms;
pub mod layout;
pub mod lists;
pub mod markdown;
pub mod page;
pub mod text;
pub mod words;
