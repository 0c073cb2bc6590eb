//! Arithmetic on values: numbers, truth values, and arrays of them by element.
//!
//! In: values and the span to blame. Out: values. All in `f64` (and 64-bit integers whose overflow is an
//! error), with the functions of `circ_numerics`, so that a constant is the same on every processor.

use super::Evaluated;
use crate::diagnose::value as say;
use crate::hir::Builtin;
use crate::types::{ArrayValue, Dimension, Type, Value};
use circ_grammar::ast::{BinaryOp, Span, UnaryOp};
use circ_numerics::Function;
use std::sync::Arc;

/// One number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Int(i64),
    Real(f64),
    Bool(bool),
}

impl Number {
    /// As a real; truth values are 0 and 1.
    pub fn real(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Real(x) => x,
            Number::Bool(b) => f64::from(u8::from(b)),
        }
    }

    pub fn value(self) -> Value {
        match self {
            Number::Int(n) => Value::Int(n),
            Number::Real(x) => Value::Real(x),
            Number::Bool(b) => Value::Bool(b),
        }
    }

    fn element(self) -> Type {
        match self {
            Number::Int(_) => Type::Int,
            Number::Real(_) => Type::Real(Dimension::REAL),
            Number::Bool(_) => Type::Bool,
        }
    }
}

/// The number that a value is; `None` for arrays, texts, views.
pub fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Int(n) => Some(Number::Int(*n)),
        Value::Real(x) => Some(Number::Real(*x)),
        Value::Bool(b) => Some(Number::Bool(*b)),
        Value::Text(_) | Value::Array(_) | Value::Tuple(_) | Value::View(_) => None,
    }
}

/// An element of an array, as the kind of number that the array holds.
pub fn element(array: &ArrayValue, position: usize) -> Number {
    let x = array.data.get(position).copied().unwrap_or(f64::NAN);
    match array.element {
        Type::Int => Number::Int(x as i64),
        Type::Bool => Number::Bool(x != 0.0),
        _ => Number::Real(x),
    }
}

/// What a value is, for messages: "a number", "an array of 2 × 3".
pub fn kind(value: &Value) -> String {
    match value {
        Value::Real(_) | Value::Int(_) => "a number".to_string(),
        Value::Bool(_) => "a truth value".to_string(),
        Value::Text(_) => "a text".to_string(),
        Value::Array(array) => {
            let sizes = array.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" × ");
            format!("an array of {sizes}")
        }
        Value::Tuple(items) => format!("a group of {}", items.len()),
        Value::View(_) => "a view of cells".to_string(),
    }
}

/// The value as its type says: an `int` where a real is due becomes one, a whole real an `int`.
pub fn conform(value: Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::Int(n), Type::Real(_)) => Value::Real(n as f64),
        (Value::Real(x), Type::Int) => whole(x).map_or(Value::Real(x), Value::Int),
        (Value::Array(array), Type::Array(element, _)) if array.element != **element => {
            conform_array(array, element)
        }
        (value, _) => value,
    }
}

fn conform_array(array: Arc<ArrayValue>, element: &Type) -> Value {
    let fits = match element {
        Type::Real(_) => array.element != Type::Bool,
        Type::Int => array.data.iter().all(|x| whole(*x).is_some()),
        _ => false,
    };
    match fits {
        true => Value::Array(Arc::new(ArrayValue { element: element.clone(), ..(*array).clone() })),
        false => Value::Array(array),
    }
}

/// The whole number that a real is, if it is one of 64 bits.
pub fn whole(x: f64) -> Option<i64> {
    (x.trunc() == x && (-9.223372036854775e18..=9.223372036854775e18).contains(&x)).then_some(x as i64)
}

/// Whether it is 0, or an array with a 0.
pub fn has_zero(value: &Value) -> bool {
    match value {
        Value::Array(array) => array.element != Type::Bool && array.data.contains(&0.0),
        value => matches!(number(value), Some(Number::Int(0) | Number::Real(0.0))),
    }
}

