//! Weights that synapses share, in the naive engine: one again at the end of each tick.
//!
//! In: what each synapse made of its weight in a tick. Out: the one weight of each group, in all its synapses. The sum is
//! that of [`circ_plan::learning`], group by group, synapse by synapse.

use circ_plan::ir::{ArrayId, Precision};
use circ_plan::learning::SynapseArray;

use super::Interpreter;
use super::apply::{Value, round_to};
use super::learning::{Attempt, Learner};
use super::plastic::{Moments, Plastic, learning};

impl Interpreter {
    /// After all hooks of a tick.
    pub(super) fn learn_together(&mut self, tick: i64, attempt: &mut Attempt) {
        self.learners(tick, attempt, |learner| {
            let projection = learner.plastic.projection;
            if learning(learner.scene.plan, projection).shared.is_some()
                && !learner.attempt.failed.contains(&projection)
            {
                learner.share();
            }
        });
    }
}

impl Learner<'_> {
    fn share(&mut self) {
        let before = std::mem::take(&mut self.attempt.common[self.place]);
        let learning = learning(self.scene.plan, self.plastic.projection);
        for members in self.plastic.groups() {
            let one = before[members[0] as usize].number();
            let held = |plastic: &Plastic, synapse: u32| plastic.arrays[0][synapse as usize].number();
            let changes: Vec<f64> = members
                .iter()
                .map(|synapse| held(self.plastic, *synapse))
                .filter(|weight| *weight != one)
                .map(|weight| weight - one)
                .collect();
            if changes.is_empty() {
                continue;
            }
            let sum = changes.iter().fold(one, |sum, change| sum + change);
            let sum = rounded(&learning.arrays[0], sum);
            for synapse in members {
                let array = &mut self.plastic.arrays[0][synapse as usize];
                self.attempt.before.push((self.place, ArrayId(0), synapse, *array));
                *array = sum;
                if let Some(bounds) = &learning.shared {
                    let axonal = self.plastic.axonal(self.scene.plan, synapse as usize);
                    let moments = Moments { now: self.tick, from: self.tick, axonal };
                    self.run(bounds, synapse as usize, moments);
                }
            }
        }
    }
}

impl Plastic {
    /// The synapses of each group, in order; none where each has a weight of its own.
    pub(super) fn groups(&self) -> Vec<Vec<u32>> {
        let count = self.group.iter().max().map_or(0, |last| *last as usize + 1);
        let mut groups = vec![vec![]; count];
        for (synapse, group) in self.group.iter().enumerate() {
            groups[*group as usize].push(synapse as u32);
        }
        groups
    }

    /// The synapses that have the weight of this one.
    pub(super) fn partners(&self, synapse: u32) -> Vec<u32> {
        match self.group.get(synapse as usize) {
            Some(own) => {
                let same = self.group.iter().enumerate().filter(|(_, group)| *group == own);
                same.map(|(at, _)| at as u32).collect()
            }
            None => vec![synapse],
        }
    }
}

fn rounded(array: &SynapseArray, sum: f64) -> Value {
    Value::Float(match array.store {
        Precision::F32 => round_to(Precision::F32, sum),
        Precision::F64 => sum,
    })
}
