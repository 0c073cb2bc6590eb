//! Messages about plasticity rules: what their blocks may read and change, and how they are attached.

use super::Diagnostic;
use super::build::{SignReason, outside_domain, polarity_name};
use super::constraint::CONSTRAINT_CONFLICT;
use super::names::{DUPLICATE_NAME, OUT_OF_PLACE};
use super::structure::{MISSING_VALUE, NOT_A_STATE, WRONG_ARGUMENTS};
use super::time::{Step, time};
use crate::hir::SynapseSide;
use circ_grammar::ast::{Polarity, Span};

crate::rules! {
    /// A state of one side that reads something of the other, or of a synapse.
    WRONG_SIDE = "wrong-side", Error;
    /// Two values delivered by one spike.
    TRANSMITS_TWICE = "transmits-twice", Error;
    /// A delay that a rule changes without limits.
    DELAY_WITHOUT_BOUNDS = "delay-without-bounds", Error;
    /// `grow` that does not say how many, or of what.
    GROW_BUDGET = "grow-budget", Error;
    /// Bounds that do not keep the sign of weights, or a delay at a step.
    RULE_BOUNDS = "rule-bounds", Error;
}

/// `w`, `d`, `pre` or `post`, declared in a rule; `meaning` is what every rule means by it.
pub fn reserved(at: Span, name: &str, meaning: &str) -> Diagnostic {
    DUPLICATE_NAME
        .at(at, format!("`{name}` is {meaning} in every rule, and can not be declared again"))
        .primary("declared again")
        .help("choose another name")
}

/// `doing` such as "a hook changes"; `is` with its article.
pub fn not_of_synapse(at: Span, name: &str, is: &str, doing: &str, declared: Option<Span>) -> Diagnostic {
    let diagnostic = NOT_A_STATE
        .at(at, format!("{doing} `w`, `d` or a state of synapses, but `{name}` is {is}"))
        .primary(is);
    match declared {
        Some(span) if span != Span::default() => diagnostic.label(span, "declared here"),
        _ => diagnostic,
    }
}

/// `post.v = e` in a hook.
pub fn changes_cell(at: Span) -> Diagnostic {
    NOT_A_STATE
        .at(at, "a rule changes synapses, not the cells at their ends")
        .primary("a state of a cell")
        .help("write an event block in the cell, or project to a port of it")
}

/// Another name than that of the trace in whose block it is set.
pub fn not_this_trace(at: Span, name: &str, trace: &str) -> Diagnostic {
    NOT_A_STATE
        .at(at, format!("the block of `{trace}` changes `{trace}`, but not `{name}`"))
        .primary(format!("is not `{trace}`"))
}

/// `trace(tau) { }`
pub fn trace_with_block(at: Span) -> Diagnostic {
    WRONG_ARGUMENTS
        .at(at, "`trace(...)` has an equation and a reaction to spikes of its own, so it takes no block")
        .primary("followed by a block")
        .help("give an initial value in its place, as in `pre x = 0 { ... }`")
}

/// `on a and b` of anything but both sides.
pub fn meets(at: Span) -> Diagnostic {
    WRONG_ARGUMENTS
        .at(at, "only `pre` and `post` meet at a synapse")
        .primary("not `pre and post`")
        .help("write `on pre and post { ... }`")
}

/// `on pre.EVENT`
pub fn event_of_pre(at: Span) -> Diagnostic {
    WRONG_ARGUMENTS
        .at(at, "the event of the presynaptic side is the one that the projection begins at")
        .primary("chosen by the projection")
        .help("write `on pre`, and name the event in the projection, as in `projection p: A.nmda -> ...`")
}

/// Something of a synapse in what is kept once for each cell; `what` such as "is of a synapse".
pub fn per_synapse(at: Span, name: &str, what: &str, trace: &str, side: SynapseSide) -> Diagnostic {
    let side = side.word();
    WRONG_SIDE
        .at(at, format!("`{trace}` is kept once for each `{side}` cell, but `{name}` {what}"))
        .primary("not known once for each cell")
        .help(format!("write `synapse {trace} = ...` for a state of each synapse"))
}

/// Something of the other side in a state of one.
pub fn wrong_side(at: Span, name: &str, trace: &str, side: SynapseSide) -> Diagnostic {
    let other = if side == SynapseSide::Pre { "post" } else { "pre" };
    let message = match name == other {
        true => format!("`{trace}` is a `{}` state, which does not see `{other}`", side.word()),
        false => format!("`{trace}` is a `{}` state, but `{name}` is of the `{other}` side", side.word()),
    };
    WRONG_SIDE
        .at(at, message)
        .primary(format!("of the `{other}` side"))
        .help("only a synapse sees both sides: read both in a hook, or in the equation of a `synapse` state")
}