pub fn unary(op: UnaryOp, value: &Value, at: Span) -> Evaluated<Value> {
    each1(value, at, |x| match (op, x) {
        (UnaryOp::Negate, Number::Int(n)) => {
            n.checked_neg().map(Number::Int).ok_or_else(|| say::int_overflow(at, "this negative").into())
        }
        (UnaryOp::Negate, Number::Real(x)) => Ok(Number::Real(-x)),
        (UnaryOp::Not, Number::Bool(b)) => Ok(Number::Bool(!b)),
        (UnaryOp::Negate, Number::Bool(_)) => Err(say::wrong_kind(at, "a number", "a truth value").into()),
        (UnaryOp::Not, Number::Int(_) | Number::Real(_)) => {
            Err(say::wrong_kind(at, "a truth value", "a number").into())
        }
    })
}

pub fn binary(op: BinaryOp, left: &Value, right: &Value, at: Span) -> Evaluated<Value> {
    if let (Value::Text(a), Value::Text(b)) = (left, right) {
        match op {
            BinaryOp::Equal => return Ok(Value::Bool(a == b)),
            BinaryOp::NotEqual => return Ok(Value::Bool(a != b)),
            _ => {}
        }
    }
    each(&[left, right], at, |x| binary_number(op, x[0], x[1], at))
}

fn binary_number(op: BinaryOp, a: Number, b: Number, at: Span) -> Evaluated<Number> {
    match (a, b) {
        (Number::Bool(a), Number::Bool(b)) => logic(op, a, b, at).map(Number::Bool),
        (Number::Bool(_), _) | (_, Number::Bool(_)) => {
            Err(say::wrong_kind(at, "two numbers or two truth values", "a mixture").into())
        }
        (Number::Int(a), Number::Int(b)) => ints(op, a, b, at),
        (a, b) => reals(op, a.real(), b.real(), at),
    }
}

fn logic(op: BinaryOp, a: bool, b: bool, at: Span) -> Evaluated<bool> {
    match op {
        BinaryOp::And => Ok(a && b),
        BinaryOp::Or => Ok(a || b),
        BinaryOp::Equal => Ok(a == b),
        BinaryOp::NotEqual => Ok(a != b),
        _ => Err(say::wrong_kind(at, "a number", "a truth value").into()),
    }
}

fn ints(op: BinaryOp, a: i64, b: i64, at: Span) -> Evaluated<Number> {
    let exact = match op {
        BinaryOp::Add => (a.checked_add(b), "this sum"),
        BinaryOp::Subtract => (a.checked_sub(b), "this difference"),
        BinaryOp::Multiply => (a.checked_mul(b), "this product"),
        BinaryOp::Power if 0 <= b => (int_power(a, b), "this power"),
        BinaryOp::Equal => return Ok(Number::Bool(a == b)),
        BinaryOp::NotEqual => return Ok(Number::Bool(a != b)),
        BinaryOp::Less => return Ok(Number::Bool(a < b)),
        BinaryOp::LessEqual => return Ok(Number::Bool(a <= b)),
        BinaryOp::Greater => return Ok(Number::Bool(a > b)),
        BinaryOp::GreaterEqual => return Ok(Number::Bool(a >= b)),
        BinaryOp::Divide | BinaryOp::Power | BinaryOp::And | BinaryOp::Or => {
            return reals(op, a as f64, b as f64, at);
        }
    };
    exact.0.map(Number::Int).ok_or_else(|| say::int_overflow(at, exact.1).into())
}

fn int_power(base: i64, exponent: i64) -> Option<i64> {
    match base {
        0 | 1 => Some(if exponent == 0 { 1 } else { base }),
        -1 => Some(if exponent % 2 == 0 { 1 } else { -1 }),
        _ => base.checked_pow(u32::try_from(exponent).ok()?),
    }
}

