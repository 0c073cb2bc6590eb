//! What an engine does: the interpreter and the machine-code runtime behind one door.

pub use crate::samples::{Row, Samples};

use crate::ir::{ArrayId, EventId, Precision, UniformId};
use crate::snapshot::Snapshot;

/// The synapses of one projection, in canonical order: by position of the source in its view, then
/// position of the target, then delay unless they learn, then occurrence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Synapses {
    /// Position in the source view.
    pub source: Vec<u32>,
    /// Position in the target view.
    pub target: Vec<u32>,
    pub weight: Values,
    /// In ticks, at least 1 (of what flows, at least 0).
    pub delay: Values,
    /// Of learning synapses: `b` and `c` of [`crate::learning`], in ticks; else 0.
    pub dendritic: Values,
    pub back: Values,
    /// Of learning synapses that are connected from a table: the row of each; else empty.
    pub rows: Vec<u32>,
    /// Of shared weights: the group of each, numbered in order of the first synapse (of the first of two directions); else empty.
    pub group: Vec<u32>,
    /// `all_to_all` with one weight and one delay: arrivals are the number of spiking sources times
    /// the weight (less the cell itself, unless `allow self`), not a sum of weights.
    pub broadcast: bool,
}

impl Synapses {
    /// Adds those that follow, of the same projection.
    pub fn append(&mut self, next: &Synapses) {
        self.source.extend_from_slice(&next.source);
        self.target.extend_from_slice(&next.target);
        self.rows.extend_from_slice(&next.rows);
        self.group.extend_from_slice(&next.group);
        let pairs = [
            (&mut self.weight, &next.weight),
            (&mut self.delay, &next.delay),
            (&mut self.dendritic, &next.dendritic),
            (&mut self.back, &next.back),
        ];
        for (values, next) in pairs {
            if let (Values::Each(values), Values::Each(next)) = (values, next) {
                values.extend_from_slice(next);
            }
        }
    }
}

/// One number for all, or one for each (weights that differ are held as [`crate::plan::ProjectionPlan::store`] says).
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    One(f64),
    Each(Vec<f64>),
}

impl Default for Values {
    fn default() -> Values {
        Values::One(0.0)
    }
}

/// Memory of the parts of a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// (what, bytes), in order of declaration.
    pub parts: Vec<(String, u64)>,
}

impl Memory {
    /// All bytes.
    pub fn total(&self) -> u64 {
        self.parts.iter().map(|p| p.1).sum()
    }
}

/// Why a run stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub population: u32,
    /// Index in the population.
    pub cell: u32,
    /// The tick being made.
    pub tick: i64,
    /// Values of the arrays of this cell that went into the step (by `ArrayId`), as `f64`.
    pub arrays: Vec<f64>,
    /// What arrived in this tick (by `PortId`).
    pub arrivals: Vec<f64>,
}

/// A check of a learning synapse that failed: the first, by tick, projection, synapse.
#[derive(Clone, Debug, PartialEq)]
pub struct SynapseFault {
    pub projection: u32,
    /// Positions in the views.
    pub source: u32,
    pub target: u32,
    pub tick: i64,
    /// Of the check: [`crate::ir::Check::place`].
    pub place: u32,
    /// The synapse arrays that went into the program; none of a pair that has no synapse.
    pub arrays: Vec<f64>,
}

/// A rewiring that could not keep the number of synapses.
#[derive(Clone, Debug, PartialEq)]
pub struct RewireFault {
    pub projection: u32,
    pub tick: i64,
    /// Synapses to be made, and candidates.
    pub wanted: u64,
    pub found: u64,
    /// [`crate::learning::Rewire::place`]
    pub place: u32,
}

/// Why [`Engine::advance`] returned early.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    Fault(Box<Fault>),
    Synapse(Box<SynapseFault>),
    Rewire(Box<RewireFault>),
    /// The interrupt flag was set.
    Interrupted,
}

/// What to sample while running.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    pub population: u32,
    /// Index into the population's observables.
    pub observable: u32,
    /// Ascending.
    pub cells: Vec<u32>,
    /// Sampled at ticks that are `first + k * interval`.
    pub first_tick: i64,
    pub interval_ticks: i64,
    pub keep: Keep,
}

