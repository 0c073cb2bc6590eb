//! Where the dimensions that do not fit together come from.
//!
//! In: the expressions that a message is about. Out: the message, with the values of names that have no annotation: one of
//! them may well be the slip, far from where it is noticed.

use super::Checker;
use crate::diagnose::{Diagnostic, typing};
use crate::hir::*;
use crate::resolve::graph;
use crate::types::Type;
use std::collections::BTreeSet;
use std::sync::Arc;

/// More would hide the message.
const MOST_ORIGINS: usize = 3;
/// Names of names of names.
const DEEPEST: usize = 4;

/// A name and the value that it is declared with.
type Origin = (Arc<str>, ExprId);

impl Checker<'_> {
    /// Adds the values that gave the names in these expressions their dimensions.
    pub fn with_origins(&self, parts: &[ExprId], diagnostic: Diagnostic) -> Diagnostic {
        let mut open: Vec<(ExprId, usize)> = parts.iter().rev().map(|part| (*part, 0)).collect();
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some((id, depth)) = open.pop() {
            match self.valued(id) {
                _ if !seen.insert(id) || MOST_ORIGINS <= found.len() => {}
                None => {
                    let begin = open.len();
                    graph::children(&self.hir.expr(id).kind, &mut |child| open.push((child, depth)));
                    open[begin..].reverse();
                }
                Some((_, value)) if !self.is_literal(value) && depth < DEEPEST => {
                    open.push((value, depth + 1));
                }
                Some(origin) => found.extend(self.is_value(origin.1).then_some(origin)),
            }
        }
        found.iter().fold(diagnostic, |diagnostic, origin| self.with_origin(origin, diagnostic))
    }

    /// Adds the value that gave a variable of a cell its dimension.
    pub fn with_origin_of(&self, var: &Var, diagnostic: Diagnostic) -> Diagnostic {
        match valued_var(var).filter(|(_, value)| self.is_value(*value)) {
            Some(origin) => self.with_origin(&origin, diagnostic),
            None => diagnostic,
        }
    }

    fn with_origin(&self, (name, value): &Origin, diagnostic: Diagnostic) -> Diagnostic {
        let at = self.span(*value);
        match diagnostic.labels.iter().any(|(span, _)| *span == at) {
            true => diagnostic,
            false => {
                diagnostic.label(at, format!("so `{name}` is {}", typing::words(self.types.expr(*value))))
            }
        }
    }

    fn is_value(&self, value: ExprId) -> bool {
        matches!(self.types.expr(value), Type::Real(_) | Type::AnyReal | Type::Text)
    }

    /// The name and the value of what stands here without an annotation.
    fn valued(&self, id: ExprId) -> Option<Origin> {
        let ExprKind::Ref(reference) = self.hir.expr(id).kind else { return None };
        match (reference, self.owner) {
            (Ref::Var(var), Owner::Cell(cell)) => valued_var(self.hir.cell(cell).vars.get(var.index())?),
            (Ref::Slot(slot), owner) => valued_slot(graph::slots(self.hir, owner).get(slot.index())?),
            (Ref::OfCircuit(slot), Owner::Experiment(experiment)) => {
                let circuit = self.hir.experiments[experiment as usize].circuit?;
                valued_slot(self.hir.circuit(circuit).slots.get(slot.index())?)
            }
            (Ref::Global(global), _) => {
                let global = &self.hir.globals[global.index()];
                global.declared.is_none().then(|| (global.name.clone(), global.value))
            }
            _ => None,
        }
    }

    /// `5 mV`, `-5 mV` or a text.
    fn is_literal(&self, id: ExprId) -> bool {
        match self.hir.expr(id).kind {
            ExprKind::Number { .. } | ExprKind::Text(_) => true,
            ExprKind::Unary { value, .. } => matches!(self.hir.expr(value).kind, ExprKind::Number { .. }),
            _ => false,
        }
    }
}

fn valued_var(var: &Var) -> Option<Origin> {
    match var.kind {
        _ if var.declared.is_some() => None,
        VarKind::Param { default: Some(value), .. }
        | VarKind::State { initial: Some(value), .. }
        | VarKind::Let { value } => Some((var.name.clone(), value)),
        _ => None,
    }
}

fn valued_slot(slot: &Slot) -> Option<Origin> {
    match slot.kind {
        SlotKind::Formal { declared: None, default: Some(value), .. }
        | SlotKind::Let { declared: None, value, .. } => Some((slot.name.clone(), value)),
        _ => None,
    }
}
