//! Messages about constraints: what must hold of a circuit, is made to hold, or is watched.
//!
//! In: what happened, with places and numbers ready to show. Out: diagnostics.

use super::Diagnostic;
use circ_grammar::ast::Span;

crate::rules! {
    REQUIRE_FAILS = "require-fails", Error;
    REQUIRE_OF_RUN = "require-of-run", Error;
    ENFORCE_FORM = "enforce-form", Error;
    ENFORCE_FAILS = "enforce-fails", Error;
    CONSTRAINT_CONFLICT = "constraint-conflict", Error;
    BALANCE_PORTS = "balance-ports", Error;
    MONITOR_STOPS = "monitor-stops", Warning;
}

/// An `enforce` of weights that synapses of several cells have in common.
pub fn enforce_shared(at: Span, share: Span) -> Diagnostic {
    ENFORCE_FORM
        .at(at, "`enforce` scales the synapses of each cell by a factor of its own, but these share weights with those of other cells")
        .primary("would need weights that differ")
        .label(share, "shared here")
        .note("one number stands for synapses of several cells")
}

/// `numbers` is what both sides are; `cells` how many of how many cells it fails at.
pub fn require_fails(at: Span, numbers: &str, cells: Option<(usize, usize)>) -> Diagnostic {
    let place = in_cells(cells);
    let primary = if cells.is_none() { numbers } else { "must hold for every cell" };
    REQUIRE_FAILS.at(at, format!("a `require` does not hold{place}: {numbers}")).primary(primary)
}

/// ` in 3 of 400 cells`
fn in_cells(cells: Option<(usize, usize)>) -> String {
    cells.map_or(String::new(), |(failing, of)| format!(" in {failing} of {of} cells"))
}

/// What is sure before the network is built: `numbers` is a range that the value can not leave.
pub fn require_never_holds(at: Span, numbers: &str) -> Diagnostic {
    REQUIRE_FAILS
        .at(at, format!("a `require` can not hold: {numbers}"))
        .primary(numbers.to_string())
        .note("whatever is drawn when the network is built")
}

/// A `require` of what only a run tells.
pub fn require_of_run(at: Span, measure: &str) -> Diagnostic {
    REQUIRE_OF_RUN
        .at(at, format!("a `require` holds before the run, but `{measure}` is only known after one"))
        .primary("looks at a run")
        .help("write `monitor` instead of `require`")
}

/// An `enforce` that could scale nothing; `measure` is what stands on its left, where that is one.
pub fn enforce_form(at: Span, measure: Option<&str>) -> Diagnostic {
    let diagnostic = match measure {
        Some(measure @ ("in_degree" | "out_degree")) => ENFORCE_FORM
            .at(at, format!("`enforce` scales weights, and `{measure}` is a number of synapses"))
            .primary("can not be scaled")
            .help("choose it in the projection with `connect`, and check it with `require`"),
        Some(measure) => ENFORCE_FORM
            .at(at, format!("`enforce` scales weights, and `{measure}` has none"))
            .primary("can not be scaled")
            .help(format!("watch it: `monitor {measure}(...) ...`")),
        None => ENFORCE_FORM
            .at(
                at,
                "`enforce` scales the weights of one `weight_sum`, and none stands alone on the left of `==`",
            )
            .primary("not of the form `weight_sum(...) == ...`"),
    };
    diagnostic.note(
        "`enforce weight_sum(E.inh) == 4 * weight_sum(E.exc)` scales all synapses at `E.inh`, cell by cell",
    )
}

/// The right side of an `enforce` reads what a run did.
pub fn enforce_of_run(at: Span, measure: &str) -> Diagnostic {
    ENFORCE_FORM
        .at(at, format!("`enforce` holds from the start, but `{measure}` is only known after a run"))
        .primary("looks at a run")
}

