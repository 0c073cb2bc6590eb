//! `rate`: spikes per cell and time, `N / (cells * T)` with `N` spikes in a window of length `T`.

use super::{Measure, Trains};
use circ_compiler::types::Dimension;

pub static RATE: Measure = Measure { name: "rate", dimension: Dimension::FREQUENCY, each, all };

fn each(trains: &Trains) -> Vec<f64> {
    trains.iter().map(|train| train.len() as f64 / trains.duration()).collect()
}

fn all(trains: &Trains) -> f64 {
    trains.total() as f64 / (trains.cells() as f64 * trains.duration())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_spikes_of_two_cells_in_five_milliseconds() {
        let trains = Trains::of(&[&[1, 4], &[2]], 10);
        assert_eq!(all(&trains), 0.3);
        assert_eq!(each(&trains), [0.4, 0.2]);
    }
}
