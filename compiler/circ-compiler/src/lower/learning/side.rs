//! States of a side: once for each cell of a population, beside the cell's own.
//!
//! In: states that rules declare with `pre` and `post`, for the populations of a view. Out: arrays of these populations,
//! and what their ticks do with them: decay in step 1 with the cell's values as of its start, then what is to be seen
//! of them, then, behind step 3, what events do to them. The same state of the same cells is one array, whichever
//! projections read it.

use std::collections::BTreeMap;
use std::sync::Arc;

use circ_grammar::ast::Span;
use circ_plan::ir::*;
use circ_plan::plan::Role;

use super::super::context::{Keys, Lowerer, Report, Site, Source};
use super::super::layout::{Layout, Storage};
use super::super::pair::PairSite;
use super::super::value::Lowered;
use super::column::{CellValue, KeptValue, find, find_events};
use super::place::{Place, Places, rule_type};
use super::reads::variables;
use super::scope::{Moment, RuleScope};
use crate::diagnose::build::outside_domain;
use crate::diagnose::structure::not_yet;
use crate::elaborate::flow::ports_of;
use crate::hir::*;
use crate::kernel::build::Builder;
use crate::net::{self, Plasticity};
use crate::resolve::rule_side::trace_roots;
use crate::solve::{self, Kind, System, affine::reachable};
use crate::types::Dimension;
use crate::units::show;

/// A state of a side in a population.
#[derive(Clone, Debug)]
pub struct Trace<'a> {
    /// Two with the same are the same.
    pub key: String,
    pub name: String,
    pub array: ArrayId,
    pub ty: Ty,
    pub var: VarId,
    pub rule: &'a Rule,
    /// The part of the cell from which its names are seen.
    part: String,
    places: Arc<Places>,
    /// The other states of this side that it reads, into [`Layout::traces`].
    others: BTreeMap<VarId, usize>,
    /// That it counts, where it counts spikes.
    event: Option<EventIx>,
    /// Its time constant, where that is a number.
    tau_ms: Option<f64>,
}

/// The text of a rule, read for a cell.
#[derive(Clone)]
pub struct SideScope<'a> {
    rule: &'a Rule,
    part: String,
    places: Arc<Places>,
    /// States of the side as they are now.
    pub state: BTreeMap<VarId, ValueId>,
}

/// What a projection's rule keeps of the cells at one end.
pub struct End<'x, 'a> {
    pub source: Source<'a>,
    pub net: &'a net::Projection,
    pub plasticity: &'a Plasticity,
    pub places: &'x Arc<Places>,
}

