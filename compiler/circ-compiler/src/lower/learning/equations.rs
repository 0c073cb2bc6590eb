//! Equations of synapses: which have a closed form since the last event of the synapse, and the arithmetic of both kinds.
//!
//! In: the equations of a rule. Out: [`Laws`], and values of states some time later. Equations that are linear, with
//! coefficients that stay as they are between events of the synapse, and that depend on each other in one direction, are
//! evaluated when somebody asks, from the tick of the last event on (the anchor). So are those that read modulators which
//! decay by themselves, with jumps of these among the events. All others are stepped at every tick, with what they read
//! of cells held over it.

use std::collections::{BTreeMap, BTreeSet};

use circ_plan::ir::*;

use super::super::context::{Lowerer, Report, Source};
use super::super::explain::{Evaluated, RuleMethod};
use super::closed::{ClosedForm, is_triangular};
use super::column::find;
use super::modulated::Lawful;
use super::place::Places;
use super::programs::scratch;
use super::reads::variables;
use super::scope::{Moment, RuleScope, Wanted};
use crate::diagnose::Sink;
use crate::diagnose::structure::not_yet;
use crate::hir::path::part_of;
use crate::hir::*;
use crate::net::{self, Plasticity};
use crate::solve::affine::{Affine, affine, reachable};
use crate::solve::substitute::Substitution;
use crate::solve::{self, Facts, Kind, System};

/// How the equations of a rule are evaluated, as places in [`Rule::equations`].
#[derive(Clone, Debug, Default)]
pub struct Laws {
    /// In closed form, each after those that it depends on.
    pub closed: Vec<usize>,
    /// At every tick, with why.
    pub stepped: Vec<(usize, Why)>,
    /// Modulators that follow a linear equation of their own.
    pub lawful: Vec<Lawful>,
    /// Of `closed`: those with coefficients made of such modulators.
    pub modulated: Vec<usize>,
    /// The modulators that these read: what jumps of theirs begin anew.
    pub jumping: Vec<usize>,
}

/// Why an equation is stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It reads what moves from tick to tick.
    Moves,
    NotLinear,
    /// It and another act on each other, or it reads one that is stepped.
    Others,
    /// It is that of a weight which others change too.
    Shared,
    /// It is that of a weight which something flows through.
    Flows,
}

impl Why {
    /// In words that follow "because".
    pub fn words(self) -> &'static str {
        match self {
            Why::Moves => "it reads what moves from tick to tick",
            Why::NotLinear => "it is not linear",
            Why::Others => "it depends on one that is stepped, or on one that depends on it",
            Why::Shared => "other synapses change the same weight",
            Why::Flows => "something flows through the weight at every step",
        }
    }
}

impl Laws {
    /// For people.
    pub fn methods(&self, rule: &Rule) -> Vec<RuleMethod> {
        let method = |(at, equation): (usize, &Equation)| {
            let stepped = self.stepped.iter().find(|(other, _)| *other == at);
            let (evaluated, reason) = match stepped {
                Some((_, why)) => (Evaluated::AtEveryStep, why.words()),
                None if self.modulated.contains(&at) => {
                    (Evaluated::SinceEventOrJump, "it is linear, and its modulator decays by itself")
                }
                None => (Evaluated::SinceEvent, "it is linear with constant coefficients"),
            };
            let variable = rule.vars[equation.var.index()].name.to_string();
            RuleMethod { variable, evaluated, reason }
        };
        rule.equations.iter().enumerate().map(method).collect()
    }
}

