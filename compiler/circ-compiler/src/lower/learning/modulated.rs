//! Modulators that follow a linear equation of their own: they enter as its exponential.
//!
//! In: an equation of synapses that is a sum over states, with coefficients made of modulators. Out: its value some time
//! later, with each modulator moving as its cell's equation says: from the last event of the synapse on, where the rule
//! has no equation that is stepped, else from the state after the last tick. What cells keep for this is in [`super::jumps`].
//! Any other modulator is held over each step.

use circ_plan::ir::{Function, *};

use super::super::cell::{CellSite, Phase, Slot};
use super::super::context::{Lowerer, Report, Site, Source};
use super::super::integrate::is_parameter;
use super::super::layout::Layout;
use super::closed::ClosedForm;
use super::column::{CellValue, find};
use super::scope::{Law, Moment, Wanted};
use crate::diagnose::Sink;
use crate::hir::*;
use crate::kernel::build::Builder;
use crate::net::{Modulator, Plasticity};
use crate::solve::Facts;
use crate::solve::affine::{Affine, affine, reachable};

/// A modulator in a program, with its equation `m' = drift + rate * m`, from the start of the time at hand.
#[derive(Clone, Copy, Debug)]
pub struct Modulated {
    /// What the program reads it by.
    value: ValueId,
    rate: ValueId,
    /// Where it goes; nothing: to 0.
    steady: Option<ValueId>,
    /// How far it is from there at first.
    away: ValueId,
}

/// A modulator that follows such an equation.
#[derive(Clone, Copy, Debug)]
pub struct Lawful {
    /// Of [`Plasticity::modulators`].
    pub index: usize,
    /// Whether it may go elsewhere than to 0.
    pub drifts: bool,
}

/// The modulators of which all cells follow such an equation, with nothing that replaces, holds, couples or clips it.
pub fn lawful(source: Source, plasticity: &Plasticity, layouts: &[Layout]) -> Vec<Lawful> {
    let follows = |(index, modulator): (usize, &Modulator)| {
        let members = modulator.member.as_ref()?;
        let mut drifts = false;
        for (segment, member) in members.of(&modulator.cells) {
            let layout = layouts.get(segment.population as usize)?;
            let [CellValue::Var(var)] = find(layout.cell, "", member).0[..] else { return None };
            drifts |= law_drifts(source, layout, var)?;
        }
        Some(Lawful { index, drifts })
    };
    plasticity.modulators.iter().enumerate().filter_map(follows).collect()
}

/// Whether there may be a drift; nothing where there is no such equation.
fn law_drifts(source: Source, layout: &Layout, var: VarId) -> Option<bool> {
    let (cell, declared) = (layout.cell, &layout.cell.vars[var.index()]);
    let free = matches!(declared.kind, VarKind::State { range: None, .. })
        && cell.equations_of(var).count() == 1
        && cell.equations.iter().any(|equation| equation.var == var)
        && cell.modes.iter().all(|mode| !mode.hold.contains(&var))
        && cell.couples.iter().all(|couple| couple.neighbour(source.hir, var).is_none())
        && !layout.net.is_clamped(&declared.name);
    if !free {
        return None;
    }
    // What is wrong is said where the cell's programs are made.
    let mut sink = Sink::default();
    let (mut report, mut keys) = (Report::new(&mut sink), Default::default());
    let site = Site::Cell(CellSite::new(layout, Phase::Observe));
    let mut lowerer = Lowerer::new(source, &mut report, &mut keys, Builder::new("law", Precision::F64), site);
    let [_, drift] = lowerer.law(layout, var)?;
    Some(lowerer.b.float_constant(drift) != Some(0.0))
}

