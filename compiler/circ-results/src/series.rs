//! Series: the rows of `traces.csv` as tables of time and cell, which formats for numbers want.
//!
//! In: the table. Out: [`Series`], each with the cells of one population that were sampled at the same times, and their values
//! in pieces. The table is read twice and may be larger than the memory; of each series some rows are held.

use crate::convert::{ConvertError, Table, not_a_number};
use std::collections::BTreeMap;
use std::path::Path;

/// Values that are held in memory.
const PIECE: usize = 1 << 17;

/// Values of some cells at some times.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// `E.v`; what is sampled at other times as well has a number behind it: `E.v-2`.
    pub name: String,
    /// Empty for a rate.
    pub population: String,
    pub variable: String,
    pub unit: String,
    /// Ascending; one that is no cell for a rate.
    pub cells: Vec<i64>,
    pub rows: usize,
}

/// Where the values of series go.
pub trait Receiver {
    /// Whole rows of a series.
    ///
    /// # Errors
    /// When they can not be written.
    fn rows(&mut self, series: usize, rows: &Rows) -> Result<(), ConvertError>;
}

/// Rows of a series, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Where they begin.
    pub first: usize,
    /// In ms.
    pub times: Vec<f64>,
    /// A value for each cell of the series, row by row.
    pub values: Vec<f64>,
}

/// When a cell was sampled: how often, and a digest of the times.
type Sampled = (usize, u64);

/// What is known of a variable of a population: its name, its unit, and when its cells were sampled.
type Known = ((String, String), String, BTreeMap<i64, Sampled>);

/// All series of a table, in order of appearance.
#[derive(Debug)]
pub struct Survey {
    pub series: Vec<Series>,
    /// By population, variable and cell: the series, and the column in it.
    places: BTreeMap<(String, String), BTreeMap<i64, (usize, usize)>>,
}

/// Looks through a table. What comes and goes is one series, however often each column of it was sampled: where a column has no row
/// its value is no number.
///
/// # Errors
/// When it can not be read.
pub fn survey(path: &Path, come_and_go: &[String]) -> Result<Survey, ConvertError> {
    let mut found: Vec<Known> = Vec::new();
    // Of what comes and goes: how many times there are, and the last of them.
    let mut times: BTreeMap<usize, (usize, f64)> = BTreeMap::new();
    let mut table = Table::open(path)?;
    let mut last: BTreeMap<(usize, i64), f64> = BTreeMap::new();
    while let Some(row) = table.next()? {
        let [population, cell, variable, unit, time, _] = fields(row)?;
        let known = found.iter().position(|((p, v), _, _)| p == population && v == variable);
        let at = known.unwrap_or_else(|| {
            found.push(((population.to_string(), variable.to_string()), unit.to_string(), BTreeMap::new()));
            found.len() - 1
        });
        let (cell, time) = (number_of_cell(cell)?, real(time)?);
        if come_and_go.iter().any(|path| path == population) {
            let (count, latest) = times.entry(at).or_insert((0, f64::NAN));
            *count += usize::from(*latest != time);
            *latest = time;
            found[at].2.insert(cell, (0, 0));
            continue;
        }
        // What was recorded twice is there once.
        if last.insert((at, cell), time) == Some(time) {
            continue;
        }
        let (count, digest) = found[at].2.entry(cell).or_insert((0, 0xcbf2_9ce4_8422_2325));
        *count += 1;
        *digest = (*digest ^ time.to_bits()).wrapping_mul(0x0100_0000_01b3);
    }
    let mut survey = Survey { series: Vec::new(), places: BTreeMap::new() };
    for (at, (key, unit, mut cells)) in found.into_iter().enumerate() {
        if let Some((count, _)) = times.get(&at) {
            cells.values_mut().for_each(|sampled| sampled.0 = *count);
        }
        survey.take(key, &unit, &cells);
    }
    Ok(survey)
}

impl Survey {
    /// Cells that were sampled at the same times stand beside each other.
    fn take(&mut self, key: (String, String), unit: &str, cells: &BTreeMap<i64, Sampled>) {
        let mut groups: Vec<(Sampled, usize)> = Vec::new();
        let mut places = BTreeMap::new();
        for (cell, sampled) in cells {
            let known = groups.iter().find(|(times, _)| times == sampled).map(|(_, at)| *at);
            let at = known.unwrap_or_else(|| {
                groups.push((*sampled, self.series.len()));
                self.series.push(begin(&key, unit, sampled.0, groups.len()));
                self.series.len() - 1
            });
            places.insert(*cell, (at, self.series[at].cells.len()));
            self.series[at].cells.push(*cell);
        }
        self.places.insert(key, places);
    }

    /// Hands all values of the table over.
    ///
    /// # Errors
    /// When the table can not be read, or a value not be received.
    pub fn values(&self, path: &Path, to: &mut dyn Receiver) -> Result<(), ConvertError> {
        let mut table = Table::open(path)?;
        let mut pending: Vec<Pending> = self.series.iter().map(Pending::new).collect();
        while let Some(row) = table.next()? {
            let [population, cell, variable, _, time, value] = fields(row)?;
            let (cell, time, value) = (number_of_cell(cell)?, real(time)?, real(value)?);
            let places = self.places.get(&(population.to_string(), variable.to_string()));
            let Some((series, column)) = places.and_then(|places| places.get(&cell)) else { continue };
            pending[*series].take(*series, *column, time, value, to)?;
        }
        pending.iter_mut().enumerate().try_for_each(|(series, pending)| pending.hand_over(series, to))
    }
}

