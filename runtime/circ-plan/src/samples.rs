//! What probes have found so far: a row of values for each tick that was sampled.
//!
//! In: rows, as ticks are made. Out: the same rows. Of cells and synapses a row has a value for each column of the probe; of
//! pairs, which synapses join for a time only, it has those columns alone that are joined, so that what is held grows with the synapses.

use crate::engine::Keep;

/// Samples of a probe so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    pub ticks: Vec<i64>,
    /// Row by row.
    values: Vec<f64>,
    /// Where rows have some columns only: which.
    some: Option<Columns>,
}

/// The columns that rows have.
#[derive(Clone, Debug, Default, PartialEq)]
struct Columns {
    /// By row: where it ends.
    ends: Vec<usize>,
    /// Beside the values; ascending in each row.
    columns: Vec<u32>,
}

/// The values of a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    /// Of every column.
    All(&'a [f64]),
    /// Of these columns, ascending.
    Part(&'a [u32], &'a [f64]),
}

impl<'a> Row<'a> {
    /// The value of a column; NaN where there is none.
    pub fn get(self, column: usize) -> f64 {
        match self {
            Row::All(values) => values.get(column).copied().unwrap_or(f64::NAN),
            Row::Part(columns, values) => match columns.binary_search(&(column as u32)) {
                Ok(at) => values[at],
                Err(_) => f64::NAN,
            },
        }
    }

    /// The values that there are, each with its column.
    pub fn each(self) -> impl Iterator<Item = (usize, f64)> + 'a {
        let (columns, values) = match self {
            Row::All(values) => (None, values),
            Row::Part(columns, values) => (Some(columns), values),
        };
        let column = move |at: usize| columns.map_or(at, |columns| columns[at] as usize);
        values.iter().enumerate().map(move |(at, value)| (column(at), *value))
    }
}

impl Samples {
    /// Rows that have all columns, one after the other.
    pub fn new(ticks: Vec<i64>, values: Vec<f64>) -> Samples {
        Samples { ticks, values, some: None }
    }

    /// The values of all rows, one after the other.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Likewise.
    pub fn into_values(self) -> Vec<f64> {
        self.values
    }

