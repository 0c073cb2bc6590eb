//! What one operation means: the value that it makes of the values of its operands.
//!
//! In: an [`Op`], the precision, its operands' [`Value`]s. Out: a value, or nothing for operations that
//! ask the world (loads, time, draws). The evaluator and the builder's constant folding share this, so
//! a folded constant has the bits that the machine would have made.

use std::cell::RefCell;
use std::collections::VecDeque;

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

fn apply_in<F: Real>(precision: Precision, op: &Op, operand: &impl Fn(ValueId) -> Value) -> Option<Value> {
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
        Op::Table(..) | Op::Edge(_) | Op::Weight | Op::Draw { .. } | Op::Redraw { .. } => None,

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
            let entry = usize::from(*row) * size + usize::from(*column);
            of(F::from_f64(remembered_expm(size, matrix, entry)))
        }

        Op::IntDiv(a, b) => Some(Value::Int(floored_quotient(integer(*a), integer(*b)))),
        Op::IntMod(a, b) => Some(Value::Int(floored_remainder(integer(*a), integer(*b)))),
        Op::AddOverflows(a, b) => Some(Value::Bool(integer(*a).checked_add(integer(*b)).is_none())),
        Op::SubOverflows(a, b) => Some(Value::Bool(integer(*a).checked_sub(integer(*b)).is_none())),
        Op::MulOverflows(a, b) => Some(Value::Bool(integer(*a).checked_mul(integer(*b)).is_none())),
        Op::ToFloat(a) => of(F::from_i64(integer(*a))),
        Op::ToInt(a) => Some(Value::Int(float(*a).to_i64())),
        Op::ToTick(a) => Some(Value::Tick(clamp_tick(precision, float(*a).to_i64()))),
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
fn arithmetic<F: Real>(
    a: Value,
    b: Value,
    float: impl Fn(F, F) -> F,
    int: impl Fn(i64, i64) -> i64,
) -> Option<Value> {
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

/// An entry of `e^M`. A step asks for every entry of the same few matrices, for every cell and tick: the
/// last ones are remembered, which changes no bit.
fn remembered_expm(size: usize, matrix: Vec<f64>, entry: usize) -> f64 {
    const REMEMBERED: usize = 16;
    thread_local! {
        static LAST: RefCell<VecDeque<(Vec<f64>, Vec<f64>)>> = const { RefCell::new(VecDeque::new()) };
    }
    LAST.with_borrow_mut(|last| {
        if let Some((_, power)) = last.iter().find(|(known, _)| same_bits(known, &matrix)) {
            return power[entry];
        }
        let power = expm(size, &matrix);
        let value = power[entry];
        last.truncate(REMEMBERED - 1);
        last.push_front((matrix, power));
        value
    })
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.to_bits() == y.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [f64; 11] =
        [0.0, -0.0, 1.0, -2.5, 0.5, 1.5, 1e30, -1e-30, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    const INTEGERS: [i64; 9] = [0, 1, -1, 7, -7, 3, -3, i64::MAX, i64::MIN];

    const A: ValueId = ValueId(0);
    const B: ValueId = ValueId(1);
    const C: ValueId = ValueId(2);

    #[track_caller]
    fn check(precision: Precision, op: &Op, operands: [Value; 3], expected: Value) {
        let found = apply(precision, op, &|v: ValueId| operands[v.0 as usize]).expect("this is no leaf");
        let same = match (found, expected) {
            (Value::Float(x), Value::Float(y)) => x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan()),
            (found, expected) => found == expected,
        };
        assert!(same, "{op:?} of {operands:?} in {precision} is {found:?}, not {expected:?}");
    }

    /// Every operation on floats, against the same written in Rust in that precision.
    macro_rules! float_operations {
        ($name:ident, $precision:expr, $float:ident) => {
            #[test]
            fn $name() {
                let wide = |x: $float| Value::Float(f64::from(x));
                for (a, b) in NUMBERS.into_iter().flat_map(|a| NUMBERS.map(|b| (a as $float, b as $float))) {
                    let c = 0.1 as $float;
                    let operands = [wide(a), wide(b), wide(c)];
                    let float = |op: Op, x: $float| check($precision, &op, operands, wide(x));
                    float(Op::Neg(A), -a);
                    float(Op::Abs(A), a.abs());
                    float(Op::Sqrt(A), a.sqrt());
                    float(Op::Floor(A), a.floor());
                    float(Op::Ceil(A), a.ceil());
                    float(Op::Round(A), a.round_ties_even());
                    float(Op::Add(A, B), a + b);
                    float(Op::Sub(A, B), a - b);
                    float(Op::Mul(A, C), a * c);
                    float(Op::Div(A, C), a / c);
                    float(Op::Fma(A, B, C), a.mul_add(b, c));
                    float(Op::Min(A, B), if a < b { a } else { b });
                    float(Op::Max(A, B), if a > b { a } else { b });
                    for function in Function::ALL {
                        match function.arity() {
                            1 => float(Op::Call1(function, A), function.call1(a)),
                            _ => float(Op::Call2(function, A, B), function.call2(a, b)),
                        }
                    }
                    let truth =
                        |compare, x| check($precision, &Op::Compare(compare, A, B), operands, Value::Bool(x));
                    truth(Compare::Eq, a == b);
                    truth(Compare::Ne, a != b);
                    truth(Compare::Lt, a < b);
                    truth(Compare::Le, a <= b);
                    truth(Compare::Gt, a > b);
                    truth(Compare::Ge, a >= b);
                    check($precision, &Op::ToInt(A), operands, Value::Int(a as i64));
                }
            }
        };
    }
    float_operations!(float_operations_in_f32, Precision::F32, f32);
    float_operations!(float_operations_in_f64, Precision::F64, f64);

    #[test]
    fn integer_operations() {
        for (a, b) in INTEGERS.into_iter().flat_map(|a| INTEGERS.map(|b| (a, b))) {
            let operands = [Value::Int(a), Value::Int(b), Value::Int(0)];
            let int = |op: Op, x: i64| check(Precision::F64, &op, operands, Value::Int(x));
            int(Op::Add(A, B), a.wrapping_add(b));
            int(Op::Sub(A, B), a.wrapping_sub(b));
            int(Op::Mul(A, B), a.wrapping_mul(b));
            int(Op::Min(A, B), a.min(b));
            int(Op::Max(A, B), a.max(b));
            // The mathematical floor, in 128 bits, wrapped to 64.
            let (wide_a, wide_b) = (i128::from(a), i128::from(b));
            let quotient = if b == 0 { 0 } else { (wide_a - wide_a.rem_euclid(wide_b.abs())) / wide_b.abs() };
            let quotient =
                if b < 0 { -quotient - i128::from(wide_a.rem_euclid(wide_b.abs()) != 0) } else { quotient };
            int(Op::IntDiv(A, B), quotient as i64);
            int(Op::IntMod(A, B), if b == 0 { 0 } else { (wide_a - quotient * wide_b) as i64 });
            let truth = |op: Op, x: bool| check(Precision::F64, &op, operands, Value::Bool(x));
            truth(Op::AddOverflows(A, B), i64::try_from(wide_a + wide_b).is_err());
            truth(Op::SubOverflows(A, B), i64::try_from(wide_a - wide_b).is_err());
            truth(Op::MulOverflows(A, B), i64::try_from(wide_a * wide_b).is_err());
            truth(Op::Compare(Compare::Lt, A, B), a < b);
            check(Precision::F64, &Op::ToFloat(A), operands, Value::Float(a as f64));
            check(Precision::F32, &Op::ToFloat(A), operands, Value::Float(f64::from(a as f32)));
        }
    }

    #[test]
    fn ticks_saturate() {
        let tick = |precision, op: Op, a: i64, b: i64, x: i64| {
            check(precision, &op, [Value::Tick(a), Value::Tick(b), Value::Tick(0)], Value::Tick(x));
        };
        for precision in [Precision::F32, Precision::F64] {
            tick(precision, Op::TickAdd(A, B), 5, 7, 12);
            tick(precision, Op::TickAdd(A, B), MAX_TICK, MAX_TICK, MAX_TICK);
            check(precision, &Op::ToTick(A), [Value::Float(2.9); 3], Value::Tick(2));
            check(precision, &Op::ToTick(A), [Value::Float(f64::NAN); 3], Value::Tick(0));
        }
        check(Precision::F32, &Op::ToTick(A), [Value::Float(1e30); 3], Value::Tick(i64::from(i32::MAX)));
        check(Precision::F64, &Op::ToTick(A), [Value::Float(1e30); 3], Value::Tick(i64::MAX));
        tick(Precision::F64, Op::TickAdd(A, B), 5, i64::MAX, MAX_TICK);
    }

    #[test]
    fn truth_values_and_selection() {
        for (a, b) in [(false, false), (false, true), (true, false), (true, true)] {
            let operands = [Value::Bool(a), Value::Bool(b), Value::Bool(false)];
            let truth = |op: Op, x: bool| check(Precision::F64, &op, operands, Value::Bool(x));
            truth(Op::Not(A), !a);
            truth(Op::And(A, B), a && b);
            truth(Op::Or(A, B), a || b);
            check(
                Precision::F64,
                &Op::Select(A, B, C),
                [Value::Bool(a), Value::Int(1), Value::Int(2)],
                Value::Int(if a { 1 } else { 2 }),
            );
        }
    }

    #[test]
    fn a_matrix_exponential_is_computed_wide_and_rounded_once() {
        let op = Op::Expm { n: 2, entries: vec![A, C, C, B], row: 1, column: 1 };
        for precision in [Precision::F32, Precision::F64] {
            let [a, b, c] = [-0.1, 0.3, 0.0].map(|x| round_to(precision, x));
            let expected = round_to(precision, expm(2, &[a, c, c, b])[3]);
            check(precision, &op, [a, b, c].map(Value::Float), Value::Float(expected));
        }
    }
}
