//! Messages about dimensions and types: both sides, each at its place, in words.

use super::Diagnostic;
use crate::types::{Dimension, Type};
use crate::units::{dimension_words, show};
use circ_grammar::ast::Span;

crate::rules! {
    /// Two dimensions that do not go together.
    UNIT_MISMATCH = "unit-mismatch", Error;
    /// Something of another kind than what is due: a condition that is a number.
    WRONG_TYPE = "wrong-type", Error;
    /// A real number where a whole number is due.
    NOT_WHOLE = "not-whole", Error;
    /// An override that changes the dimension.
    CHANGED_TYPE = "changed-type", Error;
}

/// A type in words, with its article.
pub fn words(ty: &Type) -> String {
    match ty {
        Type::Real(dimension) => dimension_words(*dimension),
        Type::AnyReal => "a number".into(),
        Type::Int => "a whole number".into(),
        Type::Bool => "a condition".into(),
        Type::Text => "a text".into(),
        Type::Array(..) => "an array".into(),
        Type::Tuple(_) => "a list in parentheses".into(),
        Type::View(_) => "a population".into(),
        Type::Port(_) => "a port".into(),
        Type::Segment => "a segment".into(),
        Type::Events => "a kind of event".into(),
        Type::Part(_) => "a part".into(),
        Type::Drive => "a drive".into(),
        Type::Projection => "a projection".into(),
        Type::Family(_) => "a family of items".into(),
        Type::Error => "something unknown".into(),
    }
}

/// Of arrays also what tells two of them apart: "an array of 2 × 3, each a voltage".
fn full_words(ty: &Type) -> String {
    let Type::Array(element, sizes) = ty else { return words(ty) };
    let sizes: Vec<_> = sizes.iter().map(|n| n.map_or("_".to_string(), |n| n.to_string())).collect();
    format!("an array of {}, each {}", sizes.join(" × "), words(element))
}

/// `verb` joins both sides: "can not be added to".
pub fn operands(at: Span, left: (Span, &Type), right: (Span, &Type), verb: &str) -> Diagnostic {
    UNIT_MISMATCH
        .at(at, format!("{} {verb} {}", words(left.1), words(right.1)))
        .label(left.0, words(left.1))
        .label(right.0, words(right.1))
}

/// A value of another dimension or type than what `due_for` asks for; `because` is where that is said.
pub fn must_be(
    at: Span,
    due_for: &str,
    due: &Type,
    found: &Type,
    because: Option<(Span, String)>,
) -> Diagnostic {
    let rule = match (due, found) {
        (Type::Real(_) | Type::AnyReal | Type::Int, Type::Real(_) | Type::AnyReal | Type::Int) => {
            &UNIT_MISMATCH
        }
        _ => &WRONG_TYPE,
    };
    let words = if words(due) == words(found) { full_words } else { words };
    let diagnostic = rule
        .at(at, format!("{due_for} must be {}, but this is {}", words(due), words(found)))
        .primary(words(found));
    match because {
        Some((span, text)) if span != at => diagnostic.label(span, text),
        _ => diagnostic,
    }
}

/// As [`must_be`], of a parameter whose own value is the likelier slip.
pub fn parameter_must_be(
    name: &str,
    value_at: Span,
    value: f64,
    found: Dimension,
    due: Dimension,
    used_at: Span,
    used: &str,
) -> Diagnostic {
    let diagnostic = UNIT_MISMATCH
        .at(
            value_at,
            format!(
                "`{name}` must be {}, but `{}` is {}",
                dimension_words(due),
                show(value, found),
                dimension_words(found)
            ),
        )
        .primary(dimension_words(found))
        .label(used_at, used);
    // Only a slip of the unit's last letter is worth a bet: `20 mV` for `20 ms`.
    if due == Dimension::TIME && (0.01..=10_000.0).contains(&value) {
        diagnostic.help(format!("did you mean `{}`?", show(value, due)))
    } else {
        diagnostic
    }
}

/// Something that is no number (or array of numbers).
pub fn not_a_number(at: Span, found: &Type) -> Diagnostic {
    WRONG_TYPE.at(at, format!("a number is due here, but this is {}", words(found))).primary(words(found))
}

/// Of another kind than due; `due` with its article.
pub fn wrong_type(at: Span, due: &str, found: &Type) -> Diagnostic {
    WRONG_TYPE.at(at, format!("{due} is due here, but this is {}", words(found))).primary(words(found))
}

