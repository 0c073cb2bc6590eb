//! Units: what `20 ms` or `10 nS/cm^2` is in the coherent system, and back into words.
//!
//! In: unit names with powers, digits as written; values with dimensions. Out: coherent values,
//! rounded once; texts for messages and results. All scales are powers of ten (times 60 or 3600 for
//! `min` and `h`), so a literal is read by moving its decimal exponent, never by multiplying.

use crate::types::Dimension;
use circ_grammar::ast::{Number, UnitPower};

/// A unit in the coherent system: `value * factor * 10^exponent + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    exponent: i64,
    factor: f64,
    offset: f64,
    dimension: Dimension,
}

/// Symbol, decimal exponent of its coherent value, dimension, and whether it takes prefixes.
const UNITS: &[(&str, i64, Dimension, bool)] = &[
    ("s", 3, Dimension::TIME, true),
    ("V", 3, Dimension::VOLTAGE, true),
    ("A", 12, Dimension::CURRENT, true),
    ("S", 9, Dimension::CONDUCTANCE, true),
    ("F", 12, Dimension::CAPACITANCE, true),
    ("Ohm", -9, Dimension::RESISTANCE, true),
    ("Hz", -3, Dimension::FREQUENCY, true),
    ("m", 6, Dimension::LENGTH, true),
    ("M", 3, Dimension::CONCENTRATION, true),
    ("mol", 18, Dimension::AMOUNT, true),
    ("C", 15, Dimension::CHARGE, true),
    ("J", 18, Dimension([12, 12, 12, 0, 0, 0, 0]), true),
    ("W", 15, Dimension([0, 12, 12, 0, 0, 0, 0]), true),
    ("K", 0, Dimension::TEMPERATURE, true),
    ("%", -2, Dimension::REAL, false),
];

const PREFIXES: &[(&str, i64)] = &[
    ("f", -15),
    ("p", -12),
    ("n", -9),
    ("u", -6),
    ("µ", -6),
    ("μ", -6),
    ("m", -3),
    ("c", -2),
    ("k", 3),
    ("M", 6),
    ("G", 9),
];

/// `tick` is a unit whose size is the step, which only an experiment knows.
pub const TICK: &str = "tick";

/// Scale, offset and dimension of a product of units: `value * scale + offset` is coherent. `None` for
/// a name that is no unit, for `tick`, and for powers beyond all use.
pub fn unit(power: &[UnitPower]) -> Option<(f64, f64, Dimension)> {
    let scale = product(power)?;
    Some((scale.factor * decimal("1", scale.exponent), scale.offset, scale.dimension))
}

/// The coherent value and dimension of a literal, correctly rounded. `None` as for [`unit()`]; infinite where
/// the number is too large.
pub fn number(number: &Number) -> Option<(f64, Dimension)> {
    let scale = product(&number.unit)?;
    let value = decimal(&number.digits, scale.exponent);
    // The factor is 1 except with `min` and `h`, where it is small and whole.
    Some((value * scale.factor + scale.offset, scale.dimension))
}

/// Whether a name is a unit, `tick` included.
pub fn is_unit(name: &str) -> bool {
    name == TICK || single(name).is_some()
}

/// Every unit that a misspelt one could have meant.
pub fn names() -> impl Iterator<Item = String> {
    let prefixed = UNITS.iter().flat_map(|(name, _, _, takes_prefix)| {
        let prefixes = if *takes_prefix { PREFIXES } else { &[] };
        std::iter::once(name.to_string())
            .chain(prefixes.iter().map(move |(prefix, _)| format!("{prefix}{name}")))
    });
    prefixed.chain(["min", "h", "degC", TICK].map(String::from))
}

