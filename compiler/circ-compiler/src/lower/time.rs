//! Durations in ticks.
//!
//! In: times in ms. Out: whole ticks; a constant that is not whole is reported.

use circ_grammar::ast::Span;
use circ_plan::ir::MAX_TICK;

use super::context::{Report, Source};
use crate::diagnose::time::off_grid;

/// A quotient this near to a whole number (relative to it) is one: `1.5 ms / 0.1 ms` is not exact.
const WHOLE: f64 = 1e-9;

/// The whole number of ticks that a duration is, at most [`MAX_TICK`]; `None` where it is not whole.
pub fn whole_ticks(ms: f64, dt: f64) -> Option<i64> {
    let steps = ms / dt;
    let nearest = steps.round_ties_even();
    if steps >= MAX_TICK as f64 {
        return Some(MAX_TICK);
    }
    ((steps - nearest).abs() <= WHOLE * nearest.abs().max(1.0)).then_some(nearest as i64)
}

/// The ticks of a constant duration; `what` is its name in the message: `delay`.
pub fn ticks(source: Source, report: &mut Report, ms: f64, span: Span, what: &str) -> i64 {
    whole_ticks(ms, source.net.dt).unwrap_or_else(|| {
        report.push(off_grid(span, what, ms, source.step()));
        (ms / source.net.dt).round_ties_even() as i64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_within_rounding() {
        assert_eq!(whole_ticks(1.5, 0.1), Some(15));
        assert_eq!(whole_ticks(0.3, 0.1), Some(3));
        assert_eq!(whole_ticks(0.05, 0.1), None);
        assert_eq!(whole_ticks(0.0, 0.1), Some(0));
        assert_eq!(whole_ticks(f64::INFINITY, 0.1), Some(MAX_TICK));
        assert_eq!(whole_ticks(f64::NAN, 0.1), None);
    }
}
