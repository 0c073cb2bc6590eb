//! Messages about values: what evaluating an expression can meet.
//!
//! In: what happened, with places. Out: diagnostics. All of `eval` speaks through this file.

use super::Diagnostic;
use super::names::WRONG_KIND;
use super::suggest::nearest;
use super::typing::NOT_WHOLE;
use circ_grammar::ast::Span;

crate::rules! {
    NOT_KNOWN = "not-known", Error;
    NEEDS_RUN = "needs-run", Error;
    NOT_RECORDED = "not-recorded", Error;
    STRAY_DRAW = "stray-draw", Error;
    INT_OVERFLOW = "int-overflow", Error;
    DIVIDE_BY_ZERO = "divide-by-zero", Error;
    INDEX_RANGE = "index-range", Error;
    ARRAY_SHAPE = "array-shape", Error;
    EMPTY_ARRAY = "empty-array", Error;
    NOT_A_NUMBER = "not-a-number", Error;
    TOO_LARGE = "too-large", Error;
    NO_SUCH_MEMBER = "no-such-member", Error;
    REPEATED_CELL = "repeated-cell", Error;
    NO_POSITIONS = "no-positions", Error;
}

/// `t`, `i`, `pre.x` and their like where one number is needed. `why` says where it does have a value.
pub fn not_known(at: Span, name: &str, why: &str) -> Diagnostic {
    NOT_KNOWN
        .at(at, format!("`{name}` has no value here"))
        .primary("must be known when the circuit is built")
        .note(format!("`{name}` {why}"))
}

/// A state of a cell or a measure where no network runs yet.
pub fn needs_run(at: Span, what: &str) -> Diagnostic {
    NEEDS_RUN
        .at(at, format!("`{what}` is only known while the circuit runs"))
        .primary("must be known when the circuit is built")
}

/// `at` or `plot` of what was not recorded, or not at that time.
pub fn not_recorded(at: Span, what: &str) -> Diagnostic {
    NOT_RECORDED
        .at(at, format!("{what} was not recorded"))
        .primary("asked for here")
        .help("add it to a `record` before the `run`")
}

/// A draw outside the declarations that own draws.
pub fn stray_draw(at: Span) -> Diagnostic {
    STRAY_DRAW
        .at(at, "a draw belongs to a `param`, `state`, `weight` or `delay`")
        .primary("one number is needed here")
        .note("a draw is keyed by the declaration that it belongs to, so that it is the same in every run")
}

/// `redraw` of something that is the same every time.
pub fn nothing_to_redraw(at: Span) -> Diagnostic {
    STRAY_DRAW
        .at(at, "`redraw` has nothing to draw again")
        .primary("no distribution is written here")
        .help("write it inside, as in `redraw(normal(0, 1), -2, 2)`")
}

pub fn int_overflow(at: Span, what: &str) -> Diagnostic {
    no_int(at, what, "beyond 64 bits")
}

/// Likewise of a pair of cells, where what was rounded may also have been no number.
pub fn int_overflow_of_pair(at: Span, what: &str, pair: String) -> Diagnostic {
    no_int(at, what, "beyond 64 bits, or no number").note(pair)
}

fn no_int(at: Span, what: &str, why: &str) -> Diagnostic {
    INT_OVERFLOW
        .at(at, format!("{what} does not fit into an `int`"))
        .primary(why)
        .note("an `int` holds whole numbers from -2^63 to 2^63 - 1")
}

pub fn divide_by_zero(at: Span) -> Diagnostic {
    DIVIDE_BY_ZERO.at(at, "the remainder of a division by 0 has no value").primary("divides by 0 here")
}

/// A divisor that is 0 when the circuit is built.
pub fn quotient_by_zero(divisor: Span, quotient: Span) -> Diagnostic {
    DIVIDE_BY_ZERO
        .at(divisor, "this divides by 0")
        .primary("0")
        .label(quotient, "has no finite value")
        .help("keep 0 apart: `if k == 0 then 0 else 1 / k`")
}

/// An index (or the end of a range) outside what it counts.
pub fn index_range(at: Span, index: i64, length: u64, what: &str) -> Diagnostic {
    let last = match length {
        0 => format!("{what} is empty"),
        1 => format!("{what} has only index 0"),
        _ => format!("{what} has indices 0 to {}", length - 1),
    };
    INDEX_RANGE.at(at, format!("index {index} is outside {what}")).primary(last)
}

/// `lo .. hi` that does not lie within what it selects from.
pub fn selection_range(at: Span, lo: i64, hi: i64, length: u64, what: &str) -> Diagnostic {
    if hi < lo {
        return INDEX_RANGE
            .at(at, format!("{lo} .. {hi} runs backwards"))
            .primary("goes from the first index to the one behind the last");
    }
    INDEX_RANGE
        .at(at, format!("{lo} .. {hi} does not lie within {what}"))
        .primary(format!("{what} has {length} elements, so a selection lies within 0 .. {length}"))
}