/// `due_for` such as "the size of a population".
pub fn not_whole(at: Span, due_for: &str, found: &Type, name: Option<(&str, Span)>) -> Diagnostic {
    let diagnostic = NOT_WHOLE
        .at(at, format!("{due_for} must be a whole number, but this is {}", words(found)))
        .primary(words(found));
    match (name, found) {
        (Some((name, declared)), Type::Real(Dimension::REAL)) => diagnostic
            .label(declared, "a real, as its type is not written")
            .help(format!("declare it as `{name}: int`")),
        (None, Type::Real(Dimension::REAL)) => {
            diagnostic.help("`round`, `floor` and `ceil` give a whole number")
        }
        _ => diagnostic,
    }
}

/// A number with a fraction where a whole one is due; `shown` is the number.
pub fn fraction(at: Span, due_for: &str, shown: &str) -> Diagnostic {
    NOT_WHOLE
        .at(at, format!("{due_for} must be a whole number, but this is {shown}"))
        .primary("between two whole numbers")
}

/// The exponent of a quantity with a dimension is not known, or gives no dimension.
pub fn bad_power(at: Span, base: (Span, &Type), why: &str) -> Diagnostic {
    UNIT_MISMATCH
        .at(at, format!("{} can not be raised to this power", words(base.1)))
        .primary(why.to_owned())
        .label(base.0, words(base.1))
}

/// A product whose dimension does not fit our tables.
pub fn too_high_powers(at: Span) -> Diagnostic {
    UNIT_MISMATCH
        .at(at, "the powers of the units in this product are too high")
        .primary("beyond what a dimension holds")
}

/// A cell that extends another gives a name another dimension.
pub fn changed_type(at: Span, name: &str, now: &Type, before_at: Span, before: &Type) -> Diagnostic {
    CHANGED_TYPE
        .at(at, format!("`{name}` was {}, so it can not become {}", words(before), words(now)))
        .primary(words(now))
        .label(before_at, words(before))
        .note("a cell that extends another may give a name another value, but not another dimension")
}

/// The name of a port that adds to a state has no value of its own.
pub fn port_without_value(at: Span, port: &str, declared: Span, state: &str) -> Diagnostic {
    WRONG_TYPE
        .at(at, format!("`{port}` has no value: what arrives there is added to `{state}`"))
        .primary("no value")
        .label(declared, "declared with `delta` here")
        .help(format!("read `{state}`"))
}

/// `x'` of something that has no equation.
pub fn no_derivative(at: Span, name: &str, is: &str, declared: Span) -> Diagnostic {
    WRONG_TYPE
        .at(at, format!("`{name}` is {is} without an equation, so `{name}'` has no value"))
        .primary("no derivative")
        .label(declared, "declared here")
}

/// `E.spike'`
pub fn no_slope(at: Span, name: &str) -> Diagnostic {
    WRONG_TYPE
        .at(at, format!("`{name}` is no state, so `{name}'` has no value"))
        .primary("no derivative")
        .note("a state that has an equation has one")
}

/// A condition for each cell where one is due.
pub fn many_conditions(at: Span) -> Diagnostic {
    WRONG_TYPE
        .at(at, "one condition is due here, but this is one for each element")
        .primary("an array of conditions")
        .help("write `all(...)` or `any(...)` around it")
}

/// Ports of one cell that take different quantities, where one sum of weights is asked for.
pub fn which_port(at: Span, ports: &[String]) -> Diagnostic {
    let names = ports.iter().map(|port| format!("`{port}`")).collect::<Vec<_>>().join(", ");
    UNIT_MISMATCH
        .at(at, "weights of ports that take different quantities can not be added up")
        .primary("which port?")
        .note(format!("the ports are {names}"))
        .help("name one, as in `weight_sum(E.exc)`")
}

/// More indices than dimensions.
pub fn too_many_indices(at: Span, dimensions: usize, found: usize) -> Diagnostic {
    let plural = if dimensions == 1 { "" } else { "s" };
    WRONG_TYPE
        .at(at, format!("this has {dimensions} dimension{plural}, but {found} indices are given"))
        .primary(format!("{found} indices"))
}

/// Arrays of different shapes.
pub fn shapes(at: Span, left: (Span, &Type), right: (Span, &Type)) -> Diagnostic {
    WRONG_TYPE
        .at(at, "arrays of different shapes can not be combined by element")
        .label(left.0, format!("`{}`", left.1))
        .label(right.0, format!("`{}`", right.1))
}
