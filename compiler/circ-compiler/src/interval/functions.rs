//! The functions of the language on intervals.
//!
//! In: a function and intervals of its arguments. Out: an interval. Monotone functions are taken at both ends;
//! the others are cut where they turn.

use super::{Interval, ULPS, above, below, loosened};
use crate::hir::Builtin;
use circ_numerics::Function;
use circ_numerics::math;
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// The value of a function of the language.
pub fn call(builtin: Builtin, args: &[Interval]) -> Interval {
    let Some(x) = args.first().copied() else { return Interval::UNKNOWN };
    match builtin {
        Builtin::Min => args[1..].iter().fold(x, |a, b| smaller(a, *b)),
        Builtin::Max => args[1..].iter().fold(x, |a, b| larger(a, *b)),
        Builtin::Clamp => match args {
            [x, lo, hi] => smaller(larger(*x, *lo), *hi),
            _ => Interval::UNKNOWN,
        },
        Builtin::Mod => match args {
            [x, y] => remainder(*x, *y),
            _ => Interval::UNKNOWN,
        },
        _ => of_one(builtin, x),
    }
}

fn of_one(builtin: Builtin, x: Interval) -> Interval {
    match builtin {
        Builtin::Exp => rising(Function::Exp, x).meet_range(0.0, f64::INFINITY),
        Builtin::Exprel => rising(Function::Exprel, x).meet_range(0.0, f64::INFINITY),
        Builtin::Tanh => rising(Function::Tanh, x).meet_range(-1.0, 1.0),
        Builtin::Sigmoid => rising(Function::Sigmoid, x).meet_range(0.0, 1.0),
        Builtin::Erf => rising(Function::Erf, x).meet_range(-1.0, 1.0),
        Builtin::Sinh => rising(Function::Sinh, x),
        Builtin::Atan => rising(Function::Atan, x),
        Builtin::Log => within_domain(x, |x| rising(Function::Log, x)),
        Builtin::Log10 => within_domain(x, |x| rising(Function::Log10, x)),
        Builtin::Sqrt => within_domain(x, root),
        Builtin::Cosh => rising(Function::Cosh, x.magnitude()).meet_range(1.0, f64::INFINITY),
        Builtin::Sin => wave(Function::Sin, x, FRAC_PI_2),
        Builtin::Cos => wave(Function::Cos, x, 0.0),
        Builtin::Tan => tangent(x),
        Builtin::Lgamma => log_gamma(x),
        Builtin::Abs => x.magnitude(),
        Builtin::Sign => x.map(|lo, hi| Interval::new(sign(lo), sign(hi))),
        Builtin::Floor => whole(x, f64::floor),
        Builtin::Ceil => whole(x, f64::ceil),
        Builtin::Round => whole(x, f64::round_ties_even),
        // Of NaN these give 0.
        Builtin::Relu => larger(Interval::point(0.0), x).hull(x.nan_as_zero()),
        Builtin::StepFunction => {
            let step = |x: f64| f64::from(u8::from(0.0 <= x));
            x.without_nan().map(|lo, hi| Interval::new(step(lo), step(hi))).hull(x.nan_as_zero())
        }
        Builtin::Mod | Builtin::Min | Builtin::Max | Builtin::Clamp => Interval::UNKNOWN,
    }
}

impl Interval {
    /// What a function gives lies in its range, however its bounds were loosened.
    fn meet_range(self, lo: f64, hi: f64) -> Interval {
        let met = self.without_nan().meet(Interval::new(lo, hi));
        met.or_nan(self.nan)
    }

    fn nan_as_zero(self) -> Interval {
        if self.nan { Interval::point(0.0) } else { Interval::EMPTY }
    }
}

/// A function that grows.
fn rising(function: Function, x: Interval) -> Interval {
    x.map(|lo, hi| loosened(function.call1(lo), function.call1(hi)))
}

/// A function of what is not negative; NaN of the rest.
fn within_domain(x: Interval, function: impl FnOnce(Interval) -> Interval) -> Interval {
    let inside = x.without_nan().meet(Interval::new(0.0, f64::INFINITY));
    function(inside).or_nan(x.nan || x.lo < 0.0)
}

/// Correctly rounded, so that one step outward is enough.
fn root(x: Interval) -> Interval {
    let outward = |x: f64, step: fn(f64) -> f64| {
        let root = x.sqrt();
        if root * root == x && math::fma(root, root, -x) == 0.0 { root } else { step(root) }
    };
    x.map(|lo, hi| Interval::new(outward(lo, f64::next_down).max(0.0), outward(hi, f64::next_up)))
}

fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

