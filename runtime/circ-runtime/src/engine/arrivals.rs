//! What is on its way to cells, as it is seen from outside.
//!
//! In: a machine between two ticks. Out: sums for later ticks, and a machine in which all of them stand in the rings.

use circ_plan::ir::Precision;

use super::Machine;

impl Machine {
    /// What arrives at later ticks, of what does not come from synapses that learn: (tick, cell, sum), also where it is 0.
    pub(super) fn arriving(&self, population: u32, port: u32) -> Vec<(i64, u32, f64)> {
        let k = population as usize;
        let precision = self.plan.populations[k].precision;
        let mut sums = vec![];
        for worker in &self.workers {
            let (first, cells) = self.network.shards.range(k, worker.id);
            let offset = self.network.shards.offset(worker.id, k, port as usize);
            let rings = worker.arrivals(&self.network, self.tick);
            for tick in self.tick + 1..=self.tick + rings.slots() as i64 {
                for cell in 0..cells {
                    let at = offset + cell as usize;
                    let sum = match precision {
                        Precision::F32 => f64::from(rings.single.slot(tick)[at]),
                        Precision::F64 => rings.double.slot(tick)[at],
                    };
                    sums.push((tick, first + cell, sum));
                }
            }
        }
        // Threads own ascending ranges of cells.
        sums.retain(|sum| sum.2 != 0.0);
        sums.sort_by_key(|sum| (sum.0, sum.1));
        sums
    }

    /// Delivers all that waits, as it was sent.
    pub(super) fn arrive(&mut self) {
        let Machine { network, workers, tick, .. } = self;
        workers.iter_mut().for_each(|worker| worker.arrive(network, *tick));
    }
}
