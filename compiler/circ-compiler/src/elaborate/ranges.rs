//! Ranges: between which numbers degrees and sums of weights lie, cell by cell, whatever is drawn.
//!
//! In: a comparison of a `require`, when all projections are there. Out: whether it holds for sure, or fails for sure.
//! A sum lies between the fewest synapses times the smallest weight and the most times the largest. Why here: what is
//! proved needs no network, and what can not hold is told before one is built.

use super::Elaborator;
use super::planned::{self, Planned};
use crate::bound::{Bounds, Consider, Place, Site};
use crate::eval;
use crate::eval::judge::{self, Bound, Comparison, SLACK, Sure};
use crate::eval::synapses::Selection;
use crate::hir::{ExprId, ExprKind, Reduce};
use crate::interval::{self, Interval, Truth};
use crate::net::EnvironmentId;
use crate::resolve::graph;
use crate::types::{Dimension, Value};
use circ_grammar::ast::{BinaryOp, UnaryOp};
use circ_plan::plan::Sign;

/// Deeper expressions are left to the build.
const MAX_DEPTH: u32 = 64;
/// How far a stored sum may lie from the exact one, and still more: weights are stored in single precision, and
/// comparisons of sums have a slack of their own.
const STORED: f64 = 2.0 * SLACK;
/// Below the smallest normal number of single precision a weight may be stored as 0.
const LOST: f64 = 1e-37;

/// Between which numbers a value lies: one for all, or one for each cell.
struct Ranges {
    each: Vec<Interval>,
    cells: Option<Selection>,
}

impl Ranges {
    fn one(range: Interval) -> Ranges {
        Ranges { each: vec![range], cells: None }
    }

    fn at(&self, k: usize) -> Interval {
        let one = self.each.len() == 1 && self.cells.is_none();
        self.each.get(if one { 0 } else { k }).copied().unwrap_or(Interval::UNKNOWN)
    }

    fn map(self, f: impl Fn(Interval) -> Interval) -> Ranges {
        Ranges { each: self.each.into_iter().map(f).collect(), ..self }
    }
}

/// By element; `None` where two speak of different numbers of cells.
fn together(all: Vec<Ranges>, f: impl Fn(&[Interval]) -> Interval) -> Option<Ranges> {
    let of_cells: Vec<&Ranges> = all.iter().filter(|it| it.cells.is_some()).collect();
    let count = of_cells.first().map_or(1, |it| it.each.len());
    if of_cells.iter().any(|it| it.each.len() != count) {
        return None;
    }
    let mut of_one = Vec::with_capacity(all.len());
    let each = (0..count).map(|k| {
        of_one.clear();
        of_one.extend(all.iter().map(|it| it.at(k)));
        f(&of_one)
    });
    let each = each.collect();
    Some(Ranges { each, cells: all.into_iter().find_map(|it| it.cells) })
}

