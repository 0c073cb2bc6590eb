//! The plan: everything a runtime needs to build and run a network, and nothing of the language.
//!
//! Times are in ticks or ms, all quantities in the coherent system ms, mV, pA, nS, pF, µm, mM.

use crate::ir::*;
use crate::learning::Learning;

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
    /// The cell type `SpikeTimes`.
    SpikeTimes {
        /// (tick, cell), ascending, each pair once.
        times: Vec<(i64, u32)>,
        /// What rules keep of its cells. Before `start` and `step` of a tick the engine writes array 0, a `Bool` of
        /// [`Role::Memory`]: whether the cell spikes in this tick. The programs have no events of their own.
        traces: Option<Box<CellPrograms>>,
    },
}

impl Dynamics {
    /// The programs of its cells, if it has any.
    pub fn programs(&self) -> Option<&CellPrograms> {
        match self {
            Dynamics::Cells(programs) => Some(programs),
            Dynamics::SpikeTimes { traces, .. } => traces.as_deref(),
        }
    }
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
    /// Other memory of the cell, such as the last value of a `rising` condition, or the tick at which a modulator last
    /// jumped: part of the digest.
    Memory,
    /// What flows into a port as of the last flow phase ([`Flow`]): `Float`, written by nothing else, 0 before the
    /// first phase. Part of the digest.
    Flow,
    /// What learning synapses see of a cell in a tick: a state, trace, port, mode or `let` as it is after step 1, before
    /// anything arrives or happens; or one that is no array by itself as it is after the tick. Written by every `start` and `step`, read by nothing else in the population.
    Seen,
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
    /// Slots of which each position of the target has its own, with what they hold at the start; programs load them as arrays.
    pub of_cells: Vec<UniformPlan>,
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
    Program(Box<Program>),
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
/// A view may hold a cell several times, once for each of its ports or events that is meant.
///
/// Rows by source, in order of the source view; within a row by target position in the target view,
/// then delay unless they learn, then occurrence. This is the canonical order of synapses.
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
    /// Where in their target cells synapses end, if `connect` makes pairs of cells and not of positions.
    pub onto: Option<Box<Onto>>,
    pub allow_self: bool,
    pub allow_multiple: bool,
    pub weight: Quantity,
    /// How weights that differ are held. One weight for all is an `f64`.
    pub store: Precision,
    /// Whether its rows are held.
    pub rows: RowStorage,
    /// Axonal plus dendritic delay in ms; rounded to the nearest tick, at least one (of a [`Flow`], at least 0).
    pub delay: Quantity,
    /// Nothing: each synapse has a weight of its own. Else one `Result`, a whole number: synapses with the same are a group, and
    /// have the weight that the first of them in canonical order would have alone. In `f64`. Of two directions a synapse has the key
    /// of its pair as it is drawn, so the groups are of both, and the first of a group is of the first direction.
    pub share: Option<Box<Program>>,
    pub sign: Sign,
    /// Nothing: weights stay as they are. Never of a broadcast: every synapse has a weight of its own, and `store` is that
    /// of array 0.
    pub learning: Option<Box<Learning>>,
    /// Nothing: spikes arrive, with their weight. Else this flows; `source_events` and `ports` are empty then.
    pub flow: Option<Box<Flow>>,
    /// Which of the possible pairs there are.
    pub pairing: Pairing,
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

/// Where the synapses of a projection are between spikes. Their number, their values and all sums are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowStorage {
    /// Held, unless memory does not suffice for all: then as `Procedural`, where the connectivity allows it.
    #[default]
    Auto,
    /// Held. Of what [`Engine::scale_weights`](crate::engine::Engine::scale_weights) changes.
    Stored,
    /// Made again from their counters whenever a source spikes. Only of spikes, of ordered pairs that are drawn source by source
    /// (`Probability`, `Where`, `OutDegree`, `OneToOne`, `AllToAll`), with nothing shared and nothing learned.
    Procedural,
}

/// Which pairs of the two views a projection may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// All.
    Ordered,
    /// `N <-> N`, one of the two directions: both views are the same, and only pairs with source before target (by
    /// position) exist; a draw is over these. Never with `InDegree`, `OutDegree`, `OneToOne`, `allow_self`; `Total`
    /// counts these pairs, `Pairs` holds only such. `AllToAll` with one weight and one delay is written `Ordered`,
    /// which is the same.
    Unordered,
    /// `A <-> B`, the other direction: the synapses are those of this earlier projection with source and target
    /// exchanged, each with its weight and its delay; views are exchanged too. Nothing is drawn: `connect`,
    /// `weight`, `delay`, `edges` and the columns repeat what the other has, and are not looked at. Synapses are numbered
    /// by their own source, then target, then occurrence, as of any other projection.
    Mirror(u32),
}

