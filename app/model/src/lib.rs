//! The shared vocabulary: ids, states, validated text, problems, paging and paths.
//!
//! No I/O, no clock, no randomness: whatever needs those lives in `portico-core`.

pub mod access;
pub mod appearance;
pub mod ids;
pub mod labels;
pub mod paging;
pub mod paths;
pub mod problem;
pub mod states;
pub mod text;
