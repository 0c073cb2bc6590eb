//! Reductions over time: `mean std min max any all` of what cells had at all ticks of a window.
//!
//! In: the values of each cell, tick by tick. Out: one number. Sums run from the first cell to the last, and in each from the
//! first tick to the last. The standard deviation is that of all values (divided by their number), cells and ticks alike.

/// Of the name in the language.
pub fn reduced(name: &str, cells: &[&[f64]]) -> f64 {
    let all = || cells.iter().flat_map(|cell| cell.iter().copied());
    let truth = |holds: bool| f64::from(u8::from(holds));
    match name {
        "std" => deviation(cells),
        "min" => all().fold(f64::INFINITY, f64::min),
        "max" => all().fold(f64::NEG_INFINITY, f64::max),
        "any" => truth(all().any(|value| value != 0.0)),
        "all" => truth(all().all(|value| value != 0.0)),
        _ => mean(cells, |value| value),
    }
}

fn mean(cells: &[&[f64]], of: impl Fn(f64) -> f64) -> f64 {
    let count: usize = cells.iter().map(|cell| cell.len()).sum();
    let sums = cells.iter().map(|cell| cell.iter().map(|value| of(*value)).sum::<f64>());
    sums.sum::<f64>() / count as f64
}

fn deviation(cells: &[&[f64]]) -> f64 {
    let middle = mean(cells, |value| value);
    mean(cells, |value| (value - middle) * (value - middle)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::reduced;

    /// By hand: the mean of 1, 2, 3 and 6 is 3, their squares from it are 4, 1, 0 and 9.
    #[test]
    fn all_cells_and_ticks_count_alike() {
        let cells: [&[f64]; 2] = [&[1.0, 2.0], &[3.0, 6.0]];
        let found = ["mean", "std", "min", "max", "any", "all"].map(|name| reduced(name, &cells));
        assert_eq!(found, [3.0, 3.5f64.sqrt(), 1.0, 6.0, 1.0, 1.0]);
        assert_eq!(reduced("all", &[&[1.0, 0.0]]), 0.0);
    }
}
