//! The whole state of an engine between two ticks, whatever engine it is and however many threads it has.
//!
//! A snapshot holds all that the ticks to come depend on, and the events so far, for what looks back. It does not hold what
//! follows from the plan: which static synapses there are, and what is derived from parameters. Lists are in canonical order, so
//! two engines in the same state have the same snapshot but for [`PopulationState::past`], which may reach back further than is needed.

use serde::{Deserialize, Serialize};

/// See above. Lists are as long as those of the plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The tick of the present state; -1 before tick 0 was made.
    pub tick: i64,
    pub populations: Vec<PopulationState>,
    pub drives: Vec<DriveState>,
    pub projections: Vec<ProjectionState>,
}

/// Numbers as they are held: nothing is rounded on the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Numbers {
    Single(Vec<f32>),
    Double(Vec<f64>),
    /// `Int` and `Tick`
    Whole(Vec<i64>),
    Truth(Vec<bool>),
}

impl Default for Numbers {
    fn default() -> Numbers {
        Numbers::Double(vec![])
    }
}

impl Numbers {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Numbers::Single(x) => x.len(),
            Numbers::Double(x) => x.len(),
            Numbers::Whole(x) => x.len(),
            Numbers::Truth(x) => x.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them (a truth value: 0 or 1).
    pub fn get(&self, place: usize) -> f64 {
        match self {
            Numbers::Single(x) => f64::from(x[place]),
            Numbers::Double(x) => x[place],
            Numbers::Whole(x) => x[place] as f64,
            Numbers::Truth(x) => f64::from(u8::from(x[place])),
        }
    }
}

/// A sum that is on its way: the tick at which it is due, the cell, and what has been added up so far.
pub type Sum = (i64, u32, f64);

/// A population.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PopulationState {
    /// By `UniformId`. What is derived is not looked at.
    pub slots: Vec<f64>,
    /// By `ArrayId`, then cell; empty where the array is derived.
    pub arrays: Vec<Numbers>,
    /// By `ArrayId`, of what learning synapses see at earlier ticks: the array as each tick wrote it, from the present one back.
    /// Empty of all others.
    pub past: Vec<Vec<Numbers>>,
    /// By `PortId`: what drives and synapses that do not learn have sent, due after the present tick.
    pub arriving: Vec<Vec<Sum>>,
    /// By `ArrayId`, of what flows: what phases of earlier ticks have sent to the present tick and later ones. What the phase of
    /// the present tick sends follows from it.
    pub flowing: Vec<Vec<Sum>>,
    /// By `EventId`: all so far, (tick, cell), ascending.
    pub events: Vec<Vec<(u32, u32)>>,
}

/// A drive that sends events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DriveState {
    /// By `UniformId`.
    pub slots: Vec<f64>,
    /// By slot that each cell has its own of, then position.
    pub cells: Vec<Vec<f64>>,
}

/// A projection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProjectionState {
    /// Where synapses do not learn and their weights were scaled: what they are, in canonical order.
    pub weights: Option<Vec<f64>>,
    /// Where they learn.
    pub learning: Option<LearningState>,
}

/// Synapses that learn, numbered in canonical order. They have come as far as the cells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LearningState {
    /// The shared slots of the rule, by `UniformId`.
    pub slots: Vec<f64>,
    /// By `ArrayId`, then synapse.
    pub arrays: Vec<Numbers>,
    /// Spikes of sources that will be seen, by tick, stamp, synapse.
    pub spikes: Vec<Spikes>,
    /// Events of targets that will be seen: (tick, kind, synapse), ascending. Kinds are the different lists of events that hooks,
    /// in order, and then [`crate::learning::Both`] wait for.
    pub events: Vec<(i64, u32, u32)>,
    /// What was transmitted and has not arrived, by tick of arrival, stamp, synapse. Empty where synapses come and go.
    pub sent: Vec<Sent>,
    /// Where synapses come and go: those that there are.
    pub structure: Option<Structure>,
}

/// The synapses of a projection that is rewired, in canonical order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Structure {
    /// Positions in the views.
    pub source: Vec<u32>,
    pub target: Vec<u32>,
    /// In ticks: the axonal way, the dendritic way, and the way back.
    pub ways: [Vec<u32>; 3],
    /// Rows of the connection table, where each synapse has one.
    pub rows: Vec<u32>,
    /// By `ArrayId`, then synapse: what it held when it began.
    pub initial: Vec<Numbers>,
    /// What was transmitted and has not arrived, by tick of arrival, stamp, source, target, occurrence.
    pub sent: Vec<SentBy>,
}

/// A spike, and the synapses, one after the other, that will see it at a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spikes {
    pub tick: i64,
    pub stamp: i64,
    pub first: u32,
    pub end: u32,
}

/// What a synapse sent, rounded to the precision of its target.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    pub tick: i64,
    pub stamp: i64,
    pub synapse: u32,
    pub value: f64,
}

/// What a synapse sent that may be gone since, rounded to the precision of its target.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SentBy {
    pub tick: i64,
    pub stamp: i64,
    /// Positions in the views, and which of equal pairs it was.
    pub source: u32,
    pub target: u32,
    pub occurrence: u32,
    pub value: f64,
}

impl SentBy {
    /// What orders them.
    pub fn place(&self) -> (i64, i64, u32, u32, u32) {
        (self.tick, self.stamp, self.source, self.target, self.occurrence)
    }
}

impl Spikes {
    /// Single ones as runs.
    pub fn runs(mut each: Vec<(i64, i64, u32)>) -> Vec<Spikes> {
        each.sort_unstable();
        let mut runs: Vec<Spikes> = vec![];
        for (tick, stamp, synapse) in each {
            match runs.last_mut() {
                Some(last) if (last.tick, last.stamp, last.end) == (tick, stamp, synapse) => last.end += 1,
                _ => runs.push(Spikes { tick, stamp, first: synapse, end: synapse + 1 }),
            }
        }
        runs
    }
}
