//! Calls: what functions, draws, reductions and measures take and give.
//!
//! In: arguments that have types. Out: the type of the call.

use super::Checker;
use super::infer::view_of;
use super::operator::common;
use crate::diagnose::typing;
use crate::hir::*;
use crate::types::{Dimension, Type};
use circ_grammar::ast::Span;
use circ_plan::ir::Distribution;

const REAL: Type = Type::Real(Dimension::REAL);
const TIME: Type = Type::Real(Dimension::TIME);

impl<'a> Checker<'a> {
    pub fn builtin(&mut self, builtin: Builtin, args: &[ExprId], at: Span) -> Type {
        use Builtin::*;
        match builtin {
            Min | Max | Clamp | Mod => self.unify(args, at, "does not go with"),
            Exp | Log | Log10 | Sin | Cos | Tan | Tanh | Sinh | Cosh | Atan | Sigmoid | Exprel | Lgamma
            | Erf => self.by_element(args, |checker, id, element| {
                checker.plain(id, &element, builtin).then_some(REAL)
            }),
            Floor | Ceil | Round => self.by_element(args, |checker, id, element| {
                checker.plain(id, &element, builtin).then_some(Type::Int)
            }),
            Abs | Relu => {
                self.by_element(args, |checker, id, element| checker.number(id, &element).then_some(element))
            }
            Sign | StepFunction => {
                self.by_element(args, |checker, id, element| checker.number(id, &element).then_some(REAL))
            }
            Sqrt => self.by_element(args, |checker, id, element| match element {
                Type::Real(dimension) => dimension.power(0.5).map(Type::Real),
                Type::AnyReal => Some(Type::AnyReal),
                other => checker.number(id, &other).then_some(REAL),
            }),
        }
    }

    /// A function of one number; of an array it goes by element.
    fn by_element(
        &mut self,
        args: &[ExprId],
        result: impl FnOnce(&mut Self, ExprId, Type) -> Option<Type>,
    ) -> Type {
        let Some(id) = args.first().copied() else {
            return Type::Error;
        };
        match self.value_of(id) {
            Type::Error => Type::Error,
            Type::Array(element, shape) => match result(self, id, *element) {
                Some(element) => Type::Array(Box::new(element), shape),
                None => Type::Error,
            },
            element => result(self, id, element).unwrap_or(Type::Error),
        }
    }

    pub(super) fn number(&mut self, id: ExprId, ty: &Type) -> bool {
        match ty {
            Type::Real(_) | Type::AnyReal | Type::Int => true,
            Type::Error => false,
            other => {
                self.sink.push(typing::not_a_number(self.span(id), other));
                false
            }
        }
    }

    /// A number without dimension.
    fn plain(&mut self, id: ExprId, ty: &Type, builtin: Builtin) -> bool {
        match ty {
            Type::Real(dimension) if !dimension.is_real() => {
                let name = crate::hir_print::builtin_name(builtin);
                self.sink.push(typing::must_be(
                    self.span(id),
                    &format!("the argument of `{name}`"),
                    &REAL,
                    ty,
                    None,
                ));
                false
            }
            other => self.number(id, other),
        }
    }

    pub fn call_fn(&mut self, function: FunctionId, args: &[ExprId]) -> Type {
        let called = &self.hir.functions[function.index()];
        for (arg, formal) in args.iter().zip(&called.formals) {
            let local = &self.hir.locals[formal.index()];
            let due = self.types.locals[formal.index()].clone();
            let because = (local.span, format!("declared as `{due}`"));
            self.demand(*arg, &due, &format!("`{}` of `{}`", local.name, called.name), Some(because));
        }
        self.types.functions[function.index()].clone()
    }