/// Looks at the equations of a rule.
pub fn laws<'a>(
    source: Source<'a>,
    net: &'a net::Projection,
    plasticity: &'a Plasticity,
    places: &std::sync::Arc<Places>,
    lawful: Vec<Lawful>,
) -> Laws {
    let rule = source.hir.rule(plasticity.rule);
    // What is wrong is said where programs are made.
    let mut sink = Sink::default();
    let mut report = Report::new(&mut sink);
    let mut keys = Default::default();
    let mut scope = RuleScope::new(source, plasticity, Moment::After);
    scope.places = Some(places.clone());
    let mut lowerer = scratch(source, net, scope, Precision::F64, &mut report, &mut keys);
    let all: Vec<usize> = (0..rule.equations.len()).collect();
    let forms = lowerer.forms(rule, &all);
    let mut open: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut laws = Laws { lawful, ..Laws::default() };
    for (at, form) in forms.iter().enumerate() {
        let why = match form {
            Err(_) => Some(Why::NotLinear),
            _ if rule.equations[at].var == Rule::WEIGHT && net.shares() => Some(Why::Shared),
            _ if rule.equations[at].var == Rule::WEIGHT && net.flow.is_some() => Some(Why::Flows),
            Ok(form) => {
                let parts = form.coefficients.values().copied().chain(form.rest);
                let moves = parts.into_iter().any(|part| lowerer.moves(part));
                moves.then_some(Why::Moves)
            }
        };
        match (why, form) {
            (Some(why), _) => laws.stepped.push((at, why)),
            (None, Ok(form)) => {
                open.insert(at, form.coefficients.keys().copied().filter(|k| *k != at).collect());
            }
            (None, Err(_)) => {}
        }
    }
    loop {
        let ready = |others: &Vec<usize>| others.iter().all(|other| laws.closed.contains(other));
        let Some(next) = open.iter().find(|(_, others)| ready(others)).map(|(at, _)| *at) else { break };
        open.remove(&next);
        laws.closed.push(next);
    }
    laws.stepped.extend(open.keys().map(|at| (*at, Why::Others)));
    laws.stepped.sort_by_key(|(at, _)| *at);
    if let Some(jumping) = lowerer.moved_by_lawful(rule, &forms, &laws) {
        laws.modulated = std::mem::take(&mut laws.stepped).into_iter().map(|(at, _)| at).collect();
        laws.closed.extend(&laws.modulated);
        laws.jumping = jumping;
    }
    laws
}

impl<'a> Lowerer<'a, '_, '_> {
    /// `x'` by an equation of the rule.
    fn rule_slope(&mut self, rule: &'a Rule, equation: &'a Equation) -> ValueId {
        let name = super::scope::drawn_as(&format!("{}'", rule.vars[equation.var.index()].name));
        self.declared(&name, |this| {
            let value = this.float(equation.value);
            match equation.factor {
                Some(factor) => {
                    let factor = this.float(factor);
                    this.b.div(value, factor)
                }
                None => value,
            }
        })
    }

    /// Equations as sums over their variables, as these are kept; the term that is not linear. Empty for those that are not
    /// asked for.
    fn forms(&mut self, rule: &'a Rule, asked: &[usize]) -> Vec<Result<Affine, ValueId>> {
        let variables: Vec<ValueId> = rule.equations.iter().map(|it| self.learned_before(it.var)).collect();
        let slope = |at: &usize| (*at, self.rule_slope(rule, &rule.equations[*at]));
        let slopes: BTreeMap<usize, ValueId> = asked.iter().map(slope).collect();
        let roots: Vec<ValueId> = slopes.values().copied().collect();
        let steady = self.steady_leaves(&roots, &variables);
        let parameter = |op: &Op| steady.contains(&key(op));
        let mut facts = Facts::new(&variables, &parameter);
        let form = |at| match slopes.get(&at) {
            Some(slope) => affine(&mut self.b, &mut facts, *slope, 0..variables.len()),
            None => Ok(Affine::default()),
        };
        (0..variables.len()).map(form).collect()
    }

    /// The loads and slots among what values are made of that stay as they are between events of the synapse.
    fn steady_leaves(&mut self, roots: &[ValueId], variables: &[ValueId]) -> BTreeSet<LeafKey> {
        let mut found = BTreeSet::new();
        for root in roots {
            for leaf in reachable(&self.b, *root, |_, _| true) {
                let op = self.b.op(leaf).clone();
                let is_leaf = matches!(op, Op::Load(..) | Op::Uniform(_));
                if is_leaf && !variables.contains(&leaf) && !self.leaf_moves(&op) {
                    found.insert(key(&op));
                }
            }
        }
        found
    }

