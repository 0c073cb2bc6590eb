//! Net: the circuit of one experiment, instantiated: every loop unrolled, every part placed, every size
//! and constant known; expressions that differ from cell to cell or synapse to synapse are closures.
//!
//! In: HIR and arguments, by `elaborate`. Out: data for `lower`.

use crate::hir::{CellId, CircuitId, ExprId, GlobalId, Method, SlotId, VarId, path::without_indices};
use crate::types::Value;
use circ_grammar::ast::{Polarity, Span};
use circ_plan::ir::Precision;
use circ_plan::plan::{Segment, View};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An instantiated circuit with the settings of its experiment.
#[derive(Clone, Debug)]
pub struct Net {
    /// In ms. Not a number where what is written as `dt` is wrong.
    pub dt: f64,
    pub dt_span: Option<Span>,
    pub seed: u64,
    /// Of the experiment (or command line); a cell's own comes first.
    pub precision: Precision,
    pub method: Option<(Method, Span)>,
    pub populations: Vec<Population>,
    pub drives: Vec<Drive>,
    pub projections: Vec<Projection>,
    /// Event drives and projections in order of declaration.
    pub order: Vec<circ_plan::plan::Sender>,
    pub constraints: Vec<Constraint>,
    /// Of what is enforced again and again: sums that are known.
    pub kept_sums: Vec<KeptSum>,
    /// By population: those that somebody asks for the `balance` of.
    pub balances: BTreeMap<u32, Balance>,
    /// Top-level `let` and `data`.
    pub globals: BTreeMap<GlobalId, Value>,
    /// Where names of closures get their values.
    pub environments: Vec<Environment>,
    /// Names of the experiment and circuit, for the protocol: see `elaborate`.
    pub root: EnvironmentId,
    pub experiment: EnvironmentId,
    /// Whether building was given up on the way, as there would be too many items.
    pub cut_short: bool,
}

impl Net {
    /// The value of a slot: here, or in the instance around.
    pub fn slot(&self, environment: EnvironmentId, slot: SlotId) -> Option<&Value> {
        let mut at = Some(environment);
        while let Some(id) = at {
            let environment = self.environments.get(id.0 as usize)?;
            if let Some(value) = environment.values.get(&slot) {
                return Some(value);
            }
            at = environment.instance.filter(|instance| *instance != id);
        }
        None
    }

    /// The value of a slot of the circuit that an experiment is of.
    pub fn circuit_slot(&self, environment: EnvironmentId, slot: SlotId) -> Option<&Value> {
        let mut at = environment;
        for _ in 0..2 {
            let found = self.environments.get(at.0 as usize)?;
            if let Some(circuit) = found.of_circuit {
                return self.slot(circuit, slot);
            }
            at = found.instance?;
        }
        None
    }
}

/// The sum of the weights of each of some cells, which an `enforce` with `every` keeps as it is.
#[derive(Clone, Debug)]
pub struct KeptSum {
    pub span: Span,
    pub total: f64,
    /// The projections, and the most synapses that a cell has in each.
    pub of: Vec<(u32, f64)>,
}

/// Into [`Net::environments`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvironmentId(pub u32);

/// Values of the slots of one instance of a circuit (or experiment), and of loops around an item.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Formals, lets, data, loop indices.
    pub values: Values,
    /// Instances of items.
    pub items: Items,
    /// Slots whose value or items are not known because of a mistake; of a whole instance.
    pub failed: BTreeSet<SlotId>,
    /// For the environment of an experiment: that of its circuit.
    pub of_circuit: Option<EnvironmentId>,
    /// `col[2].` or empty: what stands before the paths of its items.
    pub prefix: String,
    /// Whose slots these are.
    pub owner: Owner,
    /// For one pass of a loop: the instance that it is in, which holds the items.
    pub instance: Option<EnvironmentId>,
}

/// Values by slot, ascending. A loop has as many of these as passes, most of them with few values.
#[derive(Clone, Debug, Default)]
pub struct Values(Vec<(SlotId, Value)>);

impl Values {
    pub fn get(&self, slot: &SlotId) -> Option<&Value> {
        self.place(slot).ok().map(|at| &self.0[at].1)
    }

