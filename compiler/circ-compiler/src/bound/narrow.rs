//! Narrowing: in `if x > 0 then 1 / x else 0` the divisor is positive, for it is read only where it is.
//!
//! In: a condition and whether it holds. Out: what is known of the names in it while that is so.

use super::{Bounds, Estimate, Place, Site};
use crate::hir::{ExprId, ExprKind, Ref, VarKind};
use crate::interval::Interval;
use circ_grammar::ast::{BinaryOp, UnaryOp};
use std::sync::Arc;

/// What a name is known to be here.
#[derive(Clone, Debug)]
pub struct Narrowed {
    name: Name,
    to: Interval,
    not_zero: bool,
}

/// A name whose value is the same wherever it is read in an expression.
#[derive(Clone, Debug, PartialEq)]
enum Name {
    Ref(Ref),
    /// `pre.x`
    Side(Ref, Arc<str>),
}

impl Bounds<'_> {
    /// Looks at something where a condition holds, or where it does not.
    pub fn where_holds<R>(
        &mut self,
        condition: ExprId,
        holds: bool,
        site: &mut Site,
        look: impl FnOnce(&mut Self, &mut Site) -> R,
    ) -> R {
        let before = site.narrowed.len();
        self.narrow(condition, holds, site, 0);
        let result = look(self, site);
        site.narrowed.truncate(before);
        result
    }

    /// The place where a condition holds, or where it does not.
    pub fn narrowed_site(&mut self, condition: ExprId, holds: bool, site: &mut Site) -> Site {
        let mut inner = site.clone();
        self.narrow(condition, holds, &mut inner, 0);
        inner
    }

    fn narrow(&mut self, condition: ExprId, holds: bool, site: &mut Site, depth: u32) {
        // Conditions nested deeper than anyone writes them are not taken apart.
        if 32 < depth {
            return;
        }
        match &self.hir.expr(condition).kind {
            ExprKind::Unary { op: UnaryOp::Not, value } => self.narrow(*value, !holds, site, depth + 1),
            ExprKind::Binary { op: BinaryOp::And, left, right } if holds => {
                self.narrow(*left, true, site, depth + 1);
                self.narrow(*right, true, site, depth + 1);
            }
            ExprKind::Binary { op: BinaryOp::Or, left, right } if !holds => {
                self.narrow(*left, false, site, depth + 1);
                self.narrow(*right, false, site, depth + 1);
            }
            ExprKind::Binary { op, left, right } => {
                let Some(op) = (if holds { Some(*op) } else { opposite(*op) }) else { return };
                self.narrow_side(*left, op, *right, holds, site);
                if let Some(op) = mirrored(op) {
                    self.narrow_side(*right, op, *left, holds, site);
                }
            }
            ExprKind::InRange { value, lo, hi } if holds => {
                self.narrow_side(*value, BinaryOp::GreaterEqual, *lo, true, site);
                self.narrow_side(*value, BinaryOp::LessEqual, *hi, true, site);
            }
            _ => {}
        }
    }

    /// `expr op other` holds. Where it follows from a comparison that does not, `expr` may also be NaN.
    fn narrow_side(&mut self, expr: ExprId, op: BinaryOp, other: ExprId, written: bool, site: &mut Site) {
        let Some(name) = self.name(expr, site) else { return };
        let other = self.silently(other, site).interval;
        if other.is_empty() {
            return;
        }
        let (lo, hi) = (f64::NEG_INFINITY, f64::INFINITY);
        let nan = !written || op == BinaryOp::NotEqual;
        let to = match op {
            BinaryOp::Less => Interval { lo, hi: other.hi.next_down(), nan },
            BinaryOp::LessEqual => Interval { lo, hi: other.hi, nan },
            BinaryOp::Greater => Interval { lo: other.lo.next_up(), hi, nan },
            BinaryOp::GreaterEqual => Interval { lo: other.lo, hi, nan },
            BinaryOp::Equal => Interval { nan, ..other },
            BinaryOp::NotEqual => Interval { lo, hi, nan },
            _ => return,
        };
        let not_zero = op == BinaryOp::NotEqual && other.single() == Some(0.0);
        site.narrowed.push(Narrowed { name, to, not_zero });
    }

    /// What a comparison is made with: its own demands were heard already.
    fn silently(&mut self, expr: ExprId, site: &mut Site) -> Estimate {
        let heard = self.demands.take();
        let found = self.expression(expr, site);
        self.demands = heard;
        found
    }

    fn name(&self, expr: ExprId, site: &Site) -> Option<Name> {
        match &self.hir.expr(expr).kind {
            ExprKind::Ref(name) => self.keeps_its_value(*name, site).then_some(Name::Ref(*name)),
            ExprKind::Field { base, name, .. } => match self.hir.expr(*base).kind {
                ExprKind::Ref(side @ (Ref::Pre | Ref::Post | Ref::Edge)) => {
                    Some(Name::Side(side, name.clone()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Blocks change states while they run; nothing changes a parameter.
    fn keeps_its_value(&self, name: Ref, site: &Site) -> bool {
        match (name, site.place) {
            (Ref::Var(var), Place::Cell(population)) => self.cell_of(population).is_some_and(|cell| {
                let kind = self.hir.cell(cell).vars.get(var.index()).map(|var| &var.kind);
                !site.in_block || matches!(kind, Some(VarKind::Param { .. }))
            }),
            _ => true,
        }
    }

    /// A name, as narrow as is known here.
    pub(super) fn narrowed(&self, expr: ExprId, found: Estimate, site: &Site) -> Estimate {
        if site.narrowed.is_empty() {
            return found;
        }
        let Some(name) = self.name(expr, site) else { return found };
        site.narrowed.iter().filter(|narrowed| narrowed.name == name).fold(found, |found, narrowed| {
            let interval = found.interval.meet(narrowed.to);
            // A value that is not 0 is not at an end that is 0.
            let interval = match (narrowed.not_zero, interval) {
                (true, Interval { lo: 0.0, hi, nan }) if 0.0 < hi => {
                    Interval { lo: f64::from_bits(1), hi, nan }
                }
                (true, Interval { lo, hi: 0.0, nan }) if lo < 0.0 => {
                    Interval { lo, hi: -f64::from_bits(1), nan }
                }
                (_, interval) => interval,
            };
            Estimate { interval, not_zero: found.not_zero || narrowed.not_zero, ..found }
        })
    }
}

/// The comparison that holds where this one does not.
fn opposite(op: BinaryOp) -> Option<BinaryOp> {
    Some(match op {
        BinaryOp::Less => BinaryOp::GreaterEqual,
        BinaryOp::LessEqual => BinaryOp::Greater,
        BinaryOp::Greater => BinaryOp::LessEqual,
        BinaryOp::GreaterEqual => BinaryOp::Less,
        BinaryOp::Equal => BinaryOp::NotEqual,
        BinaryOp::NotEqual => BinaryOp::Equal,
        _ => return None,
    })
}

/// The comparison with its sides exchanged.
fn mirrored(op: BinaryOp) -> Option<BinaryOp> {
    Some(match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        BinaryOp::Equal | BinaryOp::NotEqual => op,
        _ => return None,
    })
}
