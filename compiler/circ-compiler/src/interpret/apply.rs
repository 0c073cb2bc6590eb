//! What one operation means: the value that it makes of the values of its operands.
//!
//! In: an [`Op`], the precision, its operands' [`Value`]s. Out: a value, or nothing for operations that
//! ask the world (loads, time, draws). The evaluator and the builder's constant folding share this, so
//! a folded constant has the bits that the machine would have made.

use circ_numerics::{Real, expm};
use circ_plan::ir::*;

/// A value of a kernel program. `Float`s of precision `f32` are held as the `f64` of the same number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Float(f64),
    Int(i64),
    Bool(bool),
    Tick(i64),
}

impl Value {
    /// The value of type `ty` that a slot or array means which is set to `number` from outside.
    pub fn from_number(ty: Ty, precision: Precision, number: f64) -> Value {
        match ty {
            Ty::Float => Value::Float(round_to(precision, number)),
            Ty::Int => Value::Int(number as i64),
            Ty::Bool => Value::Bool(number != 0.0),
            Ty::Tick => Value::Tick(clamp_tick(precision, number as i64)),
        }
    }

    /// The value as a number: booleans as 0 or 1.
    pub fn number(self) -> f64 {
        match self {
            Value::Float(x) => x,
            Value::Int(x) | Value::Tick(x) => x as f64,
            Value::Bool(x) => f64::from(u8::from(x)),
        }
    }

    /// Its type.
    pub fn ty(self) -> Ty {
        match self {
            Value::Float(_) => Ty::Float,
            Value::Int(_) => Ty::Int,
            Value::Bool(_) => Ty::Bool,
            Value::Tick(_) => Ty::Tick,
        }
    }

    /// The number in a `Float`. Panics for another type: the program was not verified.
    pub fn float(self) -> f64 {
        match self {
            Value::Float(x) => x,
            other => panic!("a verified program takes no {:?} for a float", other.ty()),
        }
    }

    /// The integer in an `Int` or `Tick`. Panics for another type: the program was not verified.
    pub fn integer(self) -> i64 {
        match self {
            Value::Int(x) | Value::Tick(x) => x,
            other => panic!("a verified program takes no {:?} for an integer", other.ty()),
        }
    }

    /// The truth value in a `Bool`. Panics for another type: the program was not verified.
    pub fn truth(self) -> bool {
        match self {
            Value::Bool(x) => x,
            other => panic!("a verified program takes no {:?} for a truth value", other.ty()),
        }
    }
}

/// Rounds a number to a precision.
pub fn round_to(precision: Precision, x: f64) -> f64 {
    match precision {
        Precision::F32 => f64::from(x as f32),
        Precision::F64 => x,
    }
}

/// The nearest tick that the width of `Tick` holds: `i32` beside `f32`, `i64` beside `f64`.
pub fn clamp_tick(precision: Precision, tick: i64) -> i64 {
    match precision {
        Precision::F32 => tick.clamp(i64::from(i32::MIN), i64::from(i32::MAX)),
        Precision::F64 => tick,
    }
}

/// The value of an operation whose operands have these values; nothing for a leaf that is not a
/// constant, and for tables and draws.
pub fn apply(precision: Precision, op: &Op, operand: &impl Fn(ValueId) -> Value) -> Option<Value> {
    match precision {
        Precision::F32 => apply_in::<f32>(precision, op, operand),
        Precision::F64 => apply_in::<f64>(precision, op, operand),
    }
}

/// Floats whose conversions from and to integers round once.
trait Width: Real {
    fn from_integer(x: i64) -> Self;
    /// Truncating, saturating, NaN to 0.
    fn to_integer(self) -> i64;
}

impl Width for f32 {
    fn from_integer(x: i64) -> f32 {
        x as f32
    }
    fn to_integer(self) -> i64 {
        self as i64
    }
}

impl Width for f64 {
    fn from_integer(x: i64) -> f64 {
        x as f64
    }
    fn to_integer(self) -> i64 {
        self as i64
    }
}

