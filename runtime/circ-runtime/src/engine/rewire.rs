//! When a machine rewires: between two ticks, when all threads have come as far.
//!
//! In: a tick that is made. Out: the network with the synapses that there are from now on, and learners that hold them; or
//! why that can not be.

use circ_plan::engine::{Engine, Stop};
use circ_plan::learning::Rewire;

use super::Machine;
use crate::learning::{Surroundings, decide};
use crate::parallel::for_each;
use std::sync::Arc;

impl Machine {
    /// The next tick up to `until` after which anything is rewired; else `until`.
    pub(super) fn next_rewiring(&self, until: i64) -> i64 {
        let next = |rewire: &Rewire| {
            let interval = rewire.interval.max(1);
            self.tick.max(0).div_euclid(interval).saturating_add(1).saturating_mul(interval)
        };
        self.rewirings().map(|(_, rewire)| next(rewire)).fold(until, i64::min)
    }

    /// The designs that are rewired, in order of the projection.
    fn rewirings(&self) -> impl Iterator<Item = (usize, &Rewire)> {
        let mut designs: Vec<(u32, usize)> =
            self.network.designs.iter().enumerate().map(|(k, design)| (design.projection, k)).collect();
        designs.sort_unstable();
        let rewire = |(projection, design): (u32, usize)| {
            let learning = self.plan.projections[projection as usize].learning.as_deref()?;
            Some((design, learning.rewire.as_ref()?))
        };
        designs.into_iter().filter_map(rewire)
    }

    /// Whether synapses that something flows through may come or go at a tick.
    pub(super) fn rewires_flow(&self, tick: i64) -> bool {
        self.plan.projections.iter().any(|projection| projection.rewires_flow(tick))
    }

    /// After such a tick, makes what flows anew, with the synapses that there are now; and samples the cells.
    pub(super) fn flow_as_rewired(&mut self) {
        if self.unsampled == Some(self.tick) {
            self.changed = true;
            self.settle();
        }
        self.unsampled = None;
    }

    /// Rewires what is due at the present tick, and samples it.
    pub(super) fn rewire(&mut self) -> Result<(), Stop> {
        let tick = self.tick;
        let due: Vec<(usize, &Rewire)> = self.rewirings().filter(|(_, rewire)| rewire.is_due(tick)).collect();
        if due.is_empty() {
            return Ok(());
        }
        let learns =
            |(design, rewire): &&(usize, &Rewire)| self.rules[*design][rewire.learns.0 as usize] != 0;
        let learning: Vec<usize> = due.iter().filter(learns).map(|(design, _)| *design).collect();
        let due: Vec<usize> = due.into_iter().map(|(design, _)| design).collect();
        self.refresh();
        self.rewire_these(&learning, tick)?;
        let Machine { network, history, slots, rules, keys, workers, .. } = self;
        let around = Surroundings { network, history, slots, rules, keys };
        for_each(workers.len(), workers, |_, worker| {
            due.iter().for_each(|design| worker.learning.sample_rewired(around, *design, tick));
        });
        Ok(())
    }

    fn rewire_these(&mut self, due: &[usize], tick: i64) -> Result<(), Stop> {
        let plan = Arc::clone(&self.plan);
        let mut all = vec![];
        for &design in due {
            let Machine { network, history, slots, rules, keys, workers, .. } = self;
            let learning = plan.projections[network.designs[design].projection as usize].learning.as_deref();
            let Some(rewire) = learning.and_then(|it| it.rewire.as_ref()) else { continue };
            let around = Surroundings { network, history, slots, rules, keys };
            all.push(decide(around, design, rewire, tick, workers)?);
        }
        for mut rewired in all {
            let design = rewired.design();
            let network = Arc::get_mut(&mut self.network);
            let network = network.expect("a machine that rewires has its network for itself");
            let old = rewired.install(&mut network.designs[design]);
            let Machine { network, history, slots, rules, keys, workers, .. } = self;
            let around = Surroundings { network, history, slots, rules, keys };
            for_each(workers.len(), workers, |thread, worker| {
                let learner = worker.learning.learner_mut(design);
                rewired.pass_on(around, thread, &old[thread], learner, tick);
                worker.learning.find_sampled(around, design);
            });
        }
        Ok(())
    }
}