fn whole(x: Interval, round: fn(f64) -> f64) -> Interval {
    x.map(|lo, hi| Interval::new(round(lo), round(hi))).as_int()
}

/// The first argument is not taken where it is NaN, so that the second may come out.
fn smaller(a: Interval, b: Interval) -> Interval {
    let both = Interval { lo: a.lo.min(b.lo), hi: a.hi.min(b.hi), nan: a.nan || b.nan };
    of_two(a, b, both)
}

fn larger(a: Interval, b: Interval) -> Interval {
    let both = Interval { lo: a.lo.max(b.lo), hi: a.hi.max(b.hi), nan: a.nan || b.nan };
    of_two(a, b, both)
}

fn of_two(a: Interval, b: Interval, both: Interval) -> Interval {
    let both =
        if a.is_empty() || b.is_empty() { Interval { nan: both.nan, ..Interval::EMPTY } } else { both };
    let with_second = if a.nan { both.hull(b) } else { both };
    if b.nan { with_second.hull(a) } else { with_second }
}

/// The floored remainder, which has the sign of the divisor.
fn remainder(x: Interval, y: Interval) -> Interval {
    let nan = x.nan || y.nan;
    if x.is_empty() || y.is_empty() {
        return Interval { nan, ..Interval::EMPTY };
    }
    let nan = nan || y.contains(0.0) || x.contains(f64::INFINITY) || x.contains(f64::NEG_INFINITY);
    if 0.0 <= x.lo && x.hi < y.lo {
        return x.or_nan(nan);
    }
    Interval::new(y.lo.min(0.0), y.hi.max(0.0)).or_nan(nan)
}

/// The same of whole numbers, which never reaches the divisor.
pub fn whole_remainder(x: Interval, y: Interval) -> Interval {
    if x.is_empty() || y.is_empty() || (0.0 <= x.lo && x.hi < y.lo) {
        return remainder(x, y);
    }
    Interval::new((y.lo + 1.0).min(0.0), (y.hi - 1.0).max(0.0))
}

/// `sin` or `cos`, whose maxima lie at `top` and every full turn from it.
fn wave(function: Function, x: Interval, top: f64) -> Interval {
    // Beyond this a bound's own rounding is more than a turn's thousandth.
    const FAR: f64 = 1e9;
    let infinite = x.contains(f64::INFINITY) || x.contains(f64::NEG_INFINITY);
    let around = |lo: f64, hi: f64| {
        if FAR < lo.abs() || FAR < hi.abs() || TAU <= hi - lo {
            return Interval::new(-1.0, 1.0);
        }
        let mut found = loosened(function.call1(lo), function.call1(lo));
        found = found.hull(loosened(function.call1(hi), function.call1(hi)));
        if reaches(lo, hi, top) {
            found = found.hull(Interval::point(1.0));
        }
        if reaches(lo, hi, top + PI) {
            found = found.hull(Interval::point(-1.0));
        }
        found.meet_range(-1.0, 1.0)
    };
    x.map(around).or_nan(infinite)
}

/// Whether some `at + k * 2 pi` lies between the two, or nearly.
fn reaches(lo: f64, hi: f64, at: f64) -> bool {
    const SLACK: f64 = 1e-6;
    ((lo - at) / TAU - SLACK).ceil() <= ((hi - at) / TAU + SLACK).floor()
}

fn tangent(x: Interval) -> Interval {
    let infinite = x.contains(f64::INFINITY) || x.contains(f64::NEG_INFINITY);
    let between = |lo: f64, hi: f64| {
        let far = 1e9 < lo.abs() || 1e9 < hi.abs() || PI <= hi - lo;
        if far || reaches(lo, hi, FRAC_PI_2) || reaches(lo, hi, -FRAC_PI_2) {
            return Interval::UNKNOWN.without_nan();
        }
        loosened(math::tan(lo), math::tan(hi))
    };
    x.map(between).or_nan(infinite)
}

/// Of a positive number it falls to its least value at 1.4616 and rises from there.
fn log_gamma(x: Interval) -> Interval {
    const TURN: f64 = 1.461_632_144_968_362_3;
    const LEAST: f64 = -0.121_486_290_535_849_6;
    // Near its zeros at 1 and 2 only the absolute error is small.
    const SLACK: f64 = 1e-14;
    x.map(|lo, hi| {
        if lo < 0.0 {
            return Interval::UNKNOWN;
        }
        let (first, last) = (math::lgamma(lo), math::lgamma(hi));
        let least = if lo <= TURN && TURN <= hi { LEAST } else { first.min(last) };
        let most = first.max(last);
        Interval { lo: below(least, ULPS) - SLACK, hi: above(most, ULPS) + SLACK, nan: false }
    })
}