    /// Where all equations that are not closed move with lawful modulators alone, and have a form for these that no
    /// other equation needs: the modulators.
    fn moved_by_lawful(
        &mut self,
        rule: &'a Rule,
        forms: &[Result<Affine, ValueId>],
        laws: &Laws,
    ) -> Option<Vec<usize>> {
        let known: Vec<Affine> = forms.iter().filter_map(|form| form.clone().ok()).collect();
        let moves = laws.stepped.iter().all(|(_, why)| *why == Why::Moves);
        if laws.stepped.is_empty() || !moves || known.len() != forms.len() {
            return None;
        }
        let starts: Vec<ValueId> = rule.equations.iter().map(|it| self.learned_before(it.var)).collect();
        let modulated = self.modulated_since_anchor(&laws.lawful);
        let since = self.b.float(self.source.net.dt);
        let mut jumping = BTreeSet::new();
        for (at, _) in &laws.stepped {
            let alone = |(other, form): (usize, &Affine)| other == *at || !form.coefficients.contains_key(at);
            let closed = |partner: &usize| partner == at || laws.closed.contains(partner);
            let parts = known[*at].coefficients.values().copied().chain(known[*at].rest);
            for part in parts {
                jumping.extend(self.lawful_alone(part, &laws.lawful)?);
            }
            if !known.iter().enumerate().all(alone) || !known[*at].coefficients.keys().all(closed) {
                return None;
            }
            ClosedForm { b: &mut self.b, forms: &known, starts: &starts, since }
                .modulated(*at, &modulated)?;
        }
        Some(jumping.into_iter().collect())
    }

    /// The lawful modulators that a value reads, if it moves with nothing else.
    fn lawful_alone(&mut self, value: ValueId, lawful: &[Lawful]) -> Option<Vec<usize>> {
        let mut found = vec![];
        for leaf in reachable(&self.b, value, |_, _| true) {
            let op = self.b.op(leaf).clone();
            if !self.leaf_moves(&op) {
                continue;
            }
            let Op::Load(Side::Post, ArrayId(at)) = op else { return None };
            match self.synapse()?.post.get(at as usize)? {
                Wanted::Modulator { index, .. } if lawful.iter().any(|it| it.index == *index) => {
                    found.push(*index);
                }
                _ => return None,
            }
        }
        Some(found)
    }

    /// Whether a value may differ from tick to tick without an event of the synapse.
    fn moves(&mut self, value: ValueId) -> bool {
        let leaves = reachable(&self.b, value, |_, _| true);
        let ops: Vec<Op> = leaves.iter().map(|leaf| self.b.op(*leaf).clone()).collect();
        ops.iter().any(|op| self.leaf_moves(op))
    }

    fn leaf_moves(&mut self, op: &Op) -> bool {
        match op {
            Op::Load(side @ (Side::Pre | Side::Post), ArrayId(at)) => !self.is_constant_column(*side, *at),
            Op::Load(Side::Own, ArrayId(0)) => self.shares_weight(),
            Op::Now | Op::Time(_) | Op::Draw { .. } | Op::Redraw { .. } => true,
            _ => false,
        }
    }

    fn is_constant_column(&mut self, side: Side, at: u32) -> bool {
        let source = self.source;
        let super::super::context::Site::Pair(site) = &self.site else { return false };
        let (net, Some(scope)) = (site.net, site.rule.as_ref()) else { return false };
        let (wanted, view, members) = match side {
            Side::Post => (scope.post.get(at as usize), &net.target, &net.ports),
            Side::Pre | Side::Own => (scope.pre.get(at as usize), &net.source, &net.events),
        };
        match wanted {
            Some(Wanted::Constant(_)) => true,
            Some(Wanted::Cell { path, .. }) => members.of(view).all(|(segment, member)| {
                let Some(population) = source.net.populations.get(segment.population as usize) else {
                    return false;
                };
                let cell = source.hir.cell(population.cell);
                let (values, _) = find(cell, part_of(member).0, path);
                let parameter = |value: &super::column::CellValue| match value {
                    super::column::CellValue::Var(var) => {
                        matches!(cell.vars[var.index()].kind, VarKind::Param { .. })
                    }
                    _ => false,
                };
                values.iter().all(parameter)
            }),
            Some(
                Wanted::Trace { .. }
                | Wanted::Modulator { .. }
                | Wanted::Law { .. }
                | Wanted::LawBefore { .. },
            )
            | None => false,
        }
    }

