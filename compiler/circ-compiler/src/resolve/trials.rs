//! What a `trials` may hold: every trial stands for itself.
//!
//! In: its statements. Out: reports. A trial leaves nothing but what it adds to variables from outside, in the order of the trials;
//! so nothing in it may depend on what others added, or outlive it.

use super::Resolver;
use crate::diagnose::{names, structure};
use crate::eval::depends;
use crate::hir::{
    self, ExprId, ExprKind, Index, Over, Passes, Ref, SlotId, SlotKind, Statement, StatementKind,
};
use circ_grammar::ast::AssignOp;
use std::collections::BTreeSet;

impl Resolver<'_> {
    pub(super) fn check_trials(&mut self, at: u32, body: &[Statement]) {
        let own: BTreeSet<SlotId> =
            hir::all(body).filter_map(|statement| declared(&statement.kind)).collect();
        let mut added = BTreeSet::new();
        for statement in hir::all(body) {
            match &statement.kind {
                StatementKind::Save(_) => {
                    let due = "would be written by all trials, so it stands outside";
                    self.sink.push(names::out_of_place(statement.span, "`save`", due));
                }
                StatementKind::Plot(_) => {
                    let due = "would be drawn by all trials, so it stands outside";
                    self.sink.push(names::out_of_place(statement.span, "`plot`", due));
                }
                StatementKind::For { passes: Passes::Apart, .. } => {
                    let due = "stand in no other `trials`";
                    self.sink.push(names::out_of_place(statement.span, "`trials`", due));
                }
                StatementKind::Assign { slot, op, .. } if !own.contains(slot) => {
                    if !matches!(op, AssignOp::Add | AssignOp::Subtract) {
                        let message = "a trial only adds to a variable from outside".to_owned();
                        let label = "other trials would not see this";
                        let help = "write `+=`, or declare the variable within";
                        self.sink.push(structure::argument_form(statement.span, message, label).help(help));
                    }
                    added.insert(*slot);
                }
                _ => {}
            }
        }
        for statement in hir::all(body) {
            let bound = match &statement.kind {
                StatementKind::Binding(slot) => {
                    match self.hir.experiments[at as usize].slots[slot.index()].kind {
                        SlotKind::Let { value, .. } => vec![value],
                        _ => vec![],
                    }
                }
                StatementKind::Assign { element: Some(element), value, .. } => {
                    let mut read = self.indices(*element);
                    read.push(*value);
                    read
                }
                other => roots(other),
            };
            for root in bound {
                let reads =
                    |kind: &ExprKind| matches!(kind, ExprKind::Ref(Ref::Slot(slot)) if added.contains(slot));
                if depends::any(root, &self.hir, &mut |kind| reads(kind)) {
                    let at = self.hir.expr(root).span;
                    let message = "this reads what other trials add to".to_owned();
                    let label = "is known after all trials";
                    self.sink.push(structure::argument_form(at, message, label));
                }
            }
        }
    }
}

impl Resolver<'_> {
    /// What the places of elements are read from.
    fn indices(&self, element: ExprId) -> Vec<ExprId> {
        let ExprKind::Index { indices, .. } = &self.hir.expr(element).kind else { return vec![] };
        let of = |index: &Index| match *index {
            Index::At(at) | Index::Where(at) => vec![at],
            Index::Range(lo, hi) => vec![lo, hi],
        };
        indices.iter().flat_map(of).collect()
    }
}

/// What a statement declares.
fn declared(statement: &StatementKind) -> Option<SlotId> {
    match statement {
        StatementKind::Binding(slot) | StatementKind::For { index: slot, .. } => Some(*slot),
        _ => None,
    }
}

/// The values that a statement reads itself, but for a `let`.
fn roots(statement: &StatementKind) -> Vec<ExprId> {
    match statement {
        StatementKind::Assign { value, .. } => vec![*value],
        StatementKind::Run { duration, until } => until.iter().copied().chain([*duration]).collect(),
        StatementKind::Set { target, filter, value } => {
            filter.iter().copied().chain([*target, *value]).collect()
        }
        StatementKind::Clamp { target, value } => vec![*target, *value],
        StatementKind::Print(values) | StatementKind::Report(values) | StatementKind::Plot(values) => {
            values.clone()
        }
        StatementKind::Expect(value)
        | StatementKind::Enforce(value)
        | StatementKind::If { condition: value, .. }
        | StatementKind::Repeat { until: value, .. }
        | StatementKind::For { over: Over::Values(value), .. } => vec![*value],
        StatementKind::For { over: Over::Range(lo, hi), .. } => vec![*lo, *hi],
        StatementKind::Binding(_)
        | StatementKind::Drive(_)
        | StatementKind::Record { .. }
        | StatementKind::Release(_)
        | StatementKind::Reset { .. }
        | StatementKind::Fire(_)
        | StatementKind::Silence(_)
        | StatementKind::Freeze(_)
        | StatementKind::Save(_)
        | StatementKind::Load(_)
        | StatementKind::FreezePlasticity { .. } => vec![],
    }
}
