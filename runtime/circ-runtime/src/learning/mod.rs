//! Synapses that learn: they are stepped by the thread that owns their targets.
//!
//! In: the plan's [`circ_plan::learning::Learning`], the synapses, and what happens to cells. Out: what the synapses
//! hold, and what they transmit, which is added to a tick's arrivals just before the cells make that tick. The meaning
//! is in [`circ_plan::learning`]; when things are done here, in [`design`].

mod batch;
mod block;
mod calendar;
mod candidates;
pub mod design;
mod direct;
mod due;
mod flat;
mod groups;
pub mod history;
mod late;
mod learner;
mod leaves;
mod log;
mod marks;
mod own;
mod probe;
mod rewire;
mod routine;
mod routines;
mod shared;
mod sides;
mod store;
pub mod table;
pub mod targets;
mod waits;

pub use design::{Design, kept_of};
pub use flat::{RuleKernel, rule_programs};
pub use history::{History, Kept};
pub use learner::{Learner, Resumed, Sent};
pub use leaves::Scene;
pub use own::{Merging, Own, Surroundings, canonical, design_of, is_canonical};
pub use rewire::{as_they_were, decide, owners};
pub use routine::Routine;
pub use shared::Changes;
pub use store::{Column, Which, width};
pub use waits::{AtOnce, Waits, events_wait, why_at_once};
