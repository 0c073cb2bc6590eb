//! Couplings: which states they join.
//!
//! In: `couple a <-> b by g` of a cell. Out: [`crate::hir::Couple`]s.

use super::context::Place;
use super::{Context, Resolver};
use crate::diagnose::structure;
use crate::hir::{self, ExprId, ExprKind, Ref};
use circ_grammar::ast::{self, Name, Span};

impl Resolver<'_> {
    /// `None` after a report.
    pub(super) fn couple(
        &mut self,
        cx: &mut Context,
        cell: &hir::Cell,
        (a, b, by): (ast::ExprId, ast::ExprId, ast::ExprId),
        span: Span,
    ) -> Option<hir::Couple> {
        let by = self.expr_in(cx, Place::CELL_FN, by);
        let (a, b) = (self.coupled(cx, cell, a), self.coupled(cx, cell, b));
        Some(hir::Couple { a: a?, b: b?, by, span, home: cx.home })
    }

    /// An end of a coupling: a state.
    fn coupled(&mut self, cx: &Context, cell: &hir::Cell, end: ast::ExprId) -> Option<ExprId> {
        let at = self.span(cx, end);
        match &self.ast(cx, end).kind {
            ast::ExprKind::Name(name) => {
                let name = Name { text: name.clone(), span: at };
                let var = self.state_named(cx, cell, &name, "`couple` joins")?;
                Some(self.push(ExprKind::Ref(Ref::Var(var)), at))
            }
            ast::ExprKind::Error => None,
            ast::ExprKind::Field { .. } | ast::ExprKind::Index { .. } => {
                self.refuse(at, "a coupling of segments");
                None
            }
            _ => {
                let message =
                    "`couple` joins two states by their names, as in `couple v <-> u by g`".to_owned();
                self.sink.push(structure::argument_form(at, message, "not a name"));
                None
            }
        }
    }
}
