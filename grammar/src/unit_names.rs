//! The names of units, and where a unit ends in the text.
//!
//! In: text. Out: whether a word is a unit, and how much of what follows a number is one. Only the
//! lexer can decide that `mV/ms` is one unit and `mV/tau` is not, so the names live here; what the
//! names *mean* is the checker's business.

use crate::ast::UnitPower;

/// Units that take an SI prefix.
const PREFIXED: [&str; 12] = ["s", "V", "A", "S", "F", "Ohm", "Hz", "m", "M", "mol", "C", "J"];
/// More of them, kept apart only to fit the line.
const PREFIXED_POWER_AND_HEAT: [&str; 2] = ["W", "K"];
/// Units that stand alone.
const BARE: [&str; 5] = ["min", "h", "tick", "%", "degC"];
/// The SI prefixes; micro in ASCII, as the micro sign and as the Greek letter.
const PREFIXES: [char; 10] = ['f', 'p', 'n', 'u', '\u{b5}', '\u{3bc}', 'm', 'c', 'k', 'M'];
/// How text processors write `Ohm`. It is a mistake that the lexer tells of, and its meaning is plain.
pub const OHM_SIGNS: [char; 2] = ['\u{3a9}', '\u{2126}'];
/// The largest power that a unit may carry, either way.
pub const MAX_POWER: i32 = 99;

/// Whether `name` is a unit, such as `mV`, `Ohm` or `%`.
pub fn is_unit(name: &str) -> bool {
    if let Some(prefix) = name.strip_suffix(OHM_SIGNS) {
        return prefix.is_empty() || strip_prefix(prefix) == Some("");
    }
    BARE.contains(&name) || is_prefixed(name) || strip_prefix(name).is_some_and(is_prefixed)
}

/// All unit names with their prefixes, for "did you mean".
pub fn all() -> impl Iterator<Item = String> {
    const PREFIX_TEXTS: [&str; 10] = ["", "f", "p", "n", "u", "m", "c", "k", "M", "G"];
    let bases = PREFIXED.iter().chain(&PREFIXED_POWER_AND_HEAT);
    let prefixed = bases.flat_map(|base| PREFIX_TEXTS.iter().map(move |prefix| format!("{prefix}{base}")));
    BARE.iter().map(|name| name.to_string()).chain(prefixed)
}

fn is_prefixed(name: &str) -> bool {
    PREFIXED.contains(&name) || PREFIXED_POWER_AND_HEAT.contains(&name)
}

fn strip_prefix(name: &str) -> Option<&str> {
    name.strip_prefix(|letter| PREFIXES.contains(&letter) || letter == 'G')
}

/// How many bytes of `rest`, the text right after a number, are its unit; 0 without one.
///
/// Blanks may stand before the unit, none inside. `/tau` after `mV` is no part of it, as `tau` is no unit.
pub fn scan(rest: &str) -> usize {
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let Some(first) = scan_power(&rest[blanks..]) else {
        return 0;
    };
    let mut end = blanks + first;
    while let Some(after) = rest[end..].strip_prefix(['/', '*']) {
        let Some(length) = scan_power(after) else {
            break;
        };
        end += 1 + length;
    }
    end
}

/// The unit factors of `text`, which [`scan`] measured; powers are negative after `/`.
pub fn factors(text: &str) -> Vec<UnitPower> {
    let mut rest = text.trim_start_matches([' ', '\t']);
    let mut factors = Vec::new();
    let mut sign = 1;
    while let Some(length) = scan_power(rest) {
        let (name, power) = rest[..length].split_once('^').unwrap_or((&rest[..length], "1"));
        // A power of more digits than fit is far above `MAX_POWER`, which the parser reports.
        let power = power.parse::<i32>().unwrap_or(i32::MAX);
        factors.push(UnitPower {
            name: if name.is_ascii() { name.into() } else { name.replace(OHM_SIGNS, "Ohm").into() },
            power: sign * power.clamp(-MAX_POWER - 1, MAX_POWER + 1),
        });
        let Some(after) = rest[length..].strip_prefix(['/', '*']) else {
            break;
        };
        sign = if rest.as_bytes().get(length) == Some(&b'/') { -1 } else { 1 };
        rest = after;
    }
    factors
}

/// The length of `name[^[-]digits]` at the start of `text`.
fn scan_power(text: &str) -> Option<usize> {
    let name = word_length(text);
    if !is_unit(&text[..name]) {
        return None;
    }
    let Some(power) = text[name..].strip_prefix('^') else {
        return Some(name);
    };
    let digits = power.strip_prefix('-').unwrap_or(power);
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    if count == 0 {
        return Some(name);
    }
    Some(name + 1 + (power.len() - digits.len()) + count)
}

fn word_length(text: &str) -> usize {
    if text.starts_with('%') {
        return 1;
    }
    let belongs = |letter: char| {
        letter.is_ascii_alphanumeric()
            || matches!(letter, '_' | '\u{b5}' | '\u{3bc}')
            || OHM_SIGNS.contains(&letter)
    };
    text.find(|letter: char| !belongs(letter)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_stand_on_si_units_only() {
        for name in [
            "ms", "us", "\u{b5}s", "\u{3bc}A", "nS", "MOhm", "Hz", "kHz", "cm", "mM", "mmol", "GHz", "K",
            "fJ", "h", "tick", "%", "degC", "min",
        ] {
            assert!(is_unit(name), "{name}");
        }
        for name in ["", "x", "tau", "kmin", "ticks", "mm2", "Ms2", "mmm", "ohm", "hz", "u", "k"] {
            assert!(!is_unit(name), "{name}");
        }
    }

    #[test]
    fn a_unit_ends_where_the_next_word_is_no_unit() {
        let length = |text: &str| text[..scan(text)].to_string();
        assert_eq!(length(" mV/tau"), " mV");
        assert_eq!(length(" Hz*x"), " Hz");
        assert_eq!(length(" mV^-1/ms + 1"), " mV^-1/ms");
        assert_eq!(length(" nS/cm^2 "), " nS/cm^2");
        assert_eq!(length("..5"), "");
        assert_eq!(length("\nms"), "");
        assert_eq!(length(" ms//"), " ms");
        assert_eq!(length(" ms/*x*/"), " ms");
        assert_eq!(length(" s^x"), " s");
        assert_eq!(length(" %"), " %");
        assert_eq!(length(" M\u{3a9}*x"), " M\u{3a9}");
        assert_eq!(length(" mM\u{3a9}"), "");
    }

    #[test]
    fn what_follows_a_slash_has_a_negative_power() {
        let powers: Vec<_> = factors(" mV^-1/ms*nS/cm^2")
            .into_iter()
            .map(|unit| (unit.name.to_string(), unit.power))
            .collect();
        let expected =
            [("mV", -1), ("ms", -1), ("nS", 1), ("cm", -2)].map(|(name, power)| (name.to_string(), power));
        assert_eq!(powers, expected);
    }

    #[test]
    fn every_listed_name_is_a_unit() {
        assert!(all().all(|name| is_unit(&name)));
    }
}
