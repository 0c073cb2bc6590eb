//! `isi`: the mean interval between successive spikes of a cell, in ms; over a view, the mean over the
//! cells with at least two spikes.

use super::{Measure, Trains, mean_of_determined};
use circ_compiler::types::Dimension;

pub static ISI: Measure = Measure { name: "isi", dimension: Dimension::TIME, each, all };

fn each(trains: &Trains) -> Vec<f64> {
    trains.iter().map(|train| mean_interval(train) * trains.dt).collect()
}

fn all(trains: &Trains) -> f64 {
    mean_of_determined(&each(trains))
}

/// In ticks; the intervals add up to the distance of the last spike from the first.
fn mean_interval(train: &[i64]) -> f64 {
    match train {
        [first, .., last] => (last - first) as f64 / (train.len() - 1) as f64,
        [] | [_] => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_fewer_than_two_spikes_do_not_count() {
        assert_eq!(all(&Trains::of(&[&[0, 4, 8], &[3], &[1, 3]], 10)), 1.5);
    }

    #[test]
    fn no_interval_is_not_a_number() {
        assert!(all(&Trains::of(&[&[3]], 10)).is_nan());
    }
}