fn apply_in<F: Width>(precision: Precision, op: &Op, operand: &impl Fn(ValueId) -> Value) -> Option<Value> {
    // Every float operand is a number of precision F, so this conversion is exact.
    let float = |v: ValueId| F::from_f64(operand(v).float());
    let integer = |v: ValueId| operand(v).integer();
    let truth = |v: ValueId| operand(v).truth();
    let of = |x: F| Some(Value::Float(x.to_f64()));
    match op {
        Op::Float(x) => of(F::from_f64(*x)),
        Op::Int(x) => Some(Value::Int(*x)),
        Op::Bool(x) => Some(Value::Bool(*x)),
        Op::Tick(x) => Some(Value::Tick(clamp_tick(precision, *x))),
        Op::Load(..) | Op::Uniform(_) | Op::Arrival(_) | Op::Index(_) | Op::Now | Op::Time(_) => None,
        Op::Table(..) | Op::Edge(_) | Op::Draw { .. } => None,

        Op::Neg(a) => of(-float(*a)),
        Op::Abs(a) => of(float(*a).abs()),
        Op::Sqrt(a) => of(float(*a).sqrt()),
        Op::Floor(a) => of(float(*a).floor()),
        Op::Ceil(a) => of(float(*a).ceil()),
        Op::Round(a) => of(float(*a).round_even()),
        Op::Add(a, b) => arithmetic(operand(*a), operand(*b), |a: F, b| a + b, i64::wrapping_add),
        Op::Sub(a, b) => arithmetic(operand(*a), operand(*b), |a: F, b| a - b, i64::wrapping_sub),
        Op::Mul(a, b) => arithmetic(operand(*a), operand(*b), |a: F, b| a * b, i64::wrapping_mul),
        Op::Div(a, b) => of(float(*a) / float(*b)),
        Op::Fma(a, b, c) => of(float(*a).mul_add(float(*b), float(*c))),
        Op::Min(a, b) => arithmetic(operand(*a), operand(*b), |a: F, b| if a < b { a } else { b }, Ord::min),
        Op::Max(a, b) => arithmetic(operand(*a), operand(*b), |a: F, b| if a > b { a } else { b }, Ord::max),
        Op::Call1(function, a) => of(function.call1(float(*a))),
        Op::Call2(function, a, b) => of(function.call2(float(*a), float(*b))),
        Op::Expm { n, entries, row, column } => {
            let matrix: Vec<f64> = entries.iter().map(|v| operand(*v).float()).collect();
            let size = usize::from(*n);
            let power = expm(size, &matrix);
            of(F::from_f64(power[usize::from(*row) * size + usize::from(*column)]))
        }

        Op::IntDiv(a, b) => Some(Value::Int(floored_quotient(integer(*a), integer(*b)))),
        Op::IntMod(a, b) => Some(Value::Int(floored_remainder(integer(*a), integer(*b)))),
        Op::AddOverflows(a, b) => Some(Value::Bool(integer(*a).checked_add(integer(*b)).is_none())),
        Op::SubOverflows(a, b) => Some(Value::Bool(integer(*a).checked_sub(integer(*b)).is_none())),
        Op::MulOverflows(a, b) => Some(Value::Bool(integer(*a).checked_mul(integer(*b)).is_none())),
        Op::ToFloat(a) => of(F::from_integer(integer(*a))),
        Op::ToInt(a) => Some(Value::Int(float(*a).to_integer())),
        Op::ToTick(a) => Some(Value::Tick(clamp_tick(precision, float(*a).to_integer()))),
        Op::TickAdd(a, b) => {
            let sum = integer(*a).saturating_add(integer(*b)).min(MAX_TICK);
            Some(Value::Tick(clamp_tick(precision, sum)))
        }

        Op::Compare(compare, a, b) => Some(Value::Bool(compares(*compare, operand(*a), operand(*b)))),
        Op::Not(a) => Some(Value::Bool(!truth(*a))),
        Op::And(a, b) => Some(Value::Bool(truth(*a) & truth(*b))),
        Op::Or(a, b) => Some(Value::Bool(truth(*a) | truth(*b))),
        Op::Select(mask, a, b) => Some(if truth(*mask) { operand(*a) } else { operand(*b) }),
    }
}

/// An operation that exists for floats and integers.
fn arithmetic<F: Width>(a: Value, b: Value, float: impl Fn(F, F) -> F, int: impl Fn(i64, i64) -> i64) -> Option<Value> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => Value::Int(int(a, b)),
        _ => Value::Float(float(F::from_f64(a.float()), F::from_f64(b.float())).to_f64()),
    })
}

/// False for NaN, except `Ne`: as the comparisons of Rust.
fn compares(compare: Compare, a: Value, b: Value) -> bool {
    fn ordered<T: PartialOrd>(compare: Compare, a: T, b: T) -> bool {
        match compare {
            Compare::Eq => a == b,
            Compare::Ne => a != b,
            Compare::Lt => a < b,
            Compare::Le => a <= b,
            Compare::Gt => a > b,
            Compare::Ge => a >= b,
        }
    }
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => ordered(compare, a, b),
        _ => ordered(compare, a.integer(), b.integer()),
    }
}

/// `floor(a / b)`; 0 where `b` is 0; wraps where 64 bits do not hold it.
fn floored_quotient(a: i64, b: i64) -> i64 {
    if b == 0 {
        return 0;
    }
    let quotient = a.wrapping_div(b);
    let towards_zero = a.wrapping_rem(b) != 0 && (a < 0) != (b < 0);
    quotient - i64::from(towards_zero)
}

/// `a - b * floor(a / b)`, with the sign of `b`; 0 where `b` is 0.
fn floored_remainder(a: i64, b: i64) -> i64 {
    if b == 0 {
        return 0;
    }
    let remainder = a.wrapping_rem(b);
    if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder }
}
