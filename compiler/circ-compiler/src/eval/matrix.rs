//! Functions of arrays: `accuracy`, `dot`, `outer`, `transpose`, `ridge`, and `linspace`, which makes one.
//!
//! In: arrays whose elements were checked to go together. Out: a number or an array, or the message that the shapes do
//! not fit. Sums go from the first index to the last, so that the bits are the same everywhere.

use super::number::{element, kind, number};
use super::{Argument, Evaluated, Scope, World, place};
use crate::diagnose::{array as say, value as say_value};
use crate::types::{ArrayValue, Dimension, Type, Value};
use circ_grammar::ast::Span;
use std::sync::Arc;

/// Products of numbers that one call may take: some seconds of work.
const MOST_PRODUCTS: u64 = 10_000_000_000;

/// One of them, with its arguments, as many as its type asks for.
pub(super) fn call(
    name: &str,
    args: &[Argument],
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Value> {
    let mut values = Vec::with_capacity(args.len());
    for arg in args {
        values.push((place::value_of(arg.value.clone(), arg.span, scope, world)?, arg.span));
    }
    match (name, values.as_slice()) {
        ("accuracy", [predicted, labels]) => accuracy(array(predicted)?, array(labels)?, labels.1),
        ("dot", [left, right]) => dot(array(left)?, array(right)?, right.1),
        ("outer", [left, right]) => outer(array(left)?, array(right)?, at),
        ("transpose", [matrix]) => transpose(array(matrix)?, matrix.1),
        ("ridge", [inputs, targets, penalty]) => {
            let strength = number(&penalty.0)
                .ok_or_else(|| Box::new(say_value::wrong_kind(penalty.1, "a number", &kind(&penalty.0))))?;
            ridge(array(inputs)?, (array(targets)?, targets.1), (strength.real(), penalty.1))
        }
        (_, values) => Err(say_value::wrong_kind(at, "arrays", &format!("{} values", values.len())).into()),
    }
}

/// `linspace(a, b, n)`: n numbers from a to b, both included, equally far apart.
pub(super) fn linspace(
    from: &Argument,
    to: &Argument,
    count: &Argument,
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Value> {
    let mut real = |argument: &Argument| {
        let value = place::value_of(argument.value.clone(), argument.span, scope, world)?;
        number(&value)
            .map(super::number::Number::real)
            .ok_or_else(|| say_value::wrong_kind(argument.span, "a number", &kind(&value)))
            .map_err(Box::new)
    };
    let (from, to, n) = (real(from)?, real(to)?, real(count)?);
    let steps = match super::number::whole(n) {
        Some(steps @ 1..=10_000_000) => steps,
        _ => return Err(say_value::not_whole(at, "the number of points", &n.to_string()).into()),
    };
    let point = |k: i64| {
        if k + 1 == steps && 1 < steps {
            to
        } else {
            from + (to - from) * (k as f64 / (steps - 1).max(1) as f64)
        }
    };
    let data: Vec<f64> = (0..steps).map(point).collect();
    let element = Type::Real(Dimension::REAL);
    Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![steps as u64], data })))
}

fn array((value, at): &(Value, Span)) -> Evaluated<&ArrayValue> {
    match value {
        Value::Array(array) => Ok(array),
        other => Err(say_value::wrong_kind(*at, "an array", &kind(other)).into()),
    }
}

fn made(data: Vec<f64>, shape: Vec<u64>, whole: bool) -> Value {
    let element = if whole { Type::Int } else { Type::Real(Dimension::REAL) };
    Value::Array(Arc::new(ArrayValue { element, shape, data }))
}

fn within(products: Option<u64>, at: Span) -> Evaluated<()> {
    match products {
        Some(products) if products <= MOST_PRODUCTS => Ok(()),
        _ => Err(say_value::too_large(at, "takes too much work to evaluate").into()),
    }
}

