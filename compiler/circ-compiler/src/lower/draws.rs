//! Draws from distributions: each declaration has a key, each draw in it a salt, in order of writing.

use circ_grammar::ast::Span;
use circ_plan::ir::*;

use super::context::Lowerer;
use crate::diagnose::structure::not_yet;
use crate::diagnose::value::nothing_to_redraw;
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

    /// Programs that run before the first tick have no checks: what they make is looked at afterwards.
    fn runs_in_ticks(&mut self) -> bool {
        self.cell().is_some_and(|site| site.phase.moment().is_some())
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
        let within = [self.float(lo), self.float(hi)];
        let before = self.draws.salt;
        let first = self.float(value);
        if self.draws.salt == before {
            self.report.push(nothing_to_redraw(self.source.hir.expr(value).span));
        }
        let drawn = match self.drawn(first).and_then(|draw| self.b.redraw(draw, within)) {
            Some(drawn) => drawn,
            None => self.first_within(first, value, within, before),
        };
        if self.runs_in_ticks() {
            let missed = self.b.ne(drawn, drawn);
            self.check_not(CheckKind::Redraw, missed, span, "the `redraw`");
        }
        drawn
    }

    /// The draw that a value is, through a count as a whole number.
    fn drawn(&self, value: ValueId) -> Option<ValueId> {
        match self.b.op(value) {
            Op::Draw { .. } => Some(value),
            Op::ToFloat(whole) => match self.b.op(*whole) {
                Op::ToInt(value) => self.drawn(*value),
                _ => None,
            },
            _ => None,
        }
    }

    /// The first of several attempts that lies within, else NaN.
    fn first_within(&mut self, first: ValueId, value: ExprId, within: [ValueId; 2], before: u32) -> ValueId {
        let mut attempts = vec![first];
        let each = self.draws.salt - before;
        while 0 < each && self.draws.salt + each <= MAX_SALT {
            attempts.push(self.float(value));
        }
        // From the last to the first, so that each attempt is looked at only where those before it fail.
        let none = self.b.float(f64::NAN);
        attempts.into_iter().rev().fold(none, |otherwise, attempt| {
            let (above, below) = (self.b.le(within[0], attempt), self.b.le(attempt, within[1]));
            let inside = self.b.and(above, below);
            self.b.select(inside, attempt, otherwise)
        })
    }
}

// Note [Redraws]
//
// A draw by itself is one operation, which draws again until the number lies within. A kernel has no loops
// else, so of an expression with draws in it the attempts are written out, with the salts that follow, as
// many as a declaration may have (64 for one draw each). Where none lies within, the value is NaN: a step
// ends in a fault, and a parameter, a weight or a delay is refused when the circuit is built.