impl<'a> Lowerer<'a, '_, '_> {
    /// The rate and the drift of a state, where these follow from parameters.
    pub fn law(&mut self, layout: &Layout, var: VarId) -> Option<[ValueId; 2]> {
        let equation = layout.cell.equations.iter().rev().find(|equation| equation.var == var)?;
        let value = self.slot(Slot::State(var));
        let slope = self.rate(layout, None, equation);
        let parameter = |op: &Op| is_parameter(layout, op);
        let mut facts = Facts::new(&[value], &parameter);
        let form = affine(&mut self.b, &mut facts, slope, 0..1).ok()?;
        let zero = self.b.float(0.0);
        let parts = [form.coefficients.get(&0).copied().unwrap_or(zero), form.rest.unwrap_or(zero)];
        let steady = |part: &ValueId| {
            reachable(&self.b, *part, |_, _| true).iter().all(|leaf| match self.b.op(*leaf) {
                op @ (Op::Load(..) | Op::Uniform(_)) => parameter(op),
                Op::Now | Op::Time(_) | Op::Arrival(_) | Op::Draw { .. } | Op::Redraw { .. } => false,
                _ => true,
            })
        };
        parts.iter().all(steady).then_some(parts)
    }

    /// The modulators that a program has read as they are after a tick, of those that follow a law, from then on.
    pub fn modulated(&mut self, lawful: &[Lawful]) -> Vec<Modulated> {
        let mut found = vec![];
        for lawful in lawful {
            let Some(value) = self.read_modulator(lawful.index, Moment::After) else { continue };
            let index = lawful.index;
            let rate = self.law_of(Wanted::Law { index, law: Law::Rate }, Ty::Float);
            let drift = lawful.drifts.then(|| self.law_of(Wanted::Law { index, law: Law::Drift }, Ty::Float));
            let (steady, away) = self.parted(value, rate, drift);
            found.push(Modulated { value, rate, steady, away });
        }
        found
    }

    /// Those that it has read, from the anchor on: where they went from their base until then is known in closed form.
    pub fn modulated_since_anchor(&mut self, lawful: &[Lawful]) -> Vec<Modulated> {
        let Some(scope) = self.synapse() else { return vec![] };
        let (moment, anchor) = (scope.moment, scope.places.as_ref().and_then(|places| places.anchor));
        let mut found = vec![];
        for lawful in lawful {
            let Some(value) = self.read_modulator(lawful.index, moment) else { continue };
            let mut before = |law, ty| self.law_of(Wanted::LawBefore { index: lawful.index, law }, ty);
            let (rate, base) = (before(Law::Rate, Ty::Float), before(Law::Base, Ty::Float));
            let since = before(Law::Since, Ty::Tick);
            let drift = lawful.drifts.then(|| before(Law::Drift, Ty::Float));
            let (steady, away) = self.parted(base, rate, drift);
            let anchor = match anchor {
                Some(anchor) => self.b.load(Side::Own, anchor, Ty::Tick),
                None => self.b.tick(0),
            };
            let (anchor, since) = (self.b.to_float(anchor), self.b.to_float(since));
            let ticks = self.b.sub(anchor, since);
            // Where it was put back, it is as it began since the anchor.
            let zero = self.b.float(0.0);
            let ticks = self.b.max(zero, ticks);
            let dt = self.b.float(self.source.net.dt);
            let time = self.b.mul(ticks, dt);
            let exponent = self.b.mul(rate, time);
            let left = self.b.call1(Function::Exp, exponent);
            let away = self.b.mul(away, left);
            found.push(Modulated { value, rate, steady, away });
        }
        found
    }

    /// A modulator as the program has read it, if it has.
    fn read_modulator(&mut self, index: usize, moment: Moment) -> Option<ValueId> {
        let wanted = Wanted::Modulator { index, moment };
        let at = self.synapse()?.post.iter().position(|other| *other == wanted)?;
        Some(self.b.load(Side::Post, ArrayId(at as u32), Ty::Float))
    }

    fn law_of(&mut self, wanted: Wanted, ty: Ty) -> ValueId {
        let Some(scope) = self.synapse() else { return self.b.float(0.0) };
        let column = scope.column(Side::Post, wanted);
        self.b.load(Side::Post, column, ty)
    }

