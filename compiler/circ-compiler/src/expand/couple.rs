//! Couplings of segments: one for each pass of the loops around it, between two variables of the flat cell.
//!
//! In: the template's couplings. Out: those of the flat cell. Indices are whole numbers of `k`, of the loops, of
//! parameters that count segments, and of tables at the top level.

use super::{At, Expander, fold};
use crate::check::couple::{Joined, forest};
use crate::diagnose::couple as say;
use crate::hir::*;

impl Expander<'_> {
    pub(super) fn couples_of(&mut self, template: &Cell) -> Vec<Couple> {
        let mut couples = vec![];
        for couple in &template.couples {
            for instance in self.instances.homes(couple.home) {
                self.passes(couple, &couple.loops, At { instance, reacts_to: None }, &mut couples);
            }
        }
        couples
    }

    fn passes(
        &mut self,
        couple: &Couple,
        loops: &[(LocalId, ExprId, ExprId)],
        at: At,
        found: &mut Vec<Couple>,
    ) {
        let Some(((index, lo, hi), inner)) = loops.split_first() else {
            let [a, b, by] = [couple.a, couple.b, couple.by].map(|expr| self.copy(expr, at));
            return found.push(Couple { a, b, by, loops: vec![], span: couple.span, home: None });
        };
        let [lo, hi] = [*lo, *hi].map(|bound| {
            let value = fold::whole_of(self.hir, bound, &|name| self.known(name, at));
            if value.is_none() && self.told.insert(self.hir.expr(bound).span) {
                self.sink.push(say::coupling_unknown(self.hir.expr(bound).span));
            }
            value.unwrap_or(0)
        });
        // More couplings than variables make a ring, or leave them: the first of these say so.
        let most = self.vars.len() + 1;
        for pass in lo..hi {
            if most < found.len() || self.is_cut_short() {
                break;
            }
            self.loops.insert(*index, pass);
            self.passes(couple, inner, at, found);
        }
        self.loops.remove(index);
    }

    /// What a name means in an index or a bound of a loop.
    pub(super) fn known(&self, name: Ref, at: At) -> Option<i64> {
        match name {
            Ref::SegmentIndex => self.k(at),
            Ref::Local(local) => self.loops.get(&local).copied(),
            Ref::Var(_) => {
                let counts = self.template.segments.iter().zip(self.counts);
                let mut counted = counts.filter(|(segment, _)| {
                    let count = segment.count.map(|count| &self.hir.expr(count).kind);
                    matches!(count, Some(ExprKind::Ref(counted)) if *counted == name)
                });
                counted.next().map(|(_, count)| i64::from(*count))
            }
            _ => None,
        }
    }

    /// What only indices tell: the variables that are coupled, and that they are two, and a forest.
    pub(super) fn check_couples(&mut self) {
        if !self.is_cut_short() {
            self.tell_couples();
        }
        // Whatever was wrong, those who go on see a forest.
        let cell = self.cell.index();
        let mut couples = std::mem::take(&mut self.hir.cells[cell].couples);
        let mut joined = Joined::default();
        couples.retain(|couple| couple.ends(self.hir).is_some_and(|[a, b]| joined.join(a, b)));
        self.hir.cells[cell].couples = couples;
    }

    fn tell_couples(&mut self) {
        let cell = self.hir.cell(self.cell).clone();
        for couple in &cell.couples {
            let message = match couple.ends(self.hir) {
                None => say::coupling_unknown(couple.span),
                Some([a, b]) if a == b => say::coupled_with_itself(couple.span, &cell.vars[a.index()].name),
                Some(_) => continue,
            };
            // Other mistakes, such as an index that is out of range, have been said.
            if self.told.insert(couple.span) && !self.sink.has_errors() {
                self.sink.push(message);
            }
        }
        if !self.sink.has_errors() {
            forest(self.hir, &cell, self.sink);
        }
    }
}
