//! `+ - * / ^` of intervals.
//!
//! In: two intervals. Out: one. Sums, products and quotients are largest and smallest at the corners of the
//! rectangle that their operands span; each corner is rounded outward where it is not exact.

use super::{Interval, ULPS, above, below};
use circ_numerics::math::{fma, pow};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Smaller results than this lose bits that the tests for exactness would need.
const SMALL: f64 = 1e-280;

impl Neg for Interval {
    type Output = Interval;
    fn neg(self) -> Interval {
        Interval { lo: -self.hi, hi: -self.lo, nan: self.nan }
    }
}

impl Add for Interval {
    type Output = Interval;
    fn add(self, other: Interval) -> Interval {
        let cancels = |a: Interval, b: Interval| a.contains(f64::INFINITY) && b.contains(f64::NEG_INFINITY);
        let nan = cancels(self, other) || cancels(other, self);
        corners(self, other, |x, y| (x + y, is_sum(x, y))).or_nan(nan)
    }
}

impl Sub for Interval {
    type Output = Interval;
    fn sub(self, other: Interval) -> Interval {
        self + -other
    }
}

impl Mul for Interval {
    type Output = Interval;
    fn mul(self, other: Interval) -> Interval {
        let vanishes = |a: Interval, b: Interval| a.contains(0.0) && has_infinity(b);
        let nan = vanishes(self, other) || vanishes(other, self);
        let found = corners(self, other, |x, y| (x * y, is_product(x, y))).or_nan(nan);
        let zero = (self.contains(0.0) && has_finite(other)) || (other.contains(0.0) && has_finite(self));
        if zero { found.hull(Interval::point(0.0)) } else { found }
    }
}

impl Div for Interval {
    type Output = Interval;
    fn div(self, other: Interval) -> Interval {
        let nan = has_infinity(self) && has_infinity(other);
        if !other.contains(0.0) {
            let found = corners(self, other, |x, y| (x / y, is_quotient(x, y))).or_nan(nan);
            let zero = has_finite(self) && has_infinity(other);
            return if zero { found.hull(Interval::point(0.0)) } else { found };
        }
        // A zero may have either sign, so that even a divisor of one sign leads to both infinities.
        let all = Interval { nan: self.nan || other.nan, ..Interval::UNKNOWN };
        if self.is_empty() {
            return Interval { nan: all.nan, ..Interval::EMPTY };
        }
        all.or_nan(nan || self.contains(0.0))
    }
}

impl Interval {
    /// `x ^ y`, a product where `y` is a small whole number, else a function.
    pub fn power(self, exponent: Interval) -> Interval {
        let nan = self.nan || exponent.nan;
        // 1 to any power, and anything to the power 0, is 1, even where the other is NaN.
        let one = (self.nan && exponent.contains(0.0)) || (exponent.nan && self.contains(1.0));
        let of_nan = if one { Interval::point(1.0) } else { Interval::EMPTY };
        if self.is_empty() || exponent.is_empty() {
            return of_nan.or_nan(nan);
        }
        let positive = self.meet(Interval::new(0.0, f64::INFINITY)).without_nan();
        let of_positive = power_of_positive(positive, exponent);
        let found = match exponent.single().filter(|n| n.fract() == 0.0) {
            _ if 0.0 <= self.lo => of_positive,
            Some(n) => whole_power(self, n),
            None => power_of_any(self, exponent),
        };
        found.hull(of_nan).or_nan(nan)
    }
}

/// Of a base that is not negative: monotone in each operand, so that the corners are the ends.
fn power_of_positive(base: Interval, exponent: Interval) -> Interval {
    if base.contains(0.0) && exponent.lo < 0.0 {
        // 0 to a negative power is infinite, of either sign.
        return Interval::UNKNOWN.without_nan();
    }
    let ulps = exponent.lo.abs().max(exponent.hi.abs()).min(1e9) + ULPS;
    let one = |x: f64, y: f64| {
        let found = pow(x, y);
        Interval { lo: below(found, ulps).max(0.0), hi: above(found, ulps), nan: false }
    };
    let ends =
        [(base.lo, exponent.lo), (base.lo, exponent.hi), (base.hi, exponent.lo), (base.hi, exponent.hi)];
    ends.into_iter().map(|(x, y)| one(x, y)).fold(Interval::EMPTY, Interval::hull)
}

/// Of any base to one whole number.
fn whole_power(base: Interval, n: f64) -> Interval {
    let magnitude = power_of_positive(base.magnitude(), Interval::point(n));
    if n % 2.0 == 0.0 || (base.contains(0.0) && n < 0.0) {
        return magnitude;
    }
    let of = |end: f64| {
        let found = power_of_positive(Interval::point(end.abs()), Interval::point(n));
        if end < 0.0 { -found } else { found }
    };
    of(base.lo).hull(of(base.hi))
}

/// Of a base that may be negative, to a power that may be no whole number.
fn power_of_any(base: Interval, exponent: Interval) -> Interval {
    let magnitude = power_of_positive(base.magnitude(), exponent);
    magnitude.hull(-magnitude).or_nan(true)
}

impl Interval {
    /// Of its absolute values.
    pub fn magnitude(self) -> Interval {
        self.map(|lo, hi| {
            let (a, b) = (lo.abs(), hi.abs());
            if lo <= 0.0 && 0.0 <= hi { Interval::new(0.0, a.max(b)) } else { Interval::new(a, b) }
        })
    }
}

fn has_infinity(x: Interval) -> bool {
    x.contains(f64::INFINITY) || x.contains(f64::NEG_INFINITY)
}

/// Between two infinite ends, too, there are finite numbers, of which the corners do not know.
fn has_finite(x: Interval) -> bool {
    x.lo < x.hi || (x.is_bounded() && !x.is_empty())
}

/// The hull of an operation at the four corners. `operation` says whether its value is exact. A corner without a
/// value is the limit of no value either.
fn corners(a: Interval, b: Interval, operation: impl Fn(f64, f64) -> (f64, bool)) -> Interval {
    let nan = a.nan || b.nan;
    if a.is_empty() || b.is_empty() {
        return Interval { nan, ..Interval::EMPTY };
    }
    let mut found = Interval { nan, ..Interval::EMPTY };
    for (x, y) in [(a.lo, b.lo), (a.lo, b.hi), (a.hi, b.lo), (a.hi, b.hi)] {
        let (value, exact) = operation(x, y);
        if value.is_nan() {
            continue;
        }
        let (lo, hi) = if exact { (value, value) } else { (value.next_down(), value.next_up()) };
        found = found.hull(Interval { lo, hi, nan: false });
    }
    found
}

/// Whether a sum is exact (Knuth's two-sum).
fn is_sum(x: f64, y: f64) -> bool {
    let sum = x + y;
    let of_y = sum - x;
    !x.is_finite() || !y.is_finite() || (x - (sum - of_y)) + (y - of_y) == 0.0
}

fn is_product(x: f64, y: f64) -> bool {
    let product = x * y;
    let plain = x == 0.0 || y == 0.0 || !x.is_finite() || !y.is_finite();
    plain || (SMALL < product.abs() && product.is_finite() && fma(x, y, -product) == 0.0)
}

fn is_quotient(x: f64, y: f64) -> bool {
    let quotient = x / y;
    let plain = x == 0.0 || !x.is_finite() || !y.is_finite();
    let large = SMALL < quotient.abs() && SMALL < x.abs() && quotient.is_finite();
    plain || (large && fma(quotient, y, -x) == 0.0)
}
