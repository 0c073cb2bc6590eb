//! Reads: which declarations of a program anything reads, and which anything changes.
//!
//! In: HIR. Out: [`Reads`]. What reads only itself is not read: a state that decays and does nothing else has no
//! effect. A declaration is known by its place, so that a parameter counts as read where any cell that inherits
//! it reads it. Members (`E.v`, `pre.x`) are known by their name alone: a name that is read of one population is
//! taken to be read of all.

use crate::hir::*;
use crate::resolve::graph;
use crate::resolve::rule_side::trace_roots;
use circ_grammar::ast::Span;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What anything reads or changes.
#[derive(Debug, Default)]
pub struct Reads {
    declarations: BTreeSet<Span>,
    members: BTreeSet<Arc<str>>,
    /// States that something changes while time runs.
    written: BTreeSet<Span>,
    /// Members that an experiment sets.
    set: BTreeSet<Arc<str>>,
}

impl Reads {
    pub fn of(hir: &Hir) -> Reads {
        let mut reader = Reader { hir, reads: Reads::default() };
        hir.cells
            .iter()
            .enumerate()
            .filter(|(_, cell)| cell.template.is_none())
            .for_each(|(at, cell)| reader.cell(CellId(at as u32), cell));
        hir.circuits
            .iter()
            .enumerate()
            .for_each(|(at, circuit)| reader.circuit(CircuitId(at as u32), circuit));
        hir.rules.iter().enumerate().for_each(|(at, rule)| reader.rule(RuleId(at as u32), rule));
        hir.experiments.iter().enumerate().for_each(|(at, it)| reader.experiment(at as u32, it));
        for global in &hir.globals {
            reader.root(Place { owner: Owner::File, cell: None, of: global.span }, global.value);
        }
        for function in &hir.functions {
            let cell = if let Owner::Cell(cell) = function.owner { Some(cell) } else { None };
            reader.root(Place { owner: function.owner, cell, of: function.span }, function.body);
        }
        reader.reads
    }

    /// Whether anything reads what is declared at a place, by its name or as a member.
    pub fn reads(&self, name: &str, declared: Span) -> bool {
        self.declarations.contains(&declared) || self.members.contains(name)
    }

    /// Whether anything changes a state while time runs.
    pub fn writes(&self, name: &str, declared: Span) -> bool {
        self.written.contains(&declared) || self.set.contains(name)
    }
}

/// Where an expression stands.
#[derive(Clone, Copy)]
struct Place {
    owner: Owner,
    /// Whose variables it sees.
    cell: Option<CellId>,
    /// The declaration that it gives a value.
    of: Span,
}

struct Reader<'a> {
    hir: &'a Hir,
    reads: Reads,
}

