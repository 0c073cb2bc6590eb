//! Kernel IR: what happens to one cell (or one synapse), as a list of operations on values.
//!
//! In: nothing; this is data. A [`Program`] is a pure function of its leaves. Value `k` is made by
//! operation `k` from earlier values; there is no control flow: a block that runs only for some
//! cells is computed for all and selected by its mask ([`Region`] says where that is worth a
//! branch). All loads see the arrays as they were before the program; all outputs are written
//! after the last operation. So a scalar evaluator, a vector loop and an evaluator that goes
//! operation by operation over rows of cells mean the same, bit for bit.
//!
//! Rounding: `Float` values are `f32` or `f64`, by the precision of the population; every
//! operation rounds once, in that precision. Function calls are those of `circ_numerics`.

use std::fmt;

/// The precision of `Float`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    F32,
    F64,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ty {
    /// `f32` or `f64`.
    Float,
    /// 64-bit integer of the language.
    Int,
    /// A truth value. In arrays: as wide as `Float`, all bits 0 or all bits 1.
    Bool,
    /// A point in time in ticks. As wide as `Float`: `i32` beside `f32`, `i64` beside `f64`.
    Tick,
}

/// Names an operation and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);
/// Names a per-cell array of a population (or, on a side of a synapse, a column of its projection).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArrayId(pub u32);
/// Names a value that all cells of a population share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UniformId(pub u32);
/// Names an accumulator of arrivals of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortId(pub u32);
/// Names a kind of event of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u32);
/// Names a key of the random generator, of a population or projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub u32);
/// Names a table of numbers of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub u32);

/// Whose value is read: of the cell itself, or of a side of a synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    Own,
    Pre,
    Post,
}

/// Which time `t` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// `t_n`, of the state that the step starts from: step 1, value drives.
    Start,
    /// `t_n+1`: steps 2 to 7.
    End,
}

pub use circ_numerics::{Distribution, Function};

/// Comparisons, of two `Float`s, `Int`s or `Tick`s. Ordered: false for NaN, except `Ne`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compare {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A `Float` constant, rounded to the precision.
    Float(f64),
    Int(i64),
    Bool(bool),
    Tick(i64),
    /// An element of an array; the type is the array's.
    Load(Side, ArrayId),
    /// A shared value; the type is the slot's.
    Uniform(UniformId),
    /// `Float`: what arrives at this port in this tick, summed in canonical order. Only in `start` and `step`.
    Arrival(PortId),
    /// `Int`: the index of the cell in its population (or in the view, on a side of a synapse).
    Index(Side),
    /// `Tick`: the tick being made (`n+1` of a step, 0 of the start).
    Now,
    /// `Float`: `tick * dt` in ms, computed in `f64`, then rounded.
    Time(Moment),
    /// `Float`: element (row, column) of a table; `Int` indices are clamped to the table by the compiler's own code.
    Table(TableId, ValueId, ValueId),
    /// `Float`: column `k` of a connection table (`edge.NAME`). Only per synapse.
    Edge(u32),
    /// `Float`: the weight of the synapse. Only in what flows ([`crate::plan::Flow`]).
    Weight,

    // Float
    Neg(ValueId),
    Abs(ValueId),
    Sqrt(ValueId),
    Floor(ValueId),
    Ceil(ValueId),
    /// To the nearest, ties to even.
    Round(ValueId),
    /// `Float` and `Int` (there: wrapping).
    Add(ValueId, ValueId),
    Sub(ValueId, ValueId),
    Mul(ValueId, ValueId),
    /// `Float` only.
    Div(ValueId, ValueId),
    /// `a * b + c`, rounded once.
    Fma(ValueId, ValueId, ValueId),
    /// `if a < b then a else b` (`Float`, `Int`).
    Min(ValueId, ValueId),
    /// `if a > b then a else b`.
    Max(ValueId, ValueId),
    Call1(Function, ValueId),
    Call2(Function, ValueId, ValueId),
    /// `Float`: entry (row, column) of `e^M` for the n×n matrix with these entries (row-major, computed
    /// in `f64` by `circ_numerics::expm`, then rounded). Only in derivations and references.
    Expm {
        n: u8,
        entries: Vec<ValueId>,
        row: u8,
        column: u8,
    },

    // Int
    /// Floored quotient, 0 for a zero divisor.
    IntDiv(ValueId, ValueId),
    /// Floored remainder, 0 for a zero divisor.
    IntMod(ValueId, ValueId),
    /// Whether `a + b`, `a - b`, `a * b` leaves 64 bits: `Bool`.
    AddOverflows(ValueId, ValueId),
    SubOverflows(ValueId, ValueId),
    MulOverflows(ValueId, ValueId),
    /// `Int` or `Tick` to `Float`.
    ToFloat(ValueId),
    /// `Float` to `Int`, truncating, saturating, NaN to 0.
    ToInt(ValueId),
    /// `Float` to `Tick`, as `ToInt` with the width of `Tick`.
    ToTick(ValueId),
    /// `Tick` plus `Tick`, saturating at the largest tick `MAX_TICK` (= 2^31 - 1 - 2^16 in both precisions).
    TickAdd(ValueId, ValueId),

    // Bool
    Compare(Compare, ValueId, ValueId),
    Not(ValueId),
    And(ValueId, ValueId),
    Or(ValueId, ValueId),
    /// Any type: `if mask then a else b`.
    Select(ValueId, ValueId, ValueId),

    /// `Float`: a draw from a distribution with these arguments. Counter: (index of the cell, tick
    /// being made, salt); per synapse: (pre, post, occurrence and salt). See `circ_numerics::random`.
    Draw {
        distribution: Distribution,
        args: Vec<ValueId>,
        key: KeyId,
        salt: u32,
    },
    /// `Float`: that draw, again until it lies between these two, ends included; NaN where none did. See
    /// `circ_numerics::random::redraw`.
    Redraw {
        distribution: Distribution,
        args: Vec<ValueId>,
        within: [ValueId; 2],
        key: KeyId,
        salt: u32,
    },
}