/// A member of a family that was not made.
pub fn no_such_member(at: Span, path: &str, known: &[String]) -> Diagnostic {
    let known = match known {
        [] => "nothing of this name is made before this place".to_string(),
        [only] => format!("only `{only}` was made"),
        [first, .., last] => format!("`{first}` to `{last}` were made"),
    };
    INDEX_RANGE.at(at, format!("there is no `{path}`")).primary(known)
}

pub fn shape_mismatch(at: Span, left: &[u64], right: &[u64]) -> Diagnostic {
    ARRAY_SHAPE
        .at(at, format!("arrays of {} and {} elements do not fit together", shape(left), shape(right)))
        .primary("arithmetic is by element, so both sides need the same shape")
}

/// A number of indices that the array does not have.
pub fn index_count(at: Span, found: usize, dimensions: usize) -> Diagnostic {
    ARRAY_SHAPE
        .at(at, format!("{found} indices, but there are {dimensions} dimensions"))
        .primary(format!("needs {dimensions}"))
}

/// Tables of tables of tables.
pub fn too_many_dimensions(at: Span, limit: usize) -> Diagnostic {
    ARRAY_SHAPE
        .at(at, format!("this array has more than {limit} dimensions"))
        .primary("an array of arrays of arrays ...")
}

/// Rows of different lengths in `[[..], [..]]`.
pub fn ragged_array(first: Span, other: Span) -> Diagnostic {
    ARRAY_SHAPE
        .at(other, "the rows of this table differ in length or kind")
        .label(first, "the first row")
        .label(other, "this row differs from it")
}

pub fn empty_array(at: Span, what: &str) -> Diagnostic {
    EMPTY_ARRAY.at(at, format!("`{what}` of nothing has no value")).primary("there is no element")
}

/// A fraction, or something that is no number, where a count or an index is due.
pub fn not_whole(at: Span, what: &str, found: &str) -> Diagnostic {
    NOT_WHOLE.at(at, format!("{what} must be a whole number, but this is {found}")).primary(found.to_string())
}

pub fn not_a_number(at: Span) -> Diagnostic {
    NOT_A_NUMBER
        .at(at, "this has no value: it is not a number")
        .primary("something like 0/0, inf - inf or the root of a negative number")
}

/// A value of another kind than is needed.
pub fn wrong_kind(at: Span, needed: &str, found: &str) -> Diagnostic {
    WRONG_KIND.at(at, format!("{needed} is needed here, but this is {found}")).primary(found.to_string())
}

/// Nesting or work beyond what any circuit needs.
pub fn too_large(at: Span, what: &str) -> Diagnostic {
    TOO_LARGE.at(at, format!("this expression {what}")).primary("given up here")
}

/// A loop that no run ends.
pub fn too_many_passes(at: Span) -> Diagnostic {
    TOO_LARGE
        .at(at, "this loop has more than a billion passes")
        .primary("the index runs through all of them")
        .help("use `repeat { ... } until CONDITION`, which ends when there is a reason to")
}

/// A loop in which no time passes.
pub fn endless(at: Span) -> Diagnostic {
    TOO_LARGE
        .at(at, "this loop was repeated ten million times without any time passing")
        .primary("its condition does not hold")
        .note("nothing in it runs the circuit, so what the condition reads may never change")
}

/// A name that the thing before the dot does not have.
pub fn unknown_member<'a>(
    at: Span,
    name: &str,
    of: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    let diagnostic = NO_SUCH_MEMBER.at(at, format!("{of} has no `{name}`")).primary("not found");
    match nearest(name, known) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

/// `what` needs places in space, which a population does not have.
pub fn no_positions(at: Span, what: &str, population: &str, declared: Span) -> Diagnostic {
    NO_POSITIONS
        .at(at, format!("`{what}` needs positions, but the cells of `{population}` have none"))
        .primary("needs positions")
        .label(declared, "declared without `at`")
        .help("add `at grid(20 um)` to the population, or `at (x, y, z)` with lengths of `i`")
}

/// A projection from cells without spikes that names no other event.
pub fn never_spikes(at: Span, population: &str, cell: &str, events: &[std::sync::Arc<str>]) -> Diagnostic {
    let diagnostic = NO_SUCH_MEMBER
        .at(at, format!("`{population}` never spikes, so no projection can begin there"))
        .primary(format!("its cell `{cell}` has no `spike when`"));
    match events {
        [] => diagnostic.help(format!("say when `{cell}` spikes, as in `spike when v >= V_th`")),
        [event, ..] => diagnostic.help(format!("begin at an event, as in `{population}.{event}`")),
    }
}

pub fn repeated_cell(at: Span, population: &str, cell: u32) -> Diagnostic {
    REPEATED_CELL
        .at(at, format!("cell {cell} of `{population}` occurs twice in this view"))
        .primary("a view holds a cell at most once")
}

/// `2 × 3`
pub(super) fn shape(shape: &[u64]) -> String {
    if shape.is_empty() {
        return "1".to_string();
    }
    shape.iter().map(|n| n.to_string()).collect::<Vec<_>>().join(" × ")
}
