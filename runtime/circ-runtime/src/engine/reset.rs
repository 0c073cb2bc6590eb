//! Putting things back: cells to their initial states, delays to emptiness.
//!
//! In: which arrays of which cells, and whose delays. Out: a machine as if these had just begun, at the present tick. A
//! thread's cells begin anew beside the present ones, with their parameters; then what is asked for is copied.

use circ_plan::engine::Reset;
use circ_plan::ir::{ArrayId, Precision};
use circ_plan::plan::Role;

use super::Machine;
use crate::cells::Shard;
use crate::kernel::{Lists, Step, step};
use crate::ring::{Ring, Rings};

/// An array of a population, and of which cells.
type Part = (u32, ArrayId, Vec<u32>);

impl Machine {
    pub(super) fn put_back_to_start(&mut self, what: &Reset) {
        for design in 0..self.network.designs.len() {
            self.settle_learning(design);
        }
        let is_seen = |part: &&Part| self.role(part.0, part.1) == Role::Seen;
        let (seen, plain): (Vec<&Part>, Vec<&Part>) = what.arrays.iter().partition(is_seen);
        self.copy(&plain, |machine, worker, population| machine.begun(worker, population));
        self.copy(&seen, |machine, worker, population| machine.started(worker, population));
        for (population, array, cells) in &what.arrays {
            for worker in &self.workers {
                let shard = &worker.shards[*population as usize];
                self.history.fill(*population, *array, &own(shard, cells), shard);
            }
        }
        if !what.arriving.is_empty() {
            self.arrive();
        }
        for (population, cells) in &what.arriving {
            self.forget_arrivals(*population as usize, cells);
        }
        for design in 0..self.network.designs.len() {
            if what.learning.contains(&self.network.designs[design].projection) {
                self.workers
                    .iter_mut()
                    .for_each(|worker| worker.learning.learner_mut(design).forget_delays());
            }
        }
        (self.changed, self.stale) = (true, true);
    }

    fn role(&self, population: u32, array: ArrayId) -> Role {
        self.plan.populations[population as usize].arrays[array.0 as usize].role
    }

    /// Copies parts from other shards, which are made once for each population of a thread.
    fn copy(&mut self, parts: &[&Part], make: impl Fn(&Machine, usize, usize) -> Shard) {
        for worker in 0..self.workers.len() {
            let mut made: Option<(usize, Shard)> = None;
            for (population, array, cells) in parts {
                let k = *population as usize;
                if made.as_ref().is_none_or(|(of, _)| *of != k) {
                    made = Some((k, make(self, worker, k)));
                }
                let plan = &self.plan.populations[k];
                let shard = &mut self.workers[worker].shards[k];
                for cell in own(shard, cells) {
                    if let Some((_, other)) = &made {
                        shard.set(plan, *array, cell as usize, other.get(plan, *array, cell as usize));
                    }
                }
            }
        }
    }

    /// The cells of a thread as they begin, with the parameters that they have.
    fn begun(&self, worker: usize, population: usize) -> Shard {
        let plan = &self.plan.populations[population];
        let mut shard = self.workers[worker].shards[population].clone();
        shard.begin(self.scene_of_tick(population, 0), plan);
        shard
    }

    /// The cells of a thread after `start`, if nothing arrives.
    fn started(&self, worker: usize, population: usize) -> Shard {
        let plan = &self.plan.populations[population];
        let mut shard = self.workers[worker].shards[population].clone();
        let Some(kernels) = self.kernels[population].filter(|_| 0 < shard.cells) else { return shard };
        if let circ_plan::plan::Dynamics::SpikeTimes { .. } = plan.dynamics {
            shard.mark(plan, &[]);
        }
        let length = |precision| self.network.shards.length(worker, precision);
        let mut rings = Rings {
            single: Ring::new(1, length(Precision::F32)),
            double: Ring::new(1, length(Precision::F64)),
        };
        let offsets: Vec<usize> =
            (0..plan.ports.len()).map(|port| self.network.shards.offset(worker, population, port)).collect();
        let call = Step {
            kernel: kernels.start,
            population: plan,
            tables: &self.plan.tables,
            slots: &self.slots[population],
            keys: &plan.keys,
            offsets: &offsets,
            tick: self.tick.max(0),
            dt: self.plan.dt,
        };
        step(
            &call,
            &mut shard,
            &mut rings,
            &mut Lists::new(plan, self.workers[worker].shards[population].cells),
        );
        shard
    }

    fn forget_arrivals(&mut self, population: usize, cells: &[u32]) {
        let (plan, shards) = (&self.plan.populations[population], &self.network.shards);
        for worker in &mut self.workers {
            let own = own(&worker.shards[population], cells);
            for port in 0..plan.ports.len() {
                let offset = shards.offset(worker.id, population, port);
                let places = own.iter().map(|cell| offset + *cell as usize);
                match plan.precision {
                    Precision::F32 => worker.rings.single.empty(places),
                    Precision::F64 => worker.rings.double.empty(places),
                }
            }
            let flows = plan.arrays.iter().enumerate().filter(|(_, array)| array.role == Role::Flow);
            for (array, _) in flows {
                let offset = shards.flow_offset(worker.id, population, array);
                let places: Vec<usize> = own.iter().map(|cell| offset + *cell as usize).collect();
                worker.forget_flows(plan.precision, &places);
            }
        }
    }
}

/// Those of these cells that a shard has, as local indices.
fn own(shard: &Shard, cells: &[u32]) -> Vec<u32> {
    let first = cells.partition_point(|cell| *cell < shard.first);
    let end = cells.partition_point(|cell| *cell < shard.first + shard.cells);
    cells[first..end].iter().map(|cell| cell - shard.first).collect()
}
