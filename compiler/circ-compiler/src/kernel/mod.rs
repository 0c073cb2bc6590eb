//! The form of the kernel IR: building, printing, reading, verifying and splitting programs.
//!
//! In and out: [`circ_plan::ir::Program`]. What the operations mean is written once, in
//! [`crate::interpret::apply()`], and used by the builder's constant folding too. The passes here never
//! change a bit of what a program computes.

pub mod build;
mod expressions;
pub mod fold;
pub mod generate;
mod known;
pub mod ops;
pub mod parse;
pub mod print;
pub mod regions;
mod simplify;
pub mod verify;

/// Salts of draws are below this, so that a salt and a constant per kind of draw fit the counter.
pub const MAX_SALT: u32 = 64;

#[cfg(test)]
mod tests;
