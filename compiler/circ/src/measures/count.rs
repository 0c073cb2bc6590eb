//! `count` and `spikes`: how many spikes, in all or of each cell.

use super::{Measure, Trains};
use circ_compiler::types::Dimension;

pub static COUNT: Measure = Measure { name: "count", dimension: Dimension::REAL, each, all };
pub static SPIKES: Measure = Measure { name: "spikes", dimension: Dimension::REAL, each, all };

fn each(trains: &Trains) -> Vec<f64> {
    trains.iter().map(|train| train.len() as f64).collect()
}

fn all(trains: &Trains) -> f64 {
    trains.total() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_and_cells() {
        let trains = Trains::of(&[&[0, 1, 4], &[]], 10);
        assert_eq!(all(&trains), 3.0);
        assert_eq!(each(&trains), [3.0, 0.0]);
    }
}
