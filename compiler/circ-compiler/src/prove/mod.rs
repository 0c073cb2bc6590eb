//! Proofs: what must hold of every value that a circuit can take, shown before the run.
//!
//! In: a net that is built, and the texts, to quote from. Out: messages. Weights keep the sign that their port and
//! source demand, a delay reaches a step, time constants are positive, probabilities lie between 0 and 1, divisors
//! are not 0, arguments of distributions make sense, parameters stay in their ranges; also when the experiment sets
//! them. What fails for sure is an error. What may fail is one where everything in it is known: numbers,
//! parameters, draws, places of cells. What depends on states without a range is left to the run.

mod cell;
mod judge;
mod plasticity;
mod projection;
mod quote;
mod set;
mod share;

use crate::bound::{Bounds, Consider, Demand, DemandKind, Estimate, Site};
use crate::check::Types;
use crate::diagnose::bound::{self as say, Breach};
use crate::diagnose::build::SignReason;
use crate::diagnose::{Diagnostic, Sink, Sources};
use crate::elaborate::Whole;
use crate::hir::{ExprId, Hir, VarId};
use crate::interval::Interval;
use crate::net::{Net, Setting};
use circ_grammar::ast::Span;
use judge::{Need, Verdict};
pub use set::{WasSet, after_set};
use std::collections::BTreeSet;

/// Proves what can be proved of a net, and says what does not hold.
pub fn prove(hir: &Hir, types: &Types, net: &Net, sources: &Sources, sink: &mut Sink) {
    if net.dt.is_nan() {
        return;
    }
    let mut bounds = Bounds::new(hir, types, net);
    bounds.consider_sets(Consider::Built);
    let mut prover = Prover::new(bounds, sources, sink);
    prover.populations();
    let whole = Whole { hir, types, net };
    for (at, projection) in net.projections.iter().enumerate() {
        if prover.sink.is_full() {
            return;
        }
        if whole.projection(projection) {
            prover.projection(at as u32);
        }
    }
    for (at, drive) in net.drives.iter().enumerate() {
        if whole.drive(drive) {
            prover.drive(at as u32);
        }
    }
    if !whole.all() || !whole.experiment() {
        return;
    }
    prover.kept_sums();
    if !prover.bounds.sets().is_empty() || !prover.bounds.set_drives().is_empty() {
        prover.sets();
        // What several of them do together.
        prover.bounds.consider_sets(Consider::Sets);
        prover.proved.clear();
        prover.populations();
    }
}

struct Prover<'a> {
    bounds: Bounds<'a>,
    sources: &'a Sources,
    sink: &'a mut Sink,
    /// Each place says each thing once, however many populations come by.
    said: BTreeSet<(Span, &'static str)>,
    /// Populations whose cells are like these were looked at.
    proved: BTreeSet<cell::Likeness>,
}

/// Something that may not be as it must.
#[derive(Clone, Debug)]
struct Finding {
    at: Span,
    /// What is judged, where it is an expression.
    expr: Option<ExprId>,
    need: Need,
    found: Estimate,
    subject: Subject,
    site: Site,
}

/// What must be as it must.
#[derive(Clone, Debug)]
enum Subject {
    Part(DemandKind),
    /// Of the equation of this variable; a time or not.
    Factor {
        var: String,
        time: bool,
    },
    /// Of this port.
    TimeConstant {
        port: String,
    },
    Duration,
    /// A parameter, with its range.
    Parameter {
        population: u32,
        var: VarId,
        declared: Span,
    },
    /// Of a rule, with its range.
    RuleParameter {
        name: String,
        declared: Span,
    },
    Probability,
    Rate,
    /// `dale` is the clause that demands a proof.
    Weight {
        reason: SignReason,
        dale: Option<Span>,
    },
    /// What flows, where no weight has part in it.
    Flow {
        reason: SignReason,
        dale: Option<Span>,
    },
    /// The sum with `dendritic`, in ms. `least` is what this clause must be more than.
    Delay {
        least: f64,
    },
}

