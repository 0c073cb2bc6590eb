//! Evaluation: turns expressions into values while a circuit is built, and while an experiment runs.
//!
//! In: HIR, types, the net as far as it is built, the files that programs load; and a [`World`], which
//! answers what only a built or running network knows. Out: a [`Value`], or the one message that says why
//! there is none. Depth and work are bounded, so that no text overflows the stack or hangs.

pub mod depends;
mod index;
pub mod judge;
mod load;
mod matrix;
pub mod number;
mod place;
pub mod raster;
mod reduce;
pub mod segment;
pub(crate) mod select;
mod synapse;
pub mod synapses;

use crate::check::Types;
use crate::data::{self, Files};
use crate::diagnose::{Diagnostic, data as say_data, value as say};
use crate::hir::{Expr, ExprId, ExprKind, FunctionId, Hir, LocalId, Ref, SlotId, VarId, Window};
use crate::net::{EnvironmentId, Members, Net};
use crate::types::{ArrayValue, Dimension, Type, Value};
use circ_grammar::ast::{BinaryOp, Span};
use circ_plan::plan::View;
use number::{Number, conform, kind, number};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use index::{elements, places};
pub use load::{load_fault, load_path};
pub use place::{Thing, projections, thing, view, view_of};
#[cfg(test)]
pub use reduce::reduced;
pub use select::{contains, positions, union};
pub use synapse::{SynapsePlace, synapses_of};

/// A value, or the message that says why there is none.
pub type Evaluated<T> = Result<T, Box<Diagnostic>>;

/// What a built or running network answers. The default is that of a circuit being built: nothing yet.
pub trait World {
    /// `E.v`: a state, port, `let` or parameter of the cells of a view, one value per cell (a number where the
    /// view is one cell that was named by its index).
    fn field(&mut self, _view: &View, names: &Members, span: Span) -> Evaluated<Value> {
        Err(say::needs_run(span, &names.written).into())
    }
    /// `P.w`: a value of a drive or projection.
    fn member(&mut self, _of: &Thing, name: &str, span: Span) -> Evaluated<Value> {
        Err(say::needs_run(span, name).into())
    }
    /// `rate(E)` and its like.
    fn measure(&mut self, call: &MeasureCall, span: Span) -> Evaluated<Value> {
        Err(say::needs_run(span, &call.name).into())
    }
    /// `spikes(E)`: every spike of the view, as a tick and a cell.
    fn raster(&mut self, call: &MeasureCall, span: Span) -> Evaluated<Vec<(i64, u32)>> {
        Err(say::needs_run(span, &call.name).into())
    }
    /// `t` in ms.
    fn time(&self) -> Option<f64> {
        None
    }
    /// Whether a quotient by 0 is a mistake of the text. What is measured may well be 0.
    fn quotients(&self) -> Quotients {
        Quotients::Free
    }
}

/// What becomes of a quotient by 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotients {
    /// It is infinite, or not a number.
    Free,
    /// It is an error.
    Finite,
}

/// The world of a circuit that is being built.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotBuilt;

impl World for NotBuilt {
    fn quotients(&self) -> Quotients {
        Quotients::Finite
    }
}

/// A measure with its arguments evaluated.
#[derive(Clone, Debug)]
pub struct MeasureCall {
    pub name: Arc<str>,
    pub name_span: Span,
    pub args: Vec<Argument>,
}

/// An argument of a measure.
#[derive(Clone, Debug)]
pub struct Argument {
    pub each: bool,
    pub name: Option<Arc<str>>,
    pub value: Thing,
    /// `in_degree(I -> E)`
    pub to: Option<Thing>,
    pub over: Option<Over>,
    pub span: Span,
}

/// A window in ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Over {
    Last(f64),
    Between(f64, f64),
}

/// The cell that `i` is, in a population of this shape; without an index only `size` is known.
#[derive(Clone, Debug)]
pub struct CellPlace {
    pub index: Option<u32>,
    pub shape: Vec<u32>,
}

/// Levels of nesting that are followed; the grammar's own limit is below it, functions within functions add to it.
const MAX_DEPTH: u32 = 220;
/// Expressions that one evaluation may visit: seconds of work.
const MAX_STEPS: u64 = 10_000_000;

