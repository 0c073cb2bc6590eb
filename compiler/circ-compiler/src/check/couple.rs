//! Couplings: that they join two states of one dimension whose equations they can add to, and form a forest.
//!
//! In: cells whose variables and equations have types. Out: reports.

use super::Checker;
use crate::diagnose::{Sink, couple as say, typing};
use crate::hir::*;
use crate::types::{Dimension, Type};
use circ_grammar::ast::Span;
use std::collections::BTreeMap;

impl Checker<'_> {
    pub(super) fn couples(&mut self, id: CellId, cell: &Cell) {
        for couple in &cell.couples {
            for (_, lo, hi) in &couple.loops {
                for bound in [*lo, *hi] {
                    self.infer(bound);
                    self.demand_whole(bound, "the bound of a loop");
                }
            }
            for end in [couple.a, couple.b] {
                let found = self.infer(end);
                if matches!(found, Type::Array(..)) {
                    self.sink.push(typing::wrong_type(self.span(end), "one state", &found));
                }
            }
            let found = self.infer(couple.by);
            self.couple(id, cell, couple, &found);
        }
        forest(self.hir, cell, self.sink);
    }

    /// The first mistake of a coupling.
    fn couple(&mut self, id: CellId, cell: &Cell, couple: &Couple, by: &Type) -> Option<()> {
        let [a, b] = couple.declared(self.hir)?;
        let name = |var: VarId| &*cell.vars[var.index()].name;
        if couple.ends(self.hir).is_some() && a == b {
            self.sink.push(say::coupled_with_itself(couple.span, name(a)));
            return None;
        }
        let ends = [(a, couple.a), (b, couple.b)];
        for (var, at) in ends {
            self.has_equation(cell, var, self.span(at))?;
        }
        let [a_type, b_type] = [a, b].map(|var| self.types.vars[id.index()][var.index()].clone());
        let (Type::Real(state), Type::Real(other)) = (&a_type, &b_type) else { return None };
        if state != other {
            let (a_at, b_at) = (self.span(couple.a), self.span(couple.b));
            self.sink.push(say::coupled_states(b_at, (name(a), &a_type), (name(b), &b_type), a_at));
            return None;
        }
        for (var, _) in ends {
            for equation in cell.equations.iter().filter(|equation| equation.var == var) {
                let due = self.coupled_equation(name(var), equation, couple)?;
                if !super::demand::fits(by, &due) {
                    self.sink.push(say::coupled_by(self.span(couple.by), name(var), &due, by, equation.span));
                    return None;
                }
            }
            self.coupled_in_modes(cell, var, couple, by)?;
        }
        Some(())
    }

    fn has_equation(&mut self, cell: &Cell, var: VarId, at: Span) -> Option<()> {
        if cell.equations.iter().any(|equation| equation.var == var) {
            return Some(());
        }
        let declared = &cell.vars[var.index()];
        if !cell.partial {
            self.sink.push(say::coupled_without_equation(at, &declared.name, declared.span));
        }
        None
    }

    /// What a mode writes takes what couples as the equation outside all modes does.
    fn coupled_in_modes(&mut self, cell: &Cell, var: VarId, couple: &Couple, by: &Type) -> Option<()> {
        let name = &*cell.vars[var.index()].name;
        let outside = cell.equations.iter().find(|equation| equation.var == var)?;
        for mode in &cell.modes {
            for equation in mode.equations.iter().filter(|equation| equation.var == var) {
                let due = self.coupled_equation(name, equation, couple)?;
                if super::demand::fits(by, &due) {
                    continue;
                }
                let factors = [outside, equation].map(|it| it.factor.map_or(Type::Error, |at| self.ty(at)));
                let mode = (&*mode.name, equation.span);
                self.sink.push(say::coupled_in_mode(name, mode, outside.span, &factors, couple.span));
                return None;
            }
        }
        Some(())
    }

    /// `C * v' = e`: what couples has the dimension of `C` per time, which is returned.
    fn coupled_equation(&mut self, name: &str, equation: &Equation, couple: &Couple) -> Option<Type> {
        let Some(factor) = equation.factor else {
            self.sink.push(say::coupled_without_factor(equation.span, name, couple.span));
            return None;
        };
        let factor = match self.ty(factor) {
            Type::Real(dimension) => dimension,
            Type::Int | Type::AnyReal => Dimension::REAL,
            _ => return None,
        };
        Some(Type::Real(factor.per(Dimension::TIME)?))
    }
}

/// Reports the first ring of the couplings of a cell whose ends are all known.
pub fn forest(hir: &Hir, cell: &Cell, sink: &mut Sink) {
    let mut links: BTreeMap<VarId, Vec<(VarId, Span)>> = BTreeMap::new();
    let mut joined = Joined::default();
    for couple in &cell.couples {
        let Some([a, b]) = couple.ends(hir) else { continue };
        if a == b {
            continue;
        }
        if !joined.join(a, b) {
            let mut ring = path(&links, a, b);
            ring.push((a, couple.span));
            let name = |var: VarId| cell.vars[var.index()].name.to_string();
            let named: Vec<(String, Span)> = ring.into_iter().map(|(var, span)| (name(var), span)).collect();
            sink.push(say::coupling_ring(&named));
            return;
        }
        links.entry(a).or_default().push((b, couple.span));
        links.entry(b).or_default().push((a, couple.span));
    }
}

/// Which variables hang together.
#[derive(Default)]
pub struct Joined {
    towards_root: BTreeMap<VarId, VarId>,
}

impl Joined {
    fn root(&mut self, mut at: VarId) -> VarId {
        while let Some(up) = self.towards_root.get(&at).copied() {
            if let Some(above) = self.towards_root.get(&up).copied() {
                self.towards_root.insert(at, above);
            }
            at = up;
        }
        at
    }

    /// Whether they did not hang together before.
    pub fn join(&mut self, a: VarId, b: VarId) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.towards_root.insert(a, b);
        }
        a != b
    }
}

/// The way from one to the other, where there is one: each step with the coupling that it takes.
fn path(links: &BTreeMap<VarId, Vec<(VarId, Span)>>, from: VarId, to: VarId) -> Vec<(VarId, Span)> {
    let mut came: BTreeMap<VarId, (VarId, Span)> = BTreeMap::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for (next, span) in links.get(&at).into_iter().flatten() {
            if *next != from && !came.contains_key(next) {
                came.insert(*next, (at, *span));
                open.push(*next);
            }
        }
    }
    let mut way = vec![];
    let mut at = to;
    while at != from {
        let Some((before, span)) = came.get(&at).copied() else { break };
        way.push((at, span));
        at = before;
    }
    way.reverse();
    way
}
