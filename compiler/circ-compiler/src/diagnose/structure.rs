//! Messages about how things are put together: clauses, arguments, defaults, polarity, and what the
//! language has but this compiler does not build yet.

use super::Diagnostic;
use super::names::list;
use circ_grammar::ast::Span;

crate::rules! {
    /// Part of the language, not built yet.
    NOT_YET = "not-yet", Error;
    /// A population sends to a port of another polarity.
    POLARITY = "polarity", Error;
    /// A projection or drive without what it needs.
    MISSING_CLAUSE = "missing-clause", Error;
    /// Twice the same clause.
    DUPLICATE_CLAUSE = "duplicate-clause", Error;
    /// A value that flows into a port for events.
    VALUE_PORT = "value-port", Error;
    /// A target that is not a port.
    MISSING_PORT = "missing-port", Error;
    /// Arguments that do not fit what is called.
    WRONG_ARGUMENTS = "wrong-arguments", Error;
    /// A declaration that tells no type.
    MISSING_TYPE = "missing-type", Error;
    /// A parameter that nobody gives.
    MISSING_VALUE = "missing-value", Error;
    /// An equation or assignment of something that is not a state.
    NOT_A_STATE = "not-a-state", Error;
    /// A parameter that would change while time runs.
    NOT_CONSTANT = "not-constant", Error;
    /// An expression nested beyond all reason.
    TOO_DEEP = "too-deep", Error;
    /// A number that no 64-bit number holds.
    NUMBER_TOO_LARGE = "number-too-large", Error;
    /// More messages than anyone reads at once.
    TOO_MANY_MISTAKES = "too-many-mistakes", Note;
}

/// What is left out after many messages.
pub fn too_many_mistakes(at: Span, more: usize) -> Diagnostic {
    TOO_MANY_MISTAKES
        .at(at, format!("{more} more messages are not shown"))
        .primary("the first of them is here")
}

/// `what` is named with its article: "a segment".
pub fn not_yet(at: Span, what: &str) -> Diagnostic {
    NOT_YET
        .at(at, format!("{what} can not be built yet"))
        .primary("part of the language, but not of this version of the compiler")
}

/// `sum(E.v over 100 ms)`
pub fn not_over_time(at: Span, name: &str) -> Diagnostic {
    argument_form(at, format!("`{name}` has no meaning over a window of time"), "depends on the step")
        .note("over time there are `mean`, `std`, `min`, `max`, `any` and `all`")
}

/// `mean(P.w over 100 ms)`
pub fn not_through_time(at: Span, name: &str) -> Diagnostic {
    let message = format!("`{name}` over time takes what cells have, as in `{name}(E.v over 100 ms)`");
    argument_form(at, message, "no values of cells")
}

/// A population and a port that do not go together.
pub struct PolarityClash<'a> {
    pub source: &'a str,
    /// Where the source is declared.
    pub declared: Span,
    /// Of the source.
    pub sign: &'a str,
    pub projection: &'a str,
    pub port_at: Span,
    pub port_sign: &'a str,
    /// The population that the port belongs to, where it has one name.
    pub target: Option<&'a str>,
    /// A port of the target that would do.
    pub other_port: Option<&'a str>,
}

/// A population sends to a port of another polarity.
pub fn polarity(clash: PolarityClash<'_>) -> Diagnostic {
    let PolarityClash { source, sign, projection, target, .. } = clash;
    let target = target.unwrap_or("its target");
    let verb = if clash.port_sign == "excitatory" { "excites" } else { "inhibits" };
    let quoted = if clash.target.is_some() { format!("`{target}`") } else { target.to_owned() };
    let diagnostic = POLARITY
        .at(clash.port_at, format!("`{source}` is {sign}, but `{projection}` {verb} {quoted}"))
        .primary(format!("an {} port", clash.port_sign))
        .label(clash.declared, format!("declared {sign} here"));
    match clash.other_port {
        Some(port) if clash.target.is_some() => {
            diagnostic.help(format!("project to `{target}.{port}`, or drop `{sign}` from `{source}`"))
        }
        Some(port) => {
            diagnostic.help(format!("project to the port `{port}`, or drop `{sign}` from `{source}`"))
        }
        None => diagnostic,
    }
}

/// A drive that gives values, at a port that takes events only.
pub fn value_port(at: Span, port: &str, declared: Span) -> Diagnostic {
    VALUE_PORT
        .at(at, format!("a value can flow only into a `sum` port, and `{port}` is none"))
        .primary("takes events only")
        .label(declared, "declared here")
        .help(format!("declare `{port}` as `via sum`, or drive it with events, as in `poisson(...)`"))
}

/// `of` is what lacks it: "projection `from_E`".
pub fn missing_clause(at: Span, of: &str, clause: &str, example: &str) -> Diagnostic {
    MISSING_CLAUSE
        .at(at, format!("{of} has no `{clause}`"))
        .primary(format!("needs a `{clause}`"))
        .help(format!("add a line such as `{example}`"))
}