    /// Brings what is in closed form to the tick of the program. Everything that is read afterwards is as of then.
    pub fn advance(&mut self, rule: &'a Rule, laws: &Laws) {
        self.advance_some(rule, laws, &laws.closed);
    }

    /// Likewise, as far as this variable needs it.
    pub fn advance_for(&mut self, rule: &'a Rule, laws: &Laws, var: VarId) {
        let hir = self.source.hir;
        let mut read = match rule.vars[var.index()].kind {
            RuleVarKind::Let { value } => variables(hir, rule, [value]),
            _ => BTreeSet::new(),
        };
        read.insert(var);
        let asked = laws.closed.iter().copied().filter(|at| read.contains(&rule.equations[*at].var));
        self.advance_some(rule, laws, &asked.collect::<Vec<_>>());
    }

    fn advance_some(&mut self, rule: &'a Rule, laws: &Laws, asked: &[usize]) {
        if asked.is_empty() {
            return;
        }
        let since = self.since_anchor(0.0);
        let values = self.closed_values(rule, laws, asked, since);
        for (var, value) in values {
            self.learn(var, value);
        }
    }

    /// The time since the anchor, less some ticks, in ms.
    fn since_anchor(&mut self, less: f64) -> ValueId {
        let anchor = self.synapse().and_then(|scope| scope.places.as_ref()?.anchor);
        let Some(anchor) = anchor else { return self.b.float(0.0) };
        let (now, anchor) = (self.b.now(), self.b.load(Side::Own, anchor, Ty::Tick));
        let (now, anchor) = (self.b.to_float(now), self.b.to_float(anchor));
        let (less, zero) = (self.b.float(less), self.b.float(0.0));
        let ticks = self.b.sub(now, anchor);
        let ticks = self.b.sub(ticks, less);
        // Before tick 0 nothing has happened yet.
        let ticks = self.b.max(zero, ticks);
        let dt = self.b.float(self.source.net.dt);
        self.b.mul(ticks, dt)
    }

    fn closed_values(
        &mut self,
        rule: &'a Rule,
        laws: &Laws,
        asked: &[usize],
        since: ValueId,
    ) -> Vec<(VarId, ValueId)> {
        let forms = self.forms(rule, &self.with_partners(rule, laws, asked));
        let vars: Vec<VarId> = rule.equations.iter().map(|it| it.var).collect();
        let starts: Vec<ValueId> = vars.iter().map(|var| self.learned_before(*var)).collect();
        let forms: Vec<Affine> = forms.into_iter().map(Result::unwrap_or_default).collect();
        let modulated = match asked.iter().any(|at| laws.modulated.contains(at)) {
            true => self.modulated_since_anchor(&laws.lawful),
            false => vec![],
        };
        let mut found = vec![];
        for at in asked {
            let mut form = ClosedForm { b: &mut self.b, forms: &forms, starts: &starts, since };
            let value = match laws.modulated.contains(at) {
                true => form.modulated(*at, &modulated),
                false => form.value(*at),
            };
            let value = match value {
                Some(value) => value,
                None => {
                    let what = "a rule with so many equations that depend on each other";
                    self.report.push(not_yet(rule.equations[*at].span, what));
                    starts[*at]
                }
            };
            found.push((vars[*at], self.reached(rule, vars[*at], starts[*at], value, *at)));
        }
        found
    }

    /// Equations in closed form with all those that they are made of.
    fn with_partners(&self, rule: &Rule, laws: &Laws, asked: &[usize]) -> Vec<usize> {
        if asked.len() == laws.closed.len() {
            return asked.to_vec();
        }
        let mut all = asked.to_vec();
        let mut next = 0;
        while let Some(at) = all.get(next).copied() {
            next += 1;
            let equation = &rule.equations[at];
            let roots = equation.factor.into_iter().chain([equation.value]);
            let read = variables(self.source.hir, rule, roots);
            let more = laws.closed.iter().filter(|at| read.contains(&rule.equations[**at].var));
            let more: Vec<usize> = more.copied().filter(|at| !all.contains(at)).collect();
            all.extend(more);
        }
        all
    }

