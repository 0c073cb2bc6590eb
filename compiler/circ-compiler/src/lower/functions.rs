//! Functions of the language: `exp`, `min`, `clamp` and all others that are no user's.
//!
//! In: lowered arguments. Out: operations. Of arrays they are taken element by element.

use circ_grammar::ast::Span;
use circ_plan::ir::*;

use super::context::Lowerer;
use super::value::Lowered;
use crate::hir::{Builtin, ExprId};

impl Lowerer<'_, '_, '_> {
    /// The value of a function of the language.
    pub fn call(&mut self, builtin: Builtin, args: &[ExprId], span: Span) -> Lowered {
        let values: Vec<Lowered> = args.iter().map(|arg| self.expr(*arg)).collect();
        let mut values = values.into_iter();
        let Some(first) = values.next() else { return self.missing(span) };
        let rest: Vec<Lowered> = values.collect();
        match builtin {
            Builtin::Min | Builtin::Max | Builtin::Mod => rest.into_iter().fold(first, |so_far, next| {
                self.pairs(so_far, next, span, |this, x, y| this.of_two(builtin, x, y))
            }),
            Builtin::Clamp => {
                let [lo, hi] = &rest[..] else { return self.missing(span) };
                let (lo, hi) = (self.scalar(lo.clone(), span), self.scalar(hi.clone(), span));
                let real = [lo, hi].into_iter().any(|bound| self.b.ty(bound) == Ty::Float);
                self.each(first, |this, x| {
                    // A whole number beside reals is a real.
                    let x = if real { this.as_float(x) } else { x };
                    this.clamp(x, Some(lo), Some(hi))
                })
            }
            _ => self.each(first, |this, x| this.of_one(builtin, x, span)),
        }
    }

    fn of_two(&mut self, builtin: Builtin, x: ValueId, y: ValueId) -> ValueId {
        if self.b.ty(x) == Ty::Int && self.b.ty(y) == Ty::Int {
            return match builtin {
                Builtin::Min => self.b.min(x, y),
                Builtin::Max => self.b.max(x, y),
                _ => self.b.int_mod(x, y),
            };
        }
        let (x, y) = (self.as_float(x), self.as_float(y));
        match builtin {
            Builtin::Min => self.b.min(x, y),
            Builtin::Max => self.b.max(x, y),
            _ => self.b.call2(Function::Mod, x, y),
        }
    }

    /// `x`, or the bound that it is beyond; NaN stays NaN.
    pub fn clamp(&mut self, x: ValueId, lo: Option<ValueId>, hi: Option<ValueId>) -> ValueId {
        let mut x = x;
        for (bound, least) in [(lo, true), (hi, false)] {
            let Some(bound) = bound else { continue };
            let (bound, y) = match (self.b.ty(bound), self.b.ty(x)) {
                (Ty::Int, Ty::Int) => (bound, x),
                (_, Ty::Int) => (self.as_int(bound), x),
                _ => (self.as_float(bound), self.as_float(x)),
            };
            // The second operand is taken where the comparison fails: a NaN is not hidden by a bound.
            x = if least { self.b.max(bound, y) } else { self.b.min(bound, y) };
        }
        x
    }

    /// A number that was rounded, as an `Int`, which it has to fit into.
    fn whole(&mut self, rounded: ValueId, span: Span) -> ValueId {
        let (size, beyond) = (self.b.abs(rounded), self.b.float(-(i64::MIN as f64)));
        let fits = self.b.lt(size, beyond);
        let fails = self.b.not(fits);
        self.check_not(CheckKind::Overflow, fails, span, "this number");
        self.b.to_int(rounded)
    }

    fn of_one(&mut self, builtin: Builtin, x: ValueId, span: Span) -> ValueId {
        if self.b.ty(x) == Ty::Int {
            match builtin {
                Builtin::Abs => {
                    let (zero, minus) = (self.b.int(0), self.b.neg(x));
                    let negative = self.b.lt(x, zero);
                    return self.b.select(negative, minus, x);
                }
                Builtin::Floor | Builtin::Ceil | Builtin::Round => return x,
                _ => {}
            }
        }
        let x = self.as_float(x);
        let (zero, one) = (self.b.float(0.0), self.b.float(1.0));
        match builtin {
            Builtin::Exp => self.b.call1(Function::Exp, x),
            Builtin::Log => self.b.call1(Function::Log, x),
            Builtin::Log10 => self.b.call1(Function::Log10, x),
            Builtin::Sqrt => self.b.sqrt(x),
            Builtin::Abs => self.b.abs(x),
            Builtin::Sign => {
                let minus = self.b.float(-1.0);
                let (above, below) = (self.b.gt(x, zero), self.b.lt(x, zero));
                let rest = self.b.select(below, minus, x);
                self.b.select(above, one, rest)
            }
            Builtin::Floor => {
                let whole = self.b.floor(x);
                self.whole(whole, span)
            }
            Builtin::Ceil => {
                let whole = self.b.ceil(x);
                self.whole(whole, span)
            }
            Builtin::Round => {
                let whole = self.b.round(x);
                self.whole(whole, span)
            }
            Builtin::Sin => self.b.call1(Function::Sin, x),
            Builtin::Cos => self.b.call1(Function::Cos, x),
            Builtin::Tan => self.b.call1(Function::Tan, x),
            Builtin::Tanh => self.b.call1(Function::Tanh, x),
            Builtin::Sinh => self.b.call1(Function::Sinh, x),
            Builtin::Cosh => self.b.call1(Function::Cosh, x),
            Builtin::Atan => self.b.call1(Function::Atan, x),
            Builtin::Sigmoid => self.b.call1(Function::Sigmoid, x),
            Builtin::Relu => self.b.max(zero, x),
            Builtin::StepFunction => {
                let above = self.b.ge(x, zero);
                self.b.select(above, one, zero)
            }
            Builtin::Exprel => self.b.call1(Function::Exprel, x),
            Builtin::Lgamma => self.b.call1(Function::Lgamma, x),
            Builtin::Erf => self.b.call1(Function::Erf, x),
            // Of several arguments: made by `call`.
            Builtin::Mod | Builtin::Min | Builtin::Max | Builtin::Clamp => x,
        }
    }
}
