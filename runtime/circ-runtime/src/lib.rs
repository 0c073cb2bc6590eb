//! Runs a plan: state, network construction, delivery, threads, recording.
//!
//! In: a [`circ_plan::plan::Plan`] and the compiled kernels of its populations. Out: a [`Network`] with
//! all synapses, and a [`Machine`] that makes ticks, the same bits for every number of threads. Knows
//! nothing of the language and nothing of the code generator.
//!
//! ```text
//! plan ──build──▶ Network ──┐
//! kernels ──────────────────┴──▶ Machine ──advance──▶ events, samples, states
//! ```

mod aligned;
mod build;
mod cells;
mod deliver;
mod drive;
mod engine;
mod flow;
mod kernel;
mod keys;
mod learning;
mod meeting;
mod narrow;
mod network;
mod pages;
mod parallel;
mod prefetch;
mod ring;
mod rows;
mod shards;
mod transit;
mod worker;

pub use build::estimate::{is_broadcast, is_matrix};
pub use build::{BadValue, BuildError, MAX_DELAY, Way, needed};
pub use engine::Machine;
pub use kernel::Kernels;
pub use learning::{AtOnce, RuleKernel, events_wait, rule_programs, why_at_once};
pub use network::Network;