/// What to sample of learning synapses while running.
///
/// Where a projection is rewired, synapses are numbered anew again and again, so what is sampled are pairs of cells: a row has the
/// value of each pair that a synapse joins ([`Row::Part`]), of a pair with several synapses their sum, in canonical order; each row
/// is kept. What is rewired at a tick is sampled after that.
#[derive(Clone, Debug, PartialEq)]
pub struct SynapseProbe {
    pub projection: u32,
    /// Index into [`crate::learning::Learning::observables`], or [`SynapseProbe::DELAY`].
    pub observable: u32,
    /// In canonical order, ascending. Where the projection is rewired: pairs, each as the position of its source times the number
    /// of targets, plus the position of its target.
    pub synapses: Vec<u32>,
    /// Sampled at ticks that are `first + k * interval`.
    pub first_tick: i64,
    pub interval_ticks: i64,
    pub keep: Keep,
}

impl SynapseProbe {
    /// The axonal delay in ms of synapses that are rewired, where no array holds it.
    pub const DELAY: u32 = u32::MAX;
}

/// What a probe keeps of its samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Every one.
    #[default]
    Each,
    /// Their sum, and the tick of the last.
    Sum,
}

/// Names a probe of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeId(pub u32);

/// What [`Engine::reset`] puts back to how it began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reset {
    /// (population, array, cells, ascending). What is no parameter gets what `init_states` gives with parameters as they
    /// are, with the same draws; 0 where it gives nothing. An array of [`crate::plan::Role::Seen`] then gets what `start` makes
    /// of the cells if nothing arrives. Learning synapses see these values at all earlier ticks too.
    pub arrays: Vec<(u32, ArrayId, Vec<u32>)>,
    /// (population, cells, ascending): nothing is on its way to them any more, neither arrivals nor what flows.
    pub arriving: Vec<(u32, Vec<u32>)>,
    /// Projections that learn: nothing is on its way to their synapses any more, nor from them.
    pub learning: Vec<u32>,
}