impl Elaborator<'_> {
    /// Whether a comparison holds whatever is drawn when the network is built.
    pub(super) fn by_ranges(&self, part: ExprId, environment: EnvironmentId) -> Sure {
        self.try_ranges(part, environment).unwrap_or(Sure::No)
    }

    fn try_ranges(&self, part: ExprId, environment: EnvironmentId) -> Option<Sure> {
        let Comparison { measured, bound } = judge::comparison(self.hir, part)?;
        let slack = if judge::slack(self.hir, part) == 0.0 { 0.0 } else { STORED };
        let read = |expr| Some(self.ranges(expr, environment, 0)?.map(|range| loosened(range, slack)));
        let left = read(measured)?;
        let (op, right) = match bound {
            Bound::By(op, right) => (Some(op), vec![read(right)?]),
            Bound::Within(lo, hi) => (None, vec![read(lo)?, read(hi)?]),
        };
        let sides: Vec<&Ranges> = [&left].into_iter().chain(&right).collect();
        let of_cells: Vec<&Ranges> = sides.iter().filter(|it| it.cells.is_some()).copied().collect();
        let count = of_cells.first().map_or(1, |it| it.each.len());
        if of_cells.iter().any(|it| it.each.len() != count) {
            return None;
        }
        let mut all = Truth::Always;
        for k in 0..count {
            let truth = match op {
                Some(op) => left.at(k).compare(op, right[0].at(k)),
                None => right[0].at(k).is_at_most(left.at(k)).and(left.at(k).is_at_most(right[1].at(k))),
            };
            if truth == Truth::Never {
                let dimension = self.dimension(measured);
                return Some(Sure::Fails(self.failing(op, &left, &right, k, dimension)));
            }
            all = all.and(truth);
        }
        Some(if all == Truth::Always { Sure::Holds } else { Sure::No })
    }

    /// `` `E[0]` has 0 to 25, which is not > 25 ``
    fn failing(
        &self,
        op: Option<BinaryOp>,
        left: &Ranges,
        right: &[Ranges],
        k: usize,
        dimension: Dimension,
    ) -> String {
        let text = |ranges: &Ranges| text(ranges.at(k), dimension);
        let has = |cells: &Selection, has: String| format!("`{}` has {has}", cells.name(&self.net, k));
        match (op, &left.cells, right) {
            (Some(op), None, [other @ Ranges { cells: Some(cells), .. }]) => {
                let op = crate::net_print::operator(turned(op));
                format!("{}, which is not {op} {}", has(cells, text(other)), text(left))
            }
            (op, cells, right) => {
                let subject = match cells {
                    Some(cells) => has(cells, text(left)),
                    None => format!("this is {}", text(left)),
                };
                let asked = match (op, right) {
                    (Some(op), [right]) => format!("{} {}", crate::net_print::operator(op), text(right)),
                    (_, right) => {
                        format!("in {}", right.iter().map(text).collect::<Vec<_>>().join(" .. "))
                    }
                };
                format!("{subject}, which is not {asked}")
            }
        }
    }

    fn ranges(&self, expr: ExprId, environment: EnvironmentId, depth: u32) -> Option<Ranges> {
        if MAX_DEPTH < depth {
            return None;
        }
        let inner = |expr: &ExprId| self.ranges(*expr, environment, depth + 1);
        match &self.hir.expr(expr).kind {
            ExprKind::Measure { name, .. } => self.measured(name, expr, environment),
            _ if !self.measures(expr) => self.known(expr, environment),
            ExprKind::Unary { op: UnaryOp::Negate, value } => Some(inner(value)?.map(|range| -range)),
            ExprKind::Binary { op, left, right } => {
                let operation: fn(Interval, Interval) -> Interval = match op {
                    BinaryOp::Add => |a, b| a + b,
                    BinaryOp::Subtract => |a, b| a - b,
                    BinaryOp::Multiply => |a, b| a * b,
                    BinaryOp::Divide => |a, b| a / b,
                    _ => return None,
                };
                together(vec![inner(left)?, inner(right)?], |sides| operation(sides[0], sides[1]))
            }
            ExprKind::Call { builtin, args } => {
                let args = args.iter().map(inner).collect::<Option<Vec<_>>>()?;
                together(args, |args| interval::call(*builtin, args))
            }
            ExprKind::Reduce { reduce, value, over: None } => {
                reduced(*reduce, &inner(value)?.each).map(Ranges::one)
            }
            _ => None,
        }
    }

    fn measures(&self, expr: ExprId) -> bool {
        let mut found = false;
        graph::walk(self.hir, expr, &mut |_, expr| found |= matches!(expr.kind, ExprKind::Measure { .. }));
        found
    }

    /// What is one number, whatever is drawn.
    fn known(&self, expr: ExprId, environment: EnvironmentId) -> Option<Ranges> {
        let mut world = Planned { hir: self.hir, types: self.types, net: &self.net };
        match eval::eval(expr, &mut self.scope(environment), &mut world).ok()? {
            Value::Int(n) => Some(Ranges::one(Interval::whole(n))),
            Value::Real(x) => Some(Ranges::one(Interval::point(x))),
            _ => None,
        }
    }

    fn measured(&self, name: &str, measure: ExprId, environment: EnvironmentId) -> Option<Ranges> {
        let selection = match name {
            "in_degree" | "out_degree" | "weight_sum" => self.planned_selection(measure, environment).ok()?,
            _ => return None,
        };
        let each = match name {
            "weight_sum" => self.sums(&selection)?,
            _ => planned::bounds(&selection, &self.net)
                .into_iter()
                .map(|(lo, hi)| Interval::new(lo, hi))
                .collect(),
        };
        Some(Ranges { each, cells: Some(selection) })
    }

    fn sums(&self, selection: &Selection) -> Option<Vec<Interval>> {
        let enforced = self.enforced.iter().find(|enforced| enforced.left == *selection);
        if let Some(value) = enforced.and_then(|enforced| enforced.value) {
            return Some(vec![loosened(Interval::point(value), STORED); selection.cells.len()]);
        }
        let mut known = Bounds::new(self.hir, self.types, &self.net);
        known.consider_sets(Consider::Built);
        let mut sums = vec![Interval::point(0.0); selection.cells.len()];
        for sheaf in &selection.sheaves {
            let projection = self.net.projections.get(sheaf.projection as usize)?;
            let weight = self.weight_range(sheaf.projection, &mut known);
            planned::of_sheaf(selection, sheaf, projection, &self.net, |place, counts| {
                sums[place] = sums[place] + times(counts, weight);
                Some(())
            });
        }
        Some(sums)
    }

    /// What a weight of a projection can be, as it is stored. One of another sign, or not finite, is refused when the
    /// network is built.
    fn weight_range(&self, projection: u32, known: &mut Bounds) -> Interval {
        let net = &self.net;
        // The other direction of a symmetric one has the weights of the first.
        let at = net.projections[projection as usize].mirrored().unwrap_or(projection);
        let Some(of) = net.projections.get(at as usize) else { return Interval::UNKNOWN };
        let signed = match of.sign {
            Sign::NotNegative => Interval { lo: 0.0, ..Interval::FINITE },
            Sign::NotPositive => Interval { hi: 0.0, ..Interval::FINITE },
            Sign::Free => Interval::FINITE,
        };
        // What is scaled or set keeps its sign, and nothing else.
        if of.scaled || of.set {
            return signed;
        }
        let written = known.setting(&of.weight, &Site::new(Place::Pair(at), None)).interval;
        let stored = loosened(written.without_nan().meet(Interval::FINITE), STORED);
        Interval { lo: stored.lo - LOST, hi: stored.hi + LOST, nan: false }.meet(signed)
    }
}

