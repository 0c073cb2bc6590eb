//! Types as written: `conductance / area`, `int[2, 3]`.
//!
//! In: type expressions. Out: [`Type`]s; `None` for what was not understood (already reported).

use super::{Context, Resolver};
use crate::diagnose::{names, suggest, typing};
use crate::types::{Dimension, Type};
use crate::units::DIMENSIONS;
use circ_grammar::ast::{self, TypeExpr, TypeFactor};

impl<'a> Resolver<'a> {
    /// A type as written. Sizes in `[ ]` that are not plain numbers are known only when the circuit is built.
    pub fn ty(&mut self, cx: &mut Context, ty: &TypeExpr) -> Option<Type> {
        let shape = self.shape(cx, ty)?;
        let element = match &ty.factors[..] {
            [one] if is_word(one, "int") => Type::Int,
            [one] if is_word(one, "bool") => Type::Bool,
            factors => Type::Real(self.dimension(cx, factors)?),
        };
        Some(if shape.is_empty() { element } else { Type::Array(Box::new(element), shape) })
    }

    fn dimension(&mut self, cx: &Context, factors: &[TypeFactor]) -> Option<Dimension> {
        let mut all = Dimension::REAL;
        for factor in factors {
            let one = self.named_dimension(cx, factor)?;
            let power = f64::from(factor.power.unwrap_or(1)) * if factor.divides { -1.0 } else { 1.0 };
            let Some(product) = one.power(power).and_then(|one| all.times(one)) else {
                self.sink.push(names::unit_power(factor.name.span));
                return None;
            };
            all = product;
        }
        Some(all)
    }

    fn named_dimension(&mut self, cx: &Context, factor: &TypeFactor) -> Option<Dimension> {
        let name = &*factor.name.text;
        if name == "weight" && !super::rule_block::is_rule(cx) {
            self.sink.push(names::out_of_place(
                factor.name.span,
                "the type `weight`",
                "only plasticity rules have it",
            ));
            return None;
        }
        if let Some((_, dimension)) = DIMENSIONS.iter().find(|(text, _)| *text == name) {
            return Some(*dimension);
        }
        if name == "int" || name == "bool" {
            let found = if name == "int" { Type::Int } else { Type::Bool };
            self.sink.push(typing::wrong_type(factor.name.span, "a dimension", &found));
            return None;
        }
        let here = |text: &&str| *text != "weight" || super::rule_block::is_rule(cx);
        let known = DIMENSIONS.iter().map(|(text, _)| *text).filter(here).chain(["int", "bool"]);
        self.sink.push(names::unknown_name(factor.name.span, name, "type", suggest::nearest(name, known)));
        None
    }

    /// The sizes of all factors that have some: only the last can.
    fn shape(&mut self, cx: &mut Context, ty: &TypeExpr) -> Option<Vec<Option<u64>>> {
        let mut shape = vec![];
        for size in ty.factors.iter().flat_map(|factor| &factor.shape) {
            let expr = self.modules[cx.module].file.expr(*size);
            shape.push(match &expr.kind {
                ast::ExprKind::Number(number)
                    if number.unit.is_empty() && number.digits.parse::<u64>().is_ok() =>
                {
                    number.digits.parse().ok()
                }
                ast::ExprKind::Name(name) if &**name == "_" => None,
                _ => {
                    self.expr(cx, *size);
                    None
                }
            });
        }
        Some(shape)
    }
}

fn is_word(factor: &TypeFactor, word: &str) -> bool {
    &*factor.name.text == word && factor.power.is_none() && !factor.divides
}