fn product(powers: &[UnitPower]) -> Option<Scale> {
    let mut all = Scale { exponent: 0, factor: 1.0, offset: 0.0, dimension: Dimension::REAL };
    for power in powers {
        let one = single(&power.name)?;
        if !(-100..=100).contains(&power.power) {
            return None;
        }
        all.exponent += one.exponent * i64::from(power.power);
        for _ in 0..power.power.unsigned_abs() {
            all.factor = if power.power < 0 { all.factor / one.factor } else { all.factor * one.factor };
        }
        all.dimension = all.dimension.times(one.dimension.power(f64::from(power.power))?)?;
        // An offset means something only for the bare unit: `25 degC`, not `1 mV/degC`.
        if one.offset != 0.0 && powers.len() == 1 && power.power == 1 {
            all.offset = one.offset;
        }
    }
    Some(all)
}

fn single(name: &str) -> Option<Scale> {
    let plain = |exponent, dimension| Scale { exponent, factor: 1.0, offset: 0.0, dimension };
    match name {
        "min" => {
            return Some(Scale { factor: 6.0, ..plain(4, Dimension::TIME) });
        }
        "h" => {
            return Some(Scale { factor: 36.0, ..plain(5, Dimension::TIME) });
        }
        "degC" => {
            return Some(Scale { offset: 273.15, ..plain(0, Dimension::TEMPERATURE) });
        }
        _ => {}
    }
    if let Some((_, exponent, dimension, _)) = UNITS.iter().find(|unit| unit.0 == name) {
        return Some(plain(*exponent, *dimension));
    }
    PREFIXES.iter().find_map(|(prefix, shift)| {
        let rest = name.strip_prefix(prefix)?;
        let (_, exponent, dimension, _) = UNITS.iter().find(|unit| unit.0 == rest && unit.3)?;
        Some(plain(exponent + shift, *dimension))
    })
}

/// `digits * 10^shift`, correctly rounded.
fn decimal(digits: &str, shift: i64) -> f64 {
    if let Some(short) = short_decimal(digits, shift) {
        return short;
    }
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, "0"),
    };
    // An exponent too long for `i64` is beyond every finite number on its side.
    let written =
        exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { -1_000_000 } else { 1_000_000 });
    let exponent = written.clamp(-1_000_000, 1_000_000).saturating_add(shift);
    format!("{mantissa}e{exponent}").parse().unwrap_or(f64::NAN)
}

