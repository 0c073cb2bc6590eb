//! Language tests as files, generators of programs, oracles.
//!
//! The generator writes text, because text is what users write: whatever it makes goes through the
//! whole compiler. It is well typed by construction, so every rejection is a bug of the compiler (or
//! of the generator).

pub mod cases;
pub mod census;
pub mod combine;
pub mod generate;
mod generate_cell;
mod generate_extras;
mod generate_net;
mod generate_protocol;
pub mod generate_rules;
mod generate_segments;
pub mod oracle;
pub mod slips;
pub mod strangers;