/// Values of neighbouring cells, where they lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Slice<'a> {
    Single(&'a [f32]),
    Double(&'a [f64]),
}

/// Runs a plan.
pub trait Engine: Send {
    /// The tick of the present state; -1 before tick 0 was made.
    fn tick(&self) -> i64;
    /// Makes ticks up to and including `until`. `interrupt` is looked at between windows.
    fn advance(&mut self, until: i64, interrupt: &std::sync::atomic::AtomicBool) -> Result<(), Stop>;
    /// Does what was put off because nobody could tell. A fault of it, of a tick that was made, is known from here on: who
    /// ends a run asks for it.
    fn conclude(&mut self) -> Result<(), Stop> {
        Ok(())
    }
    /// All events of a kind so far, as (tick, cell), ascending.
    fn events(&self, population: u32, event: EventId) -> Vec<(i64, u32)>;
    /// Those of them with `after < tick <= until`.
    fn events_between(&self, population: u32, event: EventId, after: i64, until: i64) -> Vec<(i64, u32)> {
        let mut events = self.events(population, event);
        events.retain(|(tick, _)| after < *tick && *tick <= until);
        events
    }
    /// Begins to sample.
    fn add_probe(&mut self, probe: Probe) -> ProbeId;
    fn samples(&self, probe: ProbeId) -> Samples;
    /// The same, and forgets them: who writes them down while the run goes on needs no memory for all of them.
    fn take_samples(&mut self, probe: ProbeId) -> Samples;
    /// The present value of an observable, for all cells.
    fn observe(&self, population: u32, observable: u32) -> Vec<f64>;
    /// An array as it is, for all cells (Bool: 0 or 1).
    fn array(&self, population: u32, array: ArrayId) -> Vec<f64>;
    /// An array of `Float`s where it lies: one slice after the other, in order of the cells. None where it is held otherwise.
    fn slices(&self, _population: u32, _array: ArrayId) -> Vec<Slice<'_>> {
        vec![]
    }
    fn uniform(&self, population: u32, uniform: UniformId) -> f64;
    /// Changes a parameter; what depends on it follows.
    fn set_uniform(&mut self, population: u32, uniform: UniformId, value: f64);
    /// Changes a per-cell parameter or state: (cell, value).
    fn set_array(&mut self, population: u32, array: ArrayId, values: &[(u32, f64)]);
    /// Changes a per-cell parameter or state of all cells.
    fn write_array(&mut self, population: u32, array: ArrayId, values: &[f64]) {
        let values: Vec<(u32, f64)> = (0..).zip(values.iter().copied()).collect();
        self.set_array(population, array, &values);
    }
    /// Puts cells and synapses back to how they began, between two ticks; synapses are settled first, and what they hold
    /// stays as it is. The tick goes on.
    fn reset(&mut self, what: &Reset);
    /// Changes a slot of a drive.
    fn set_drive(&mut self, drive: u32, uniform: UniformId, value: f64);
    /// Changes a slot of a drive that each of its cells has its own of: values by position of the target.
    fn set_drive_cells(&mut self, drive: u32, slot: ArrayId, values: &[f64]);
    /// Carries anew what flows at the present tick, where a parameter, a state or a weight was changed since that tick
    /// was made. [`Engine::advance`] begins with it; who reads values before then asks for it.
    fn settle(&mut self);
    /// Shows the synapses of a projection as they are now, which rewiring may have changed, piece by piece, in canonical order; at least one piece,
    /// which may be empty. A broadcast has no lists: its synapses are all pairs of the two views (less a cell with
    /// itself, unless `allow self`).
    fn visit_synapses(&self, projection: u32, visit: &mut (dyn FnMut(&Synapses) + Send));
    /// Multiplies weights by a factor for each target, by position in the target view; of those synapses whose
    /// source, by position in the source view, counts. The product is taken in `f64` and rounded to how the weights
    /// are held. Only of a projection whose synapses have a weight each, not shared. What is on its way stays as it is. Learning
    /// synapses are settled first.
    fn scale_weights(&mut self, projection: u32, sources: &[bool], factors: &[f64]);
    /// An observable of a learning projection, for all synapses in canonical order, as of the present tick (before tick
    /// 0: the initial values).
    fn observe_synapses(&self, projection: u32, observable: u32) -> Vec<f64>;
    /// An array of learning synapses as it is (Bool: 0 or 1), for all in canonical order. What follows from an earlier tick
    /// in closed form is as of that tick.
    fn synapse_array(&self, projection: u32, array: ArrayId) -> Vec<f64>;
    /// Begins to sample synapses.
    fn add_synapse_probe(&mut self, probe: SynapseProbe) -> ProbeId;
    /// Changes an array of learning synapses, after `settle`: (synapse in canonical order, value). A shared weight becomes
    /// that of all synapses of the group; of several values the last holds.
    fn set_synapses(&mut self, projection: u32, array: ArrayId, values: &[(u32, f64)]);
    /// Gives an array of learning synapses that come and go what each held when it began, after `settle`.
    fn restart_synapses(&mut self, projection: u32, array: ArrayId);
    /// A shared slot of a rule.
    fn learning_slot(&self, projection: u32, uniform: UniformId) -> f64;
    /// Changes a shared slot of a rule, after `settle`.
    fn set_learning_slot(&mut self, projection: u32, uniform: UniformId, value: f64);
    /// What is on its way: for each population and port, (arrival tick, cell, partial sum) in this
    /// order, where the sum is not 0.
    fn in_flight(&self, population: u32, port: u32) -> Vec<(i64, u32, f64)>;
    /// What flows to later ticks: for an array of `Role::Flow`, (tick, cell, partial sum) in this order, where the
    /// sum is not 0 and the tick is after the present one.
    fn flowing(&self, population: u32, array: ArrayId) -> Vec<(i64, u32, f64)>;
    /// The precision of a population.
    fn precision(&self, population: u32) -> Precision;
    /// The whole state between two ticks. Does first what was put off, and carries anew what flows where anything was changed.
    fn snapshot(&mut self) -> Snapshot;
    /// Goes on from a snapshot of an engine with the same network, which may be another engine on other threads. Samples of later
    /// ticks are forgotten; a sum that a probe keeps stays as it is. A fault is forgotten.
    fn restore(&mut self, snapshot: &Snapshot);
    /// Draws of ticks to come are those of a trial: of cells, of the trains of drives, and of synapses that learn; the key of each is
    /// that of [`circ_numerics::random::trial_key`]. Without one they are those of the plan. What is drawn when something
    /// begins, and what a weight is drawn as, stays as it is.
    fn key_draws(&mut self, trial: Option<u64>);
    /// Gives a probe of cells other samples than it has taken.
    fn put_samples(&mut self, probe: ProbeId, samples: Samples);
}