/// The same for few digits without an exponent, as people write them. A whole number below 2^53 and a power of ten up to
/// 10^22 are doubles, so that one operation rounds once (Clinger, How to read floating point numbers accurately, 1990).
fn short_decimal(digits: &str, shift: i64) -> Option<f64> {
    const MOST_DIGITS: usize = 15;
    const POWERS: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    if MOST_DIGITS < digits.len() {
        return None;
    }
    let (mut whole, mut point) = (0_u64, None);
    for (at, digit) in digits.bytes().enumerate() {
        match digit {
            b'0'..=b'9' => whole = whole * 10 + u64::from(digit - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let behind = point.map_or(0, |at| digits.len() - 1 - at);
    let shift = shift.saturating_sub(behind as i64);
    let power = *POWERS.get(usize::try_from(shift.unsigned_abs()).ok()?)?;
    Some(if shift < 0 { whole as f64 / power } else { whole as f64 * power })
}

/// Units to show a dimension in, each with the decimal exponent of its coherent value, ascending.
fn natural(dimension: Dimension) -> Option<&'static [(&'static str, i32)]> {
    let units: &[(Dimension, &[(&str, i32)])] = &[
        (Dimension::REAL, &[("", 0)]),
        (Dimension::TIME, &[("us", -3), ("ms", 0), ("s", 3)]),
        (Dimension::FREQUENCY, &[("Hz", -3), ("kHz", 0), ("MHz", 3)]),
        (Dimension::VOLTAGE, &[("nV", -6), ("uV", -3), ("mV", 0), ("V", 3)]),
        (Dimension::CURRENT, &[("fA", -3), ("pA", 0), ("nA", 3), ("uA", 6), ("mA", 9), ("A", 12)]),
        (Dimension::CONDUCTANCE, &[("pS", -3), ("nS", 0), ("uS", 3), ("mS", 6), ("S", 9)]),
        (Dimension::RESISTANCE, &[("Ohm", -9), ("kOhm", -6), ("MOhm", -3), ("GOhm", 0)]),
        (Dimension::CAPACITANCE, &[("fF", -3), ("pF", 0), ("nF", 3), ("uF", 6), ("mF", 9), ("F", 12)]),
        (Dimension::CHARGE, &[("fC", 0), ("pC", 3), ("nC", 6), ("uC", 9), ("mC", 12), ("C", 15)]),
        (Dimension::LENGTH, &[("nm", -3), ("um", 0), ("mm", 3), ("m", 6)]),
        (Dimension::AREA, &[("um^2", 0), ("mm^2", 6)]),
        (Dimension::VOLUME, &[("um^3", 0), ("mm^3", 9)]),
        (Dimension::CONCENTRATION, &[("nM", -6), ("uM", -3), ("mM", 0), ("M", 3)]),
        (
            Dimension::AMOUNT,
            &[("fmol", 3), ("pmol", 6), ("nmol", 9), ("umol", 12), ("mmol", 15), ("mol", 18)],
        ),
        (Dimension::TEMPERATURE, &[("K", 0)]),
        (Dimension::VELOCITY, &[("mm/s", 0), ("m/s", 3)]),
        (Dimension([-12, 12, 0, 0, 0, 0, 0]), &[("mV/s", -3), ("mV/ms", 0), ("V/ms", 3)]),
        (
            Dimension([0, -12, 12, -24, 0, 0, 0]),
            &[("nS/cm^2", -8), ("uS/cm^2", -5), ("mS/cm^2", -2), ("S/cm^2", 1)],
        ),
        (Dimension([12, -12, 12, -24, 0, 0, 0]), &[("nF/cm^2", -5), ("uF/cm^2", -2)]),
        (Dimension([0, 0, 12, -24, 0, 0, 0]), &[("nA/cm^2", -5), ("uA/cm^2", -2), ("mA/cm^2", 1)]),
    ];
    units.iter().find(|(of, _)| *of == dimension).map(|(_, units)| *units)
}

/// A coherent value with a natural unit and at most six significant digits: `20 ms`, `1.62 mV`, `5.3 Hz`.
pub fn show(value: f64, dimension: Dimension) -> String {
    let Some(units) = natural(dimension) else {
        return format!("{} {}", significant(value), coherent_unit(dimension));
    };
    // Steps and delays are said in milliseconds: `0.1 ms`, not `100 us`.
    let (unit, exponent) = match dimension {
        // No rates are said in hertz as the rates beside them are.
        Dimension::FREQUENCY if value == 0.0 => ("Hz", -3),
        Dimension::TIME if (0.01..1000.0).contains(&value.abs()) => ("ms", 0),
        // Small postsynaptic potentials are said in millivolts: `0.9 mV`, not `900 uV`.
        Dimension::VOLTAGE if (0.01..1000.0).contains(&value.abs()) => ("mV", 0),
        _ => choose(units, value),
    };
    let shown = significant(value * decimal("1", -i64::from(exponent)));
    if unit.is_empty() || value.is_infinite() { shown } else { format!("{shown} {unit}") }
}

/// The largest unit in which the value is at least one; the coherent one for zero.
fn choose(units: &'static [(&'static str, i32)], value: f64) -> (&'static str, i32) {
    let fallback = if value == 0.0 { units.iter().find(|unit| unit.1 == 0) } else { None };
    // Rounded first: 0.9999999 ms is shown as `1 ms`, not as `1000 us`.
    let fits = |exponent: i32| 0.9999995 <= value.abs() * decimal("1", -i64::from(exponent));
    let fitting = units.iter().rev().find(|unit| fits(unit.1));
    *fallback.or(fitting).or(units.first()).unwrap_or(&("", 0))
}

/// At most six significant digits, without trailing zeros.
fn significant(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "nan".into()
        } else if 0.0 < value {
            "inf".into()
        } else {
            "-inf".into()
        };
    }
    let scientific = format!("{value:.5e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: String| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    };
    if (-5..15).contains(&exponent) {
        trim(format!("{value:.*}", usize::try_from(5 - exponent).unwrap_or(0)))
    } else {
        format!("{}e{exponent}", trim(mantissa.to_owned()))
    }
}