    pub fn insert(&mut self, slot: SlotId, value: Value) {
        match self.place(&slot) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (slot, value)),
        }
    }

    pub fn remove(&mut self, slot: &SlotId) {
        if let Ok(at) = self.place(slot) {
            self.0.remove(at);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&SlotId, &Value)> {
        self.0.iter().map(|(slot, value)| (slot, value))
    }

    fn place(&self, slot: &SlotId) -> Result<usize, usize> {
        self.0.binary_search_by_key(slot, |(slot, _)| *slot)
    }
}

/// A slot and the indices of the loops around it.
pub type ItemKey = (SlotId, Vec<i64>);

/// Instances of items, ascending. Of parts in parts there may be very many, and nearly each has few: a tree of them takes
/// three times the memory.
#[derive(Clone, Debug)]
pub enum Items {
    Few(Vec<(ItemKey, Item)>),
    Many(BTreeMap<ItemKey, Item>),
}

impl Default for Items {
    fn default() -> Items {
        Items::Few(vec![])
    }
}

impl Items {
    const MOST_OF_FEW: usize = 8;

    pub fn get(&self, key: &ItemKey) -> Option<&Item> {
        match self {
            Items::Few(few) => few.binary_search_by(|(at, _)| at.cmp(key)).ok().map(|at| &few[at].1),
            Items::Many(many) => many.get(key),
        }
    }

    pub fn insert(&mut self, key: ItemKey, item: Item) {
        match self {
            Items::Few(few) => match few.binary_search_by(|(at, _)| at.cmp(&key)) {
                Ok(at) => few[at].1 = item,
                Err(at) if few.len() < Items::MOST_OF_FEW => {
                    // Room for no more: most have one or two.
                    few.reserve_exact(1);
                    few.insert(at, (key, item));
                }
                Err(_) => {
                    let mut many: BTreeMap<ItemKey, Item> = std::mem::take(few).into_iter().collect();
                    many.insert(key, item);
                    *self = Items::Many(many);
                }
            },
            Items::Many(many) => {
                many.insert(key, item);
            }
        }
    }

    /// From a key on.
    pub fn from(&self, key: ItemKey) -> impl Iterator<Item = (&ItemKey, &Item)> {
        let (few, many) = match self {
            Items::Few(few) => (Some(&few[few.partition_point(|(at, _)| *at < key)..]), None),
            Items::Many(many) => (None, Some(many.range(key..))),
        };
        let few = few.into_iter().flatten().map(|(key, item)| (key, item));
        few.chain(many.into_iter().flatten())
    }
}

/// Whose slots an environment holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    #[default]
    Nobody,
    Circuit(CircuitId),
    /// Into `Hir::experiments`.
    Experiment(u32),
}

/// What an item's slot became.
#[derive(Clone, Debug)]
pub enum Item {
    Population(u32),
    Drive(u32),
    Projection(u32),
    Part(EnvironmentId),
}

/// An expression with the environment that it is evaluated in.
#[derive(Clone, Copy, Debug)]
pub struct Closure {
    pub expr: ExprId,
    pub environment: EnvironmentId,
}

/// What is named of every part of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members {
    /// As written: `exc`, `distal.syn`.
    pub written: Arc<str>,
    /// For every part of the view, as the cell calls it when its segments are unrolled: `exc`, `distal[3].syn`.
    pub each: Vec<Arc<str>>,
}

impl Members {
    /// The same of all cells of a view.
    pub fn same(name: &Arc<str>, view: &View) -> Members {
        Members { written: name.clone(), each: vec![name.clone(); view.segments.len()] }
    }

    /// The parts of the view with their names.
    pub fn of<'a>(&'a self, view: &'a View) -> impl Iterator<Item = (&'a Segment, &'a Arc<str>)> {
        view.segments.iter().zip(&self.each)
    }

    /// Of the first part.
    pub fn first(&self) -> &str {
        self.each.first().unwrap_or(&self.written)
    }
}

/// A value for all, or an expression that differs.
#[derive(Clone, Debug)]
pub enum Setting {
    Value(Value),
    /// Of `i` (cells), or of `pre`, `post` (synapses), or random.
    Each(Closure),
}

