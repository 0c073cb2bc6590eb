//! What a session records, taken over from one engine to the next.
//!
//! In: what was recorded at a moment, by the names that the circuit had then. Out: the same in the circuit as it is now, with the
//! samples so far, and in words what of it could not go on. The `record` statements are not carried out again: what they read may have
//! other values by now, and so may the conditions that they stand under.

use super::live::Live;
use super::moment::Kept;
use crate::plastic;
use crate::recording::{EventRecord, HistogramRecord, Recorded, Recordings, SampledFrom};
use crate::recording::{Sketch, Steps, TraceRecord};
use crate::synaptic::Known;
use crate::watch::Watches;
use crate::world::Present;
use circ_plan::engine::{Keep, Probe, SynapseProbe};
use circ_plan::ir::EventId;
use circ_plan::plan::{Indices, ProjectionPlan, Segment, View};

/// How much of the circuit is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fits {
    /// All of it: a synapse with the same number is the same synapse.
    Everything,
    /// Cells of the same names.
    Cells,
}

/// Lets `live` record what was recorded at a moment, and nothing else. Returns what people should know.
pub fn take_over(kept: &Kept, fits: Fits, live: &mut Live) -> Vec<String> {
    let mut recordings = Recordings::default();
    let mut notes = Vec::new();
    for record in &kept.recordings.traces {
        match trace(kept, fits, record, live) {
            Some(Taken { record, note }) => {
                recordings.traces.push(record);
                notes.extend(note);
            }
            None => notes.push(format!("`{}` is not recorded any more", path_of(kept, record))),
        }
    }
    let names = Names { kept, live };
    let events = kept.recordings.events.iter();
    recordings.events = events.filter_map(|record| names.events(record)).collect();
    let histograms = kept.recordings.histograms.iter();
    recordings.histograms = histograms.filter_map(|record| names.histogram(record)).collect();
    live.recordings = recordings;
    notes
}

/// A record that was taken over, and what is lost with it.
struct Taken {
    record: TraceRecord,
    note: Option<String>,
}

/// Of values of cells or synapses, if there still are any.
fn trace(kept: &Kept, fits: Fits, record: &TraceRecord, live: &mut Live) -> Option<Taken> {
    let names = Names { kept, live };
    let mut new = names.trace(record)?;
    let step_stays = names.step_stays();
    let same = step_stays
        && new.cells == record.cells
        && (fits == Fits::Everything || matches!(record.of, Recorded::Cells(_)));
    new.from = match &record.from {
        SampledFrom::Steps(steps) if same => SampledFrom::Steps(steps.clone()),
        SampledFrom::Steps(_) | SampledFrom::Probe(_) => sampled(&new, live)?,
    };
    if same {
        new.earlier.clone_from(&record.earlier);
    }
    let had_samples = record.first_tick <= kept.checkpoint.state.engine.tick;
    let note = (!same && step_stays && had_samples)
        .then(|| format!("`{}` is recorded anew: it is of others than before", path_of(kept, record)));
    Some(Taken { record: new, note })
}

/// Begins to sample what comes after the present tick.
fn sampled(record: &TraceRecord, live: &mut Live) -> Option<SampledFrom> {
    let now = live.instance.engine.tick();
    let (interval_ticks, keep) = (record.interval_ticks, Keep::Each);
    let passed = (now - record.first_tick).div_euclid(interval_ticks) + 1;
    let first_tick = record.first_tick + passed.max(0) * interval_ticks;
    match record.of {
        Recorded::Cells(population) => {
            let observable = with_present(live, |present| present.observable(population, &record.name))?;
            let cells = record.cells.clone();
            let probe = Probe { population, observable, cells, first_tick, interval_ticks, keep };
            Some(SampledFrom::Probe(live.instance.engine.add_probe(probe)))
        }
        Recorded::Pairs { projection, .. } => {
            let learning = &live.compiled.plan.projections[projection as usize].learning;
            let mut observables = learning.iter().flat_map(|learning| &learning.observables);
            let observable = match observables.position(|it| it.name == record.name) {
                Some(observable) => observable as u32,
                None if record.name == "d" => SynapseProbe::DELAY,
                None => return None,
            };
            let synapses = record.cells.clone();
            let probe = SynapseProbe { projection, observable, synapses, first_tick, interval_ticks, keep };
            Some(SampledFrom::Probe(live.instance.engine.add_synapse_probe(probe)))
        }
        Recorded::Synapses(projection) => {
            let learning = &live.compiled.plan.projections[projection as usize].learning;
            let mut observables = learning.iter().flat_map(|learning| &learning.observables);
            if let Some(observable) = observables.position(|it| it.name == record.name) {
                let (observable, synapses) = (observable as u32, record.cells.clone());
                let probe =
                    SynapseProbe { projection, observable, synapses, first_tick, interval_ticks, keep };
                return Some(SampledFrom::Probe(live.instance.engine.add_synapse_probe(probe)));
            }
            let values = with_present(live, |present| plastic::values(present, projection, &record.name))?;
            let these = record.cells.iter().filter_map(|cell| values.get(*cell as usize).copied()).collect();
            let changes = vec![(now.min(first_tick - 1), these)];
            Some(SampledFrom::Steps(Steps { first_tick: record.first_tick, interval_ticks, changes }))
        }
    }
}