/// What a synapse carries between ticks (`continuous e`).
///
/// Tick `n` is made by steps 1 to 4 of all populations, then by one *flow phase*, then it is observed. Steps 1 to 4
/// load arrays of [`Role::Flow`] as of the phase of tick `n - 1` (0 at tick 0); observables load them as of tick `n`.
/// The phase of tick `n`:
///
/// 1. Every array of `Role::Flow` becomes, for each cell, the sum of what earlier phases sent to tick `n` (0 if nothing).
/// 2. For stage 0, 1, ...: every flow of that stage is evaluated for all its synapses on the arrays as they are when
///    the stage begins, with tick `n` and its time. A value goes to tick `n + delay`: with delay 0 it is added to the
///    array now, at the end of the stage.
///
/// So sums are in the order: tick of evaluation, stage, order of declaration ([`Plan::order`]), source,
/// synapse; from 0, `sum = sum + value`, in the precision of the target's population, to which a value of another
/// precision is rounded first. Where `factor` is given and the synapses are a broadcast
/// (`Synapses::broadcast`), the sum is taken before the weight: for each target one value (source 0, synapse 0), the
/// weight times the sum of `factor` over its sources in order, from 0, in the precision of `factor`. A cell that is not
/// its own source (`allow_self`) cuts the sum in two: the sources before it in order from 0, plus the sources after
/// it in descending order from 0; so all cuts cost two passes.
///
/// After a change between two ticks ([`crate::engine::Engine::set_uniform`] and its like) the phase of the tick before is
/// made anew, in place of what it sent: so the step that follows reads what was set.
#[derive(Clone, Debug)]
pub struct Flow {
    /// One `Result`, a `Float`, over `Load(Pre, k)` and `Load(Post, k)` (of `pre` and `post` here), `Weight`,
    /// `Index(Pre)` and `Index(Post)` (of the views), `Now`, `Time(End)` and tables. No draw. Its precision is that of the
    /// target's populations, `f64` if they differ; leaves of another precision are converted.
    pub value: Program,
    /// `pre[k][segment of the source]`; of a column, all have the same type.
    pub pre: Vec<Vec<FlowColumn>>,
    /// `post[k][segment of the target]`
    pub post: Vec<Vec<FlowColumn>>,
    /// The array of `Role::Flow` that it is added to, for every segment of the target.
    pub into: Vec<ArrayId>,
    /// Columns of a stage depend only on flows without delay of earlier stages.
    pub stage: u32,
    /// Where `value` is `Weight` times something of the source alone (no `Post` leaf, no `Weight`): that something, as a
    /// program with one `Result` over the same columns. `value` is then `Mul(Weight, factor)`, bit for bit. Given only
    /// where no cell occurs twice in the source, and never of what learns.
    pub factor: Option<Program>,
}

/// Where a column of a flow has its values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FlowColumn {
    Array(u32, ArrayId),
    Uniform(u32, UniformId),
    Constant(f64),
    /// Population, index of an observable of it: its value as of the beginning of the stage.
    Observable(u32, u32),
}

/// Pairs are made with the cells of the target view, then each synapse is put on one of their parts.
///
/// The target view holds its cells once for every part: the position of a part is `part * cells + cell`. Where
/// `part` is evaluated, `Index(Post)` is the cell, and the k-th of equal pairs draws as in a weight.
#[derive(Clone, Debug)]
pub struct Onto {
    pub parts: u32,
    /// One `Result`: a whole number below `parts`.
    pub part: Program,
}

impl ProjectionPlan {
    /// The targets that pairs are made with: the target view, or its cells once where synapses are put `onto` parts.
    pub fn paired(&self) -> View {
        let parts = self.onto.as_ref().map_or(1, |onto| onto.parts.max(1) as usize);
        View { segments: self.target.segments[..self.target.segments.len() / parts].to_vec() }
    }

    /// How many of them there are.
    pub fn paired_targets(&self) -> usize {
        self.target.len() / self.onto.as_ref().map_or(1, |onto| onto.parts.max(1) as usize)
    }

    /// Whether something flows through its synapses, and these may come or go at a tick.
    pub fn rewires_flow(&self, tick: i64) -> bool {
        let rewire = self.learning.as_ref().and_then(|learning| learning.rewire.as_ref());
        self.flow.is_some() && rewire.is_some_and(|rewire| rewire.is_due(tick))
    }
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
    Where(Box<Program>),
    /// These pairs of positions in the views.
    Pairs(Vec<(u32, u32)>),
}
