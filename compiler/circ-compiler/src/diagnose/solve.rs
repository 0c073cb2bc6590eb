//! Messages about equations and their methods of integration.
//!
//! In: what the solver found, with places. Out: diagnostics.

use super::Diagnostic;
use circ_grammar::ast::Span;

crate::rules! {
    NO_EXACT_SOLUTION = "no-exact-solution", Error;
    NOT_LINEAR_IN_ITSELF = "not-linear-in-itself", Error;
    NOISE_NOT_LINEAR = "noise-not-linear", Error;
    FACTOR_ZERO = "factor-zero", Error;
}

/// `method exact` where there is no exact solution. `term` is what is not linear, or varies.
pub fn no_exact_solution(term: Span, variable: &str, asked: Option<Span>) -> Diagnostic {
    let diagnostic = NO_EXACT_SOLUTION
        .at(term, format!("the equation of `{variable}` has no exact solution"))
        .primary("this term is not linear with a constant coefficient");
    with_asked(diagnostic, asked, "`exact` asked for here")
        .note("only equations that are linear, with coefficients that do not change, are solved exactly")
        .help("leave `method` out, and the compiler picks the method of each equation")
}

/// `method exact` where the matrix of what acts on an equation were too large.
pub fn too_many_for_exact(equation: Span, variable: &str, most: usize, asked: Option<Span>) -> Diagnostic {
    let diagnostic = NO_EXACT_SOLUTION
        .at(equation, format!("more linear equations act on `{variable}` than `exact` can solve together"))
        .primary(format!("at most {most} may act on each other"));
    with_asked(diagnostic, asked, "`exact` asked for here")
        .help("leave `method` out: `exponential_euler` then steps this equation, and the others stay exact")
}

/// `method exponential_euler` for an equation that is not linear in its own variable.
pub fn not_linear_in_itself(term: Span, variable: &str, asked: Option<Span>) -> Diagnostic {
    let diagnostic = NOT_LINEAR_IN_ITSELF
        .at(
            term,
            format!("the equation of `{variable}` is not linear in `{variable}`, as exponential Euler needs"),
        )
        .primary(format!("not linear in `{variable}`"));
    with_asked(diagnostic, asked, "`exponential_euler` asked for here")
        .help("use `method rk2`, or leave `method` out, and the compiler picks the method of each equation")
}

/// `xi` inside a function, or times itself.
pub fn noise_not_linear(term: Span, variable: &str) -> Diagnostic {
    NOISE_NOT_LINEAR
        .at(term, format!("`xi` stands in the equation of `{variable}` in a way that has no meaning"))
        .primary("white noise may only be added, or multiplied by what is not noise")
        .note("white noise has no value at a time, so it has no square and no function of it exists")
}

/// A factor before `x'` that is 0.
pub fn factor_is_zero(factor: Span, variable: &str) -> Diagnostic {
    FACTOR_ZERO
        .at(factor, format!("the factor of `{variable}'` is 0"))
        .primary("the equation would be divided by this")
}

fn with_asked(diagnostic: Diagnostic, asked: Option<Span>, text: &str) -> Diagnostic {
    match asked {
        Some(span) => diagnostic.label(span, text),
        None => diagnostic,
    }
}