/// A second `transmit` on one way through a hook.
pub fn transmits_twice(again: Span, first: Span) -> Diagnostic {
    TRANSMITS_TWICE
        .at(again, "a spike delivers one value, but this is the second `transmit` on its way")
        .primary("delivers again")
        .label(first, "delivers first")
        .help("add both values up in one `transmit`, or put them into the two arms of an `if`")
}

/// A rule that changes `d`.
pub fn delay_without_bounds(at: Span, rule: &str) -> Diagnostic {
    DELAY_WITHOUT_BOUNDS
        .at(at, format!("`{rule}` changes the delay, but nothing says how far it may go"))
        .primary("changes `d`")
        .help("add a line such as `bounds d in 1 tick .. 20 ms`")
}

/// A synapse that grows draws its delay, and nothing is known of how long it may be.
pub fn grown_without_bounds(at: Span, clause: &str) -> Diagnostic {
    DELAY_WITHOUT_BOUNDS
        .at(at, format!("synapses grow here, but nothing says how long the `{clause}` of a new one may be"))
        .primary("of each new synapse")
        .note("what a synapse may see one day is kept from the beginning")
        .help(format!("give it bounds, as in `{clause} clamp(..., 1 tick, 20 ms)`"))
}

/// A synapse that grows has a delay that can not be; `what` says which.
pub fn new_delay(at: Span, projection: &str, what: &str, time_ms: &str) -> Diagnostic {
    RULE_BOUNDS
        .at(at, format!("a new synapse of `{projection}` would have {what} at {time_ms} ms"))
        .primary("gives each new synapse its delay")
}

/// `grow` where something reads a column of a table of synapses.
pub fn grown_without_row(connect: Span, plasticity: Span) -> Diagnostic {
    OUT_OF_PLACE
        .at(plasticity, "a synapse that grows has no row in the table that others are read from, so there is no `edge` of it")
        .primary("grows synapses")
        .label(connect, "reads synapses from a table")
        .help("let `weight`, `delay`, `share by` and the rule read parameters or a distribution instead, or let the rule only `prune`")
}

/// `rewire` where each pair has a synapse in each direction.
pub fn rewired_both_ways(plasticity: Span) -> Diagnostic {
    OUT_OF_PLACE
        .at(plasticity, "`rewire` looks at each synapse alone, but in both directions those of a pair have one weight")
        .primary("lets synapses go or come one by one")
        .note("a synapse whose score is the lowest would have to go without the one of the other direction, which shares its weight")
        .help("write a projection for each direction, as in `A -> B.exc` and `B -> A.exc`: then each has its own weights")
}

/// `grow random`
pub fn grow_budget(at: Span) -> Diagnostic {
    GROW_BUDGET
        .at(at, "`grow` does not say how many synapses are made")
        .primary("which ones, but not how many")
        .help("write `grow pruned random` to keep their number, or `grow 10 random`")
}

/// `grow 10`
pub fn grow_which(at: Span) -> Diagnostic {
    GROW_BUDGET
        .at(at, "`grow` does not say where synapses are made")
        .primary("how many, but not which")
        .help("add `random`, `where e` or `highest by e`")
}

/// `grow pruned` where nothing is pruned.
pub fn nothing_pruned(at: Span) -> Diagnostic {
    GROW_BUDGET
        .at(at, "`grow pruned` makes as many synapses as were pruned, but nothing here prunes")
        .primary("none to make up for")
        .help("add a line such as `prune lowest 10 % by w`")
}

/// An interval of rewiring below a step; `shown` is its value.
pub fn rewire_interval(at: Span, shown: &str) -> Diagnostic {
    outside_domain(at, "the interval of `rewire`", "at least a step", shown)
}

/// A part of the synapses that is none.
pub fn part_of_synapses(at: Span, part: f64) -> Diagnostic {
    let (what, due) = ("the part of the synapses that is pruned", "between 0 % and 100 %");
    outside_domain(at, what, due, &format!("{} %", part * 100.0))
        .note("a number of synapses is an `int`, as in `prune lowest 5 by w`")
}

/// Fewer synapses than none.
pub fn number_of_synapses(at: Span, number: f64) -> Diagnostic {
    outside_domain(at, "the number of synapses", "0 or more", &number.to_string())
}