#[derive(Clone, Debug)]
pub struct Population {
    /// `col[2].E`: the key of its random draws.
    pub path: String,
    pub cell: CellId,
    pub polarity: Option<Polarity>,
    /// How many of each segment of the cell (in each that it is in), by [`SegmentId`](crate::hir::SegmentId); empty
    /// for a cell without.
    pub segments: Vec<u32>,
    /// Product is the number of cells; `i` counts row-major (last index fastest).
    pub shape: Vec<u32>,
    /// Parameters and initial states that the population's block gives; the rest has the cell's own.
    pub settings: Vec<(VarId, Setting, Span)>,
    /// Parameters that an experiment sets for some cells only, or by `i`: they need an array.
    pub per_cell: Vec<VarId>,
    /// States that an experiment clamps, as the unrolled cell calls them: `v`, `distal[3].v`; and `distal.v`, which is that
    /// of every instance, where the run decides of which.
    pub clamped: BTreeSet<Arc<str>>,
    /// Whether an experiment fires cells, and whether it silences some.
    pub fired: bool,
    pub silenced: bool,
    pub at: Option<Position>,
    /// What tables call the cells, one each; empty where they have only indices.
    pub names: Vec<String>,
    /// Whether something that its block gives could not be understood.
    pub partial: bool,
    /// `SpikeTimes`: (ms, cell).
    pub spike_times: Vec<(f64, u32)>,
    pub span: Span,
}

impl Population {
    /// The number of cells.
    pub fn cells(&self) -> u32 {
        self.shape.iter().product()
    }

    /// Whether an experiment clamps the state that the unrolled cell calls so.
    pub fn is_clamped(&self, state: &str) -> bool {
        let clamped = |name: &str| self.clamped.contains(name);
        !self.clamped.is_empty() && (clamped(state) || clamped(&without_indices(state)))
    }

    /// Whether it clamps this state, or of all that a name without an index means some.
    pub fn may_hold(&self, state: &str) -> bool {
        self.is_clamped(state) || self.clamped.iter().any(|clamped| without_indices(clamped) == state)
    }
}

#[derive(Clone, Debug)]
pub enum Position {
    /// Spacing in µm, along the population's dimensions (x is the last index).
    Grid(f64),
    /// x, y, z, of `i`.
    Each([Option<Closure>; 3]),
}

#[derive(Clone, Debug)]
pub struct Drive {
    pub path: String,
    pub target: View,
    pub ports: Members,
    pub kind: DriveKind,
    /// Whether an experiment sets the rate or value for each cell.
    pub per_cell: bool,
    /// Events only.
    pub weight: Option<Setting>,
    pub delay_ms: f64,
    /// In ms; 0 and infinity without the clause.
    pub from_ms: f64,
    pub to_ms: f64,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum DriveKind {
    /// In 1/ms (a real is a mean per tick).
    Poisson {
        rate: Setting,
        per_tick: bool,
        /// Where the rate is written.
        at: Span,
    },
    Choose {
        count: u32,
        every_ms: f64,
    },
    /// ms, ascending.
    Times(Vec<f64>),
    /// Row-major; columns: one, or one for each cell of the view.
    Table {
        data: Value,
        every_ms: f64,
    },
    /// Of `t` and `i`; `i` is the cell's index in its population.
    Value(Setting),
}

#[derive(Clone, Debug)]
pub struct Projection {
    pub path: String,
    pub source: View,
    /// `spike` unless written.
    pub events: Members,
    pub target: View,
    pub ports: Members,
    /// Where `connect` makes pairs of cells, the segment that each synapse ends on.
    pub onto: Option<Box<Onto>>,
    pub connect: Connect,
    pub allow_self: bool,
    pub allow_multiple: bool,
    pub weight: Setting,
    pub weight_span: Span,
    /// In ms.
    pub delay: Setting,
    pub dendritic: Option<Box<Setting>>,
    /// In ms, from a spike of the target to the synapse; nothing: as `dendritic`.
    pub back: Option<Box<Setting>>,
    pub delay_span: Span,
    /// What the weights' sign must be, by the port and the source.
    pub sign: circ_plan::plan::Sign,
    /// The `dale` clause that demands a proof of it.
    pub dale: Option<Span>,
    /// Whether each synapse has a weight of its own, though one number is written: an `enforce` scales them.
    pub scaled: bool,
    /// Whether it was written with `<->`.
    pub both_ways: bool,
    /// Whether each synapse has a weight that the experiment sets, though no rule changes it.
    pub set: bool,
    /// How weights that differ are held, if it says so.
    pub store: Option<circ_plan::ir::Precision>,
    /// Whether rows are held, and where that is written.
    pub rows: Option<(circ_plan::plan::RowStorage, Span)>,
    /// Synapses with the same whole number hold one weight.
    pub share: Option<Share>,
    /// The rule by which its synapses learn.
    pub plasticity: Option<Plasticity>,
    /// What flows instead of spikes.
    pub flow: Option<Flow>,
    pub pairing: circ_plan::plan::Pairing,
    /// Whether it is one of two directions that a rule changes: then both synapses of a pair have one weight.
    pub two_ways: bool,
    /// Columns of a connection table by name, parallel to the pairs of `Connect::Pairs`.
    pub edges: Vec<(String, Vec<f64>)>,
    pub span: Span,
    pub connect_span: Span,
}

/// A rule with what a projection gives it.
#[derive(Clone, Debug)]
pub struct Plasticity {
    pub rule: crate::hir::RuleId,
    /// Its parameters, as far as they are given; a modulator that is of a side of the synapse.
    pub args: Vec<(VarId, Closure)>,
    /// Modulators that are of other cells.
    pub modulators: Vec<Modulator>,
    /// Where it is attached.
    pub span: Span,
}

/// `m = DA.level`: cells that all synapses of a projection read or hear.
#[derive(Clone, Debug)]
pub struct Modulator {
    pub var: VarId,
    /// One cell, or one for each target: as many as the target view has.
    pub cells: View,
    /// A value or an event; nothing: the spike.
    pub member: Option<Members>,
    pub span: Span,
}

/// `onto e`: the target view holds its cells once for each segment.
#[derive(Clone, Debug)]
pub struct Onto {
    pub segments: u32,
    pub which: Which,
    pub span: Span,
}

/// Which segment a synapse ends on.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// Of the pair of cells.
    Pair(Closure),
    Random,
}

