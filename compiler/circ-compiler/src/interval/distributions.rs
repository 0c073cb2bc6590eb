//! The numbers that draws can give: not those of the mathematical distribution, but those of the generator.
//!
//! In: a distribution and intervals of its arguments. Out: an interval. See the note on tails.

use super::{Interval, ULPS, above, below, call};
use crate::hir::Builtin;
use circ_numerics::{Distribution, math};

/// No draw of `normal(0, 1)` is farther from 0: see the note on tails.
pub const NORMAL_LIMIT: f64 = 8.572;
/// `53 ln 2`: no draw of `exponential(1)` is larger.
const EXPONENTIAL_LIMIT: f64 = 36.737;
/// Just below 2^-162, which no gamma variate of a shape from 1 on is below.
const SMALLEST_GAMMA: f64 = 1.7e-49;
/// Means from here on are drawn by rejection; below, no count is above [`POISSON_LONGEST`].
const POISSON_BY_SEARCH: f64 = 12.0;
const POISSON_LONGEST: f64 = 100.0;

/// What a draw with these arguments (the second unused where there is one) can give.
pub fn draw(distribution: Distribution, args: [Interval; 2]) -> Interval {
    let [a, b] = args;
    let two = distribution.arity() == 2;
    let nan = a.nan || (two && b.nan);
    if a.is_empty() || (two && b.is_empty()) {
        return Interval { nan, ..Interval::EMPTY };
    }
    let found = match distribution {
        Distribution::Uniform => uniform(a, b),
        Distribution::Normal => a + b * Interval::new(-NORMAL_LIMIT, NORMAL_LIMIT),
        Distribution::Lognormal => lognormal(a, b),
        Distribution::Exponential => a * Interval::new(0.0, EXPONENTIAL_LIMIT),
        Distribution::Gamma => b * gamma_variate(a),
        Distribution::Beta => beta(a, b),
        Distribution::Binomial => binomial(a, b),
        Distribution::Poisson => poisson(a),
    };
    found.or_nan(nan)
}

/// `redraw(e, lo, hi)`: where nothing lies within there is no value, for the run or its building ends there.
pub fn redraw(value: Interval, lo: Interval, hi: Interval) -> Interval {
    value.without_nan().meet(Interval { lo: lo.lo, hi: hi.hi, nan: false })
}

/// `lo + (hi - lo) u` with `u` below 1, and kept below `hi`.
fn uniform(lo: Interval, hi: Interval) -> Interval {
    let too_wide = !(hi.hi - lo.lo).is_finite();
    let kept = Interval { lo: lo.lo, hi: hi.hi.next_down(), nan: too_wide };
    if lo.hi < hi.lo {
        return kept;
    }
    // In the wrong order, or maybe equal: computed as written.
    let computed = lo + (hi - lo) * Interval::new(0.0, 1.0);
    if lo.lo < hi.hi { computed.hull(kept) } else { computed }
}

/// `exp(s z + log(mean) - s^2 / 2)` with `s^2 = log(1 + (sd / mean)^2)`.
fn lognormal(mean: Interval, sd: Interval) -> Interval {
    if !(0.0 < mean.lo && mean.hi.is_finite() && sd.is_bounded()) {
        return Interval { lo: 0.0, hi: f64::INFINITY, nan: true };
    }
    let ratio = (sd / mean).magnitude();
    let least = call(Builtin::Log, &[Interval::point(1.0) + ratio * ratio]);
    let variance = Interval { lo: least.lo.max(0.0), ..least };
    let deviation = call(Builtin::Sqrt, &[variance]) * Interval::new(-NORMAL_LIMIT, NORMAL_LIMIT);
    call(Builtin::Exp, &[deviation + call(Builtin::Log, &[mean]) - variance * Interval::point(0.5)])
}

