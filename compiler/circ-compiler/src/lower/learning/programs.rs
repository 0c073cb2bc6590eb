//! The programs of a rule: what is delivered, what hooks do, what is observed.
//!
//! In: a rule and the places of its variables. Out: programs over the arrays of a synapse and columns of its sides,
//! which are asked for on the way.

use std::sync::Arc;

use circ_plan::ir::*;
use circ_plan::learning::When;
use circ_plan::plan::Observable;

use super::super::context::{Keys, Lowerer, Report, Site, Source};
use super::super::inputs::number;
use super::super::layout::Layout;
use super::super::pair::PairSite;
use super::super::time::ticks;
use super::super::value::Lowered;
use super::actions::Done;
use super::column::find_events;
use super::equations::Laws;
use super::place::{Place, Places};
use super::scope::{Moment, RuleScope, Wanted};
use crate::diagnose::build::outside_domain;
use crate::diagnose::structure::not_yet;
use crate::hir::path::part_of;
use crate::hir::*;
use crate::kernel::build::Builder;
use crate::net::{self, Plasticity, Setting};
use crate::types::Dimension;
use crate::units::show;

pub struct Programs<'a, 'r, 's> {
    pub source: Source<'a>,
    pub net: &'a net::Projection,
    plasticity: &'a Plasticity,
    pub rule: &'a Rule,
    pub places: Arc<Places>,
    pub laws: &'r Laws,
    precision: Precision,
    pub report: &'r mut Report<'s>,
    pub keys: Keys,
    /// Columns asked for so far.
    pub pre: Vec<Wanted>,
    pub post: Vec<Wanted>,
}

