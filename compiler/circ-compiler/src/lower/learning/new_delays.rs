//! The delays of synapses that grow: drawn or computed for each by the clauses of the projection, as its weight is.
//!
//! In: a projection whose rule says `grow`. Out: [`NewDelays`], with bounds that are known before anything runs: what a
//! synapse may see one day has to be kept from the beginning.

use circ_grammar::ast::Span;
use circ_plan::ir::*;
use circ_plan::learning::{NewDelay, NewDelays};
use circ_plan::plan::Quantity;

use super::super::projections::{constant, whole_steps};
use super::programs::Programs;
use super::scope::{Moment, drawn_as};
use crate::bound::{Bounds, Place, Site};
use crate::diagnose::rule::grown_without_bounds;
use crate::net::{self, Setting};
use crate::types::Value;

/// The longest delay in ticks.
const MAX_DELAY: f64 = (1 << 24) as f64;

/// A clause, and what its draws are called.
#[derive(Clone, Copy)]
struct Clause<'a> {
    name: &'static str,
    setting: &'a Setting,
}

const NONE: Setting = Setting::Value(Value::Real(0.0));

/// Where none comes.
pub fn no_delays(net: &net::Projection) -> NewDelays {
    let none = || NewDelay { ms: Quantity::Constant(0.0), range: (0, 0) };
    NewDelays { axonal: none(), dendritic: none(), back: net.back.as_ref().map(|_| none()) }
}

impl<'a> Programs<'a, '_, '_> {
    /// What the projection says of the ways of each synapse.
    pub fn new_delays(&mut self) -> NewDelays {
        let net = self.net;
        let axonal = Clause { name: "delay", setting: &net.delay };
        let dendritic =
            Clause { name: "dendritic", setting: net.dendritic.as_deref().unwrap_or(const { &NONE }) };
        let back = net.back.as_ref().map(|setting| Clause { name: "back", setting });
        // Whichever of the two is drawn sees to it that they are one tick together, which what flows does not need.
        let (first, spikes) = (constant(axonal.setting).is_none(), net.flow.is_none());
        NewDelays {
            axonal: self.new_delay(axonal, Some(dendritic).filter(|_| spikes)),
            dendritic: self.new_delay(dendritic, Some(axonal).filter(|_| spikes && !first)),
            back: back.map(|back| self.new_delay(back, None)),
        }
    }

    /// One way; together with the `other` it is at least one tick long.
    fn new_delay(&mut self, clause: Clause<'a>, other: Option<Clause<'a>>) -> NewDelay {
        let (dt, span) = (self.source.net.dt, self.net.delay_span);
        if let Some(ms) = constant(clause.setting) {
            let ticks = (ms / dt).round() as u32;
            return NewDelay { ms: Quantity::Constant(ms), range: (ticks, ticks) };
        }
        let range = self.range(clause);
        let program = self.program_in(Precision::F64, "new delay", Moment::After, |lowerer| {
            let ticks = |lowerer: &mut super::super::context::Lowerer<'a, '_, '_>, clause: Clause<'a>| {
                let ms = whole_steps(lowerer, &drawn_as(&format!("rewire.{}", clause.name)), clause.setting);
                let step = lowerer.b.float(dt);
                let ticks = lowerer.b.div(ms, step);
                (ms, lowerer.b.round(ticks))
            };
            let (ms, own) = ticks(lowerer, clause);
            let (least, most) = (lowerer.b.float(f64::from(range.0)), lowerer.b.float(f64::from(range.1)));
            let (least, most) = (lowerer.b.ge(own, least), lowerer.b.le(own, most));
            let within = lowerer.b.and(least, most);
            let beyond = lowerer.b.not(within);
            lowerer.check_not(CheckKind::Range, beyond, span, BEYOND);
            if let Some(other) = other {
                let (_, other) = ticks(lowerer, other);
                let (sum, one) = (lowerer.b.add(own, other), lowerer.b.float(1.0));
                let reached = lowerer.b.ge(sum, one);
                let short = lowerer.b.not(reached);
                lowerer.check_not(CheckKind::Range, short, span, SHORT);
            }
            vec![Output::Result(ms)]
        });
        NewDelay { ms: Quantity::Program(Box::new(program)), range }
    }

    /// What a clause may come to, in ticks.
    fn range(&mut self, clause: Clause) -> (u32, u32) {
        let net = self.source.net;
        let here = |it: &net::Projection| std::ptr::eq(it, self.net);
        let at = net.projections.iter().position(here).unwrap_or(0) as u32;
        let mut bounds = Bounds::new(self.source.hir, self.source.types, net);
        let found = bounds.setting(clause.setting, &Site::new(Place::Pair(at), None)).interval;
        let ticks = |ms: f64| (ms / net.dt).round();
        if found.nan || MAX_DELAY < ticks(found.hi) {
            let span: Span = self.net.delay_span;
            self.report.push(grown_without_bounds(span, clause.name));
            return (0, 0);
        }
        (ticks(found.lo).max(0.0) as u32, ticks(found.hi).max(0.0) as u32)
    }
}

/// What a fault says of it.
const BEYOND: &str = "a delay beyond what was known of it when the circuit was built";
const SHORT: &str = "a delay shorter than one step";
