//! Messages about conditions that are decided before the run.

use super::Diagnostic;
use circ_grammar::ast::Span;

crate::rules! {
    /// A condition that can not come true.
    NEVER_TRUE = "never-true", Warning;
    /// A condition that can not be false.
    ALWAYS_TRUE = "always-true", Warning;
}

/// `whose` is "the condition of `spike`"; `why` says what is compared: "-80 mV to -60 mV is never above -50 mV".
pub fn never_true(at: Span, whose: &str, why: &str) -> Diagnostic {
    NEVER_TRUE.at(at, format!("{whose} can never hold")).primary(why)
}

/// As [`never_true`].
pub fn always_true(at: Span, whose: &str, why: &str) -> Diagnostic {
    ALWAYS_TRUE.at(at, format!("{whose} always holds")).primary(why)
}