/// Where names get their values.
pub struct Scope<'a> {
    pub hir: &'a Hir,
    pub types: &'a Types,
    pub net: &'a Net,
    pub files: &'a dyn Files,
    pub environment: EnvironmentId,
    /// The cell at hand: in a view's `where`, or where `i` is to be evaluated for one cell.
    pub cell: Option<CellPlace>,
    /// The synapse at hand: in a `set` of what synapses hold.
    pub synapse: Option<SynapsePlace>,
    /// Constant parameters of the cell type at hand.
    pub vars: BTreeMap<VarId, Value>,
    locals: Vec<(LocalId, Value)>,
    depth: u32,
    steps: u64,
}

impl<'a> Scope<'a> {
    pub fn new(
        hir: &'a Hir,
        types: &'a Types,
        net: &'a Net,
        files: &'a dyn Files,
        environment: EnvironmentId,
    ) -> Scope<'a> {
        Scope {
            hir,
            types,
            net,
            files,
            environment,
            cell: None,
            synapse: None,
            vars: BTreeMap::new(),
            locals: vec![],
            depth: 0,
            steps: 0,
        }
    }

    /// Gives a local (an index of `sum`, a formal) a value, for those who evaluate bodies themselves.
    pub fn bind(&mut self, local: LocalId, value: Value) {
        self.locals.push((local, value));
    }

    /// The value of a local that is bound here.
    fn local(&self, local: LocalId) -> Option<&Value> {
        self.locals.iter().rev().find(|(bound, _)| *bound == local).map(|(_, value)| value)
    }

    fn expr(&self, id: ExprId) -> &'a Expr {
        self.hir.expr(id)
    }

    fn ty(&self, id: ExprId) -> &'a Type {
        self.types.exprs.get(id.index()).unwrap_or(&Type::Error)
    }

    fn enter(&mut self, at: Span) -> Evaluated<()> {
        if MAX_DEPTH <= self.depth {
            return Err(say::too_large(at, "is nested too deeply").into());
        }
        self.depth += 1;
        self.spend(at)
    }

    fn spend(&mut self, at: Span) -> Evaluated<()> {
        if MAX_STEPS <= self.steps {
            return Err(say::too_large(at, "takes too much work to evaluate").into());
        }
        self.steps += 1;
        Ok(())
    }
}

