//! The plan: everything a runtime needs to build and run a network, and nothing of the language.
//!
//! Times are in ticks or ms, all quantities in the coherent system ms, mV, pA, nS, pF, µm, mM.

use crate::ir::*;

/// A network and how to step it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The step in ms.
    pub dt: f64,
    pub seed: u64,
    pub populations: Vec<PopulationPlan>,
    pub drives: Vec<DrivePlan>,
    pub projections: Vec<ProjectionPlan>,
    /// Event drives and projections in order of declaration: the canonical order of summation.
    pub order: Vec<Sender>,
    /// All tables that programs read.
    pub tables: Vec<Table>,
    /// The texts that checks and errors speak of.
    pub places: Vec<Place>,
}

/// A piece of source text, opaque to the runtime: (file, first byte, end).
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub file: u32,
    pub start: u32,
    pub end: u32,
    /// What is there: ``the equation of `v` ``.
    pub what: String,
}

/// Who sends arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Index into [`Plan::drives`].
    Drive(u32),
    /// Index into [`Plan::projections`].
    Projection(u32),
}

/// Numbers, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub name: String,
    pub rows: usize,
    pub columns: usize,
    pub data: Vec<f64>,
}

/// A population.
#[derive(Clone, Debug)]
pub struct PopulationPlan {
    /// `col[2].E`
    pub path: String,
    pub cells: u32,
    pub precision: Precision,
    /// The arrays that programs load and store, by `ArrayId`.
    pub arrays: Vec<ArrayPlan>,
    /// The shared slots, by `UniformId`.
    pub uniforms: Vec<UniformPlan>,
    /// Keys of the random generator, by `KeyId`: `circ_numerics::random::key(seed, path)`.
    pub keys: Vec<[u32; 2]>,
    /// Accumulators, by `PortId`.
    pub ports: Vec<PortPlan>,
    /// Kinds of events, by `EventId`. A population that spikes has `spike` as event 0.
    pub events: Vec<EventPlan>,
    pub dynamics: Dynamics,
    /// What can be observed by name.
    pub observables: Vec<Observable>,
    pub place: u32,
}

/// What makes a population's events.
#[derive(Clone, Debug)]
pub enum Dynamics {
    Cells(Box<CellPrograms>),
    /// The cell type `SpikeTimes`: (tick, cell), ascending, each pair once.
    SpikeTimes(Vec<(i64, u32)>),
}

/// The programs of a population. Order at instantiation: shared slots get their values,
/// `derive_uniforms`, `init_params`, `derive_cells`, `init_states`. When a parameter changes:
/// `derive_uniforms`, then `derive_cells`.
#[derive(Clone, Debug)]
pub struct CellPrograms {
    /// Slots that depend on slots only.
    pub derive_uniforms: Program,
    /// Per-cell parameters and positions; draws are of tick 0.
    pub init_params: Program,
    /// Arrays that depend on parameters only.
    pub derive_cells: Program,
    /// Initial states. May load parameters.
    pub init_states: Program,
    /// Tick 0: steps 2 to 4 on the initial state.
    pub start: Program,
    /// One tick: steps 1 to 4.
    pub step: Program,
    /// `start` before what is constant was moved out: the meaning, for the interpreter.
    pub reference_start: Program,
    /// `step` likewise. Reads no derived slot or array.
    pub reference_step: Program,
}

/// A per-cell array.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayPlan {
    pub name: String,
    pub ty: Ty,
    pub role: Role,
}

/// What an array or slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A parameter, or a position.
    Parameter,
    /// A state of the cell: part of the digest.
    State,
    /// State of a port: part of the digest.
    Port,
    /// The clock of a mode: `Tick` until which it is on, part of the digest.
    Mode,
    /// Other memory of the cell, such as the last value of a `rising` condition: part of the digest.
    Memory,
    /// Follows from parameters.
    Derived,
}

/// A slot that all cells share.
#[derive(Clone, Debug, PartialEq)]
pub struct UniformPlan {
    pub name: String,
    pub ty: Ty,
    pub role: Role,
    /// For parameters: the value at the start (Bool: 0 or 1).
    pub value: f64,
}

/// An accumulator of arrivals.
#[derive(Clone, Debug, PartialEq)]
pub struct PortPlan {
    pub name: String,
}

/// A kind of event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPlan {
    pub name: String,
}

/// A named value of a cell: a state, a port's value, a `let`.
#[derive(Clone, Debug)]
pub struct Observable {
    pub name: String,
    /// One `Result`, of the arrays after a tick; `Time(End)` is the time of the state.
    pub program: Program,
}

/// Cells of one or several populations, numbered in order.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub segments: Vec<Segment>,
}

/// A part of a view.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    pub population: u32,
    pub cells: Indices,
}

