//! Messages about names: unknown, declared twice, out of place, going in circles.

use super::{Diagnostic, foreign, library};
use circ_grammar::ast::Span;

crate::rules! {
    /// A name that nothing declares.
    UNKNOWN_NAME = "unknown-name", Error;
    /// Two declarations of one name.
    DUPLICATE_NAME = "duplicate-name", Error;
    /// A unit that does not exist.
    UNKNOWN_UNIT = "unknown-unit", Error;
    /// A `use` of a file that is not there.
    UNKNOWN_FILE = "unknown-file", Error;
    /// Definitions that need each other's values.
    CYCLIC_LET = "cyclic-let", Error;
    /// Functions that call themselves.
    CYCLIC_FUNCTION = "cyclic-function", Error;
    /// Circuits that contain themselves.
    CYCLIC_CIRCUIT = "cyclic-circuit", Error;
    /// Cells that extend themselves.
    CYCLIC_CELL = "cyclic-cell", Error;
    /// Something that has a meaning elsewhere, but not here.
    OUT_OF_PLACE = "out-of-place", Error;
    /// A cell where a circuit is due, and the like.
    WRONG_KIND = "wrong-kind", Error;
    /// Something inside a part that is not `pub`.
    NOT_PUBLIC = "not-public", Error;
}

/// `wanted` is the kind of thing that is due: "cell", "port of `E`", or empty for any value.
pub fn unknown_name(at: Span, name: &str, wanted: &str, suggestion: Option<String>) -> Diagnostic {
    let message = if wanted.is_empty() {
        format!("there is no `{name}` here")
    } else {
        format!("there is no {wanted} `{name}`")
    };
    let diagnostic = UNKNOWN_NAME.at(at, message).primary("not declared");
    match (foreign::meant(name, wanted), suggestion) {
        (Some(foreign::Meant::Name(other)), _) => did_you_mean(diagnostic, Some(other.to_string())),
        (Some(foreign::Meant::Text(help)), None) => diagnostic.help(help),
        (None, None) => match library::offered(name, wanted) {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        },
        (_, suggestion) => did_you_mean(diagnostic, suggestion),
    }
}

/// A file has no item of this name; another of the library may.
pub fn unknown_item(at: Span, name: &str, file: &str, suggestion: Option<String>) -> Diagnostic {
    let diagnostic = unknown_member(at, name, &format!("`{file}`"), None);
    if let Some(home) = library::home(name) {
        return diagnostic.help(format!("it is in `{home}`: write `use {home}.{name}`"));
    }
    // What other simulators call it says more than a name that looks like it.
    match library::called_here(name).filter(|_| file.starts_with("std.")) {
        Some((home, here)) => diagnostic.help(format!("the library has `{here}`: write `use {home}.{here}`")),
        None => did_you_mean(diagnostic, suggestion),
    }
}

/// A population, drive or part has no member of this name.
pub fn unknown_member(at: Span, name: &str, of: &str, suggestion: Option<String>) -> Diagnostic {
    let diagnostic = UNKNOWN_NAME.at(at, format!("{of} has no `{name}`")).primary("not found there");
    did_you_mean(diagnostic, suggestion)
}

/// A unit that no table holds.
pub fn unknown_unit(at: Span, name: &str, suggestion: Option<String>) -> Diagnostic {
    let diagnostic = UNKNOWN_UNIT.at(at, format!("there is no unit `{name}`")).primary("not a unit");
    did_you_mean(diagnostic, suggestion)
}

/// Powers of units beyond all use.
pub fn unit_power(at: Span) -> Diagnostic {
    UNKNOWN_UNIT.at(at, "the powers of this unit are too high").primary("beyond what a dimension holds")
}

/// A module that the host did not find.
pub fn unknown_file(at: Span, path: &str) -> Diagnostic {
    let message = if path.starts_with("std") {
        format!("the library has no `{path}`")
    } else {
        format!("there is no file `{}.circ` beside this one", path.replace('.', "/"))
    };
    UNKNOWN_FILE.at(at, message).primary("used here")
}

