//! Members of segments, seen from outside: numbers of one segment, arrays of several; and how many there are.
//!
//! In: `distal[3].v` and its like. Out: types.

use super::Checker;
use crate::diagnose::segment as say;
use crate::hir::*;
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

    /// Counts of segments are whole numbers.
    pub(super) fn segment_counts(&mut self, cell: &'a Cell) {
        for count in cell.segments.iter().filter_map(|segment| segment.count) {
            self.infer(count);
            self.demand_whole(count, "the number of segments");
        }
    }
}
