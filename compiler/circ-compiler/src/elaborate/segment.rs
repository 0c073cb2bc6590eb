//! Segments: how many each cell of a population has.
//!
//! In: a cell and what its population's block gives. Out: a number for each segment, the same in all cells.

use super::Elaborator;
use crate::diagnose::segment as say;
use crate::eval::{self, CellPlace, NotBuilt, depends, number};
use crate::hir::{CellId, ExprId, VarId};
use crate::net::{EnvironmentId, Setting};
use circ_grammar::ast::Span;

/// More segments of one name in a cell are not unrolled.
const MOST: u64 = 10_000;

impl Elaborator<'_> {
    /// Empty for a cell without segments; `None` after a report.
    pub(super) fn segment_counts(
        &mut self,
        cell: CellId,
        settings: &[(VarId, Setting, Span)],
        place: &CellPlace,
        environment: EnvironmentId,
    ) -> Option<Vec<u32>> {
        let hir = self.hir;
        let segments = &hir.cells.get(cell.index())?.segments;
        if segments.is_empty() {
            return Some(vec![]);
        }
        let constants = self.constants(cell, settings, place, environment);
        let (mut counts, mut totals) = (vec![], Vec::<u64>::new());
        for segment in segments {
            let around = segment.parent.map_or(1, |parent| totals[parent.index()]);
            let found = match segment.count {
                None => 1,
                Some(count) => {
                    self.untainted(count)?;
                    let mut scope = self.scope(environment);
                    scope.vars = constants.clone();
                    scope.cell = Some(place.clone());
                    if depends::varies(count, &scope) {
                        return self.report(say::varying_count(self.span(count), &segment.name));
                    }
                    let value = eval::eval(count, &mut scope, &mut NotBuilt);
                    let value = self.keep(value)?;
                    self.segment_count(count, &segment.name, &value)?
                }
            };
            let total = around * u64::from(found);
            if MOST < total {
                let at = segment.count.map_or(segment.span, |count| self.span(count));
                return self.report(say::too_many_segments(at, &segment.name, total, MOST));
            }
            counts.push(found);
            totals.push(total);
        }
        Some(counts)
    }

    fn segment_count(&mut self, at: ExprId, name: &str, value: &crate::types::Value) -> Option<u32> {
        let whole = match number::number(value) {
            Some(number::Number::Int(n)) => Some(n),
            Some(number::Number::Real(x)) => number::whole(x),
            _ => None,
        };
        if let Some(n) = whole.and_then(|n| u32::try_from(n).ok()).filter(|n| 0 < *n) {
            return Some(n);
        }
        let shown = match number::number(value) {
            Some(number::Number::Int(n)) => n.to_string(),
            Some(number) => crate::units::show(number.real(), crate::types::Dimension::REAL),
            None => number::kind(value),
        };
        self.report(say::segment_count(self.span(at), name, &shown))
    }
}
