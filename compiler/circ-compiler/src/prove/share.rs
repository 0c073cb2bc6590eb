//! The share of draws that breaks a rule, where the value is a plain distribution, or one scaled and shifted.
//!
//! In: an expression and what it needs. Out: a probability by the distribution's own formula, or nothing.

use super::judge::Need;
use super::{Finding, Prover};
use crate::bound::{Place, Site};
use crate::hir::{ExprId, ExprKind, Ref, VarKind};
use crate::net::Setting;
use circ_grammar::ast::{BinaryOp, UnaryOp};
use circ_numerics::math::{erf, exp, log};
use circ_plan::ir::Distribution;

/// `shift + scale * draw`
#[derive(Clone, Copy, Debug)]
struct Affine {
    shift: f64,
    scale: f64,
    distribution: Distribution,
    args: [f64; 2],
}

impl Prover<'_> {
    /// The probability that a draw is not as it must be.
    pub(super) fn share(&mut self, expr: ExprId, finding: &Finding) -> Option<f64> {
        let value = self.affine(expr, &mut finding.site.clone(), 0)?;
        let below = |x: f64| value.below(x);
        let share = match finding.need {
            Need::NotZero => return None,
            Need::Above(least) => below(least)?,
            Need::Within(range) => {
                let under = if range.lo.is_finite() { below(range.lo)? } else { 0.0 };
                let over = if range.hi.is_finite() { 1.0 - below(range.hi)? } else { 0.0 };
                under + over
            }
        };
        (0.0 < share && share < 1.0).then_some(share)
    }

    /// The distribution that an expression is, through names of parameters.
    fn affine(&mut self, expr: ExprId, site: &mut Site, depth: u32) -> Option<Affine> {
        if 16 < depth {
            return None;
        }
        match &self.bounds.hir.expr(expr).kind {
            ExprKind::Draw { distribution, args } => {
                let mut numbers = [0.0; 2];
                for (number, arg) in numbers.iter_mut().zip(args) {
                    *number = self.number(*arg, site)?;
                }
                Some(Affine { shift: 0.0, scale: 1.0, distribution: *distribution, args: numbers })
            }
            ExprKind::Unary { op: UnaryOp::Negate, value } => {
                self.affine(*value, site, depth + 1).map(|inner| inner.times(-1.0))
            }
            ExprKind::Binary { op, left, right } => {
                if let Some(x) = self.number(*right, site) {
                    let inner = self.affine(*left, site, depth + 1)?;
                    return match op {
                        BinaryOp::Add => Some(inner.plus(x)),
                        BinaryOp::Subtract => Some(inner.plus(-x)),
                        BinaryOp::Multiply => Some(inner.times(x)),
                        BinaryOp::Divide => Some(inner.times(1.0 / x)),
                        _ => None,
                    };
                }
                let x = self.number(*left, site)?;
                let inner = self.affine(*right, site, depth + 1)?;
                match op {
                    BinaryOp::Add => Some(inner.plus(x)),
                    BinaryOp::Subtract => Some(inner.times(-1.0).plus(x)),
                    BinaryOp::Multiply => Some(inner.times(x)),
                    _ => None,
                }
            }
            ExprKind::Ref(Ref::Var(var)) => {
                let Place::Cell(population) = site.place else { return None };
                let (expr, mut site) = self.source_of(population, *var)?;
                self.affine(expr, &mut site, depth + 1)
            }
            _ => None,
        }
    }

    /// The expression that a parameter or `let` has its value from.
    pub(super) fn source_of(&self, population: u32, var: crate::hir::VarId) -> Option<(ExprId, Site)> {
        let site = super::cell::cell_site(population);
        let of = self.bounds.net.populations.get(population as usize)?;
        if let Some((_, setting, _)) = of.settings.iter().rev().find(|(id, _, _)| *id == var) {
            return match setting {
                Setting::Each(closure) => {
                    Some((closure.expr, Site { environment: Some(closure.environment), ..site }))
                }
                Setting::Value(_) => None,
            };
        }
        match &self.variable(population, var)?.kind {
            VarKind::Param { default, .. } => default.map(|default| (default, site)),
            VarKind::Let { value } => Some((*value, site)),
            VarKind::State { .. } | VarKind::Port { .. } => None,
        }
    }

    fn number(&mut self, expr: ExprId, site: &mut Site) -> Option<f64> {
        let found = self.bounds.estimate(expr, site);
        if found.open || found.count.is_some() {
            return None;
        }
        // A sum that rounds is a number within a hair's breadth.
        let interval = found.interval;
        let width = interval.hi - interval.lo;
        (!interval.nan && width <= 1e-12 * interval.hi.abs()).then_some(interval.lo)
    }
}

impl Affine {
    fn times(self, x: f64) -> Affine {
        Affine { shift: self.shift * x, scale: self.scale * x, ..self }
    }

    fn plus(self, x: f64) -> Affine {
        Affine { shift: self.shift + x, ..self }
    }

    /// The probability of a value below `x`.
    fn below(self, x: f64) -> Option<f64> {
        let at = (x - self.shift) / self.scale;
        if !at.is_finite() {
            return None;
        }
        let below = cumulative(self.distribution, self.args, at)?;
        Some(if self.scale < 0.0 { 1.0 - below } else { below })
    }
}

/// The probability of a draw below `x`; of counts and of gamma and beta variates there is no short formula.
fn cumulative(distribution: Distribution, [a, b]: [f64; 2], x: f64) -> Option<f64> {
    let normal = |z: f64| if z < -5.0 { tail(-z) } else { 0.5 * (1.0 + erf(z / 2.0_f64.sqrt())) };
    match distribution {
        Distribution::Uniform if a < b => Some(((x - a) / (b - a)).clamp(0.0, 1.0)),
        Distribution::Normal if 0.0 < b => Some(normal((x - a) / b)),
        Distribution::Lognormal if 0.0 < a && 0.0 < b => {
            let variance = log(1.0 + (b / a) * (b / a));
            let z = |x: f64| (log(x) - log(a) + 0.5 * variance) / variance.sqrt();
            Some(if x <= 0.0 { 0.0 } else { normal(z(x)) })
        }
        Distribution::Exponential if 0.0 < a => Some(if x <= 0.0 { 0.0 } else { 1.0 - exp(-x / a) }),
        _ => None,
    }
}

/// Of a normal draw beyond `z > 5`: the first terms of the asymptotic series (Abramowitz and Stegun 1964, 26.2.12).
fn tail(z: f64) -> f64 {
    let density = exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
    let y = 1.0 / (z * z);
    density / z * (1.0 - y * (1.0 - 3.0 * y * (1.0 - 5.0 * y)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: Option<f64>, wanted: f64) {
        let found = found.expect("a probability");
        assert!((found - wanted).abs() <= 1e-3 * wanted, "{found}, not {wanted}");
    }

    /// Values of scipy.stats.
    #[test]
    fn probabilities_are_right() {
        near(cumulative(Distribution::Normal, [0.5, 0.2], 0.0), 0.006209665325776132);
        near(cumulative(Distribution::Normal, [3.0, 0.5], 0.0), 9.86587645037698e-10);
        near(cumulative(Distribution::Uniform, [-1.0, 3.0], 0.0), 0.25);
        near(cumulative(Distribution::Exponential, [2.0, 0.0], 0.05), 0.024690087971667385);
        near(cumulative(Distribution::Lognormal, [1.0, 0.5], 0.5), 0.10913185110553947);
        assert_eq!(cumulative(Distribution::Gamma, [1.0, 0.5], 0.5), None);
    }
}
