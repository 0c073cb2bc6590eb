//! Segments of the cells of a view: what `E.distal[3]` is, and its members.
//!
//! In: paths in circuits and experiments. Out: the segment of each kind of cell that a path leads to.

use super::Checker;
use super::infer::view_of;
use crate::diagnose::{names, segment, typing};
use crate::hir::*;
use crate::types::Type;
use circ_grammar::ast::Span;

/// A kind of cell, or one of its segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub cell: CellId,
    pub home: Option<SegmentId>,
}

impl<'a> Checker<'a> {
    /// The cells of a view, or the segments that a path leads to, each kind once.
    pub fn parts_of(&self, id: ExprId) -> Vec<Part> {
        match &self.hir.expr(id).kind {
            ExprKind::Ref(Ref::Pre) if matches!(self.owner, Owner::Rule(_)) => self.sides.0.clone(),
            ExprKind::Ref(Ref::Post) if matches!(self.owner, Owner::Rule(_)) => self.sides.1.clone(),
            _ if *self.types.expr(id) != Type::Segment => {
                self.cells_of(id).into_iter().map(|cell| Part { cell, home: None }).collect()
            }
            ExprKind::Index { base, .. } => self.parts_of(*base),
            ExprKind::Field { base, name, .. } => {
                let inner = |part: Part| {
                    let home = self.hir.cell(part.cell).segment_in(part.home, name)?;
                    Some(Part { home: Some(home), ..part })
                };
                self.parts_of(*base).into_iter().filter_map(inner).collect()
            }
            _ => vec![],
        }
    }

    /// `E.distal`: whether the name is a segment of all of these; reports one that lacks it.
    pub(super) fn segment(&mut self, parts: &[Part], name: &str, at: Span) -> Option<Type> {
        let has = |part: &Part| self.hir.cell(part.cell).segment_in(part.home, name).is_some();
        if !parts.iter().any(has) {
            return None;
        }
        if let Some(part) = parts.iter().find(|part| !has(part)) {
            let of = format!("the cell `{}`", self.hir.cell(part.cell).name);
            self.sink.push(names::unknown_member(at, name, &of, None));
            return Some(Type::Error);
        }
        Some(Type::Segment)
    }

    /// `E.distal[3]`, `E.distal[0 .. 5]`
    pub(super) fn segment_index(&mut self, base: ExprId, indices: &[Index], at: Span) -> Type {
        if self.takes_index(base) && indices.len() == 1 {
            return Type::Segment;
        }
        let found = self.parts_of(base).first().and_then(|part| {
            let cell = self.hir.cell(part.cell);
            Some(&cell.segments[part.home?.index()])
        });
        if let Some(segment) = found {
            let message = match segment.count {
                None => segment::index_of_one(at, &segment.name, segment.span),
                Some(_) => typing::too_many_indices(at, 1, indices.len().max(2)),
            };
            self.sink.push(message);
        }
        Type::Error
    }

    /// Whether a path leads to one segment of one cell.
    pub(super) fn is_one_segment(&self, id: ExprId) -> bool {
        match &self.hir.expr(id).kind {
            ExprKind::Index { base, indices } => {
                let single = |index: &Index| matches!(index, Index::At(e) if !matches!(self.types.expr(*e), Type::Array(..)));
                indices.iter().all(single) && self.is_one_around(*base)
            }
            _ => self.is_one_around(id) && !self.takes_index(id),
        }
    }

    /// Whether the cell or segment is one that the last step of a path is in.
    fn is_one_around(&self, id: ExprId) -> bool {
        match &self.hir.expr(id).kind {
            ExprKind::Field { base, .. } if *self.types.expr(*base) == Type::Segment => {
                self.is_one_segment(*base)
            }
            ExprKind::Field { base, .. } => self.is_one(*base),
            _ => false,
        }
    }

    /// Whether a path ends at segments that have a number.
    pub(super) fn takes_index(&self, id: ExprId) -> bool {
        let numbered = |part: &Part| {
            let of = |home: SegmentId| self.hir.cell(part.cell).segments[home.index()].count.is_some();
            part.home.is_some_and(of)
        };
        matches!(self.hir.expr(id).kind, ExprKind::Field { .. }) && self.parts_of(id).iter().any(numbered)
    }
}

/// Whether an expression has to do with views of cells.
pub fn is_view_or_segment(ty: &Type) -> bool {
    view_of(ty).is_some() || *ty == Type::Segment
}