/// `share by e`
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// Of the pair of cells.
    pub key: Closure,
    pub span: Span,
}

/// What flows through a projection between ticks.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Of the cells on both sides and of the weight.
    pub value: Closure,
    /// The sign that the port and the source demand of the value, where it does not read the weight.
    pub sign: circ_plan::plan::Sign,
    /// See [`circ_plan::plan::Flow::stage`].
    pub stage: u32,
}

impl Projection {
    /// Whether synapses share weights.
    pub fn shares(&self) -> bool {
        self.share.is_some() || self.two_ways
    }

    /// The projection whose other direction this is.
    pub fn mirrored(&self) -> Option<u32> {
        match self.pairing {
            circ_plan::plan::Pairing::Mirror(other) => Some(other),
            circ_plan::plan::Pairing::Ordered | circ_plan::plan::Pairing::Unordered => None,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Connect {
    Probability(Setting),
    InDegree(u32),
    OutDegree(u32),
    Total(u64),
    OneToOne,
    AllToAll,
    Where(Closure),
    /// Positions in the views.
    Pairs(Vec<(u32, u32)>),
}

#[derive(Clone, Debug)]
pub struct Constraint {
    pub kind: ConstraintKind,
    pub environment: EnvironmentId,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub enum ConstraintKind {
    Dale,
    Require {
        condition: ExprId,
        proof: Proof,
    },
    Enforce(Enforce),
    /// `stops`: a breach ends the run.
    Monitor {
        condition: ExprId,
        stops: bool,
    },
}

/// When a `require` is known to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Proved before anything was built.
    Now,
    /// To be judged when the network is built.
    AtBuild,
}

/// What the `balance` of a population compares: what these ports add to the right side of an equation.
#[derive(Clone, Debug)]
pub struct Balance {
    /// Into `Cell::equations`.
    pub equation: usize,
    pub excitatory: Vec<VarId>,
    pub inhibitory: Vec<VarId>,
}

/// `enforce weight_sum(...) == e [every T]`.
#[derive(Clone, Copy, Debug)]
pub struct Enforce {
    /// The `weight_sum` that is scaled.
    pub sum: ExprId,
    pub value: ExprId,
    /// In ms.
    pub every_ms: Option<f64>,
    /// The whole equation, for messages.
    pub equation: ExprId,
}
