//! Messages about `@allow` itself.

use super::Diagnostic;
use circ_grammar::ast::Span;

crate::rules! {
    /// An `@allow` of a rule that does not exist.
    UNKNOWN_RULE = "unknown-rule", Warning;
    /// An `@allow` of an error.
    ALLOW_OF_ERROR = "allow-of-error", Warning;
    /// An `@allow` that silences nothing.
    UNUSED_ALLOW = "unused-allow", Warning;
}

/// Rules of which something may be said only when the network is built: that an `@allow` of one silences
/// nothing can not be known before.
pub const SAID_LATER: &[&str] = &["no-synapse"];

/// A rule that nobody knows.
pub fn unknown_rule(at: Span, name: &str, suggestion: Option<String>) -> Diagnostic {
    let diagnostic = UNKNOWN_RULE
        .at(at, format!("there is no rule `{name}`, so nothing is allowed"))
        .primary("not a rule");
    match suggestion {
        Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
        None => diagnostic.note("a rule's name stands in brackets at the beginning of its messages"),
    }
}

/// An error is not a matter of taste.
pub fn allow_of_error(at: Span, name: &str) -> Diagnostic {
    ALLOW_OF_ERROR
        .at(at, format!("`{name}` is an error, which can not be allowed"))
        .primary("the program has no meaning where this is said")
        .note("only warnings and notes are silenced by `@allow`")
}

/// There is nothing to silence.
pub fn unused_allow(at: Span, name: &str) -> Diagnostic {
    UNUSED_ALLOW
        .at(at, format!("`@allow({name})` silences nothing"))
        .primary(format!("`{name}` is not said here"))
        .help("remove it")
}
