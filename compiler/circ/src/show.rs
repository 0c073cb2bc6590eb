//! Show: a run as pictures and reports need it, without its engine.
//!
//! In: a compiled program, its built network and what was recorded. Out: populations, projections and drives with
//! numbers of their synapses as they are now, and thinned traces. Numbers have the units that people use.

use crate::compile::Compiled;
use crate::quantity;
use crate::recording::{HistogramRecord, Recordings, TraceRecord, first_to_show};
use circ_compiler::net::DriveKind;
use circ_compiler::types::{Dimension, Type};
use circ_grammar::ast::Polarity;
use circ_plan::engine::{Engine, Samples, Values};
use circ_plan::plan::{Plan, PopulationPlan, View};

/// Whether something excites or inhibits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Excitatory,
    Inhibitory,
}

/// The circuit.
#[derive(Clone, Debug, Default)]
pub struct Diagram {
    pub populations: Vec<Population>,
    pub projections: Vec<Projection>,
    pub drives: Vec<Drive>,
}

/// A population.
#[derive(Clone, Debug)]
pub struct Population {
    pub path: String,
    /// The type of its cells: `LifCurrent`.
    pub cell: String,
    pub cells: u32,
    pub sign: Option<Sign>,
}

/// A projection with its synapses.
#[derive(Clone, Debug)]
pub struct Projection {
    pub path: String,
    /// Populations, by their index.
    pub sources: Vec<u32>,
    pub targets: Vec<u32>,
    /// As written: `exc`, `distal.syn`.
    pub port: String,
    pub synapses: u64,
    pub weights: Range,
    pub weight_unit: String,
    /// How many weights there are in equal parts of their range; empty where all are one number.
    pub weight_counts: Vec<u64>,
    pub delays_ms: Range,
    pub sign: Option<Sign>,
    /// The rule by which its synapses learn.
    pub rule: Option<String>,
    /// Whether values flow, and not spikes.
    pub flows: bool,
}

/// A drive.
#[derive(Clone, Debug)]
pub struct Drive {
    pub path: String,
    /// Populations, by their index.
    pub targets: Vec<u32>,
    /// `poisson`
    pub kind: &'static str,
}

/// The least, the mean and the greatest of some numbers; all 0 of none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range {
    pub least: f64,
    pub mean: f64,
    pub most: f64,
}

/// Something that was recorded through time.
#[derive(Clone, Debug)]
pub struct Trace {
    /// `E.v`
    pub name: String,
    pub unit: String,
    pub times_ms: Vec<f64>,
    /// A few of the cells or synapses.
    pub lines: Vec<Line>,
    /// How many there are besides.
    pub left_out: usize,
}

/// One cell or synapse of a trace.
#[derive(Clone, Debug)]
pub struct Line {
    /// `E[3]`; nothing of a rate.
    pub name: String,
    /// One for each time.
    pub values: Vec<f64>,
}

/// A picture that `plot` asks for.
#[derive(Clone, Debug)]
pub struct Plot {
    /// As files are called: `plot-1`.
    pub name: String,
    /// What is drawn, as written.
    pub text: String,
    pub drawing: Drawing,
    /// How far the run was.
    pub ticks: i64,
    pub dt_ms: f64,
}

/// What is in such a picture.
#[derive(Clone, Debug)]
pub enum Drawing {
    Events(Vec<Band>),
    Traces(Vec<Trace>),
    Spreads(Vec<Spread>),
}

/// Events of some cells.
#[derive(Clone, Debug)]
pub struct Band {
    /// `E[0..5]`
    pub name: String,
    /// Whose cells they are.
    pub population: String,
    pub cells: u32,
    /// (tick, place among the cells), ascending.
    pub spikes: Vec<(i64, u32)>,
}

/// How numbers are spread.
#[derive(Clone, Debug)]
pub struct Spread {
    /// As written.
    pub name: String,
    pub unit: String,
    /// How many numbers there are; what is no number does not count.
    pub count: u64,
    pub range: Range,
    /// How many there are in equal parts of the range; one part where all are the same.
    pub counts: Vec<u64>,
}

impl Spread {
    /// Nothing where there is no number.
    pub(crate) fn of(name: &str, unit: &str, values: impl Iterator<Item = f64>) -> Option<Spread> {
        let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        let mut tally = Tally::default();
        values.iter().for_each(|value| tally.take(*value, 1));
        let range = tally.range();
        let parts = if range.least < range.most { PARTS } else { 1 };
        let mut counts = vec![0u64; parts];
        values.iter().for_each(|value| counts[part(*value, range, parts)] += 1);
        let (name, unit, count) = (name.to_string(), unit.to_string(), values.len() as u64);
        (0 < count).then_some(Spread { name, unit, count, range, counts })
    }
}

