//! Small well-typed programs from a seed.
//!
//! In: a seed. Out: the text of a `.circ` file and the features that it uses, so that a test can
//! demand that every feature occurs. Numbers are kept small and functions bounded, but nothing stops a
//! program from running into a fault: then both engines must report the same one.

use crate::{generate_cell, generate_net};
use std::collections::BTreeSet;

/// A generated program.
#[derive(Clone, Debug)]
pub struct Generated {
    pub text: String,
    /// Names of the statements, shapes, methods and clauses in it: `port exponential`, `connect total`.
    pub features: BTreeSet<&'static str>,
}

/// Every feature that the generator can make; a run of the tests must meet all of them.
pub const FEATURES: &[&str] = &[
    "param",
    "param random",
    "param range",
    "param of index",
    "state",
    "state range",
    "state int",
    "state bool",
    "let",
    "let random",
    "fn",
    "extends",
    "equation factor",
    "equation derivative",
    "port exponential",
    "port alpha",
    "port biexponential",
    "port delta",
    "port delta subtract",
    "port sum",
    "spike",
    "spike body",
    "event",
    "event emitted",
    "rising",
    "on event",
    "on port",
    "on tick",
    "on end",
    "mode",
    "mode equation",
    "mode endless",
    "refractory",
    "hold",
    "drop",
    "no event",
    "action if",
    "action let",
    "leave",
    "noise",
    "noise multiplicative",
    "chance",
    "poisson value",
    "method auto",
    "method exact",
    "method exponential_euler",
    "method euler",
    "method rk2",
    "method rk4",
    "method heun",
    "method implicit",
    "precision f32",
    "precision f64",
    "reduction",
    "drive poisson",
    "drive choose",
    "drive times",
    "drive value",
    "drive table",
    "drive window",
    "drive delay",
    "spike times",
    "population shape",
    "population override",
    "population override random",
    "population positions",
    "view slice",
    "view list",
    "view where",
    "view union",
    "connect probability",
    "connect probability expression",
    "connect in_degree",
    "connect out_degree",
    "connect total",
    "connect one_to_one",
    "connect all_to_all",
    "connect where",
    "connect from",
    "allow self",
    "allow multiple",
    "weight constant",
    "weight random",
    "weight expression",
    "delay none",
    "delay constant",
    "delay random",
    "delay distance",
    "delay dendritic",
    "source event",
    "circuit parameter",
    "part",
    "family",
    "circuit if",
    "set parameter",
    "set per cell",
    "set drive",
];

/// The program of a seed.
pub fn generate(seed: u64) -> Generated {
    let mut g = Gen {
        state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03,
        features: BTreeSet::new(),
    };
    let cells: Vec<_> = (0..g.range(1, 2)).map(|k| generate_cell::cell(&mut g, k)).collect();
    let network = generate_net::network(&mut g, &cells);
    let mut text = format!("//! Generated from seed {seed}.\n\n");
    for cell in &cells {
        text += &cell.text;
        text += "\n";
    }
    text += &network;
    Generated { text, features: g.features }
}

/// A stream of choices, and the features met so far.
pub(crate) struct Gen {
    state: u64,
    features: BTreeSet<&'static str>,
}

impl Gen {
    /// SplitMix64 (Steele, Lea & Flood 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number from `lo` to `hi`, both included.
    pub(crate) fn range(&mut self, lo: usize, hi: usize) -> usize {
        lo + (self.next() % (hi - lo + 1) as u64) as usize
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.range(1, n) == 1
    }

    /// One of these.
    pub(crate) fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.range(0, choices.len() - 1)].clone()
    }

    /// A number with one decimal from `lo` to `hi` tenths.
    pub(crate) fn tenths(&mut self, lo: i64, hi: i64) -> String {
        let n = lo + (self.next() % (hi - lo + 1) as u64) as i64;
        format!("{}{}.{}", if n < 0 { "-" } else { "" }, n.abs() / 10, n.abs() % 10)
    }

    /// Notes a feature.
    pub(crate) fn has(&mut self, feature: &'static str) {
        debug_assert!(FEATURES.contains(&feature), "`{feature}` is not on the list of features");
        self.features.insert(feature);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_makes_the_same_program() {
        assert_eq!(generate(7).text, generate(7).text);
    }

    #[test]
    fn five_hundred_programs_use_every_feature() {
        let mut met = BTreeSet::new();
        for seed in 0..500 {
            met.extend(generate(seed).features);
        }
        let missing: Vec<_> = FEATURES.iter().filter(|f| !met.contains(*f)).collect();
        assert!(missing.is_empty(), "never generated: {missing:?}");
    }
}