fn reals(op: BinaryOp, a: f64, b: f64, at: Span) -> Evaluated<Number> {
    Ok(match op {
        BinaryOp::Add => Number::Real(a + b),
        BinaryOp::Subtract => Number::Real(a - b),
        BinaryOp::Multiply => Number::Real(a * b),
        BinaryOp::Divide => Number::Real(a / b),
        BinaryOp::Power => Number::Real(Function::Pow.call2(a, b)),
        BinaryOp::Equal => Number::Bool(a == b),
        BinaryOp::NotEqual => Number::Bool(a != b),
        BinaryOp::Less => Number::Bool(a < b),
        BinaryOp::LessEqual => Number::Bool(a <= b),
        BinaryOp::Greater => Number::Bool(a > b),
        BinaryOp::GreaterEqual => Number::Bool(a >= b),
        BinaryOp::And | BinaryOp::Or => {
            return Err(say::wrong_kind(at, "a truth value", "a number").into());
        }
    })
}

/// `lo <= value <= hi`, by element of the value.
pub fn in_range(value: &Value, lo: &Value, hi: &Value, at: Span) -> Evaluated<Value> {
    let above = binary(BinaryOp::LessEqual, lo, value, at)?;
    let below = binary(BinaryOp::LessEqual, value, hi, at)?;
    binary(BinaryOp::And, &above, &below, at)
}

/// A function of the language, by element.
pub fn call(builtin: Builtin, args: &[Value], at: Span) -> Evaluated<Value> {
    let args: Vec<&Value> = args.iter().collect();
    each(&args, at, |x| {
        let wanted = arity(builtin);
        match x.len() == wanted
            || (wanted == 2 && x.len() > 2 && matches!(builtin, Builtin::Min | Builtin::Max))
        {
            true => call_number(builtin, x, at),
            false => Err(say::wrong_kind(at, &format!("{wanted} arguments"), &format!("{}", x.len())).into()),
        }
    })
}

fn arity(builtin: Builtin) -> usize {
    match builtin {
        Builtin::Mod | Builtin::Min | Builtin::Max => 2,
        Builtin::Clamp => 3,
        _ => 1,
    }
}

fn call_number(builtin: Builtin, x: &[Number], at: Span) -> Evaluated<Number> {
    if x.iter().any(|x| matches!(x, Number::Bool(_))) {
        return Err(say::wrong_kind(at, "a number", "a truth value").into());
    }
    let function = match builtin {
        Builtin::Exp => Function::Exp,
        Builtin::Log => Function::Log,
        Builtin::Log10 => Function::Log10,
        Builtin::Sin => Function::Sin,
        Builtin::Cos => Function::Cos,
        Builtin::Tan => Function::Tan,
        Builtin::Tanh => Function::Tanh,
        Builtin::Sinh => Function::Sinh,
        Builtin::Cosh => Function::Cosh,
        Builtin::Atan => Function::Atan,
        Builtin::Sigmoid => Function::Sigmoid,
        Builtin::Exprel => Function::Exprel,
        Builtin::Lgamma => Function::Lgamma,
        Builtin::Erf => Function::Erf,
        Builtin::Sqrt => return Ok(Number::Real(x[0].real().sqrt())),
        Builtin::Relu => return Ok(Number::Real(pick(x[0].real() > 0.0, x[0].real(), 0.0))),
        Builtin::StepFunction => return Ok(Number::Real(pick(x[0].real() >= 0.0, 1.0, 0.0))),
        Builtin::Floor => return rounded(x[0], f64::floor, at),
        Builtin::Ceil => return rounded(x[0], f64::ceil, at),
        Builtin::Round => return rounded(x[0], f64::round_ties_even, at),
        Builtin::Abs => return magnitude(x[0], at),
        Builtin::Sign => return Ok(sign(x[0])),
        Builtin::Mod => return modulo(x[0], x[1], at),
        Builtin::Min => return Ok(x[1..].iter().fold(x[0], |a, b| smaller(a, *b))),
        Builtin::Max => return Ok(x[1..].iter().fold(x[0], |a, b| larger(a, *b))),
        Builtin::Clamp => return Ok(smaller(larger(x[0], x[1]), x[2])),
    };
    Ok(Number::Real(function.call1(x[0].real())))
}

fn pick(condition: bool, then: f64, otherwise: f64) -> f64 {
    if condition { then } else { otherwise }
}

fn rounded(x: Number, round: fn(f64) -> f64, at: Span) -> Evaluated<Number> {
    match x {
        Number::Int(_) => Ok(x),
        _ if x.real().is_nan() => Err(say::not_a_number(at).into()),
        _ => whole(round(x.real())).map(Number::Int).ok_or_else(|| say::int_overflow(at, "this").into()),
    }
}