    /// A row, if there are as many.
    pub fn row(&self, at: usize) -> Option<Row<'_>> {
        let rows = self.ticks.len();
        if rows <= at {
            return None;
        }
        Some(match &self.some {
            None => Row::All(&self.values[self.start(at)..self.start(at + 1)]),
            Some(some) => {
                let range = self.start(at)..self.start(at + 1);
                Row::Part(&some.columns[range.clone()], &self.values[range])
            }
        })
    }

    /// Every row with its tick.
    pub fn rows(&self) -> impl Iterator<Item = (i64, Row<'_>)> {
        (0..).map_while(|at| Some((*self.ticks.get(at)?, self.row(at)?)))
    }

    /// Where the values of a row begin.
    fn start(&self, row: usize) -> usize {
        match &self.some {
            None => row * (self.values.len() / self.ticks.len().max(1)),
            Some(some) => row.checked_sub(1).map_or(0, |before| some.ends[before]),
        }
    }

    /// Takes the values of a tick in.
    pub fn take(&mut self, keep: Keep, tick: i64, values: &[f64]) {
        match keep {
            Keep::Each => self.take_row(tick, Row::All(values)),
            Keep::Sum => {
                self.ticks = vec![tick];
                self.values.resize(values.len(), 0.0);
                self.values.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
        }
    }

    /// Takes the row of a later tick in, which is of the kind of those before.
    pub fn take_row(&mut self, tick: i64, row: Row) {
        if self.ticks.is_empty() {
            self.some = matches!(row, Row::Part(..)).then(Columns::default);
        }
        match (row, &mut self.some) {
            (Row::All(values), None) => self.values.extend_from_slice(values),
            (Row::Part(columns, values), Some(some)) => {
                self.values.extend_from_slice(values);
                some.columns.extend_from_slice(columns);
                some.ends.push(self.values.len());
            }
            (Row::All(_), Some(_)) | (Row::Part(..), None) => panic!("the rows of a probe are all of a kind"),
        }
        self.ticks.push(tick);
    }

    /// Adds those of later ticks.
    pub fn append(&mut self, later: &Samples) {
        later.rows().for_each(|(tick, row)| self.take_row(tick, row));
    }

    /// Forgets all rows but the first so many.
    pub fn truncate(&mut self, rows: usize) {
        if self.ticks.len() <= rows {
            return;
        }
        let end = self.start(rows);
        self.ticks.truncate(rows);
        self.values.truncate(end);
        if let Some(some) = &mut self.some {
            some.ends.truncate(rows);
            some.columns.truncate(end);
        }
    }

    /// Forgets rows of a tick and later ones.
    pub fn forget_from(&mut self, tick: i64) {
        self.truncate(self.ticks.partition_point(|at| *at < tick));
    }

    /// Forgets the first rows.
    pub fn forget_first(&mut self, rows: usize) {
        let rows = rows.min(self.ticks.len());
        let start = self.start(rows);
        self.ticks.drain(..rows);
        self.values.drain(..start);
        if let Some(some) = &mut self.some {
            some.columns.drain(..start);
            some.ends.drain(..rows);
            some.ends.iter_mut().for_each(|end| *end -= start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs() -> Samples {
        let mut samples = Samples::default();
        samples.take_row(0, Row::Part(&[1, 4], &[0.5, 2.0]));
        samples.take_row(3, Row::Part(&[], &[]));
        samples.take_row(6, Row::Part(&[0], &[7.0]));
        samples
    }

    #[test]
    fn a_row_of_some_columns_has_no_number_in_the_others() {
        let samples = pairs();
        let row = samples.row(0).expect("a row");
        assert_eq!([row.get(1), row.get(4)], [0.5, 2.0]);
        assert!(row.get(0).is_nan() && row.get(5).is_nan());
        assert_eq!(row.each().collect::<Vec<_>>(), [(1, 0.5), (4, 2.0)]);
        assert_eq!(
            samples.rows().map(|(tick, row)| (tick, row.each().count())).collect::<Vec<_>>(),
            [(0, 2), (3, 0), (6, 1)]
        );
        assert_eq!(samples.row(3), None);
    }

    #[test]
    fn rows_of_all_columns_lie_one_after_the_other() {
        let mut samples = Samples::default();
        samples.take(Keep::Each, 1, &[1.0, 2.0]);
        samples.take(Keep::Each, 2, &[3.0, 4.0]);
        assert_eq!(samples, Samples::new(vec![1, 2], vec![1.0, 2.0, 3.0, 4.0]));
        assert_eq!(samples.row(1), Some(Row::All(&[3.0, 4.0])));
        samples.forget_first(1);
        assert_eq!(samples, Samples::new(vec![2], vec![3.0, 4.0]));
    }

    #[test]
    fn what_is_forgotten_leaves_the_other_rows_as_they_were() {
        for kept in 0..=3 {
            let (mut first, mut last) = (pairs(), pairs());
            first.truncate(kept);
            last.forget_first(kept);
            assert_eq!((first.ticks.len(), last.ticks.len()), (kept, 3 - kept));
            first.append(&last);
            assert_eq!(first, pairs());
        }
        let mut samples = pairs();
        samples.forget_from(3);
        assert_eq!(samples.ticks, [0]);
    }

    #[test]
    fn a_sum_is_one_row() {
        let mut samples = Samples::default();
        samples.take(Keep::Sum, 1, &[1.0, 2.0]);
        samples.take(Keep::Sum, 4, &[0.5, 0.25]);
        assert_eq!(samples, Samples::new(vec![4], vec![1.5, 2.25]));
    }
}
