//! Messages about what has a meaning, but perhaps not the one that was meant: connections without synapses, states
//! that stand still, values far from what is measured.

use super::Diagnostic;
use crate::types::Dimension;
use crate::units::show;
use circ_grammar::ast::Span;

crate::rules! {
    /// A projection without a synapse.
    NO_SYNAPSE = "no-synapse", Warning;
    /// A port that no projection and no drive ends at.
    UNREACHED_PORT = "unreached-port", Warning;
    /// A state without an equation, an assignment or anything else that changes it.
    CONSTANT_STATE = "constant-state", Warning;
    /// Delays whose mean is another once they are rounded to steps.
    DELAY_ROUNDING = "delay-rounding", Warning;
    /// An explicit method that can not follow its equation at this step.
    UNSTABLE_STEP = "unstable-step", Warning;
    /// A weight that takes a cell from rest to its threshold at once.
    ONE_SPIKE_FIRES = "one-spike-fires", Note;
    /// A `release` of something that no statement clamps.
    RELEASE_WITHOUT_CLAMP = "release-without-clamp", Warning;
    /// A parameter outside of its usual physiological range.
    UNUSUAL_VALUE = "unusual-value", Note;
}

/// `why` says what is there: "a probability of 0 connects no pair".
pub fn no_synapse(at: Span, projection: &str, why: &str) -> Diagnostic {
    NO_SYNAPSE.at(at, format!("`{projection}` makes no synapse")).primary(why)
}

/// When the network was built; `pairs` are those that could have been.
pub fn no_synapse_built(at: Span, projection: &str, pairs: u64) -> Diagnostic {
    NO_SYNAPSE
        .at(at, format!("`{projection}` made no synapse"))
        .primary(format!("none of {pairs} possible pairs is connected"))
        .note("with another seed there may be some")
}

/// `cell` is the cell that declares it.
pub fn unreached_port(at: Span, port: &str, cell: &str) -> Diagnostic {
    UNREACHED_PORT
        .at(at, format!("nothing sends to the port `{port}` of `{cell}`"))
        .primary("no projection and no drive ends here")
        .help(format!("connect a projection or a drive to `{port}`, or remove it"))
}

/// A state that could be a parameter.
pub fn constant_state(at: Span, state: &str, cell: &str) -> Diagnostic {
    CONSTANT_STATE
        .at(at, format!("the state `{state}` of `{cell}` never changes"))
        .primary("no equation, no block and no port changes it")
        .help(format!("write its equation, as in `10 ms * {state}' = -{state}`, or make it a `param`"))
}

/// Of a rule; `side` is `pre` or `post`.
pub fn constant_trace(at: Span, state: &str, side: &str, rule: &str) -> Diagnostic {
    CONSTANT_STATE
        .at(at, format!("the `{side}` state `{state}` of `{rule}` never changes"))
        .primary("no equation and no event changes it")
        .help(format!(
            "write `{side} {state} = trace(20 ms)`, or a block, as in \
             `{side} {state} = 0 {{ 20 ms * {state}' = -{state}; on spike {{ {state} += 1 }} }}`"
        ))
}

/// `what` is a state or a population; `None` for all that is clamped.
pub fn release_without_clamp(at: Span, what: Option<&str>) -> Diagnostic {
    let message = match what {
        Some(what) => format!("`{what}` is released, but no statement clamps it"),
        None => "`release` releases nothing: no statement clamps anything".to_owned(),
    };
    RELEASE_WITHOUT_CLAMP
        .at(at, message)
        .primary("not clamped")
        .note("`release` lets go on what a `clamp` of the same experiment holds; all else goes on anyway")
}

/// Whether delays are drawn or follow from the pair of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Drawn,
    Computed,
}

