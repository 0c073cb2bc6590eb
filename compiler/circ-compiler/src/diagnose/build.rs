//! Messages about the circuit as it is instantiated: sizes, connections, signs.
//!
//! In: what happened, with places and numbers ready to show. Out: diagnostics.

use super::Diagnostic;
use super::structure::POLARITY;
use circ_grammar::ast::{Polarity, Span};

crate::rules! {
    POPULATION_SIZE = "population-size", Error;
    TOO_MANY_ITEMS = "too-many-items", Error;
    NOT_LOOKED_AT = "not-looked-at", Note;
    REPEATED_INDEX = "repeated-index", Error;
    MISSING_ARGUMENT = "missing-argument", Error;
    OUT_OF_RANGE = "out-of-range", Error;
    EMPTY_VIEW = "empty-view", Error;
    PROBABILITY_RANGE = "probability-range", Error;
    DEGREE_RANGE = "degree-range", Error;
    ONE_TO_ONE_SIZE = "one-to-one-size", Error;
    WEIGHT_SIGN = "weight-sign", Error;
    MIXED_SIGNS = "mixed-signs", Error;
    DALE_POLARITY = "dale-polarity", Error;
    NEGATIVE_RATE = "negative-rate", Error;
    DRIVE_TABLE = "drive-table", Error;
    STORE_PROCEDURAL = "store-procedural", Error;
}

/// `size` is as written or computed, ready to show.
pub fn population_size(at: Span, name: &str, size: &str) -> Diagnostic {
    POPULATION_SIZE
        .at(at, format!("population `{name}` can not have {size} cells"))
        .primary(format!("{size} cells"))
        .note("a population has a whole number of cells, from 1 to 2147483648")
}

pub fn too_many_items(at: Span, limit: usize) -> Diagnostic {
    TOO_MANY_ITEMS
        .at(at, format!("this circuit would make more than {limit} items"))
        .primary("the limit is reached here")
        .help("make one population of many cells instead of many populations")
}

/// `left` experiments and circuits, this the first of them.
pub fn not_looked_at(at: Span, left: usize) -> Diagnostic {
    let these =
        if left == 1 { "this one is".to_string() } else { format!("this one and {} more are", left - 1) };
    NOT_LOOKED_AT
        .at(at, format!("so much was built before that {these} not looked at"))
        .primary("not looked at from here on")
        .note("`circ run` and `circ test` look at an experiment before they run it")
}

/// Cells that extend cells hold all that these have.
pub fn cells_too_large(at: Span, cell: &str, limit: usize) -> Diagnostic {
    TOO_MANY_ITEMS
        .at(at, format!("with `{cell}` the cells have more than {limit} items, those of cells that they extend included"))
        .primary("the limit is reached here")
}

/// Parts within parts without end.
pub fn parts_too_deep(at: Span, circuit: &str, limit: usize) -> Diagnostic {
    TOO_MANY_ITEMS
        .at(at, format!("circuit `{circuit}` is nested in more than {limit} others"))
        .primary("a part of itself?")
}

pub fn repeated_index(at: Span, index: &str) -> Diagnostic {
    REPEATED_INDEX
        .at(at, format!("the loop runs through {index} twice"))
        .primary("the items of a loop are named by its index, so each must differ")
}

pub fn missing_argument(at: Span, name: &str, of: &str, declared: Span) -> Diagnostic {
    MISSING_ARGUMENT
        .at(at, format!("{of} needs a value for `{name}`"))
        .primary(format!("`{name}` is not given"))
        .label(declared, "declared without a default")
}

/// A value outside the range of its parameter; all ready to show.
pub fn out_of_range(at: Span, name: &str, value: &str, lo: &str, hi: &str, declared: Span) -> Diagnostic {
    OUT_OF_RANGE
        .at(at, format!("`{name}` must lie in {lo} .. {hi}, but is {value}"))
        .primary(value.to_string())
        .label(declared, "range given here")
}

/// An argument of a distribution, or a time constant, that has no meaning. `due` follows "must be".
pub fn outside_domain(at: Span, what: &str, due: &str, value: &str) -> Diagnostic {
    OUT_OF_RANGE.at(at, format!("{what} must be {due}, but is {value}")).primary(value.to_string())
}