/// The share of equal elements: `numpy.mean(predicted == labels)`.
fn accuracy(predicted: &ArrayValue, labels: &ArrayValue, at: Span) -> Evaluated<Value> {
    if predicted.shape != labels.shape {
        return Err(say::accuracy_shapes(at, &predicted.shape, &labels.shape).into());
    }
    if labels.data.is_empty() {
        return Err(say::nothing_to_compare(at).into());
    }
    let equal =
        (0..labels.data.len()).filter(|k| element(predicted, *k).real() == element(labels, *k).real());
    Ok(Value::Real(equal.count() as f64 / labels.data.len() as f64))
}

/// `numpy.dot` of arrays of one or two dimensions: the last of the left side is summed with the first of the right.
fn dot(left: &ArrayValue, right: &ArrayValue, at: Span) -> Evaluated<Value> {
    let (rows, inner) = match left.shape[..] {
        [inner] => (1, inner),
        [rows, inner] => (rows, inner),
        _ => return Err(say::dot_shapes(at, &left.shape, &right.shape).into()),
    };
    let columns = match right.shape[..] {
        [first] if first == inner => 1,
        [first, columns] if first == inner => columns,
        _ => return Err(say::dot_shapes(at, &left.shape, &right.shape).into()),
    };
    within(rows.checked_mul(inner).and_then(|n| n.checked_mul(columns)), at)?;
    let data = product(&left.data, &right.data, [rows, inner, columns].map(|n| n as usize));
    let whole = left.element == Type::Int && right.element == Type::Int;
    let mut shape = Vec::new();
    shape.extend((left.shape.len() == 2).then_some(rows));
    shape.extend((right.shape.len() == 2).then_some(columns));
    match (shape.is_empty(), whole) {
        (false, _) => Ok(made(data, shape, whole)),
        (true, false) => Ok(Value::Real(data.iter().sum())),
        (true, true) => integer_dot(left, right, at),
    }
}

/// Sums of whole numbers are exact, or an error.
fn integer_dot(left: &ArrayValue, right: &ArrayValue, at: Span) -> Evaluated<Value> {
    let terms = left.data.iter().zip(&right.data).map(|(a, b)| (*a as i64).checked_mul(*b as i64));
    let sum = terms.into_iter().try_fold(0i64, |sum, term| sum.checked_add(term?));
    sum.map(Value::Int).ok_or_else(|| say_value::int_overflow(at, "the result of `dot`").into())
}

/// Of a matrix of rows × inner and one of inner × columns, row by row.
fn product(left: &[f64], right: &[f64], [rows, inner, columns]: [usize; 3]) -> Vec<f64> {
    let mut data = vec![0.0; rows * columns];
    for row in 0..rows {
        let sums = &mut data[row * columns..(row + 1) * columns];
        for k in 0..inner {
            let factor = left[row * inner + k];
            for (sum, x) in sums.iter_mut().zip(&right[k * columns..(k + 1) * columns]) {
                *sum += factor * x;
            }
        }
    }
    data
}

/// `numpy.outer` of two lists.
fn outer(left: &ArrayValue, right: &ArrayValue, at: Span) -> Evaluated<Value> {
    let ([rows], [columns]) = (&left.shape[..], &right.shape[..]) else {
        return Err(say::outer_shapes(at, &left.shape, &right.shape).into());
    };
    within(rows.checked_mul(*columns).and_then(|n| n.checked_mul(64)), at)?;
    let data = left.data.iter().flat_map(|a| right.data.iter().map(move |b| a * b)).collect();
    Ok(made(data, vec![*rows, *columns], left.element == Type::Int && right.element == Type::Int))
}

