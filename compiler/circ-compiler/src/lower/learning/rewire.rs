//! Structural plasticity: `rewire every T { prune lowest 10 % by w; grow pruned highest by pre.a * post.b }`.
//!
//! In: a rule with `rewire`. Out: a [`Rewire`], whose numbers are known and whose programs look at synapses, or at pairs of
//! cells that have none. What can not be rewired is refused here.

use circ_grammar::ast::Span;
use circ_numerics::random::key;
use circ_plan::ir::*;
use circ_plan::learning::{
    Budget as Count, Candidates, Group, Grow, Learning, MAX_KEY, Prune, Rewire, Share,
};
use circ_plan::plan::Sign;

use super::super::context::{Lowerer, Report};
use super::super::projections::valued;
use super::new_delays::no_delays;
use super::place::LEARNS;
use super::programs::Programs;
use super::scope::{Moment, drawn_as};
use crate::diagnose::rule::{
    grown_without_row, not_grown_yet, number_of_synapses, part_of_synapses, rewired_both_ways,
};
use crate::diagnose::structure::not_yet;
use crate::hir::{Budget, ExprId, Pick};
use crate::net::{self, Which};
use crate::types::Type;

/// What is made of an expression.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    Condition,
    Score,
}

impl<'a> Programs<'a, '_, '_> {
    /// Which synapses go and come, if the rule says so.
    pub fn rewire(&mut self) -> Option<Rewire> {
        let rewire = self.rule.rewire.as_ref()?;
        let interval = self.interval(rewire.interval, "the interval of `rewire`")?;
        let grows = !rewire.grow.is_empty();
        let weight = if grows { self.new_weight() } else { self.no_weight() };
        let group = self.group();
        let delays = if grows { self.new_delays() } else { no_delays(self.net) };
        let prune = rewire.prune.iter().enumerate().filter_map(|(at, pick)| self.prune(at, pick)).collect();
        let grow = rewire.grow.iter().enumerate().map(|(at, grow)| self.grow(at, grow)).collect();
        Some(Rewire {
            interval,
            learns: LEARNS,
            prune,
            grow,
            weight,
            group,
            delays,
            key: key(self.source.net.seed, &format!("{}.{}", self.net.path, drawn_as("rewire"))),
            place: self.report.place(rewire.span, "`grow pruned`"),
        })
    }

    /// What the projection gives each synapse.
    fn new_weight(&mut self) -> Program {
        let net = self.net;
        self.program_in(Precision::F64, "new weight", Moment::After, |lowerer| {
            let weight = valued(lowerer, &drawn_as("rewire.weight"), &net.weight);
            let (most, zero) = (lowerer.b.float(f64::from(f32::MAX)), lowerer.b.float(0.0));
            let magnitude = lowerer.b.abs(weight);
            let mut holds = lowerer.b.le(magnitude, most);
            let sign = match net.sign {
                Sign::Free => None,
                Sign::NotNegative => Some(lowerer.b.ge(weight, zero)),
                Sign::NotPositive => Some(lowerer.b.le(weight, zero)),
            };
            if let Some(sign) = sign {
                holds = lowerer.b.and(holds, sign);
            }
            let fails = lowerer.b.not(holds);
            lowerer.check_not(CheckKind::Range, fails, net.weight_span, "the weight of a new synapse");
            vec![Output::Result(weight)]
        })
    }

    /// Where none comes.
    fn no_weight(&mut self) -> Program {
        self.program_in(Precision::F64, "new weight", Moment::After, |lowerer| {
            vec![Output::Result(lowerer.b.float(0.0))]
        })
    }

    /// With which others a synapse shares its weight.
    fn group(&mut self) -> Option<Group> {
        let (share, array) = (self.net.share?, self.places.key?);
        let key = self.program_in(Precision::F64, "key", Moment::After, |lowerer| {
            let key = lowerer.declared(&drawn_as("rewire.share"), |lowerer| {
                lowerer.within(share.key.environment, |lowerer| lowerer.float(share.key.expr))
            });
            // Of those that come, as it was asked of those that were built.
            let (size, most) = (lowerer.b.abs(key), lowerer.b.float(MAX_KEY));
            let whole = lowerer.b.le(size, most);
            let fails = lowerer.b.not(whole);
            lowerer.check_not(CheckKind::Range, fails, share.span, "what `share by` compares");
            vec![Output::Result(key)]
        });
        Some(Group { key, array })
    }

    fn prune(&mut self, at: usize, pick: &Pick) -> Option<Prune> {
        let name = format!("prune {at}");
        match *pick {
            Pick::Where(condition) => {
                Some(Prune::Where(self.look(&name, condition, Look::Condition, Of::Synapse)))
            }
            Pick::Extreme { highest, share, by } => {
                let share = self.share(share?)?;
                let by = self.look(&name, by, Look::Score, Of::Synapse);
                Some(Prune::Extreme { highest, share, by })
            }
            // Refused when it was read.
            Pick::Random => None,
        }
    }

    fn grow(&mut self, at: usize, (budget, pick): &(Budget, Pick)) -> Grow {
        let name = format!("grow {at}");
        let budget = match budget {
            Budget::Pruned => Count::Pruned,
            Budget::Number(number) => Count::Number(self.number(*number).unwrap_or(0)),
        };
        let pick = match *pick {
            Pick::Where(condition) => {
                Candidates::Where(self.look(&name, condition, Look::Condition, Of::Pair))
            }
            Pick::Extreme { highest, by, .. } => {
                Candidates::Extreme { highest, by: self.look(&name, by, Look::Score, Of::Pair) }
            }
            Pick::Random => Candidates::Random,
        };
        Grow { budget, pick, part: self.new_part(at) }
    }

