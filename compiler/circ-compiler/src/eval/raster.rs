//! Rasters: `spikes(E) == load("raster.csv")` compares every spike of a view with a table.
//!
//! In: a comparison of `spikes(VIEW)` with an array of two columns, times in ms and cells of the view. Out: both as
//! spikes in order, and where they differ first. Times are the same where they are the same step.

use super::{Evaluated, Scope, World, eval, measure_call};
use crate::hir::{ExprId, ExprKind};
use crate::types::Value;
use circ_grammar::ast::BinaryOp;

/// A tick and a cell of the view. What a table says may be between ticks, and between cells.
type Spike = (f64, f64);

/// What spiked and what a table demands, both in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    spikes: Vec<Spike>,
    table: Vec<Spike>,
    dt: f64,
}

/// A part of a step that a time in a table may be off: tables are written with few digits.
const SAME_STEP: f64 = 1e-3;

/// Of a comparison of spikes with a table; nothing of any other expression.
pub fn raster(expr: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<Option<Raster>> {
    let ExprKind::Binary { op: BinaryOp::Equal | BinaryOp::NotEqual, left, right } = scope.expr(expr).kind
    else {
        return Ok(None);
    };
    let Some((spikes, table)) =
        [(left, right), (right, left)].into_iter().find(|(side, _)| is_spikes(*side, scope))
    else {
        return Ok(None);
    };
    let Value::Array(table) = eval(table, scope, world)? else { return Ok(None) };
    let [_, 2] = table.shape[..] else { return Ok(None) };
    let at = scope.expr(spikes).span;
    let call = measure_call(spikes, scope, world)?;
    let dt = scope.net.dt;
    let on_grid = |time: f64| {
        let tick = (time / dt).round();
        if (time / dt - tick).abs() < SAME_STEP { tick } else { time / dt }
    };
    let table = table.data.chunks_exact(2).map(|row| (on_grid(row[0]), row[1]));
    let spikes = world.raster(&call, at)?.into_iter().map(|(tick, cell)| (tick as f64, f64::from(cell)));
    Ok(Some(Raster { spikes: sorted(spikes), table: sorted(table), dt }))
}

fn is_spikes(expr: ExprId, scope: &Scope) -> bool {
    match &scope.expr(expr).kind {
        ExprKind::Measure { name, args, .. } => &**name == "spikes" && args.iter().all(|arg| !arg.each),
        _ => false,
    }
}

fn sorted(spikes: impl Iterator<Item = Spike>) -> Vec<Spike> {
    let mut all: Vec<Spike> = spikes.collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    all
}

impl Raster {
    pub fn agrees(&self) -> bool {
        self.spikes == self.table
    }

    /// How far they agree, in words.
    pub fn summary(&self) -> String {
        let first = self.spikes.iter().zip(&self.table).position(|(spike, row)| spike != row);
        let first = first.unwrap_or(self.spikes.len().min(self.table.len()));
        let told = |spike: &Spike| format!("cell {} at {} ms", spike.1, spike.0 * self.dt);
        let differ = match (self.spikes.get(first), self.table.get(first)) {
            (None, None) => return format!("{} spikes", self.spikes.len()),
            (Some(spike), Some(row)) if spike.0 < row.0 || (spike.0 == row.0 && spike.1 < row.1) => {
                format!("{} spikes, in the table it does not", told(spike))
            }
            (Some(spike), None) => format!("{} spikes, in the table it does not", told(spike)),
            (_, Some(row)) => format!("{} spikes in the table, but not here", told(row)),
        };
        let counts = format!("{} spikes here, {} in the table", self.spikes.len(), self.table.len());
        format!("{differ} ({counts}; the first {first} agree)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(spikes: &[Spike], table: &[Spike]) -> Raster {
        Raster { spikes: sorted(spikes.iter().copied()), table: sorted(table.iter().copied()), dt: 0.5 }
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let raster = of(&[(2.0, 0.0), (2.0, 1.0), (4.0, 0.0)], &[(4.0, 0.0), (2.0, 1.0), (2.0, 0.0)]);
        assert!(raster.agrees());
        assert_eq!(raster.summary(), "3 spikes");
    }

    #[test]
    fn the_first_difference_is_named() {
        let raster = of(&[(2.0, 0.0), (4.0, 0.0)], &[(2.0, 0.0), (3.0, 7.0), (4.0, 0.0)]);
        assert!(!raster.agrees());
        let told = "cell 7 at 1.5 ms spikes in the table, but not here (2 spikes here, 3 in the table; the first 1 agree)";
        assert_eq!(raster.summary(), told);
        let raster = of(&[(2.0, 0.0), (2.0, 1.0)], &[(2.0, 0.0), (2.0, 2.0)]);
        let told = "cell 1 at 1 ms spikes, in the table it does not (2 spikes here, 2 in the table; the first 1 agree)";
        assert_eq!(raster.summary(), told);
    }

    #[test]
    fn a_spike_twice_is_two() {
        assert!(!of(&[(2.0, 0.0)], &[(2.0, 0.0), (2.0, 0.0)]).agrees());
    }
}
