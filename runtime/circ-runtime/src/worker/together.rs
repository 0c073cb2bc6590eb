//! What synapses of all threads do to weights together, at the end of a tick.
//!
//! In: a tick that all cells have made. Out: synapses that have come as far, where their weights are needed: because others share
//! them, or because something flows through them. That costs one more meeting where weights are shared.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::{Shared, Worker};
use crate::learning;

impl Worker {
    /// Brings synapses to the end of a tick whose weights are needed there, and lets the others see what that does to shared
    /// weights.
    pub(super) fn keep_up(&mut self, shared: &Shared, tick: i64, phase: usize) {
        let around = shared.surroundings();
        let fault = self.learning.keep_up(around, tick);
        if !shared.shares {
            return;
        }
        if fault.is_some() {
            shared.failed[phase].store(true, Ordering::Relaxed);
        }
        let own = &shared.changes[self.id][phase];
        self.learning.changes(around, &mut own.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Makes shared weights one again, after all have kept up.
    pub(super) fn share(&mut self, shared: &Shared, tick: i64, phase: usize) {
        let around = shared.surroundings();
        let guards: Vec<_> = shared
            .changes
            .iter()
            .map(|of_thread| of_thread[phase].read().unwrap_or_else(PoisonError::into_inner))
            .collect();
        let all: Vec<&Vec<learning::Changes>> = guards.iter().map(|guard| &**guard).collect();
        // One that fails here is found again before the next tick, or at the end.
        self.learning.share(around, tick, &all);
        if !shared.failed[phase].load(Ordering::Relaxed) {
            return;
        }
        // Others may have failed before.
        self.learning.flush(around, tick);
        if let Some(fault) = self.learning.catch_up(around) {
            self.report_synapse(shared, fault);
        }
    }
}