fn magnitude(x: Number, at: Span) -> Evaluated<Number> {
    match x {
        Number::Int(n) => {
            n.checked_abs().map(Number::Int).ok_or_else(|| say::int_overflow(at, "this").into())
        }
        _ => Ok(Number::Real(x.real().abs())),
    }
}

fn sign(x: Number) -> Number {
    match x {
        Number::Int(n) => Number::Int(n.signum()),
        _ if x.real() > 0.0 => Number::Real(1.0),
        _ if x.real() < 0.0 => Number::Real(-1.0),
        _ => Number::Real(x.real()),
    }
}

fn modulo(a: Number, b: Number, at: Span) -> Evaluated<Number> {
    match (a, b) {
        (Number::Int(_), Number::Int(0)) => Err(say::divide_by_zero(at).into()),
        // Floored, as for reals: the remainder has the divisor's sign.
        (Number::Int(a), Number::Int(b)) => {
            let r = a.wrapping_rem(b);
            Ok(Number::Int(if r != 0 && (r < 0) != (b < 0) { r + b } else { r }))
        }
        (a, b) => Ok(Number::Real(Function::Mod.call2(a.real(), b.real()))),
    }
}

/// The comparison that the kernels use: `if a < b then a else b`.
fn smaller(a: Number, b: Number) -> Number {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Number::Int(a.min(b)),
        (a, b) => Number::Real(pick(a.real() < b.real(), a.real(), b.real())),
    }
}

fn larger(a: Number, b: Number) -> Number {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Number::Int(a.max(b)),
        (a, b) => Number::Real(pick(a.real() > b.real(), a.real(), b.real())),
    }
}

fn each1(value: &Value, at: Span, f: impl Fn(Number) -> Evaluated<Number>) -> Evaluated<Value> {
    each(&[value], at, |x| f(x[0]))
}

/// At most three numbers, which most operands are, without an allocation.
fn few(values: &[&Value]) -> Option<[Number; 3]> {
    let mut numbers = [Number::Int(0); 3];
    for (at, value) in values.iter().enumerate() {
        *numbers.get_mut(at)? = number(value)?;
    }
    Some(numbers)
}

/// By element: arrays of one shape, and numbers beside them.
fn each(values: &[&Value], at: Span, f: impl Fn(&[Number]) -> Evaluated<Number>) -> Evaluated<Value> {
    if let Some(numbers) = few(values) {
        return f(&numbers[..values.len()]).map(Number::value);
    }
    let mut shape: Option<&[u64]> = None;
    let mut scalars = Vec::with_capacity(values.len());
    for value in values {
        scalars.push(number(value));
        match value {
            Value::Array(array) => match shape {
                Some(shape) if shape != array.shape => {
                    return Err(say::shape_mismatch(at, shape, &array.shape).into());
                }
                _ => shape = Some(&array.shape),
            },
            value if number(value).is_none() => {
                return Err(say::wrong_kind(at, "a number", &kind(value)).into());
            }
            _ => {}
        }
    }
    let Some(shape) = shape else {
        let numbers: Vec<Number> = scalars.into_iter().flatten().collect();
        return f(&numbers).map(Number::value);
    };
    let count = values
        .iter()
        .find_map(|v| if let Value::Array(a) = v { Some(a.data.len()) } else { None })
        .unwrap_or(0);
    let (mut data, mut kind) = (Vec::with_capacity(count), None);
    let mut numbers = vec![Number::Int(0); values.len()];
    for position in 0..count {
        for (k, value) in values.iter().enumerate() {
            numbers[k] = match (value, scalars[k]) {
                (Value::Array(array), _) => element(array, position),
                (_, Some(number)) => number,
                (_, None) => Number::Int(0),
            };
        }
        let number = f(&numbers)?;
        kind = Some(number.element());
        data.push(number.real());
    }
    let element = kind.unwrap_or(Type::Real(Dimension::REAL));
    Ok(Value::Array(Arc::new(ArrayValue { element, shape: shape.to_vec(), data })))
}
