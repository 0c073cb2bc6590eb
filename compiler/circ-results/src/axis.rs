//! Axes: round numbers along an interval, and a panel with its frame.
//!
//! In: the values that are shown, and a rectangle. Out: a scale, and marks for it.

use crate::svg::{AXIS, Anchor, FAINT, GRID, INK, Letters, Svg};

/// From values to pixels.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    pub lo: f64,
    pub hi: f64,
    pub from: f64,
    pub to: f64,
}

impl Scale {
    pub fn at(&self, value: f64) -> f64 {
        self.from + (value - self.lo) / (self.hi - self.lo) * (self.to - self.from)
    }
}

/// The hull of the finite values, a little wider, so that no line lies on the frame; never empty.
pub fn hull(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (lo, hi) = values
        .filter(|x| x.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), x| (lo.min(x), hi.max(x)));
    match hi - lo {
        width if !width.is_finite() => (0.0, 1.0),
        0.0 if lo == 0.0 => (-1.0, 1.0),
        0.0 => (lo - 0.1 * lo.abs(), lo + 0.1 * lo.abs()),
        width => (lo - 0.04 * width, hi + 0.04 * width),
    }
}

/// Round numbers within an interval, about so many.
pub fn ticks(lo: f64, hi: f64, about: usize) -> Vec<f64> {
    let step = step((hi - lo) / about.max(1) as f64);
    if !(step.is_finite() && 0.0 < step) {
        return Vec::new();
    }
    let first = (lo / step - 1e-9).ceil();
    let mut found = Vec::new();
    for k in 0..1000 {
        let value = (first + f64::from(k)) * step;
        if hi + 1e-9 * step < value {
            break;
        }
        found.push(if value.abs() < 1e-9 * step { 0.0 } else { value });
    }
    found
}

/// The next of 1, 2 and 5 with a power of ten.
pub fn step(least: f64) -> f64 {
    if !(least.is_finite() && 0.0 < least) {
        return f64::NAN;
    }
    // Read as text: a power of ten that is computed is not always the nearest number.
    let all = (-12..=15).flat_map(|power| [1, 2, 5].map(|k| format!("{k}e{power}")));
    let steps = all.filter_map(|text| text.parse::<f64>().ok());
    steps.into_iter().find(|step| least <= step * (1.0 + 1e-9)).unwrap_or(least)
}

/// With as many digits as tell neighbouring ticks apart.
pub fn label(value: f64, step: f64) -> String {
    let size = value.abs().max(step);
    if size == 0.0 || (1e-3..1e6).contains(&size) {
        let decimals = (0..9).find(|d| {
            let scaled = step * f64::from(10u32.pow(*d));
            (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0)
        });
        let text = format!("{value:.*}", decimals.unwrap_or(6) as usize);
        return text.replace('-', "−");
    }
    circ::quantity::significant(value, 3).replace('-', "−")
}

/// A rectangle of a picture in which something is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    pub x: Scale,
    pub y: Scale,
}

const NUMBERS: f64 = 11.0;

impl Panel {
    pub fn new((left, top): (f64, f64), (width, height): (f64, f64), x: (f64, f64), y: (f64, f64)) -> Panel {
        Panel {
            x: Scale { lo: x.0, hi: x.1, from: left, to: left + width },
            y: Scale { lo: y.0, hi: y.1, from: top + height, to: top },
        }
    }

    fn left(&self) -> f64 {
        self.x.from
    }
    fn right(&self) -> f64 {
        self.x.to
    }
    fn top(&self) -> f64 {
        self.y.to
    }
    fn bottom(&self) -> f64 {
        self.y.from
    }

    /// Faint lines and numbers at the left.
    pub fn left_axis(&self, svg: &mut Svg, name: &str) {
        let about = ((self.bottom() - self.top()) / 34.0).round().clamp(2.0, 8.0) as usize;
        let all = ticks(self.y.lo, self.y.hi, about);
        let step = all.windows(2).map(|pair| pair[1] - pair[0]).next().unwrap_or(1.0);
        for value in all {
            let y = self.y.at(value);
            svg.line((self.left(), y), (self.right(), y), GRID, 1.0);
            let letters = Letters::new(NUMBERS, Anchor::End, FAINT);
            svg.text((self.left() - 7.0, y + 4.0), &label(value, step), letters);
        }
        svg.line((self.left(), self.top()), (self.left(), self.bottom()), AXIS, 1.0);
        let middle = (self.top() + self.bottom()) / 2.0;
        svg.turned((self.left() - 52.0, middle), name, Letters::new(12.0, Anchor::Middle, INK), -90.0);
    }

    /// Numbers below.
    pub fn bottom_axis(&self, svg: &mut Svg, name: &str) {
        let about = ((self.right() - self.left()) / 90.0).round().clamp(2.0, 12.0) as usize;
        let all = ticks(self.x.lo, self.x.hi, about);
        let step = all.windows(2).map(|pair| pair[1] - pair[0]).next().unwrap_or(1.0);
        for value in all {
            let x = self.x.at(value);
            svg.line((x, self.bottom()), (x, self.bottom() + 5.0), AXIS, 1.0);
            let letters = Letters::new(NUMBERS, Anchor::Middle, FAINT);
            svg.text((x, self.bottom() + 18.0), &label(value, step), letters);
        }
        svg.line((self.left(), self.bottom()), (self.right(), self.bottom()), AXIS, 1.0);
        let middle = (self.left() + self.right()) / 2.0;
        svg.text((middle, self.bottom() + 36.0), name, Letters::new(12.0, Anchor::Middle, INK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks(0.0, 1000.0, 10), (0..=10).map(|k| f64::from(k) * 100.0).collect::<Vec<_>>());
        assert_eq!(ticks(-61.0, -49.0, 3), [-60.0, -55.0, -50.0]);
        assert!(ticks(1.0, 1.0, 5).is_empty());
    }

    #[test]
    fn labels_have_the_digits_of_their_step() {
        assert_eq!(label(0.5, 0.25), "0.50");
        assert_eq!(label(-60.0, 5.0), "−60");
        assert_eq!(label(0.0, 0.2), "0.0");
    }

    #[test]
    fn a_hull_is_never_empty() {
        for values in [vec![], vec![f64::NAN], vec![0.0], vec![3.0, 3.0], vec![-1.0, 4.0]] {
            let (lo, hi) = hull(values.into_iter());
            assert!(lo < hi);
        }
    }
}