/// The part of a range that a value lies in.
fn part(value: f64, range: Range, parts: usize) -> usize {
    let share = (value - range.least) / (range.most - range.least);
    ((share * parts as f64) as usize).min(parts - 1)
}

/// Parts of the range of weights.
const PARTS: usize = 40;
/// Samples of a trace; more are not seen.
const MOST_SAMPLES: usize = 4000;

pub(crate) fn diagram(compiled: &Compiled, engine: &dyn Engine) -> Diagram {
    let (net, plan) = (&compiled.net, &compiled.plan);
    let populations = populations(compiled);
    let projections =
        (0..plan.projections.len()).map(|at| projection(compiled, engine, at, &populations)).collect();
    let drive = |drive: &circ_compiler::net::Drive| Drive {
        path: drive.path.clone(),
        targets: members(&drive.target),
        kind: match drive.kind {
            DriveKind::Poisson { .. } => "poisson",
            DriveKind::Choose { .. } => "choose",
            DriveKind::Times(_) => "times",
            _ => "value",
        },
    };
    let drives = net.drives.iter().map(drive).collect();
    Diagram { populations, projections, drives }
}

/// All populations, in order of declaration.
pub(crate) fn populations(compiled: &Compiled) -> Vec<Population> {
    let population = |(plan, declared): (&PopulationPlan, &circ_compiler::net::Population)| Population {
        path: plan.path.clone(),
        cell: compiled.hir.cell(declared.cell).name.to_string(),
        cells: plan.cells,
        sign: declared.polarity.and_then(sign),
    };
    compiled.plan.populations.iter().zip(&compiled.net.populations).map(population).collect()
}

fn sign(polarity: Polarity) -> Option<Sign> {
    match polarity {
        Polarity::Excitatory => Some(Sign::Excitatory),
        Polarity::Inhibitory => Some(Sign::Inhibitory),
        Polarity::Modulatory => None,
    }
}