    /// On which segment a pair that may be connected is: drawn or computed as that of a synapse that is there from the beginning,
    /// for each clause and each time anew.
    fn new_part(&mut self, at: usize) -> Option<Program> {
        let net = self.net;
        let onto = net.onto.as_ref()?;
        let (span, name) = (onto.span, drawn_as(&format!("rewire.onto.{at}")));
        let program = self.program_in(Precision::F64, "new segment", Moment::After, |lowerer| {
            let (none, all) = (lowerer.b.float(0.0), lowerer.b.float(f64::from(onto.segments)));
            let part = lowerer.declared(&name, |lowerer| match onto.which {
                Which::Pair(closure) => {
                    lowerer.within(closure.environment, |lowerer| lowerer.float(closure.expr))
                }
                Which::Random => {
                    let drawn = lowerer.next_draw(Distribution::Uniform, vec![none, all], span);
                    lowerer.b.floor(drawn)
                }
            });
            let floor = lowerer.b.floor(part);
            let (is_whole, least) = (lowerer.b.eq(part, floor), lowerer.b.ge(part, none));
            let below = lowerer.b.lt(part, all);
            let within = lowerer.b.and(least, below);
            let is_there = lowerer.b.and(is_whole, within);
            let fails = lowerer.b.not(is_there);
            lowerer.check_not(CheckKind::Range, fails, span, "the segment of a new synapse");
            vec![Output::Result(part)]
        });
        Some(program)
    }

    fn share(&mut self, share: ExprId) -> Option<Share> {
        if *self.source.ty(share) == Type::Int {
            return self.number(share).map(Share::Number);
        }
        let part = self.known_number(share, "the part of the synapses that is pruned")?;
        if !(0.0..=1.0).contains(&part) {
            self.report.push(part_of_synapses(self.span(share), part));
            return None;
        }
        Some(Share::Part(part))
    }

    fn number(&mut self, number: ExprId) -> Option<u64> {
        let found = self.known_number(number, "the number of synapses")?;
        if found < 0.0 {
            self.report.push(number_of_synapses(self.span(number), found));
            return None;
        }
        Some(found as u64)
    }

    fn known_number(&mut self, expr: ExprId, what: &str) -> Option<f64> {
        let found = self.known(expr);
        if found.is_none() {
            let what = format!("{what}, where it is not known when the circuit is built,");
            self.report.push(not_yet(self.span(expr), &what));
        }
        found
    }

    fn span(&self, expr: ExprId) -> Span {
        self.source.hir.expr(expr).span
    }

    /// What is asked of each synapse, or of each pair that has none.
    fn look(&mut self, name: &str, expr: ExprId, look: Look, of: Of) -> Program {
        let (rule, laws, span) = (self.rule, self.laws, self.span(expr));
        let program = self.program(name, Moment::After, |lowerer| {
            if of == Of::Synapse {
                lowerer.advance(rule, laws);
                // What goes wrong before is found where hooks run.
                lowerer.checks.clear();
            }
            let value = lowerer.in_rule(&name.replace(' ', ""), expr);
            let value = lowerer.scalar(value, span);
            vec![Output::Result(looked_at(lowerer, value, look, span))]
        });
        if of == Of::Pair {
            self.refuse_held(&program, span);
        }
        program
    }

    /// Refuses what only a synapse holds.
    fn refuse_held(&mut self, program: &Program, span: Span) {
        let held = program.ops.iter().find_map(|op| match op {
            Op::Load(Side::Own, array) => self.places.arrays.get(array.0 as usize),
            _ => None,
        });
        if let Some(array) = held {
            self.report.push(not_grown_yet(span, &array.name));
        }
    }
}

/// Whom a program looks at.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Synapse,
    Pair,
}

fn looked_at(lowerer: &mut Lowerer, value: ValueId, look: Look, span: Span) -> ValueId {
    match look {
        Look::Condition => lowerer.as_bool(value),
        Look::Score => {
            let score = lowerer.as_float(value);
            // Scores may be infinite, but have to be ordered.
            let fails = lowerer.b.ne(score, score);
            lowerer.check_not(CheckKind::Range, fails, span, "the score");
            score
        }
    }
}

/// Refuses what can not be rewired.
pub fn refuse_to_rewire(net: &net::Projection, learning: &mut Learning, report: &mut Report) {
    let Some(rewire) = &learning.rewire else { return };
    let reads_table = |program: &Program| program.ops.iter().any(|op| matches!(op, Op::Edge(_)));
    let span = net.plasticity.as_ref().map_or(net.span, |plasticity| plasticity.span);
    if net.two_ways {
        report.push(rewired_both_ways(span));
    } else if rewire.grows() && programs(learning).into_iter().any(reads_table) {
        report.push(grown_without_row(net.connect_span, span));
    } else {
        return;
    }
    learning.rewire = None;
}

fn programs(learning: &Learning) -> Vec<&Program> {
    let both = learning.both.iter();
    let sent = learning.transmit.iter().chain(both.clone().filter_map(|both| both.transmit.as_ref()));
    let rewire = learning.rewire.iter();
    let looks = rewire.flat_map(|it| {
        it.of_synapses()
            .chain(it.of_candidates())
            .chain([&it.weight])
            .chain(it.group.iter().map(|group| &group.key))
            .chain(it.delays.programs())
            .chain(it.of_parts())
    });
    [&learning.init, &learning.settle]
        .into_iter()
        .chain(learning.hooks.iter().map(|hook| &hook.program))
        .chain(both.map(|both| &both.program))
        .chain(sent)
        .chain(looks)
        .collect()
}
