//! Why a call was allowed or refused, told to admins of every call and to developers of their own.

pub mod functions;
pub mod page;
mod steps;