    pub fn draw(&mut self, id: ExprId, distribution: Distribution, args: &[ExprId], at: Span) -> Type {
        match distribution {
            Distribution::Uniform
            | Distribution::Normal
            | Distribution::Lognormal
            | Distribution::Exponential => match self.unify(args, at, "does not go with") {
                Type::Int | Type::AnyReal => REAL,
                other => other,
            },
            Distribution::Gamma => {
                self.demand(args[0], &REAL, "the shape of a gamma distribution", None);
                match self.ty(args[1]) {
                    Type::Int | Type::AnyReal => REAL,
                    other if self.number(args[1], &other) => other,
                    _ => Type::Error,
                }
            }
            Distribution::Beta => {
                args.iter().for_each(|arg| self.demand(*arg, &REAL, "the argument of `beta`", None));
                REAL
            }
            Distribution::Binomial => {
                self.demand_whole(args[0], "the number of trials");
                self.demand(args[1], &REAL, "a probability", None);
                Type::Int
            }
            Distribution::Poisson => {
                match self.ty(args[0]) {
                    Type::Real(Dimension::FREQUENCY) => {
                        self.types.draws_poisson_rate.insert(id);
                    }
                    Type::Real(Dimension::REAL) | Type::AnyReal | Type::Int | Type::Error => {}
                    other => self.sink.push(typing::must_be(
                        self.span(args[0]),
                        "the mean of `poisson`",
                        &Type::Real(Dimension::FREQUENCY),
                        &other,
                        None,
                    )),
                }
                Type::Int
            }
        }
    }

    pub fn reduce(&mut self, reduce: Reduce, value: ExprId, over: Option<(LocalId, ExprId, ExprId)>) -> Type {
        let element = match (over, self.value_of(value)) {
            (Some((_, lo, hi)), value) => {
                [lo, hi].into_iter().for_each(|end| self.demand_whole(end, "the range of an index"));
                value
            }
            (None, Type::Array(element, _)) => *element,
            (None, Type::Error) => return Type::Error,
            (None, other) => {
                self.sink.push(typing::wrong_type(self.span(value), "an array", &other));
                return Type::Error;
            }
        };
        match reduce {
            Reduce::Any | Reduce::All | Reduce::Count => {
                if !matches!(element, Type::Bool | Type::Error) {
                    self.sink.push(typing::wrong_type(self.span(value), "an array of conditions", &element));
                }
                if reduce == Reduce::Count { Type::Int } else { Type::Bool }
            }
            _ if !self.number(value, &element) => Type::Error,
            Reduce::Argmax => Type::Int,
            Reduce::Sum | Reduce::Min | Reduce::Max => element,
            Reduce::Mean | Reduce::Std => {
                if element == Type::Int {
                    REAL
                } else {
                    element
                }
            }
            Reduce::Product => match element {
                Type::Real(dimension) if !dimension.is_real() => {
                    self.sink.push(typing::must_be(
                        self.span(value),
                        "what is multiplied",
                        &REAL,
                        &element,
                        None,
                    ));
                    Type::Error
                }
                other => other,
            },
        }
    }

    pub fn measure(&mut self, name: &str, args: &[MeasureArg], at: Span) -> Type {
        for arg in args {
            match arg.over {
                None => {}
                Some(Window::Last(length)) => self.demand(length, &TIME, "a window", None),
                Some(Window::Between(lo, hi)) => {
                    [lo, hi].into_iter().for_each(|end| self.demand(end, &TIME, "the end of a window", None))
                }
            }
        }
        match name {
            "load" => return Type::Error,
            "grid" => {
                args.iter().for_each(|arg| {
                    self.demand(arg.value, &Type::Real(Dimension::LENGTH), "the spacing of a grid", None)
                });
                return Type::Error;
            }
            "linspace" => return self.linspace(args, at),
            "at" => return self.value_at(args, at),
            "fano" | "synchrony" | "correlation" | "branching" => return self.binned(name, args, at),
            "accuracy" | "dot" | "outer" | "transpose" | "ridge" => return self.of_arrays(name, args, at),
            _ => {}
        }
        let one = match name {
            "size" => Type::Int,
            "rate" => Type::Real(Dimension::FREQUENCY),
            "count" => Type::Int,
            "polarity" => Type::Text,
            "weight_sum" => args.first().map_or(Type::Error, |arg| self.weights_of(arg, at)),
            "spikes" => Type::Error,
            "isi" | "first_spike" => TIME,
            "in_degree" | "out_degree" if args.iter().any(|arg| arg.each) => Type::Int,
            "cv_isi" | "in_degree" | "out_degree" | "balance" => REAL,
            _ => return self.over_time(name, args, at),
        };
        let [arg] = args else {
            self.sink.push(crate::diagnose::structure::argument_count(at, name, "1 argument", args.len()));
            return one;
        };
        for value in [Some(arg.value), arg.to].into_iter().flatten() {
            self.events(value);
        }
        if arg.each { Type::Array(Box::new(one), vec![None]) } else { one }
    }

