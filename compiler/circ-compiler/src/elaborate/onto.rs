//! `onto e`: on which segment of its target each synapse ends.
//!
//! In: the clause of a projection, and its target. Out: a [`net::Onto`]. A segment that is the same for all pairs is
//! looked at here, any other when the network is built.

use super::Elaborator;
use super::projection::Ends;
use crate::diagnose::flow::{self as say_flow, Clash};
use crate::diagnose::{onto as say, segment as say_segment};
use crate::eval;
use crate::hir::path::part_of;
use crate::hir::{self, ExprId};
use crate::net::{self, EnvironmentId};
use std::sync::Arc;

impl Elaborator<'_> {
    /// `onto e`: the segments of the target, of which the view holds its cells once each. `Some(None)` without the
    /// clause, or where there is one segment only.
    pub(super) fn onto(
        &mut self,
        projection: &hir::Projection,
        ends: Option<&Ends>,
        environment: EnvironmentId,
    ) -> Option<Option<net::Onto>> {
        let Some((which, span)) = projection.onto else { return Some(None) };
        if projection.symmetric {
            return self.report(say_flow::symmetric_pairs(span, Clash::Onto));
        }
        let Ends { target, ports, .. } = ends?;
        let same = |port: &&Arc<str>| part_of(port).0 == part_of(ports.first()).0;
        let cells = ports.each.iter().take_while(same).count().max(1);
        let repeats = target.segments.len() / cells;
        let whole = target.segments.chunks(cells).all(|part| part == &target.segments[..cells]);
        if !whole {
            return self.report(say::onto_of_several(span));
        }
        let which = match which {
            hir::Which::Random => net::Which::Random,
            hir::Which::Pair(expr) => {
                let expr = self.untainted(expr)?;
                if !eval::depends::varies(expr, &self.scope(environment)) {
                    self.one_segment(expr, part_of(ports.first()).0, repeats, environment)?;
                }
                net::Which::Pair(net::Closure { expr, environment })
            }
        };
        Some(Some(net::Onto { segments: repeats as u32, which, span }))
    }

    /// `onto 3`: one of the segments, the same for all pairs.
    fn one_segment(
        &mut self,
        expr: ExprId,
        first: &str,
        segments: usize,
        environment: EnvironmentId,
    ) -> Option<()> {
        let index = self.whole(expr, "the segment", environment)?;
        let exists = usize::try_from(index).is_ok_and(|index| index < segments);
        let name = first.rsplit_once('[').map_or(first, |(name, _)| name);
        let message = || say_segment::segment_index(self.span(expr), name, index, segments as u32);
        if exists { Some(()) } else { self.report(message()) }
    }
}
