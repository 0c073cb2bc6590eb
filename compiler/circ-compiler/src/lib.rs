//! From the tree to the plan: names, dimensions, elaboration, integration, kernels; and the
//! reference interpreter.

pub mod bound;
pub mod check;
pub mod data;
pub mod diagnose;
pub mod elaborate;
pub mod eval;
pub mod expand;
pub mod hir;
pub mod hir_print;
pub mod interpret;
pub mod interval;
pub mod kernel;
pub mod lint;
pub mod lower;
pub mod net;
pub mod net_print;
pub mod plan_print;
pub mod prove;
pub mod resolve;
pub mod solve;
pub mod types;
pub mod units;
