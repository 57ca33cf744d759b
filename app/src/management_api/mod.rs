//! The reference of the management API, for the admins who write programs against it.

pub mod pages;
