//! Weights that synapses share, in the naive engine: one again at the end of each tick.
//!
//! In: what each synapse made of its weight in a tick. Out: the one weight of each group, in all its synapses. The sum is
//! that of [`circ_plan::learning`], group by group, synapse by synapse; of two directions, first those of the one.

use std::collections::BTreeMap;

use circ_plan::ir::ArrayId;
use circ_plan::plan::{Pairing, Plan};

use super::Interpreter;
use super::apply::{Value, round_to};
use super::learning::Attempt;
use super::plastic::{Moments, Plastic, learning};

impl Interpreter {
    /// After all hooks of a tick.
    pub(super) fn learn_together(&mut self, tick: i64, attempt: &mut Attempt) {
        let sums: Vec<BTreeMap<u32, Value>> =
            (0..self.plastic.len()).map(|place| self.sums(place, attempt)).collect();
        self.learners(tick, attempt, |learner| {
            let Some(bounds) = &learning(learner.scene.plan, learner.plastic.projection).shared else {
                return;
            };
            for synapse in 0..learner.plastic.len() {
                let Some(sum) = sums[learner.place].get(&learner.plastic.group[synapse]) else { continue };
                let array = &mut learner.plastic.arrays[0][synapse];
                learner.attempt.before.push((learner.place, ArrayId(0), synapse as u32, *array));
                *array = *sum;
                let axonal = learner.plastic.axonal(learner.scene.plan, synapse);
                learner.run(bounds, synapse, Moments { now: tick, from: tick, axonal });
            }
        });
    }

    /// Of one of those that learn: by group, what its weight becomes, where it changes.
    fn sums(&self, place: usize, attempt: &Attempt) -> BTreeMap<u32, Value> {
        let this = &self.plastic[place];
        let learning = learning(&self.plan, this.projection);
        let family: Vec<usize> = (0..self.plastic.len())
            .filter(|at| {
                family(&self.plan, self.plastic[*at].projection) == family(&self.plan, this.projection)
            })
            .collect();
        let failed = family.iter().any(|at| attempt.failed.contains(&self.plastic[*at].projection));
        if learning.shared.is_none() || failed {
            return BTreeMap::new();
        }
        let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
        for at in family {
            for synapse in 0..self.plastic[at].len() {
                let before = attempt.common[at][synapse].number();
                let after = self.plastic[at].arrays[0][synapse].number();
                if after != before {
                    *sums.entry(self.plastic[at].group[synapse]).or_insert(before) += after - before;
                }
            }
        }
        let held = |sum: f64| Value::Float(round_to(learning.arrays[0].store, sum));
        sums.into_iter().map(|(group, sum)| (group, held(sum))).collect()
    }

    /// Changes an array of synapses that learn.
    pub(super) fn set_held(&mut self, projection: u32, array: ArrayId, values: &[(u32, f64)]) {
        let plan = std::sync::Arc::clone(&self.plan);
        self.settled(projection);
        for (synapse, value) in values {
            match array {
                ArrayId(0) => self.set_weight(projection, *synapse, *value),
                _ => self.settled(projection).set(&plan, array, *synapse, *value),
            }
        }
    }

    /// Gives a synapse another weight, and all that share it.
    fn set_weight(&mut self, projection: u32, synapse: u32, weight: f64) {
        let plan = std::sync::Arc::clone(&self.plan);
        let Some(group) = self.plastic(projection).group.get(synapse as usize).copied() else {
            return self.settled(projection).set(&plan, ArrayId(0), synapse, weight);
        };
        let same = |it: &&mut Plastic| family(&plan, it.projection) == family(&plan, projection);
        for plastic in self.plastic.iter_mut().filter(same) {
            for synapse in 0..plastic.len() {
                if plastic.group[synapse] == group {
                    plastic.set(&plan, ArrayId(0), synapse as u32, weight);
                }
            }
        }
    }
}

/// The projection that one shares weights with: itself, or the first of two directions.
fn family(plan: &Plan, projection: u32) -> u32 {
    match plan.projections[projection as usize].pairing {
        Pairing::Mirror(other) => other,
        Pairing::Ordered | Pairing::Unordered => projection,
    }
}
