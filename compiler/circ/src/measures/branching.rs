//! `branching`: how many spikes follow from one: the slope of the regression of a population's count in a bin on that in
//! the bin before, `m = Cov(A_t, A_t+1) / Var(A_t)`. It is 0 of independent spikes, and nears 1 where activity neither
//! dies out nor grows.
//!
//! Source: the process with immigration of Wilting & Priesemann (2018), Nat. Commun. 9:2325, whose conventional estimator this is
//! (that of lag 1); it is too small where only some of the cells are looked at, as they show.

use super::{Binned, BinnedMeasure};

pub static BRANCHING: BinnedMeasure = BinnedMeasure { name: "branching", bin_ms: 4.0, each: None, all };

fn all(binned: &Binned) -> f64 {
    let total = binned.total();
    let pairs = || total.windows(2).map(|pair| (pair[0], pair[1]));
    let count = u128::from(total.len().saturating_sub(1) as u64);
    let sum = |of: fn((u64, u64)) -> u64| pairs().map(|pair| u128::from(of(pair))).sum::<u128>();
    let (before, after) = (sum(|(a, _)| a), sum(|(_, b)| b));
    let (products, squares) = (sum(|(a, b)| a * b), sum(|(a, _)| a * a));
    // Whole numbers, scaled by the square of their count: only the quotient is rounded.
    let covariance = (count * products) as i128 - (before * after) as i128;
    let variance = (count * squares) as i128 - (before * before) as i128;
    covariance as f64 / variance as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::Trains;

    /// `numpy.polyfit(a[:-1], a[1:], 1)[0]` of `a = [3, 3, 1, 6]`
    #[test]
    fn the_slope_of_numpy() {
        assert_eq!(all(&Binned::sample()), -2.0);
    }

    #[test]
    fn what_doubles_from_bin_to_bin_has_two() {
        let trains: [&[i64]; 3] = [&[1, 11, 12, 21, 22, 23, 24], &[], &[]];
        assert_eq!(all(&Binned::new(Trains::of(&trains, 30), 10)), 2.0);
    }

    #[test]
    fn constant_counts_tell_nothing() {
        assert!(all(&Binned::new(Trains::of(&[&[1, 11, 21]], 30), 10)).is_nan());
    }
}
