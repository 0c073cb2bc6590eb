//! Messages about bounds: values that are, or can be, other than they must be.
//!
//! In: what was found, ready to show. Out: diagnostics, of the rules that say the same of one number.

use super::Diagnostic;
use super::Rule;
use super::build::{NEGATIVE_RATE, OUT_OF_RANGE, PROBABILITY_RANGE, SignReason, WEIGHT_SIGN, polarity_name};
use super::solve::{FACTOR_ZERO, factor_is_zero};
use super::time::{DELAY_BELOW_TICK, NEGATIVE_DURATION, Step, time};
use super::value::DIVIDE_BY_ZERO;
use circ_grammar::ast::Span;

/// A value that is not, or may not be, as it must be.
#[derive(Clone, Debug)]
pub struct Breach {
    pub at: Span,
    /// Whether no value of it would do.
    pub surely: bool,
    /// Whether it is one number.
    pub single: bool,
    /// The value that is farthest from what is due.
    pub worst: String,
    pub worst_of_0: bool,
    /// "-3 ms .. 43 ms", or the one number.
    pub range: String,
    /// What follows "must be".
    pub due: String,
    /// Both ends of what is due.
    pub ends: [String; 2],
    /// "0.62 % of draws"
    pub share: Option<String>,
    /// Where it comes from.
    pub origin: Option<(Span, String)>,
    /// What to type.
    pub help: Option<String>,
}

impl Breach {
    /// "is -3 ms", "is -5 ms .. -3 ms", "can be -3 ms"
    fn verb(&self) -> String {
        match self.surely {
            true => format!("is {}", self.range),
            false => format!("can be {}", self.worst),
        }
    }

    fn begin(&self, rule: &'static Rule, message: String) -> Diagnostic {
        let label = match &self.share {
            Some(share) => format!("{}: too {} in {share}", self.range, self.side()),
            None => self.range.clone(),
        };
        let diagnostic = rule.at(self.at, message).primary(label);
        match &self.origin {
            Some((span, text)) if *span != self.at => diagnostic.label(*span, text.clone()),
            _ => diagnostic,
        }
    }

    /// What is wrong with the draws that are.
    fn side(&self) -> &'static str {
        match self.ends[1].as_str() {
            "inf" => "small",
            _ if self.ends[0] == "-inf" => "large",
            _ => "small or too large",
        }
    }

    fn end(&self, diagnostic: Diagnostic) -> Diagnostic {
        match (&self.help, self.surely) {
            (Some(help), false) => diagnostic.help(help.clone()),
            _ => diagnostic,
        }
    }
}

/// A weight whose sign is, or can be, wrong. `dale` is the clause that demands a proof.
/// `what` is the weight, or what flows instead of one.
pub fn weight(breach: &Breach, what: &str, reason: &SignReason, dale: Option<Span>) -> Diagnostic {
    let (because, note) = match reason {
        SignReason::Port(port, polarity) => (
            format!("`{port}` is an {} port", polarity_name(*polarity)),
            "weights at excitatory and inhibitory ports are magnitudes: the port says what they do",
        ),
        SignReason::Source(source, polarity) => (
            format!("`{source}` is {}", polarity_name(*polarity)),
            "at a plain port weights are signed, and the sign agrees with the cells that they come from",
        ),
    };
    let sign = if breach.ends[1] == "inf" { "negative" } else { "positive" };
    let how = match &breach.share {
        Some(share) => format!("is {sign} in {share}"),
        None => breach.verb(),
    };
    let diagnostic =
        WEIGHT_SIGN.at(breach.at, format!("{what} {how}, but {because}")).primary(breach.range.clone());
    let diagnostic = match dale {
        Some(span) => diagnostic.label(span, "a proof is demanded here"),
        None => diagnostic,
    };
    breach.end(diagnostic.note(note))
}

/// A delay that rounds to no step, or can.
pub fn delay(breach: &Breach, step: Step) -> Diagnostic {
    let size = time(step.ms);
    let diagnostic = breach
        .begin(&DELAY_BELOW_TICK, format!("the delay {}, shorter than the step {size}", breach.verb()))
        .note("a spike is delivered in a later tick than the one that emits it");
    let diagnostic = match step.span {
        Some(span) => diagnostic.label(span, "step set here"),
        None => diagnostic,
    };
    breach.end(diagnostic)
}

pub fn probability(breach: &Breach) -> Diagnostic {
    let message = format!("a probability lies between 0 and 1, but this {}", breach.verb());
    breach.end(breach.begin(&PROBABILITY_RANGE, message))
}

pub fn rate(breach: &Breach) -> Diagnostic {
    breach.end(breach.begin(&NEGATIVE_RATE, format!("a rate is at least 0, but this {}", breach.verb())))
}

pub fn duration(breach: &Breach) -> Diagnostic {
    let message = format!("a duration is at least 0 ms, but this {}", breach.verb());
    breach.end(breach.begin(&NEGATIVE_DURATION, message))
}

pub fn divisor(breach: &Breach) -> Diagnostic {
    let message = if breach.surely { "this divides by 0" } else { "this can divide by 0" };
    breach.end(breach.begin(&DIVIDE_BY_ZERO, message.to_string()))
}

/// The factor of an equation that is no time.
pub fn factor(breach: &Breach, var: &str) -> Diagnostic {
    if breach.surely {
        return factor_is_zero(breach.at, var);
    }
    breach.end(breach.begin(&FACTOR_ZERO, format!("the factor of `{var}'` can be 0")))
}

/// The factor of an equation that is a time.
pub fn time_constant(breach: &Breach, var: &str) -> Diagnostic {
    if breach.surely && breach.single && breach.worst_of_0 {
        return factor_is_zero(breach.at, var);
    }
    argument(breach, &format!("the time constant of `{var}`"))
}

pub fn port_time_constant(breach: &Breach, port: &str) -> Diagnostic {
    argument(breach, &format!("a time constant of `{port}`"))
}

/// Of a distribution, a function, an equation.
pub fn argument(breach: &Breach, what: &str) -> Diagnostic {
    let message = format!("{what} must be {}, but {}", breach.due, breach.verb());
    breach.end(breach.begin(&OUT_OF_RANGE, message))
}

pub fn end_of_uniform(breach: &Breach) -> Diagnostic {
    let message = match breach.surely {
        true => "the end of `uniform` must be at or above its start",
        false => "the end of `uniform` can be below its start",
    };
    OUT_OF_RANGE.at(breach.at, message).primary("below the start")
}

/// A parameter outside its range.
pub fn parameter(breach: &Breach, name: &str, declared: Span) -> Diagnostic {
    let [lo, hi] = &breach.ends;
    let message = format!("`{name}` must lie in {lo} .. {hi}, but {}", breach.verb());
    let diagnostic = breach.begin(&OUT_OF_RANGE, message).label(declared, "range given here");
    breach.end(diagnostic)
}
