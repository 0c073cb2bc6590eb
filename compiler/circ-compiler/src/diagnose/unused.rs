//! Messages about what is declared and never used, and about names that hide others.

use super::Diagnostic;
use circ_grammar::ast::Span;

crate::rules! {
    /// A parameter that nothing reads.
    UNUSED_PARAMETER = "unused-parameter", Warning;
    /// A port whose arrivals nothing reads.
    UNUSED_PORT = "unused-port", Warning;
    /// A state that nothing reads but itself.
    UNUSED_STATE = "unused-state", Warning;
    /// A `let` or `data` that nothing reads.
    UNUSED_LET = "unused-let", Warning;
    /// A function that nothing calls.
    UNUSED_FUNCTION = "unused-function", Warning;
    /// A population that nothing names.
    UNUSED_POPULATION = "unused-population", Warning;
    /// A cell that no population is made of.
    UNUSED_CELL = "unused-cell", Warning;
    /// A plasticity rule that no projection attaches.
    UNUSED_RULE = "unused-rule", Warning;
    /// A `pre` or `post` state that nothing reads.
    UNREAD_TRACE = "unread-trace", Warning;
    /// A name in a `use` that its file does not say again.
    UNUSED_IMPORT = "unused-import", Warning;
    /// A declaration that hides a name of the language.
    SHADOWED_NAME = "shadowed-name", Warning;
}

/// `of` is the cell, function, circuit or experiment.
pub fn parameter(at: Span, name: &str, of: &str) -> Diagnostic {
    UNUSED_PARAMETER
        .at(at, format!("parameter `{name}` of `{of}` is never read"))
        .primary("its value changes nothing")
        .help(format!("use it or remove it; a name such as `_{name}` is never called unused"))
}

/// A port that is no `delta`.
pub fn port(at: Span, name: &str, cell: &str) -> Diagnostic {
    UNUSED_PORT
        .at(at, format!("port `{name}` of `{cell}` is never read"))
        .primary("what arrives here changes nothing")
        .help(format!("add `{name}` to the equation that it should act on, or remove it"))
}

/// A state with an equation or assignments, but without effect.
pub fn state(at: Span, name: &str, cell: &str) -> Diagnostic {
    UNUSED_STATE
        .at(at, format!("nothing but itself reads the state `{name}` of `{cell}`"))
        .primary("computed, but without effect")
        .help(format!("use `{name}` in another equation or condition, record it, or remove it"))
}

/// `let` and `data`.
pub fn binding(at: Span, name: &str) -> Diagnostic {
    UNUSED_LET
        .at(at, format!("`{name}` is never read"))
        .primary("given a value, but without effect")
        .help(format!("use it or remove it; a name such as `_{name}` is never called unused"))
}

/// `fn`
pub fn function(at: Span, name: &str) -> Diagnostic {
    UNUSED_FUNCTION
        .at(at, format!("the function `{name}` is never called"))
        .primary("declared here")
        .help("call it or remove it")
}

/// Of a circuit that runs.
pub fn population(at: Span, name: &str) -> Diagnostic {
    UNUSED_POPULATION
        .at(at, format!("nothing uses the population `{name}`"))
        .primary("no projection, drive, recording or measure names it")
        .help(format!("connect it, `record {name}.spike`, or remove it"))
}

/// In a file that has an experiment.
pub fn cell(at: Span, name: &str) -> Diagnostic {
    UNUSED_CELL
        .at(at, format!("nothing uses the cell `{name}`"))
        .primary("no population is made of it, and no cell extends it")
        .help("make a population of it, or remove it")
}

/// In a file that has an experiment.
pub fn rule(at: Span, name: &str) -> Diagnostic {
    UNUSED_RULE
        .at(at, format!("plasticity `{name}` is never attached, so no weight will change by it"))
        .primary("declared here")
        .help(format!("write `plasticity {name}` in a projection, or remove it"))
}

/// `side` is `pre` or `post`.
pub fn trace(at: Span, name: &str, rule: &str, side: &str) -> Diagnostic {
    UNREAD_TRACE
        .at(at, format!("nothing reads the `{side}` state `{name}` of `{rule}`"))
        .primary("follows the spikes, but changes nothing")
        .help("read it in a hook or an equation of the rule, or remove it")
}

/// A name that a `use` brings in; `all` is what goes with it.
pub fn import(at: Span, name: &str, all: Span) -> Diagnostic {
    let mut diagnostic = UNUSED_IMPORT
        .at(at, format!("`{name}` is never used in this file"))
        .primary("brought in here")
        .help("remove it from the `use`");
    diagnostic.fix.push(super::Edit { span: all, text: String::new() });
    diagnostic
}

/// `meaning` is what the language means by it: "the step".
pub fn shadowed(at: Span, name: &str, meaning: &str) -> Diagnostic {
    SHADOWED_NAME
        .at(at, format!("`{name}` is declared here, and hides {meaning}"))
        .primary(format!("elsewhere `{name}` is {meaning}"))
        .help("choose another name")
}
