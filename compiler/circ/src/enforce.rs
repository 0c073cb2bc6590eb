//! `enforce`: scales weights until sums of them are what they should be, cell by cell.
//!
//! In: an equation `weight_sum(...) == e`, and the network as it is. Out: factors for the engine, or which cells
//! can not be scaled to what is asked. All synapses of a cell that the sum adds up get the same factor, which is
//! never negative, so that every weight keeps its sign. Weights are stored in single precision: a sum is met to
//! one part in ten million where its terms have one sign, and is left alone where it is met so already.

use crate::synaptic::Known;
use crate::world::Present;
use circ_compiler::diagnose::{Diagnostic, constraint as say, value as say_value};
use circ_compiler::eval::judge::judge;
use circ_compiler::eval::synapses::{Selection, selection};
use circ_compiler::eval::{self, Evaluated, Scope, number};
use circ_compiler::hir::ExprId;
use circ_compiler::types::Value;
use circ_grammar::ast::Span;
use circ_plan::engine::Engine;

/// Sums that differ by less are not touched: half a unit in the last place of a weight.
const MET: f64 = 1e-7;
/// So many cells are named.
const NAMED: usize = 3;

/// An equation that is to hold.
#[derive(Clone, Copy, Debug)]
pub struct Equation {
    /// The `weight_sum` on the left.
    pub sum: ExprId,
    /// What it is to be.
    pub value: ExprId,
    pub whole: ExprId,
}

/// Factors for the weights of one projection.
#[derive(Clone, Debug)]
pub struct Scaling {
    projection: u32,
    sources: Vec<bool>,
    factors: Vec<f64>,
}

impl Scaling {
    /// Whose weights.
    pub fn projection(&self) -> u32 {
        self.projection
    }
}

/// Changes the weights.
pub fn scale(engine: &mut dyn Engine, known: &Known, scalings: &[Scaling]) {
    for scaling in scalings {
        engine.scale_weights(scaling.projection, &scaling.sources, &scaling.factors);
        known.forget(scaling.projection);
    }
    engine.settle();
}

/// What has to be scaled; nothing where the equation holds.
///
/// # Errors
/// With the cells that can not be scaled to it.
pub fn scalings(equation: Equation, scope: &mut Scope, present: &mut Present) -> Evaluated<Vec<Scaling>> {
    let call = eval::measure_call(equation.sum, scope, present)?;
    let selection = selection(&call, scope)?;
    let totals = present.known.totals(&selection, present.engine, present.plan);
    let wanted = wanted(equation, selection.cells.len(), scope, present)?;
    let mut factors = Vec::with_capacity(wanted.len());
    let mut failing = Vec::new();
    for (cell, want) in wanted.iter().enumerate() {
        match factor(totals.weights[cell], *want, totals.counts[cell]) {
            Ok(factor) => factors.push(factor),
            Err(why) => {
                factors.push(1.0);
                failing.push((cell, why));
            }
        }
    }
    if !failing.is_empty() {
        return Err(refuse(equation, &selection, &failing, &totals.weights, &wanted, scope).into());
    }
    Ok(divide(&selection, &factors))
}

/// What every cell is to have.
fn wanted(equation: Equation, cells: usize, scope: &mut Scope, present: &mut Present) -> Evaluated<Vec<f64>> {
    let at = scope.hir.expr(equation.value).span;
    match eval::eval(equation.value, scope, present)? {
        Value::Array(array) if array.data.len() == cells => Ok(array.data.clone()),
        Value::Array(array) => Err(say_value::shape_mismatch(at, &[cells as u64], &array.shape).into()),
        other => match number::number(&other) {
            Some(one) => Ok(vec![one.real(); cells]),
            None => Err(say_value::wrong_kind(at, "a number", &number::kind(&other)).into()),
        },
    }
}

/// What takes a sum to another, or why nothing does.
fn factor(has: f64, want: f64, synapses: u64) -> Result<f64, &'static str> {
    let factor = want / has;
    match () {
        () if (has - want).abs() <= MET * want.abs() => Ok(1.0),
        () if synapses == 0 => Err("for there is no synapse"),
        () if has == 0.0 => Err("for the weights add up to 0"),
        () if factor < 0.0 => Err("for weights keep their sign"),
        () if !factor.is_finite() => Err("for no finite factor does it"),
        () => Ok(factor),
    }
}

fn divide(selection: &Selection, factors: &[f64]) -> Vec<Scaling> {
    if factors.iter().all(|factor| *factor == 1.0) {
        return Vec::new();
    }
    let of = |sheaf: &eval::synapses::Sheaf| Scaling {
        projection: sheaf.projection,
        sources: sheaf.sources.iter().map(Option::is_some).collect(),
        factors: sheaf
            .targets
            .iter()
            .map(|place| place.map_or(1.0, |place| factors[place as usize]))
            .collect(),
    };
    selection.sheaves.iter().map(of).collect()
}

fn refuse(
    equation: Equation,
    selection: &Selection,
    failing: &[(usize, &'static str)],
    has: &[f64],
    wanted: &[f64],
    scope: &Scope,
) -> Diagnostic {
    let dimension = scope.types.expr(equation.sum).dimension();
    let show = |value: f64| circ_compiler::units::show(value, dimension);
    let mut worst: Vec<usize> = failing.iter().map(|it| it.0).collect();
    worst.sort_by(|a, b| (has[*b] - wanted[*b]).abs().total_cmp(&(has[*a] - wanted[*a]).abs()));
    let named: Vec<String> = worst
        .iter()
        .take(NAMED)
        .map(|cell| {
            let name = selection.name(scope.net, *cell);
            format!("`{name}` has {}, not {}", show(has[*cell]), show(wanted[*cell]))
        })
        .collect();
    let why = failing.iter().find(|it| it.0 == worst[0]).map_or("", |it| it.1);
    let at = scope.hir.expr(equation.whole).span;
    say::enforce_fails(at, why, failing.len(), has.len(), &named.join("; "))
}

/// After scaling: whether the equation holds as well as it must.
pub fn confirm(equation: Equation, scope: &mut Scope, present: &mut Present) -> Evaluated<()> {
    let at: Span = scope.hir.expr(equation.whole).span;
    match judge(equation.whole, scope, present)? {
        None => Ok(()),
        Some(broken) => {
            let (failing, of) = broken.cells.map_or((1, 1), |cells| (cells.failing, cells.of));
            let why = "for weights in single precision do not come closer";
            Err(say::enforce_fails(at, why, failing, of, &broken.numbers).into())
        }
    }
}