/// Cells whose sum can not be scaled to what it should be; `cells` says which, with their numbers.
pub fn enforce_fails(at: Span, why: &str, failing: usize, of: usize, cells: &str) -> Diagnostic {
    let place = in_cells(Some((failing, of)));
    ENFORCE_FAILS
        .at(at, format!("an `enforce` can not be met{place}, {why}: {cells}"))
        .primary("can not be scaled to this")
        .note("`enforce` multiplies the weights of the synapses that a cell has")
}

/// A sum whose weights have one sign, and that would need the other; `side` of 0 it would have to be.
pub fn enforce_sign(at: Span, side: &str) -> Diagnostic {
    ENFORCE_FAILS
        .at(at, format!("an `enforce` can not be met: the sum on its left would have to be {side} 0"))
        .primary(format!("asks for a sum {side} 0"))
        .note(
            "`enforce` multiplies weights by positive factors; those at excitatory and inhibitory ports are magnitudes",
        )
}

/// A sum that would be 0.
pub fn enforce_nothing(at: Span) -> Diagnostic {
    ENFORCE_FAILS
        .at(at, "an `enforce` can not make weights of nothing: the sum on its left would be 0")
        .primary("asks for a sum of 0")
        .note("weights that are 0 can not be scaled to anything else again")
        .help("leave out the projection, as in `if g > 0 { projection ... }`, and this `enforce`")
}

/// A sum that would be infinite.
pub fn enforce_infinite(at: Span) -> Diagnostic {
    ENFORCE_FAILS
        .at(at, "an `enforce` can not be met: the sum on its left would be infinite")
        .primary("is no finite number")
}

/// Two `enforce`s that scale the same synapses.
pub fn enforced_twice(at: Span, first: Span) -> Diagnostic {
    CONSTRAINT_CONFLICT
        .at(at, "two `enforce`s scale the same synapses")
        .primary("scales them too")
        .label(first, "scaled here already")
        .help("write one `enforce` for each set of synapses")
}

/// `enforce`s that each wait for the other.
pub fn enforced_in_circle(at: Span, others: &[Span]) -> Diagnostic {
    let message = match others {
        [] => "an `enforce` scales what its own right side reads",
        _ => "each of these `enforce`s scales what the right side of another reads",
    };
    let diagnostic = CONSTRAINT_CONFLICT.at(at, message).primary("depends on itself");
    let diagnostic =
        others.iter().fold(diagnostic, |diagnostic, other| diagnostic.label(*other, "and on this"));
    diagnostic.help("give one of the sums as a number, and the others relative to it")
}

/// An `enforce` without `every` of weights that a rule changes.
pub fn enforce_undone(at: Span, rule: &str, attached: Span) -> Diagnostic {
    CONSTRAINT_CONFLICT
        .at(at, format!("`{rule}` changes these weights as soon as the network runs"))
        .primary("makes them so once, when the network is built")
        .label(attached, "changes them")
        .help("keep them so with `every 100 ms`, or scale them by an `enforce` of the experiment")
}

/// A condition that an `enforce` makes impossible; `numbers` is the condition with what is enforced in it.
pub fn enforced_against(at: Span, numbers: &str, enforce: Span) -> Diagnostic {
    CONSTRAINT_CONFLICT
        .at(at, format!("this can not hold together with an `enforce`: {numbers}"))
        .primary(numbers.to_string())
        .label(enforce, "this is enforced")
}

/// `balance` of cells whose ports do not add to one equation.
pub fn balance_ports(at: Span, cell: &str, why: &str) -> Diagnostic {
    BALANCE_PORTS
        .at(at, format!("`balance` is not defined for cell `{cell}`: {why}"))
        .primary("asked for here")
        .note("`balance` compares what the excitatory and the inhibitory ports add to the right side of the equation that reads them")
}

/// A monitor that ended the run.
pub fn monitor_stops(at: Span, time_ms: &str, numbers: &str, cells: Option<(usize, usize)>) -> Diagnostic {
    let place = in_cells(cells);
    MONITOR_STOPS
        .at(at, format!("a `monitor` stopped the run at {time_ms} ms{place}: {numbers}"))
        .primary("does not hold")
        .note("what was recorded until then is kept")
}
