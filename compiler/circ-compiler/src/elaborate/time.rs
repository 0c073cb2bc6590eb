//! Durations as whole numbers of steps.
//!
//! In: a duration and the step in ms. Out: ticks, or the message that says what would fit. A duration that
//! differs from a multiple of the step by rounding errors alone counts as one.

use crate::diagnose::Sink;
use crate::diagnose::time::{self as say, Step};
use circ_grammar::ast::Span;
use circ_plan::ir::MAX_TICK;

/// A constant duration in ticks; reports one that is negative, too long or between two ticks. `what` names it
/// for the message: "delay", "duration of the run".
pub fn ticks(duration_ms: f64, dt_ms: f64, span: Span, what: &str, sink: &mut Sink) -> Option<i64> {
    ticks_of(duration_ms, Step { ms: dt_ms, span: None }, span, what, sink)
}

/// As [`ticks`], for a step with its place.
pub fn ticks_of(duration_ms: f64, step: Step, span: Span, what: &str, sink: &mut Sink) -> Option<i64> {
    let steps = duration_ms / step.ms;
    let diagnostic = if duration_ms < 0.0 {
        say::negative_duration(span, what, duration_ms)
    } else if MAX_TICK as f64 <= steps {
        say::duration_too_long(span, what, duration_ms, step)
    } else if steps.is_nan() {
        crate::diagnose::value::not_a_number(span)
    } else if is_whole(steps) {
        return Some(steps.round_ties_even() as i64);
    } else {
        say::off_grid(span, what, duration_ms, step)
    };
    sink.push(diagnostic);
    None
}

/// Decimal fractions such as 0.3 / 0.1 miss whole numbers by some units in the last place.
fn is_whole(steps: f64) -> bool {
    let nearest = steps.round_ties_even();
    (steps - nearest).abs() <= 1e-9 * nearest.abs().max(1.0)
}

/// Whether a duration is a whole number of steps.
pub fn fits(duration_ms: f64, dt_ms: f64) -> bool {
    is_whole(duration_ms / dt_ms)
}
