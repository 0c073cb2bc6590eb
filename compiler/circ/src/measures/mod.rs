//! Measures: numbers that sum up the spike trains of a view in a window.
//!
//! In: [`Trains`], the events of each cell of a view in order of time. Out: one number per cell
//! (`rate(each E)`) or one for all of them (`rate(E)`), in the coherent system (ms, 1/ms). A number
//! that the spikes do not determine (the interval of a cell that spiked once) is NaN, for which
//! every comparison is false.

mod binned;
mod branching;
mod correlation;
mod count;
mod cv_isi;
mod fano;
mod first_spike;
mod isi;
pub(crate) mod over_time;
mod rate;
mod synchrony;
mod trains;

pub use binned::Binned;
pub use correlation::{across, within};
pub use trains::{Trains, Window};

use circ_compiler::hir::OVER_TIME;
use circ_compiler::types::Dimension;

/// A measure of spike trains.
#[derive(Debug)]
pub struct Measure {
    /// As it is written in a program.
    pub name: &'static str,
    /// Of its value.
    pub dimension: Dimension,
    /// One value per cell of the view.
    pub each: fn(&Trains) -> Vec<f64>,
    /// One value for the view.
    pub all: fn(&Trains) -> f64,
}

/// All measures of trains that programs may use.
pub static ALL: &[&Measure] =
    &[&rate::RATE, &count::COUNT, &count::SPIKES, &cv_isi::CV_ISI, &isi::ISI, &first_spike::FIRST_SPIKE];

/// The measure of this name.
pub fn named(name: &str) -> Option<&'static Measure> {
    ALL.iter().find(|measure| measure.name == name).copied()
}

/// A measure of how many spikes cells have in successive bins.
#[derive(Debug)]
pub struct BinnedMeasure {
    /// As it is written in a program.
    pub name: &'static str,
    /// The length of a bin in ms, where the program says none.
    pub bin_ms: f64,
    /// One value per cell of the view; nothing of what only a whole view has.
    pub each: Option<fn(&Binned) -> Vec<f64>>,
    /// One value for the view.
    pub all: fn(&Binned) -> f64,
}

/// All measures of counts in bins.
pub static BINNED: &[&BinnedMeasure] =
    &[&fano::FANO, &synchrony::SYNCHRONY, &correlation::CORRELATION, &branching::BRANCHING];

/// The measure of counts of this name.
pub fn binned(name: &str) -> Option<&'static BinnedMeasure> {
    BINNED.iter().find(|measure| measure.name == name).copied()
}

/// Whether a measure of this name looks at the spikes of a run.
pub fn is_of_a_run(name: &str) -> bool {
    named(name).is_some() || binned(name).is_some() || OVER_TIME.contains(&name)
}

/// Spikes per time of all cells, in 1/ms.
pub fn rate(trains: &Trains) -> f64 {
    (rate::RATE.all)(trains)
}

/// Irregularity of the intervals; NaN where no cell has three spikes.
pub fn cv_isi(trains: &Trains) -> f64 {
    (cv_isi::CV_ISI.all)(trains)
}

/// The mean of the values that exist; NaN where there is none. Summed in order of the cells.
pub fn mean_of_determined(values: &[f64]) -> f64 {
    let (mut sum, mut count) = (0.0, 0u64);
    for value in values.iter().filter(|value| !value.is_nan()) {
        sum += value;
        count += 1;
    }
    if count == 0 { f64::NAN } else { sum / count as f64 }
}
