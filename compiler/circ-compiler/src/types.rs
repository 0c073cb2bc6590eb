//! Dimensions and types.
//!
//! A dimension is a product of powers of time, voltage, current, length, amount of substance and
//! temperature. Inside, every quantity is a plain number in the coherent system ms, mV, pA, (nS, pF,
//! GOhm, fC), µm, mM·µm³, K; frequencies are in 1/ms.

use std::fmt;
use std::sync::Arc;

/// Exponents of (time, voltage, current, length, amount, temperature, weight), in twelfths, so that square
/// and cube roots are exact. In a plasticity rule the weight is a dimension of its own: what is right of it is right
/// of the weights of any port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Dimension(pub [i16; 7]);

impl Dimension {
    pub const REAL: Dimension = Dimension([0; 7]);
    pub const TIME: Dimension = Dimension([12, 0, 0, 0, 0, 0, 0]);
    pub const FREQUENCY: Dimension = Dimension([-12, 0, 0, 0, 0, 0, 0]);
    pub const VOLTAGE: Dimension = Dimension([0, 12, 0, 0, 0, 0, 0]);
    pub const CURRENT: Dimension = Dimension([0, 0, 12, 0, 0, 0, 0]);
    pub const LENGTH: Dimension = Dimension([0, 0, 0, 12, 0, 0, 0]);
    pub const AMOUNT: Dimension = Dimension([0, 0, 0, 0, 12, 0, 0]);
    pub const TEMPERATURE: Dimension = Dimension([0, 0, 0, 0, 0, 12, 0]);
    pub const CONDUCTANCE: Dimension = Dimension([0, -12, 12, 0, 0, 0, 0]);
    pub const RESISTANCE: Dimension = Dimension([0, 12, -12, 0, 0, 0, 0]);
    pub const CAPACITANCE: Dimension = Dimension([12, -12, 12, 0, 0, 0, 0]);
    pub const CHARGE: Dimension = Dimension([12, 0, 12, 0, 0, 0, 0]);
    pub const AREA: Dimension = Dimension([0, 0, 0, 24, 0, 0, 0]);
    pub const VOLUME: Dimension = Dimension([0, 0, 0, 36, 0, 0, 0]);
    pub const CONCENTRATION: Dimension = Dimension([0, 0, 0, -36, 12, 0, 0]);
    pub const VELOCITY: Dimension = Dimension([-12, 0, 0, 12, 0, 0, 0]);
    /// Of `w` in a rule, whatever it is attached to.
    pub const WEIGHT: Dimension = Dimension([0, 0, 0, 0, 0, 0, 12]);

    /// Whether it is that of a plain number.
    pub fn is_real(self) -> bool {
        self == Dimension::REAL
    }

    /// Of a product; `None` where a power becomes too high to hold.
    pub fn times(self, other: Dimension) -> Option<Dimension> {
        self.zip(other, i16::checked_add)
    }

    /// Of a quotient; `None` where a power becomes too high to hold.
    pub fn per(self, other: Dimension) -> Option<Dimension> {
        self.zip(other, i16::checked_sub)
    }

    /// Of a power; `None` where a power is not a whole number of twelfths or too high to hold.
    pub fn power(self, exponent: f64) -> Option<Dimension> {
        let mut powers = self.0;
        for power in &mut powers {
            let exact = f64::from(*power) * exponent;
            let whole = exact.round();
            // 1/3 is not a binary fraction: its multiples may miss the whole number by a rounding.
            if 1e-9 < (exact - whole).abs() || !(-32768.0..=32767.0).contains(&whole) {
                return None;
            }
            *power = whole as i16;
        }
        Some(Dimension(powers))
    }

    /// With a dimension in the place of the weight; `None` where a power becomes too high to hold.
    pub fn with_weight(self, weight: Dimension) -> Option<Dimension> {
        let mut rest = self;
        rest.0[6] = 0;
        weight.power(f64::from(self.0[6]) / 12.0).and_then(|weight| rest.times(weight))
    }

    fn zip(self, other: Dimension, op: fn(i16, i16) -> Option<i16>) -> Option<Dimension> {
        let mut powers = self.0;
        for (power, other) in powers.iter_mut().zip(other.0) {
            *power = op(*power, other)?;
        }
        Some(Dimension(powers))
    }
}

/// As a type is written: `conductance / area`, `int[2, 3]`; views and the like in words.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Real(dimension) => f.write_str(&crate::units::dimension_text(*dimension)),
            Type::AnyReal => f.write_str("any real"),
            Type::Int => f.write_str("int"),
            Type::Bool => f.write_str("bool"),
            Type::Text => f.write_str("text"),
            Type::Array(element, shape) => {
                let sizes = shape.iter().map(|size| size.map_or("_".to_owned(), |n| n.to_string()));
                write!(f, "{element}[{}]", sizes.collect::<Vec<_>>().join(", "))
            }
            Type::Tuple(parts) => {
                let parts = parts.iter().map(Type::to_string).collect::<Vec<_>>();
                write!(f, "({})", parts.join(", "))
            }
            Type::View(_) => f.write_str("view"),
            Type::Port(dimension) => write!(f, "port {}", crate::units::dimension_text(*dimension)),
            Type::Segment => f.write_str("segment"),
            Type::Events => f.write_str("events"),
            Type::Part(_) => f.write_str("part"),
            Type::Drive => f.write_str("drive"),
            Type::Projection => f.write_str("projection"),
            Type::Family(member) => write!(f, "family of {member}"),
            Type::Error => f.write_str("?"),
        }
    }
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
    /// Segments of the cells of a view: `E.distal`. Which ones says the expression.
    Segment,
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

impl Type {
    /// With a dimension in the place of the weight of a rule.
    pub fn with_weight(&self, weight: Dimension) -> Type {
        match self {
            Type::Real(dimension) => dimension.with_weight(weight).map_or(Type::Error, Type::Real),
            Type::Array(element, shape) => Type::Array(Box::new(element.with_weight(weight)), shape.clone()),
            other => other.clone(),
        }
    }

    /// The dimension of a number, of the elements of an array, of the weights of a port; of all else none.
    pub fn dimension(&self) -> Dimension {
        match self {
            Type::Real(dimension) | Type::Port(dimension) => *dimension,
            Type::Array(element, _) => element.dimension(),
            Type::AnyReal
            | Type::Int
            | Type::Bool
            | Type::Text
            | Type::Tuple(_)
            | Type::View(_)
            | Type::Segment
            | Type::Events
            | Type::Part(_)
            | Type::Drive
            | Type::Projection
            | Type::Family(_)
            | Type::Error => Dimension::REAL,
        }
    }
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