pub fn empty_view(at: Span) -> Diagnostic {
    EMPTY_VIEW.at(at, "this view holds no cell").primary("nothing is selected")
}

pub fn probability_range(at: Span, value: &str) -> Diagnostic {
    let diagnostic = PROBABILITY_RANGE
        .at(at, format!("a probability lies between 0 and 1, but this is {value}"))
        .primary(value.to_string());
    match value.parse::<f64>() {
        Ok(percent) if 1.0 < percent && percent <= 100.0 => {
            diagnostic.help(format!("did you mean `{value}%`?"))
        }
        _ => diagnostic,
    }
}

/// More partners than there are. `most` is how many there are at most.
pub fn degree_range(at: Span, clause: &str, wanted: i64, most: u64, of: &str) -> Diagnostic {
    let diagnostic = DEGREE_RANGE
        .at(at, format!("`{clause} {wanted}` asks for more than there is: {most} {of}"))
        .primary(format!("at most {most}"));
    match most {
        0 => diagnostic
            .note("no cell connects to itself unless it is written")
            .help("connect other cells, or write `allow self`"),
        _ => diagnostic
            .note("no pair is connected twice unless it is written")
            .help("ask for fewer, or write `allow multiple`"),
    }
}

/// A number of synapses that is below 0 or beyond all counting.
pub fn degree_value(at: Span, clause: &str, wanted: i64, limit: i64) -> Diagnostic {
    DEGREE_RANGE
        .at(at, format!("`{clause} {wanted}` is no number of synapses"))
        .primary(format!("must be from 0 to {limit}"))
}

/// `choose(n)` of fewer than n cells.
pub fn choose_range(at: Span, wanted: i64, cells: u64) -> Diagnostic {
    DEGREE_RANGE
        .at(at, format!("`choose` can not pick {wanted} of {cells} cells"))
        .primary(format!("must be from 1 to {cells}"))
}

pub fn one_to_one_size(at: Span, [source, target]: [(Span, u64, &str); 2]) -> Diagnostic {
    let pairs = if source.2 == target.2 { source.2 } else { "cells and segments" };
    ONE_TO_ONE_SIZE
        .at(
            at,
            format!(
                "`one_to_one` needs as many sources as targets, but there are {} and {}",
                source.1, target.1
            ),
        )
        .primary(format!("pairs {pairs} by their place in the views"))
        .label(source.0, format!("{} {}", source.1, source.2))
        .label(target.0, format!("{} {}", target.1, target.2))
}

