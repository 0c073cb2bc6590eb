//! `synchrony`: the variance in time of the mean count of all cells, over the mean of the cells' own variances, and of
//! that the root: `chi = sqrt(Var(mean_i c_i) / mean_i(Var(c_i)))`. It is 1 where all cells do the same, and about
//! `1 / sqrt(N)` where `N` cells have nothing to do with each other.
//!
//! Source: Golomb & Rinzel (1993), Phys. Rev. E 48:4810, here of spike counts in bins in place of voltages.

use super::binned::{Sums, sums_of};
use super::{Binned, BinnedMeasure};

pub static SYNCHRONY: BinnedMeasure = BinnedMeasure { name: "synchrony", bin_ms: 5.0, each: None, all };

fn all(binned: &Binned) -> f64 {
    let cells = binned.cells() as f64;
    let own = binned.sums().iter().map(Sums::variance).sum::<f64>() / cells;
    let together = sums_of(&binned.total()).variance() / (cells * cells);
    (together / own).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::Trains;

    /// `numpy.sqrt(c.mean(axis=0).var() / c.var(axis=1).mean())`
    #[test]
    fn the_value_of_numpy() {
        assert_eq!(all(&Binned::sample()), 0.5717718748968657);
    }

    #[test]
    fn cells_that_do_the_same_have_one() {
        let trains: [&[i64]; 3] = [&[3, 4, 17], &[3, 4, 17], &[3, 4, 17]];
        assert_eq!(all(&Binned::new(Trains::of(&trains, 20), 10)), 1.0);
    }

    #[test]
    fn silence_is_not_a_number() {
        assert!(all(&Binned::new(Trains::of(&[&[], &[]], 20), 10)).is_nan());
    }
}