/// The value of an expression.
pub fn eval(expr: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<Value> {
    let Expr { kind, span } = scope.expr(expr);
    match kind {
        // Without the way round.
        ExprKind::Number { value, .. } if !scope.types.tainted.expr(expr) => {
            scope.spend(*span)?;
            Ok(conform(Value::Real(*value), scope.ty(expr)))
        }
        ExprKind::Ref(Ref::Local(local))
            if let Some(value) = scope.local(*local).filter(|_| !scope.types.tainted.expr(expr)) =>
        {
            let value = value.clone();
            scope.spend(*span)?;
            Ok(value)
        }
        // What is no path names no thing that has still to be made into a value.
        ExprKind::Unary { .. }
        | ExprKind::Binary { .. }
        | ExprKind::Call { .. }
        | ExprKind::CallFn { .. }
        | ExprKind::If { .. }
            if !scope.types.tainted.expr(expr) =>
        {
            scope.enter(*span)?;
            let value = compute(expr, scope, world);
            scope.depth -= 1;
            value
        }
        _ => place::value_of(thing(expr, scope, world)?, *span, scope, world),
    }
}

/// A number as a real, coherent.
pub fn eval_real(expr: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<f64> {
    let span = scope.expr(expr).span;
    match eval(expr, scope, world)? {
        Value::Int(n) => Ok(n as f64),
        Value::Real(x) if x.is_nan() => Err(say::not_a_number(span).into()),
        Value::Real(x) => Ok(x),
        other => Err(say::wrong_kind(span, "a number", &kind(&other)).into()),
    }
}

/// A whole number; `what` says what for.
pub fn eval_whole(expr: ExprId, what: &str, scope: &mut Scope, world: &mut dyn World) -> Evaluated<i64> {
    let span = scope.expr(expr).span;
    match eval(expr, scope, world)? {
        Value::Int(n) => Ok(n),
        Value::Real(x) => number::whole(x)
            .ok_or_else(|| say::not_whole(span, what, &crate::units::show(x, Dimension::REAL)).into()),
        other => Err(say::not_whole(span, what, &kind(&other)).into()),
    }
}

pub fn eval_bool(expr: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<bool> {
    let span = scope.expr(expr).span;
    match eval(expr, scope, world)? {
        Value::Bool(b) => Ok(b),
        other => Err(say::wrong_kind(span, "a truth value", &kind(&other)).into()),
    }
}

/// The value of a `let` or `data` of this name, of the declared type: files are read as it says.
pub fn eval_binding(
    name: &str,
    expr: ExprId,
    declared: Option<&Type>,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Value> {
    let span = scope.expr(expr).span;
    let value = match load_path(expr, scope) {
        Some(path) => load::load(&path, name, declared, span, scope)?,
        None => eval(expr, scope, world)?,
    };
    let value = declared.map_or(value.clone(), |ty| conform(value, ty));
    match (&value, declared) {
        (Value::Array(array), Some(Type::Array(_, sizes))) if !data::fits(sizes, &array.shape) => {
            Err(say_data::data_shape(span, name, sizes, &array.shape).into())
        }
        _ => Ok(value),
    }
}

/// The elements of an array along its first dimension, as a loop takes them.
pub fn rows(array: &ArrayValue) -> Vec<Value> {
    let count = array.shape.first().map_or(0, |count| *count as usize);
    (0..count).map(|k| row(array, k)).collect()
}

/// One of them.
pub fn row(array: &ArrayValue, k: usize) -> Value {
    match &array.shape[..] {
        [] | [_] => number::element(array, k).value(),
        [count, rest @ ..] => {
            let size = array.data.len() / (*count as usize).max(1);
            let data = array.data[k * size..(k + 1) * size].to_vec();
            Value::Array(Arc::new(ArrayValue { element: array.element.clone(), shape: rest.to_vec(), data }))
        }
    }
}

/// What is not a path to something: everything but names, members and indices.
fn compute(expr: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<Value> {
    let Expr { kind, span } = scope.expr(expr);
    let (ty, at) = (scope.ty(expr), *span);
    let value = match kind {
        ExprKind::Number { value, .. } => Value::Real(*value),
        ExprKind::Bool(b) => Value::Bool(*b),
        ExprKind::Text(text) => Value::Text(text.clone()),
        ExprKind::Unary { op, value } => number::unary(*op, &eval(*value, scope, world)?, at)?,
        ExprKind::Binary { .. } => chain(expr, scope, world)?,
        ExprKind::InRange { value, lo, hi } => {
            let value = eval(*value, scope, world)?;
            number::in_range(&value, &eval(*lo, scope, world)?, &eval(*hi, scope, world)?, at)?
        }
        ExprKind::If { condition, then, otherwise } => {
            let branch = if eval_bool(*condition, scope, world)? { *then } else { *otherwise };
            eval(branch, scope, world)?
        }
        ExprKind::Call { builtin, args } => {
            let args =
                args.iter().map(|arg| eval(*arg, scope, world)).collect::<Evaluated<SmallVec<[_; 2]>>>()?;
            number::call(*builtin, &args, at)?
        }
        ExprKind::CallFn { function, args } => call(*function, args, at, scope, world)?,
        ExprKind::Reduce { reduce, value, over } => reduce::reduce(*reduce, *value, *over, at, scope, world)?,
        ExprKind::Array(items) => array(items, scope, world)?,
        ExprKind::Measure { name, name_span, args } => {
            let call = MeasureCall {
                name: name.clone(),
                name_span: *name_span,
                args: arguments(args, scope, world)?,
            };
            measure(&call, expr, at, scope, world)?
        }
        ExprKind::Draw { .. } | ExprKind::Redraw { .. } | ExprKind::Chance(_) | ExprKind::Noise(_) => {
            return Err(say::stray_draw(at).into());
        }
        ExprKind::InView { value, view } => {
            let cell = place::view(*value, scope, world)?;
            let view = place::view(*view, scope, world)?;
            Value::Bool(cell.cells().all(|cell| select::holds(&view, cell)))
        }
        ExprKind::Rising(_) => {
            return Err(say::not_known(at, "rising", "belongs to a `when`").into());
        }
        ExprKind::Derivative(_) => return Err(say::needs_run(at, "a derivative").into()),
        ExprKind::OfSegment { .. } => {
            return Err(say::not_known(at, "a segment's variable", "belongs to each cell").into());
        }
        ExprKind::Error => return Err(say::wrong_kind(at, "an expression", "not one").into()),
        ExprKind::Ref(_) | ExprKind::Field { .. } | ExprKind::Index { .. } | ExprKind::Tuple(_) => {
            return place::value_of(place::path(expr, scope, world)?, at, scope, world);
        }
    };
    Ok(conform(value, ty))
}

/// A chain of binary operators from the left: `a + b + c + ...` is as long as people (and programs) write it,
/// so it is followed in a loop.
fn chain(expr: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<Value> {
    let mut links: SmallVec<[_; 4]> = SmallVec::new();
    let mut first = expr;
    let mut value = None;
    while let ExprKind::Binary { op, left, right } = &scope.expr(first).kind {
        let (op, left, right) = (*op, *left, *right);
        if let Some(raster) = raster::raster(first, scope, world)? {
            value = Some(Value::Bool(raster.agrees() == (op == BinaryOp::Equal)));
            break;
        }
        links.push((op, right, first));
        first = left;
    }
    let mut value = match value {
        Some(value) => value,
        None => eval(first, scope, world)?,
    };
    for (op, right, link) in links.into_iter().rev() {
        scope.spend(scope.expr(link).span)?;
        let decided =
            matches!((op, &value), (BinaryOp::And, Value::Bool(false)) | (BinaryOp::Or, Value::Bool(true)));
        if decided {
            continue;
        }
        let by = right;
        let right = eval(by, scope, world)?;
        if op == BinaryOp::Divide && world.quotients() == Quotients::Finite && number::has_zero(&right) {
            return Err(say::quotient_by_zero(scope.expr(by).span, scope.expr(link).span).into());
        }
        let ty = scope.ty(link);
        // A power of whole numbers may be typed as a real, which then must not overflow as an `int`.
        if op == BinaryOp::Power && matches!(ty, Type::Real(_)) {
            value = conform(value, &Type::Real(Dimension::REAL));
        }
        value = conform(number::binary(op, &value, &right, scope.expr(link).span)?, ty);
    }
    Ok(value)
}

fn call(
    function: FunctionId,
    args: &[ExprId],
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Value> {
    let Some(function) = scope.hir.functions.get(function.index()) else {
        return Err(say::wrong_kind(at, "a function", "not one").into());
    };
    let args = args.iter().map(|arg| eval(*arg, scope, world)).collect::<Evaluated<SmallVec<[_; 4]>>>()?;
    let frame = scope.locals.len();
    for (local, value) in function.formals.iter().zip(args) {
        let declared = scope.hir.locals.get(local.index()).and_then(|l| l.declared.as_ref());
        let value = match declared {
            Some(ty) => conform(value, ty),
            None => value,
        };
        scope.locals.push((*local, value));
    }
    let result = eval(function.body, scope, world);
    scope.locals.truncate(frame);
    let result = result?;
    Ok(match &function.result {
        Some(ty) => conform(result, ty),
        None => result,
    })
}

fn array(items: &[ExprId], scope: &mut Scope, world: &mut dyn World) -> Evaluated<Value> {
    let mut shape: Option<Vec<u64>> = None;
    let (mut data, mut element) = (vec![], None);
    for item in items {
        let span = scope.expr(*item).span;
        let value = eval(*item, scope, world)?;
        let (sizes, kind_of) = match (&value, number(&value)) {
            (Value::Array(array), _) => {
                data.extend_from_slice(&array.data);
                (array.shape.clone(), array.element.clone())
            }
            (_, Some(x)) => {
                data.push(x.real());
                (vec![], element_type(x))
            }
            _ => return Err(say::wrong_kind(span, "a number", &kind(&value)).into()),
        };
        if shape.as_ref().is_some_and(|s| *s != sizes)
            || matches!(&element, Some(e) if (*e == Type::Bool) != (kind_of == Type::Bool))
        {
            return Err(say::ragged_array(scope.expr(items[0]).span, span).into());
        }
        shape = Some(sizes);
        // One real among whole numbers makes all of them reals.
        element = Some(match element {
            Some(Type::Int) | None => kind_of,
            Some(other) => other,
        });
    }
    let mut sizes = vec![items.len() as u64];
    sizes.extend(shape.unwrap_or_default());
    let element = element.unwrap_or(Type::Real(Dimension::REAL));
    Ok(Value::Array(Arc::new(ArrayValue { element, shape: sizes, data })))
}

fn element_type(x: Number) -> Type {
    match x {
        Number::Int(_) => Type::Int,
        Number::Bool(_) => Type::Bool,
        Number::Real(_) => Type::Real(Dimension::REAL),
    }
}

fn arguments(
    args: &[crate::hir::MeasureArg],
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Vec<Argument>> {
    let mut evaluated = Vec::with_capacity(args.len());
    for arg in args {
        let over = match arg.over {
            None => None,
            Some(Window::Last(length)) => Some(Over::Last(eval_real(length, scope, world)?)),
            Some(Window::Between(from, to)) => {
                Some(Over::Between(eval_real(from, scope, world)?, eval_real(to, scope, world)?))
            }
        };
        evaluated.push(Argument {
            each: arg.each,
            name: arg.name.clone(),
            value: thing(arg.value, scope, world)?,
            to: arg.to.map(|to| thing(to, scope, world)).transpose()?,
            over,
            span: scope.expr(arg.value).span,
        });
    }
    Ok(evaluated)
}

/// A call of a measure with its arguments, for those who ask what it speaks of.
pub fn measure_call(expr: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<MeasureCall> {
    let Expr { kind, span } = scope.expr(expr);
    let ExprKind::Measure { name, name_span, args } = kind else {
        return Err(say::wrong_kind(*span, "a measure", "not one").into());
    };
    Ok(MeasureCall { name: name.clone(), name_span: *name_span, args: arguments(args, scope, world)? })
}

/// What needs no run is answered here, all else by the world.
fn measure(
    call: &MeasureCall,
    expr: ExprId,
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Value> {
    match (&*call.name, call.args.as_slice()) {
        ("size", [arg]) => {
            let cells = match &arg.value {
                Thing::Value(Value::Array(array)) => array.shape.first().copied().unwrap_or(0),
                other => view_of(other.clone(), arg.span, scope)?.len() as u64,
            };
            Ok(Value::Int(i64::try_from(cells).unwrap_or(i64::MAX)))
        }
        ("polarity", [arg]) => polarity(arg, scope),
        ("load", [Argument { value: Thing::Value(Value::Text(path)), .. }]) => {
            let declared = match scope.ty(expr) {
                ty @ Type::Array(_, _) => Some(ty),
                _ => None,
            };
            load::load(path, path, declared, at, scope)
        }
        ("linspace", [from, to, count]) => matrix::linspace(from, to, count, at, scope, world),
        ("accuracy" | "dot" | "outer" | "transpose" | "ridge", args) => {
            matrix::call(&call.name, args, at, scope, world)
        }
        _ => world.measure(call, at),
    }
}

/// `polarity(E)`: as it was declared, in words; `none` without one, `mixed` of cells that differ.
fn polarity(arg: &Argument, scope: &Scope) -> Evaluated<Value> {
    let view = view_of(arg.value.clone(), arg.span, scope)?;
    let of = |population: u32| {
        let declared = scope.net.populations.get(population as usize).and_then(|p| p.polarity);
        declared.map_or("none", crate::diagnose::build::polarity_name)
    };
    let mut all = view.segments.iter().map(|segment| of(segment.population));
    let first = all.next().unwrap_or("none");
    Ok(Value::Text(if all.all(|other| other == first) { first } else { "mixed" }.into()))
}

/// The value of a slot, wherever it is kept; `let`s that were not evaluated yet are evaluated now.
pub fn slot(
    slot: SlotId,
    environment: EnvironmentId,
    at: Span,
    scope: &mut Scope,
    world: &mut dyn World,
) -> Evaluated<Value> {
    let found = place::slot(slot, environment, at, scope, world)?;
    place::value_of(found, at, scope, world)
}
