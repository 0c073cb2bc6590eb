//! Draws from distributions: each declaration has a key, each draw in it a salt, in order of writing.

use circ_grammar::ast::Span;
use circ_plan::ir::*;

use super::context::Lowerer;
use crate::diagnose::build::{outside_domain, probability_range};
use crate::diagnose::structure::not_yet;
use crate::diagnose::value::nothing_to_redraw;
use crate::hir::ExprId;
use crate::interpret::apply::Value as Constant;
use crate::kernel::MAX_SALT;
use crate::types::{Dimension, Type};

impl Lowerer<'_, '_, '_> {
    /// `normal(mean, sd)` and its like. `poisson` of a frequency counts the events of a tick.
    pub fn draw(&mut self, id: ExprId, distribution: Distribution, args: &[ExprId]) -> ValueId {
        let mut values: Vec<ValueId> = args.iter().map(|arg| self.float(*arg)).collect();
        self.check_arguments(distribution, args, &values);
        if self.source.types.draws_poisson_rate.contains(&id) {
            let dt = self.b.float(self.source.net.dt);
            for value in &mut values {
                *value = self.b.mul(*value, dt);
            }
        }
        self.next_draw(distribution, values, self.source.hir.expr(id).span)
    }

    /// Requires that the arguments are in the domain of the distribution: now where they are known, else
    /// where they are used.
    fn check_arguments(&mut self, distribution: Distribution, args: &[ExprId], values: &[ValueId]) {
        for ((arg, value), domain) in args.iter().zip(values).zip(domains(distribution)) {
            let Some((what, lowest)) = domain else { continue };
            if self.b.float_constant(*value).is_some_and(|x| lowest.admits(x)) {
                continue;
            }
            let (what, bound) = (format!("{what} of `{}`", distribution.name()), self.b.float(0.0));
            let fits = match lowest {
                Lowest::Zero => self.b.le(bound, *value),
                Lowest::AboveZero => self.b.lt(bound, *value),
            };
            self.check_argument(*arg, *value, fits, &what, lowest.words());
        }
        let constants: Vec<Option<f64>> = values.iter().map(|value| self.b.float_constant(*value)).collect();
        match (distribution, args, values) {
            (Distribution::Uniform, [_, arg], [lo, hi]) => {
                if let [Some(lo), Some(hi)] = constants[..]
                    && lo <= hi
                {
                    return;
                }
                let fits = self.b.le(*lo, *hi);
                self.check_argument(*arg, *hi, fits, "the end of `uniform`", "at or above its start");
            }
            (Distribution::Binomial, [_, arg], [_, p]) => {
                if constants[1].is_some_and(|p| (0.0..=1.0).contains(&p)) {
                    return;
                }
                let (zero, one) = (self.b.float(0.0), self.b.float(1.0));
                let (above, below) = (self.b.le(zero, *p), self.b.le(*p, one));
                let fits = self.b.and(above, below);
                self.check_argument(*arg, *p, fits, "the probability of `binomial`", "between 0 and 1");
            }
            _ => {}
        }
    }

    fn check_argument(&mut self, arg: ExprId, value: ValueId, fits: ValueId, what: &str, due: &str) {
        let span = self.source.hir.expr(arg).span;
        let fails = self.b.not(fits);
        match (self.built(fails), self.built_number(value)) {
            (Some(Constant::Bool(true)), Some(value)) => {
                let dimension = match self.source.ty(arg) {
                    Type::Real(dimension) => *dimension,
                    _ => Dimension::REAL,
                };
                let shown = crate::units::show(value, dimension);
                self.report.push(outside_domain(span, what, due, &shown));
            }
            // A parameter that all cells share is judged as it is built, which costs no tick anything.
            (Some(_), _) => {}
            _ if self.runs_in_ticks() => self.check_not(CheckKind::Range, fails, span, what),
            _ => {}
        }
    }

    /// Programs that run before the first tick have no checks: what they make is looked at afterwards.
    fn runs_in_ticks(&mut self) -> bool {
        let synapse = self.synapse().is_some_and(|synapse| synapse.in_ticks());
        synapse || self.cell().is_some_and(|site| site.phase.moment().is_some())
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
        let p_at = self.source.hir.expr(p).span;
        let p = self.float(p);
        if let Some(built) = self.built_number(p).filter(|p| !(0.0..=1.0).contains(p)) {
            self.report.push(probability_range(p_at, &built.to_string()));
        }
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

/// The least that an argument may be.
#[derive(Clone, Copy)]
enum Lowest {
    Zero,
    AboveZero,
}

impl Lowest {
    fn admits(self, x: f64) -> bool {
        match self {
            Lowest::Zero => 0.0 <= x,
            Lowest::AboveZero => 0.0 < x,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Lowest::Zero => "at least 0",
            Lowest::AboveZero => "above 0",
        }
    }
}

/// What the arguments of a distribution are and may be; nothing where any number will do.
fn domains(distribution: Distribution) -> [Option<(&'static str, Lowest)>; 2] {
    use Lowest::{AboveZero, Zero};
    let deviation = Some(("the standard deviation", Zero));
    match distribution {
        Distribution::Uniform => [None, None],
        Distribution::Normal => [None, deviation],
        Distribution::Lognormal => [Some(("the mean", AboveZero)), deviation],
        Distribution::Exponential | Distribution::Poisson => [Some(("the mean", Zero)), None],
        Distribution::Gamma => [Some(("the shape", AboveZero)), Some(("the scale", Zero))],
        Distribution::Beta => [Some(("the first shape", AboveZero)), Some(("the second shape", AboveZero))],
        Distribution::Binomial => [Some(("the number of trials", Zero)), None],
    }
}

// Note [Redraws]
//
// A draw by itself is one operation, which draws again until the number lies within. A kernel has no loops
// else, so of an expression with draws in it the attempts are written out, with the salts that follow, as
// many as a declaration may have (64 for one draw each). Where none lies within, the value is NaN: a step
// ends in a fault, and a parameter, a weight or a delay is refused when the circuit is built.
