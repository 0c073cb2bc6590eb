//! Reductions: `sum`, `mean`, `argmax` ... of arrays, or of an expression over an index.
//!
//! In: an array, or an expression and bounds. Out: one value. Sums run from the first element to the last.

use super::number::{self, Number, element, number};
use super::{Evaluated, Scope, World, eval, eval_whole};
use crate::diagnose::value as say;
use crate::hir::{ExprId, LocalId, Reduce};
use crate::types::Value;
use circ_grammar::ast::{BinaryOp, Span};

pub fn reduce(
    reduce: Reduce,
    value: ExprId,
    over: Option<(LocalId, ExprId, ExprId)>,
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Value> {
    let numbers = match over {
        Some((index, lo, hi)) => through(index, lo, hi, value, scope, world)?,
        None => elements(value, scope, world)?,
    };
    fold(reduce, &numbers, at).map(Number::value)
}

fn elements(value: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<Vec<Number>> {
    let span = scope.hir.expr(value).span;
    match eval(value, scope, world)? {
        Value::Array(array) => Ok((0..array.data.len()).map(|k| element(&array, k)).collect()),
        other => match number(&other) {
            Some(one) => Ok(vec![one]),
            None => Err(say::wrong_kind(span, "an array", &number::kind(&other)).into()),
        },
    }
}

/// The expression's value for every value of the index.
fn through(
    index: LocalId,
    lo: ExprId,
    hi: ExprId,
    value: ExprId,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Vec<Number>> {
    let span = scope.hir.expr(value).span;
    let lo = eval_whole(lo, "the first index", scope, world)?;
    let hi = eval_whole(hi, "the end", scope, world)?;
    let mut numbers = vec![];
    for k in lo..hi {
        scope.bind(index, Value::Int(k));
        let value = eval(value, scope, world);
        scope.locals.pop();
        let value = value?;
        numbers.push(number(&value).ok_or_else(|| say::wrong_kind(span, "a number", &number::kind(&value)))?);
    }
    Ok(numbers)
}

/// Of the elements of an array.
#[cfg(test)]
pub fn reduced(reduce: Reduce, array: &crate::types::ArrayValue) -> Option<Value> {
    let numbers: Vec<Number> = (0..array.data.len()).map(|k| element(array, k)).collect();
    fold(reduce, &numbers, Span::default()).ok().map(Number::value)
}

fn fold(reduce: Reduce, numbers: &[Number], at: Span) -> Evaluated<Number> {
    let name = match reduce {
        Reduce::Sum => return accumulate(BinaryOp::Add, numbers, 0, at),
        Reduce::Product => return accumulate(BinaryOp::Multiply, numbers, 1, at),
        Reduce::Any => return Ok(Number::Bool(numbers.iter().any(|x| holds(*x)))),
        Reduce::All => return Ok(Number::Bool(numbers.iter().all(|x| holds(*x)))),
        Reduce::Count => {
            return Ok(Number::Int(numbers.iter().filter(|x| holds(**x)).count() as i64));
        }
        Reduce::Mean => "mean",
        Reduce::Std => "std",
        Reduce::Min => "min",
        Reduce::Max => "max",
        Reduce::Argmax => "argmax",
    };
    let Some(first) = numbers.first() else {
        return Err(say::empty_array(at, name).into());
    };
    Ok(match reduce {
        Reduce::Mean => Number::Real(mean(numbers)),
        Reduce::Std => Number::Real(deviation(numbers)),
        Reduce::Min => numbers.iter().fold(*first, |a, b| if b.real() < a.real() { *b } else { a }),
        Reduce::Max => numbers.iter().fold(*first, |a, b| if b.real() > a.real() { *b } else { a }),
        _ => Number::Int(argmax(numbers)),
    })
}

fn holds(x: Number) -> bool {
    x.real() != 0.0
}

fn accumulate(op: BinaryOp, numbers: &[Number], neutral: i64, at: Span) -> Evaluated<Number> {
    let Some(first) = numbers.first() else {
        return Ok(Number::Int(neutral));
    };
    let mut total = first.value();
    for x in &numbers[1..] {
        total = number::binary(op, &total, &x.value(), at)?;
    }
    Ok(number(&total).unwrap_or(Number::Int(neutral)))
}

fn mean(numbers: &[Number]) -> f64 {
    numbers.iter().map(|x| x.real()).sum::<f64>() / numbers.len() as f64
}

/// Of the population: divided by n.
fn deviation(numbers: &[Number]) -> f64 {
    let mean = mean(numbers);
    let squares: f64 = numbers.iter().map(|x| (x.real() - mean) * (x.real() - mean)).sum();
    (squares / numbers.len() as f64).sqrt()
}

/// The first of the largest.
fn argmax(numbers: &[Number]) -> i64 {
    let best = numbers.iter().enumerate().fold(
        0,
        |best, (k, x)| {
            if x.real() > numbers[best].real() { k } else { best }
        },
    );
    best as i64
}