/// `first` is where the name was declared before.
pub fn duplicate_name(again: Span, name: &str, first: Span) -> Diagnostic {
    DUPLICATE_NAME
        .at(again, format!("`{name}` is declared twice"))
        .primary("declared again")
        .label(first, "first declared here")
}

/// The members of a circle in order: each needs the next, the last the first.
pub fn cyclic_let(members: &[(String, Span)]) -> Diagnostic {
    circle(&CYCLIC_LET, members, "needs its own value", "needs")
}

/// As [`cyclic_let`], of functions.
pub fn cyclic_function(members: &[(String, Span)]) -> Diagnostic {
    circle(&CYCLIC_FUNCTION, members, "calls itself", "calls")
        .note("functions are inlined, so none may lead back to itself")
}

/// As [`cyclic_let`], of circuits.
pub fn cyclic_circuit(members: &[(String, Span)]) -> Diagnostic {
    circle(&CYCLIC_CIRCUIT, members, "contains itself", "contains")
}

/// As [`cyclic_let`], of cells.
pub fn cyclic_cell(members: &[(String, Span)]) -> Diagnostic {
    circle(&CYCLIC_CELL, members, "extends itself", "extends")
}

pub(super) fn circle(
    rule: &'static super::Rule,
    members: &[(String, Span)],
    alone: &str,
    verb: &str,
) -> Diagnostic {
    let (name, at) = members.first().cloned().unwrap_or_default();
    if members.len() < 2 {
        return rule.at(at, format!("`{name}` {alone}")).primary("leads back to itself");
    }
    let names: Vec<_> = members.iter().chain(members.first()).map(|(name, _)| format!("`{name}`")).collect();
    let start =
        rule.at(at, format!("{} go in a circle: {}", list(&names[..names.len() - 1]), names.join(" → ")));
    members.iter().enumerate().fold(start, |diagnostic, (k, (_, span))| {
        let text = format!("{verb} {}", names[k + 1]);
        if k == 0 { diagnostic.primary(text) } else { diagnostic.label(*span, text) }
    })
}

/// "`a`, `b` and `c`".
pub fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Something with a meaning elsewhere.
pub fn out_of_place(at: Span, what: &str, where_due: &str) -> Diagnostic {
    OUT_OF_PLACE.at(at, format!("{what} has no meaning here")).primary(where_due)
}

/// A range behind the value: there it would be part of a condition.
pub fn late_range(at: Span, name: &str) -> Diagnostic {
    OUT_OF_PLACE
        .at(at, format!("the range of `{name}` stands before `=`"))
        .primary("behind a value, `in` asks whether it lies within")
        .help(format!("write `{name} in LO .. HI = VALUE`"))
}

/// `is` and `wanted` are kinds with their articles: "a cell".
pub fn wrong_kind(at: Span, name: &str, is: &str, wanted: &str, declared: Option<Span>) -> Diagnostic {
    let diagnostic = WRONG_KIND
        .at(at, format!("`{name}` is {is}, but {wanted} is due here"))
        .primary(format!("{wanted} is due here"));
    match declared {
        Some(span) => diagnostic.label(span, "declared here"),
        None => diagnostic,
    }
}

/// A function's name without its arguments.
pub fn function_without_call(at: Span, name: &str) -> Diagnostic {
    WRONG_KIND
        .at(at, format!("`{name}` is a function, but a value is due here"))
        .primary("a function")
        .help(format!("call it: `{name}(...)`"))
}

/// Inside of a part, not `pub`.
pub fn not_public(at: Span, name: &str, declared: Span) -> Diagnostic {
    NOT_PUBLIC
        .at(at, format!("`{name}` is not `pub`, so it can not be reached from outside its circuit"))
        .primary("reached from outside")
        .label(declared, "declared here")
        .help(format!("write `pub` before the declaration of `{name}`"))
}

fn did_you_mean(diagnostic: Diagnostic, suggestion: Option<String>) -> Diagnostic {
    match suggestion {
        Some(name) => diagnostic.help(format!("did you mean `{name}`?")).replace_by(name),
        None => diagnostic,
    }
}
