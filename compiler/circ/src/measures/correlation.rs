//! `correlation`: Pearson's coefficient of the spike counts of two cells in successive bins; over a view, the mean over
//! all pairs of different cells; over two views, the mean over all pairs of one cell of each. Cells whose count never
//! changes have none and are left out.
//!
//! Source: Pearson (1895), Proc. R. Soc. Lond. 58:240; of spike counts, Cohen & Kohn (2011), Nat. Neurosci. 14:811. With counts
//! `z` made to mean 0 and variance 1, the sum over all pairs is that of `(sum_i z_i)^2` less that of `z_i^2`, so
//! that the work grows with the cells and not with their pairs.

use super::binned::Sums;
use super::{Binned, BinnedMeasure, mean_of_determined};

pub static CORRELATION: BinnedMeasure =
    BinnedMeasure { name: "correlation", bin_ms: 10.0, each: Some(each), all };

/// Sums over cells of counts with mean 0 and variance 1.
struct Standard {
    /// In every bin.
    sum: Vec<f64>,
    /// How many cells vary.
    cells: usize,
}

impl Standard {
    fn of(binned: &Binned) -> Standard {
        let (mut sum, mut level, mut cells) = (vec![0.0; binned.bins()], 0.0, 0);
        binned.visit(|_, counts| {
            let sums = Sums::of(binned.bins(), counts);
            let Some(deviation) = deviation(&sums) else { return };
            counts.iter().for_each(|(bin, count)| sum[*bin] += *count as f64 / deviation);
            level += sums.mean() / deviation;
            cells += 1;
        });
        sum.iter_mut().for_each(|sum| *sum -= level);
        Standard { sum, cells }
    }

    /// Of each cell of a view, the mean of its products with the sum; NaN of a cell that does not vary.
    fn products(&self, binned: &Binned) -> Vec<f64> {
        let mut products = Vec::with_capacity(binned.cells());
        let total: f64 = self.sum.iter().sum();
        binned.visit(|_, counts| {
            let sums = Sums::of(binned.bins(), counts);
            products.push(deviation(&sums).map_or(f64::NAN, |deviation| {
                let with: f64 = counts.iter().map(|(bin, count)| *count as f64 * self.sum[*bin]).sum();
                (with - sums.mean() * total) / (deviation * binned.bins() as f64)
            }));
        });
        products
    }
}

fn deviation(sums: &Sums) -> Option<f64> {
    Some(sums.variance().sqrt()).filter(|deviation| 0.0 < *deviation)
}

/// Of each cell with the others of its view.
fn each(binned: &Binned) -> Vec<f64> {
    within(binned)
}

/// The same, by its name.
pub fn within(binned: &Binned) -> Vec<f64> {
    let standard = Standard::of(binned);
    let others = standard.cells.saturating_sub(1) as f64;
    // A cell's product with itself is 1.
    standard.products(binned).iter().map(|product| (product - 1.0) / others).collect()
}

fn all(binned: &Binned) -> f64 {
    mean_of_determined(&each(binned))
}

/// Of each cell of the first view with those of the second.
pub fn across(first: &Binned, second: &Binned) -> Vec<f64> {
    let standard = Standard::of(second);
    standard.products(first).iter().map(|product| product / standard.cells as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::Trains;

    fn close(found: f64, due: f64) {
        assert!((found - due).abs() < 1e-14, "{found} where {due} is due");
    }

    /// `r = numpy.corrcoef(c[[0, 1, 3]])`; of cell 0 `(r[0, 1] + r[0, 2]) / 2`, and so on.
    #[test]
    fn the_values_of_numpy() {
        let found = each(&Binned::sample());
        close(found[0], 0.11396780727786526);
        close(found[1], 0.5294284823724484);
        assert!(found[2].is_nan());
        close(found[3], 0.01094075761663782);
        close(all(&Binned::sample()), 0.21811234908898383);
    }

    /// `numpy.corrcoef(a, b)[0, 1]` of `a = [2, 0, 1, 3]`, `b = [1, 1, 0, 2]`.
    #[test]
    fn of_two_cells_it_is_their_coefficient() {
        let of = |train: &[i64]| Binned::new(Trains::of(&[train], 40), 10);
        let (a, b) = (of(&[0, 10, 30, 31, 32, 40]), of(&[5, 20, 33, 38]));
        close(across(&a, &b)[0], 0.6324555320336758);
        close(across(&a, &a)[0], 1.0);
    }

    #[test]
    fn a_single_cell_has_none() {
        assert!(all(&Binned::new(Trains::of(&[&[1, 12]], 20), 10)).is_nan());
    }
}
