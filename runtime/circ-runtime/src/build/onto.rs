//! Where in its target cell a synapse ends.
//!
//! In: rows whose targets are cells. Out: rows whose targets are positions of parts of these cells, in
//! canonical order. The part depends on the pair alone, so threads may place their rows as they come.

use circ_plan::plan::Onto;

use super::error::{BuildError, overflown};
use super::pairs::RowSet;
use super::synapses::{Context, Sides};
use crate::rows::{ROW, Rows, result_of};

/// Puts the synapses of a projection on parts of their cells; does nothing where pairs have their positions.
pub struct Placer<'a> {
    context: &'a Context<'a>,
    onto: Option<(&'a Onto, Rows<f64>)>,
    sides: Sides,
    /// (target, row of the table) of one row, for sorting.
    order: Vec<(u32, u32)>,
}

impl<'a> Placer<'a> {
    pub fn new(context: &'a Context<'a>) -> Placer<'a> {
        let onto = context.plan.onto.as_deref().map(|onto| (onto, Rows::new(&onto.part)));
        Placer { context, onto, sides: Sides::default(), order: vec![] }
    }

    /// Notes the first pair whose part is not there; it is then put on part 0.
    pub fn place(&mut self, rows: &mut RowSet, wrong: &mut Option<BuildError>) {
        let Some((onto, values)) = &mut self.onto else { return };
        let cells = self.context.plan.paired_targets() as u32;
        self.sides.of(rows, self.context.plan.allow_multiple);
        for first in (0..rows.targets.len()).step_by(ROW) {
            let end = (first + ROW).min(rows.targets.len());
            let leaves = self.sides.leaves(self.context, rows, first..end);
            values.run(&onto.part, end - first, &leaves);
            let mut found = None;
            leaves.look(&onto.part, values, end - first, &mut found);
            let parts = &values.floats(result_of(&onto.part))[..end - first];
            if let Some(k) = parts.iter().position(|part| !is_one_of(onto.parts, *part)) {
                let (pre, post) = (leaves.pre[k], leaves.post[k]);
                let (projection, value, parts) = (self.context.index, parts[k], onto.parts);
                // Whichever is first, wherever the pairs are divided.
                if found.is_none_or(|(pair, _)| (pre, post) < pair) {
                    wrong.get_or_insert(BuildError::Part { projection, pre, post, value, parts });
                }
            }
            if let Some(found) = found {
                wrong.get_or_insert(overflown(self.context.index, found));
            }
            for (target, part) in rows.targets[first..end].iter_mut().zip(parts) {
                *target += if is_one_of(onto.parts, *part) { *part as u32 * cells } else { 0 };
            }
        }
        for row in 0..rows.rows() {
            self.sort(rows, rows.starts[row]..rows.starts[row + 1]);
        }
    }

    fn sort(&mut self, rows: &mut RowSet, row: std::ops::Range<usize>) {
        let Some(table_rows) = rows.table_rows.get_mut(row.clone()).filter(|rows| !rows.is_empty()) else {
            rows.targets[row].sort_unstable();
            return;
        };
        let targets = &mut rows.targets[row];
        self.order.clear();
        self.order.extend(targets.iter().copied().zip(table_rows.iter().copied()));
        self.order.sort_unstable();
        for (k, &(target, table_row)) in self.order.iter().enumerate() {
            (targets[k], table_rows[k]) = (target, table_row);
        }
    }
}

fn is_one_of(parts: u32, part: f64) -> bool {
    0.0 <= part && part < f64::from(parts) && part.fract() == 0.0
}