/// Means in ms, as written and in steps.
pub fn delay_rounding(
    at: Span,
    projection: &str,
    (exact, rounded): (f64, f64),
    dt: f64,
    origin: Origin,
) -> Diagnostic {
    let time = |ms: f64| show(ms, Dimension::TIME);
    let percent = (100.0 * (rounded - exact) / exact).abs();
    let direction = if exact < rounded { "longer" } else { "shorter" };
    let (made, help) = match origin {
        Origin::Drawn => ("drawn", "choose bounds half a step outside of whole steps, or a smaller `dt`"),
        Origin::Computed => ("computed", "choose a smaller `dt`"),
    };
    DELAY_ROUNDING
        .at(
            at,
            format!("in whole steps the delays of `{projection}` are {percent:.1} % {direction} than {made}"),
        )
        .primary(format!("the mean is {} as {made}, {} in steps of {}", time(exact), time(rounded), time(dt)))
        .help(help)
}

/// `scale` is the time in ms within which the variable changes, `enough` a step in ms that would do.
pub fn unstable_step(
    at: Span,
    variable: &str,
    method: &str,
    scale: f64,
    dt: f64,
    enough: Option<f64>,
) -> Diagnostic {
    let time = |ms: f64| show(ms, Dimension::TIME);
    // Two digits: it is taken from differences.
    let scale = format!("{scale:.1e}").parse().unwrap_or(scale);
    let diagnostic = UNSTABLE_STEP
        .at(at, format!("the step of {} is too long for `{variable}'` by {method}", time(dt)))
        .primary(format!("changes within {}: errors grow from step to step", time(scale)))
        .note("said of the equations as they are at the initial state");
    match enough {
        Some(enough) => diagnostic.help(format!(
            "write `dt {}` in the experiment, or leave the method to the compiler",
            time(enough)
        )),
        None => diagnostic.help("leave the method to the compiler, or choose `method implicit`"),
    }
}

/// `names` are the projection and its target.
pub fn one_spike_fires(at: Span, names: (&str, &str), weight: Option<String>, after: f64) -> Diagnostic {
    let (projection, target) = names;
    let when =
        if after == 0.0 { "at once".to_string() } else { format!("after {}", show(after, Dimension::TIME)) };
    ONE_SPIKE_FIRES
        .at(at, format!("one spike of `{projection}` makes a cell of `{target}` fire"))
        .primary(match weight {
            Some(weight) => format!("{weight} takes a cell from rest to its threshold {when}"),
            None => format!("takes a cell from rest to its threshold {when}"),
        })
        .note("in most circuits a cell needs many spikes that come together")
}

/// A drive with so many events in each step, in the mean, that hertz will have been meant.
pub fn many_per_step(at: Span, mean: f64, dt: f64) -> Diagnostic {
    let rate = show(mean / dt, Dimension::FREQUENCY);
    let (mean, dt) = (show(mean, Dimension::REAL), show(dt, Dimension::TIME));
    UNUSUAL_VALUE
        .at(at, format!("this drive sends {mean} events in every step, not in every second"))
        .primary(format!("without a unit, the mean in a step of {dt}: {rate}"))
        .help(format!("did you mean `{mean} Hz`?"))
}

/// A range that is usual for something, with where that is said.
#[derive(Clone, Copy, Debug)]
pub struct Usual {
    /// "membrane time constants"
    pub what: &'static str,
    pub lo: f64,
    pub hi: f64,
    pub source: &'static str,
}

/// `meant` is a value that would be usual, a thousand times larger or smaller.
pub fn unusual_value(
    at: Span,
    name: &str,
    value: f64,
    dimension: Dimension,
    usual: &Usual,
    meant: Option<f64>,
) -> Diagnostic {
    let shown = |value| show(value, dimension);
    let diagnostic = UNUSUAL_VALUE
        .at(at, format!("`{name}` is {}, far from what is measured", shown(value)))
        .primary(format!("{} are {} to {}", usual.what, shown(usual.lo), shown(usual.hi)))
        .note(usual.source);
    match meant {
        Some(meant) => diagnostic.help(format!("did you mean `{}`?", shown(meant))),
        None => diagnostic,
    }
}