impl<'a, 'r, 's> Programs<'a, 'r, 's> {
    pub fn new(
        source: Source<'a>,
        net: &'a net::Projection,
        plasticity: &'a Plasticity,
        (places, laws): (Arc<Places>, &'r Laws),
        precision: Precision,
        report: &'r mut Report<'s>,
    ) -> Self {
        let rule = source.hir.rule(plasticity.rule);
        let keys = Keys::default();
        Programs {
            source,
            net,
            plasticity,
            rule,
            places,
            precision,
            report,
            keys,
            pre: vec![],
            post: vec![],
            laws,
        }
    }

    pub fn program(
        &mut self,
        name: &str,
        moment: Moment,
        make: impl FnOnce(&mut Lowerer<'a, '_, 's>) -> Vec<Output>,
    ) -> Program {
        self.program_in(self.precision, name, moment, make)
    }

    /// In a precision of its own.
    pub fn program_in(
        &mut self,
        precision: Precision,
        name: &str,
        moment: Moment,
        make: impl FnOnce(&mut Lowerer<'a, '_, 's>) -> Vec<Output>,
    ) -> Program {
        let mut scope = RuleScope::new(self.source, self.plasticity, moment);
        scope.places = (moment != Moment::Parameters).then(|| self.places.clone());
        (scope.pre, scope.post) = (std::mem::take(&mut self.pre), std::mem::take(&mut self.post));
        let name = format!("{}.{name}", self.net.path);
        let builder = Builder::new(name, precision);
        let site =
            PairSite { net: self.net, pre: vec![], post: vec![], flows: false, rule: Some(Box::new(scope)) };
        let mut lowerer = Lowerer::new(self.source, self.report, &mut self.keys, builder, Site::Pair(site));
        let outputs = make(&mut lowerer);
        if let Some(scope) = lowerer.synapse() {
            self.pre = std::mem::take(&mut scope.pre);
            self.post = std::mem::take(&mut scope.post);
        }
        let checks = std::mem::take(&mut lowerer.checks);
        lowerer.finish(outputs, checks)
    }

    /// Parameters that differ and initial states.
    pub fn init(&mut self) -> Program {
        let (rule, places) = (self.rule, self.places.clone());
        self.program("init", Moment::Parameters, |lowerer| {
            let mut outputs = vec![];
            for (var, declared) in rule.declared() {
                let Place::Array(array, ty) = *places.get(var) else { continue };
                let value = match &declared.kind {
                    RuleVarKind::Synapse { initial } => {
                        let value = lowerer.in_rule(&declared.name, *initial);
                        let value = lowerer.scalar(value, declared.span);
                        let value = lowerer.to(ty, value);
                        lowerer.bounded(rule, var, value)
                    }
                    _ => {
                        let value = lowerer.rule_variable(var, declared.span);
                        lowerer.scalar(value, declared.span)
                    }
                };
                if ty == Ty::Float {
                    let place = lowerer.report.place(declared.span, format!("`{}`", declared.name));
                    lowerer.checks.push(Check { kind: CheckKind::Finite, value, place });
                }
                outputs.push(Output::Array(array, lowerer.to(ty, value)));
            }
            if let Some(anchor) = places.anchor {
                outputs.push(Output::Array(anchor, lowerer.b.now()));
            }
            outputs
        })
    }

    /// What a spike delivers; nothing: `w` as it is kept.
    pub fn transmit(&mut self) -> Option<Program> {
        let hook = self.rule.hooks.iter().find(|hook| matches!(hook.when, HookKind::Pre));
        let said = hook.and_then(|hook| self.transmit_of(hook));
        let (rule, laws) = (self.rule, self.laws);
        let late = laws.closed.iter().any(|at| rule.equations[*at].var == Rule::WEIGHT);
        match said {
            None if late => Some(self.program("transmit", Moment::Seen, |lowerer| {
                lowerer.advance(rule, laws);
                vec![Output::Result(lowerer.learned(Rule::WEIGHT))]
            })),
            said => said,
        }
    }

    /// What a hook delivers, if it says so.
    pub fn transmit_of(&mut self, hook: &'a Hook) -> Option<Program> {
        if !transmits(&hook.body) {
            return None;
        }
        let (rule, laws) = (self.rule, self.laws);
        Some(self.program("transmit", Moment::Seen, |lowerer| {
            lowerer.advance(rule, laws);
            let done = lowerer.rule_block(rule, &hook_name(rule, hook), &hook.body);
            // What goes wrong before is found where the hook runs.
            lowerer.checks.clear();
            match done.sent {
                Some(sent) => {
                    let place = lowerer.report.place(sent.span, "what is transmitted");
                    lowerer.checks.push(Check { kind: CheckKind::Finite, value: sent.checked, place });
                    vec![Output::Result(sent.value)]
                }
                None => vec![],
            }
        }))
    }

    /// What a hook changes; nothing where it only delivers.
    pub fn hook(&mut self, at: usize, hook: &'a Hook) -> Option<Program> {
        let (rule, laws) = (self.rule, self.laws);
        if !hook.body.iter().any(changes) && !matches!(hook.when, HookKind::Both) {
            return None;
        }
        let moment = match hook.when {
            HookKind::Every(_) => Moment::After,
            HookKind::Pre | HookKind::Post(_) | HookKind::Both | HookKind::Modulator(_) => Moment::Seen,
        };
        let name = hook_name(rule, hook);
        Some(self.program(&format!("{name} {at}"), moment, |lowerer| {
            lowerer.advance(rule, laws);
            let Done { assigned, .. } = lowerer.rule_block(rule, &name, &hook.body);
            lowerer.check_assigned(rule, assigned);
            lowerer.learned_outputs()
        }))
    }

    /// When a hook runs: of several instances of an event, at each.
    pub fn when(&mut self, hook: &'a Hook, layouts: &[Layout<'a>]) -> Option<Vec<When>> {
        match &hook.when {
            HookKind::Pre => Some(vec![When::Pre]),
            HookKind::Both => None,
            HookKind::Post(path) => {
                let path = match path {
                    Some(path) => path.names.iter().map(|(name, _)| &**name).collect::<Vec<_>>().join("."),
                    None => "spike".to_owned(),
                };
                let mut found: Vec<Vec<EventId>> = vec![];
                for (segment, port) in self.net.ports.of(&self.net.target) {
                    let cell = layouts.get(segment.population as usize)?.cell;
                    let events = find_events(cell, part_of(port).0, &path);
                    found.push(events.into_iter().map(|event| EventId(event.0)).collect());
                }
                let instances = found.first().map_or(0, Vec::len);
                if found.iter().any(|events| events.len() != instances) || instances == 0 {
                    let what = "an event that targets have differently often";
                    self.report.push(not_yet(hook.span, what));
                    return None;
                }
                let at = |k: usize| When::Post(found.iter().map(|events| events[k]).collect());
                Some((0..instances).map(at).collect())
            }
            HookKind::Modulator(var) => {
                let Some(modulator) = self.plasticity.modulators.iter().find(|it| it.var == *var) else {
                    let what = "`on` a modulator that is of a side of the synapse";
                    self.report.push(not_yet(hook.span, what));
                    return None;
                };
                let mut events = vec![];
                for (at, segment) in modulator.cells.segments.iter().enumerate() {
                    let cell = layouts.get(segment.population as usize)?.cell;
                    let named = modulator.member.as_ref().and_then(|it| it.each.get(at));
                    let event = named.and_then(|name| find_events(cell, "", name).first().copied());
                    // A value is heard at the spikes of its cell.
                    let spike = || find_events(cell, "", "spike").first().copied();
                    events.push(EventId(event.or_else(spike).map_or(0, |event| event.0)));
                }
                Some(vec![When::Modulator(modulator.cells.clone(), events)])
            }
            HookKind::Every(interval) => {
                Some(vec![When::Every(self.interval(*interval, "the interval of `every`")?)])
            }
        }
    }

    /// The ticks of an interval, at least one; nothing where it is not known.
    pub fn interval(&mut self, interval: ExprId, what: &str) -> Option<i64> {
        let (source, span) = (self.source, self.source.hir.expr(interval).span);
        let Some(ms) = self.known(interval) else {
            self.report.push(not_yet(span, "an interval that is not known when the circuit is built"));
            return None;
        };
        let every = ticks(source, self.report, ms, span, what);
        if every < 1 {
            let shown = show(ms, Dimension::TIME);
            self.report.push(outside_domain(span, what, "at least a step", &shown));
        }
        Some(every.max(1))
    }

    /// A number of the rule, if it is known when the circuit is built.
    pub fn known(&mut self, expr: ExprId) -> Option<f64> {
        let mut found = None;
        self.program("known", Moment::Seen, |lowerer| {
            let value = lowerer.float(expr);
            found = lowerer.b.float_constant(value);
            vec![]
        });
        found
    }

    /// The longest that a delay which learns may become, in ms.
    pub fn longest_delay(&mut self) -> f64 {
        let Some(bounds) = self.rule.bounds.iter().find(|bounds| bounds.var == Rule::DELAY) else {
            return 0.0;
        };
        let Some(longest) = self.known(bounds.hi) else {
            let what = "a bound of `d` that is not known when the circuit is built";
            self.report.push(not_yet(self.source.hir.expr(bounds.hi).span, what));
            return 0.0;
        };
        match &self.net.delay {
            Setting::Value(value) => number(value).map_or(longest, |delay| longest.max(delay)),
            Setting::Each(_) => longest,
        }
    }

    /// Brings all to the present tick.
    pub fn settle(&mut self) -> Program {
        let (rule, laws) = (self.rule, self.laws);
        self.program("settle", Moment::Seen, |lowerer| {
            lowerer.advance(rule, laws);
            lowerer.learned_outputs()
        })
    }

    /// Where weights are shared: within bounds, when all changes of a tick were added up.
    pub fn shared(&mut self) -> Option<Program> {
        if !self.net.shares() {
            return None;
        }
        let rule = self.rule;
        let program = self.program("shared", Moment::Seen, |lowerer| {
            let before = lowerer.learned(Rule::WEIGHT);
            let value = lowerer.within_bounds(rule, Rule::WEIGHT, before);
            let place = lowerer.report.place(rule.span, "the sum of all changes of a shared `w`".to_owned());
            lowerer.checks.push(Check { kind: CheckKind::Finite, value, place });
            lowerer.learn(Rule::WEIGHT, value);
            lowerer.changed_outputs()
        });
        let differs = |op: &Op| match op {
            Op::Load(Side::Own, ArrayId(at)) => *at != 0,
            Op::Load(..) | Op::Index(_) | Op::Edge(_) | Op::Draw { .. } | Op::Redraw { .. } => true,
            _ => false,
        };
        if let Some(bounds) = rule.bounds.iter().find(|bounds| bounds.var == Rule::WEIGHT)
            && program.ops.iter().any(differs)
        {
            let what = "a rule whose bounds of a shared `w` differ from synapse to synapse";
            self.report.push(not_yet(self.plasticity.span, what).label(bounds.span, "the bounds"));
        }
        Some(program)
    }

    /// What happens at every tick, if anything does.
    pub fn step(&mut self) -> Option<Program> {
        let (rule, laws) = (self.rule, self.laws);
        if laws.stepped.is_empty() {
            return None;
        }
        Some(self.program("step", Moment::After, |lowerer| {
            lowerer.step_rule(rule, laws);
            lowerer.changed_outputs()
        }))
    }

    /// What jumps of modulators do: by modulator, all is brought to the tick at which it jumps.
    pub fn jumps(&mut self) -> Vec<(usize, Program)> {
        let (rule, laws) = (self.rule, self.laws);
        let jump = |index: &usize| {
            let name = format!("jump {index}");
            let program = self.program(&name, Moment::Seen, |lowerer| {
                lowerer.advance(rule, laws);
                lowerer.learned_outputs()
            });
            (*index, program)
        };
        laws.jumping.iter().map(jump).collect()
    }

    /// What is observed by name.
    pub fn observables(&mut self) -> Vec<Observable> {
        let mut found = vec![];
        let (rule, laws) = (self.rule, self.laws);
        for (at, declared) in rule.vars.iter().enumerate() {
            let var = VarId(at as u32);
            let shown = match (&declared.kind, self.places.get(var)) {
                (_, Place::Nowhere) | (RuleVarKind::Trace { .. } | RuleVarKind::Modulator, _) => {
                    matches!(declared.kind, RuleVarKind::Let { .. })
                }
                (_, Place::Known(_)) => false,
                _ => true,
            };
            if !shown {
                continue;
            }
            let asked = (self.pre.clone(), self.post.clone());
            let mut array = false;
            let program = self.program(&format!("observe.{}", declared.name), Moment::Seen, |lowerer| {
                lowerer.advance_for(rule, laws, var);
                lowerer.checks.clear();
                match lowerer.rule_variable(var, declared.span) {
                    Lowered::One(value) => vec![Output::Result(value)],
                    Lowered::Many { .. } | Lowered::Known(_) => {
                        array = true;
                        vec![]
                    }
                }
            });
            (self.pre, self.post) = asked;
            // What modulators have jumped to is known of every tick.
            let base = |at: &ArrayId| matches!(self.post.get(at.0 as usize), Some(Wanted::LawBefore { .. }));
            let of_sides = |op: &Op| match op {
                Op::Load(Side::Post, at) => !base(at),
                Op::Load(Side::Pre, _) | Op::Index(_) | Op::Edge(_) => true,
                Op::Draw { .. } | Op::Redraw { .. } => true,
                _ => false,
            };
            if !array && !program.ops.iter().any(of_sides) {
                found.push(Observable { name: declared.name.to_string(), program });
            }
        }
        found
    }
}

impl Lowerer<'_, '_, '_> {
    /// What a program changed, with the tick at which it did.
    pub fn learned_outputs(&mut self) -> Vec<Output> {
        let mut outputs = self.changed_outputs();
        let anchor = self.synapse().and_then(|scope| scope.places.as_ref()?.anchor);
        if let Some(anchor) = anchor {
            // Before tick 0 nothing has happened yet.
            let (now, first) = (self.b.now(), self.b.tick(0));
            let early = self.b.lt(now, first);
            outputs.push(Output::Array(anchor, self.b.select(early, first, now)));
        }
        outputs
    }

    /// What a program changed.
    pub fn changed_outputs(&mut self) -> Vec<Output> {
        let mut outputs = vec![];
        for (var, value) in self.all_learned() {
            let array = self.synapse().and_then(|scope| scope.places.as_ref()?.array(var));
            if let Some((array, ty)) = array
                && value != self.learned_before(var)
            {
                outputs.push(Output::Array(array, self.to(ty, value)));
            }
        }
        outputs
    }
}

/// A lowerer of a program that is only looked at.
pub fn scratch<'a, 'r, 's>(
    source: Source<'a>,
    net: &'a net::Projection,
    scope: RuleScope<'a>,
    precision: Precision,
    report: &'r mut Report<'s>,
    keys: &'r mut Keys,
) -> Lowerer<'a, 'r, 's> {
    let site = PairSite { net, pre: vec![], post: vec![], flows: false, rule: Some(Box::new(scope)) };
    Lowerer::new(source, report, keys, Builder::new("scratch", precision), Site::Pair(site))
}