    /// A value as where it goes, and what is away from there. One that does not decay is held.
    fn parted(
        &mut self,
        value: ValueId,
        rate: ValueId,
        drift: Option<ValueId>,
    ) -> (Option<ValueId>, ValueId) {
        let Some(drift) = drift else { return (None, value) };
        let zero = self.b.float(0.0);
        let stays = self.b.eq(rate, zero);
        let steady = self.b.div(drift, rate);
        let steady = self.b.neg(steady);
        let steady = self.b.select(stays, value, steady);
        (Some(steady), self.b.sub(value, steady))
    }
}

impl ClosedForm<'_> {
    /// The value of an equation a step later, with these modulators moving; nothing where that has no such form.
    pub fn modulated(&mut self, at: usize, all: &[Modulated]) -> Option<ValueId> {
        let partners = self.partners(at);
        let own = self.own(at);
        if all.is_empty() || own.is_some_and(|own| self.reads(own, all)) {
            return None;
        }
        let still = |this: &Self, partner: &usize| {
            let form = &this.forms[*partner];
            let parts = form.coefficients.values().copied().chain(form.rest);
            this.is_simple(*partner) && parts.into_iter().all(|part| !this.reads(part, all))
        };
        if !partners.iter().all(|partner| still(self, partner)) {
            return None;
        }
        // What is added to the derivative: amplitudes with the rates of their exponentials.
        let mut added: Vec<(ValueId, Option<ValueId>)> = vec![];
        if let Some(rest) = self.forms[at].rest {
            added.extend(self.exponentials(rest, all)?);
        }
        for partner in partners {
            let by = self.forms[at].coefficients.get(&partner).copied()?;
            let by = self.exponentials(by, all)?;
            let state = self.partner(partner);
            for (amplitude, rate) in by {
                for (value, other) in &state {
                    let product = self.b.mul(amplitude, *value);
                    let rate = match (rate, *other) {
                        (Some(rate), Some(other)) => Some(self.b.add(rate, other)),
                        (rate, other) => rate.or(other),
                    };
                    added.push((product, rate));
                }
            }
        }
        let mut sum = self.kept(at);
        for (amplitude, rate) in added {
            let grown = match rate {
                Some(rate) => self.overlap(own, rate),
                None => self.grown(own),
            };
            sum = self.b.fma(amplitude, grown, sum);
        }
        Some(sum)
    }

    /// A partner as its steady state and what is away from it.
    fn partner(&mut self, at: usize) -> Vec<(ValueId, Option<ValueId>)> {
        let start = self.starts[at];
        let Some(rate) = self.own(at) else { return vec![(start, None)] };
        let Some(rest) = self.forms[at].rest else { return vec![(start, Some(rate))] };
        let steady = self.b.div(rest, rate);
        let steady = self.b.neg(steady);
        let away = self.b.sub(start, steady);
        vec![(steady, None), (away, Some(rate))]
    }

    /// A coefficient as a sum of exponentials, if it is linear in modulators.
    fn exponentials(&mut self, value: ValueId, all: &[Modulated]) -> Option<Vec<(ValueId, Option<ValueId>)>> {
        let variables: Vec<ValueId> = all.iter().map(|modulated| modulated.value).collect();
        let parameter = |_: &Op| false;
        let mut facts = Facts::new(&variables, &parameter);
        let Affine { coefficients, rest } = affine(self.b, &mut facts, value, 0..variables.len()).ok()?;
        let mut found: Vec<(ValueId, Option<ValueId>)> = rest.into_iter().map(|rest| (rest, None)).collect();
        for (which, by) in coefficients {
            let Modulated { rate, steady, away, .. } = all[which];
            found.extend(steady.map(|steady| (self.b.mul(by, steady), None)));
            found.push((self.b.mul(by, away), Some(rate)));
        }
        Some(found)
    }

    fn reads(&self, value: ValueId, all: &[Modulated]) -> bool {
        let leaves = reachable(self.b, value, |_, _| true);
        all.iter().any(|modulated| leaves.contains(&modulated.value))
    }
}
