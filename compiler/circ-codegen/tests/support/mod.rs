//! A scalar evaluator and a generator of programs.

pub mod evaluate;
pub mod generate;