fn members(view: &View) -> Vec<u32> {
    let mut found: Vec<u32> = view.segments.iter().map(|segment| segment.population).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn projection(compiled: &Compiled, engine: &dyn Engine, at: usize, populations: &[Population]) -> Projection {
    let (plan, declared) = (&compiled.plan.projections[at], &compiled.net.projections[at]);
    let (sources, targets) = (members(&plan.source), members(&plan.target));
    let port = declared.ports.written.to_string();
    let unit = quantity::unit(weight_dimension(compiled, &targets, &port));
    let mut weights = Tally::default();
    let mut delays = Tally::default();
    let mut synapses = 0;
    engine.visit_synapses(at as u32, &mut |piece| {
        let count = match piece.broadcast {
            true => broadcast(plan),
            false => piece.source.len() as u64,
        };
        synapses += count;
        weights.add(&piece.weight, count);
        delays.add(&piece.delay, count);
    });
    let found = weights.range();
    let mut weight_counts = Vec::new();
    if found.least < found.most {
        weight_counts = vec![0u64; PARTS];
        engine.visit_synapses(at as u32, &mut |piece| {
            if let Values::Each(values) = &piece.weight {
                for weight in values {
                    weight_counts[part(*weight, found, PARTS)] += 1;
                }
            }
        });
    }
    let signs: Vec<Option<Sign>> = sources.iter().map(|it| populations[*it as usize].sign).collect();
    let same = signs.windows(2).all(|pair| pair[0] == pair[1]);
    let rule = declared.plasticity.as_ref().map(|it| compiled.hir.rule(it.rule).name.to_string());
    Projection {
        path: plan.path.clone(),
        sources,
        targets,
        port,
        synapses,
        weights: found.times(unit.per_coherent),
        weight_unit: unit.name,
        weight_counts,
        delays_ms: delays.range().times(compiled.plan.dt),
        sign: if same { signs.first().copied().flatten() } else { None },
        rule,
        flows: plan.flow.is_some(),
    }
}

/// All pairs, less cells with themselves.
fn broadcast(plan: &circ_plan::plan::ProjectionPlan) -> u64 {
    let pairs = plan.source.len() as u64 * plan.target.len() as u64;
    let own = match plan.allow_self {
        true => 0,
        false => {
            let sources: std::collections::BTreeSet<(u32, u32)> = plan.source.cells().collect();
            plan.target.cells().filter(|cell| sources.contains(cell)).count() as u64
        }
    };
    pairs - own
}

/// That of the port that synapses end at.
fn weight_dimension(compiled: &Compiled, targets: &[u32], port: &str) -> Dimension {
    let found = targets.first().and_then(|target| {
        let cell = compiled.net.populations[*target as usize].cell;
        let var = compiled.hir.cell(cell).var_at(port)?;
        compiled.types.vars.get(cell.index())?.get(var.index())
    });
    found.map_or(Dimension::REAL, Type::dimension)
}

#[derive(Default)]
struct Tally {
    least: f64,
    most: f64,
    sum: f64,
    count: u64,
}

impl Tally {
    fn add(&mut self, values: &Values, count: u64) {
        match values {
            Values::One(value) if 0 < count => self.take(*value, count),
            Values::One(_) => {}
            Values::Each(values) => values.iter().for_each(|value| self.take(*value, 1)),
        }
    }

    fn take(&mut self, value: f64, count: u64) {
        if self.count == 0 {
            (self.least, self.most) = (value, value);
        }
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        self.sum += value * count as f64;
        self.count += count;
    }

    fn range(&self) -> Range {
        match self.count {
            0 => Range::default(),
            count => Range { least: self.least, mean: self.sum / count as f64, most: self.most },
        }
    }
}

impl Range {
    fn times(self, factor: f64) -> Range {
        Range { least: self.least * factor, mean: self.mean * factor, most: self.most * factor }
    }
}

pub(crate) fn traces(recordings: &Recordings, plan: &Plan, engine: &dyn Engine) -> Vec<Trace> {
    let of_record = |record: &TraceRecord| {
        // What was written down is forgotten, but for a sketch.
        let sketch = record.sketch.samples();
        match sketch.ticks.is_empty() {
            true => {
                let all: Vec<usize> = (0..record.cells.len()).collect();
                trace(record, plan, &record.samples(engine), &all)
            }
            false => {
                let columns = record.sketch.columns().iter().enumerate();
                let kept: Vec<(usize, u32)> = columns.map(|(k, it)| (k, record.cells[*it])).collect();
                lines(record, plan, sketch, &kept, record.cells.len() - kept.len())
            }
        }
    };
    let mut all: Vec<Trace> = recordings.traces.iter().map(of_record).collect();
    all.extend(recordings.histograms.iter().map(|record| rate(record, engine, plan.dt)));
    all
}

/// A rate in successive bins.
pub(crate) fn rate(record: &HistogramRecord, engine: &dyn Engine, dt: f64) -> Trace {
    let unit = quantity::unit(Dimension::FREQUENCY);
    let bins = record.bins(engine, dt);
    let values = bins.iter().map(|(_, rate)| rate * unit.per_coherent).collect();
    Trace {
        name: record.text.clone(),
        unit: unit.name.clone(),
        times_ms: bins.iter().map(|(tick, _)| *tick as f64 * dt).collect(),
        lines: vec![Line { name: String::new(), values }],
        left_out: 0,
    }
}

/// Some of the columns of the samples of a record.
pub(crate) fn trace(record: &TraceRecord, plan: &Plan, samples: &Samples, columns: &[usize]) -> Trace {
    let shown: Vec<(usize, u32)> =
        first_to_show(columns, samples).into_iter().map(|it| (it, record.cells[it])).collect();
    lines(record, plan, samples, &shown, columns.len() - shown.len())
}

/// Columns of samples, and which of the record's cells each is of.
fn lines(
    record: &TraceRecord,
    plan: &Plan,
    samples: &Samples,
    shown: &[(usize, u32)],
    left_out: usize,
) -> Trace {
    let unit = quantity::unit(record.dimension);
    let stride = samples.ticks.len().div_ceil(MOST_SAMPLES).max(1);
    let thinned = || samples.rows().step_by(stride);
    let line = |(column, cell): &(usize, u32)| Line {
        name: record.of.column(plan, *cell),
        values: thinned().map(|(_, row)| row.get(*column) * unit.per_coherent).collect(),
    };
    Trace {
        name: format!("{}.{}", record.of.path(plan), record.name),
        unit: unit.name.clone(),
        times_ms: thinned().map(|(tick, _)| tick as f64 * plan.dt).collect(),
        lines: shown.iter().map(line).collect(),
        left_out,
    }
}
