//! `fano`: the Fano factor: of each cell, the variance of its spike counts in successive bins over their mean; over a
//! view, the mean over the cells that spike. A Poisson train has 1, a clock about 0.
//!
//! Source: Fano (1947), Phys. Rev. 72:26; of spike counts, Softky & Koch (1993), J. Neurosci. 13:334. Population
//! variance: `numpy.var(c) / numpy.mean(c)`.

use super::binned::Sums;
use super::{Binned, BinnedMeasure, mean_of_determined};

pub static FANO: BinnedMeasure = BinnedMeasure { name: "fano", bin_ms: 100.0, each: Some(each), all };

fn each(binned: &Binned) -> Vec<f64> {
    binned.sums().iter().map(factor).collect()
}

fn all(binned: &Binned) -> f64 {
    mean_of_determined(&each(binned))
}

fn factor(sums: &Sums) -> f64 {
    sums.variance() / sums.mean()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.var(c, axis=1) / numpy.mean(c, axis=1)`
    #[test]
    fn the_values_of_numpy() {
        let found = each(&Binned::sample());
        assert_eq!(found[..2], [0.8333333333333334, 0.5]);
        assert!(found[2].is_nan());
        assert_eq!(found[3], 0.9166666666666666);
        assert_eq!(all(&Binned::sample()), 0.75);
    }
}