/// Rows become columns; a list stays what it is.
fn transpose(matrix: &ArrayValue, at: Span) -> Evaluated<Value> {
    let [rows, columns] = matrix.shape[..] else {
        return match matrix.shape.len() {
            1 => Ok(Value::Array(Arc::new(matrix.clone()))),
            _ => Err(say::transpose_shape(at, &matrix.shape).into()),
        };
    };
    let place = |c: u64, r: u64| matrix.data[(r * columns + c) as usize];
    let data = (0..columns).flat_map(|c| (0..rows).map(move |r| (c, r))).map(|(c, r)| place(c, r)).collect();
    let element = matrix.element.clone();
    Ok(Value::Array(Arc::new(ArrayValue { element, shape: vec![columns, rows], data })))
}

/// Ridge regression (Hoerl & Kennard 1970, Technometrics 12:55): the `W` that minimises
/// `|X W - Y|^2 + penalty |W|^2`, which solves `(X^T X + penalty I) W = X^T Y`; by Cholesky's factors.
fn ridge(
    inputs: &ArrayValue,
    (targets, targets_at): (&ArrayValue, Span),
    (penalty, penalty_at): (f64, Span),
) -> Evaluated<Value> {
    let misfit = || Box::new(say::ridge_shapes(targets_at, &inputs.shape, &targets.shape));
    let [samples, features] = inputs.shape[..] else { return Err(misfit()) };
    let outputs = match targets.shape[..] {
        [rows] if rows == samples => 1,
        [rows, outputs] if rows == samples => outputs,
        _ => return Err(misfit()),
    };
    if penalty.is_nan() || penalty < 0.0 {
        return Err(say::ridge_penalty(penalty_at).into());
    }
    let width = features.checked_add(outputs);
    within(samples.max(features).checked_mul(features).and_then(|n| n.checked_mul(width?)), targets_at)?;
    let [samples, features, outputs] = [samples, features, outputs].map(|n| n as usize);
    let turned: Vec<f64> =
        (0..features).flat_map(|f| (0..samples).map(move |s| inputs.data[s * features + f])).collect();
    let mut normal = product(&turned, &inputs.data, [features, samples, features]);
    for k in 0..features {
        normal[k * features + k] += penalty;
    }
    let mut weights = product(&turned, &targets.data, [features, samples, outputs]);
    factor(&mut normal, features).ok_or_else(|| Box::new(say::ridge_singular(penalty_at)))?;
    solve(&normal, &mut weights, features, outputs);
    let shape = match targets.shape.len() {
        1 => vec![features as u64],
        _ => vec![features as u64, outputs as u64],
    };
    Ok(made(weights, shape, false))
}

/// The lower triangle becomes Cholesky's factor; nothing where the matrix is not positive definite to rounding.
fn factor(matrix: &mut [f64], n: usize) -> Option<()> {
    for column in 0..n {
        let own = matrix[column * n + column];
        let left: f64 = (0..column).map(|k| matrix[column * n + k] * matrix[column * n + k]).sum();
        let pivot = own - left;
        if pivot.is_nan() || pivot <= 1e-13 * own.abs() {
            return None;
        }
        let root = pivot.sqrt();
        matrix[column * n + column] = root;
        for row in column + 1..n {
            let sum: f64 = (0..column).map(|k| matrix[row * n + k] * matrix[column * n + k]).sum();
            matrix[row * n + column] = (matrix[row * n + column] - sum) / root;
        }
    }
    Some(())
}

/// Solves with the factor, forwards and backwards, for every column of the right side.
fn solve(factor: &[f64], sides: &mut [f64], n: usize, columns: usize) {
    for column in 0..columns {
        for row in 0..n {
            let known: f64 = (0..row).map(|k| factor[row * n + k] * sides[k * columns + column]).sum();
            sides[row * columns + column] = (sides[row * columns + column] - known) / factor[row * n + row];
        }
        for row in (0..n).rev() {
            let known: f64 = (row + 1..n).map(|k| factor[k * n + row] * sides[k * columns + column]).sum();
            sides[row * columns + column] = (sides[row * columns + column] - known) / factor[row * n + row];
        }
    }
}
