//! Derivatives of values by a variable, made of operations: for the linearly implicit method.
//!
//! In: a value. Out: its derivative, `None` where it is 0. What has a kink or no simple derivative gets
//! one good enough for a Jacobian: an inexact Jacobian costs stability, not order.

use std::collections::BTreeMap;

use circ_plan::ir::*;

use super::affine::{Algebra, reachable};
use super::facts::Facts;
use crate::kernel::build::Builder;

/// d `root` / d variable `by`.
pub fn derivative(b: &mut Builder, facts: &mut Facts, root: ValueId, by: usize) -> Option<ValueId> {
    let over = by..by + 1;
    let mut slopes: BTreeMap<ValueId, ValueId> = BTreeMap::new();
    for value in reachable(b, root, |b, v| facts.touches(b, v, &over)) {
        let slope = if facts.variable(value) == Some(by) {
            Some(b.float(1.0))
        } else {
            let mut rules = Rules { algebra: Algebra { b, facts }, slopes: &slopes };
            rules.slope(value)
        };
        if let Some(slope) = slope {
            slopes.insert(value, slope);
        }
    }
    slopes.get(&root).copied()
}

struct Rules<'s, 'b, 'f, 'p> {
    algebra: Algebra<'b, 'f, 'p>,
    slopes: &'s BTreeMap<ValueId, ValueId>,
}

impl Rules<'_, '_, '_, '_> {
    fn of(&self, value: ValueId) -> Option<ValueId> {
        self.slopes.get(&value).copied()
    }

    /// The derivative of a value that is not the variable itself.
    fn slope(&mut self, value: ValueId) -> Option<ValueId> {
        match self.algebra.b.op(value).clone() {
            Op::Neg(x) => self.of(x).map(|s| self.algebra.neg(s)),
            Op::Abs(x) => {
                let s = self.of(x)?;
                let minus = self.algebra.neg(s);
                let mask = self.is_negative(x);
                Some(self.algebra.b.select(mask, minus, s))
            }
            Op::Sqrt(x) => {
                let s = self.of(x)?;
                let twice = self.scaled(value, 2.0);
                Some(self.algebra.b.div(s, twice))
            }
            Op::Add(x, y) => self.sum(self.of(x), self.of(y)),
            Op::Sub(x, y) => {
                let minus = self.of(y).map(|s| self.algebra.neg(s));
                self.sum(self.of(x), minus)
            }
            Op::Mul(x, y) => self.product(x, y),
            Op::Fma(x, y, z) => {
                let product = self.product(x, y);
                self.sum(product, self.of(z))
            }
            Op::Div(x, y) => {
                let through = self.of(y).map(|s| {
                    let product = self.algebra.times(value, s);
                    self.algebra.neg(product)
                });
                let above = self.sum(self.of(x), through)?;
                Some(self.algebra.over(above, y))
            }
            Op::Min(x, y) => {
                let mask = self.algebra.b.lt(x, y);
                self.choice(mask, x, y)
            }
            Op::Max(x, y) => {
                let mask = self.algebra.b.gt(x, y);
                self.choice(mask, x, y)
            }
            Op::Select(mask, x, y) if self.algebra.b.ty(value) == Ty::Float => self.choice(mask, x, y),
            Op::Call1(function, x) => {
                let inner = self.of(x)?;
                let outer = self.outer(function, x, value);
                Some(self.algebra.times(outer, inner))
            }
            Op::Call2(Function::Pow, x, y) => self.power(value, x, y),
            Op::Call2(_, x, _) => self.of(x),
            // Whole numbers, truth values, steps: flat wherever they have a slope.
            _ => None,
        }
    }

    fn sum(&mut self, x: Option<ValueId>, y: Option<ValueId>) -> Option<ValueId> {
        match (x, y) {
            (Some(x), Some(y)) => Some(self.algebra.plus(x, y)),
            (x, y) => x.or(y),
        }
    }

    fn product(&mut self, x: ValueId, y: ValueId) -> Option<ValueId> {
        let left = self.of(x).map(|s| self.algebra.times(s, y));
        let right = self.of(y).map(|s| self.algebra.times(s, x));
        self.sum(left, right)
    }

    fn choice(&mut self, mask: ValueId, x: ValueId, y: ValueId) -> Option<ValueId> {
        let (x, y) = (self.of(x), self.of(y));
        if x.is_none() && y.is_none() {
            return None;
        }
        let zero = self.algebra.b.float(0.0);
        Some(self.algebra.b.select(mask, x.unwrap_or(zero), y.unwrap_or(zero)))
    }

    /// `x^y`: `y * x^(y-1) * x' + x^y * log(x) * y'`.
    fn power(&mut self, value: ValueId, x: ValueId, y: ValueId) -> Option<ValueId> {
        let base = self.of(x).map(|s| {
            let one = self.algebra.b.float(1.0);
            let less = self.algebra.b.sub(y, one);
            let power = self.algebra.b.call2(Function::Pow, x, less);
            let slope = self.algebra.times(y, power);
            self.algebra.times(slope, s)
        });
        let exponent = self.of(y).map(|s| {
            let log = self.algebra.b.call1(Function::Log, x);
            let slope = self.algebra.times(value, log);
            self.algebra.times(slope, s)
        });
        self.sum(base, exponent)
    }

    /// The derivative of a function at `x`, where it has `value`.
    fn outer(&mut self, function: Function, x: ValueId, value: ValueId) -> ValueId {
        let b = &mut *self.algebra.b;
        let one = b.float(1.0);
        match function {
            Function::Exp => value,
            Function::Expm1 => b.add(value, one),
            Function::Exprel => self.central(function, x, 1e-3),
            Function::Log => b.div(one, x),
            Function::Log10 => {
                let ten = b.float(std::f64::consts::LN_10);
                let below = b.mul(x, ten);
                b.div(one, below)
            }
            Function::Sin => b.call1(Function::Cos, x),
            Function::Cos => {
                let sin = b.call1(Function::Sin, x);
                b.neg(sin)
            }
            Function::Tan => b.fma(value, value, one),
            Function::Tanh => {
                let square = b.mul(value, value);
                b.sub(one, square)
            }
            Function::Sinh => b.call1(Function::Cosh, x),
            Function::Cosh => b.call1(Function::Sinh, x),
            Function::Atan => {
                let below = b.fma(x, x, one);
                b.div(one, below)
            }
            Function::Sigmoid => {
                let rest = b.sub(one, value);
                b.mul(value, rest)
            }
            Function::Erf => {
                let square = b.mul(x, x);
                let minus = b.neg(square);
                let bell = b.call1(Function::Exp, minus);
                self.scaled(bell, std::f64::consts::FRAC_2_SQRT_PI)
            }
            Function::Lgamma => self.central(function, x, 1e-3),
            // Of two arguments: never here.
            Function::Pow | Function::Mod => one,
        }
    }

    /// The central difference over `2 * width`.
    fn central(&mut self, function: Function, x: ValueId, width: f64) -> ValueId {
        let b = &mut *self.algebra.b;
        let width_value = b.float(width);
        let (above, below) = (b.add(x, width_value), b.sub(x, width_value));
        let (above, below) = (b.call1(function, above), b.call1(function, below));
        let difference = b.sub(above, below);
        self.scaled(difference, 0.5 / width)
    }

    fn scaled(&mut self, x: ValueId, factor: f64) -> ValueId {
        let factor = self.algebra.b.float(factor);
        self.algebra.b.mul(x, factor)
    }

    fn is_negative(&mut self, x: ValueId) -> ValueId {
        let zero = self.algebra.b.float(0.0);
        self.algebra.b.lt(x, zero)
    }
}
