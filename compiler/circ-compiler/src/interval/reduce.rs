//! Reductions of arrays whose elements lie in one interval.
//!
//! In: the reduction, the interval of the elements and of their number. Out: an interval.

use super::Interval;
use crate::hir::Reduce;

/// More factors than this are not multiplied out.
const MOST_FACTORS: f64 = 64.0;

/// The value of a reduction of `count` elements within `element`. Truth values are 0 and 1.
pub fn reduce(reduce: Reduce, element: Interval, count: Interval) -> Interval {
    let count = Interval { lo: count.lo.max(0.0), ..count }.as_int();
    let some = 1.0 <= count.lo;
    match reduce {
        Reduce::Sum => sum(element, count),
        Reduce::Product => product(element, count),
        Reduce::Mean => rounded(element, element, count),
        Reduce::Std => deviation(element, count),
        Reduce::Min | Reduce::Max => element,
        Reduce::Any => logical(element, some, Interval::point(0.0)),
        Reduce::All => logical(element, some, Interval::point(1.0)),
        Reduce::Count => Interval::new(0.0, count.hi),
        Reduce::Argmax => Interval::new(0.0, (count.hi - 1.0).max(0.0)),
    }
}

fn sum(element: Interval, count: Interval) -> Interval {
    rounded(element * count, element * count, count).or_nan(element.nan)
}

/// Every addition rounds once, by at most half a unit of a sum that is never larger than all terms together.
fn rounded(value: Interval, element: Interval, count: Interval) -> Interval {
    if value.is_empty() || count.hi <= 1.0 {
        return value;
    }
    let largest = element.lo.abs().max(element.hi.abs());
    if f64::MAX < largest * count.hi {
        return Interval::UNKNOWN;
    }
    let slack = largest * count.hi * f64::EPSILON;
    Interval { lo: value.lo - slack, hi: value.hi + slack, nan: value.nan || largest == f64::INFINITY }
}

fn product(element: Interval, count: Interval) -> Interval {
    match count.single() {
        Some(n) if n <= MOST_FACTORS => {
            (0..n as u32).fold(Interval::point(1.0), |product, _| product * element)
        }
        _ => Interval::UNKNOWN,
    }
}

/// Of numbers within an interval it is at most half its width (Popoviciu 1935).
fn deviation(element: Interval, count: Interval) -> Interval {
    let other = element;
    let width = rounded(element - other, element, count);
    // Squares of larger numbers are infinite.
    if 1e150 < width.hi {
        return Interval { lo: 0.0, hi: f64::INFINITY, nan: true };
    }
    let hi = (width.hi * 0.5 * (1.0 + 1e-9)).max(0.0);
    Interval { lo: 0.0, hi: hi + f64::MIN_POSITIVE, nan: width.nan }
}

fn logical(element: Interval, some: bool, of_none: Interval) -> Interval {
    let holds =
        if element.contains(0.0) || element.nan { Interval::new(0.0, 1.0) } else { Interval::point(1.0) };
    let found = if element.single() == Some(0.0) { Interval::point(0.0) } else { holds };
    if some { found } else { found.hull(of_none) }
}
