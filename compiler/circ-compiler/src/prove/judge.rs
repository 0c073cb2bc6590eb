//! Judgements: whether an estimate is as it must be.
//!
//! In: what is needed, and an estimate. Out: a verdict, and words for it.

use crate::bound::Estimate;
use crate::interval::Interval;
use circ_plan::ir::Distribution;

pub const NOT_NEGATIVE: Interval = Interval { lo: 0.0, hi: f64::INFINITY, nan: false };
pub const NOT_POSITIVE: Interval = Interval { lo: f64::NEG_INFINITY, hi: 0.0, nan: false };
pub const PROBABILITY: Interval = Interval { lo: 0.0, hi: 1.0, nan: false };
/// A bound that is passed by no more than rounding is left to whoever builds the network.
const ROUNDING: f64 = 1e-12;

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Need {
    NotZero,
    Above(f64),
    Within(Interval),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    /// It can be wrong.
    May,
    /// It can not be right.
    Fails,
}

/// Whether the need is met. An estimate without numbers is of a place that is never reached.
pub fn verdict(need: Need, found: &Estimate) -> Verdict {
    let interval = found.interval;
    if interval.is_empty() {
        return Verdict::Holds;
    }
    let (holds, fails) = match need {
        Need::NotZero => (!found.may_be_zero(), interval.lo == 0.0 && interval.hi == 0.0),
        Need::Above(least) => (least < interval.lo, interval.hi <= least),
        Need::Within(range) => (interval.within(widened(range, interval)), interval.disjoint(range)),
    };
    match (holds, fails) {
        (true, _) => Verdict::Holds,
        (false, true) => Verdict::Fails,
        (false, false) if found.open => Verdict::Holds,
        (false, false) => Verdict::May,
    }
}

fn widened(range: Interval, found: Interval) -> Interval {
    let scale = |x: f64| if x.is_finite() { x.abs() } else { 0.0 };
    let slack = |end: f64| ROUNDING * scale(end) + ROUNDING * scale(found.lo).min(scale(found.hi)).min(1.0);
    Interval { lo: range.lo - slack(range.lo), hi: range.hi + slack(range.hi), nan: false }
}

/// The value that is farthest from what it must be.
pub fn worst(need: Need, found: Interval) -> f64 {
    match need {
        Need::NotZero => 0.0,
        Need::Above(_) => found.lo,
        Need::Within(range) if found.lo < range.lo => found.lo,
        Need::Within(_) => found.hi,
    }
}

/// What follows "must be".
pub fn due(need: Need, show: impl Fn(f64) -> String) -> String {
    match need {
        Need::NotZero => "other than 0".to_string(),
        Need::Above(least) => format!("above {}", show(least)),
        Need::Within(Interval { lo, hi: f64::INFINITY, .. }) => format!("at least {}", show(lo)),
        Need::Within(Interval { lo: f64::NEG_INFINITY, hi, .. }) => format!("at most {}", show(hi)),
        Need::Within(Interval { lo, hi, .. }) => format!("between {} and {}", show(lo), show(hi)),
    }
}

/// Both ends of what is due.
pub fn ends(need: Need) -> [f64; 2] {
    match need {
        Need::NotZero => [f64::NEG_INFINITY, f64::INFINITY],
        Need::Above(least) => [least, f64::INFINITY],
        Need::Within(range) => [range.lo, range.hi],
    }
}

/// What an argument of a distribution may be; nothing where any number will do.
pub fn domain(distribution: Distribution, at: usize) -> Option<Need> {
    let not_negative = Some(Need::Within(NOT_NEGATIVE));
    match (distribution, at) {
        (Distribution::Normal | Distribution::Lognormal | Distribution::Gamma, 1) => not_negative,
        (Distribution::Exponential | Distribution::Poisson | Distribution::Binomial, 0) => not_negative,
        (Distribution::Lognormal | Distribution::Gamma | Distribution::Beta, 0) | (Distribution::Beta, 1) => {
            Some(Need::Above(0.0))
        }
        (Distribution::Binomial, 1) => Some(Need::Within(PROBABILITY)),
        _ => None,
    }
}

/// What an argument of a distribution is.
pub fn argument(distribution: Distribution, at: usize) -> Option<&'static str> {
    match (distribution, at) {
        (Distribution::Normal | Distribution::Lognormal, 1) => Some("the standard deviation"),
        (Distribution::Lognormal | Distribution::Exponential | Distribution::Poisson, 0) => Some("the mean"),
        (Distribution::Gamma, 0) => Some("the shape"),
        (Distribution::Gamma, 1) => Some("the scale"),
        (Distribution::Beta, 0) => Some("the first shape"),
        (Distribution::Beta, 1) => Some("the second shape"),
        (Distribution::Binomial, 0) => Some("the number of trials"),
        (Distribution::Binomial, 1) => Some("the probability"),
        _ => None,
    }
}