    /// Where an equation leads, within bounds.
    fn reached(&mut self, rule: &'a Rule, var: VarId, before: ValueId, value: ValueId, at: usize) -> ValueId {
        let value = self.bounded(rule, var, value);
        let what = format!("the equation of `{}`", rule.vars[var.index()].name);
        let place = self.report.place(rule.equations[at].span, what);
        self.checks.push(Check { kind: CheckKind::Finite, value, place });
        self.unless_frozen(var, before, value)
    }

    /// One tick of what is stepped. The program is for the tick that ends.
    pub fn step_rule(&mut self, rule: &'a Rule, laws: &Laws) {
        let all: Vec<usize> = (0..rule.equations.len()).collect();
        let forms = self.forms(rule, &all);
        let vars: Vec<VarId> = rule.equations.iter().map(|it| it.var).collect();
        let loads: Vec<ValueId> = vars.iter().map(|var| self.learned_before(*var)).collect();
        let mut starts = loads.clone();
        if !laws.closed.is_empty() {
            // Closed forms are as of the start of the step, and go on within it.
            let checks = self.checks.len();
            let since = self.since_anchor(1.0);
            for (var, value) in self.closed_values(rule, laws, &laws.closed, since) {
                if let Some(at) = vars.iter().position(|other| *other == var) {
                    starts[at] = value;
                }
            }
            self.checks.truncate(checks);
        }
        let known: Option<Vec<Affine>> = forms.iter().map(|form| form.clone().ok()).collect();
        let dt = self.b.float(self.source.net.dt);
        let mut next: Vec<(usize, ValueId)> = vec![];
        let in_one_direction = known.filter(|forms| is_triangular(forms));
        match in_one_direction {
            Some(forms) => {
                let modulated = self.modulated(&laws.lawful);
                for (at, _) in &laws.stepped {
                    let mut form = ClosedForm { b: &mut self.b, forms: &forms, starts: &starts, since: dt };
                    let moving = form.modulated(*at, &modulated);
                    let value = moving.or_else(|| form.value(*at)).unwrap_or(starts[*at]);
                    next.push((*at, value));
                }
            }
            None => {
                let Some(all) = self.solve_rule(rule, &loads) else { return };
                let mut moved = Substitution::default();
                for (load, start) in loads.iter().zip(&starts) {
                    moved.replace(*load, *start);
                }
                for (at, _) in &laws.stepped {
                    next.push((*at, moved.apply(&mut self.b, all[*at])));
                }
            }
        }
        for (at, value) in next {
            let value = self.reached(rule, vars[at], loads[at], value, at);
            self.learn(vars[at], value);
        }
    }

    /// One step of all equations by the methods of cells.
    fn solve_rule(&mut self, rule: &'a Rule, loads: &[ValueId]) -> Option<Vec<ValueId>> {
        let slopes: Vec<ValueId> = rule.equations.iter().map(|it| self.rule_slope(rule, it)).collect();
        let steady = self.steady_leaves(&slopes, loads);
        let parameter = |op: &Op| steady.contains(&key(op));
        let mut inputs = vec![];
        for slope in &slopes {
            for leaf in reachable(&self.b, *slope, |_, _| true) {
                let op = self.b.op(leaf).clone();
                if !loads.contains(&leaf) && self.leaf_moves(&op) {
                    inputs.push(leaf);
                }
            }
        }
        let equation =
            |(load, slope): (&ValueId, &ValueId)| solve::Equation::plain(*load, *slope, Kind::State);
        let equations: Vec<solve::Equation> = loads.iter().zip(&slopes).map(equation).collect();
        let system = System::plain(&equations, &inputs, self.source.net.dt, &parameter);
        match solve::solve(&mut self.b, &system) {
            Ok(solution) => Some(solution.next),
            Err(_) => {
                self.report.push(not_yet(rule.span, "a rule whose equations depend on each other so"));
                None
            }
        }
    }
}

/// What tells leaves apart: side, whether a slot, number.
type LeafKey = (u8, u32);

fn key(op: &Op) -> LeafKey {
    match op {
        Op::Load(Side::Own, array) => (0, array.0),
        Op::Load(Side::Pre, array) => (1, array.0),
        Op::Load(Side::Post, array) => (2, array.0),
        Op::Uniform(uniform) => (3, uniform.0),
        _ => (4, 0),
    }
}
