//! Recordings: what `record` asked for, and where its samples are.
//!
//! In: resolved `record` statements, while an experiment runs. Out: [`Recordings`], read from the engine
//! when results are made. A record after a `run` starts there: events stamped later than that tick,
//! values from the next sampling time on.

use crate::measures::Window;
use circ_compiler::types::Dimension;
use circ_plan::engine::{Engine, ProbeId, Samples};
use circ_plan::ir::EventId;
use circ_plan::plan::View;

/// Everything that was recorded.
#[derive(Clone, Debug, Default)]
pub struct Recordings {
    pub events: Vec<EventRecord>,
    pub traces: Vec<TraceRecord>,
    pub histograms: Vec<HistogramRecord>,
}

/// Events of cells of one population.
#[derive(Clone, Debug)]
pub struct EventRecord {
    pub population: u32,
    pub event: EventId,
    /// `spike`
    pub name: String,
    /// Ascending.
    pub cells: Vec<u32>,
    /// Events of this tick and later.
    pub from_tick: i64,
}

/// Who has the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Of a population.
    Cells(u32),
    /// Of a projection.
    Synapses(u32),
}

/// Sampled values of cells of one population, or of synapses of one projection.
#[derive(Clone, Debug)]
pub struct TraceRecord {
    pub of: Recorded,
    /// `v`
    pub name: String,
    pub dimension: Dimension,
    /// Cells, or synapses in canonical order; ascending.
    pub cells: Vec<u32>,
    pub from: SampledFrom,
}

/// Where samples come from.
#[derive(Clone, Debug)]
pub enum SampledFrom {
    Probe(ProbeId),
    Steps(Steps),
}

/// Values that nothing changes while ticks are made.
#[derive(Clone, Debug)]
pub struct Steps {
    pub first_tick: i64,
    pub interval_ticks: i64,
    /// From after a tick on, these.
    pub changes: Vec<(i64, Vec<f64>)>,
}

impl TraceRecord {
    /// All samples so far.
    pub fn samples(&self, engine: &dyn Engine) -> Samples {
        match &self.from {
            SampledFrom::Probe(probe) => engine.samples(*probe),
            SampledFrom::Steps(steps) => steps.samples(engine.tick()),
        }
    }
}

impl Steps {
    fn samples(&self, until: i64) -> Samples {
        let mut samples = Samples::default();
        for tick in (self.first_tick..=until).step_by(self.interval_ticks.max(1) as usize) {
            let known = self.changes.partition_point(|(after, _)| *after < tick);
            let Some((_, values)) = known.checked_sub(1).and_then(|at| self.changes.get(at)) else {
                continue;
            };
            samples.ticks.push(tick);
            samples.values.extend_from_slice(values);
        }
        samples
    }
}

/// The rate of a view in successive bins.
#[derive(Clone, Debug)]
pub struct HistogramRecord {
    /// As written: `rate(E)`.
    pub text: String,
    pub view: View,
    /// The event, for every segment of the view.
    pub events: Vec<EventId>,
    /// The first bin begins here.
    pub from_tick: i64,
    pub interval_ticks: i64,
}

impl EventRecord {
    /// (tick, cell), ascending.
    pub fn events(&self, engine: &dyn Engine) -> Vec<(i64, u32)> {
        let mut events = engine.events(self.population, self.event);
        events.retain(|(tick, cell)| self.from_tick <= *tick && self.cells.binary_search(cell).is_ok());
        events
    }
}

impl HistogramRecord {
    /// (end of the bin, spikes per cell and ms), for every bin that is over.
    pub fn bins(&self, engine: &dyn Engine, dt: f64) -> Vec<(i64, f64)> {
        let bins = (engine.tick() - self.from_tick).max(0) / self.interval_ticks;
        let counts = self.counts(engine, bins);
        let spikes_per_rate = self.view.len() as f64 * self.interval_ticks as f64 * dt;
        let end = |bin: usize| self.from_tick + (bin as i64 + 1) * self.interval_ticks;
        counts.iter().enumerate().map(|(bin, count)| (end(bin), *count as f64 / spikes_per_rate)).collect()
    }

    fn counts(&self, engine: &dyn Engine, bins: i64) -> Vec<u64> {
        let mut counts = vec![0u64; bins as usize];
        let window = Window { after: self.from_tick, until: self.from_tick + bins * self.interval_ticks };
        for (segment, event) in self.view.segments.iter().zip(&self.events) {
            let wanted = sorted(&segment.cells);
            for (tick, cell) in engine.events(segment.population, *event) {
                if window.contains(tick) && wanted.binary_search(&cell).is_ok() {
                    // Tick 0 belongs to the first bin, as to every window that begins at 0.
                    counts[((tick - self.from_tick - 1).max(0) / self.interval_ticks) as usize] += 1;
                }
            }
        }
        counts
    }
}

/// The cells of a segment, ascending.
pub fn sorted(cells: &circ_plan::plan::Indices) -> Vec<u32> {
    let mut list: Vec<u32> = (0..cells.len()).map(|position| cells.get(position)).collect();
    list.sort_unstable();
    list
}