/// `grow pruned` for the second time.
pub fn pruned_twice(at: Span) -> Diagnostic {
    GROW_BUDGET
        .at(at, "this is the second `grow pruned`, so more synapses would be made than were pruned")
        .primary("again as many as were pruned")
        .help("give one of them a number, as in `grow 10 random`")
}

/// `grow 10 highest 5 by e`
pub fn budget_twice(at: Span, before: Span) -> Diagnostic {
    GROW_BUDGET
        .at(at, "`grow` says twice how many synapses are made")
        .primary("says it again")
        .label(before, "says how many")
        .help("leave the second number out, as in `grow pruned highest by pre.a * post.b`")
}

/// `prune lowest by e`
pub fn prune_share(by: Span) -> Diagnostic {
    GROW_BUDGET
        .at(by, "`prune` does not say how many synapses go")
        .primary("which ones first, but not how many")
        .help("write a part of them or a number, as in `prune lowest 10 % by w` or `prune lowest 5 by w`")
}

/// `prune random`; `at` is the whole of `rewire`.
pub fn prune_random(at: Span) -> Diagnostic {
    GROW_BUDGET
        .at(at, "`prune random` does not say how many synapses go")
        .primary("prunes without a number")
        .help("write `prune lowest 10 % by uniform(0, 1)`")
}

/// Of a synapse that is not made yet.
pub fn not_grown_yet(at: Span, name: &str) -> Diagnostic {
    WRONG_SIDE
        .at(at, format!("`grow` looks at pairs of cells that have no synapse yet, so there is no `{name}`"))
        .primary("of a synapse")
        .help("rank the pairs by what their cells have, as in `by pre.a * post.b`")
}

/// An attachment that leaves a modulator out.
pub fn missing_modulator(at: Span, name: &str, of: &str, declared: Span) -> Diagnostic {
    MISSING_VALUE
        .at(at, format!("the modulator `{name}` of `{of}` is not connected"))
        .primary(format!("`{name}` is not given here"))
        .label(declared, "declared here")
        .help(format!("say what it reads, as in `{of}({name} = DA.level)`"))
}

/// Adds to a message about a parameter that is not given how to give it.
pub fn example_argument(message: Diagnostic, of: &str, name: &str, value: &str) -> Diagnostic {
    message.help(format!("give it a value, as in `{of}({name} = {value})`"))
}

/// Adds to a message about a number where a weight is due how to make one of it.
pub fn number_for_weight(message: Diagnostic) -> Diagnostic {
    message
        .note("a weight has the dimension of the port that it arrives at, whatever the rule is attached to")
        .help("multiply it by a weight: by `w`, or by a parameter such as `param w_max: weight`")
}

/// A population in the place of a modulator that the rule reads as a value; or the other way round.
pub fn modulator_form(at: Span, name: &str, due: &str, is: &str, used: Span, use_text: &str) -> Diagnostic {
    super::typing::WRONG_TYPE
        .at(at, format!("the modulator `{name}` reads {due}, but this is {is}"))
        .primary(is.to_owned())
        .label(used, use_text.to_owned())
}

/// A side, or a modulator, whose spikes a rule hears, and whose cells have none.
pub fn never_heard(at: Span, rule: &str, of: &str, cell: &str, heard: Span) -> Diagnostic {
    super::names::UNKNOWN_NAME
        .at(at, format!("`{rule}` hears the spikes of {of}, but the cell `{cell}` never spikes"))
        .primary("attached here")
        .label(heard, "heard here")
}

/// Under `dale`, a rule that changes weights that must keep their sign, without bounds.
pub fn unbounded(at: Span, rule: &str, declared: Span, reason: &SignReason, dale: Span) -> Diagnostic {
    RULE_BOUNDS
        .at(at, format!("`{rule}` has no `bounds` for `w`, so nothing keeps the sign of these weights"))
        .primary(keeps(reason))
        .label(declared, "changes `w` without bounds")
        .label(dale, "demands a proof")
        .help(format!("add a line such as `{}` to `{rule}`", example(reason)))
}

/// Bounds that let the weight take the other sign; `worst` ready to show.
pub fn bounds_sign(at: Span, rule: &str, bounds: Span, worst: &str, reason: &SignReason) -> Diagnostic {
    RULE_BOUNDS
        .at(at, format!("the bounds of `{rule}` let the weight become {worst}"))
        .primary(keeps(reason))
        .label(bounds, format!("as far as {worst}"))
        .help(format!("write bounds such as `{}`", example(reason)))
}