impl<'a> Prover<'a> {
    fn new(bounds: Bounds<'a>, sources: &'a Sources, sink: &'a mut Sink) -> Prover<'a> {
        Prover { bounds, sources, sink, said: BTreeSet::new(), proved: BTreeSet::new() }
    }

    fn populations(&mut self) {
        for population in 0..self.bounds.net.populations.len() as u32 {
            if self.sink.is_full() {
                return;
            }
            let Bounds { hir, types, net, .. } = self.bounds;
            if (Whole { hir, types, net }).population(&net.populations[population as usize]) {
                self.population(population);
            }
        }
    }

    /// Says a finding, if it is one.
    fn judge(&mut self, finding: Finding) {
        let verdict = judge::verdict(finding.need, &finding.found);
        if verdict == Verdict::Holds || (verdict == Verdict::May && !finding.must_be_proved()) {
            return;
        }
        let message = self.message(&finding, verdict);
        if let Some((at, name)) = self.given_elsewhere(&finding) {
            return self.say(set::moved(message, at, &name));
        }
        // A parameter that is wrong is wrong wherever it is read: once is enough.
        if let Some((origin, _)) = finding.expr.and_then(|expr| self.origin(expr, &finding.site))
            && !self.said.insert((origin, message.rule.name))
        {
            return;
        }
        self.say(message);
    }

    fn say(&mut self, message: Diagnostic) {
        if self.said.insert((message.span, message.rule.name)) {
            self.sink.push(message);
        }
    }

    fn message(&mut self, finding: &Finding, verdict: Verdict) -> Diagnostic {
        let breach = self.breach(finding, verdict);
        match &finding.subject {
            Subject::Part(kind) => match kind {
                DemandKind::Divisor => say::divisor(&breach),
                DemandKind::Argument(distribution, at) => {
                    let what = judge::argument(*distribution, *at).unwrap_or("an argument");
                    say::argument(&breach, &format!("{what} of `{}`", distribution.name()))
                }
                DemandKind::Span => say::end_of_uniform(&breach),
                DemandKind::Chance => say::probability(&breach),
                DemandKind::Root => say::argument(&breach, "what `sqrt` is taken of"),
                DemandKind::Logarithm => say::argument(&breach, "what a logarithm is taken of"),
            },
            Subject::Factor { var, time: true } => say::time_constant(&breach, var),
            Subject::Factor { var, time: false } => say::factor(&breach, var),
            Subject::TimeConstant { port } => say::port_time_constant(&breach, port),
            Subject::Duration => say::duration(&breach),
            Subject::Parameter { population, var, declared } => {
                let name = self.variable(*population, *var).map_or(String::new(), |var| var.name.to_string());
                say::parameter(&breach, &name, *declared)
            }
            Subject::RuleParameter { name, declared } => say::parameter(&breach, name, *declared),
            Subject::Probability => say::probability(&breach),
            Subject::Rate => say::rate(&breach),
            Subject::Weight { reason, dale } => say::weight(&breach, "the weight", reason, *dale),
            Subject::Flow { reason, dale } => {
                let message = say::weight(&breach, "what flows", reason, *dale);
                match finding.found.interval.is_bounded() && finding.found.interval.hi < f64::MAX {
                    true => message,
                    false => message
                        .note("of a state its range is known, where it has one: `state x in 0 .. inf = 0`"),
                }
            }
            Subject::Delay { .. } => say::delay(&breach, self.step()),
        }
    }

    /// All that a message says, ready to show.
    fn breach(&mut self, finding: &Finding, verdict: Verdict) -> Breach {
        let dimension = finding.expr.map_or(self.dimension_of(finding), |expr| self.dimension(expr));
        let show = |x: f64| quote::show(x, dimension);
        let interval = finding.found.interval;
        let worst = judge::worst(finding.need, interval);
        let share = finding.expr.and_then(|expr| self.share(expr, finding));
        let range = match interval.single() {
            Some(x) => show(x),
            // A product that rounds is one number for people.
            None if show(interval.lo) == show(interval.hi) => show(interval.lo),
            None => format!("{} .. {}", show(interval.lo), show(interval.hi)),
        };
        Breach {
            at: finding.at,
            surely: verdict == Verdict::Fails,
            single: interval.single().is_some(),
            worst: show(worst),
            worst_of_0: worst == 0.0,
            range,
            due: judge::due(finding.need, show),
            ends: judge::ends(finding.need).map(show),
            share: share.map(quote::share),
            origin: finding.expr.and_then(|expr| self.origin(expr, &finding.site)),
            help: self.help(finding, dimension),
        }
    }

    fn step(&self) -> crate::diagnose::time::Step {
        crate::diagnose::time::Step { ms: self.bounds.net.dt, span: self.bounds.net.dt_span }
    }

    /// What the expressions that `look` looks at demand of their parts.
    fn hear(&mut self, look: impl FnOnce(&mut Self)) -> Vec<Finding> {
        let outer = self.bounds.listen();
        look(self);
        let demands = self.bounds.heard(outer);
        demands.into_iter().filter_map(|demand| self.of_demand(demand)).collect()
    }

    fn of_demand(&self, demand: Demand) -> Option<Finding> {
        let need = match demand.kind {
            DemandKind::Divisor => Need::NotZero,
            DemandKind::Argument(distribution, at) => judge::domain(distribution, at)?,
            DemandKind::Span | DemandKind::Root => Need::Within(judge::NOT_NEGATIVE),
            DemandKind::Chance => Need::Within(judge::PROBABILITY),
            DemandKind::Logarithm => Need::Above(0.0),
        };
        let Demand { expr, found, kind, site } = demand;
        let at = self.span(expr);
        Some(Finding { at, expr: Some(expr), need, found, subject: Subject::Part(kind), site })
    }

    fn span(&self, expr: ExprId) -> Span {
        self.bounds.hir.expr(expr).span
    }
}

impl Finding {
    /// Whether it is an error that it may be wrong. Without `dale` a weight's sign is looked at when the network is
    /// built, and that of what flows is left to whoever wrote it.
    fn must_be_proved(&self) -> bool {
        !matches!(self.subject, Subject::Weight { dale: None, .. } | Subject::Flow { dale: None, .. })
    }
}

/// The expression of a setting, if it is one.
fn closure(setting: &Setting) -> Option<ExprId> {
    match setting {
        Setting::Each(closure) => Some(closure.expr),
        Setting::Value(_) => None,
    }
}

/// Whether nothing is known, for things that are better left alone.
fn is_unknown(interval: Interval) -> bool {
    interval == Interval::UNKNOWN
}
