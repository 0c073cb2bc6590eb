//! Constraints: what must hold of a circuit, and what is made to hold.
//!
//! In: the lines of `constraints` blocks. Out: [`hir::Constraint`]s. What is one number for each cell is said
//! without `each` here, so it is written into the measures: a constraint holds for every cell, not on average.

use super::context::Place;
use super::{Context, Resolver};
use crate::hir::{self, Enforce, ExprId, ExprKind, Item, ItemKind};
use circ_grammar::ast::{self, ConstraintKind};

/// Measures that constraints speak of cell by cell.
const OF_EACH_CELL: [&str; 3] = ["in_degree", "out_degree", "weight_sum"];

impl<'a> Resolver<'a> {
    pub(super) fn constraint(&mut self, cx: &mut Context, constraint: &'a ast::Constraint) -> Option<Item> {
        let kind = match &constraint.kind {
            ConstraintKind::Dale(views) => {
                hir::ConstraintKind::Dale(views.iter().map(|view| self.expr(cx, *view)).collect())
            }
            ConstraintKind::Require(what) => hir::ConstraintKind::Require(self.constrained(cx, *what)),
            ConstraintKind::Monitor { what, or_stop } => {
                hir::ConstraintKind::Monitor { condition: self.constrained(cx, *what), stops: *or_stop }
            }
            ConstraintKind::Enforce { what, every } => {
                let equation = self.constrained(cx, *what);
                let every = every.map(|every| self.expr(cx, every));
                hir::ConstraintKind::Enforce(Enforce { equation, every })
            }
            ConstraintKind::Error => return None,
        };
        let span = constraint.span;
        Some(Item { span, kind: ItemKind::Constraint(hir::Constraint { kind, span }) })
    }

    /// What a constraint says, of each cell where it speaks of cells.
    pub(super) fn constrained(&mut self, cx: &mut Context, what: ast::ExprId) -> ExprId {
        let what = self.expr_in(cx, Place::PROTOCOL, what);
        let mut found = vec![];
        super::graph::walk(&self.hir, what, &mut |id, expr| {
            if let ExprKind::Measure { name, .. } = &expr.kind
                && OF_EACH_CELL.contains(&&**name)
            {
                found.push(id);
            }
        });
        for id in found {
            if let ExprKind::Measure { args, .. } = &mut self.hir.exprs[id.index()].kind {
                args.iter_mut().for_each(|arg| arg.each = true);
            }
        }
        what
    }
}