    /// A population, a view of it, one of its events, or a projection.
    pub(super) fn events(&mut self, id: ExprId) {
        let ty = self.ty(id);
        let fits = view_of(&ty).is_some()
            || matches!(ty, Type::Events | Type::Projection | Type::Port(_) | Type::Error);
        if !fits && !matches!(&ty, Type::Family(member) if **member == Type::Projection) {
            self.sink.push(typing::wrong_type(self.span(id), "a population or one of its events", &ty));
        }
    }

    pub fn view(&mut self, id: ExprId) {
        let ty = self.ty(id);
        if view_of(&ty).is_none() && ty != Type::Error {
            self.sink.push(typing::wrong_type(self.span(id), "a population", &ty));
        }
    }

    fn linspace(&mut self, args: &[MeasureArg], at: Span) -> Type {
        let [lo, hi, count] = args else {
            self.sink.push(crate::diagnose::structure::argument_count(
                at,
                "linspace",
                "3 arguments",
                args.len(),
            ));
            return Type::Error;
        };
        self.demand_whole(count.value, "the number of values");
        match self.unify(&[lo.value, hi.value], at, "does not go with") {
            Type::Error => Type::Error,
            element => Type::Array(Box::new(common(&element, &REAL).unwrap_or(element)), vec![None]),
        }
    }

    /// `at(E[0].v, 3 ms)`
    fn value_at(&mut self, args: &[MeasureArg], at: Span) -> Type {
        let [value, time] = args else {
            self.sink.push(crate::diagnose::structure::argument_count(at, "at", "2 arguments", args.len()));
            return Type::Error;
        };
        self.demand(time.value, &TIME, "the second argument of `at`", None);
        self.value_of(value.value)
    }

    /// `mean(E.v over 100 ms)`: a reduction over cells and time.
    /// Where an expression is something else than a path to what cells have.
    fn no_value_of_cells(&self, value: ExprId) -> Option<Span> {
        let mut path = value;
        while let ExprKind::Index { base, .. } = self.hir.expr(path).kind {
            path = base;
        }
        let is_of_cells = match self.hir.expr(path).kind {
            ExprKind::Field { base, .. } => {
                let ty = super::field::innermost(self.types.expr(base));
                super::dendrite::is_view_or_segment(ty) || *ty == Type::Error
            }
            ExprKind::Error => true,
            _ => false,
        };
        (!is_of_cells).then(|| self.span(value))
    }

    fn over_time(&mut self, name: &str, args: &[MeasureArg], at: Span) -> Type {
        let [arg] = args else {
            self.sink.push(crate::diagnose::structure::argument_count(at, name, "1 argument", args.len()));
            return Type::Error;
        };
        if let Some(at) = self.no_value_of_cells(arg.value) {
            self.sink.push(crate::diagnose::structure::not_through_time(at, name));
            return Type::Error;
        }
        let element = match self.value_of(arg.value) {
            Type::Array(element, _) => *element,
            other => other,
        };
        let one = match (name, element) {
            ("count" | "argmax", _) => Type::Int,
            ("any" | "all", _) => Type::Bool,
            (_, Type::Int) => REAL,
            (_, element) if self.number(arg.value, &element) => element,
            _ => Type::Error,
        };
        if arg.each { Type::Array(Box::new(one), vec![None]) } else { one }
    }
}
