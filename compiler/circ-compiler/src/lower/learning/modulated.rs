//! Modulators that follow a linear equation of their own: within a step they enter as its exponential.
//!
//! In: an equation of synapses that is a sum over states, with coefficients made of modulators. Out: its value a step
//! later, with each modulator moving as its cell's equation says from the state after the last tick. What the cell keeps
//! for this are the rate and the drift of that equation. Any other modulator is held over the step.

use circ_plan::ir::*;

use super::super::cell::{CellSite, Phase, Slot};
use super::super::context::{Lowerer, Report, Site, Source};
use super::super::integrate::is_parameter;
use super::super::layout::Layout;
use super::column::{CellValue, find};
use super::equations::ClosedForm;
use super::scope::{Law, Moment, Wanted};
use crate::diagnose::Sink;
use crate::hir::*;
use crate::kernel::build::Builder;
use crate::net::Modulator;
use crate::solve::Facts;
use crate::solve::affine::{Affine, affine, reachable};

/// A modulator in a program: its value at the start of the step, and its equation `m' = drift + rate * m`.
#[derive(Clone, Copy, Debug)]
pub struct Modulated {
    value: ValueId,
    rate: ValueId,
    drift: ValueId,
}

/// Whether all cells of a modulator follow such an equation, with nothing that replaces, holds, couples or clips it.
pub fn follows_law(source: Source, modulator: &Modulator, layouts: &[Layout]) -> bool {
    let Some(members) = &modulator.member else { return false };
    members.of(&modulator.cells).all(|(segment, member)| {
        let Some(layout) = layouts.get(segment.population as usize) else { return false };
        match find(layout.cell, "", member).0[..] {
            [CellValue::Var(var)] => has_law(source, layout, var),
            _ => false,
        }
    })
}

fn has_law(source: Source, layout: &Layout, var: VarId) -> bool {
    let (cell, declared) = (layout.cell, &layout.cell.vars[var.index()]);
    let free = matches!(declared.kind, VarKind::State { range: None, .. })
        && cell.equations_of(var).count() == 1
        && cell.equations.iter().any(|equation| equation.var == var)
        && cell.modes.iter().all(|mode| !mode.hold.contains(&var))
        && cell.couples.iter().all(|couple| couple.neighbour(source.hir, var).is_none())
        && !layout.net.is_clamped(&declared.name);
    if !free {
        return false;
    }
    // What is wrong is said where the cell's programs are made.
    let mut sink = Sink::default();
    let (mut report, mut keys) = (Report::new(&mut sink), Default::default());
    let site = Site::Cell(CellSite::new(layout, Phase::Observe));
    let mut lowerer = Lowerer::new(source, &mut report, &mut keys, Builder::new("law", Precision::F64), site);
    lowerer.law(layout, var).is_some()
}

impl<'a> Lowerer<'a, '_, '_> {
    /// The rate and the drift of a state, where these follow from parameters.
    fn law(&mut self, layout: &Layout, var: VarId) -> Option<[ValueId; 2]> {
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

    /// One of both, which the cell keeps for synapses.
    pub fn kept_law(&mut self, layout: &Layout, var: VarId, which: Law) -> ValueId {
        match (self.law(layout, var), which) {
            (Some([rate, _]), Law::Rate) => rate,
            (Some([_, drift]), Law::Drift) => drift,
            (None, _) => self.b.float(0.0),
        }
    }

    /// The modulators that a program has read as they are after a tick, of those that follow a law.
    pub fn modulated(&mut self, lawful: &[usize]) -> Vec<Modulated> {
        let Some(scope) = self.synapse() else { return vec![] };
        let mut columns = vec![];
        for index in lawful {
            let value = Wanted::Modulator { index: *index, moment: Moment::After };
            if let Some(at) = scope.post.iter().position(|wanted| *wanted == value) {
                let [rate, drift] = [Law::Rate, Law::Drift]
                    .map(|law| scope.column(Side::Post, Wanted::Law { index: *index, law }));
                columns.push([ArrayId(at as u32), rate, drift]);
            }
        }
        let mut load = |column: ArrayId| self.b.load(Side::Post, column, Ty::Float);
        columns
            .into_iter()
            .map(|[value, rate, drift]| Modulated {
                value: load(value),
                rate: load(rate),
                drift: load(drift),
            })
            .collect()
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
            let Modulated { value, rate, drift } = all[which];
            let zero = self.b.float(0.0);
            let stays = self.b.eq(rate, zero);
            let steady = self.b.div(drift, rate);
            let steady = self.b.neg(steady);
            // One that does not decay is held.
            let steady = self.b.select(stays, value, steady);
            let away = self.b.sub(value, steady);
            let (steady, away) = (self.b.mul(by, steady), self.b.mul(by, away));
            found.extend([(steady, None), (away, Some(rate))]);
        }
        Some(found)
    }

    fn reads(&self, value: ValueId, all: &[Modulated]) -> bool {
        let leaves = reachable(self.b, value, |_, _| true);
        all.iter().any(|modulated| leaves.contains(&modulated.value))
    }
}
