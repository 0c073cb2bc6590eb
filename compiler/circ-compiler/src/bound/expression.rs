//! Bounds of expressions.
//!
//! In: an expression and its [`Site`]. Out: an [`Estimate`], and on the way the demands of its parts: divisors,
//! arguments of distributions, probabilities. Functions are looked into with the bounds of their arguments. A chain of
//! binary operators is followed in a loop.

use super::{Bounds, DemandKind, Estimate, MAX_DEPTH, MOST_STEPS, MOST_STEPS_IN_ALL, Place, Site, of_value};
use crate::eval::number;
use crate::hir::{Builtin, ExprId, ExprKind, FunctionId, Index, LocalId, Reduce, Ref};
use crate::interval::{self, Interval, Truth};
use crate::types::Type;
use circ_grammar::ast::{BinaryOp, UnaryOp};
use circ_plan::ir::Distribution;
use smallvec::SmallVec;

/// Longer sums are bounded as a whole.
const MOST_TERMS: f64 = 32.0;

impl Bounds<'_> {
    pub(super) fn expression(&mut self, expr: ExprId, site: &mut Site) -> Estimate {
        self.steps += 1;
        self.steps_in_all += 1;
        if MAX_DEPTH <= self.depth || MOST_STEPS < self.steps || MOST_STEPS_IN_ALL < self.steps_in_all {
            return Estimate::unknown();
        }
        self.depth += 1;
        let found = self.kind(expr, site);
        self.depth -= 1;
        self.as_typed(expr, found)
    }

    fn as_typed(&self, expr: ExprId, found: Estimate) -> Estimate {
        match self.types.exprs.get(expr.index()) {
            Some(Type::Int) => Estimate { interval: found.interval.as_int(), ..found },
            _ => found,
        }
    }

    fn kind(&mut self, expr: ExprId, site: &mut Site) -> Estimate {
        let hir = self.hir;
        match &hir.expr(expr).kind {
            ExprKind::Number { value, .. } => Estimate::of(Interval::point(*value)),
            ExprKind::Bool(b) => Estimate::truth(Truth::of(*b)),
            ExprKind::Ref(name) => {
                let found = self.reference(*name, site);
                self.narrowed(expr, found, site)
            }
            ExprKind::Unary { op, value } => self.unary(*op, *value, site),
            ExprKind::Binary { .. } => self.chain(expr, site),
            ExprKind::InRange { value, lo, hi } => {
                let [value, lo, hi] = [*value, *lo, *hi].map(|part| self.expression(part, site));
                let truth =
                    lo.interval.is_at_most(value.interval).and(value.interval.is_at_most(hi.interval));
                Estimate::truth(truth).shaped(&[&value, &lo, &hi])
            }
            ExprKind::If { condition, then, otherwise } => self.choice(*condition, *then, *otherwise, site),
            ExprKind::Call { builtin, args } => self.call(*builtin, args, site),
            ExprKind::CallFn { function, args } => self.call_function(*function, args, site),
            ExprKind::Draw { distribution, args } => self.draw(expr, *distribution, args, site),
            ExprKind::Redraw { value, lo, hi } => {
                let [value, lo, hi] = [*value, *lo, *hi].map(|part| self.expression(part, site));
                // The bounds hold whatever is known of the rest.
                let open = value.open && !(lo.interval.is_bounded() || hi.interval.is_bounded());
                let interval = interval::redraw(value.interval, lo.interval, hi.interval);
                Estimate::of(interval).opened(open || lo.open || hi.open)
            }
            ExprKind::Chance(p) => {
                let found = self.expression(*p, site);
                self.demand(*p, &found, DemandKind::Chance, site);
                let below = Interval { lo: 0.0, hi: 1.0_f64.next_down(), nan: false };
                Estimate::truth(below.is_less(found.interval)).opened(found.open)
            }
            ExprKind::Rising(condition) => {
                let found = self.expression(*condition, site);
                let can = if found.as_truth() == Truth::Never { Truth::Never } else { Truth::Maybe };
                Estimate::truth(can).opened(found.open)
            }
            ExprKind::Noise(_) | ExprKind::Derivative(_) => Estimate::finite(),
            ExprKind::Reduce { reduce, value, over } => self.reduction(*reduce, *value, *over, site),
            ExprKind::Array(items) => self.array(items, site),
            ExprKind::Index { base, indices } => self.index(*base, indices, site),
            ExprKind::Field { base, name, .. } => {
                let found = self.field(*base, name, site);
                self.narrowed(expr, found, site)
            }
            ExprKind::InView { .. } => Estimate::truth(Truth::Maybe),
            ExprKind::Measure { name, .. } => measured(name),
            ExprKind::Text(_) | ExprKind::Tuple(_) => Estimate::unknown(),
            ExprKind::OfSegment { .. } | ExprKind::Error => Estimate::unknown(),
        }
    }

    fn reference(&mut self, name: Ref, site: &mut Site) -> Estimate {
        match name {
            Ref::Time => site.time.clone(),
            Ref::Step => Estimate::of(Interval::point(self.net.dt)),
            Ref::Pi => Estimate::of(Interval::point(std::f64::consts::PI)),
            Ref::Infinity => Estimate::of(Interval::point(f64::INFINITY)),
            Ref::CellIndex | Ref::Row | Ref::Col | Ref::Layer | Ref::Size => self.cell_place(name, site),
            Ref::Distance => self.distance(site),
            Ref::Weight => self.weight(site),
            Ref::Pre | Ref::Post | Ref::Edge | Ref::SegmentIndex => Estimate::unknown(),
            Ref::Local(local) => {
                let found = site.locals.iter().rev().find(|(bound, _)| *bound == local);
                found.map_or_else(Estimate::unknown, |(_, value)| value.clone())
            }
            Ref::Var(var) => match site.place {
                Place::Cell(population) => self.variable(population, var),
                Place::Pair(projection) => self.of_rule(projection, var, site),
                Place::Drive(_) | Place::Outside => Estimate::unknown(),
            },
            Ref::Mode(_) => Estimate::truth(Truth::Maybe),
            Ref::Global(global) => self.net.globals.get(&global).map_or_else(Estimate::unknown, of_value),
            Ref::Slot(slot) => match site.environment.and_then(|at| self.net.slot(at, slot)) {
                Some(value) => of_value(value),
                None => self.protocol_slot(slot, site),
            },
            Ref::OfCircuit(slot) => {
                let value = site.environment.and_then(|at| self.net.circuit_slot(at, slot));
                value.map_or_else(Estimate::unknown, of_value)
            }
        }
    }

    fn unary(&mut self, op: UnaryOp, value: ExprId, site: &mut Site) -> Estimate {
        let value = self.expression(value, site);
        let interval = match op {
            UnaryOp::Negate => -value.interval,
            UnaryOp::Not => (!value.as_truth()).interval(),
        };
        let not_zero = op == UnaryOp::Negate && value.not_zero;
        Estimate { interval, not_zero, known: None, ..value }
    }

    /// `a + b + c + ...` from the left, in a loop.
    fn chain(&mut self, expr: ExprId, site: &mut Site) -> Estimate {
        let mut links: SmallVec<[_; 4]> = SmallVec::new();
        let mut first = expr;
        while let ExprKind::Binary { op, left, right } = &self.hir.expr(first).kind {
            links.push((*op, *left, *right, first));
            first = *left;
        }
        let mut value = self.expression(first, site);
        for (op, left, right, link) in links.into_iter().rev() {
            self.steps += 1;
            self.steps_in_all += 1;
            value = match op {
                // What stands to the right of `and` matters only where the left holds.
                BinaryOp::And | BinaryOp::Or if value.count.is_none() => {
                    let holds = op == BinaryOp::And;
                    let right =
                        self.where_holds(left, holds, site, |this, site| this.expression(right, site));
                    let (a, b) = (value.as_truth(), right.as_truth());
                    let truth = if holds { a.and(b) } else { a.or(b) };
                    Estimate::truth(truth).shaped(&[&value, &right])
                }
                _ => {
                    let found = self.expression(right, site);
                    if op == BinaryOp::Divide {
                        self.demand(right, &found, DemandKind::Divisor, site);
                    }
                    self.binary(op, value, found)
                }
            };
            value = self.as_typed(link, value);
        }
        value
    }

    fn binary(&mut self, op: BinaryOp, left: Estimate, right: Estimate) -> Estimate {
        let (x, y) = (left.interval, right.interval);
        let interval = match op {
            BinaryOp::Add => x + y,
            BinaryOp::Subtract => x - y,
            BinaryOp::Multiply => x * y,
            BinaryOp::Divide if right.not_zero => x / y.without_zero(),
            BinaryOp::Divide => x / y,
            BinaryOp::Power => x.power(y),
            BinaryOp::And => left.as_truth().and(right.as_truth()).interval(),
            BinaryOp::Or => left.as_truth().or(right.as_truth()).interval(),
            _ => x.compare(op, y).interval(),
        };
        Estimate::of(interval).shaped(&[&left, &right])
    }

    fn choice(&mut self, condition: ExprId, then: ExprId, otherwise: ExprId, site: &mut Site) -> Estimate {
        let decided = self.expression(condition, site);
        let mut branch = |this: &mut Self, holds: bool| {
            let branch = if holds { then } else { otherwise };
            this.where_holds(condition, holds, site, |this, site| this.expression(branch, site))
        };
        // A branch that is never taken demands nothing.
        match decided.as_truth() {
            Truth::Always => branch(self, true),
            Truth::Never => branch(self, false),
            Truth::Maybe => {
                let then = branch(self, true);
                then.hull(branch(self, false))
            }
        }
    }

    fn call(&mut self, builtin: Builtin, args: &[ExprId], site: &mut Site) -> Estimate {
        let values: Vec<Estimate> = args.iter().map(|arg| self.expression(*arg, site)).collect();
        let demand = match builtin {
            Builtin::Sqrt => Some((0, DemandKind::Root)),
            Builtin::Log | Builtin::Log10 => Some((0, DemandKind::Logarithm)),
            Builtin::Mod => Some((1, DemandKind::Divisor)),
            _ => None,
        };
        if let Some((at, kind)) = demand
            && let (Some(expr), Some(value)) = (args.get(at), values.get(at))
        {
            self.demand(*expr, value, kind, site);
        }
        let whole = args.iter().all(|arg| self.types.exprs.get(arg.index()) == Some(&Type::Int));
        let intervals: Vec<Interval> = values.iter().map(|value| value.interval).collect();
        let interval = match intervals[..] {
            [x, y] if builtin == Builtin::Mod && whole => interval::whole_remainder(x, y),
            _ => interval::call(builtin, &intervals),
        };
        let values: Vec<&Estimate> = values.iter().collect();
        let found = Estimate::of(interval).shaped(&values);
        // Bounds that are written are known, whatever they hold in.
        let bounded = match (builtin, &intervals[..]) {
            (Builtin::Clamp, [_, lo, hi]) => lo.is_bounded() && hi.is_bounded(),
            _ => false,
        };
        let others_open = values.iter().skip(1).any(|value| value.open);
        if bounded { Estimate { open: others_open, ..found } } else { found }
    }

    fn call_function(&mut self, function: FunctionId, args: &[ExprId], site: &mut Site) -> Estimate {
        let Some(function) = self.hir.functions.get(function.index()) else { return Estimate::unknown() };
        let args: Vec<Estimate> = args.iter().map(|arg| self.expression(*arg, site)).collect();
        let before = site.locals.len();
        site.locals.extend(function.formals.iter().copied().zip(args));
        let found = self.expression(function.body, site);
        site.locals.truncate(before);
        found
    }

    fn draw(
        &mut self,
        expr: ExprId,
        distribution: Distribution,
        args: &[ExprId],
        site: &mut Site,
    ) -> Estimate {
        let values: Vec<Estimate> = args.iter().map(|arg| self.expression(*arg, site)).collect();
        for (at, (arg, value)) in args.iter().zip(&values).enumerate() {
            self.demand(*arg, value, DemandKind::Argument(distribution, at), site);
        }
        if let (Distribution::Uniform, [lo, hi], [_, end]) = (distribution, &values[..], args) {
            let width = Estimate::of(hi.interval - lo.interval).opened(lo.open || hi.open);
            self.demand(*end, &width, DemandKind::Span, site);
        }
        let step = match self.types.draws_poisson_rate.contains(&expr) {
            true => Interval::point(self.net.dt),
            false => Interval::point(1.0),
        };
        let interval = |at: usize| values.get(at).map_or(Interval::point(0.0), |value| value.interval * step);
        let open = values.iter().any(|value| value.open);
        Estimate::of(interval::draw(distribution, [interval(0), interval(1)])).opened(open)
    }

    fn reduction(
        &mut self,
        reduce: Reduce,
        value: ExprId,
        over: Option<(LocalId, ExprId, ExprId)>,
        site: &mut Site,
    ) -> Estimate {
        let Some((index, lo, hi)) = over else {
            let array = self.expression(value, site);
            let count = match (array.count, self.types.expr(value)) {
                (Some(count), _) => count,
                // As many as there are cells, of `count(each A)`.
                (None, Type::Array(..)) => Interval { lo: 0.0, hi: f64::MAX, nan: false },
                (None, _) => Interval::point(1.0),
            };
            return Estimate::of(interval::reduce(reduce, array.interval, count)).opened(array.open);
        };
        let (lo, hi) = (self.expression(lo, site), self.expression(hi, site));
        let open = lo.open || hi.open;
        if let (Reduce::Sum, Some(first), Some(end)) = (reduce, lo.interval.single(), hi.interval.single())
            && end - first <= MOST_TERMS
        {
            return self.sum(index, (first, end), value, site).opened(open);
        }
        let count = hi.interval - lo.interval;
        let through = Interval { lo: lo.interval.lo, hi: hi.interval.hi - 1.0, nan: false };
        let element = self.with_local(index, Estimate::of(through).opened(open), value, site);
        Estimate::of(interval::reduce(reduce, element.interval, count)).opened(element.open || open)
    }

    /// Term by term.
    fn sum(&mut self, index: LocalId, (first, end): (f64, f64), value: ExprId, site: &mut Site) -> Estimate {
        let mut sum = Estimate::of(Interval::point(0.0));
        let mut k = first;
        while k < end {
            let term = self.with_local(index, Estimate::of(Interval::point(k)), value, site);
            sum = Estimate::of(sum.interval + term.interval).opened(sum.open || term.open);
            k += 1.0;
        }
        sum
    }

    fn with_local(&mut self, local: LocalId, value: Estimate, expr: ExprId, site: &mut Site) -> Estimate {
        site.locals.push((local, value));
        let found = self.expression(expr, site);
        site.locals.pop();
        found
    }

    fn array(&mut self, items: &[ExprId], site: &mut Site) -> Estimate {
        let mut all = Estimate::of(Interval::EMPTY);
        let mut count = Interval::point(0.0);
        for item in items {
            let item = self.expression(*item, site);
            count = count + item.count.unwrap_or(Interval::point(1.0));
            all = Estimate::of(all.interval.hull(item.interval)).opened(all.open || item.open);
        }
        Estimate { count: Some(count), ..all }
    }

    /// An element that is known, else one of all.
    fn index(&mut self, base: ExprId, indices: &[Index], site: &mut Site) -> Estimate {
        let array = self.expression(base, site);
        let mut at = vec![];
        let mut one = true;
        for index in indices {
            match index {
                Index::At(index) => {
                    let found = self.expression(*index, site);
                    one &= found.count.is_none();
                    at.push(found.interval.single());
                }
                Index::Range(..) | Index::Where(_) => one = false,
            }
        }
        if let (true, Some(known), Some(at)) =
            (one, &array.known, at.into_iter().collect::<Option<Vec<f64>>>())
            && let Some(found) = element(known, &at)
        {
            return Estimate::of(found);
        }
        let rest = array.known.as_ref().map_or(1, |known| known.shape.len()) > indices.len();
        let count = match (one && !rest, array.count) {
            (true, _) => None,
            (false, count) => count.map(|count| Interval { lo: 0.0, ..count }),
        };
        Estimate { count, known: None, ..array }
    }
}