/// Under `dale`, what `transmit` delivers may have the other sign.
pub fn transmit_sign(at: Span, rule: &str, value: Span, reason: &SignReason, dale: Span) -> Diagnostic {
    RULE_BOUNDS
        .at(at, format!("what `{rule}` transmits may have another sign than the weights here"))
        .primary(keeps(reason))
        .label(value, "is not proved to keep it")
        .label(dale, "demands a proof")
        .help("give the states in it bounds, as in `bounds u in 0 .. 1`")
}

/// An upper bound below the lower one.
pub fn empty_bounds(at: Span, rule: &str, var: &str, bounds: Span, ends: [String; 2]) -> Diagnostic {
    let [lo, hi] = ends;
    RULE_BOUNDS
        .at(at, format!("no `{var}` lies within the bounds of `{rule}`: {lo} is above {hi}"))
        .primary("attached here")
        .label(bounds, format!("from {lo} to {hi}"))
}

/// Weights that begin outside of the bounds of their rule.
pub fn weight_outside(at: Span, weight: &str, bounds: Span, ends: [String; 2]) -> Diagnostic {
    outside(at, "weight", weight, bounds, ends)
}

/// `total` is enforced of weights whose sum the bounds of their rule keep within `end`.
pub fn no_room(at: Span, total: &str, end: &str, bounds: Span) -> Diagnostic {
    CONSTRAINT_CONFLICT
        .at(at, format!("the bounds of the rule leave at most {end} of the {total} that is enforced"))
        .primary(format!("makes the sum {total}"))
        .label(bounds, "every weight comes back within these when it changes next")
        .help("widen the bounds, or enforce a sum that has room in them")
}

/// As [`weight_outside`], of delays.
pub fn delay_outside(at: Span, delay: &str, bounds: Span, ends: [String; 2]) -> Diagnostic {
    outside(at, "delay", delay, bounds, ends)
}

fn outside(at: Span, what: &str, value: &str, bounds: Span, [lo, hi]: [String; 2]) -> Diagnostic {
    RULE_BOUNDS
        .at(at, format!("the {what} {value} lies outside of the bounds of its rule, {lo} to {hi}"))
        .primary(value.to_owned())
        .label(bounds, format!("from {lo} to {hi}"))
}

/// A learned delay that can become shorter than a step.
pub fn delay_bounds(at: Span, rule: &str, bounds: Span, least: &str, dt: &str) -> Diagnostic {
    RULE_BOUNDS
        .at(at, format!("the bounds of `{rule}` let the delay become {least}, shorter than the step {dt}"))
        .primary("a spike arrives in a later tick than the one that emits it")
        .label(bounds, format!("down to {least}"))
        .help("write `bounds d in 1 tick .. ...`, or give the projection a `dendritic` delay")
}

/// `transmit` in `on pre and post`, of a projection at whose synapses a spike arrives in the tick in which they meet.
pub fn transmits_too_late(hook: Span, attached: Span, projection: &str, step: Step) -> Diagnostic {
    OUT_OF_PLACE
        .at(
            hook,
            format!("`transmit` in `on pre and post` comes too late for the synapses of `{projection}`"),
        )
        .primary("decides what a spike delivers")
        .label(attached, "attached here")
        .note("spikes are delivered before it is known which cells spike in the same tick")
        .help(format!(
            "let the spikes of targets come back later: `back {}`, or a `dendritic` delay",
            time(step.ms)
        ))
}

/// A modulator of some cells, but neither of one nor of as many as there are targets of the direction that is written, and of
/// the other one.
pub fn modulator_count(at: Span, name: &str, found: u64, [there, back]: [u64; 2]) -> Diagnostic {
    let targets = match there == back {
        true => format!("{there} targets"),
        false => format!("{back} targets on the left and {there} on the right"),
    };
    let note = "a modulator is one cell for all synapses, or one for each target";
    let message = WRONG_ARGUMENTS
        .at(at, format!("the modulator `{name}` reads {found} cells, but there are {targets}"))
        .primary(format!("{found} cells"));
    match there == back {
        true => message.note(note),
        false => message.note(format!("{note}: of both directions, those of the left view first")),
    }
}

fn keeps(reason: &SignReason) -> String {
    match reason {
        SignReason::Port(port, polarity) => {
            format!("`{port}` is an {} port: weights are magnitudes", polarity_name(*polarity))
        }
        SignReason::Source(source, polarity) => {
            format!("`{source}` is {}: weights keep its sign", polarity_name(*polarity))
        }
    }
}

fn example(reason: &SignReason) -> &'static str {
    match reason {
        SignReason::Source(_, Polarity::Inhibitory) => "bounds w in -w_max .. 0",
        SignReason::Source(..) | SignReason::Port(..) => "bounds w in 0 .. w_max",
    }
}