/// Why synapses can not be made again for each spike.
pub enum Held {
    /// By the rule attached here.
    Learns(Span),
    Flows,
    BothWays,
    Shares(Span),
    /// An `enforce` scales this weight, or the experiment sets it.
    Changes(Span),
    /// This way to connect.
    Connects(&'static str, Span),
}

pub fn store_procedural(at: Span, path: &str, because: Held) -> Diagnostic {
    let diagnostic = STORE_PROCEDURAL
        .at(at, format!("the synapses of `{path}` have to be stored"))
        .primary("would be made again for each spike");
    let diagnostic = match because {
        Held::Learns(rule) => diagnostic.label(rule, "what they learn is kept"),
        Held::Flows => {
            diagnostic.note("a value flows through each of them at every tick, not only at spikes")
        }
        Held::BothWays => diagnostic.note("`<->` makes each pair in both directions"),
        Held::Shares(share) => {
            diagnostic.label(share, "which share a weight is known only when all are made")
        }
        Held::Changes(weight) => diagnostic
            .label(weight, "does not stay as it is drawn: an `enforce` or the experiment changes it"),
        Held::Connects("from", connect) => diagnostic.label(connect, "a table is held as it is"),
        Held::Connects(way, connect) => diagnostic.label(
            connect,
            format!("of `{way}`, what a source sends to is known only when all synapses are drawn"),
        ),
    };
    diagnostic.help("leave `store procedural` out")
}

/// What a sign is required by.
#[derive(Clone, Debug)]
pub enum SignReason {
    /// The port's name and polarity.
    Port(String, Polarity),
    /// The source's name and polarity; the port is plain.
    Source(String, Polarity),
}

/// A constant weight of the wrong sign; `weight` and `opposite` ready to show.
pub fn weight_sign(at: Span, weight: &str, opposite: &str, reason: &SignReason) -> Diagnostic {
    let (message, note) = match reason {
        SignReason::Port(port, polarity) => (
            format!("weight {weight} is negative, but `{port}` is an {} port", polarity_name(*polarity)),
            "weights at excitatory and inhibitory ports are magnitudes: the port says what they do",
        ),
        SignReason::Source(source, polarity) => (
            format!("weight {weight} has the wrong sign: `{source}` is {}", polarity_name(*polarity)),
            "at a plain port weights are signed, and the sign agrees with the cells that they come from",
        ),
    };
    WEIGHT_SIGN.at(at, message).primary(weight.to_string()).note(note).help(format!("use `{opposite}`"))
}

/// A weight that is set; `needs` is a whole sentence.
/// The weight that a new synapse would have; `needs` is what holds of weights there.
pub fn new_weight_sign(at: Span, projection: &str, time_ms: &str, needs: &str) -> Diagnostic {
    WEIGHT_SIGN
        .at(
            at,
            format!("a new synapse of `{projection}` would have a weight of the wrong sign at {time_ms} ms"),
        )
        .primary("gives each new synapse its weight")
        .note(needs)
}

pub fn set_weight_sign(at: Span, projection: &str, weight: &str, needs: &str) -> Diagnostic {
    WEIGHT_SIGN
        .at(at, format!("a weight of `{projection}` can not be {weight}"))
        .primary(format!("sets it to {weight}"))
        .note(needs)
}

/// One projection whose targets or sources demand different signs.
pub fn mixed_signs(at: Span) -> Diagnostic {
    MIXED_SIGNS
        .at(at, "one projection can not keep several signs")
        .primary("its sources or ports demand different signs of the same weights")
        .help("write a projection for each")
}

/// A source with a polarity at a port of the other.
pub fn dale_violation(
    at: Span,
    source: &str,
    polarity: Polarity,
    projection: &str,
    target: &str,
    port: (&str, Polarity),
    declared: Span,
) -> Diagnostic {
    let does = match port.1 {
        Polarity::Excitatory => "excites",
        Polarity::Inhibitory => "inhibits",
        Polarity::Modulatory => "modulates",
    };
    POLARITY
        .at(at, format!("`{source}` is {}, but `{projection}` {does} `{target}`", polarity_name(polarity)))
        .primary(format!("`{}` is an {} port", port.0, polarity_name(port.1)))
        .label(declared, "polarity given here")
}

/// A `polarity` clause against the population's own, or two clauses for one cell.
pub fn dale_conflict(at: Span, source: &str, here: Polarity, other: Polarity, declared: Span) -> Diagnostic {
    POLARITY
        .at(at, format!("`{source}` can not be both {} and {}", polarity_name(other), polarity_name(here)))
        .primary(polarity_name(here).to_string())
        .label(declared, polarity_name(other).to_string())
}

pub fn dale_polarity(at: Span, population: &str, sends_to: &str, projection: Span, dale: Span) -> Diagnostic {
    DALE_POLARITY
        .at(at, format!("`{population}` sends to `{sends_to}`, but has no polarity"))
        .primary("neither `excitatory` nor `inhibitory`")
        .label(projection, "sends here")
        .label(dale, "demanded here")
        .help(format!("declare `population {population}: excitatory ...` or `inhibitory`"))
}

pub fn negative_rate(at: Span, rate: &str) -> Diagnostic {
    NEGATIVE_RATE.at(at, format!("a rate is at least 0, but this is {rate}")).primary(rate.to_string())
}

pub fn drive_table(at: Span, columns: u64, cells: u64) -> Diagnostic {
    DRIVE_TABLE
        .at(at, format!("the table has {columns} columns for {cells} cells"))
        .primary("needs one column, or one for each cell")
}

pub fn drive_table_kind(at: Span) -> Diagnostic {
    DRIVE_TABLE
        .at(at, "`table` needs an array of one or two dimensions")
        .primary("rows are held one after the other, columns are cells")
}

pub fn polarity_name(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Excitatory => "excitatory",
        Polarity::Inhibitory => "inhibitory",
        Polarity::Modulatory => "modulatory",
    }
}
