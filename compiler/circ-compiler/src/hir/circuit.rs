//! Circuits: slots, populations, drives, projections, constraints.

use super::*;
use circ_grammar::ast::Polarity;
use circ_plan::ir::Precision;
use circ_plan::plan::RowStorage;

/// A circuit. Everything with a name is a slot.
#[derive(Clone, Debug)]
pub struct Circuit {
    pub name: Arc<str>,
    pub span: Span,
    pub doc: Option<Arc<str>>,
    pub slots: Vec<Slot>,
    /// The formals, in order.
    pub formals: Vec<SlotId>,
    pub items: Vec<Item>,
}

#[derive(Clone, Debug)]
pub struct Slot {
    pub name: Arc<str>,
    pub span: Span,
    pub kind: SlotKind,
    pub public: bool,
    /// The loops around it, outermost first: its name takes that many indices.
    pub loops: Vec<SlotId>,
}

#[derive(Clone, Debug)]
pub enum SlotKind {
    Formal { declared: Option<Type>, range: Option<(ExprId, ExprId)>, default: Option<ExprId> },
    Let { declared: Option<Type>, value: ExprId },
    Data { declared: Type, value: ExprId },
    Index,
    Population { cell: CellId },
    Drive,
    Projection,
    Part { circuit: CircuitId },
}

#[derive(Clone, Debug)]
pub struct Item {
    pub span: Span,
    pub kind: ItemKind,
}

#[derive(Clone, Debug)]
pub enum ItemKind {
    Population(Population),
    Drive(Drive),
    Projection(Projection),
    Part {
        slot: SlotId,
        circuit: CircuitId,
        args: Vec<(SlotId, ExprId)>,
    },
    /// `let` and `data`: the value is in the slot.
    Binding(SlotId),
    For {
        index: SlotId,
        over: Over,
        items: Vec<Item>,
    },
    If {
        condition: ExprId,
        then: Vec<Item>,
        otherwise: Vec<Item>,
    },
    Constraint(Constraint),
}

#[derive(Clone, Copy, Debug)]
pub enum Over {
    Range(ExprId, ExprId),
    /// The elements of an array.
    Values(ExprId),
}

#[derive(Clone, Debug)]
pub struct Population {
    pub slot: SlotId,
    pub cell: CellId,
    pub polarity: Option<Polarity>,
    /// One to three; empty: one cell.
    pub size: Vec<ExprId>,
    /// Left a variable of the cell, right an expression of the circuit and `i`. For `SpikeTimes`: `events` is var 0.
    pub overrides: Vec<(VarId, ExprId, Span)>,
    /// `at grid(d)` is a `Measure` named `grid`; else a tuple.
    pub at: Option<ExprId>,
    /// `load("names.csv")`: what tables call the cells.
    pub names: Option<ExprId>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Drive {
    pub slot: SlotId,
    pub source: DriveSource,
    /// A view with a port: `Field(view, port)`.
    pub target: ExprId,
    pub weight: Option<ExprId>,
    pub delay: Option<ExprId>,
    pub window: Option<(ExprId, ExprId)>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum DriveSource {
    Poisson(ExprId),
    Choose {
        count: ExprId,
        every: ExprId,
    },
    Times(ExprId),
    /// A value of data, row `q` from `q * every`.
    Table {
        data: ExprId,
        every: ExprId,
    },
    /// A value, of `t` and `i`.
    Value(ExprId),
}

#[derive(Clone, Debug)]
pub struct Projection {
    pub slot: SlotId,
    /// A view, or `Field(view, event)`; of a symmetric one `Field(view, port)`.
    pub source: ExprId,
    /// `Field(view, port)`.
    pub target: ExprId,
    pub connect: Connect,
    pub connect_span: Span,
    pub allow_self: bool,
    pub allow_multiple: bool,
    pub allow_corelease: bool,
    pub weight: Option<ExprId>,
    pub delay: Option<ExprId>,
    pub dendritic: Option<ExprId>,
    /// From a spike of the target to the synapse.
    pub back: Option<ExprId>,
    pub polarity: Option<Polarity>,
    /// `onto`: pairs are made between cells, and each synapse ends on this segment.
    pub onto: Option<(Which, Span)>,
    /// `share by`: synapses with the same value hold one weight.
    pub share: Option<(ExprId, Span)>,
    /// `<->`: every pair in both directions.
    pub symmetric: bool,
    /// The value that flows, instead of weights at spikes.
    pub continuous: Option<ExprId>,
    /// The rule by which its synapses learn.
    pub plasticity: Option<Attachment>,
    /// How weights that differ are held, if it says so.
    pub store: Option<Precision>,
    /// `store procedural`, or `stored`, or `auto`.
    pub rows: Option<(RowStorage, Span)>,
    /// Whether some clause could not be read.
    pub partial: bool,
    pub span: Span,
}

/// A segment of a synapse's target.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// An expression of the pair of cells.
    Pair(ExprId),
    Random,
}

#[derive(Clone, Debug)]
pub enum Connect {
    /// A number, or an expression of the pair.
    Probability(ExprId),
    InDegree(ExprId),
    OutDegree(ExprId),
    Total(ExprId),
    OneToOne,
    AllToAll,
    Where(ExprId),
    From(ExprId),
    Error,
}

#[derive(Clone, Debug)]
pub struct Constraint {
    pub kind: ConstraintKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ConstraintKind {
    /// Views; empty: all.
    Dale(Vec<ExprId>),
    Require(ExprId),
    Enforce(Enforce),
    Monitor {
        condition: ExprId,
        /// `else stop`: a breach ends the run.
        stops: bool,
    },
}

/// `enforce left == right [every T]`: the synapses that `left` sums are scaled until it holds for each cell.
#[derive(Clone, Copy, Debug)]
pub struct Enforce {
    pub equation: ExprId,
    pub every: Option<ExprId>,
}
