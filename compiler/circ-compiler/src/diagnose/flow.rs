//! Messages about what flows between ticks, and about projections in both directions.

use super::Diagnostic;
use super::names::circle;
use super::structure::MISSING_CLAUSE;
use circ_grammar::ast::Span;

crate::rules! {
    /// Values that flow into one another in the same tick.
    CYCLIC_FLOW = "cyclic-flow", Error;
    /// A weight that has no part in what flows.
    UNREAD_WEIGHT = "unread-weight", Warning;
    /// `<->` with pairs that have no two directions, or cannot be counted in both.
    SYMMETRIC_PAIRS = "symmetric-pairs", Error;
}

/// The members of a circle in order: each reads a port into which the next flows, the last one into which the first.
pub fn cyclic_flow(members: &[(String, Span)]) -> Diagnostic {
    circle(&CYCLIC_FLOW, members, "flows into itself within one tick", "needs")
        .note("a value flows to where it is read at the same tick, unless the projection has a `delay`")
        .help("make one of them a `state`, or give a projection on the way a `delay` of a tick")
}

/// What needs the weight of what flows.
pub enum Needs {
    /// `continuous w * ...`
    Flow(Span),
    /// `plasticity Rule`, where what flows is the value as it is.
    Rule(Span),
}

/// `of` is what lacks it: "projection `gap`".
pub fn missing_weight(at: Span, of: &str, needs: Needs, example: &str) -> Diagnostic {
    let missing = MISSING_CLAUSE.at(at, format!("{of} has no `weight`")).primary("needs a `weight`");
    let help = format!("add a line such as `{example}`");
    match needs {
        Needs::Flow(flows) => missing.label(flows, "reads it as `w`").help(help),
        Needs::Rule(rule) => missing
            .label(rule, "begins from it")
            .help(format!("{help}, and read it as `w`, as in `continuous w * pre.r`")),
    }
}

pub fn unread_weight(weight: Span, flows: Span) -> Diagnostic {
    UNREAD_WEIGHT
        .at(weight, "this weight has no part in what flows")
        .primary("never read")
        .label(flows, "flows as it is")
        .help("read it as `w`, as in `continuous w * pre.r`, or leave the weight out")
}

/// Why the two directions of a `<->` do not go together.
pub enum Clash<'a> {
    /// This way to connect, within one view.
    Degree(&'a str),
    /// `allow self`
    Selves,
    /// The sides share cells, but not all.
    Overlap,
    /// `onto e`
    Onto,
    /// The pair of these cells, and that pair the other way round.
    Twice(String, String),
}

pub fn symmetric_pairs(at: Span, clash: Clash) -> Diagnostic {
    let (what, here, note) = match clash {
        Clash::Degree(way) => (
            format!("`{way}` does not go together with `<->` within one view"),
            "counts one direction only".to_string(),
            "a pair within one view is a synapse of both its cells: use `probability`, `total`, `where`, `all_to_all` or `from`",
        ),
        Clash::Selves => (
            "a cell and itself are no pair for `<->`".to_string(),
            "both directions would be the same".to_string(),
            "leave out `allow self`, or write another projection with `->` for it",
        ),
        Clash::Overlap => (
            "the sides of `<->` share some of their cells, but not all".to_string(),
            "some pairs would be there twice".to_string(),
            "both sides are the same view, or have no cell in common",
        ),
        Clash::Onto => (
            "`onto` does not go together with `<->`".to_string(),
            "chooses a segment in one direction only".to_string(),
            "name the segments on both sides, as in `A.distal[0].gap <-> B.distal[0].gap`, or write one `->` for each direction",
        ),
        Clash::Twice(a, b) => (
            format!("the table lists the pair of `{a}` and `{b}` twice"),
            "`<->` makes both directions of each row".to_string(),
            "list each pair once, or write `allow multiple`",
        ),
    };
    SYMMETRIC_PAIRS.at(at, what).primary(here).note(note)
}
