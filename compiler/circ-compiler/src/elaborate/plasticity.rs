//! Attached rules: what a projection gives its rule.
//!
//! In: an attachment. Out: a [`net::Plasticity`] for each direction, which proofs read; a report of a modulator that is neither
//! one cell nor one for each target.

use circ_plan::plan::{Indices, Segment, View};

use super::Elaborator;
use super::projection::{End, Ends};
use crate::diagnose::rule as say;
use crate::hir::path::part_of;
use crate::hir::{self, ExprKind, Ref, RuleVarKind};
use crate::net::{self, Closure, EnvironmentId, Members};

/// What is for the direction that is written, and what is for the other one, where there is one.
type Directions<T> = [T; 2];

/// Cells that a modulator reads, and what it reads of them.
type Read = (View, Option<Members>);

impl Elaborator<'_> {
    pub(super) fn plasticity(
        &mut self,
        projection: &hir::Projection,
        ends: Option<&Ends>,
        environment: EnvironmentId,
    ) -> Option<Directions<net::Plasticity>> {
        let attachment = projection.plasticity.as_ref()?;
        let hir = self.hir;
        let rule = hir.rule(attachment.rule);
        let (mut args, mut modulators) = (vec![], [vec![], vec![]]);
        for arg in &attachment.args {
            let var = &rule.vars[arg.var.index()];
            match var.kind {
                RuleVarKind::Modulator if !self.is_of_side(arg.value) => {
                    let found = self.modulator(arg.var, &var.name, arg.value, ends, environment);
                    if let Some([there, back]) = found {
                        modulators[0].push(there);
                        modulators[1].push(back);
                    }
                }
                _ => args.push((arg.var, Closure { expr: arg.value, environment })),
            }
        }
        let (rule, span) = (attachment.rule, attachment.span);
        Some(modulators.map(|modulators| net::Plasticity { rule, args: args.clone(), modulators, span }))
    }

    /// `pre.v`, `post.tuft.v`: of the synapse itself.
    fn is_of_side(&self, value: hir::ExprId) -> bool {
        let mut at = value;
        loop {
            match self.hir.expr(at).kind {
                ExprKind::Ref(Ref::Pre | Ref::Post) => return true,
                ExprKind::Field { base, .. } | ExprKind::Index { base, .. } => at = base,
                _ => return false,
            }
        }
    }

    /// One cell for all synapses, or one for each target; of both directions, those of the left view before those of the right.
    fn modulator(
        &mut self,
        var: hir::VarId,
        name: &str,
        value: hir::ExprId,
        ends: Option<&Ends>,
        environment: EnvironmentId,
    ) -> Option<Directions<net::Modulator>> {
        let value = self.untainted(value)?;
        let span = self.span(value);
        let End { view, member } = self.end(value, environment)?;
        let (read, [there, back]) = ((view, member.map(|(members, _)| members)), ends?.targets());
        let found = match (for_targets(&read, there), for_targets(&read, back)) {
            (Some(there), Some(back)) => [there, back],
            _ if read.0.len() == back.0.len() + there.0.len() && ends?.has_two_views() => {
                let [back, there] = split(read, back.0.len());
                [there, back]
            }
            _ => {
                let [found, there, back] = [read.0.len(), there.0.len(), back.0.len()].map(|n| n as u64);
                return self.report(say::modulator_count(span, name, found, [there, back]));
            }
        };
        Some(found.map(|(cells, member)| net::Modulator { var, cells, member, span }))
    }
}

/// What a modulator reads for such targets; nothing where it is neither one cell nor as many as these.
fn for_targets((cells, member): &Read, (targets, ports): (&View, &Members)) -> Option<Read> {
    let (found, targets) = (cells.len(), targets.len());
    // A target that is a segment belongs to a cell, which has the modulator.
    let of_segments = !part_of(ports.first()).0.is_empty() && 0 < found && targets % found == 0;
    let times = match found {
        1 => 1,
        _ if found == targets => 1,
        _ if of_segments => targets / found,
        _ => return None,
    };
    let segments = vec![cells.segments.clone(); times].concat();
    let again = |it: &Members| Members { each: vec![it.each.clone(); times].concat(), ..it.clone() };
    Some((View { segments }, member.as_ref().map(again)))
}

/// The first `count` cells, and the others.
fn split((cells, member): Read, count: usize) -> [Read; 2] {
    let none =
        || (View { segments: vec![] }, member.as_ref().map(|it| Members { each: vec![], ..it.clone() }));
    let mut parts = [none(), none()];
    let mut left = count;
    for (at, segment) in cells.segments.iter().enumerate() {
        let here = left.min(segment.cells.len());
        for ((view, members), cells) in parts.iter_mut().zip(split_cells(&segment.cells, here)) {
            if !cells.is_empty() {
                view.segments.push(Segment { cells, ..segment.clone() });
                let name = member.as_ref().and_then(|it| it.each.get(at));
                members.iter_mut().for_each(|members| members.each.extend(name.cloned()));
            }
        }
        left -= here;
    }
    parts
}

fn split_cells(cells: &Indices, count: usize) -> [Indices; 2] {
    match cells {
        Indices::Range(lo, hi) => {
            let middle = lo + count as u32;
            [Indices::Range(*lo, middle), Indices::Range(middle, *hi)]
        }
        Indices::List(list) => {
            let (first, others) = list.split_at(count);
            [first, others].map(|cells| Indices::List(cells.to_vec()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_for_the_left_view_are_told_from_those_for_the_right() {
        let range = Segment { population: 0, cells: Indices::Range(2, 6) };
        let list = Segment { population: 1, cells: Indices::List(vec![9, 4]) };
        let member = Members { written: "m".into(), each: vec!["a".into(), "b".into()] };
        let both = (View { segments: vec![range, list] }, Some(member));
        let told = |count| {
            split(both.clone(), count).map(|(view, member)| {
                let names: Vec<String> =
                    member.iter().flat_map(|it| it.each.iter().map(|n| n.to_string())).collect();
                (view.cells().collect::<Vec<_>>(), names)
            })
        };
        let [left, right] = told(3);
        assert_eq!(left, (vec![(0, 2), (0, 3), (0, 4)], vec!["a".to_owned()]));
        assert_eq!(right, (vec![(0, 5), (1, 9), (1, 4)], vec!["a".to_owned(), "b".to_owned()]));
        let [left, right] = told(5);
        assert_eq!(
            left,
            (vec![(0, 2), (0, 3), (0, 4), (0, 5), (1, 9)], vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(right, (vec![(1, 4)], vec!["b".to_owned()]));
    }
}