impl Estimate {
    /// An array where one of the operands is; open where one of them is.
    fn shaped(self, operands: &[&Estimate]) -> Estimate {
        let count = operands.iter().find_map(|operand| operand.count);
        let open = operands.iter().any(|operand| operand.open);
        Estimate { count, open: self.open || open, ..self }
    }
}

impl Interval {
    /// Of a divisor that is known not to be 0 although it may have either sign.
    fn without_zero(self) -> Interval {
        if self.lo == 0.0 && 0.0 < self.hi {
            Interval { lo: f64::from_bits(1), ..self }
        } else if self.hi == 0.0 && self.lo < 0.0 {
            Interval { hi: -f64::from_bits(1), ..self }
        } else {
            self
        }
    }
}

/// One element, by one index for each dimension.
fn element(array: &crate::types::ArrayValue, at: &[f64]) -> Option<Interval> {
    if at.len() != array.shape.len() {
        return None;
    }
    let mut position = 0;
    for (at, size) in at.iter().zip(&array.shape) {
        let at = number::whole(*at).and_then(|at| u64::try_from(at).ok()).filter(|at| at < size)?;
        position = position * size + at;
    }
    array.data.get(position as usize).map(|x| Interval::point(*x))
}

/// What a measure can be, whatever was run. Measures of intervals between spikes are NaN where there are too few.
fn measured(name: &str) -> Estimate {
    let (lo, hi, nan) = match name {
        "rate" | "count" | "in_degree" | "out_degree" => (0.0, f64::MAX, false),
        "cv_isi" | "fano" | "isi" | "first_spike" => (0.0, f64::INFINITY, true),
        "balance" | "synchrony" => (0.0, 1.0, true),
        "correlation" => (-1.0, 1.0, true),
        "accuracy" => (0.0, 1.0, false),
        _ => return Estimate::unknown(),
    };
    Estimate { open: true, ..Estimate::of(Interval { lo, hi, nan }) }
}
