//! What synapses of all threads do to weights together, at the end of a tick.
//!
//! In: a tick that all cells have made. Out: synapses that have come as far, where their weights are needed: because others share
//! them, or because something flows through them. That costs one more meeting where weights are shared.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::{Shared, Worker};
use crate::learning;

impl Worker {
    /// Brings synapses to the end of a tick whose weights are needed there, and makes shared weights one again. Returns whether
    /// the run may go on.
    pub(super) fn learn_together(&mut self, shared: &Shared, tick: i64, phase: usize) -> bool {
        if !shared.shares && self.flows.stages() == 0 {
            return true;
        }
        let around = shared.surroundings();
        let fault = self.learning.keep_up(around, tick);
        if !shared.shares {
            // A failure is found again before the next tick, or at the end.
            return true;
        }
        if fault.is_some() {
            shared.failed[phase].store(true, Ordering::Relaxed);
        }
        let own = &shared.changes[self.id][phase];
        self.learning.changes(around, &mut own.write().unwrap_or_else(PoisonError::into_inner));
        shared.meeting.wait();
        let guards: Vec<_> = shared
            .changes
            .iter()
            .map(|of_thread| of_thread[phase].read().unwrap_or_else(PoisonError::into_inner))
            .collect();
        let all: Vec<&Vec<learning::Changes>> = guards.iter().map(|guard| &**guard).collect();
        // One that fails here is found again before the next tick, or at the end.
        self.learning.share(around, tick, &all);
        if !shared.failed[phase].load(Ordering::Relaxed) {
            return true;
        }
        // Others may have failed before.
        self.learning.flush(around, tick);
        if let Some(fault) = self.learning.catch_up(around) {
            self.report_synapse(shared, fault);
        }
        false
    }
}
