//! Measures of counts in bins, and functions of arrays: what they take and give.
//!
//! In: arguments that have types. Out: the type of the call.

use super::Checker;
use crate::diagnose::{structure, typing};
use crate::hir::*;
use crate::types::{Dimension, Type};
use circ_grammar::ast::Span;

const REAL: Type = Type::Real(Dimension::REAL);

impl<'a> Checker<'a> {
    /// `fano(E, bin = 50 ms)`, `correlation(A, B)`: one or two views, and how long a bin is.
    pub(super) fn binned(&mut self, name: &str, args: &[MeasureArg], at: Span) -> Type {
        let (views, bins): (Vec<&MeasureArg>, Vec<&MeasureArg>) =
            args.iter().partition(|arg| arg.name.is_none());
        let most = if name == "correlation" { 2 } else { 1 };
        if views.is_empty() || most < views.len() {
            let due = if most == 1 { "1 population" } else { "1 or 2 populations" };
            self.sink.push(structure::argument_count(at, name, due, views.len()));
            return Type::Error;
        }
        for (k, bin) in bins.iter().enumerate() {
            let named_bin = bin.name.as_deref() == Some("bin");
            if k == 0 && named_bin && !bin.each && bin.over.is_none() && bin.to.is_none() {
                self.demand_time(bin.value, "a bin");
                continue;
            }
            let message =
                format!("`{name}` takes populations, and `bin` once, as in `{name}(E, bin = 10 ms)`");
            self.sink.push(structure::argument_form(self.span(bin.value), message, "neither of them"));
        }
        for (k, view) in views.iter().enumerate() {
            self.events(view.value);
            if view.to.is_some() || (0 < k && (view.each || view.over.is_some())) {
                let word = if view.to.is_some() {
                    "->"
                } else if view.each {
                    "each"
                } else {
                    "over"
                };
                let message = match k {
                    0 => format!("`{word}` has no meaning in `{name}`"),
                    _ => format!("`{word}` belongs to the first argument of `{name}`"),
                };
                self.sink.push(structure::argument_form(self.span(view.value), message, "stands here"));
            }
        }
        if views[0].each && matches!(name, "synchrony" | "branching") {
            let message = format!("`{name}` is one number for a population, not one for each cell");
            self.sink.push(structure::argument_form(
                self.span(views[0].value),
                message,
                "`each` stands here",
            ));
            return Type::Error;
        }
        if views[0].each { Type::Array(Box::new(REAL), vec![None]) } else { REAL }
    }

    /// `accuracy dot outer transpose ridge`
    pub(super) fn of_arrays(&mut self, name: &str, args: &[MeasureArg], at: Span) -> Type {
        for arg in args {
            if arg.each || arg.over.is_some() || arg.to.is_some() || arg.name.is_some() {
                let message = format!("`{name}` takes its arguments in order, without words");
                self.sink.push(structure::argument_form(self.span(arg.value), message, "more than a value"));
                return Type::Error;
            }
        }
        let due = match name {
            "transpose" => 1,
            "ridge" => 3,
            _ => 2,
        };
        if args.len() != due {
            let due = if due == 1 { "1 argument".to_string() } else { format!("{due} arguments") };
            self.sink.push(structure::argument_count(at, name, &due, args.len()));
            return Type::Error;
        }
        let Some(first) = self.array_of(args[0].value) else { return Type::Error };
        if name == "transpose" {
            let (element, mut shape) = first;
            shape.reverse();
            return Type::Array(Box::new(element), shape);
        }
        let Some(second) = self.array_of(args[1].value) else { return Type::Error };
        match name {
            "accuracy" => self.share_of_equals(args, &first.0, &second.0),
            "dot" => {
                let element = self.product_of(&first.0, &second.0, at);
                let rows = if 1 < first.1.len() { first.1.first().copied() } else { None };
                let columns = second.1.get(1).copied();
                let shape: Vec<Option<u64>> = rows.into_iter().chain(columns).collect();
                if shape.is_empty() { element } else { Type::Array(Box::new(element), shape) }
            }
            "outer" => {
                let element = self.product_of(&first.0, &second.0, at);
                let length = |shape: &[Option<u64>]| shape.first().copied().flatten();
                Type::Array(Box::new(element), vec![length(&first.1), length(&second.1)])
            }
            _ => self.ridge(args, first, second),
        }
    }

    /// Elements and shape of an array of numbers or truth values.
    fn array_of(&mut self, id: ExprId) -> Option<(Type, Vec<Option<u64>>)> {
        match self.value_of(id) {
            Type::Array(element, shape) if matches!(*element, Type::Int | Type::Bool) => {
                Some((*element, shape))
            }
            Type::Array(element, shape) => self.number(id, &element).then_some((*element, shape)),
            Type::Error => None,
            other => {
                self.sink.push(typing::wrong_type(self.span(id), "an array", &other));
                None
            }
        }
    }

    /// What is compared must be of one kind.
    fn share_of_equals(&mut self, args: &[MeasureArg], first: &Type, second: &Type) -> Type {
        let plain = |ty: &Type| matches!(ty, Type::Int | Type::AnyReal | Type::Real(_));
        let fits = match (first, second) {
            (Type::Real(a), Type::Real(b)) => a == b,
            (Type::Real(a), Type::Int) | (Type::Int, Type::Real(a)) => a.is_real(),
            (a, b) => a == b || (plain(a) && plain(b)),
        };
        if !fits {
            let (at, first_at) = (self.span(args[1].value), self.span(args[0].value));
            let because = Some((first_at, typing::words(first)));
            self.sink.push(typing::must_be(at, "a label", first, second, because));
        }
        REAL
    }

    fn product_of(&mut self, left: &Type, right: &Type, at: Span) -> Type {
        let dimension = |ty: &Type| ty.dimension();
        match (left, right) {
            (Type::Int, Type::Int) => Type::Int,
            _ => match dimension(left).times(dimension(right)) {
                Some(product) => Type::Real(product),
                None => {
                    self.sink.push(typing::too_high_powers(at));
                    Type::Error
                }
            },
        }
    }

    /// Weights are targets per input, the penalty a square of inputs.
    fn ridge(
        &mut self,
        args: &[MeasureArg],
        (inputs, features): (Type, Vec<Option<u64>>),
        (targets, outputs): (Type, Vec<Option<u64>>),
    ) -> Type {
        let at = self.span(args[0].value);
        let (Some(square), Some(weight)) =
            (inputs.dimension().times(inputs.dimension()), targets.dimension().per(inputs.dimension()))
        else {
            self.sink.push(typing::too_high_powers(at));
            return Type::Error;
        };
        let because = (at, "the inputs".to_string());
        self.demand(args[2].value, &Type::Real(square), "the penalty of `ridge`", Some(because));
        let shape = [features.get(1).copied().flatten()].into_iter().chain(outputs.get(1).copied());
        Type::Array(Box::new(Type::Real(weight)), shape.collect())
    }
}
