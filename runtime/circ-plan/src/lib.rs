//! The contract between compiler and runtime: kernels, layouts, schedule, engines. No logic
//! beyond what it takes to read these forms.

pub mod abi;
pub mod engine;
pub mod ir;
pub mod learning;
pub mod plan;
pub mod samples;
pub mod snapshot;
