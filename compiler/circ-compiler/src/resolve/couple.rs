//! Couplings: which states they join.
//!
//! In: `couple a <-> b by g` of a cell. Out: [`crate::hir::Couple`]s.

use super::context::Place;
use super::{Context, Resolver};
use crate::diagnose::structure;
use crate::hir::{self, ExprId, ExprKind, LocalId, Ref, SegmentMember, VarKind};
use crate::types::Type;
use circ_grammar::ast::{self, CellItemKind, Name, Span};

type Loops = Vec<(LocalId, ExprId, ExprId)>;

impl<'a> Resolver<'a> {
    /// A coupling, or a loop around some.
    pub(super) fn couples(
        &mut self,
        cx: &mut Context,
        cell: &mut hir::Cell,
        item: &'a ast::CellItem,
        loops: &mut Loops,
    ) {
        match &item.kind {
            CellItemKind::Couple { a, b, by } => {
                let couple = self.couple(cx, cell, (*a, *b, *by), item.span);
                cell.couples.extend(couple.map(|couple| hir::Couple { loops: loops.clone(), ..couple }));
            }
            CellItemKind::For { index, over: ast::Iter::Range(lo, hi), items } => {
                let [lo, hi] = [*lo, *hi].map(|bound| self.expr_in(cx, Place::CONSTANT, bound));
                let local = self.new_local(cx, index, Some(Type::Int));
                loops.push((local, lo, hi));
                items.iter().for_each(|item| self.couples(cx, cell, item, loops));
                loops.pop();
                cx.locals.pop();
            }
            CellItemKind::For { index, .. } => self.refuse(index.span, "a loop over values in a cell"),
            CellItemKind::Error => cell.partial = true,
            _ => self.refuse(item.span, "a loop in a cell around anything but couplings"),
        }
    }

    /// `None` after a report.
    fn couple(
        &mut self,
        cx: &mut Context,
        cell: &hir::Cell,
        (a, b, by): (ast::ExprId, ast::ExprId, ast::ExprId),
        span: Span,
    ) -> Option<hir::Couple> {
        let by = self.expr_in(cx, Place::CELL_FN, by);
        let (a, b) = (self.coupled(cx, cell, a), self.coupled(cx, cell, b));
        Some(hir::Couple { a: a?, b: b?, by, loops: vec![], span, home: cx.home })
    }

    /// An end of a coupling: a state.
    fn coupled(&mut self, cx: &mut Context, cell: &hir::Cell, end: ast::ExprId) -> Option<ExprId> {
        let at = self.span(cx, end);
        match &self.ast(cx, end).kind {
            ast::ExprKind::Name(name) => {
                let name = Name { text: name.clone(), span: at };
                let var = self.state_named(cx, cell, &name, "`couple` joins")?;
                Some(self.push(ExprKind::Ref(Ref::Var(var)), at))
            }
            ast::ExprKind::Error => None,
            ast::ExprKind::Field { .. } | ast::ExprKind::Index { .. } => {
                let found = self.expr(cx, end);
                let var = match self.hir.expr(found).kind {
                    ExprKind::Ref(Ref::Var(var))
                    | ExprKind::OfSegment { member: SegmentMember::Var(var), .. } => var,
                    ExprKind::Error => return None,
                    _ => return self.not_coupled(at),
                };
                let var = &cell.vars[var.index()];
                if matches!(var.kind, VarKind::State { .. }) {
                    return Some(found);
                }
                let is = super::kind_words(&var.kind);
                self.sink.push(structure::not_a_state(at, &var.name, is, "`couple` joins", Some(var.span)));
                None
            }
            _ => self.not_coupled(at),
        }
    }

    fn not_coupled(&mut self, at: Span) -> Option<ExprId> {
        let message = "`couple` joins two states by their names, as in `couple v <-> tuft.v by g`".to_owned();
        self.sink.push(structure::argument_form(at, message, "not a name"));
        None
    }
}
