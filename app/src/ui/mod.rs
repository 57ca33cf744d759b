//! What every page is made of.

pub mod forms;
pub mod layout;
pub mod lists;
pub mod page;
pub mod text;
pub mod words;
