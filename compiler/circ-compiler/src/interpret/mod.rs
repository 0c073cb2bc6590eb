//! The reference: what a kernel program means, one cell at a time, and the naive second engine.
//!
//! In: programs and plans. Out: values, spikes, states. Nothing here is fast on purpose: the machine
//! code must give the same bits, so this has to be plainly right.

pub mod apply;
mod drives;
pub mod engine;
pub mod explain;
mod flow;
mod learning;
pub mod mail;
mod past;
mod plastic;
mod reset;
mod rewire;
pub mod scalar;
mod shared;
mod snapshot;
pub mod state;

pub use apply::{Value, apply};
pub use engine::Interpreter;
pub use explain::{Explanation, explain_fault};
pub use scalar::{Cell, Synapse, World, evaluate, result, result_with};

#[cfg(test)]
mod tests;
