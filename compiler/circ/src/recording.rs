//! Recordings: what `record` asked for, and where its samples are.
//!
//! In: resolved `record` statements, while an experiment runs. Out: [`Recordings`], read from the engine
//! when results are made. A record after a `run` starts there: events stamped later than that tick,
//! values from the next sampling time on.

use crate::measures::Window;
use crate::spill::Afterwards;
use crate::tables::Span;
use circ_compiler::types::Dimension;
use circ_plan::engine::{Engine, Keep, ProbeId, Samples};
use circ_plan::ir::EventId;
use circ_plan::plan::{Plan, View};
use std::sync::Arc;

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
    /// Pairs of cells of a projection whose synapses come and go.
    Pairs {
        projection: u32,
        /// Of its target view.
        targets: u32,
        /// Whether all that may be joined are meant.
        all: bool,
    },
}

impl Recorded {
    /// Its name.
    pub fn path(self, plan: &Plan) -> &str {
        match self {
            Recorded::Cells(population) => &plan.populations[population as usize].path,
            Recorded::Synapses(projection) | Recorded::Pairs { projection, .. } => {
                &plan.projections[projection as usize].path
            }
        }
    }

    /// The name of one column: `E[3]`; of a pair with the places of its cells in the two views: `P[3 -> 0]`.
    pub fn column(self, plan: &Plan, column: u32) -> String {
        let path = self.path(plan);
        match self {
            Recorded::Cells(_) | Recorded::Synapses(_) => format!("{path}[{column}]"),
            Recorded::Pairs { targets, .. } => {
                format!("{path}[{} -> {}]", column / targets, column % targets)
            }
        }
    }
}

/// Sampled values of cells of one population, or of synapses of one projection.
#[derive(Clone, Debug)]
pub struct TraceRecord {
    pub of: Recorded,
    /// `v`
    pub name: String,
    pub dimension: Dimension,
    /// Cells, or synapses in canonical order, or pairs, each as the place of its source times the number of targets, plus the place
    /// of its target; ascending.
    pub cells: Vec<u32>,
    /// Sampled at ticks that are `first + k * interval`.
    pub first_tick: i64,
    pub interval_ticks: i64,
    pub from: SampledFrom,
    /// What was taken out of the engine and is kept, one stretch of time after the other. Moments of a session share it.
    pub earlier: Vec<Arc<Samples>>,
    /// What is left of samples that were written down and forgotten, for pictures.
    pub sketch: Sketch,
}

/// Some samples of a few cells, far enough apart that they never become many.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    samples: Samples,
    /// Which of the columns are kept.
    columns: Vec<usize>,
    /// How many samples were seen, of which every so many is kept.
    seen: usize,
    apart: usize,
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
    /// From after a tick on, these; none where that is not known.
    pub changes: Vec<(i64, Vec<f64>)>,
}

impl Recordings {
    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.traces.is_empty() && self.histograms.is_empty()
    }

    /// Time goes on from another tick: what was later is forgotten, and what weights were in between is not known.
    pub fn leap(&mut self, from: i64, to: i64) {
        for record in &mut self.traces {
            record.forget_kept_after(to);
            if let SampledFrom::Steps(steps) = &mut record.from {
                steps.changes.retain(|(after, _)| *after < to);
                if from < to {
                    steps.changes.push((from, vec![]));
                }
            }
        }
    }
}

impl TraceRecord {
    /// All samples so far.
    pub fn samples(&self, engine: &dyn Engine) -> Samples {
        match &self.from {
            SampledFrom::Probe(probe) if self.earlier.is_empty() => engine.samples(*probe),
            SampledFrom::Probe(probe) => {
                let mut all = Samples::default();
                self.earlier.iter().for_each(|stretch| all.append(stretch));
                all.append(&engine.samples(*probe));
                all
            }
            SampledFrom::Steps(steps) => steps.samples(-1, engine.tick()),
        }
    }

    /// Takes what the engine has of it out of the engine, and keeps it.
    pub fn set_aside(&mut self, engine: &mut dyn Engine) {
        if let SampledFrom::Probe(probe) = self.from {
            self.keep(engine.take_samples(probe));
        }
    }

    /// Lets the engine forget what it has of it.
    pub fn drop_new(&self, engine: &mut dyn Engine) {
        if let SampledFrom::Probe(probe) = self.from {
            drop(engine.take_samples(probe));
        }
    }

    fn keep(&mut self, samples: Samples) {
        if !samples.ticks.is_empty() {
            self.earlier.push(Arc::new(samples));
        }
    }

    fn forget_kept_after(&mut self, tick: i64) {
        self.earlier.retain(|stretch| stretch.ticks.first().is_some_and(|first| *first <= tick));
        let Some(last) = self.earlier.last_mut() else { return };
        let kept = last.ticks.partition_point(|it| *it <= tick);
        if kept < last.ticks.len() {
            let last = Arc::make_mut(last);
            last.truncate(kept);
        }
    }

    /// Samples of a stretch of time, which nobody took before; the engine forgets them.
    fn take_samples(&mut self, engine: &mut dyn Engine, span: Span, afterwards: Afterwards) -> Samples {
        let samples = match &self.from {
            SampledFrom::Probe(probe) => engine.take_samples(*probe),
            SampledFrom::Steps(steps) => steps.samples(span.after, span.until),
        };
        self.sketch.add(&samples, self.cells.len());
        if let (SampledFrom::Probe(_), Afterwards::Keep) = (&self.from, afterwards) {
            self.keep(samples.clone());
        }
        samples
    }
}

