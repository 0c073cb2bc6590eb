//! Reductions: `sum`, `mean`, `argmax` ... of arrays, or of an expression over an index.
//!
//! In: an array, or an expression and bounds. Out: one value. Sums run from the first element to the last.

use super::number::{self, Number, element, number};
use super::{Evaluated, Scope, World, eval, eval_whole};
use crate::diagnose::value as say;
use crate::hir::{ExprId, LocalId, Reduce};
use crate::types::{ArrayValue, Value};
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
        None => match eval(value, scope, world)? {
            Value::Array(array) => return of_array(reduce, &array, at),
            other => match number(&other) {
                Some(one) => vec![one],
                None => {
                    let span = scope.hir.expr(value).span;
                    return Err(say::wrong_kind(span, "an array", &number::kind(&other)).into());
                }
            },
        },
    };
    fold(reduce, numbers.iter().copied(), at).map(Number::value)
}

/// Elements are read where they lie: weights of all synapses are many.
fn of_array(reduce: Reduce, array: &ArrayValue, at: Span) -> Evaluated<Value> {
    fold(reduce, (0..array.data.len()).map(|k| element(array, k)), at).map(Number::value)
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
pub fn reduced(reduce: Reduce, array: &ArrayValue) -> Option<Value> {
    of_array(reduce, array, Span::default()).ok()
}

fn fold(
    reduce: Reduce,
    mut numbers: impl ExactSizeIterator<Item = Number> + Clone,
    at: Span,
) -> Evaluated<Number> {
    let name = match reduce {
        Reduce::Sum => return accumulate(BinaryOp::Add, numbers, 0, at),
        Reduce::Product => return accumulate(BinaryOp::Multiply, numbers, 1, at),
        Reduce::Any => return Ok(Number::Bool(numbers.any(holds))),
        Reduce::All => return Ok(Number::Bool(numbers.all(holds))),
        Reduce::Count => return Ok(Number::Int(numbers.filter(|x| holds(*x)).count() as i64)),
        Reduce::Mean => "mean",
        Reduce::Std => "std",
        Reduce::Min => "min",
        Reduce::Max => "max",
        Reduce::Argmax => "argmax",
    };
    let Some(first) = numbers.clone().next() else {
        return Err(say::empty_array(at, name).into());
    };
    Ok(match reduce {
        Reduce::Mean => Number::Real(mean(numbers)),
        Reduce::Std => Number::Real(deviation(numbers)),
        Reduce::Min => numbers.fold(first, |a, b| if b.real() < a.real() { b } else { a }),
        Reduce::Max => numbers.fold(first, |a, b| if b.real() > a.real() { b } else { a }),
        _ => Number::Int(argmax(numbers)),
    })
}

fn holds(x: Number) -> bool {
    x.real() != 0.0
}

fn accumulate(
    op: BinaryOp,
    mut numbers: impl Iterator<Item = Number>,
    neutral: i64,
    at: Span,
) -> Evaluated<Number> {
    let Some(first) = numbers.next() else {
        return Ok(Number::Int(neutral));
    };
    let mut total = first.value();
    for x in numbers {
        total = number::binary(op, &total, &x.value(), at)?;
    }
    Ok(number(&total).unwrap_or(Number::Int(neutral)))
}

fn mean(numbers: impl ExactSizeIterator<Item = Number>) -> f64 {
    let count = numbers.len() as f64;
    numbers.map(Number::real).sum::<f64>() / count
}

/// Of the population: divided by n.
fn deviation(numbers: impl ExactSizeIterator<Item = Number> + Clone) -> f64 {
    let count = numbers.len() as f64;
    let mean = mean(numbers.clone());
    let squares: f64 = numbers.map(|x| (x.real() - mean) * (x.real() - mean)).sum();
    (squares / count).sqrt()
}

/// The first of the largest.
fn argmax(numbers: impl Iterator<Item = Number>) -> i64 {
    let mut best: Option<(usize, f64)> = None;
    for (k, x) in numbers.map(Number::real).enumerate() {
        if best.is_none_or(|(_, largest)| x > largest) {
            best = Some((k, x));
        }
    }
    best.map_or(0, |(k, _)| k as i64)
}
