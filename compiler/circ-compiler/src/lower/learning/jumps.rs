//! Jumps: when a modulator is not what its own linear equation makes of it.
//!
//! In: a population of which synapses read states `m` with `m' = drift + rate * m`. Out: what it keeps of each for them.
//! Between jumps synapses know `m` from its base, the value after the last jump, in closed form. A jump is whatever
//! changes the state but this equation: an arrival, an assignment, a `set` or `reset` before the tick, or a parameter of
//! the equation that was set. It shows with the tick that it is part of, or that follows.

use std::collections::BTreeMap;

use circ_plan::ir::*;

use super::super::cell::Slot;
use super::super::context::Lowerer;
use super::super::layout::Layout;
use super::column::{Kept, KeptValue};
use super::scope::Law;
use crate::hir::*;

impl<'a> Lowerer<'a, '_, '_> {
    /// States that synapses know by their equations, as these have moved them. Asked for before anything arrives.
    pub fn moved_by_laws(&mut self, layout: &Layout<'a>) -> BTreeMap<VarId, ValueId> {
        let vars = lawful_vars(layout);
        vars.into_iter().map(|var| (var, self.slot(Slot::State(var)))).collect()
    }

    /// What is kept of them after a tick; of the first, where nothing has moved.
    pub fn laws_for_rules(
        &mut self,
        layout: &Layout<'a>,
        moved: Option<&BTreeMap<VarId, ValueId>>,
    ) -> Vec<Output> {
        let mut outputs = vec![];
        for var in lawful_vars(layout) {
            let zero = self.b.float(0.0);
            let [rate, drift] = self.law(layout, var).unwrap_or([zero; 2]);
            let after = self.slot(Slot::State(var));
            let now = self.b.now();
            let moved = moved.and_then(|moved| moved.get(&var).copied());
            let jumps = match moved {
                Some(moved) if layout.kept_law(var, Law::Jumps).is_some() => {
                    self.jumps(layout, var, [rate, drift, moved, after])
                }
                _ => self.b.bool(false),
            };
            for (law, kept) in kept_laws(layout, var) {
                let value = match (law, moved) {
                    (Law::Rate, _) => rate,
                    (Law::Drift, _) => drift,
                    (Law::Jumps, _) => jumps,
                    (Law::Left, _) | (Law::Base, None) => after,
                    (Law::Since, None) => now,
                    (Law::Base, Some(_)) => self.if_jumps(jumps, after, kept),
                    (Law::Since, Some(_)) => self.if_jumps(jumps, now, kept),
                };
                outputs.push(Output::Array(kept.array, value));
            }
        }
        outputs
    }

    /// What is kept of them before the first tick, or where they are put back to how they began: from then on the state
    /// follows its equation, and whenever that was, the next tick is a jump.
    pub fn initial_laws(&mut self, layout: &Layout<'a>, initial: &[Output]) -> Vec<Output> {
        let mut outputs = vec![];
        for var in lawful_vars(layout) {
            let zero = self.b.float(0.0);
            let [rate, drift] = self.law(layout, var).unwrap_or([zero; 2]);
            let array = Lowerer::array_of(layout, Slot::State(var)).map(|(array, _)| array);
            let first = initial.iter().find_map(|output| match output {
                Output::Array(of, value) if Some(*of) == array => Some(*value),
                _ => None,
            });
            for (law, kept) in kept_laws(layout, var) {
                let value = match law {
                    Law::Rate => rate,
                    Law::Drift => drift,
                    Law::Left | Law::Base => first.unwrap_or(zero),
                    Law::Since => self.b.tick(MAX_TICK),
                    Law::Jumps => continue,
                };
                outputs.push(Output::Array(kept.array, value));
            }
        }
        outputs
    }

    /// Where nothing but its equation changes a state, that it has moved is all there is.
    fn jumps(
        &mut self,
        layout: &Layout<'a>,
        var: VarId,
        [rate, drift, moved, after]: [ValueId; 4],
    ) -> ValueId {
        let loaded = self.loaded(Slot::State(var));
        let mut changes = vec![(moved, after)];
        for (law, now) in [(Law::Left, loaded), (Law::Rate, rate), (Law::Drift, drift)] {
            if let Some(kept) = layout.kept_law(var, law) {
                changes.push((self.b.load(Side::Own, kept.array, kept.ty), now));
            }
        }
        // One that neither decays nor stays is held over each tick.
        let zero = self.b.float(0.0);
        let (still, drifts) = (self.b.eq(rate, zero), self.b.ne(drift, zero));
        let mut any = self.b.and(still, drifts);
        if let Some(kept) = layout.kept_law(var, Law::Since) {
            let (since, now) = (self.b.load(Side::Own, kept.array, kept.ty), self.b.now());
            let put_back = self.b.lt(now, since);
            any = self.b.or(any, put_back);
        }
        for (before, now) in changes {
            let differs = self.b.ne(before, now);
            any = self.b.or(any, differs);
        }
        any
    }

    fn if_jumps(&mut self, jumps: ValueId, then: ValueId, kept: &Kept) -> ValueId {
        let before = self.b.load(Side::Own, kept.array, kept.ty);
        self.b.select(jumps, then, before)
    }
}

/// States of which something is kept, once each.
fn lawful_vars(layout: &Layout) -> Vec<VarId> {
    let mut found = vec![];
    for kept in &layout.kept {
        if let KeptValue::Law(var, _) = kept.what
            && !found.contains(&var)
        {
            found.push(var);
        }
    }
    found
}

fn kept_laws<'l>(layout: &'l Layout, var: VarId) -> impl Iterator<Item = (Law, &'l Kept)> {
    layout.kept.iter().filter_map(move |kept| match kept.what {
        KeptValue::Law(of, law) if of == var => Some((law, kept)),
        KeptValue::Law(..) | KeptValue::Cell(_) | KeptValue::Trace(_) => None,
    })
}