/// The largest tick that a run may reach; also the end of a mode without one.
pub const MAX_TICK: i64 = (1 << 31) - 1 - (1 << 16);

/// Where a value goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Into an array, for every cell.
    Array(ArrayId, ValueId),
    /// Into a shared slot; the program has no per-cell leaves then.
    Uniform(UniformId, ValueId),
    /// The cell is put on the list of this event where the mask holds.
    Event(EventId, ValueId),
    /// The value of an expression (weights, probabilities, observed values), in order.
    Result(ValueId),
}

/// What must hold of a cell after the program; else the run stops with a fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    pub kind: CheckKind,
    /// `Finite`: a `Float`. `Fails`: a `Bool` that is true where it fails.
    pub value: ValueId,
    /// Which text this is about: an index into [`crate::plan::Plan::places`].
    pub place: u32,
}

/// Kinds of [`Check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckKind {
    /// Neither NaN nor infinite.
    Finite,
    /// An integer left 64 bits.
    Overflow,
    /// A duration (`refractory`, `mode for`) that is not at least 0, or an index outside its table.
    Range,
    /// No draw of a `redraw` lay within its bounds.
    Redraw,
}

/// Operations `first .. end` matter only where `mask` holds: a hint that a branch may pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    pub mask: ValueId,
    pub first: u32,
    pub end: u32,
}

/// A kernel, a derivation, an initialiser or an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// For people: `E.step`.
    pub name: String,
    pub precision: Precision,
    pub ops: Vec<Op>,
    /// The type of every value, beside `ops`.
    pub types: Vec<Ty>,
    pub outputs: Vec<Output>,
    pub checks: Vec<Check>,
    /// Ordered by `first`; nested or disjoint.
    pub regions: Vec<Region>,
}

impl Program {
    /// An empty program.
    pub fn new(name: impl Into<String>, precision: Precision) -> Program {
        Program {
            name: name.into(),
            precision,
            ops: vec![],
            types: vec![],
            outputs: vec![],
            checks: vec![],
            regions: vec![],
        }
    }

    /// Appends an operation whose value has type `ty`.
    pub fn push(&mut self, op: Op, ty: Ty) -> ValueId {
        self.ops.push(op);
        self.types.push(ty);
        ValueId((self.ops.len() - 1) as u32)
    }

    /// The type of a value.
    pub fn ty(&self, value: ValueId) -> Ty {
        self.types[value.0 as usize]
    }

    /// The operation that makes a value.
    pub fn op(&self, value: ValueId) -> &Op {
        &self.ops[value.0 as usize]
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::F32 => "f32",
            Precision::F64 => "f64",
        })
    }
}
