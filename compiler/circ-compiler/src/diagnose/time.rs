//! Messages about time: durations that do not lie on the grid of steps.
//!
//! In: durations and the step in ms, with places. Out: diagnostics.

use super::Diagnostic;
use crate::types::Dimension;
use crate::units::show;
use circ_grammar::ast::Span;

crate::rules! {
    OFF_GRID = "off-grid", Error;
    DELAY_BELOW_TICK = "delay-below-tick", Error;
    NEGATIVE_DURATION = "negative-duration", Error;
    DURATION_TOO_LONG = "duration-too-long", Error;
    TIME_STEP = "time-step", Error;
    SEED_VALUE = "seed-value", Error;
}

/// The step of the simulation with the place that sets it, if any.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub ms: f64,
    pub span: Option<Span>,
}

/// A time for people: in ms where that needs no power of ten, as most of them are written.
pub fn time(ms: f64) -> String {
    match ms.abs() {
        0.001..1000.0 => format!("{} ms", show(ms, Dimension::REAL)),
        _ => show(ms, Dimension::TIME),
    }
}

/// A duration between two ticks.
pub fn off_grid(at: Span, what: &str, duration_ms: f64, step: Step) -> Diagnostic {
    let steps = duration_ms / step.ms;
    let nearest_ms = (steps.round_ties_even() * step.ms).max(if steps > 0.0 { step.ms } else { 0.0 });
    let (duration, size) = (time(duration_ms), time(step.ms));
    let diagnostic = OFF_GRID
        .at(at, format!("{what} {duration} is not a whole number of steps of {size}"))
        .primary(format!("{} steps", show(steps, Dimension::REAL)));
    with_step(diagnostic, step)
        .note("time advances in whole steps, so every constant duration must be made of them")
        .help(format!(
            "use {}, or write `round({duration} / dt) * dt`, or set `dt {}`",
            time(nearest_ms),
            time(nearest_step(duration_ms, step.ms))
        ))
}

/// A spike cannot arrive in the tick that sends it.
pub fn delay_below_tick(at: Span, delay_ms: f64, step: Step) -> Diagnostic {
    let (delay, size) = (time(delay_ms), time(step.ms));
    let label = match delay_ms > 0.0 {
        true => format!("{} of a step", show(delay_ms / step.ms, Dimension::REAL)),
        false => "no time at all".to_string(),
    };
    let help = match delay_ms > 0.0 {
        true => format!("use a delay of at least {size}, or set `dt {delay}`"),
        false => format!("use a delay of at least {size}, or leave the clause out for one step"),
    };
    with_step(
        DELAY_BELOW_TICK.at(at, format!("delay {delay} is shorter than the step {size}")).primary(label),
        step,
    )
    .note("a spike is delivered in a later tick than the one that emits it")
    .help(help)
}

pub fn negative_duration(at: Span, what: &str, duration_ms: f64) -> Diagnostic {
    NEGATIVE_DURATION
        .at(at, format!("{what} {} is negative", time(duration_ms)))
        .primary("must not be below 0 ms")
}

/// `least` is what a duration must be at least: a step.
pub fn duration_too_short(at: Span, what: &str, step: Step) -> Diagnostic {
    NEGATIVE_DURATION
        .at(at, format!("{what} must be at least one step"))
        .primary(format!("needs {} or more", time(step.ms)))
}

pub fn duration_too_long(at: Span, what: &str, duration_ms: f64, step: Step) -> Diagnostic {
    let longest = circ_plan::ir::MAX_TICK as f64 * step.ms;
    DURATION_TOO_LONG.at(at, format!("{what} {} is longer than any run", time(duration_ms))).primary(format!(
        "at steps of {} a run ends after {} at the latest",
        time(step.ms),
        time(longest)
    ))
}

pub fn time_step(at: Span, dt_ms: f64) -> Diagnostic {
    TIME_STEP
        .at(at, format!("the step must be longer than 0 ms, but `dt` is {}", time(dt_ms)))
        .primary("time would not advance")
        .help("use `dt 0.1 ms`")
}

pub fn seed_value(at: Span, found: &str) -> Diagnostic {
    SEED_VALUE
        .at(at, format!("a seed is a whole number of at least 0, but this is {found}"))
        .primary(found.to_string())
}

fn with_step(diagnostic: Diagnostic, step: Step) -> Diagnostic {
    match step.span {
        Some(span) => diagnostic.label(span, "step set here"),
        None => diagnostic.note(format!("the step is {} unless `dt` says otherwise", time(step.ms))),
    }
}

/// A shorter step of which the duration is a whole number: 1, 2 or 5 times a power of ten where one is near,
/// for the other durations of the program will fit that too.
fn nearest_step(duration_ms: f64, dt_ms: f64) -> f64 {
    let least = (duration_ms / dt_ms).ceil().max(1.0);
    let is_plain = |x: f64| {
        let rounded = format!("{x:.0e}");
        let close = rounded.parse::<f64>().is_ok_and(|r| (r - x).abs() <= 1e-9 * x);
        close && rounded.starts_with(['1', '2', '5'])
    };
    let candidates = (0..1000).map(|k| duration_ms / (least + f64::from(k)));
    candidates.into_iter().find(|x| is_plain(*x)).unwrap_or(duration_ms / least)
}
