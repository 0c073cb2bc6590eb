//! `cv_isi`: irregularity of firing: of each cell with at least three spikes in the window, the
//! population standard deviation of its intervals over their mean; over a view, the mean of these.
//!
//! Source: Softky & Koch (1993), J. Neurosci. 13:334. A Poisson train has 1, a clock 0.

use super::{Measure, Trains, mean_of_determined};
use circ_compiler::types::Dimension;

pub static CV_ISI: Measure = Measure { name: "cv_isi", dimension: Dimension::REAL, each, all };

fn each(trains: &Trains) -> Vec<f64> {
    trains.iter().map(variation).collect()
}

fn all(trains: &Trains) -> f64 {
    mean_of_determined(&each(trains))
}

/// Intervals are whole ticks: their mean is known first, so that the squares do not cancel.
fn variation(train: &[i64]) -> f64 {
    let [first, _, .., last] = train else { return f64::NAN };
    if train.len() < 3 {
        return f64::NAN;
    }
    let intervals = (train.len() - 1) as f64;
    let mean = (last - first) as f64 / intervals;
    let squares: f64 = train.windows(2).map(|pair| (pair[1] - pair[0]) as f64 - mean).map(|d| d * d).sum();
    (squares / intervals).sqrt() / mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_has_none() {
        assert_eq!(all(&Trains::of(&[&[1, 3, 5, 7]], 10)), 0.0);
    }

    #[test]
    fn intervals_of_one_and_three_have_a_half() {
        assert_eq!(all(&Trains::of(&[&[1, 2, 5], &[1, 9]], 10)), 0.5);
    }

    #[test]
    fn two_spikes_do_not_tell() {
        assert!(all(&Trains::of(&[&[1, 9]], 10)).is_nan());
    }
}