/// Which cells of a population.
#[derive(Clone, Debug, PartialEq)]
pub enum Indices {
    /// `lo .. hi`
    Range(u32, u32),
    /// As written, perhaps not ascending, each at most once.
    List(Vec<u32>),
}

impl Indices {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Indices::Range(lo, hi) => (hi - lo) as usize,
            Indices::List(list) => list.len(),
        }
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The cell at a position.
    pub fn get(&self, position: usize) -> u32 {
        match self {
            Indices::Range(lo, _) => lo + position as u32,
            Indices::List(list) => list[position],
        }
    }
}

impl View {
    /// How many cells.
    pub fn len(&self) -> usize {
        self.segments.iter().map(|s| s.cells.len()).sum()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// (population, cell) of every position.
    pub fn cells(&self) -> impl Iterator<Item = (u32, u32)> {
        self.segments.iter().flat_map(|s| (0..s.cells.len()).map(move |k| (s.population, s.cells.get(k))))
    }
}

/// A drive that sends events (value drives are part of the kernels).
#[derive(Clone, Debug)]
pub struct DrivePlan {
    pub path: String,
    pub target: View,
    /// The port, for every segment of the target.
    pub ports: Vec<PortId>,
    pub kind: DriveKind,
    /// Per cell, over `Index(Own)` (of the view).
    pub weight: Quantity,
    pub delay_ticks: i64,
    /// Events of ticks in `from .. to` exist.
    pub from_tick: i64,
    pub to_tick: i64,
    pub sign: Sign,
    /// Keys that its programs name; key 0 is the drive's own trains.
    pub keys: Vec<[u32; 2]>,
    /// Slots that its programs name (parameters that `set` may change, `rate` in 1/ms first).
    pub uniforms: Vec<UniformPlan>,
    pub place: u32,
}

/// When a drive sends.
#[derive(Clone, Debug)]
pub enum DriveKind {
    /// An independent train for each cell: one `Result`, the mean number of events in a tick; over
    /// `Index(Own)` (of the view) and `Time(End)`. In a tick with count c, `c * weight` arrives.
    Poisson(Quantity),
    /// At every multiple of the interval, `count` other cells, each once: Floyd's sampling with
    /// `Stream::new(key 0, Counter { entity: 0, partner: 1, tick, salt: 0 })`: for `j` in `n - count .. n`
    /// take `r = below(j + 1)`, or `j` where `r` is taken already; then in ascending order.
    Choose { count: u32, interval_ticks: i64 },
    /// At these ticks, all cells; ascending; a tick may occur several times.
    Times(Vec<i64>),
}

/// A number, or a program with one `Result`.
#[derive(Clone, Debug)]
pub enum Quantity {
    Constant(f64),
    /// In `f64`.
    Program(Program),
}

/// What is required of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Free,
    NotNegative,
    NotPositive,
}

/// A projection: synapses from the cells of a view to ports of the cells of another.
///
/// Rows by source, in order of the source view; within a row by target position in the target view,
/// then occurrence. This is the canonical order of synapses.
#[derive(Clone, Debug)]
pub struct ProjectionPlan {
    pub path: String,
    pub source: View,
    /// The event, for every segment of the source.
    pub source_events: Vec<EventId>,
    pub target: View,
    /// The port, for every segment of the target.
    pub ports: Vec<PortId>,
    pub connect: Connect,
    pub allow_self: bool,
    pub allow_multiple: bool,
    pub weight: Quantity,
    /// Axonal plus dendritic delay in ms; rounded to the nearest tick, at least one.
    pub delay: Quantity,
    pub sign: Sign,
    /// `Load(Pre, ArrayId(k))` is `pre_columns[k][segment of the source]`.
    pub pre_columns: Vec<Vec<Column>>,
    /// `Load(Post, ArrayId(k))` likewise.
    pub post_columns: Vec<Vec<Column>>,
    /// Columns of a connection table, `Edge(k)`; parallel to its rows.
    pub edges: Vec<Vec<f64>>,
    /// Keys that its programs name; key 0 is the connectivity's own.
    pub keys: Vec<[u32; 2]>,
    pub place: u32,
}

/// Where a column's values are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Column {
    Array(u32, ArrayId),
    Uniform(u32, UniformId),
    Constant(f64),
}

/// Which pairs are connected. A cell is not connected to itself unless `allow_self`, no pair twice
/// unless `allow_multiple`.
#[derive(Clone, Debug)]
pub enum Connect {
    /// Every pair with this probability; over both sides where it is a program.
    Probability(Quantity),
    /// Every target has this many sources.
    InDegree(u32),
    /// Every source has this many targets.
    OutDegree(u32),
    /// This many pairs in all.
    Total(u64),
    OneToOne,
    AllToAll,
    /// Where the program's one `Result` (Bool) holds.
    Where(Program),
    /// These pairs of positions in the views.
    Pairs(Vec<(u32, u32)>),
}
