//! Quantities for people and files: the coherent numbers of a run in the units that the field uses.
//!
//! In: a coherent value and its dimension, or a tick and the step. Out: the unit's name and the number
//! in it. The unit depends on the dimension alone, so that a column of a file has one unit; rates are in
//! Hz, times in ms.

use circ_compiler::types::Dimension;

/// A unit: its name, and how many of it make one coherent unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    pub name: String,
    pub per_coherent: f64,
}

/// Exponents of (time, voltage, current, length, amount, temperature), name, and factor.
const NAMED: &[([i16; 6], &str, f64)] = &[
    ([0, 0, 0, 0, 0, 0], "", 1.0),
    ([1, 0, 0, 0, 0, 0], "ms", 1.0),
    ([-1, 0, 0, 0, 0, 0], "Hz", 1000.0),
    ([0, 1, 0, 0, 0, 0], "mV", 1.0),
    ([0, 0, 1, 0, 0, 0], "pA", 1.0),
    ([0, -1, 1, 0, 0, 0], "nS", 1.0),
    ([0, 1, -1, 0, 0, 0], "GOhm", 1.0),
    ([1, -1, 1, 0, 0, 0], "pF", 1.0),
    ([1, 0, 1, 0, 0, 0], "fC", 1.0),
    ([0, 0, 0, -3, 1, 0], "mM", 1.0),
];

/// The base units of the coherent system, in order of the exponents.
const BASE: [&str; 6] = ["ms", "mV", "pA", "um", "mM*um^3", "K"];

/// The unit in which values of a dimension are shown.
pub fn unit(dimension: Dimension) -> Unit {
    let named = NAMED.iter().find(|(exponents, _, _)| exponents.map(|e| e * 12)[..] == dimension.0[..6]);
    match named {
        Some((_, name, per_coherent)) => Unit { name: name.to_string(), per_coherent: *per_coherent },
        None => Unit { name: composed(dimension), per_coherent: 1.0 },
    }
}

/// The unit of coherent values themselves: `mV`, and `1/ms` where people read Hz.
pub fn coherent(dimension: Dimension) -> String {
    let Unit { name, per_coherent } = unit(dimension);
    if per_coherent == 1.0 { name } else { composed(dimension) }
}

/// `mV/ms`, `mV*ms^-1/2`: powers above zero first.
fn composed(dimension: Dimension) -> String {
    let powers = || BASE.iter().zip(dimension.0).filter(|(_, twelfths)| *twelfths != 0);
    let above: Vec<String> = powers().filter(|(_, p)| *p > 0).map(|(name, p)| power(name, p)).collect();
    let below: Vec<String> = powers().filter(|(_, p)| *p < 0).map(|(name, p)| power(name, -p)).collect();
    let numerator = if above.is_empty() { "1".to_string() } else { above.join("*") };
    if below.is_empty() { numerator } else { format!("{numerator}/{}", below.join("/")) }
}

fn power(name: &str, twelfths: i16) -> String {
    match (twelfths % 12, twelfths / 12) {
        (0, 1) => name.to_string(),
        (0, whole) => format!("{name}^{whole}"),
        (_, _) => format!("{name}^({twelfths}/12)"),
    }
}

/// `5.31 Hz`: four significant digits, as a person would write it.
pub fn show(value: f64, dimension: Dimension) -> String {
    let unit = unit(dimension);
    let number = significant(value * unit.per_coherent, 4);
    if unit.name.is_empty() { number } else { format!("{number} {}", unit.name) }
}

/// A number with so many significant digits, without an exponent where it has a few digits only.
pub fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "not determined".into() } else { format!("{value}") };
    }
    if value == 0.0 {
        return "0".into();
    }
    let scientific = format!("{value:.*e}", digits - 1);
    let exponent: i32 = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if !(-4..9).contains(&exponent) {
        return scientific;
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    let fixed = format!("{value:.decimals$}");
    if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').to_string() } else { fixed }
}

/// Times on the grid, exact: `n * dt` as a decimal number of the digits that `dt` was written with,
/// so that tick 3 of 0.1 ms is `0.3` and not `0.30000000000000004`.
#[derive(Clone, Debug)]
pub struct Grid {
    mantissa: i128,
    decimals: usize,
}

impl Grid {
    /// The grid of a step in ms.
    pub fn new(dt: f64) -> Grid {
        let text = format!("{dt}");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        // The shortest decimal of a double has at most 17 digits, and a step is neither huge nor tiny.
        let mantissa = format!("{whole}{fraction}").parse().unwrap_or(0);
        Grid { mantissa, decimals: fraction.len() }
    }

    /// Appends the time of a tick in ms.
    pub fn write(&self, tick: i64, out: &mut String) {
        let scaled = self.mantissa.saturating_mul(i128::from(tick));
        let digits = format!("{:0width$}", scaled.unsigned_abs(), width = self.decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - self.decimals);
        if scaled < 0 {
            out.push('-');
        }
        out.push_str(whole);
        let fraction = fraction.trim_end_matches('0');
        if !fraction.is_empty() {
            out.push('.');
            out.push_str(fraction);
        }
    }

    /// The time of a tick in ms.
    pub fn time(&self, tick: i64) -> String {
        let mut out = String::new();
        self.write(tick, &mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_in_hertz() {
        assert_eq!(show(0.005312, Dimension::FREQUENCY), "5.312 Hz");
    }

    #[test]
    fn a_slope_is_composed() {
        assert_eq!(unit(Dimension([-12, 12, 0, 0, 0, 0, 0])).name, "mV/ms");
        assert_eq!(unit(Dimension([-6, 0, 0, 0, 0, 0, 0])).name, "1/ms^(6/12)");
    }

    #[test]
    fn concentrations_are_in_millimolar() {
        assert_eq!(unit(Dimension([0, 0, 0, -36, 12, 0, 0])).name, "mM");
    }

    #[test]
    fn numbers_have_no_needless_zeros() {
        assert_eq!(significant(20.0, 4), "20");
        assert_eq!(significant(0.00012345, 3), "0.000123");
        assert_eq!(significant(123456.0, 4), "123456");
    }

    #[test]
    fn times_are_exact() {
        assert_eq!(Grid::new(0.1).time(3), "0.3");
        assert_eq!(Grid::new(0.1).time(10_000), "1000");
        assert_eq!(Grid::new(0.025).time(3), "0.075");
        assert_eq!(Grid::new(2.0).time(3), "6");
    }
}