fn begin((population, variable): &(String, String), unit: &str, rows: usize, number: usize) -> Series {
    let dot = if population.is_empty() { "" } else { "." };
    let more = if number == 1 { String::new() } else { format!("-{number}") };
    let (population, variable, unit) = (population.clone(), variable.clone(), unit.to_string());
    let name = format!("{population}{dot}{variable}{more}");
    Series { name, population, variable, unit, cells: Vec::new(), rows }
}

/// Rows of a series that were not handed over yet.
struct Pending {
    width: usize,
    rows: Rows,
}

impl Pending {
    fn new(series: &Series) -> Pending {
        Pending { width: series.cells.len(), rows: Rows::default() }
    }

    fn take(
        &mut self,
        series: usize,
        column: usize,
        time: f64,
        value: f64,
        to: &mut dyn Receiver,
    ) -> Result<(), ConvertError> {
        if self.rows.times.last() != Some(&time) {
            if PIECE <= self.rows.values.len() {
                self.hand_over(series, to)?;
            }
            self.rows.times.push(time);
            self.rows.values.extend(std::iter::repeat_n(f64::NAN, self.width));
        }
        let first = self.rows.values.len() - self.width;
        self.rows.values[first + column] = value;
        Ok(())
    }

    fn hand_over(&mut self, series: usize, to: &mut dyn Receiver) -> Result<(), ConvertError> {
        if !self.rows.times.is_empty() {
            to.rows(series, &self.rows)?;
        }
        self.rows.first += self.rows.times.len();
        self.rows.times.clear();
        self.rows.values.clear();
        Ok(())
    }
}

fn fields(row: &csv::StringRecord) -> Result<[&str; 6], ConvertError> {
    let mut fields = [""; 6];
    if row.len() != fields.len() {
        return Err(ConvertError::Format("a row of `traces.csv` has not six fields".to_string()));
    }
    fields.iter_mut().zip(row).for_each(|(field, text)| *field = text);
    Ok(fields)
}

/// A rate has no cell.
fn number_of_cell(field: &str) -> Result<i64, ConvertError> {
    if field.is_empty() { Ok(0) } else { field.parse().map_err(|_| not_a_number(field)) }
}

fn real(field: &str) -> Result<f64, ConvertError> {
    field.parse().map_err(|_| not_a_number(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept(Vec<(usize, Rows)>);

    impl Receiver for Kept {
        fn rows(&mut self, series: usize, rows: &Rows) -> Result<(), ConvertError> {
            self.0.push((series, rows.clone()));
            Ok(())
        }
    }

    #[test]
    fn cells_of_the_same_times_stand_beside_each_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("traces.csv");
        let text = "population,cell,variable,unit,time_ms,value\n\
                    E,0,v,mV,0,1\nE,2,v,mV,0,2\nE,2,v,mV,0,2\n,,rate(E),Hz,0.5,7\n\
                    E,0,v,mV,1,3\nE,0,v,mV,2,5\nE,2,v,mV,2,6\n";
        std::fs::write(&path, text).expect("written");
        let survey = survey(&path, &[]).expect("a table");
        let names: Vec<&str> = survey.series.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["E.v", "E.v-2", "rate(E)"]);
        let mut kept = Kept::default();
        survey.values(&path, &mut kept).expect("values");
        let rows =
            |times: &[f64], values: &[f64]| Rows { first: 0, times: times.to_vec(), values: values.to_vec() };
        let first = rows(&[0.0, 1.0, 2.0], &[1.0, 3.0, 5.0]);
        assert_eq!(kept.0, [(0, first), (1, rows(&[0.0, 2.0], &[2.0, 6.0])), (2, rows(&[0.5], &[7.0]))]);
    }

    #[test]
    fn what_comes_and_goes_is_one_series() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("traces.csv");
        let text = "population,cell,variable,unit,time_ms,value\n\
                    P,0,w,mV,0,1\nP,2,w,mV,0,2\nP,5,w,mV,1,3\nP,2,w,mV,2,4\nP,5,w,mV,2,5\n";
        std::fs::write(&path, text).expect("written");
        let survey = survey(&path, &["P".to_string()]).expect("a table");
        let [series] = &survey.series[..] else { panic!("{:?}", survey.series) };
        assert_eq!((series.name.as_str(), &series.cells[..], series.rows), ("P.w", &[0, 2, 5][..], 3));
        let mut kept = Kept::default();
        survey.values(&path, &mut kept).expect("values");
        let [(0, rows)] = &kept.0[..] else { panic!("{:?}", kept.0) };
        assert_eq!(rows.times, [0.0, 1.0, 2.0]);
        let nan = f64::NAN;
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&rows.values), bits(&[1.0, 2.0, nan, nan, nan, 3.0, nan, 4.0, 5.0]));
    }

    /// However long the table is.
    #[test]
    fn only_some_rows_are_held() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("traces.csv");
        let mut text = "population,cell,variable,unit,time_ms,value\n".to_string();
        let count = 2 * PIECE + 5;
        (0..count).for_each(|k| text += &format!("E,0,v,mV,{k},1\n"));
        std::fs::write(&path, &text).expect("written");
        let mut kept = Kept::default();
        survey(&path, &[]).expect("a table").values(&path, &mut kept).expect("values");
        assert!(kept.0.iter().all(|(_, rows)| rows.times.len() <= PIECE && rows.values.len() <= PIECE));
        let times: Vec<f64> = kept.0.iter().flat_map(|(_, rows)| rows.times.clone()).collect();
        assert!(times.into_iter().eq((0..count).map(|k| k as f64)));
        assert_eq!(kept.0.iter().map(|(_, rows)| rows.first).collect::<Vec<_>>(), [0, PIECE, 2 * PIECE]);
    }
}