impl Sketch {
    /// Cells that are kept.
    pub const CELLS: usize = 8;
    /// Samples that are kept, and at most twice as many.
    const SAMPLES: usize = 4000;

    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    pub fn add(&mut self, samples: &Samples, cells: usize) {
        if self.columns.is_empty() {
            let all: Vec<usize> = (0..cells).collect();
            self.columns = first_to_show(&all, samples);
        }
        for (tick, row) in samples.rows() {
            if self.seen.is_multiple_of(self.apart.max(1)) {
                let shown: Vec<f64> = self.columns.iter().map(|column| row.get(*column)).collect();
                self.samples.take(Keep::Each, tick, &shown);
            }
            self.seen += 1;
            if 2 * Self::SAMPLES <= self.samples.ticks.len() {
                self.thin();
            }
        }
    }

    /// Every other one goes.
    fn thin(&mut self) {
        let old = std::mem::take(&mut self.samples);
        old.rows().step_by(2).for_each(|(tick, row)| self.samples.take_row(tick, row));
        self.apart = self.apart.max(1) * 2;
    }
}

/// The first few of these columns; those that begin without a number come last.
pub fn first_to_show(columns: &[usize], samples: &Samples) -> Vec<usize> {
    let (mut shown, others): (Vec<usize>, Vec<usize>) = match samples.row(0) {
        None => (columns.to_vec(), vec![]),
        Some(row) => columns.iter().partition(|column| !row.get(**column).is_nan()),
    };
    shown.truncate(Sketch::CELLS);
    let more = Sketch::CELLS - shown.len();
    shown.extend(others.into_iter().take(more));
    shown.sort_unstable();
    shown
}

impl Recordings {
    /// Bytes of samples that a tick brings.
    pub fn bytes_a_tick(&self) -> f64 {
        let of = |it: &TraceRecord| 8.0 * it.cells.len() as f64 / it.interval_ticks.max(1) as f64;
        self.traces.iter().map(of).sum()
    }

    /// The samples of all traces in a stretch of time, which nobody took before.
    pub fn take_samples(
        &mut self,
        engine: &mut dyn Engine,
        span: Span,
        afterwards: Afterwards,
    ) -> Vec<Samples> {
        self.traces.iter_mut().map(|record| record.take_samples(engine, span, afterwards)).collect()
    }
}

impl Steps {
    /// Of ticks after one, up to another.
    fn samples(&self, after: i64, until: i64) -> Samples {
        let mut samples = Samples::default();
        let interval = self.interval_ticks.max(1);
        let passed = (after - self.first_tick).div_euclid(interval) + 1;
        let first = self.first_tick + passed.max(0) * interval;
        for tick in (first..=until).step_by(interval as usize) {
            let known = self.changes.partition_point(|(after, _)| *after < tick);
            let Some((_, values)) = known.checked_sub(1).and_then(|at| self.changes.get(at)) else {
                continue;
            };
            if values.is_empty() {
                continue;
            }
            samples.take(Keep::Each, tick, values);
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
    pub fn events(&self, engine: &dyn Engine, span: Span) -> Vec<(i64, u32)> {
        let mut events = engine.events_between(self.population, self.event, span.after, span.until);
        events.retain(|(tick, cell)| self.from_tick <= *tick && self.cells.binary_search(cell).is_ok());
        events
    }
}

impl HistogramRecord {
    /// (end of the bin, spikes per cell and ms), for every bin that is over.
    pub fn bins(&self, engine: &dyn Engine, dt: f64) -> Vec<(i64, f64)> {
        self.bins_in(engine, dt, Span { after: -1, until: engine.tick() })
    }

    /// Those that end in a stretch of time.
    pub fn bins_in(&self, engine: &dyn Engine, dt: f64, span: Span) -> Vec<(i64, f64)> {
        let over = |tick: i64| (tick - self.from_tick).max(0) / self.interval_ticks;
        let bins = over(span.after)..over(span.until);
        let first = bins.start;
        let counts = self.counts(engine, bins);
        let spikes_per_rate = self.view.len() as f64 * self.interval_ticks as f64 * dt;
        let end = |bin: usize| self.from_tick + (first + bin as i64 + 1) * self.interval_ticks;
        counts.iter().enumerate().map(|(bin, count)| (end(bin), *count as f64 / spikes_per_rate)).collect()
    }

    fn counts(&self, engine: &dyn Engine, bins: std::ops::Range<i64>) -> Vec<u64> {
        let mut counts = vec![0u64; (bins.end - bins.start).max(0) as usize];
        let begin = |bin: i64| self.from_tick + bin * self.interval_ticks;
        let window = Window { after: begin(bins.start), until: begin(bins.end) };
        // Tick 0 belongs to the first bin, as to every window that begins at 0.
        let after = if window.after == 0 { -1 } else { window.after };
        for (segment, event) in self.view.segments.iter().zip(&self.events) {
            let wanted = sorted(&segment.cells);
            for (tick, cell) in engine.events_between(segment.population, *event, after, window.until) {
                if window.contains(tick) && wanted.binary_search(&cell).is_ok() {
                    let bin = (tick - window.after - 1).max(0) / self.interval_ticks;
                    if let Some(count) = counts.get_mut(bin as usize) {
                        *count += 1;
                    }
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
