//! Draws from distributions: each declaration has a key, each draw in it a salt, in order of writing.

use circ_grammar::ast::Span;
use circ_plan::ir::*;

use super::context::Lowerer;
use crate::diagnose::structure::not_yet;
use crate::hir::ExprId;
use crate::kernel::MAX_SALT;

impl Lowerer<'_, '_, '_> {
    /// `normal(mean, sd)` and its like. `poisson` of a frequency counts the events of a tick.
    pub fn draw(&mut self, id: ExprId, distribution: Distribution, args: &[ExprId]) -> ValueId {
        let mut values: Vec<ValueId> = args.iter().map(|arg| self.float(*arg)).collect();
        if self.source.types.draws_poisson_rate.contains(&id) {
            let dt = self.b.float(self.source.net.dt);
            for value in &mut values {
                *value = self.b.mul(*value, dt);
            }
        }
        self.next_draw(distribution, values, self.source.hir.expr(id).span)
    }

    /// The next draw of the declaration at hand.
    pub fn next_draw(&mut self, distribution: Distribution, args: Vec<ValueId>, span: Span) -> ValueId {
        let name = self.draws.declaration.clone();
        if self.draws.salt >= MAX_SALT {
            self.report.push(not_yet(span, &format!("more than {MAX_SALT} draws in one declaration")));
            return self.b.float(0.0);
        }
        let key = self.keys.of(&name);
        let salt = self.draws.salt;
        self.draws.salt += 1;
        self.b.draw(distribution, args, key, salt)
    }

    /// `chance(p)`
    pub fn chance(&mut self, p: ExprId, span: Span) -> ValueId {
        let p = self.float(p);
        let (zero, one) = (self.b.float(0.0), self.b.float(1.0));
        let uniform = self.next_draw(Distribution::Uniform, vec![zero, one], span);
        self.b.lt(uniform, p)
    }

    /// `redraw(e, lo, hi)`: see the note on redraws.
    pub fn redraw(&mut self, value: ExprId, lo: ExprId, hi: ExprId, span: Span) -> ValueId {
        let (lo, hi) = (self.float(lo), self.float(hi));
        let before = self.draws.salt;
        let mut attempts = vec![self.float(value)];
        let each = (self.draws.salt - before).max(1);
        while self.draws.salt > before && self.draws.salt + each <= MAX_SALT {
            attempts.push(self.float(value));
        }
        let _ = span;
        let Some(last) = attempts.pop() else { return lo };
        // From the last to the first, so that each attempt is looked at only where those before it fail.
        let clipped = self.clamp(last, Some(lo), Some(hi));
        attempts.into_iter().rev().fold(clipped, |otherwise, attempt| {
            let (above, below) = (self.b.le(lo, attempt), self.b.le(attempt, hi));
            let inside = self.b.and(above, below);
            self.b.select(inside, attempt, otherwise)
        })
    }
}

// Note [Redraws]
//
// A kernel has no loops, so the attempts are written out, with the salts that follow, as many as a
// declaration may have (64 for one draw each), and the last is clipped to the bounds. An attempt that
// succeeds one time in three leaves that to 1 case in 10^11.