fn with_present<T>(live: &Live, ask: impl FnOnce(&Present) -> T) -> T {
    let (nothing, known, watches) = (Recordings::default(), Known::default(), Watches::default());
    let engine = live.instance.engine.as_ref();
    ask(&Present::built(&live.compiled, engine, &nothing, &known, (&live.continued.balances, &watches)))
}

/// `E[3].v`, `E.v`, `P.w`
fn path_of(kept: &Kept, record: &TraceRecord) -> String {
    let description = &kept.checkpoint.description;
    let path = match record.of {
        Recorded::Cells(population) => &description.populations[population as usize].path,
        Recorded::Synapses(projection) | Recorded::Pairs { projection, .. } => {
            &description.projections[projection as usize].path
        }
    };
    match record.cells.as_slice() {
        [one] => format!("{path}[{one}].{}", record.name),
        _ => format!("{path}.{}", record.name),
    }
}

/// What was of one circuit, by its names in another one.
struct Names<'a> {
    kept: &'a Kept,
    live: &'a Live,
}

impl Names<'_> {
    fn step_stays(&self) -> bool {
        self.kept.step_ms == self.live.compiled.plan.dt
    }

    /// Its number now; how many cells it had, and has.
    fn population(&self, was: u32) -> Option<(u32, [u32; 2])> {
        let was = &self.kept.checkpoint.description.populations[was as usize];
        let mut all = self.live.compiled.plan.populations.iter();
        let now = all.position(|it| it.path == was.path)?;
        Some((now as u32, [was.cells, self.live.compiled.plan.populations[now].cells]))
    }

    fn projection(&self, was: u32) -> Option<u32> {
        let path = &self.kept.checkpoint.description.projections[was as usize].path;
        let now = self.live.compiled.plan.projections.iter().position(|it| it.path == *path)?;
        Some(now as u32)
    }

    /// As long as the step of then.
    fn interval(&self, ticks: i64) -> i64 {
        match ticks {
            // At every step.
            1 => 1,
            _ => (ticks as f64 * self.kept.step_ms / self.live.compiled.plan.dt).round().max(1.0) as i64,
        }
    }

    /// A tick of then. Where the step is another one, time began anew.
    fn tick(&self, tick: i64) -> i64 {
        if self.step_stays() { tick } else { 0 }
    }

    /// Without a source of samples yet.
    fn trace(&self, record: &TraceRecord) -> Option<TraceRecord> {
        let (of, cells, dimension) = match record.of {
            Recorded::Cells(population) => {
                let (now, sizes) = self.population(population)?;
                let ty = with_present(self.live, |present| present.variable_type(now, &record.name));
                (Recorded::Cells(now), those_left(&record.cells, sizes)?, ty.dimension())
            }
            Recorded::Pairs { projection, targets: were, all } => {
                let now = self.projection(projection)?;
                let plan = &self.live.compiled.plan.projections[now as usize];
                plan.learning.as_ref()?.rewire.as_ref()?;
                let targets = plan.target.len() as u32;
                let cells = match all {
                    true => plastic::pairs(plan)?,
                    false => pairs_left(&record.cells, were, plan)?,
                };
                let dimension = self.dimension(now, record);
                (Recorded::Pairs { projection: now, targets, all }, cells, dimension)
            }
            Recorded::Synapses(projection) => {
                let now = self.projection(projection)?;
                let learning = &self.live.compiled.plan.projections[now as usize].learning;
                if learning.as_ref().is_some_and(|learning| learning.rewire.is_some()) {
                    return None;
                }
                let sizes =
                    [self.kept.synapses[projection as usize], self.live.instance.synapses[now as usize]];
                let sizes = sizes.map(|size| u32::try_from(size).unwrap_or(u32::MAX));
                (Recorded::Synapses(now), those_left(&record.cells, sizes)?, self.dimension(now, record))
            }
        };
        let interval_ticks = self.interval(record.interval_ticks);
        let first_tick = self.tick(record.first_tick);
        let from = SampledFrom::Steps(Steps { first_tick, interval_ticks, changes: vec![] });
        Some(TraceRecord {
            of,
            name: record.name.clone(),
            dimension,
            cells,
            first_tick,
            interval_ticks,
            from,
            earlier: vec![],
            sketch: Sketch::default(),
        })
    }

    /// A weight has that of its port, which may be another one now.
    fn dimension(&self, projection: u32, record: &TraceRecord) -> circ_compiler::types::Dimension {
        let net = &self.live.compiled.net.projections[projection as usize];
        match net.target.segments.first() {
            Some(target) if record.name == "w" => {
                let port = net.ports.first();
                with_present(self.live, |present| present.variable_type(target.population, port)).dimension()
            }
            _ => record.dimension,
        }
    }

    fn event(&self, was: u32, event: EventId, now: u32) -> Option<EventId> {
        let name = &self.kept.checkpoint.description.populations[was as usize].events[event.0 as usize];
        let events = &self.live.compiled.plan.populations[now as usize].events;
        events.iter().position(|it| it.name == *name).map(|at| EventId(at as u32))
    }

    fn events(&self, record: &EventRecord) -> Option<EventRecord> {
        let (population, sizes) = self.population(record.population)?;
        Some(EventRecord {
            population,
            event: self.event(record.population, record.event, population)?,
            name: record.name.clone(),
            cells: those_left(&record.cells, sizes)?,
            from_tick: self.tick(record.from_tick),
        })
    }

    fn histogram(&self, record: &HistogramRecord) -> Option<HistogramRecord> {
        let (mut segments, mut events) = (vec![], vec![]);
        for (segment, event) in record.view.segments.iter().zip(&record.events) {
            let Some((population, sizes)) = self.population(segment.population) else { continue };
            let Some(event) = self.event(segment.population, *event, population) else { continue };
            let cells: Vec<u32> = (0..segment.cells.len()).map(|at| segment.cells.get(at)).collect();
            let Some(cells) = those_left(&cells, sizes) else { continue };
            segments.push(Segment { population, cells: Indices::List(cells) });
            events.push(event);
        }
        (!segments.is_empty()).then(|| HistogramRecord {
            text: record.text.clone(),
            view: View { segments },
            events,
            from_tick: self.tick(record.from_tick),
            interval_ticks: self.interval(record.interval_ticks),
        })
    }
}

/// Those pairs of which both cells are left, by their numbers now; there were so many targets.
fn pairs_left(pairs: &[u32], targets: u32, plan: &ProjectionPlan) -> Option<Vec<u32>> {
    let [sources_now, targets_now] = [&plan.source, &plan.target].map(|view| view.len() as u64);
    let ends = pairs.iter().map(|pair| (u64::from(pair / targets), u64::from(pair % targets)));
    let left = ends.filter(|(source, target)| *source < sources_now && *target < targets_now);
    let left: Vec<u32> =
        left.filter_map(|(source, target)| u32::try_from(source * targets_now + target).ok()).collect();
    (!left.is_empty()).then_some(left)
}

/// All, where all were meant; else those that there still are, if any.
fn those_left(cells: &[u32], [was, is]: [u32; 2]) -> Option<Vec<u32>> {
    let left: Vec<u32> = match cells.len() == was as usize {
        true => (0..is).collect(),
        false => cells.iter().copied().filter(|cell| *cell < is).collect(),
    };
    (!left.is_empty()).then_some(left)
}
