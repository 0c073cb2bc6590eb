//! Members of segments, seen from outside: numbers of one segment, arrays of several; and how many there are.
//!
//! In: `distal[3].v` and its like. Out: types.

use super::Checker;
use crate::diagnose::{Diagnostic, segment as say};
use crate::hir::*;
use crate::resolve::graph;
use crate::types::Type;
use circ_grammar::ast::Span;

impl<'a> Checker<'a> {
    pub(super) fn of_segment(
        &mut self,
        steps: &[(SegmentId, Option<Index>)],
        member: SegmentMember,
        at: Span,
    ) -> Type {
        let Owner::Cell(cell) = self.owner else { return Type::Error };
        let mut shape = vec![];
        for (segment, index) in steps {
            let segment = &self.hir.cell(cell).segments[segment.index()];
            match index {
                Some(_) if segment.count.is_none() => {
                    self.sink.push(say::index_of_one(at, &segment.name, segment.span));
                    return Type::Error;
                }
                Some(index) => {
                    self.one_index(index);
                    let one =
                        matches!(index, Index::At(e) if !matches!(self.types.expr(*e), Type::Array(..)));
                    shape.extend((!one).then_some(None));
                }
                None => shape.extend(segment.count.map(|_| None)),
            }
        }
        let element = match member {
            SegmentMember::Var(var) => self.variable(var, at),
            SegmentMember::Derivative(var) => self.derivative(var, at),
            SegmentMember::Mode(_) => Type::Bool,
        };
        match element {
            Type::Error => Type::Error,
            element if shape.is_empty() => element,
            Type::Array(element, inner) => {
                shape.extend(inner);
                Type::Array(element, shape)
            }
            element => Type::Array(Box::new(element), shape),
        }
    }

    /// Where a family of segments stands for one number: how to make one of it.
    pub(super) fn with_family(&self, id: ExprId, found: &Type, message: Diagnostic) -> Diagnostic {
        let Type::Array(element, _) = found else { return message };
        let Some((path, one)) = self.family_in(id) else { return message };
        let reduce = if **element == Type::Bool { "any" } else { "sum" };
        say::one_of_family(message, &path, &one, reduce)
    }

    /// `distal.v` and `distal[0].v` of the first family in an expression that nothing reduces.
    fn family_in(&self, root: ExprId) -> Option<(String, String)> {
        let Owner::Cell(cell) = self.owner else { return None };
        let cell = self.hir.cell(cell);
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            match &self.hir.expr(id).kind {
                ExprKind::Reduce { .. } => {}
                ExprKind::OfSegment { steps, member } if matches!(self.types.expr(id), Type::Array(..)) => {
                    let member = match member {
                        SegmentMember::Var(var) => cell.vars[var.index()].name.to_string(),
                        SegmentMember::Derivative(var) => format!("{}'", cell.vars[var.index()].name),
                        SegmentMember::Mode(mode) => cell.modes[mode.index()].name.to_string(),
                    };
                    let (mut path, mut one) = (String::new(), String::new());
                    for (segment, _) in steps {
                        let segment = &cell.segments[segment.index()];
                        path += &format!("{}.", segment.name);
                        one += &format!("{}{}.", segment.name, segment.count.map_or("", |_| "[0]"));
                    }
                    return Some((path + &member, one + &member));
                }
                kind => {
                    let begin = open.len();
                    graph::children(kind, &mut |child| open.push(child));
                    open[begin..].reverse();
                }
            }
        }
        None
    }

    /// Counts of segments are whole numbers.
    pub(super) fn segment_counts(&mut self, cell: &'a Cell) {
        for count in cell.segments.iter().filter_map(|segment| segment.count) {
            self.infer(count);
            self.demand_whole(count, "the number of segments");
        }
    }
}