/// Of scale 1: see the note on tails.
fn gamma_variate(shape: Interval) -> Interval {
    let nan = shape.lo <= 0.0 || shape.hi == f64::INFINITY;
    let shape = shape.meet(Interval { lo: 0.0, hi: f64::MAX, nan: false });
    if shape.is_empty() {
        return Interval::NAN;
    }
    // Shapes below 1 are drawn with 1 more, then made smaller.
    let most = |shape: f64| {
        let d = shape - 1.0 / 3.0;
        let root = 1.0 + NORMAL_LIMIT / (9.0 * d).sqrt();
        d * root * root * root
    };
    let drawn = |shape: f64| if shape < 1.0 { shape + 1.0 } else { shape };
    let mut hi = most(drawn(shape.lo)).max(most(drawn(shape.hi)));
    if shape.lo < 1.0 {
        hi = hi.max(most(1.0)).max(most(2.0));
    }
    let lo = match shape.lo < 1.0 {
        // A shape from -0 on is one from 0 on.
        true => SMALLEST_GAMMA * math::exp(-EXPONENTIAL_LIMIT / shape.lo.abs()),
        false => SMALLEST_GAMMA,
    };
    Interval { lo: lo * (1.0 - 1e-9), hi: hi * (1.0 + 1e-9), nan }
}

/// Of two gamma variates the first's share.
fn beta(a: Interval, b: Interval) -> Interval {
    let (x, y) = (gamma_variate(a), gamma_variate(b));
    let least = if x.is_empty() || y.is_empty() { 0.0 } else { x.lo / (x.lo + y.hi) };
    let lo = if least.is_nan() { 0.0 } else { below(least * (1.0 - 1e-9), ULPS).max(0.0) };
    // Of shapes below 1e-300 both logarithms may be minus infinity.
    Interval { lo, hi: 1.0, nan: x.nan || y.nan || a.lo.min(b.lo) < 1e-300 }
}

fn binomial(n: Interval, p: Interval) -> Interval {
    let nan = n.contains(f64::INFINITY);
    let (fewest, most) = (n.lo.round_ties_even().max(0.0), n.hi.round_ties_even().max(0.0));
    let lo = if 1.0 <= p.lo { fewest } else { 0.0 };
    let hi = if p.hi <= 0.0 { 0.0 } else { most };
    Interval { lo: lo.min(hi), hi, nan }
}

fn poisson(mean: Interval) -> Interval {
    let nan = mean.contains(f64::INFINITY);
    let hi = match mean.hi {
        m if m <= 0.0 => 0.0,
        m if m < POISSON_BY_SEARCH => POISSON_LONGEST,
        m => rejected_count(m),
    };
    Interval { lo: 0.0, hi, nan }
}

/// The largest count that the rejection sampler of Hörmann (1993) can propose: its `u` is at least 2^-53 from the
/// end.
fn rejected_count(mean: f64) -> f64 {
    let b = 0.931 + 2.53 * mean.sqrt();
    let a = -0.059 + 0.02483 * b;
    above((2.0 * a * 9_007_199_254_740_992.0 + b) * 0.5 + mean + 1.0, 1e6)
}

// Note [Tails]
//
// Uniform numbers are multiples of 2^-53 in [0, 1). Box and Muller's radius is sqrt(-2 ln(u + 2^-53)), so at most
// sqrt(2 * 53 ln 2) = 8.5717, and the cosine makes it no longer: every normal draw lies within 8.572 standard
// deviations. (The mathematical distribution has 1e-17 beyond; a run of 10^15 draws would see one in a hundred.)
// `exponential` is -mean * ln(1 - u), so at most 53 ln 2 = 36.7368 means, and 0 for u = 0.
//
// `gamma` is Marsaglia and Tsang's (2000): d v with d = shape - 1/3, v = (1 + x / sqrt(9 d))^3 for a normal x. The
// root is largest at x = 8.572. As a function of d >= 2/3 the bound d^(1/3) + 8.572/3 d^(-1/6) falls, then rises:
// its largest value is at an end. The smallest positive root is 2^-53, next to 1 - 1, so v >= 2^-159. Shapes below
// 1 are multiplied by (u + 2^-53)^(1/shape), whose logarithm is at least -53 ln 2 / shape.
