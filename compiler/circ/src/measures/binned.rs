//! Counts: how many spikes each cell has in each of successive bins of a window.
//!
//! In: trains and the length of a bin. Out: counts, cell by cell: a table of all cells and bins would be larger than
//! the spikes. Bins begin with the window; what is left at its end and makes no whole bin does not count.

use super::Trains;

/// Trains, looked at in bins.
#[derive(Clone, Debug)]
pub struct Binned {
    trains: Trains,
    bin_ticks: i64,
    bins: usize,
}

/// Sums of the counts of a cell over bins. Whole numbers, so that nothing is rounded before the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub bins: u64,
    pub counts: u64,
    pub squares: u64,
}

impl Binned {
    /// Bins of so many ticks, at least 1.
    pub fn new(trains: Trains, bin_ticks: i64) -> Binned {
        let bins = (trains.window.ticks() / bin_ticks.max(1)).max(0) as usize;
        Binned { trains, bin_ticks: bin_ticks.max(1), bins }
    }

    /// How many whole bins the window has.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// How many cells.
    pub fn cells(&self) -> usize {
        self.trains.cells()
    }

    /// Shows the counts of each cell, in order of the view: (bin, count) of those that are not 0, ascending.
    pub fn visit(&self, mut each: impl FnMut(usize, &[(usize, u64)])) {
        let mut counts: Vec<(usize, u64)> = Vec::new();
        for (cell, train) in self.trains.iter().enumerate() {
            counts.clear();
            for tick in train {
                // Tick 0 belongs to the first bin, as to every window that begins at 0.
                let bin = ((tick - self.trains.window.after - 1).max(0) / self.bin_ticks) as usize;
                if self.bins <= bin {
                    break;
                }
                match counts.last_mut() {
                    Some((last, count)) if *last == bin => *count += 1,
                    _ => counts.push((bin, 1)),
                }
            }
            each(cell, &counts);
        }
    }

    /// The sums of each cell.
    pub fn sums(&self) -> Vec<Sums> {
        let mut all = Vec::with_capacity(self.cells());
        self.visit(|_, counts| all.push(Sums::of(self.bins, counts)));
        all
    }

    /// The counts of all cells together, in every bin.
    pub fn total(&self) -> Vec<u64> {
        let mut total = vec![0u64; self.bins];
        self.visit(|_, counts| counts.iter().for_each(|(bin, count)| total[*bin] += count));
        total
    }
}

impl Sums {
    /// Of counts that are not 0.
    pub fn of(bins: usize, counts: &[(usize, u64)]) -> Sums {
        let sum = |of: fn(u64) -> u64| counts.iter().map(|(_, count)| of(*count)).sum();
        Sums { bins: bins as u64, counts: sum(|n| n), squares: sum(|n| n * n) }
    }

    /// `numpy.mean`
    pub fn mean(&self) -> f64 {
        self.counts as f64 / self.bins as f64
    }

    /// `numpy.var`: the mean square less the square of the mean, of whole numbers before the quotient.
    pub fn variance(&self) -> f64 {
        let (bins, counts) = (u128::from(self.bins), u128::from(self.counts));
        let scaled = u128::from(self.squares) * bins - counts * counts;
        scaled as f64 / (bins * bins) as f64
    }
}

/// Of the counts of a population in every bin.
pub fn sums_of(total: &[u64]) -> Sums {
    let squares = total.iter().map(|count| count * count).sum();
    Sums { bins: total.len() as u64, counts: total.iter().sum(), squares }
}

#[cfg(test)]
impl Binned {
    /// The trains that the measures of this folder are tested with, and NumPy with them:
    /// `bins = [(0, 10), (10, 20), (20, 30), (30, 40)]`, counts
    /// `c = [[2, 0, 1, 3], [1, 1, 0, 2], [0, 0, 0, 0], [0, 2, 0, 1]]`; the window ends within a fifth bin.
    pub fn sample() -> Binned {
        let trains: [&[i64]; 4] = [&[0, 10, 30, 31, 32, 40, 41], &[5, 20, 33, 38], &[45], &[11, 19, 39]];
        Binned::new(Trains::of(&trains, 45), 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_holds_its_end_and_the_rest_of_the_window_does_not_count() {
        let mut found = Vec::new();
        Binned::sample().visit(|_, counts| found.push(counts.to_vec()));
        assert_eq!(found[0], [(0, 2), (2, 1), (3, 3)]);
        assert_eq!(found[1], [(0, 1), (1, 1), (3, 2)]);
        assert_eq!(found[2], []);
        assert_eq!(found[3], [(1, 2), (3, 1)]);
        assert_eq!(Binned::sample().total(), [3, 3, 1, 6]);
    }

    #[test]
    fn sums_have_the_mean_and_variance_of_all_bins() {
        let sums = Binned::sample().sums()[0];
        assert_eq!((sums.mean(), sums.variance()), (1.5, 1.25));
    }
}