impl Reader<'_> {
    fn root(&mut self, place: Place, root: ExprId) {
        let (hir, reads) = (self.hir, &mut self.reads);
        graph::walk(hir, root, &mut |_, expr| {
            if let ExprKind::Field { name, .. } = &expr.kind {
                // `E.v'` reads what makes `v` change, and counts as reading it.
                reads.members.insert(name.strip_suffix('\'').map_or_else(|| name.clone(), Arc::from));
            }
            reads.declarations.extend(declaration(hir, place, &expr.kind).filter(|it| *it != place.of));
        });
    }

    fn roots(&mut self, place: Place, roots: impl IntoIterator<Item = ExprId>) {
        roots.into_iter().for_each(|root| self.root(place, root));
    }

    fn cell(&mut self, id: CellId, cell: &Cell) {
        let place = |of| Place { owner: Owner::Cell(id), cell: Some(id), of };
        for var in &cell.vars {
            let here = place(var.span);
            match &var.kind {
                VarKind::Param { range, default: value } | VarKind::State { range, initial: value } => {
                    self.roots(here, range.iter().flat_map(|(lo, hi)| [*lo, *hi]).chain(*value))
                }
                VarKind::Let { value } => self.root(here, *value),
                VarKind::Port { shape, .. } => {
                    self.roots(here, graph::taus(shape));
                    if let PortShape::Delta { state, .. } = shape {
                        self.reads.written.insert(cell.vars[state.index()].span);
                    }
                }
            }
        }
        self.roots(place(Span::default()), cell.segments.iter().filter_map(|segment| segment.count));
        for equation in cell.equations.iter().chain(cell.modes.iter().flat_map(|mode| &mode.equations)) {
            let of = cell.vars[equation.var.index()].span;
            self.reads.written.insert(of);
            self.roots(place(of), equation.factor.into_iter().chain([equation.value]));
        }
        for couple in &cell.couples {
            self.roots(place(Span::default()), couple.loops.iter().flat_map(|(_, lo, hi)| [*lo, *hi]));
            self.roots(place(Span::default()), [couple.a, couple.b, couple.by]);
        }
        for event in &cell.events {
            self.roots(place(Span::default()), event.condition);
            self.actions(id, &event.body);
        }
        cell.reactions.iter().for_each(|reaction| self.actions(id, &reaction.body));
        let heard = cell.reactions.iter().filter_map(|it| match it.trigger {
            Trigger::Port(port) => Some(cell.vars[port.index()].span),
            Trigger::Event(_) | Trigger::Tick | Trigger::End(_) => None,
        });
        self.reads.declarations.extend(heard);
    }

    fn actions(&mut self, cell: CellId, actions: &[Action]) {
        let hir = self.hir;
        let place = |of| Place { owner: Owner::Cell(cell), cell: Some(cell), of };
        for action in actions {
            match &action.kind {
                ActionKind::Assign { target, value, .. } => {
                    let of = hir.cell(cell).vars[target.index()].span;
                    self.reads.written.insert(of);
                    self.root(place(of), *value);
                }
                ActionKind::Let { local, value } => self.root(place(hir.locals[local.index()].span), *value),
                ActionKind::If { condition, then, otherwise } => {
                    self.root(place(Span::default()), *condition);
                    self.actions(cell, then);
                    self.actions(cell, otherwise);
                }
                ActionKind::Enter { duration, .. } => self.roots(place(Span::default()), *duration),
                ActionKind::Leave(_) | ActionKind::Emit(_) => {}
            }
        }
    }

    fn rule(&mut self, id: RuleId, rule: &Rule) {
        let place = |of| Place { owner: Owner::Rule(id), cell: None, of };
        let outside = place(Span::default());
        for var in &rule.vars {
            let here = place(var.span);
            match &var.kind {
                RuleVarKind::Param { range, default } => {
                    self.roots(here, range.iter().flat_map(|(lo, hi)| [*lo, *hi]).chain(*default))
                }
                RuleVarKind::Let { value } | RuleVarKind::Synapse { initial: value } => {
                    self.root(here, *value)
                }
                RuleVarKind::Trace { dynamics, .. } => self.roots(here, trace_roots(dynamics)),
                RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Modulator => {}
            }
        }
        for equation in &rule.equations {
            let of = rule.vars[equation.var.index()].span;
            self.reads.written.insert(of);
            self.roots(place(of), equation.factor.into_iter().chain([equation.value]));
        }
        for hook in &rule.hooks {
            match &hook.when {
                HookKind::Modulator(var) => {
                    self.reads.declarations.insert(rule.vars[var.index()].span);
                }
                HookKind::Every(interval) => self.root(outside, *interval),
                HookKind::Pre | HookKind::Post(_) | HookKind::Both => {}
            }
            self.rule_actions(id, rule, &hook.body);
        }
        self.roots(outside, rule.bounds.iter().flat_map(|bounds| [bounds.lo, bounds.hi]));
        if let Some(rewire) = &rule.rewire {
            self.roots(outside, rewire.constants().into_iter().chain(rewire.looks()));
        }
    }

    fn rule_actions(&mut self, id: RuleId, rule: &Rule, actions: &[RuleAction]) {
        let hir = self.hir;
        let place = |of| Place { owner: Owner::Rule(id), cell: None, of };
        for action in actions {
            match &action.kind {
                RuleActionKind::Assign { target, value, .. } => {
                    let of = rule.vars[target.index()].span;
                    self.reads.written.insert(of);
                    self.root(place(of), *value);
                }
                RuleActionKind::Let { local, value } => {
                    self.root(place(hir.locals[local.index()].span), *value)
                }
                RuleActionKind::If { condition, then, otherwise } => {
                    self.root(place(Span::default()), *condition);
                    self.rule_actions(id, rule, then);
                    self.rule_actions(id, rule, otherwise);
                }
                RuleActionKind::Transmit(value) => self.root(place(Span::default()), *value),
            }
        }
    }

    fn circuit(&mut self, id: CircuitId, circuit: &Circuit) {
        self.slots(Owner::Circuit(id), &circuit.slots);
        self.items(id, &circuit.items);
    }

    fn slots(&mut self, owner: Owner, slots: &[Slot]) {
        for slot in slots {
            let place = Place { owner, cell: None, of: slot.span };
            match &slot.kind {
                SlotKind::Formal { range, default, .. } => {
                    self.roots(place, range.iter().flat_map(|(lo, hi)| [*lo, *hi]).chain(*default))
                }
                SlotKind::Let { value, .. } | SlotKind::Data { value, .. } => self.root(place, *value),
                SlotKind::Index
                | SlotKind::Population { .. }
                | SlotKind::Drive
                | SlotKind::Projection
                | SlotKind::Part { .. } => {}
            }
        }
    }

    fn items(&mut self, id: CircuitId, items: &[Item]) {
        let place = Place { owner: Owner::Circuit(id), cell: None, of: Span::default() };
        for item in items {
            match &item.kind {
                ItemKind::Population(population) => {
                    let inner = Place { cell: Some(population.cell), ..place };
                    let given = population.overrides.iter().map(|(_, value, _)| *value);
                    let rest = population.size.iter().copied().chain(population.at).chain(population.names);
                    self.roots(inner, given.chain(rest));
                }
                ItemKind::Drive(drive) => self.drive(place, drive),
                ItemKind::Projection(projection) => self.projection(place, projection),
                ItemKind::Part { args, .. } => self.roots(place, args.iter().map(|(_, value)| *value)),
                ItemKind::Binding(_) => {}
                ItemKind::For { over, items, .. } => {
                    match over {
                        Over::Range(lo, hi) => self.roots(place, [*lo, *hi]),
                        Over::Values(values) => self.root(place, *values),
                    }
                    self.items(id, items);
                }
                ItemKind::If { condition, then, otherwise } => {
                    self.root(place, *condition);
                    self.items(id, then);
                    self.items(id, otherwise);
                }
                ItemKind::Constraint(constraint) => match &constraint.kind {
                    ConstraintKind::Dale(views) => self.roots(place, views.iter().copied()),
                    ConstraintKind::Require(value) | ConstraintKind::Monitor { condition: value, .. } => {
                        self.root(place, *value)
                    }
                    ConstraintKind::Enforce(Enforce { equation, every }) => {
                        self.roots(place, every.iter().copied().chain([*equation]))
                    }
                },
            }
        }
    }

    fn drive(&mut self, place: Place, drive: &Drive) {
        match &drive.source {
            DriveSource::Poisson(value) | DriveSource::Times(value) | DriveSource::Value(value) => {
                self.root(place, *value)
            }
            DriveSource::Choose { count, every } => self.roots(place, [*count, *every]),
            DriveSource::Table { data, every } => self.roots(place, [*data, *every]),
        }
        let window = drive.window.iter().flat_map(|(from, to)| [*from, *to]);
        self.roots(place, window.chain(drive.weight).chain(drive.delay));
        self.target(place, drive.target);
    }

    fn projection(&mut self, place: Place, projection: &Projection) {
        match projection.connect {
            Connect::Probability(value)
            | Connect::InDegree(value)
            | Connect::OutDegree(value)
            | Connect::Total(value)
            | Connect::Where(value)
            | Connect::From(value) => self.root(place, value),
            Connect::OneToOne | Connect::AllToAll | Connect::Error => {}
        }
        match projection.symmetric {
            true => self.target(place, projection.source),
            false => self.root(place, projection.source),
        }
        self.target(place, projection.target);
        self.roots(place, projection.plasticity.iter().flat_map(|it| &it.args).map(|arg| arg.value));
        self.roots(place, projection.continuous);
        self.roots(place, [projection.weight, projection.delay].into_iter().flatten());
        self.roots(place, [projection.dendritic, projection.back].into_iter().flatten());
        self.roots(place, projection.share.map(|(key, _)| key));
        if let Some((Which::Pair(which), _)) = projection.onto {
            self.roots(place, [which]);
        }
    }

    /// What is written to is not read, but the view that it belongs to is named.
    fn target(&mut self, place: Place, target: ExprId) {
        match self.hir.expr(target).kind {
            ExprKind::Field { base, .. } => self.root(place, base),
            _ => self.root(place, target),
        }
    }

    fn experiment(&mut self, at: u32, experiment: &Experiment) {
        let owner = Owner::Experiment(at);
        self.slots(owner, &experiment.slots);
        let place = Place { owner, cell: None, of: Span::default() };
        self.roots(place, experiment.args.iter().map(|(_, value)| *value));
        self.roots(place, experiment.dt.into_iter().chain(experiment.seed));
        for axis in &experiment.sweep {
            match &axis.values {
                AxisValues::Over(Over::Range(lo, hi)) => self.roots(place, [*lo, *hi]),
                AxisValues::Over(Over::Values(values)) => self.root(place, *values),
                AxisValues::Rows(rows) => self.roots(place, rows.iter().flatten().copied()),
            }
        }
        self.statements(place, &experiment.slots, &experiment.statements);
    }

    fn statements(&mut self, place: Place, slots: &[Slot], statements: &[Statement]) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Binding(_) => {}
                StatementKind::Drive(drive) => self.drive(place, drive),
                StatementKind::Assign { slot, element, value, .. } => {
                    let own = Place { of: slots[slot.index()].span, ..place };
                    self.roots(own, element.iter().copied().chain([*value]));
                }
                StatementKind::Record { what, every } => self.roots(place, what.iter().chain(every).copied()),
                StatementKind::Run { duration, until } => {
                    self.roots(place, [Some(*duration), *until].into_iter().flatten())
                }
                StatementKind::Set { target, value, .. } | StatementKind::Clamp { target, value } => {
                    if let StatementKind::Set { filter: Some(filter), .. } = &statement.kind {
                        self.root(place, *filter);
                    }
                    if let ExprKind::Field { name, .. } = &self.hir.expr(*target).kind {
                        self.reads.set.insert(name.clone());
                    }
                    self.target(place, *target);
                    self.root(place, *value);
                }
                StatementKind::Reset { what, except } => {
                    self.roots(place, what.iter().chain(except).copied())
                }
                StatementKind::Fire(views) | StatementKind::Silence(views) => {
                    self.roots(place, views.iter().copied())
                }
                StatementKind::Freeze(target) => self.target(place, *target),
                StatementKind::FreezePlasticity { of, .. } => self.roots(place, of.iter().copied()),
                StatementKind::Release(targets) => {
                    targets.iter().for_each(|target| self.target(place, *target));
                }
                StatementKind::Print(values)
                | StatementKind::Report(values)
                | StatementKind::Plot(values) => self.roots(place, values.iter().copied()),
                StatementKind::Expect(value)
                | StatementKind::Enforce(value)
                | StatementKind::Save(value)
                | StatementKind::Load(value) => self.root(place, *value),
                StatementKind::If { condition, then, otherwise } => {
                    self.root(place, *condition);
                    self.statements(place, slots, then);
                    self.statements(place, slots, otherwise);
                }
                StatementKind::For { over, body, .. } => {
                    match over {
                        Over::Range(lo, hi) => self.roots(place, [*lo, *hi]),
                        Over::Values(values) => self.root(place, *values),
                    }
                    self.statements(place, slots, body);
                }
                StatementKind::Repeat { body, until } => {
                    self.statements(place, slots, body);
                    self.root(place, *until);
                }
            }
        }
    }
}

