//! The machine between two ticks as a [`Snapshot`], and a machine that goes on from one.
//!
//! In: what the threads hold. Out: lists in canonical order, whatever the threads; and back: each thread takes what is its own.

mod learning;

use circ_plan::engine::{Engine, Samples};
use circ_plan::ir::{ArrayId, Precision};
use circ_plan::plan::{PopulationPlan, Role};
use circ_plan::snapshot::{Numbers, PopulationState, ProjectionState, Snapshot, Sum};

use super::Machine;
use crate::cells::{derive_slots, no_numbers, slot_of, value_of};
use crate::learning::design_of;
use std::sync::Arc;

impl Machine {
    pub(super) fn present_state(&mut self) -> Snapshot {
        self.settle();
        self.catch_up();
        let plan = Arc::clone(&self.plan);
        let projections = 0..plan.projections.len() as u32;
        Snapshot {
            tick: self.tick,
            populations: (0..plan.populations.len()).map(|k| self.population_state(k)).collect(),
            drives: plan.drives.iter().zip(&self.drives).map(|(plan, values)| values.state(plan)).collect(),
            projections: projections.map(|k| self.projection_state(k)).collect(),
        }
    }

    fn population_state(&self, k: usize) -> PopulationState {
        let plan = &self.plan.populations[k];
        let slot = |(slot, bits): (&circ_plan::plan::UniformPlan, &u64)| {
            if slot.role == Role::Derived { 0.0 } else { value_of(slot.ty, plan.precision, *bits) }
        };
        let arrays = 0..plan.arrays.len();
        PopulationState {
            slots: plan.uniforms.iter().zip(&self.slots[k]).map(slot).collect(),
            arrays: arrays.clone().map(|array| self.numbers(k, array)).collect(),
            past: arrays.clone().map(|array| self.history.past(k, array, self.tick)).collect(),
            arriving: (0..plan.ports.len()).map(|port| self.arriving_later(k, port)).collect(),
            flowing: arrays.map(|array| self.flowing_before(k, array)).collect(),
            events: (0..plan.events.len()).map(|event| self.all_events(k, event)).collect(),
        }
    }

    fn numbers(&self, k: usize, array: usize) -> Numbers {
        let plan = &self.plan.populations[k];
        let mut numbers = no_numbers(plan.arrays[array].ty, plan.precision);
        if plan.arrays[array].role != Role::Derived {
            self.workers
                .iter()
                .for_each(|worker| worker.shards[k].append_to(plan, ArrayId(array as u32), &mut numbers));
        }
        numbers
    }

    fn arriving_later(&self, k: usize, port: usize) -> Vec<Sum> {
        self.arriving(k as u32, port as u32)
    }

    fn flowing_before(&self, k: usize, array: usize) -> Vec<Sum> {
        let plan = &self.plan.populations[k];
        if plan.arrays[array].role != Role::Flow || self.tick < 0 {
            return vec![];
        }
        let mut sums = vec![];
        for tick in self.tick..self.tick + self.network.flow_slots as i64 {
            for worker in &self.workers {
                let (first, cells) = self.network.shards.range(k, worker.id);
                let offset = self.network.shards.flow_offset(worker.id, k, array);
                for cell in 0..cells {
                    let sum = worker.flowing_before(plan.precision, tick, offset + cell as usize);
                    if sum != 0.0 {
                        sums.push((tick, first + cell, sum));
                    }
                }
            }
        }
        sums
    }

    fn all_events(&self, k: usize, event: usize) -> Vec<(u32, u32)> {
        let mut all: Vec<(u32, u32)> =
            self.workers.iter().flat_map(|worker| worker.events(k, event).iter().copied()).collect();
        if 1 < self.workers.len() {
            all.sort();
        }
        all
    }

    fn projection_state(&self, projection: u32) -> ProjectionState {
        match design_of(&self.network, projection) {
            Some(design) => {
                ProjectionState { weights: None, learning: Some(self.learning_state(design, projection)) }
            }
            None => ProjectionState { weights: self.network.scaled_weights(projection), learning: None },
        }
    }