/// The same clause twice.
pub fn duplicate_clause(again: Span, clause: &str, first: Span) -> Diagnostic {
    DUPLICATE_CLAUSE
        .at(again, format!("`{clause}` is written twice"))
        .primary("written again")
        .label(first, "first written here")
}

/// The target of a projection or drive names cells, not a port of them.
pub fn missing_port(at: Span, what: &str, ports: &[String]) -> Diagnostic {
    let diagnostic = MISSING_PORT
        .at(at, format!("{what} needs a port of the target, as in `E.exc`"))
        .primary("cells, but not which of their ports");
    let named: Vec<_> = ports.iter().map(|port| format!("`.{port}`")).collect();
    match ports {
        [] => diagnostic,
        [one] => diagnostic.help(format!("its only port is `.{one}`")),
        _ => diagnostic.note(format!("its ports are {}", list(&named))),
    }
}

/// Counts that do not fit; `due` says what the callee takes: "2 arguments".
pub fn argument_count(at: Span, name: &str, due: &str, found: usize) -> Diagnostic {
    WRONG_ARGUMENTS
        .at(at, format!("`{name}` takes {due}, but {found} {} given", if found == 1 { "is" } else { "are" }))
        .primary(format!("{found} given"))
}

/// An argument in a form that the callee does not take.
pub fn argument_form(at: Span, message: String, label: &str) -> Diagnostic {
    WRONG_ARGUMENTS.at(at, message).primary(label)
}

/// `store w`, without how.
pub fn store_how(at: Span, name: &str) -> Diagnostic {
    WRONG_ARGUMENTS
        .at(at, format!("`store {name}` does not say how narrow"))
        .primary("`as` what?")
        .help(format!("write `store {name} as f32` or `store {name} as f64`"))
}

/// Neither an annotation nor a value that tells the type.
pub fn missing_type(at: Span, name: &str) -> Diagnostic {
    MISSING_TYPE
        .at(at, format!("nothing tells the type of `{name}`"))
        .primary("has neither a type nor a value")
        .help(format!("write its type, as in `{name}: voltage`"))
}

/// A parameter without default that the user of a cell or circuit does not give.
pub fn missing_value(at: Span, name: &str, of: &str, declared: Span) -> Diagnostic {
    MISSING_VALUE
        .at(at, format!("`{name}` of `{of}` has no value"))
        .primary(format!("`{name}` is not given here"))
        .label(declared, "declared without a default")
}

/// `is` with its article; `doing` such as "an equation sets" or "a block changes".
pub fn not_a_state(at: Span, name: &str, is: &str, doing: &str, declared: Option<Span>) -> Diagnostic {
    let diagnostic = NOT_A_STATE.at(at, format!("{doing} a state, but `{name}` is {is}")).primary(is);
    match declared {
        Some(span) => diagnostic.label(span, "declared here"),
        None => diagnostic,
    }
}

/// `fire` or `silence` of cells whose spikes are not theirs to decide.
pub fn never_spikes(at: Span, path: &str, plays: bool) -> Diagnostic {
    match plays {
        true => NOT_A_STATE
            .at(at, format!("the spikes of `{path}` are given"))
            .primary("plays its `events`, whatever an experiment does"),
        false => {
            NOT_A_STATE.at(at, format!("`{path}` never spikes")).primary("its cells have no `spike when`")
        }
    }
}

/// A state of type int or bool with an equation.
pub fn discrete_equation(at: Span, name: &str, ty: &str) -> Diagnostic {
    NOT_A_STATE
        .at(at, format!("`{name}` is {ty}, so it can not have an equation"))
        .primary("an equation needs a real state")
}

/// `what` such as "the parameter `g`"; `reads` is what it follows; `parameter` its name, if a `let` would do.
pub fn not_constant(
    at: Span,
    what: &str,
    reads: &str,
    declared: Span,
    parameter: Option<&str>,
) -> Diagnostic {
    let diagnostic = NOT_CONSTANT
        .at(at, format!("{what} would change with {reads}"))
        .primary("changes while time runs")
        .label(declared, "constant while time runs");
    match parameter {
        Some(name) => diagnostic.help(format!("write `let {name} = ...` for a value that follows {reads}")),
        None => diagnostic,
    }
}

/// Nesting beyond the limit.
pub fn too_deep(at: Span, limit: u32) -> Diagnostic {
    TOO_DEEP
        .at(at, format!("this expression is nested more than {limit} levels deep"))
        .primary("give parts of it names with `let`")
}

/// Beyond 64-bit floating point.
pub fn number_too_large(at: Span) -> Diagnostic {
    NUMBER_TOO_LARGE
        .at(at, "this number is larger than any that can be computed with")
        .primary("above 1.8e308")
        .help("write `inf` for a value without bound")
}