/// Where what an expression names by itself is declared.
fn declaration(hir: &Hir, place: Place, kind: &ExprKind) -> Option<Span> {
    let var = |var: VarId| match place.owner {
        Owner::Rule(rule) => Some(hir.rule(rule).vars.get(var.index())?.span),
        _ => Some(hir.cell(place.cell?).vars.get(var.index())?.span),
    };
    let slot = |owner, slot: SlotId| Some(graph::slots(hir, owner).get(slot.index())?.span);
    match kind {
        ExprKind::CallFn { function, .. } => Some(hir.functions.get(function.index())?.span),
        ExprKind::Derivative(state) => var(*state),
        ExprKind::OfSegment { member: SegmentMember::Var(id) | SegmentMember::Derivative(id), .. } => {
            var(*id)
        }
        ExprKind::Ref(Ref::Var(id)) => var(*id),
        ExprKind::Ref(Ref::Local(local)) => Some(hir.locals.get(local.index())?.span),
        ExprKind::Ref(Ref::Global(global)) => Some(hir.globals.get(global.index())?.span),
        ExprKind::Ref(Ref::Slot(id)) => slot(place.owner, *id),
        ExprKind::Ref(Ref::OfCircuit(id)) => match place.owner {
            Owner::Experiment(at) => slot(Owner::Circuit(hir.experiments[at as usize].circuit?), *id),
            Owner::File | Owner::Cell(_) | Owner::Rule(_) | Owner::Circuit(_) => None,
        },
        _ => None,
    }
}
