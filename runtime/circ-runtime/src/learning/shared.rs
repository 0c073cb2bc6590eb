//! Weights that synapses share, for the synapses of one thread.
//!
//! In: what happened to synapses in a tick. Out: by how much each of them changed its weight, for all threads; and from the
//! changes of all threads, the one weight of each group again. Every thread adds up the same changes in the same order, so
//! all have the same weight without a common place for it.

use std::collections::BTreeMap;

use circ_plan::ir::{ArrayId, Output, Program};
use circ_plan::learning::Learning;

use super::design::{Design, Trigger};
use super::leaves::{Picked, Scene};
use super::routine::{Failure, Routine};
use super::store::{Beside, Column, Which};
use super::table::Table;

/// What a synapse added to the weight of its group in a tick.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// What orders synapses canonically.
    key: (u32, u32, u32),
    group: u32,
    by: f64,
}

/// What the synapses of a thread did to the weights of a projection in a tick.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Whether one of them failed.
    pub failed: bool,
    pub list: Vec<Change>,
}

/// The groups of a projection, as far as they have synapses here.
pub struct Common {
    /// By group: where its synapses begin in `members`; one more at the end.
    starts: Vec<u32>,
    members: Vec<u32>,
    /// By group: the weight before the tick.
    weights: Vec<f64>,
    /// Synapses that may have changed their weight in the tick.
    touched: Vec<u32>,
    bounds: Routine,
}

impl Common {
    /// Of a projection whose weights are shared.
    pub fn new(learning: &Learning, table: &Table) -> Option<Common> {
        let bounds = learning.shared.as_ref()?;
        let count = table.group.iter().max().map_or(0, |last| *last as usize + 1);
        let mut starts = vec![0; count + 1];
        table.group.iter().for_each(|group| starts[*group as usize + 1] += 1);
        for k in 1..starts.len() {
            starts[k] += starts[k - 1];
        }
        let mut next = starts.clone();
        let mut members = vec![0; table.len()];
        for (synapse, group) in table.group.iter().enumerate() {
            let at = &mut next[*group as usize];
            members[*at as usize] = synapse as u32;
            *at += 1;
        }
        let weights = vec![0.0; count];
        Some(Common { starts, members, weights, touched: vec![], bounds: Routine::new(bounds, None) })
    }

    /// The synapses of a group.
    fn members(&self, group: u32) -> &[u32] {
        let ends = self.starts.get(group as usize..group as usize + 2);
        ends.map_or(&[], |ends| &self.members[ends[0] as usize..ends[1] as usize])
    }

    /// Between ticks: what weights are.
    pub fn look(&mut self, weights: &Column) {
        for (group, ends) in self.starts.windows(2).enumerate() {
            if ends[0] < ends[1] {
                self.weights[group] = weights.number(self.members[ends[0] as usize] as usize);
            }
        }
    }

    /// Some synapses may have changed their weight.
    pub fn touch(&mut self, synapses: impl IntoIterator<Item = u32>) {
        self.touched.extend(synapses);
    }

    /// What was changed in a tick.
    pub fn changes(&mut self, table: &Table, weights: &Column, out: &mut Changes) {
        self.touched.sort_unstable();
        self.touched.dedup();
        for synapse in self.touched.drain(..) {
            let group = table.group[synapse as usize];
            let (before, after) = (self.weights[group as usize], weights.number(synapse as usize));
            if after != before {
                out.list.push(Change { key: table.key(synapse), group, by: after - before });
            }
        }
    }

    /// Makes weights one again, from the changes of all threads: by design, those that have these weights.
    pub fn apply(
        &mut self,
        scene: Scene,
        arrays: &mut [Column],
        tick: i64,
        all: &[Vec<&Changes>],
        failure: &mut Option<Failure>,
    ) {
        let ranked = all.iter().enumerate();
        let mut changes: Vec<(usize, &Change)> = ranked
            .flat_map(|(rank, of)| of.iter().flat_map(move |it| it.list.iter().map(move |one| (rank, one))))
            .collect();
        changes.sort_unstable_by_key(|(rank, change)| (*rank, change.key));
        let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
        for (_, change) in changes {
            if !self.members(change.group).is_empty() {
                *sums.entry(change.group).or_insert(self.weights[change.group as usize]) += change.by;
            }
        }
        let mut changed = vec![];
        for (group, sum) in &sums {
            for synapse in self.members(*group) {
                arrays[0].set(*synapse as usize, *sum);
                changed.push(*synapse);
            }
        }
        if let (Some(program), false) = (&scene.learning.shared, changed.is_empty()) {
            let picked = Picked {
                synapses: Which::List(&changed),
                sources: Beside::One(0),
                now: tick,
                source_ticks: Beside::One(tick),
                tick,
                given: None,
            };
            self.bounds.apply(program, scene, arrays, picked, failure);
        }
        for group in sums.into_keys() {
            self.weights[group as usize] = arrays[0].number(self.members(group)[0] as usize);
        }
    }

    /// Gives all synapses of a group this weight.
    pub fn set(&self, group: u32, weights: &mut Column, weight: f64) {
        self.members(group).iter().for_each(|synapse| weights.set(*synapse as usize, weight));
    }
}

/// Whether a program changes the weight.
pub fn changes_weight(program: &Program) -> bool {
    program.outputs.iter().any(|output| matches!(output, Output::Array(ArrayId(0), _)))
}

/// Of the hooks that change the weight: whether one of them runs for all synapses at a tick, and whether one runs
/// at spikes of sources.
pub fn wide(learning: &Learning, design: &Design, tick: i64) -> (bool, bool) {
    let changing = || {
        let hooks = learning.hooks.iter().zip(&design.triggers);
        hooks.filter(|(hook, _)| changes_weight(&hook.program)).map(|(_, trigger)| *trigger)
    };
    let all = changing().any(|trigger| match trigger {
        Trigger::Tick => 0 < tick,
        Trigger::Every(interval) => 0 < tick && tick % interval == 0,
        // Which cells jump is not asked for.
        Trigger::Jump(_) => true,
        Trigger::Pre | Trigger::Post(_) | Trigger::Modulator(_) => false,
    });
    let both = learning.both.as_ref().is_some_and(|both| changes_weight(&both.program));
    (all, both || changing().any(|trigger| trigger == Trigger::Pre))
}
