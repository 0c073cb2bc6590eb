//! Small well-typed programs from a seed.
//!
//! In: a seed. Out: the text of a `.circ` file and the features that it uses, so that a test can
//! demand that every feature occurs. Numbers are kept small and functions bounded, but nothing stops a
//! program from running into a fault: then both engines must report the same one.

use crate::{generate_cell, generate_net};
use std::path::{Path, PathBuf};

/// Where the files lie that the programs use and load.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("generated")
}

/// The program of a seed.
pub fn generate(seed: u64) -> String {
    let mut g = Gen::new(seed);
    let cells: Vec<_> = (0..g.range(1, 2)).map(|k| generate_cell::cell(&mut g, k)).collect();
    let network = generate_net::network(&mut g, &cells);
    let mut text = format!("//! Generated from seed {seed}.\n\n{USES}\n");
    for cell in &cells {
        text += &cell.text;
        text += "\n";
    }
    text + &network
}

/// The library, a file beside the program, and items at top level.
const USES: &str = "\
use std.cells.{LifDelta, LifCurrent, LifAlpha, LifConductance, AdEx, Chattering, HodgkinHuxley, Gif, PoissonSource}
use shared.{squared, LEVEL}
let SHIFT = 0.25
fn shifted(x: real) -> real = squared(x) - SHIFT
data KNOTS: real[2] = [0.1, 0.6]
";

/// A stream of choices.
pub(crate) struct Gen {
    state: u64,
}

impl Gen {
    /// The choices of a seed.
    pub(crate) fn new(seed: u64) -> Gen {
        Gen { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03 }
    }

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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_makes_the_same_program() {
        assert_eq!(generate(7), generate(7));
    }
}