/// `n` weights, of which each lies in a range.
fn times((fewest, most): (f64, f64), weight: Interval) -> Interval {
    if most == 0.0 || weight.is_empty() {
        return Interval::point(0.0);
    }
    let product = |n: f64, weight: f64| if n == 0.0 || weight == 0.0 { 0.0 } else { n * weight };
    let lo = product(if weight.lo < 0.0 { most } else { fewest }, weight.lo);
    let hi = product(if weight.hi < 0.0 { fewest } else { most }, weight.hi);
    Interval { lo, hi, nan: false }
}

/// With a little more on both sides.
fn loosened(range: Interval, share: f64) -> Interval {
    match share == 0.0 || range.is_empty() {
        true => range,
        false => {
            Interval { lo: range.lo - share * range.lo.abs(), hi: range.hi + share * range.hi.abs(), ..range }
        }
    }
}

fn reduced(reduce: Reduce, each: &[Interval]) -> Option<Interval> {
    let first = *each.first()?;
    let rest = &each[1..];
    let sum = || rest.iter().fold(first, |sum, range| sum + *range);
    match reduce {
        Reduce::Sum => Some(sum()),
        Reduce::Mean => Some(sum() / Interval::point(each.len() as f64)),
        Reduce::Min | Reduce::Max => {
            let builtin =
                if reduce == Reduce::Min { crate::hir::Builtin::Min } else { crate::hir::Builtin::Max };
            Some(rest.iter().fold(first, |all, range| interval::call(builtin, &[all, *range])))
        }
        Reduce::Std | Reduce::Product | Reduce::Any | Reduce::All | Reduce::Count | Reduce::Argmax => None,
    }
}

/// `0 to 25`, `3 nS or more`; bounds are shown as exactly as anyone writes them.
fn text(range: Interval, dimension: Dimension) -> String {
    let show = |x: f64| crate::units::show(x, dimension);
    let (lo, hi) = (show(significant(range.lo)), show(significant(range.hi)));
    let wide = |x: f64| 1e300 < x.abs();
    match () {
        () if lo == hi => lo,
        () if wide(range.lo) && wide(range.hi) => "any number".into(),
        () if wide(range.hi) => format!("{lo} or more"),
        () if wide(range.lo) => format!("{hi} or less"),
        () => format!("{lo} to {hi}"),
    }
}

/// To five digits: what is shown is looser in the sixth.
fn significant(x: f64) -> f64 {
    if x.abs() < LOST * 1e6 { 0.0 } else { format!("{x:.4e}").parse().unwrap_or(x) }
}

/// The comparison with its sides exchanged.
fn turned(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        other => other,
    }
}
