//! What of a thread's state is shown and put as a whole, where a machine goes on from elsewhere.

use circ_plan::engine::{Keep, Samples};
use circ_plan::ir::Precision;

use super::Worker;

impl Worker {
    /// What phases before the present one have sent to a tick, at a place of the thread's arena.
    pub fn flowing_before(&self, precision: Precision, tick: i64, place: usize) -> f64 {
        self.flows.sent_before(precision, tick, place)
    }

    /// Nothing flows any more.
    pub fn clear_flows(&mut self) {
        self.flows.clear();
    }

    /// An earlier phase sent this; [`Worker::keep_flows`] follows.
    pub fn put_flow(&mut self, precision: Precision, tick: i64, place: usize, sum: f64) {
        self.flows.put(precision, tick, place, sum);
    }

    /// What was put is what phases before the present one have sent.
    pub fn keep_flows(&mut self) {
        self.flows.keep();
    }

    /// Other events than those so far, of the own cells.
    pub fn put_events(&mut self, population: usize, event: usize, events: Vec<(u32, u32)>) {
        self.history[population][event] = events;
    }

    /// Other samples than those so far: the own part of those of all cells of a probe, which begins at the cell `first` of
    /// `all`. Returns how many cells that are.
    pub fn put_samples(&mut self, probe: usize, samples: &Samples, first: usize, all: usize) -> usize {
        let lane = &mut self.probes[probe];
        let own = lane.cells.len();
        let rows = samples.values().chunks(all.max(1));
        let values = rows.flat_map(|row| row[first..first + own].iter().copied()).collect();
        lane.samples = Samples::new(samples.ticks.clone(), values);
        own
    }

    /// Forgets events and samples from a tick on: a fault leaves nothing half made.
    pub fn forget(&mut self, tick: i64) {
        for events in self.history.iter_mut().flatten() {
            events.truncate(events.partition_point(|e| i64::from(e.0) < tick));
        }
        self.forget_samples_from(tick);
    }

    /// Forgets samples from a tick on; what is summed up stays.
    pub fn forget_samples_from(&mut self, tick: i64) {
        for lane in self.probes.iter_mut().filter(|lane| lane.probe.keep == Keep::Each) {
            lane.samples.forget_from(tick);
        }
        self.learning.forget(tick);
    }
}
