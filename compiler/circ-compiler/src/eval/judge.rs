//! Judging constraints: whether a condition holds, for every cell where it speaks of cells; and where it does not,
//! at which cells and with which numbers.
//!
//! In: a condition, and a [`World`] that knows what it speaks of. Out: nothing, or [`Broken`].
//!
//! Weights that differ are stored in single precision, so their sums are what was meant to one part in ten million.
//! Where a condition reads a `weight_sum`, numbers that agree to [`SLACK`] count as equal.

use super::number::number;
use super::synapses::{Selection, cell_name, selection};
use super::{Evaluated, MeasureCall, Scope, Thing, World, eval, view_of};
use crate::diagnose::value as say;
use crate::hir::{ExprId, ExprKind, Hir};
use crate::net::Net;
use crate::resolve::graph;
use crate::types::Value;
use circ_grammar::ast::BinaryOp;
use circ_plan::plan::View;

/// The relative difference up to which sums of weights are the same.
pub const SLACK: f64 = 1e-6;
/// So many cells are named.
const NAMED: usize = 3;

/// A condition that does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// Both sides, ready to show; of the worst cells where it speaks of cells.
    pub numbers: String,
    pub cells: Option<Cells>,
}

/// Where it speaks of cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Cells {
    pub failing: usize,
    pub of: usize,
    /// The worst first, with what was measured there, in the coherent system.
    pub worst: Vec<(String, f64)>,
}

