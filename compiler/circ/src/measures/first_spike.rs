//! `first_spike`: how long after the beginning of the window a cell first spikes, in ms; over a view,
//! the mean over the cells that do.

use super::{Measure, Trains, mean_of_determined};
use circ_compiler::types::Dimension;

pub static FIRST_SPIKE: Measure = Measure { name: "first_spike", dimension: Dimension::TIME, each, all };

fn each(trains: &Trains) -> Vec<f64> {
    trains.iter().map(|train| latency(train, trains)).collect()
}

fn all(trains: &Trains) -> f64 {
    mean_of_determined(&each(trains))
}

fn latency(train: &[i64], trains: &Trains) -> f64 {
    train.first().map_or(f64::NAN, |tick| (tick - trains.window.after) as f64 * trains.dt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_cells_do_not_count() {
        assert_eq!(all(&Trains::of(&[&[4, 5], &[], &[2]], 10)), 1.5);
    }
}