impl<'a> End<'_, 'a> {
    /// The state in a population of the view, as a place in [`Layout::traces`]. `member` is the port or the event.
    pub fn trace(&self, layout: &mut Layout<'a>, report: &mut Report, var: VarId, member: &str) -> usize {
        let (source, id) = (self.source, self.plasticity.rule);
        let rule = source.hir.rule(id);
        let declared = &rule.vars[var.index()];
        let RuleVarKind::Trace { side, dynamics } = &declared.kind else { return usize::MAX };
        let part = crate::hir::path::part_of(member).0.to_owned();
        // What a spike of the source is, the projection says.
        let event = match (side, dynamics) {
            (_, TraceKind::Block { .. }) => None,
            (SynapseSide::Pre, _) => find_events(layout.cell, "", member).first().copied(),
            (SynapseSide::Post, _) => find_events(layout.cell, &part, "spike").first().copied(),
        };
        let tau_ms = match dynamics {
            TraceKind::Spikes { tau, .. } => self.time_constant(report, *tau, &declared.name),
            TraceKind::Block { .. } => None,
        };
        let key = match (dynamics, tau_ms) {
            (TraceKind::Spikes { nearest, .. }, Some(tau)) => {
                format!("{event:?} {:x} {nearest}", tau.to_bits())
            }
            _ => {
                let known =
                    self.places.of.iter().filter(|it| matches!(it, Place::Number(..) | Place::Known(_)));
                let known: Vec<_> = known.collect();
                format!("{id:?} {var:?} {event:?} {part} {known:?}")
            }
        };
        if let Some(at) = layout.traces.iter().position(|trace| trace.key == key) {
            return at;
        }
        let ty = rule_type(source, id, var);
        layout.before_traces();
        let name = format!("{}.{}", rule.name, declared.name);
        // Its draws are keyed by it.
        let before =
            layout.traces.iter().filter(|trace| trace.name.split(' ').next() == Some(&*name)).count();
        let name = if before == 0 { name } else { format!("{name} {}", before + 1) };
        let array = layout.array(&name, ty, Role::Memory);
        let places = self.places.clone();
        let others = BTreeMap::new();
        let at = layout.traces.len();
        layout.traces.push(Trace { key, name, array, ty, var, rule, part, places, others, event, tau_ms });
        let mut others = BTreeMap::new();
        for other in variables(source.hir, rule, trace_roots(dynamics)) {
            if let RuleVarKind::Trace { .. } = rule.vars[other.index()].kind {
                others.insert(other, self.trace(layout, report, other, member));
            }
        }
        others.insert(var, at);
        layout.traces[at].others = others;
        at
    }

    /// Above 0, where it is known now.
    fn time_constant(&self, report: &mut Report, tau: ExprId, name: &str) -> Option<f64> {
        let mut scope = RuleScope::new(self.source, self.plasticity, Moment::Seen);
        scope.places = Some(self.places.clone());
        let site =
            PairSite { net: self.net, pre: vec![], post: vec![], flows: false, rule: Some(Box::new(scope)) };
        let mut keys = Keys::default();
        let builder = Builder::new("time constant", Precision::F64);
        let mut lowerer = Lowerer::new(self.source, report, &mut keys, builder, Site::Pair(site));
        let value = lowerer.float(tau);
        let tau_ms = lowerer.b.float_constant(value)?;
        if tau_ms <= 0.0 || tau_ms.is_nan() {
            let shown = show(tau_ms, Dimension::TIME);
            let what = format!("the time constant of `{name}`");
            report.push(outside_domain(self.source.hir.expr(tau).span, &what, "above 0", &shown));
        }
        Some(tau_ms)
    }
}

impl<'a> Layout<'a> {
    /// Given spikes are known to programs by what stands in their first array.
    fn before_traces(&mut self) {
        if self.cell.spike_times && self.arrays.is_empty() {
            self.array("spikes", Ty::Bool, Role::Memory);
        }
    }
}