/// What a hook is called among the programs and draws of its rule.
fn hook_name(rule: &Rule, hook: &Hook) -> String {
    match &hook.when {
        HookKind::Pre => "on pre".to_owned(),
        HookKind::Post(None) => "on post".to_owned(),
        HookKind::Post(Some(path)) => {
            let names: Vec<&str> = path.names.iter().map(|(name, _)| &**name).collect();
            format!("on post.{}", names.join("."))
        }
        HookKind::Both => "on pre and post".to_owned(),
        HookKind::Modulator(var) => format!("on {}", rule.vars[var.index()].name),
        HookKind::Every(_) => {
            let same = rule.hooks.iter().filter(|it| matches!(it.when, HookKind::Every(_)));
            let at = same.take_while(|it| !std::ptr::eq(*it, hook)).count();
            if at == 0 { "every".to_owned() } else { format!("every{at}") }
        }
    }
}

fn transmits(body: &[RuleAction]) -> bool {
    body.iter().any(|action| match &action.kind {
        RuleActionKind::Transmit(_) => true,
        RuleActionKind::If { then, otherwise, .. } => transmits(then) || transmits(otherwise),
        RuleActionKind::Assign { .. } | RuleActionKind::Let { .. } => false,
    })
}

/// Whether a statement changes anything.
pub fn changes(action: &RuleAction) -> bool {
    match &action.kind {
        RuleActionKind::Assign { .. } => true,
        RuleActionKind::If { then, otherwise, .. } => then.iter().chain(otherwise).any(changes),
        RuleActionKind::Let { .. } | RuleActionKind::Transmit(_) => false,
    }
}
