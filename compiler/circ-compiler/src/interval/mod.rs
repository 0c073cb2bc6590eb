//! Intervals: what values an expression can have at most.
//!
//! In: intervals of the operands. Out: an interval that holds every value that the operation can give for
//! operands within theirs: the exact one, and the one that is computed in double precision. Bounds of operations
//! that round are rounded outward; bounds of functions, which are right to a few units in the last place, are
//! loosened by some more. (In single precision a value may pass a bound by its own rounding.) That a value may
//! be NaN is kept beside the bounds.

mod arithmetic;
mod compare;
mod distributions;
mod functions;
mod reduce;
#[cfg(test)]
mod tests;

pub use compare::Truth;
pub use distributions::{NORMAL_LIMIT, draw, redraw};
pub use functions::{call, whole_remainder};
pub use reduce::reduce;

/// All numbers from `lo` to `hi`, both ends included and infinity among them, and NaN where `nan` says so. Without
/// numbers (`hi < lo`) it is empty: NaN alone, or a place that is never reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub lo: f64,
    pub hi: f64,
    /// Whether the value may be no number.
    pub nan: bool,
}

impl Interval {
    /// Every number, and NaN.
    pub const UNKNOWN: Interval = Interval { lo: f64::NEG_INFINITY, hi: f64::INFINITY, nan: true };
    /// Every finite number: what a state may be, since a run ends where one becomes infinite.
    pub const FINITE: Interval = Interval { lo: f64::MIN, hi: f64::MAX, nan: false };
    /// No value at all: of a place that is never reached.
    pub const EMPTY: Interval = Interval { lo: f64::INFINITY, hi: f64::NEG_INFINITY, nan: false };
    /// NaN and nothing else.
    pub const NAN: Interval = Interval { nan: true, ..Interval::EMPTY };

    /// From `lo` to `hi`, in either order.
    pub fn new(lo: f64, hi: f64) -> Interval {
        Interval::point(lo).hull(Interval::point(hi))
    }

    /// One value.
    pub fn point(x: f64) -> Interval {
        if x.is_nan() { Interval::NAN } else { Interval { lo: x, hi: x, nan: false } }
    }

    /// A whole number, which may be between two reals.
    pub fn whole(n: i64) -> Interval {
        let x = n as f64;
        match x as i128 == i128::from(n) {
            true => Interval::point(x),
            false => Interval::new(x.next_down(), x.next_up()),
        }
    }

    /// The smallest one that holds all these values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Interval {
        values.into_iter().fold(Interval::EMPTY, |all, x| all.hull(Interval::point(x)))
    }

    /// Whether it holds no number.
    pub fn is_empty(self) -> bool {
        self.hi < self.lo
    }

    /// The number that it is, if it is one.
    pub fn single(self) -> Option<f64> {
        (self.lo == self.hi && !self.nan).then_some(self.lo)
    }

    /// Whether the value may be this one.
    pub fn contains(self, x: f64) -> bool {
        if x.is_nan() { self.nan } else { self.lo <= x && x <= self.hi }
    }

    /// Whether every number of it lies within another; NaN is not asked for.
    pub fn within(self, other: Interval) -> bool {
        self.is_empty() || (other.lo <= self.lo && self.hi <= other.hi)
    }

    /// Whether no number is in both.
    pub fn disjoint(self, other: Interval) -> bool {
        self.meet(other).is_empty()
    }

    /// Whether both ends are numbers and not infinite.
    pub fn is_bounded(self) -> bool {
        self.lo.is_finite() && self.hi.is_finite()
    }

    /// The smallest one that holds both.
    pub fn hull(self, other: Interval) -> Interval {
        Interval { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi), nan: self.nan || other.nan }
    }

    /// The numbers that are in both.
    pub fn meet(self, other: Interval) -> Interval {
        let (lo, hi) = (self.lo.max(other.lo), self.hi.min(other.hi));
        let nan = self.nan && other.nan;
        if lo <= hi { Interval { lo, hi, nan } } else { Interval { nan, ..Interval::EMPTY } }
    }

    /// The numbers alone.
    pub fn without_nan(self) -> Interval {
        Interval { nan: false, ..self }
    }

    /// With NaN, where that may be.
    pub fn or_nan(self, nan: bool) -> Interval {
        Interval { nan: self.nan || nan, ..self }
    }

    /// As an `int` holds it: what does not fit is an error, or the nearest that fits; NaN becomes 0.
    pub fn as_int(self) -> Interval {
        const END: f64 = 9_223_372_036_854_775_808.0;
        if self.is_empty() {
            return if self.nan { Interval::point(0.0) } else { self };
        }
        let (lo, hi) = (self.lo.ceil().clamp(-END, END), self.hi.floor().clamp(-END, END));
        let whole = if lo <= hi { Interval { lo, hi, nan: false } } else { Interval::EMPTY };
        if self.nan { whole.hull(Interval::point(0.0)) } else { whole }
    }

    /// With other bounds; without numbers it stays as it is.
    fn map(self, f: impl FnOnce(f64, f64) -> Interval) -> Interval {
        if self.is_empty() { self } else { f(self.lo, self.hi).or_nan(self.nan) }
    }
}

/// How far the functions of `circ_numerics` may be from the truth, in units of the last place, and more.
const ULPS: f64 = 8.0;

/// A bound below what a function of this value gives.
fn below(x: f64, ulps: f64) -> f64 {
    match x {
        f64::INFINITY => f64::MAX * (1.0 - ulps * f64::EPSILON),
        f64::NEG_INFINITY => x,
        _ => (x - x.abs() * ulps * f64::EPSILON).next_down(),
    }
}

/// A bound above what a function of this value gives.
fn above(x: f64, ulps: f64) -> f64 {
    -below(-x, ulps)
}

/// An interval around these two values of a function, in this order.
fn loosened(lo: f64, hi: f64) -> Interval {
    Interval { lo: below(lo, ULPS), hi: above(hi, ULPS), nan: false }
}