impl<'a> Lowerer<'a, '_, '_> {
    fn own_side(&mut self) -> Option<&mut SideScope<'a>> {
        self.cell()?.side.as_mut()
    }

    /// Runs `inner` with the names of a trace's rule.
    fn beside<R>(&mut self, trace: &Trace<'a>, values: &[ValueId], inner: impl FnOnce(&mut Self) -> R) -> R {
        let state = trace.others.iter().filter_map(|(var, at)| Some((*var, *values.get(*at)?))).collect();
        let scope =
            SideScope { rule: trace.rule, part: trace.part.clone(), places: trace.places.clone(), state };
        if let Some(site) = self.cell() {
            site.side = Some(scope);
        }
        let environment = self.environment.take();
        let result = inner(self);
        self.environment = environment;
        if let Some(site) = self.cell() {
            site.side = None;
        }
        result
    }

    /// A variable of the rule, for a cell of a side.
    pub fn side_variable(&mut self, var: VarId, span: Span) -> Lowered {
        let Some(scope) = self.own_side() else { return self.missing(span) };
        let (rule, places) = (scope.rule, scope.places.clone());
        let Some(declared) = rule.vars.get(var.index()) else { return self.missing(span) };
        match &declared.kind {
            RuleVarKind::Trace { .. } => Lowered::One(self.learned(var)),
            RuleVarKind::Let { value } => self.in_rule(&declared.name, *value),
            RuleVarKind::Param { .. } => match places.get(var) {
                place @ (Place::Number(..) | Place::Known(_)) => self.placed(place, span),
                _ => self.refuse(not_yet(
                    span,
                    "the state of a side with a parameter that differs from synapse to synapse",
                )),
            },
            RuleVarKind::Modulator => self.refuse(not_yet(span, "a modulator in the state of a side")),
            RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Synapse { .. } => self.missing(span),
        }
    }

    /// What is named of the cell itself, in the block of a trace.
    pub fn of_own_cell(&mut self, path: &str, span: Span) -> Lowered {
        let Some(site) = self.cell() else { return self.missing(span) };
        let (layout, scope) = (site.layout, site.side.take());
        let part = scope.as_ref().map_or(String::new(), |scope| scope.part.clone());
        let environment = self.environment.take();
        let (values, array) = find(layout.cell, &part, path);
        let found: Vec<Lowered> = values.iter().map(|value| self.cell_value(*value, span)).collect();
        let result = match (path, array, found.len()) {
            ("i", _, 0) => Lowered::One(self.cell_index()),
            ("k", _, 0) => {
                let k = part.rsplit_once('[').and_then(|(_, rest)| rest.split(']').next()?.parse().ok());
                Lowered::One(self.b.int(k.unwrap_or(0)))
            }
            (_, _, 0) => self.refuse(not_yet(span, "this name in the state of a side")),
            (_, false, 1) => found.into_iter().next().unwrap_or_else(|| Lowered::One(self.b.float(0.0))),
            _ => {
                let elements: Vec<ValueId> = found.into_iter().map(|it| self.scalar(it, span)).collect();
                Lowered::Many { shape: vec![elements.len()], elements }
            }
        };
        self.environment = environment;
        if let Some(site) = self.cell() {
            site.side = scope;
        }
        result
    }

    pub fn cell_value(&mut self, value: CellValue, span: Span) -> Lowered {
        match value {
            CellValue::Var(var) => self.variable(var, span),
            CellValue::Mode(mode) => Lowered::One(self.mode_is_on(mode)),
            CellValue::Slope(var) => Lowered::One(self.derivative(var, span)),
        }
    }

    /// The states of sides as they are before the tick.
    pub fn loaded_traces(&mut self, layout: &Layout<'a>) -> Vec<ValueId> {
        layout
            .traces
            .iter()
            .map(|trace| self.b.load(circ_plan::ir::Side::Own, trace.array, trace.ty))
            .collect()
    }

    /// Step 1 of all states of sides. Asked for before the cell has moved.
    pub fn step_traces(&mut self, layout: &'a Layout<'a>) -> Vec<ValueId> {
        let before = self.loaded_traces(layout);
        let mut after = before.clone();
        let mut system: Vec<(usize, solve::Equation)> = vec![];
        for (at, trace) in layout.traces.iter().enumerate() {
            let Some(derivative) = self.slope_of_trace(trace, &before, before[at]) else { continue };
            // Decay is a product, and its factor is known to the last bit.
            if let Some(tau) = trace.tau_ms {
                let factor = self.b.float(circ_numerics::math::exp(-self.source.net.dt / tau));
                after[at] = self.b.mul(before[at], factor);
            }
            system.push((at, solve::Equation::plain(before[at], derivative, Kind::State)));
        }
        if layout.traces.iter().all(|trace| trace.tau_ms.is_some()) {
            return after;
        }
        let Some(next) = self.solve_traces(layout, &system) else { return after };
        for ((at, _), next) in system.iter().zip(next) {
            let trace = &layout.traces[*at];
            if trace.tau_ms.is_none() {
                after[*at] = next;
                let name = &trace.rule.vars[trace.var.index()].name;
                let span = trace.rule.vars[trace.var.index()].span;
                let place = self.report.place(span, format!("the equation of `{name}`"));
                self.checks.push(Check { kind: CheckKind::Finite, value: next, place });
            }
        }
        after
    }

    /// `x'` of a state; nothing where it has no equation.
    fn slope_of_trace(&mut self, trace: &Trace<'a>, values: &[ValueId], own: ValueId) -> Option<ValueId> {
        let RuleVarKind::Trace { dynamics, .. } = &trace.rule.vars[trace.var.index()].kind else {
            return None;
        };
        let name = &trace.rule.vars[trace.var.index()].name;
        match dynamics {
            TraceKind::Spikes { tau, .. } => {
                let tau = match trace.tau_ms {
                    Some(tau) => self.b.float(tau),
                    None => self.beside(trace, values, |this| this.float(*tau)),
                };
                let loss = self.over(own, tau);
                Some(self.b.neg(loss))
            }
            TraceKind::Block { equation, .. } => {
                let equation = equation.as_ref()?;
                let declaration = super::scope::drawn_as(&format!("{name}'"));
                Some(self.beside(trace, values, |this| {
                    this.declared(&declaration, |this| {
                        let value = this.float(equation.value);
                        match equation.factor {
                            Some(factor) => {
                                let factor = this.float(factor);
                                this.over(value, factor)
                            }
                            None => value,
                        }
                    })
                }))
            }
        }
    }

    /// All equations together, with what they read of the cell held.
    fn solve_traces(
        &mut self,
        layout: &'a Layout<'a>,
        system: &[(usize, solve::Equation)],
    ) -> Option<Vec<ValueId>> {
        let equations: Vec<solve::Equation> = system.iter().map(|(_, equation)| equation.clone()).collect();
        let parameter = |op: &Op| super::super::integrate::is_parameter(layout, op);
        let mut inputs = vec![];
        for equation in &equations {
            for leaf in reachable(&self.b, equation.derivative, |_, _| true) {
                let op = self.b.op(leaf);
                let moves = matches!(op, Op::Load(..) | Op::Time(_) | Op::Arrival(_) | Op::Draw { .. });
                if moves && !parameter(op) && !equations.iter().any(|it| it.variable == leaf) {
                    inputs.push(leaf);
                }
            }
        }
        let system = System::plain(&equations, &inputs, self.source.net.dt, &parameter);
        match solve::solve(&mut self.b, &system) {
            Ok(solution) => Some(solution.next),
            Err(_) => {
                let span = layout.traces.first().map(|it| it.rule.span).unwrap_or_default();
                self.report.push(not_yet(span, "a rule whose states of a side depend on each other so"));
                None
            }
        }
    }

    /// What the events of a tick do to the states of sides. `events`: whether each kind happened.
    pub fn trace_events(
        &mut self,
        layout: &'a Layout<'a>,
        seen: &[ValueId],
        events: &[ValueId],
    ) -> Vec<ValueId> {
        let mut after = seen.to_vec();
        for (at, trace) in layout.traces.iter().enumerate() {
            let RuleVarKind::Trace { dynamics, .. } = &trace.rule.vars[trace.var.index()].kind else {
                continue;
            };
            match dynamics {
                TraceKind::Spikes { nearest, .. } => {
                    let Some(event) = trace.event else { continue };
                    let happened = self.happened(layout, events, event);
                    let one = self.b.float(1.0);
                    let counted = if *nearest { one } else { self.b.add(seen[at], one) };
                    after[at] = self.b.select(happened, counted, seen[at]);
                }
                TraceKind::Block { reactions, .. } => {
                    after[at] = self.trace_reactions(layout, trace, at, seen, events, reactions);
                }
            }
        }
        after
    }

    fn trace_reactions(
        &mut self,
        layout: &'a Layout<'a>,
        trace: &Trace<'a>,
        at: usize,
        seen: &[ValueId],
        events: &[ValueId],
        reactions: &'a [TraceReaction],
    ) -> ValueId {
        let mut value = seen[at];
        for reaction in reactions {
            let names: Vec<&str> = reaction.event.names.iter().map(|(name, _)| &**name).collect();
            let path = names.join(".");
            for event in find_events(layout.cell, &trace.part, &path) {
                let happened = self.happened(layout, events, event);
                let declaration = format!("{} on {path}", trace.name);
                let mut values = seen.to_vec();
                values[at] = value;
                let (after, assigned) = self.beside(trace, &values, |this| {
                    let mut done = None;
                    this.rule_masked(happened, |this| {
                        done = Some(this.rule_block(trace.rule, &declaration, &reaction.body));
                    });
                    (this.learned(trace.var), done.map(|done| done.assigned).unwrap_or_default())
                });
                value = after;
                self.check_assigned(trace.rule, assigned);
            }
        }
        value
    }

    fn happened(&mut self, layout: &Layout, events: &[ValueId], event: EventIx) -> ValueId {
        if layout.cell.spike_times {
            return self.b.load(circ_plan::ir::Side::Own, ArrayId(0), Ty::Bool);
        }
        events.get(event.index()).copied().unwrap_or_else(|| self.b.bool(false))
    }

    /// Requires that what was assigned is finite.
    pub fn check_assigned(&mut self, rule: &Rule, assigned: Vec<(ValueId, Span, VarId)>) {
        for (value, span, var) in assigned {
            let name = &rule.vars[var.index()].name;
            let place = self.report.place(span, format!("the assignment to `{name}`"));
            self.checks.push(Check { kind: CheckKind::Finite, value, place });
        }
    }

    /// The initial values of states of sides.
    pub fn initial_traces(&mut self, layout: &'a Layout<'a>) -> Vec<Output> {
        let zero = self.b.float(0.0);
        let nothing = vec![zero; layout.traces.len()];
        let mut outputs = vec![];
        for trace in &layout.traces {
            let RuleVarKind::Trace { dynamics, .. } = &trace.rule.vars[trace.var.index()].kind else {
                continue;
            };
            let value = match dynamics {
                TraceKind::Spikes { .. } => zero,
                TraceKind::Block { initial, .. } => {
                    let declaration = super::scope::drawn_as(&trace.name);
                    let value = self.beside(trace, &nothing, |this| {
                        this.declared(&declaration, |this| this.one(*initial))
                    });
                    self.to(trace.ty, value)
                }
            };
            outputs.push(Output::Array(trace.array, value));
        }
        outputs
    }

    /// What synapses see at a moment of a tick.
    pub fn kept_for_rules(
        &mut self,
        layout: &'a Layout<'a>,
        moment: Moment,
        traces: &[ValueId],
    ) -> Vec<Output> {
        let mut outputs = vec![];
        for kept in layout.kept.iter().filter(|kept| kept.moment == moment) {
            let value = match kept.what {
                KeptValue::Trace(at) => traces.get(at).copied().unwrap_or_else(|| self.b.float(0.0)),
                // See `laws_for_rules`.
                KeptValue::Law(..) => continue,
                KeptValue::Cell(value) => {
                    let value = self.cell_value(value, kept.span);
                    self.scalar(value, kept.span)
                }
            };
            let flows = match kept.what {
                KeptValue::Cell(CellValue::Var(var)) => self.names_flow(layout, var),
                // What a state became is known, whatever flowed before.
                KeptValue::Cell(CellValue::Mode(_)) | KeptValue::Trace(_) => false,
                KeptValue::Cell(CellValue::Slope(_)) | KeptValue::Law(..) => self.reads_flow(layout, value),
            };
            if moment == Moment::After && flows {
                let what = "a `let` of what flows, in `every` or an equation of a rule";
                self.report.push(not_yet(kept.span, what));
            }
            let value = self.to(kept.ty, value);
            outputs.push(Output::Array(kept.array, value));
        }
        outputs
    }

    /// Whether a variable of a cell reads a port into which something flows: by itself or through `let`s, not through states.
    fn names_flow(&self, layout: &Layout, var: VarId) -> bool {
        let ports = ports_of(self.source.hir, layout.cell, var);
        ports.iter().any(|port| matches!(layout.storage[port.index()], Storage::Sum { flow: Some(_), .. }))
    }

    /// Whether a value is made of what flows, which is known only behind the tick.
    fn reads_flow(&self, layout: &Layout, value: ValueId) -> bool {
        let flows = |op: &Op| match op {
            Op::Load(_, array) => layout.arrays.get(array.0 as usize).is_some_and(|it| it.role == Role::Flow),
            _ => false,
        };
        reachable(&self.b, value, |_, _| true).iter().any(|leaf| flows(self.b.op(*leaf)))
    }
}
