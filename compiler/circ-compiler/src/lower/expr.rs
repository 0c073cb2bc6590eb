//! Expressions: from HIR to values of a kernel program.
//!
//! In: an expression of a checked program and the [`Lowerer`]'s site. Out: its value. Functions are
//! inlined, arrays and sums unrolled; what the language can say and a kernel can not yet is refused.

use circ_grammar::ast::{BinaryOp, Span, UnaryOp};
use circ_plan::ir::*;

use super::context::{Lowerer, Site};
use super::value::{Lowered, shape_of};
use crate::diagnose::structure::not_yet;
use crate::diagnose::value::too_large;
use crate::hir::{ExprId, ExprKind, FunctionId, Ref};
use crate::types::{Type, Value};

/// Powers up to this are products.
const MOST_PRODUCTS: f64 = 16.0;
/// Expressions of a program: functions that call functions twice double what they say with every level.
const MOST_WORK: usize = 100_000;

impl Lowerer<'_, '_, '_> {
    /// The value of an expression.
    pub fn expr(&mut self, id: ExprId) -> Lowered {
        let source = self.source;
        let expr = source.hir.expr(id);
        self.work += 1;
        if MOST_WORK <= self.work {
            return self.given_up(expr.span);
        }
        let value = self.kind(id, &expr.kind, expr.span);
        let value = self.as_checked(id, value);
        if let Lowered::One(value) = value {
            self.made_by(value, expr.span);
        }
        value
    }

    /// Says once that there is too much of it, and goes on with 1, which may stand anywhere.
    fn given_up(&mut self, span: Span) -> Lowered {
        if self.work == MOST_WORK {
            let at = self.call.unwrap_or(span);
            self.report.push(too_large(at, "holds too many operations, once every function is written out"));
        }
        Lowered::One(self.b.float(1.0))
    }

    /// The value of an expression that is one number, as a `Float`.
    pub fn float(&mut self, id: ExprId) -> ValueId {
        let value = self.one(id);
        self.as_float(value)
    }

    /// The value of an expression that is a whole number.
    pub fn int(&mut self, id: ExprId) -> ValueId {
        let value = self.one(id);
        self.as_int(value)
    }

    /// The value of an expression that is true or false.
    pub fn truth(&mut self, id: ExprId) -> ValueId {
        let value = self.one(id);
        self.as_bool(value)
    }

    /// The value of an expression that is no array.
    pub fn one(&mut self, id: ExprId) -> ValueId {
        let span = self.source.hir.expr(id).span;
        let value = self.expr(id);
        self.scalar(value, span)
    }

    /// The only element of what should be one value.
    pub fn scalar(&mut self, value: Lowered, span: Span) -> ValueId {
        match value {
            Lowered::One(value) => value,
            Lowered::Many { .. } | Lowered::Known(_) => {
                self.report.push(not_yet(span, "an array as the value of a cell's variable"));
                self.b.float(0.0)
            }
        }
    }

    /// As a `Float`.
    pub fn as_float(&mut self, value: ValueId) -> ValueId {
        match self.b.ty(value) {
            Ty::Float => value,
            Ty::Int | Ty::Tick => self.b.to_float(value),
            Ty::Bool => {
                let (one, zero) = (self.b.float(1.0), self.b.float(0.0));
                self.b.select(value, one, zero)
            }
        }
    }

    /// As an `Int`.
    pub fn as_int(&mut self, value: ValueId) -> ValueId {
        match self.b.ty(value) {
            Ty::Int => value,
            Ty::Float => self.b.to_int(value),
            Ty::Bool => {
                let (one, zero) = (self.b.int(1), self.b.int(0));
                self.b.select(value, one, zero)
            }
            Ty::Tick => {
                let float = self.b.to_float(value);
                self.b.to_int(float)
            }
        }
    }

    /// As a truth value: whether it is not 0.
    pub fn as_bool(&mut self, value: ValueId) -> ValueId {
        match self.b.ty(value) {
            Ty::Bool => value,
            Ty::Float => {
                let zero = self.b.float(0.0);
                self.b.ne(value, zero)
            }
            Ty::Int => {
                let zero = self.b.int(0);
                self.b.ne(value, zero)
            }
            Ty::Tick => {
                let zero = self.b.tick(0);
                self.b.ne(value, zero)
            }
        }
    }

    /// As a value of this type.
    pub fn to(&mut self, ty: Ty, value: ValueId) -> ValueId {
        match ty {
            Ty::Float => self.as_float(value),
            Ty::Int => self.as_int(value),
            Ty::Bool => self.as_bool(value),
            Ty::Tick => value,
        }
    }

    /// A whole number that is an `Int` by its context is one here.
    fn as_checked(&mut self, id: ExprId, value: Lowered) -> Lowered {
        match (self.source.ty(id), &value) {
            (Type::Int, Lowered::One(one)) if self.b.ty(*one) == Ty::Float => {
                Lowered::One(self.b.to_int(*one))
            }
            _ => value,
        }
    }

    fn kind(&mut self, id: ExprId, kind: &ExprKind, span: Span) -> Lowered {
        match kind {
            ExprKind::Number { value, .. } => Lowered::One(self.b.float(*value)),
            ExprKind::Bool(x) => Lowered::One(self.b.bool(*x)),
            ExprKind::Ref(reference) => self.reference(*reference, span),
            ExprKind::Unary { op, value } => {
                let value = self.expr(*value);
                self.each(value, |this, x| this.unary(*op, x))
            }
            ExprKind::Binary { op, left, right } => {
                let (left_value, right_value) = (self.expr(*left), self.expr(*right));
                self.pairs(left_value, right_value, span, |this, x, y| this.binary(*op, x, y, span))
            }
            ExprKind::InRange { value, lo, hi } => {
                let (value, lo, hi) = (self.expr(*value), self.one(*lo), self.one(*hi));
                self.each(value, |this, x| {
                    let above = this.compare(Compare::Le, lo, x);
                    let below = this.compare(Compare::Le, x, hi);
                    this.b.and(above, below)
                })
            }
            ExprKind::InView { value, view } => self.in_view(*value, *view, span),
            ExprKind::If { condition, then, otherwise } => {
                let condition = self.truth(*condition);
                let not = self.b.not(condition);
                let then = self.where_true(condition, |this| this.expr(*then));
                let otherwise = self.where_true(not, |this| this.expr(*otherwise));
                self.pairs(then, otherwise, span, |this, x, y| this.choose(condition, x, y))
            }
            ExprKind::Call { builtin, args } => self.call(*builtin, args, span),
            ExprKind::CallFn { function, args } => self.inline(*function, args, span),
            ExprKind::Draw { distribution, args } => Lowered::One(self.draw(id, *distribution, args)),
            ExprKind::Redraw { value, lo, hi } => Lowered::One(self.redraw(*value, *lo, *hi, span)),
            ExprKind::Noise(source) => Lowered::One(self.noise(*source)),
            ExprKind::Chance(p) => Lowered::One(self.chance(*p, span)),
            ExprKind::Rising(condition) => Lowered::One(self.rising(id, *condition)),
            ExprKind::Derivative(var) => Lowered::One(self.derivative(*var, span)),
            ExprKind::Reduce { reduce, value, over } => self.reduce(*reduce, *value, *over, span),
            ExprKind::Array(elements) => self.array(elements, span),
            ExprKind::Index { base, indices } => self.index(*base, indices, span),
            ExprKind::Field { base, name, .. } => self.field(*base, name, span),
            ExprKind::Text(_) | ExprKind::Tuple(_) => {
                self.refuse(not_yet(span, "this value in a cell or a connection"))
            }
            ExprKind::Measure { .. } => self.refuse(not_yet(span, "a measure in a cell or a connection")),
            ExprKind::OfSegment { .. } => self.missing(span),
            // Already reported.
            ExprKind::Error => Lowered::One(self.b.float(0.0)),
        }
    }

    fn reference(&mut self, reference: Ref, span: Span) -> Lowered {
        match reference {
            Ref::Time => Lowered::One(self.time()),
            Ref::Step => Lowered::One(self.b.float(self.source.net.dt)),
            Ref::CellIndex => Lowered::One(self.cell_index()),
            Ref::Row => Lowered::One(self.coordinate(0)),
            Ref::Col => Lowered::One(self.coordinate(1)),
            Ref::Layer => Lowered::One(self.coordinate(2)),
            Ref::Size => {
                let cells = self.size();
                Lowered::One(self.b.int(cells))
            }
            Ref::SegmentIndex => self.missing(span),
            Ref::Pi => Lowered::One(self.b.float(std::f64::consts::PI)),
            Ref::Infinity => Lowered::One(self.b.float(f64::INFINITY)),
            Ref::Distance => Lowered::One(self.distance(span)),
            Ref::Weight => Lowered::One(self.b.weight()),
            Ref::Pre | Ref::Post | Ref::Edge => self.refuse(not_yet(span, "a cell as a value")),
            Ref::Local(local) => match self.locals.get(&local) {
                Some(value) => value.clone(),
                None => self.missing(span),
            },
            Ref::Var(var) => self.variable(var, span),
            Ref::Mode(mode) => Lowered::One(self.mode_is_on(mode)),
            Ref::Global(global) => match self.source.global(global) {
                Some(value) => self.known(value, span),
                None => self.missing(span),
            },
            Ref::Slot(slot) => match self.environment.and_then(|e| self.source.slot(e, slot)) {
                Some(value) => self.known(value, span),
                None => self.missing(span),
            },
            Ref::OfCircuit(slot) => match self.environment.and_then(|e| self.source.circuit_slot(e, slot)) {
                Some(value) => self.known(value, span),
                None => self.missing(span),
            },
        }
    }

    /// Runs `inner`, whose checks matter only where the mask holds.
    fn where_true<R>(&mut self, mask: ValueId, inner: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.mask;
        self.mask = Some(match outer {
            Some(outer) => self.b.and(outer, mask),
            None => mask,
        });
        let result = inner(self);
        self.mask = outer;
        result
    }

    pub fn missing(&mut self, span: Span) -> Lowered {
        self.refuse(not_yet(span, "this name here"))
    }

    /// A value known when the circuit is built.
    pub fn known(&mut self, value: &Value, span: Span) -> Lowered {
        match value {
            Value::Real(x) => Lowered::One(self.b.float(*x)),
            Value::Int(x) => Lowered::One(self.b.int(*x)),
            Value::Bool(x) => Lowered::One(self.b.bool(*x)),
            Value::Array(array) => Lowered::Known(array.clone()),
            Value::Text(_) | Value::Tuple(_) | Value::View(_) => {
                self.refuse(not_yet(span, "this value in a cell or a connection"))
            }
        }
    }

    /// A function of one value, by element.
    pub fn each(
        &mut self,
        value: Lowered,
        mut function: impl FnMut(&mut Self, ValueId) -> ValueId,
    ) -> Lowered {
        match self.spread(value) {
            Lowered::Many { shape, elements } => {
                let elements = elements.into_iter().map(|x| function(self, x)).collect();
                Lowered::Many { shape, elements }
            }
            Lowered::One(x) => Lowered::One(function(self, x)),
            known @ Lowered::Known(_) => known,
        }
    }

    /// A function of two values, by element; a number goes with every element.
    pub fn pairs(
        &mut self,
        left: Lowered,
        right: Lowered,
        span: Span,
        mut function: impl FnMut(&mut Self, ValueId, ValueId) -> ValueId,
    ) -> Lowered {
        match (self.spread(left), self.spread(right)) {
            (Lowered::One(x), Lowered::One(y)) => Lowered::One(function(self, x, y)),
            (Lowered::One(x), many) => self.each(many, |this, y| function(this, x, y)),
            (many, Lowered::One(y)) => self.each(many, |this, x| function(this, x, y)),
            (Lowered::Many { shape, elements: xs }, Lowered::Many { elements: ys, .. })
                if xs.len() == ys.len() =>
            {
                let elements = xs.into_iter().zip(ys).map(|(x, y)| function(self, x, y)).collect();
                Lowered::Many { shape, elements }
            }
            _ => self.refuse(not_yet(span, "arithmetic of arrays of different shapes")),
        }
    }

    /// A known array as constants.
    pub fn spread(&mut self, value: Lowered) -> Lowered {
        let Lowered::Known(array) = value else { return value };
        let elements = array.data.iter().map(|x| self.element(&array.element, *x)).collect();
        Lowered::Many { shape: shape_of(&array), elements }
    }

    /// A constant of an array's element type.
    pub fn element(&mut self, ty: &Type, x: f64) -> ValueId {
        match ty {
            Type::Int => self.b.int(x as i64),
            Type::Bool => self.b.bool(x != 0.0),
            _ => self.b.float(x),
        }
    }

    fn unary(&mut self, op: UnaryOp, x: ValueId) -> ValueId {
        match op {
            UnaryOp::Negate => {
                let x = if self.b.ty(x) == Ty::Bool { self.as_float(x) } else { x };
                self.b.neg(x)
            }
            UnaryOp::Not => {
                let x = self.as_bool(x);
                self.b.not(x)
            }
        }
    }

    /// An operator of two values.
    pub fn binary(&mut self, op: BinaryOp, x: ValueId, y: ValueId, span: Span) -> ValueId {
        match op {
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply => self.arithmetic(op, x, y, span),
            BinaryOp::Divide => {
                let (x, y) = (self.as_float(x), self.as_float(y));
                self.b.div(x, y)
            }
            BinaryOp::Power => self.power(x, y),
            BinaryOp::Equal => self.compare(Compare::Eq, x, y),
            BinaryOp::NotEqual => self.compare(Compare::Ne, x, y),
            BinaryOp::Less => self.compare(Compare::Lt, x, y),
            BinaryOp::LessEqual => self.compare(Compare::Le, x, y),
            BinaryOp::Greater => self.compare(Compare::Gt, x, y),
            BinaryOp::GreaterEqual => self.compare(Compare::Ge, x, y),
            BinaryOp::And => {
                let (x, y) = (self.as_bool(x), self.as_bool(y));
                self.b.and(x, y)
            }
            BinaryOp::Or => {
                let (x, y) = (self.as_bool(x), self.as_bool(y));
                self.b.or(x, y)
            }
        }
    }

    fn arithmetic(&mut self, op: BinaryOp, x: ValueId, y: ValueId, span: Span) -> ValueId {
        if self.b.ty(x) == Ty::Int && self.b.ty(y) == Ty::Int {
            let (value, overflows) = match op {
                BinaryOp::Subtract => (self.b.sub(x, y), self.b.sub_overflows(x, y)),
                BinaryOp::Multiply => (self.b.mul(x, y), self.b.mul_overflows(x, y)),
                _ => (self.b.add(x, y), self.b.add_overflows(x, y)),
            };
            self.check_not(CheckKind::Overflow, overflows, span, "this number");
            return value;
        }
        let (x, y) = (self.as_float(x), self.as_float(y));
        match op {
            BinaryOp::Subtract => self.b.sub(x, y),
            BinaryOp::Multiply => self.b.mul(x, y),
            _ => self.b.add(x, y),
        }
    }

    /// A comparison; a whole number beside a real is a real.
    pub fn compare(&mut self, compare: Compare, x: ValueId, y: ValueId) -> ValueId {
        let (left, right) = (self.b.ty(x), self.b.ty(y));
        if left == Ty::Bool || right == Ty::Bool {
            let (x, y) = (self.as_bool(x), self.as_bool(y));
            let not_y = self.b.not(y);
            return match compare {
                Compare::Ne => self.b.select(x, not_y, y),
                _ => self.b.select(x, y, not_y),
            };
        }
        if left == right {
            return self.b.compare(compare, x, y);
        }
        let (x, y) = (self.as_float(x), self.as_float(y));
        self.b.compare(compare, x, y)
    }

    /// `if condition then x else y`, of a type that fits both.
    pub fn choose(&mut self, condition: ValueId, x: ValueId, y: ValueId) -> ValueId {
        let (left, right) = (self.b.ty(x), self.b.ty(y));
        match (left, right) {
            (Ty::Bool, Ty::Bool) => self.choose_truth(condition, x, y),
            _ if left == right => self.b.select(condition, x, y),
            _ => {
                let (x, y) = (self.as_float(x), self.as_float(y));
                self.b.select(condition, x, y)
            }
        }
    }

    /// A choice of truth values, by `and` and `or` where one of them is constant.
    pub fn choose_truth(&mut self, condition: ValueId, x: ValueId, y: ValueId) -> ValueId {
        use crate::interpret::apply::Value::Bool;
        match (self.b.constant(x), self.b.constant(y)) {
            (Some(Bool(true)), _) => self.b.or(condition, y),
            (_, Some(Bool(false))) => self.b.and(condition, x),
            (Some(Bool(false)), _) => {
                let not = self.b.not(condition);
                self.b.and(not, y)
            }
            (_, Some(Bool(true))) => {
                let not = self.b.not(condition);
                self.b.or(not, x)
            }
            _ => self.b.select(condition, x, y),
        }
    }

    /// `x ^ y`: products for small whole powers.
    fn power(&mut self, x: ValueId, y: ValueId) -> ValueId {
        let (x, y) = (self.as_float(x), self.as_float(y));
        match self.b.float_constant(y) {
            Some(0.5) => self.b.sqrt(x),
            Some(n) if n.fract() == 0.0 && n.abs() <= MOST_PRODUCTS => {
                let product = self.whole_power(x, n.abs() as u32);
                if n < 0.0 {
                    let one = self.b.float(1.0);
                    self.b.div(one, product)
                } else {
                    product
                }
            }
            _ => self.b.call2(Function::Pow, x, y),
        }
    }

    /// `x^n` by repeated squaring.
    fn whole_power(&mut self, x: ValueId, n: u32) -> ValueId {
        if n == 0 {
            return self.b.float(1.0);
        }
        if n == 1 {
            return x;
        }
        let half = self.whole_power(x, n / 2);
        let square = self.b.mul(half, half);
        if n % 2 == 1 { self.b.mul(square, x) } else { square }
    }

    /// A function's body, with its arguments in place of its formals.
    fn inline(&mut self, function: FunctionId, args: &[ExprId], span: Span) -> Lowered {
        let source = self.source;
        let function = &source.hir.functions[function.index()];
        let values: Vec<Lowered> = args.iter().map(|arg| self.expr(*arg)).collect();
        let old: Vec<_> =
            function.formals.iter().zip(values).map(|(f, v)| (*f, self.locals.insert(*f, v))).collect();
        let outer = self.call;
        self.call = outer.or(Some(span));
        let result = self.expr(function.body);
        self.call = outer;
        for (formal, value) in old {
            match value {
                Some(value) => self.locals.insert(formal, value),
                None => self.locals.remove(&formal),
            };
        }
        result
    }

    /// `t`, at the moment of the site.
    fn time(&mut self) -> ValueId {
        match &self.site {
            Site::Cell(site) => match site.phase.moment() {
                Some(moment) => self.b.time(moment),
                None => self.b.float(0.0),
            },
            Site::View(_) => self.b.time(Moment::End),
            Site::Pair(site) if site.rule.as_ref().is_some_and(|rule| rule.in_ticks()) => {
                self.b.time(Moment::End)
            }
            Site::Pair(_) => self.b.float(0.0),
        }
    }
}
