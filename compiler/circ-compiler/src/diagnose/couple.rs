//! Messages about couplings: what they may join, and that they form a tree.
//!
//! In: what was found, with places. Out: diagnostics.

use super::Diagnostic;
use super::typing::words;
use crate::types::{Dimension, Type};
use circ_grammar::ast::Span;

crate::rules! {
    /// A coupling of a variable with itself.
    COUPLED_WITH_ITSELF = "coupled-with-itself", Error;
    /// A coupling of a state that no equation moves.
    COUPLED_WITHOUT_EQUATION = "coupled-without-equation", Error;
    /// A coupling adds to a right side whose factor is not written.
    COUPLED_WITHOUT_FACTOR = "coupled-without-factor", Error;
    /// What a coupling adds has not the dimension of a right side.
    COUPLED_DIMENSIONS = "coupled-dimensions", Error;
    /// An index of a coupling that is not known when the circuit is built.
    COUPLING_UNKNOWN = "coupling-unknown", Error;
    /// Couplings that lead back to where they began.
    COUPLING_RING = "coupling-ring", Error;
}

/// More places of one ring are not shown.
const MOST_SHOWN: usize = 6;

pub fn coupled_with_itself(at: Span, name: &str) -> Diagnostic {
    COUPLED_WITH_ITSELF
        .at(at, format!("`{name}` is coupled with itself"))
        .primary("both ends are the same state")
        .note("a coupling adds `g * (other - own)`, which between a state and itself is always 0")
}

pub fn coupled_without_equation(at: Span, name: &str, declared: Span) -> Diagnostic {
    COUPLED_WITHOUT_EQUATION
        .at(at, format!("`{name}` is coupled, but has no equation that the coupling could add to"))
        .primary("no equation")
        .label(declared, "declared here")
        .help(format!("write its equation, as in `C * {name}' = ...`"))
}

pub fn coupled_without_factor(equation: Span, name: &str, coupling: Span) -> Diagnostic {
    COUPLED_WITHOUT_FACTOR
        .at(equation, format!("the equation of `{name}` is coupled, so it must be written with its factor"))
        .primary(format!("nothing stands before `{name}'`"))
        .label(coupling, "adds to its right side")
        .note("a coupling adds a current to the right side of `C * v' = ...`; the factor says what a current does")
        .help(format!("multiply the equation by its capacitance, as in `C * {name}' = ...`"))
}

/// Neither a number nor made of counts, loops and tables.
pub fn coupling_unknown(at: Span) -> Diagnostic {
    COUPLING_UNKNOWN
        .at(at, "which segments are coupled must be known when the circuit is built".to_owned())
        .primary("not a whole number yet")
        .note("indices of couplings are made of numbers, `k`, the indices of loops, parameters that count segments, and tables at the top level")
}

/// States of two dimensions; each with its type.
pub fn coupled_states(
    b_at: Span,
    (a, a_type): (&str, &Type),
    (b, b_type): (&str, &Type),
    a_at: Span,
) -> Diagnostic {
    COUPLED_DIMENSIONS
        .at(
            b_at,
            format!("`{a}` is {}, but `{b}` is {}, so they can not be coupled", words(a_type), words(b_type)),
        )
        .primary(words(b_type))
        .label(a_at, words(a_type))
        .note("a coupling adds `g * (other - own)`, and there is no difference between the two")
}

/// What couples does not make a right side of the equation of `name`.
pub fn coupled_by(at: Span, name: &str, due: &Type, found: &Type, equation: Span) -> Diagnostic {
    COUPLED_DIMENSIONS
        .at(at, format!("the coupling of `{name}` must be by {}, but this is {}", words(due), words(found)))
        .primary(words(found))
        .label(equation, format!("the right side is {} times a difference of `{name}`", words(due)))
}

/// The equation of a mode whose factor is of another kind than outside the mode; `factors` are of both.
pub fn coupled_in_mode(
    name: &str,
    (mode, equation): (&str, Span),
    outside: Span,
    [due, found]: &[Type; 2],
    coupling: Span,
) -> Diagnostic {
    let same = match (due, found) {
        (Type::Real(Dimension::CAPACITANCE), Type::Real(Dimension::TIME)) => {
            format!("; `tau * {name}' = e` says the same as `C * {name}' = C / tau * e`")
        }
        _ => String::new(),
    };
    let (due, found) = (words(due), words(found));
    COUPLED_DIMENSIONS
        .at(
            equation,
            format!("`{name}` is coupled, and its equation in `{mode}` can not take what the coupling adds"),
        )
        .primary(format!("the factor of `{name}'` is {found} here"))
        .label(outside, format!("and {due} here"))
        .label(coupling, "adds to the right sides of both")
        .help(format!("write it with {due} before `{name}'`, as outside `{mode}`{same}"))
}

/// `ring`: names and the couplings between each and the next, back to the first.
pub fn coupling_ring(ring: &[(String, Span)]) -> Diagnostic {
    let (first, at) = ring.last().cloned().unwrap_or_default();
    let names = std::iter::once(&first).chain(ring.iter().map(|(name, _)| name));
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let shown = match names.len() <= MOST_SHOWN + 1 {
        true => names.join(" <-> "),
        false => format!("{} <-> ... <-> {}", names[..MOST_SHOWN].join(" <-> "), names[0]),
    };
    let mut diagnostic = COUPLING_RING
        .at(
            at,
            match ring.len() {
                2 => format!("`{}` and `{first}` are coupled twice", ring[0].0),
                _ => format!("couplings form a ring: {shown}"),
            },
        )
        .primary("closes the ring");
    let mut others: Vec<Span> = ring[..ring.len().saturating_sub(1)].iter().map(|(_, span)| *span).collect();
    others.sort_unstable();
    others.dedup();
    for span in others.into_iter().filter(|span| *span != at).take(MOST_SHOWN) {
        diagnostic = diagnostic.label(span, "part of it");
    }
    diagnostic.note("coupled equations are solved together from the tips to the root, which only a tree has")
}