/// What is wrong with a condition; the parts of an `and` are judged one by one, and the first that fails is told.
pub fn judge(condition: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<Option<Broken>> {
    for part in conjuncts(scope.hir, condition) {
        if let Some(broken) = judge_part(part, scope, world)? {
            return Ok(Some(broken));
        }
    }
    Ok(None)
}

/// The conditions that must all hold.
pub fn conjuncts(hir: &Hir, condition: ExprId) -> Vec<ExprId> {
    let (mut parts, mut waiting) = (vec![], vec![condition]);
    while let Some(expr) = waiting.pop() {
        match &hir.expr(expr).kind {
            ExprKind::Binary { op: BinaryOp::And, left, right } => waiting.extend([*right, *left]),
            _ => parts.push(expr),
        }
    }
    parts
}

/// A comparison: what is compared, and how.
pub struct Comparison {
    pub measured: ExprId,
    pub bound: Bound,
}

/// What it is compared with.
#[derive(Clone, Copy)]
pub enum Bound {
    By(BinaryOp, ExprId),
    Within(ExprId, ExprId),
}

/// The form of a condition, where it is a comparison.
pub fn comparison(hir: &Hir, condition: ExprId) -> Option<Comparison> {
    match &hir.expr(condition).kind {
        ExprKind::InRange { value, lo, hi } => {
            Some(Comparison { measured: *value, bound: Bound::Within(*lo, *hi) })
        }
        ExprKind::Binary { op, left, right } if is_comparison(*op) => {
            Some(Comparison { measured: *left, bound: Bound::By(*op, *right) })
        }
        _ => None,
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    match op {
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual => true,
        BinaryOp::Add
        | BinaryOp::Subtract
        | BinaryOp::Multiply
        | BinaryOp::Divide
        | BinaryOp::Power
        | BinaryOp::And
        | BinaryOp::Or => false,
    }
}

/// How far two numbers may differ and still be the same, relative to the larger.
pub fn slack(hir: &Hir, condition: ExprId) -> f64 {
    let mut sums = false;
    graph::walk(hir, condition, &mut |_, expr| {
        sums |= matches!(&expr.kind, ExprKind::Measure { name, .. } if &**name == "weight_sum");
    });
    if sums { SLACK } else { 0.0 }
}

/// `a op b`, where numbers that differ by no more than `slack` of the larger are equal.
pub fn compare(op: BinaryOp, a: f64, b: f64, slack: f64) -> bool {
    let equal = a == b || (a - b).abs() <= slack * a.abs().max(b.abs());
    match op {
        BinaryOp::Equal => equal,
        BinaryOp::NotEqual => !equal,
        BinaryOp::LessEqual => a < b || equal,
        BinaryOp::GreaterEqual => b < a || equal,
        BinaryOp::Less => a < b,
        BinaryOp::Greater => b < a,
        _ => false,
    }
}

/// The sides of a comparison, with their values.
enum Sides {
    By(BinaryOp, Value, Value),
    Within(Value, Value, Value),
}

impl Sides {
    fn of(comparison: &Comparison, scope: &mut Scope, world: &mut dyn World) -> Evaluated<Option<Sides>> {
        let value = eval(comparison.measured, scope, world)?;
        let sides = match comparison.bound {
            Bound::By(op, right) => Sides::By(op, value, eval(right, scope, world)?),
            Bound::Within(lo, hi) => Sides::Within(value, eval(lo, scope, world)?, eval(hi, scope, world)?),
        };
        // Texts and truth values have an order of their own: none.
        let numeric = |value: &&Value| match value {
            Value::Array(_) => true,
            value => !matches!(value, Value::Bool(_)) && number(value).is_some(),
        };
        Ok(sides.all().iter().all(numeric).then_some(sides))
    }

    fn all(&self) -> Vec<&Value> {
        match self {
            Sides::By(_, a, b) => vec![a, b],
            Sides::Within(value, lo, hi) => vec![value, lo, hi],
        }
    }

    /// Of how many cells it speaks; none where of no single ones.
    fn cells(&self) -> Option<usize> {
        self.all().into_iter().find_map(|value| match value {
            Value::Array(array) => Some(array.data.len()),
            _ => None,
        })
    }

    fn holds(&self, k: usize, slack: f64) -> bool {
        match self {
            Sides::By(op, a, b) => compare(*op, at(a, k), at(b, k), slack),
            Sides::Within(value, lo, hi) => {
                let value = at(value, k);
                compare(BinaryOp::LessEqual, at(lo, k), value, slack)
                    && compare(BinaryOp::LessEqual, value, at(hi, k), slack)
            }
        }
    }

    /// How far it is from holding.
    fn excess(&self, k: usize) -> f64 {
        let excess = match self {
            Sides::By(_, a, b) => (at(a, k) - at(b, k)).abs(),
            Sides::Within(value, lo, hi) => (at(lo, k) - at(value, k)).max(at(value, k) - at(hi, k)),
        };
        if excess.is_nan() { f64::INFINITY } else { excess }
    }

    fn measured(&self) -> &Value {
        match self {
            Sides::By(_, value, _) | Sides::Within(value, _, _) => value,
        }
    }

    /// What one cell has, against what where that is its own.
    fn of_cell(&self, k: usize, show: &dyn Fn(f64) -> String) -> String {
        let value = show(at(self.measured(), k));
        match self {
            Sides::By(BinaryOp::Equal, _, b @ Value::Array(_)) => format!("{value}, not {}", show(at(b, k))),
            Sides::By(_, _, b @ Value::Array(_)) => format!("{value} against {}", show(at(b, k))),
            Sides::By(..) | Sides::Within(..) => value,
        }
    }
}

/// Element `k` of an array, or the one number that all have.
fn at(value: &Value, k: usize) -> f64 {
    match value {
        Value::Array(array) => array.data.get(k).copied().unwrap_or(f64::NAN),
        other => number(other).map_or(f64::NAN, |x| x.real()),
    }
}

fn judge_part(part: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<Option<Broken>> {
    let sides = match comparison(scope.hir, part) {
        Some(comparison) => Sides::of(&comparison, scope, world)?.map(|sides| (sides, comparison)),
        None => None,
    };
    let Some((sides, comparison)) = sides else { return judge_whole(part, scope, world) };
    if let Some((a, b)) = mismatch(&sides) {
        return Err(say::shape_mismatch(scope.hir.expr(part).span, &[a], &[b]).into());
    }
    let slack = slack(scope.hir, part);
    let dimension = scope.ty(comparison.measured).dimension();
    let show = |value: f64| crate::units::show(value, dimension);
    let Some(count) = sides.cells() else {
        let broken = || Broken { numbers: numbers(&sides, &show), cells: None };
        return Ok((!sides.holds(0, slack)).then(broken));
    };
    let mut failing: Vec<usize> = (0..count).filter(|k| !sides.holds(*k, slack)).collect();
    if failing.is_empty() {
        return Ok(None);
    }
    let found = failing.len();
    failing.sort_by(|a, b| sides.excess(*b).total_cmp(&sides.excess(*a)));
    let cells = cells_of(part, count, scope, world);
    let name = |k: usize| cells.as_ref().map_or(format!("element {k}"), |cells| cells.name(scope.net, k));
    let worst = failing.iter().take(NAMED);
    let told: Vec<String> =
        worst.clone().map(|k| format!("`{}` has {}", name(*k), sides.of_cell(*k, &show))).collect();
    let worst = worst.map(|k| (name(*k), at(sides.measured(), *k))).collect();
    let numbers = told.join(if told.iter().any(|it| it.contains(", not")) { "; " } else { ", " });
    Ok(Some(Broken { numbers, cells: Some(Cells { failing: found, of: count, worst }) }))
}

/// Two arrays of different length.
fn mismatch(sides: &Sides) -> Option<(u64, u64)> {
    let length = |value: &&Value| match value {
        Value::Array(array) => Some(array.data.len() as u64),
        _ => None,
    };
    let all = sides.all();
    let lengths: Vec<u64> = all.iter().filter_map(length).collect();
    lengths.iter().find(|it| **it != lengths[0]).map(|other| (lengths[0], *other))
}

/// `400 == 320`, `0.5 in 1 .. 2`
fn numbers(sides: &Sides, show: &dyn Fn(f64) -> String) -> String {
    match sides {
        Sides::By(op, a, b) => {
            format!("{} {} {} is false", show(at(a, 0)), crate::net_print::operator(*op), show(at(b, 0)))
        }
        Sides::Within(value, lo, hi) => {
            format!("{} in {} .. {} is false", show(at(value, 0)), show(at(lo, 0)), show(at(hi, 0)))
        }
    }
}

/// A condition that is no comparison of numbers.
fn judge_whole(part: ExprId, scope: &mut Scope, world: &mut dyn World) -> Evaluated<Option<Broken>> {
    let span = scope.hir.expr(part).span;
    match eval(part, scope, world)? {
        Value::Bool(true) => Ok(None),
        Value::Bool(false) => Ok(Some(Broken { numbers: texts(part, scope, world), cells: None })),
        Value::Array(array) => {
            let failing: Vec<usize> = (0..array.data.len()).filter(|k| array.data[*k] == 0.0).collect();
            if failing.is_empty() {
                return Ok(None);
            }
            let cells = cells_of(part, array.data.len(), scope, world);
            let name =
                |k: &usize| cells.as_ref().map_or(format!("element {k}"), |cells| cells.name(scope.net, *k));
            let told: Vec<String> = failing.iter().take(NAMED).map(|k| format!("`{}`", name(k))).collect();
            let cells = Cells { failing: failing.len(), of: array.data.len(), worst: vec![] };
            Ok(Some(Broken { numbers: format!("at {}", told.join(", ")), cells: Some(cells) }))
        }
        other => Err(say::wrong_kind(span, "a truth value", &super::number::kind(&other)).into()),
    }
}

/// `"inhibitory" == "excitatory"`: both sides of what compares no numbers.
fn texts(part: ExprId, scope: &mut Scope, world: &mut dyn World) -> String {
    let plain = || "this is false".to_string();
    let Some(Comparison { measured, bound: Bound::By(op, right) }) = comparison(scope.hir, part) else {
        return plain();
    };
    match (eval(measured, scope, world), eval(right, scope, world)) {
        (Ok(Value::Text(a)), Ok(Value::Text(b))) => {
            format!("\"{a}\" {} \"{b}\" is false", crate::net_print::operator(op))
        }
        _ => plain(),
    }
}

/// The cells that a condition speaks of: those of its first measure that gives a number for each of so many.
fn cells_of(part: ExprId, count: usize, scope: &mut Scope, world: &mut dyn World) -> Option<Spoken> {
    let mut measures = vec![];
    graph::walk(scope.hir, part, &mut |_, expr| {
        if let ExprKind::Measure { name, name_span, args } = &expr.kind
            && args.iter().any(|arg| arg.each)
        {
            measures.push((name.clone(), *name_span, args.clone()));
        }
    });
    measures.into_iter().find_map(|(name, name_span, args)| {
        let args = super::arguments(&args, scope, world).ok()?;
        let call = MeasureCall { name, name_span, args };
        let cells = match &*call.name {
            "in_degree" | "out_degree" | "weight_sum" => Spoken::Synapses(selection(&call, scope).ok()?),
            _ => match call.args.first()?.value.clone() {
                Thing::Member { view, .. } => Spoken::Cells(view),
                other => Spoken::Cells(view_of(other, name_span, scope).ok()?),
            },
        };
        (cells.view().len() == count).then_some(cells)
    })
}

/// What has a number each.
enum Spoken {
    Cells(View),
    /// Cells, or segments of them, by their synapses.
    Synapses(Selection),
}

impl Spoken {
    fn view(&self) -> &View {
        match self {
            Spoken::Cells(view) => view,
            Spoken::Synapses(selection) => &selection.cells,
        }
    }

    fn name(&self, net: &Net, k: usize) -> String {
        match self {
            Spoken::Cells(view) => cell_name(net, view, k),
            Spoken::Synapses(selection) => selection.name(net, k),
        }
    }
}

/// What is known of a condition without its values.
#[derive(Clone, Debug, PartialEq)]
pub enum Sure {
    Holds,
    /// With the numbers that say why.
    Fails(String),
    No,
}

/// What a number is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    By(BinaryOp, f64),
    Within(f64, f64),
}

impl Wanted {
    pub fn holds(self, value: f64, slack: f64) -> bool {
        match self {
            Wanted::By(op, bound) => compare(op, value, bound, slack),
            Wanted::Within(lo, hi) => {
                compare(BinaryOp::LessEqual, lo, value, slack)
                    && compare(BinaryOp::LessEqual, value, hi, slack)
            }
        }
    }

    /// `4 nS in 1 nS .. 2 nS is false`
    pub fn text(self, value: &str, show: &dyn Fn(f64) -> String) -> String {
        match self {
            Wanted::By(op, bound) => {
                format!("{value} {} {} is false", crate::net_print::operator(op), show(bound))
            }
            Wanted::Within(lo, hi) => format!("{value} in {} .. {} is false", show(lo), show(hi)),
        }
    }
}
