//! Regimes: what modes and clamps do to the equations of a cell.
//!
//! In: the modes and clamps of a cell. Out: their effects, and of each equation what it is while they act.

use std::collections::{BTreeMap, BTreeSet};

use circ_plan::ir::*;

use super::cell::Slot;
use super::context::Lowerer;
use super::integrate::Regime;
use super::layout::Layout;
use crate::hir::*;
use crate::solve::{Change, Kind};

/// Up to so many effects each set of them is a regime of its own, solved as if no other were.
pub const MOST_REGIMES: usize = 4;

/// What some modes do to the equations while on, or clamps of some states.
#[derive(Clone, Debug)]
pub struct Effect {
    pub modes: Vec<ModeId>,
    pub clamps: Vec<VarId>,
    pub hold: Vec<VarId>,
    /// The mode's own equations.
    pub equations: Option<ModeId>,
}

impl<'a> Lowerer<'a, '_, '_> {
    /// Whether what makes an effect is there.
    pub fn acts(&mut self, effect: &Effect) -> ValueId {
        let on = self.any_on(&effect.modes);
        effect.clamps.iter().fold(on, |acts, var| {
            let clamped = self.slot(Slot::Clamped(*var));
            self.b.or(acts, clamped)
        })
    }

    /// What each mode and clamp does to equations; those that only hold, and hold the same, are one.
    pub fn effects(&mut self, layout: &Layout, trees: &BTreeSet<VarId>) -> Vec<Effect> {
        let in_regimes = |var: VarId| has_equation(layout, var) && !trees.contains(&var);
        let mut effects: Vec<Effect> = vec![];
        for (at, mode) in layout.cell.modes.iter().enumerate() {
            let id = ModeId(at as u32);
            let mut hold: Vec<VarId> = mode.hold.iter().copied().filter(|var| in_regimes(*var)).collect();
            let replaces = mode.equations.iter().any(|equation| in_regimes(equation.var));
            hold.sort_unstable();
            hold.dedup();
            if hold.is_empty() && !replaces {
                continue;
            }
            let same = |e: &&mut Effect| e.equations.is_none() && !replaces && e.hold == hold;
            match effects.iter_mut().find(same) {
                Some(effect) => effect.modes.push(id),
                None => {
                    let equations = replaces.then_some(id);
                    effects.push(Effect { modes: vec![id], clamps: vec![], hold, equations });
                }
            }
        }
        for var in layout.clamps.keys().copied().filter(|var| in_regimes(*var)) {
            match effects.iter_mut().find(|effect| effect.equations.is_none() && effect.hold == [var]) {
                Some(effect) => effect.clamps.push(var),
                None => {
                    let hold = vec![var];
                    effects.push(Effect { modes: vec![], clamps: vec![var], hold, equations: None });
                }
            }
        }
        effects
    }

    /// Takes each slot from the regime that is on.
    pub fn choose_regime(
        &mut self,
        layout: &'a Layout<'a>,
        masks: &[ValueId],
        results: &[BTreeMap<Slot, ValueId>],
    ) {
        for slot in Lowerer::kept_slots(layout) {
            if !results.iter().any(|result| result.contains_key(&slot)) {
                continue;
            }
            let before = self.slot(slot);
            let mut values: Vec<ValueId> =
                results.iter().map(|r| r.get(&slot).copied().unwrap_or(before)).collect();
            // The last effect is the highest bit: halves of the list differ in it alone.
            for mask in masks.iter().rev() {
                let upper = values.split_off(values.len() / 2);
                values =
                    values.into_iter().zip(upper).map(|(off, on)| self.b.select(*mask, on, off)).collect();
            }
            self.store(slot, values[0]);
        }
    }

    /// Makes the base regime hold all others: each equation with what the effects make of it.
    pub fn with_changes(
        &mut self,
        layout: &'a Layout<'a>,
        regime: &mut Regime,
        effects: &[Effect],
        masks: Vec<ValueId>,
        trees: &BTreeSet<VarId>,
    ) {
        let zero = self.b.float(0.0);
        for at in 0..layout.cell.vars.len() {
            let var = VarId(at as u32);
            if trees.contains(&var) || !has_equation(layout, var) {
                continue;
            }
            let changes = self.changes(layout, effects, var);
            if changes.is_empty() {
                continue;
            }
            let slot = Slot::State(var);
            let place = regime.slots.iter().position(|it| *it == slot).unwrap_or_else(|| {
                self.push_equation(regime, slot, zero, Kind::State, layout.cell.vars[at].span);
                regime.equations[regime.slots.len() - 1].base = None;
                regime.slots.len() - 1
            });
            let equation = &mut regime.equations[place];
            for change in &changes {
                let changed = change.derivative.unwrap_or(zero);
                equation.derivative = self.b.select(masks[change.effect], changed, equation.derivative);
            }
            equation.changes = changes;
        }
        regime.effects = masks;
    }

    /// What effects make of the equation of a variable; of two modes' the later written holds, and before both what
    /// holds it.
    fn changes(&mut self, layout: &'a Layout<'a>, effects: &[Effect], var: VarId) -> Vec<Change> {
        let mut changes = vec![];
        for (effect, it) in effects.iter().enumerate() {
            let Some(mode) = it.equations else { continue };
            let equations = &layout.cell.modes[mode.index()].equations;
            if let Some(equation) = equations.iter().rev().find(|e| e.var == var) {
                let derivative = Some(self.rate(layout, Some(mode), equation));
                changes.push(Change { effect, derivative });
            }
        }
        let holding = effects.iter().enumerate().filter(|(_, it)| it.hold.contains(&var));
        changes.extend(holding.map(|(effect, _)| Change { effect, derivative: None }));
        changes
    }
}

/// Whether a variable is integrated, in any mode.
pub fn has_equation(layout: &Layout, var: VarId) -> bool {
    let mut all = layout.cell.equations.iter().chain(layout.cell.modes.iter().flat_map(|m| &m.equations));
    all.any(|e| e.var == var)
}

/// The equation of a variable while these effects act; of two modes', the later written.
pub fn equation_of<'a>(
    layout: &'a Layout,
    active: &[&Effect],
    var: VarId,
) -> Option<(Option<ModeId>, &'a Equation)> {
    let replaced = active.iter().rev().filter_map(|e| e.equations).find_map(|mode| {
        let equations = &layout.cell.modes[mode.index()].equations;
        equations.iter().rev().find(|e| e.var == var).map(|e| (Some(mode), e))
    });
    replaced.or_else(|| layout.cell.equations.iter().rev().find(|e| e.var == var).map(|e| (None, e)))
}