    pub(super) fn go_on_from(&mut self, snapshot: &Snapshot) {
        let plan = Arc::clone(&self.plan);
        // What waits is of the state that is left, and rings have room for all from here on.
        self.arrive();
        self.fault = None;
        self.tick = snapshot.tick;
        for (k, state) in snapshot.populations.iter().enumerate() {
            self.put_population(k, &plan.populations[k], state);
        }
        for ((values, drive), state) in self.drives.iter_mut().zip(&plan.drives).zip(&snapshot.drives) {
            values.put(&plan, drive, state);
        }
        for (k, state) in snapshot.projections.iter().enumerate() {
            let k = k as u32;
            if state.weights.is_some() || self.network.is_scaled(k) {
                let network = Arc::get_mut(&mut self.network);
                network
                    .expect("a machine that goes on from elsewhere has its network for itself")
                    .put_weights(k, state.weights.as_deref());
            }
        }
        self.put_sums(snapshot);
        self.workers.iter_mut().for_each(|worker| worker.forget_samples_from(snapshot.tick + 1));
        self.stale = true;
        self.refresh();
        for (k, state) in snapshot.projections.iter().enumerate() {
            if let (Some(design), Some(state)) = (design_of(&self.network, k as u32), &state.learning) {
                self.put_learning(design, k as u32, state);
            }
        }
        self.changed = true;
        self.settle();
    }

    fn put_population(&mut self, k: usize, plan: &PopulationPlan, state: &PopulationState) {
        for ((slot, of), value) in self.slots[k].iter_mut().zip(&plan.uniforms).zip(&state.slots) {
            if of.role != Role::Derived {
                *slot = slot_of(of.ty, plan.precision, *value);
            }
        }
        derive_slots(plan, &self.plan.tables, self.plan.dt, &mut self.slots[k]);
        for (array, numbers) in state.arrays.iter().enumerate() {
            if plan.arrays[array].role != Role::Derived {
                let array = ArrayId(array as u32);
                self.workers.iter_mut().for_each(|worker| worker.shards[k].take_from(plan, array, numbers));
            }
        }
        self.derive_arrays(k);
        for (array, past) in state.past.iter().enumerate() {
            self.history.put_past(k, array, self.tick, past);
        }
        for (event, all) in state.events.iter().enumerate() {
            for worker in &mut self.workers {
                let shard = &worker.shards[k];
                let own = shard.first..shard.first + shard.cells;
                let events = all.iter().filter(|it| own.contains(&it.1)).copied().collect();
                worker.put_events(k, event, events);
            }
        }
    }

    /// What is on its way, of what does not learn.
    fn put_sums(&mut self, snapshot: &Snapshot) {
        let Machine { workers, network, plan, .. } = self;
        for worker in workers.iter_mut() {
            worker.rings.clear();
            worker.clear_flows();
        }
        for (k, state) in snapshot.populations.iter().enumerate() {
            let precision = plan.populations[k].precision;
            for (port, sums) in state.arriving.iter().enumerate() {
                for &(tick, cell, sum) in sums {
                    let worker = &mut workers[network.shards.owner(k, cell)];
                    let own = (cell - worker.shards[k].first) as usize;
                    let at = network.shards.offset(worker.id, k, port) + own;
                    match precision {
                        Precision::F32 => worker.rings.single.slot_mut(tick)[at] = sum as f32,
                        Precision::F64 => worker.rings.double.slot_mut(tick)[at] = sum,
                    }
                }
            }
            for (array, sums) in state.flowing.iter().enumerate() {
                for &(tick, cell, sum) in sums {
                    let worker = &mut workers[network.shards.owner(k, cell)];
                    let own = (cell - worker.shards[k].first) as usize;
                    let at = network.shards.flow_offset(worker.id, k, array) + own;
                    worker.put_flow(precision, tick, at, sum);
                }
            }
        }
        workers.iter_mut().for_each(|worker| worker.keep_flows());
    }

    pub(super) fn put_cell_samples(&mut self, probe: usize, samples: &Samples) {
        let mut first = 0;
        let all = self.probes[probe].cells.len();
        for worker in &mut self.workers {
            first += worker.put_samples(probe, samples, first, all);
        }
    }
}