const BASE_UNITS: [&str; 7] = ["ms", "mV", "pA", "um", "(mM*um^3)", "K", "weight"];

/// The coherent unit as a product, such as `mV/ms^2`.
fn coherent_unit(dimension: Dimension) -> String {
    let part = |sign: i16| {
        let factors = dimension.0.iter().zip(BASE_UNITS).filter(move |(power, _)| 0 < **power * sign);
        factors.map(move |(power, name)| match twelfths(power.abs()) {
            text if text == "1" => name.to_owned(),
            text => format!("{name}^{text}"),
        })
    };
    let above = part(1).collect::<Vec<_>>().join("*");
    let below = part(-1).map(|factor| format!("/{factor}")).collect::<String>();
    if above.is_empty() { format!("1{below}") } else { above + &below }
}

fn twelfths(power: i16) -> String {
    match (power % 12, power % 6, power % 4, power % 3) {
        (0, ..) => format!("{}", power / 12),
        (_, 0, ..) => format!("({}/2)", power / 6),
        (_, _, 0, _) => format!("({}/3)", power / 4),
        (_, _, _, 0) => format!("({}/4)", power / 3),
        _ => format!("({power}/12)"),
    }
}

/// Names of dimensions as the language writes them, in the order in which a reader prefers them.
pub const DIMENSIONS: &[(&str, Dimension)] = &[
    ("real", Dimension::REAL),
    ("time", Dimension::TIME),
    ("frequency", Dimension::FREQUENCY),
    ("voltage", Dimension::VOLTAGE),
    ("current", Dimension::CURRENT),
    ("conductance", Dimension::CONDUCTANCE),
    ("resistance", Dimension::RESISTANCE),
    ("capacitance", Dimension::CAPACITANCE),
    ("charge", Dimension::CHARGE),
    ("length", Dimension::LENGTH),
    ("area", Dimension::AREA),
    ("volume", Dimension::VOLUME),
    ("concentration", Dimension::CONCENTRATION),
    ("temperature", Dimension::TEMPERATURE),
    ("velocity", Dimension::VELOCITY),
    ("weight", Dimension::WEIGHT),
];

/// A dimension as a product of at most three named ones.
struct Product {
    above: Vec<&'static str>,
    below: Vec<&'static str>,
    /// The last name below (or above, without one below) is under a root.
    root: bool,
}

/// The shortest product of named dimensions; `None` where none is short.
fn decompose(dimension: Dimension) -> Option<Product> {
    let named = &DIMENSIONS[1..];
    let name_of = |wanted: Dimension| named.iter().find(|(_, d)| *d == wanted).map(|(name, _)| *name);
    if let Some(name) = name_of(dimension) {
        return Some(Product { above: vec![name], below: vec![], root: false });
    }
    for (name, below) in named {
        if let Some(above) = dimension.times(*below).and_then(name_of) {
            return Some(Product { above: vec![above], below: vec![name], root: false });
        }
    }
    for (name, factor) in named {
        if let Some(other) = dimension.per(*factor).and_then(name_of) {
            return Some(Product { above: vec![name, other], below: vec![], root: false });
        }
    }
    for (name, below) in named {
        if dimension.times(*below) == Some(Dimension::REAL) {
            return Some(Product { above: vec![], below: vec![name], root: false });
        }
        for (second, other) in named {
            let Some(rest) = dimension.times(*below).and_then(|d| d.times(*other)) else {
                continue;
            };
            if rest == Dimension::REAL {
                return Some(Product { above: vec![], below: vec![name, second], root: false });
            }
            if let Some(above) = name_of(rest) {
                return Some(Product { above: vec![above], below: vec![name, second], root: false });
            }
        }
    }
    for (name, under) in named {
        let root = under.power(0.5)?;
        if dimension == root {
            return Some(Product { above: vec![name], below: vec![], root: true });
        }
        if let Some(rest) = dimension.times(root) {
            if rest == Dimension::REAL {
                return Some(Product { above: vec![], below: vec![name], root: true });
            }
            if let Some(above) = name_of(rest) {
                return Some(Product { above: vec![above], below: vec![name], root: true });
            }
        }
    }
    None
}

