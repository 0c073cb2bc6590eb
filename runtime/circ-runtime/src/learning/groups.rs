//! Groups of synapses that share a weight, where synapses come and go.
//!
//! In: what each synapse has in common with others, kept since it began. Out: the number of its group; and the weight that a new
//! one begins with. Groups are numbered anew whenever synapses come or go, in the order of their first synapses: what was ever
//! a group is remembered nowhere, so a network that goes on from a snapshot has the same.

use std::collections::BTreeMap;

use circ_plan::learning::Group;

use super::design::Design;
use super::learner::Learner;
use super::leaves::Scene;

/// The numbers of groups, by key.
#[derive(Default)]
pub struct Numbers(BTreeMap<i64, u32>);

impl Numbers {
    /// Of a synapse; those before it in canonical order have theirs.
    pub fn of(&mut self, key: i64) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(key).or_insert(next)
    }
}

/// What the weight of a group is, and what it was when its synapses began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    pub now: f64,
    pub initial: f64,
}

/// By key, the weights of groups.
#[derive(Default)]
pub struct Weights(BTreeMap<i64, Held>);

impl Weights {
    /// A synapse that there was before is of this group.
    pub fn note(&mut self, key: i64, held: impl FnOnce() -> Held) {
        self.0.entry(key).or_insert_with(held);
    }

    /// What a new synapse begins with, which has this weight where it is the first of its group.
    pub fn of_new(&mut self, key: i64, weight: f64) -> Held {
        *self.0.entry(key).or_insert(Held { now: weight, initial: weight })
    }
}

impl Learner {
    /// The key that a synapse keeps.
    pub fn key_of(&self, group: &Group, synapse: u32) -> i64 {
        self.arrays[group.array.0 as usize].number(synapse as usize) as i64
    }

    /// The weight of the group of a synapse.
    pub fn held_by_group(&self, synapse: u32) -> Held {
        let at = synapse as usize;
        Held { now: self.arrays[0].number(at), initial: self.initial[0].number(at) }
    }

    /// Finds the keys of all synapses, before tick 0.
    pub fn keep_keys(&mut self, scene: Scene, design: &Design, group: &Group) {
        let (keys, _) = self.values_of_all(scene, design, &group.key, 0);
        let held = &mut self.arrays[group.array.0 as usize];
        keys.into_iter().enumerate().for_each(|(synapse, key)| held.set(synapse, key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_numbered_as_they_come() {
        let mut numbers = Numbers::default();
        let found: Vec<u32> = [7, -2, 7, 0, -2].map(|key| numbers.of(key)).to_vec();
        assert_eq!(found, [0, 1, 0, 2, 1]);
    }

    #[test]
    fn the_first_new_synapse_says_what_an_empty_group_begins_with() {
        let mut weights = Weights::default();
        weights.note(3, || Held { now: 0.5, initial: 2.0 });
        weights.note(3, || panic!("the group is known"));
        assert_eq!(weights.of_new(3, 9.0), Held { now: 0.5, initial: 2.0 });
        assert_eq!(weights.of_new(4, 9.0), Held { now: 9.0, initial: 9.0 });
        assert_eq!(weights.of_new(4, 1.0), Held { now: 9.0, initial: 9.0 });
    }
}
