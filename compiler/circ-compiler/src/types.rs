//! Dimensions and types.
//!
//! A dimension is a product of powers of time, voltage, current, length, amount of substance and
//! temperature. Inside, every quantity is a plain number in the coherent system ms, mV, pA, (nS, pF,
//! GOhm, fC), µm, mM·µm³, K; frequencies are in 1/ms.

use std::sync::Arc;

/// Exponents of (time, voltage, current, length, amount, temperature), in twelfths, so that square
/// and cube roots are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Dimension(pub [i16; 6]);

impl Dimension {
    pub const REAL: Dimension = Dimension([0; 6]);
    pub const TIME: Dimension = Dimension([12, 0, 0, 0, 0, 0]);
    pub const FREQUENCY: Dimension = Dimension([-12, 0, 0, 0, 0, 0]);
    pub const VOLTAGE: Dimension = Dimension([0, 12, 0, 0, 0, 0]);
    pub const CURRENT: Dimension = Dimension([0, 0, 12, 0, 0, 0]);
    pub const LENGTH: Dimension = Dimension([0, 0, 0, 12, 0, 0]);
    pub const AMOUNT: Dimension = Dimension([0, 0, 0, 0, 12, 0]);
    pub const TEMPERATURE: Dimension = Dimension([0, 0, 0, 0, 0, 12]);
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// A number with a dimension.
    Real(Dimension),
    /// The literals `0` and `inf` (and arithmetic on them alone): fit any dimension.
    AnyReal,
    Int,
    Bool,
    Text,
    /// Shape: `None` where only known when the circuit is built.
    Array(Box<Type>, Vec<Option<u64>>),
    /// Pairs or triples in parentheses: event lists, positions.
    Tuple(Vec<Type>),
    /// Cells of a population (or a union): a view. Its cell where it is one.
    View(Option<crate::hir::CellId>),
    /// A port, seen as a target: the dimension of its weights.
    Port(Dimension),
    /// Kinds of events: `E.spike`.
    Events,
    /// A part, or a member of a family of parts.
    Part(crate::hir::CircuitId),
    /// A drive or projection by its name.
    Drive,
    Projection,
    /// A family (items in `for`) not yet indexed, with the type of its members.
    Family(Box<Type>),
    /// Already reported: fits everything.
    Error,
}


/// A value known when the circuit is built or an experiment runs. Reals are coherent.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Real(f64),
    Int(i64),
    Bool(bool),
    Text(Arc<str>),
    /// Row-major.
    Array(Arc<ArrayValue>),
    Tuple(Vec<Value>),
    /// Cells: (population, indices) in order.
    View(circ_plan::plan::View),
}

/// An array of numbers (Int and Bool arrays hold whole numbers, 0 and 1).
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayValue {
    pub element: Type,
    pub shape: Vec<u64>,
    pub data: Vec<f64>,
}