/// With an article: "a voltage", "a voltage per time", "a plain number".
pub fn dimension_words(dimension: Dimension) -> String {
    if dimension == Dimension::REAL {
        return "a plain number".into();
    }
    let Some(product) = decompose(dimension) else {
        return format!("a quantity in {}", coherent_unit(dimension));
    };
    let root = |text: String| {
        if product.root { format!("root of {text}") } else { text }
    };
    let above = match product.above[..] {
        [] => "one".to_owned(),
        [one] if product.root && product.below.is_empty() => {
            format!("the root of {}", article(one))
        }
        [one] => article(one),
        [first, ref rest @ ..] => format!("{} times {}", article(first), rest.join(" times ")),
    };
    match product.below[..] {
        [] => above,
        ref below => format!("{above} per {}", root(below.join(" and "))),
    }
}

fn article(name: &str) -> String {
    let vowel = name.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {name}", if vowel { "an" } else { "a" })
}

/// As a type is written: `voltage`, `conductance / area`, `real`.
pub fn dimension_text(dimension: Dimension) -> String {
    if dimension == Dimension::REAL {
        return "real".into();
    }
    match decompose(dimension) {
        Some(product) if !product.root => {
            let above = if product.above.is_empty() { "real".to_owned() } else { product.above.join(" * ") };
            product.below.iter().fold(above, |text, below| format!("{text} / {below}"))
        }
        _ => coherent_unit(dimension),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(digits: &str, unit: &[(&str, i32)]) -> Option<(f64, Dimension)> {
        let unit =
            unit.iter().map(|(name, power)| UnitPower { name: (*name).into(), power: *power }).collect();
        number(&Number { digits: digits.into(), unit })
    }

    #[test]
    fn literals_are_rounded_once() {
        assert_eq!(literal("0.1", &[("ms", 1)]), Some((0.1, Dimension::TIME)));
        assert_eq!(literal("1.62", &[("mV", 1)]), Some((1.62, Dimension::VOLTAGE)));
        assert_eq!(literal("8", &[("kHz", 1)]), Some((8.0, Dimension::FREQUENCY)));
        assert_eq!(literal("0.3", &[("Hz", 1)]), Some((0.3e-3, Dimension::FREQUENCY)));
        assert_eq!(literal("2.5e3", &[("us", 1)]), Some((2.5, Dimension::TIME)));
        assert_eq!(literal("2", &[("h", 1)]), Some((7.2e6, Dimension::TIME)));
        assert_eq!(
            literal("10", &[("nS", 1), ("cm", -2)]),
            Some((10e-8, Dimension([0, -12, 12, -24, 0, 0, 0])))
        );
        assert_eq!(literal("200", &[("M", 1)]), Some((2e5, Dimension::CONCENTRATION)));
        assert_eq!(literal("3", &[("zV", 1)]), None);
        assert_eq!(literal("25", &[("degC", 1)]), Some((298.15, Dimension::TEMPERATURE)));
        assert_eq!(literal("5", &[("%", 1)]), Some((0.05, Dimension::REAL)));
        assert_eq!(literal("1e99999999999999999999", &[]).map(|n| n.0), Some(f64::INFINITY));
        assert_eq!(literal("1", &[("mV", i32::MAX)]), None);
    }

    #[test]
    fn short_literals_are_rounded_as_long_ones() {
        let written =
            ["0", "1", "7", "0.1", "1.62", "49.9", "123456.789", "0.000123", "999999999999999", "5.", ".25"];
        for digits in written {
            for shift in -26..=26 {
                let long: f64 = format!("{digits}e{shift}").parse().unwrap();
                assert_eq!(decimal(digits, shift).to_bits(), long.to_bits(), "{digits}e{shift}");
            }
        }
        assert_eq!(short_decimal("1234567890.123456", 0), None);
    }
}
