//! Circuits: everything with a name gets a slot, first in all circuits, so that order of writing does not
//! matter and parts know their formals; then the expressions are read.
//!
//! In: circuit items of a file. Out: [`crate::hir::Circuit`]s.

use super::context::Place;
use super::scope::{self, Def, Named, Names};
use super::{Context, ERROR, Resolver};
use crate::diagnose::{names, structure, suggest};
use crate::hir::{
    self, CircuitId, ExprId, ExprKind, Item, ItemKind, Over, Owner, Slot, SlotId, SlotKind, VarKind,
};
use crate::types::Type;
use circ_grammar::ast::{self, CircuitItemKind, ConstraintKind, Iter, Name, Span};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Names of the other arm of an `if`, for its `else`.
type Arm = BTreeMap<Arc<str>, SlotId>;

/// The slots of a circuit's items in order of writing; `None` for what was refused.
type SlotQueue = VecDeque<Option<SlotId>>;

impl<'a> Resolver<'a> {
    pub(super) fn circuits(&mut self) {
        let mut queues = vec![];
        for at in 0..self.circuits.len() {
            let (module, item, circuit) = self.circuits[at];
            let queue = self.declare_circuit(CircuitId(at as u32), module, item, circuit);
            queues.push(queue);
        }
        for (at, queue) in queues.into_iter().enumerate() {
            self.circuit(CircuitId(at as u32), queue);
        }
    }

    fn declare_circuit(
        &mut self,
        id: CircuitId,
        module: usize,
        item: &'a ast::Item,
        circuit: &'a ast::Circuit,
    ) -> SlotQueue {
        self.hir.circuits.push(hir::Circuit {
            name: circuit.name.text.clone(),
            span: circuit.name.span,
            doc: item.attributes.doc.clone(),
            slots: vec![],
            formals: vec![],
            items: vec![],
        });
        self.circuit_names.push(Names::new());
        for formal in &circuit.formals {
            let slot = self.new_slot(Owner::Circuit(id), &formal.name, formal_kind(), true, &[]);
            self.hir.circuits[id.index()].formals.push(slot);
            self.name_slot(id, &formal.name, Named::Slot(slot));
        }
        let mut queue = SlotQueue::new();
        self.declare_items(id, module, &circuit.items, &mut vec![], &BTreeMap::new(), &mut queue);
        queue
    }

    /// A new slot of a circuit or experiment.
    pub(super) fn new_slot(
        &mut self,
        owner: Owner,
        name: &Name,
        kind: SlotKind,
        public: bool,
        loops: &[SlotId],
    ) -> SlotId {
        let slot = Slot { name: name.text.clone(), span: name.span, kind, public, loops: loops.to_vec() };
        let slots = match owner {
            Owner::Experiment(at) => &mut self.hir.experiments[at as usize].slots,
            Owner::Circuit(at) => &mut self.hir.circuits[at.index()].slots,
            Owner::File | Owner::Cell(_) => {
                unreachable!("only circuits and experiments have slots")
            }
        };
        slots.push(slot);
        SlotId(slots.len() as u32 - 1)
    }

    /// The slots of a circuit or experiment.
    pub(super) fn slots(&self, owner: Owner) -> &[Slot] {
        match owner {
            Owner::Circuit(at) => &self.hir.circuits[at.index()].slots,
            Owner::Experiment(at) => &self.hir.experiments[at as usize].slots,
            Owner::File | Owner::Cell(_) => &[],
        }
    }

    /// The slots of an experiment's circuit.
    pub(super) fn outer_slots(&self, owner: Owner) -> &[Slot] {
        match owner {
            Owner::Experiment(at) => self.hir.experiments[at as usize]
                .circuit
                .map_or(&[], |at| &self.hir.circuits[at.index()].slots),
            Owner::File | Owner::Cell(_) | Owner::Circuit(_) => &[],
        }
    }

    fn name_slot(&mut self, id: CircuitId, name: &Name, named: Named) {
        if let Some(first) = scope::declare(&mut self.circuit_names[id.index()], name, named) {
            self.sink.push(names::duplicate_name(name.span, &name.text, first));
        }
    }

    /// `loops` holds the indices around. Values in a loop are seen only in it, so they get no name here.
    fn declare_items(
        &mut self,
        id: CircuitId,
        module: usize,
        items: &'a [ast::CircuitItem],
        loops: &mut Vec<SlotId>,
        arm: &Arm,
        queue: &mut SlotQueue,
    ) {
        let owner = Owner::Circuit(id);
        for item in items {
            let (public, name, kind) = match &item.kind {
                CircuitItemKind::Population { public, population } => {
                    let cell =
                        self.lookup_path(module, &population.cell, "cell", |def| matches!(def, Def::Cell(_)));
                    let kind = match cell {
                        Some((Def::Cell(cell), _)) => Some(SlotKind::Population { cell }),
                        _ => None,
                    };
                    (*public, &population.name, kind)
                }
                CircuitItemKind::Drive { public, drive } => (*public, &drive.name, Some(SlotKind::Drive)),
                CircuitItemKind::Projection { public, projection } => {
                    (*public, &projection.name, Some(SlotKind::Projection))
                }
                CircuitItemKind::Part { public, name, circuit, .. } => {
                    let circuit =
                        self.lookup_path(module, circuit, "circuit", |def| matches!(def, Def::Circuit(_)));
                    let kind = match circuit {
                        Some((Def::Circuit(circuit), _)) => Some(SlotKind::Part { circuit }),
                        _ => None,
                    };
                    (*public, name, kind)
                }
                CircuitItemKind::Data { public, data } => (*public, &data.name, Some(data_kind())),
                CircuitItemKind::Let { public, binding } => (*public, &binding.name, Some(let_kind())),
                CircuitItemKind::Fn(function) => {
                    let function_id = self.new_function(module, function, owner);
                    self.name_slot(id, &function.name, Named::Function(function_id));
                    continue;
                }
                CircuitItemKind::For { index, items, .. } => {
                    let slot = self.new_slot(owner, index, SlotKind::Index, false, loops);
                    queue.push_back(Some(slot));
                    loops.push(slot);
                    self.declare_items(id, module, items, loops, arm, queue);
                    loops.pop();
                    continue;
                }
                CircuitItemKind::If { then, otherwise, .. } => {
                    let before = self.slots(owner).len();
                    self.declare_items(id, module, then, loops, arm, queue);
                    let mut other = arm.clone();
                    let new = self.slots(owner).iter().enumerate().skip(before);
                    other.extend(new.map(|(at, slot)| (slot.name.clone(), SlotId(at as u32))));
                    self.declare_items(id, module, otherwise, loops, &other, queue);
                    continue;
                }
                CircuitItemKind::Constraints(_) | CircuitItemKind::Error => continue,
            };
            let local =
                !loops.is_empty() && matches!(kind, Some(SlotKind::Let { .. } | SlotKind::Data { .. }));
            if let Some(shared) = self.shared_slot(owner, arm, name, kind.as_ref(), loops) {
                queue.push_back(Some(shared));
                continue;
            }
            let slot = kind.map(|kind| self.new_slot(owner, name, kind, public, loops));
            if !local {
                self.name_slot(id, name, slot.map_or(Named::Refused, Named::Slot));
            }
            queue.push_back(slot);
        }
    }

    /// Of the two arms of an `if` only one is built, so that an item of the same kind may have one name in both.
    fn shared_slot(
        &self,
        owner: Owner,
        arm: &Arm,
        name: &Name,
        kind: Option<&SlotKind>,
        loops: &[SlotId],
    ) -> Option<SlotId> {
        let slot = *arm.get(&name.text)?;
        let other = &self.slots(owner)[slot.index()];
        let same = match (&other.kind, kind?) {
            (SlotKind::Drive, SlotKind::Drive) | (SlotKind::Projection, SlotKind::Projection) => true,
            (SlotKind::Population { cell: a }, SlotKind::Population { cell: b }) => a == b,
            (SlotKind::Part { circuit: a }, SlotKind::Part { circuit: b }) => a == b,
            _ => false,
        };
        (same && other.loops == loops).then_some(slot)
    }

    fn circuit(&mut self, id: CircuitId, mut queue: SlotQueue) {
        let (module, _, circuit) = self.circuits[id.index()];
        let owner = Owner::Circuit(id);
        let mut cx =
            Context { owner, names: self.circuit_names[id.index()].clone(), ..Context::file(module) };
        let outer = cx.clone();
        self.function_bodies(|of| of == owner, &mut |_| outer.clone());
        let formals = self.hir.circuits[id.index()].formals.clone();
        for (slot, formal) in formals.into_iter().zip(&circuit.formals) {
            let kind = self.formal_slot(&mut cx, formal);
            self.set_slot(owner, slot, kind);
        }
        let items = self.items(&mut cx, &circuit.items, &mut queue);
        self.hir.circuits[id.index()].items = items;
    }

    /// A formal of a circuit or experiment.
    pub(super) fn formal_slot(&mut self, cx: &mut Context, formal: &ast::Formal) -> SlotKind {
        let declared = formal.ty.as_ref().and_then(|ty| self.ty(cx, ty));
        let range = self.range(cx, formal.range);
        let default = formal.default.map(|default| self.expr(cx, default));
        if formal.ty.is_none() && default.is_none() {
            self.sink.push(structure::missing_type(formal.name.span, &formal.name.text));
            return SlotKind::Formal { declared: Some(Type::Error), range, default };
        }
        SlotKind::Formal { declared, range, default }
    }

    pub(super) fn set_slot(&mut self, owner: Owner, slot: SlotId, kind: SlotKind) {
        match owner {
            Owner::Circuit(at) => self.hir.circuits[at.index()].slots[slot.index()].kind = kind,
            Owner::Experiment(at) => self.hir.experiments[at as usize].slots[slot.index()].kind = kind,
            Owner::File | Owner::Cell(_) => {}
        }
    }

    fn items(&mut self, cx: &mut Context, items: &'a [ast::CircuitItem], queue: &mut SlotQueue) -> Vec<Item> {
        let mut lowered = vec![];
        for item in items {
            match &item.kind {
                CircuitItemKind::Constraints(constraints) => {
                    lowered
                        .extend(constraints.iter().filter_map(|constraint| self.constraint(cx, constraint)));
                }
                CircuitItemKind::Fn(_) | CircuitItemKind::Error => {}
                _ => lowered.extend(self.item(cx, item, queue).map(|kind| Item { span: item.span, kind })),
            }
        }
        lowered
    }

    fn item(
        &mut self,
        cx: &mut Context,
        item: &'a ast::CircuitItem,
        queue: &mut SlotQueue,
    ) -> Option<ItemKind> {
        match &item.kind {
            CircuitItemKind::If { condition, then, otherwise } => {
                let condition = self.expr(cx, *condition);
                let then = self.items(cx, then, queue);
                let otherwise = self.items(cx, otherwise, queue);
                return Some(ItemKind::If { condition, then, otherwise });
            }
            CircuitItemKind::Constraints(_) | CircuitItemKind::Fn(_) | CircuitItemKind::Error => {
                return None;
            }
            _ => {}
        }
        let slot = queue.pop_front().flatten();
        match (&item.kind, slot) {
            (CircuitItemKind::Population { population, .. }, slot) => {
                self.population(cx, population, slot, item.span)
            }
            (CircuitItemKind::Drive { drive, .. }, Some(slot)) => {
                Some(ItemKind::Drive(self.drive(cx, drive, slot, item.span)?))
            }
            (CircuitItemKind::Projection { projection, .. }, Some(slot)) => {
                Some(ItemKind::Projection(self.projection(cx, projection, slot, item.span)?))
            }
            (CircuitItemKind::Part { args, name, .. }, Some(slot)) => {
                let SlotKind::Part { circuit } = self.slots(cx.owner)[slot.index()].kind else {
                    return None;
                };
                let args = self.circuit_args(cx, circuit, args, name.span);
                Some(ItemKind::Part { slot, circuit, args })
            }
            (CircuitItemKind::Data { data, .. }, Some(slot)) => {
                let declared = self.ty(cx, &data.ty).unwrap_or(Type::Error);
                let value = self.expr(cx, data.value);
                self.bind(cx, &data.name, slot, SlotKind::Data { declared, value });
                Some(ItemKind::Binding(slot))
            }
            (CircuitItemKind::Let { binding, .. }, Some(slot)) => {
                let declared = binding.ty.as_ref().and_then(|ty| self.ty(cx, ty));
                // What reads states of populations is an output: known only while it runs.
                let value = self.expr(cx, binding.value);
                self.bind(cx, &binding.name, slot, SlotKind::Let { declared, value });
                Some(ItemKind::Binding(slot))
            }
            (CircuitItemKind::For { index, over, items }, Some(slot)) => {
                let over = self.over(cx, *over);
                cx.frames.push([(index.text.clone(), (Named::Slot(slot), index.span))].into());
                let items = self.items(cx, items, queue);
                cx.frames.pop();
                Some(ItemKind::For { index: slot, over, items })
            }
            _ => None,
        }
    }

    /// In a loop, a value is seen from its line to the loop's end.
    fn bind(&mut self, cx: &mut Context, name: &Name, slot: SlotId, kind: SlotKind) {
        self.set_slot(cx.owner, slot, kind);
        if let Some(frame) = cx.frames.last_mut()
            && let Some(first) = scope::declare(frame, name, Named::Slot(slot))
        {
            self.sink.push(names::duplicate_name(name.span, &name.text, first));
        }
    }

    pub(super) fn over(&mut self, cx: &mut Context, over: Iter) -> Over {
        match over {
            Iter::Range(lo, hi) => Over::Range(self.expr(cx, lo), self.expr(cx, hi)),
            Iter::Expr(values) => Over::Values(self.expr(cx, values)),
        }
    }

    /// Arguments for a circuit's formals: by position, then by name.
    pub(super) fn circuit_args(
        &mut self,
        cx: &mut Context,
        circuit: CircuitId,
        args: &'a [ast::Arg],
        at: Span,
    ) -> Vec<(SlotId, ExprId)> {
        let (_, _, written) = self.circuits[circuit.index()];
        let formals = self.hir.circuits[circuit.index()].formals.clone();
        let mut given: Vec<(SlotId, ExprId)> = vec![];
        let mut position = 0;
        for arg in args {
            self.plain_argument(arg);
            let value = self.expr(cx, arg.value);
            let place = match &arg.name {
                Some(name) => written.formals.iter().position(|formal| formal.name.text == name.text),
                None => Some(position),
            };
            position += usize::from(arg.name.is_none());
            let Some(slot) = place.and_then(|place| formals.get(place)) else {
                self.unknown_argument(written, arg, args.len(), at);
                continue;
            };
            if given.iter().any(|(seen, _)| seen == slot) {
                let message = format!("an argument of `{}` is given twice", written.name.text);
                self.sink.push(structure::argument_form(arg.span, message, "given again"));
            } else {
                given.push((*slot, value));
            }
        }
        for (slot, formal) in formals.iter().zip(&written.formals) {
            if formal.default.is_none() && !given.iter().any(|(seen, _)| seen == slot) {
                self.sink.push(structure::missing_value(
                    at,
                    &formal.name.text,
                    &written.name.text,
                    formal.name.span,
                ));
            }
        }
        given
    }

    fn unknown_argument(&mut self, circuit: &ast::Circuit, arg: &ast::Arg, count: usize, at: Span) {
        match &arg.name {
            Some(name) => {
                let suggestion =
                    suggest::nearest(&name.text, circuit.formals.iter().map(|formal| &*formal.name.text));
                self.sink.push(names::unknown_member(
                    name.span,
                    &name.text,
                    &format!("`{}`", circuit.name.text),
                    suggestion,
                ));
            }
            None => {
                let due = super::function::counted(circuit.formals.len());
                self.sink.push(structure::argument_count(at, &circuit.name.text, &due, count));
            }
        }
    }

    fn population(
        &mut self,
        cx: &mut Context,
        population: &'a ast::Population,
        slot: Option<SlotId>,
        span: Span,
    ) -> Option<ItemKind> {
        let size: Vec<ExprId> = population.size.iter().map(|size| self.expr(cx, *size)).collect();
        if 3 < size.len() {
            let at = self.hir.expr(size[3]).span;
            self.sink.push(structure::argument_form(
                at,
                "a population has at most three dimensions".into(),
                "a fourth",
            ));
        }
        let slot = slot?;
        let SlotKind::Population { cell } = self.slots(cx.owner)[slot.index()].kind else {
            return None;
        };
        let (mut overrides, mut at, mut cell_names) = (vec![], None, None);
        for item in &population.items {
            match &item.kind {
                ast::PopulationItemKind::Set { path, value } => {
                    let value = self.expr_in(cx, Place::PARAM.and(Place::BUILD), *value);
                    if self.sets_names(cell, path) {
                        if let Some((_, first)) = cell_names.replace((value, scope::path_span(path))) {
                            self.sink.push(names::duplicate_name(scope::path_span(path), "names", first));
                        }
                        continue;
                    }
                    let Some(var) = self.override_target(cell, path) else {
                        continue;
                    };
                    if let Some((_, _, first)) = overrides.iter().find(|(seen, _, _)| *seen == var) {
                        let name = self.hir.cell(cell).vars[var.index()].name.to_string();
                        self.sink.push(names::duplicate_name(scope::path_span(path), &name, *first));
                        continue;
                    }
                    overrides.push((var, value, scope::path_span(path)));
                }
                ast::PopulationItemKind::At(value) => at = Some(self.position(cx, *value)),
                ast::PopulationItemKind::Error => {}
            }
        }
        let size = size.into_iter().take(3).collect();
        self.missing_params(cell, &overrides, population.name.span);
        Some(ItemKind::Population(hir::Population {
            slot,
            cell,
            polarity: population.polarity,
            size,
            overrides,
            at,
            names: cell_names.map(|(value, _)| value),
            span,
        }))
    }

    /// `names = ...` gives each cell a name, unless the cell itself has a variable called so.
    fn sets_names(&self, cell: hir::CellId, path: &ast::Path) -> bool {
        let is_names = matches!(&path.names[..], [name] if &*name.text == "names");
        is_names && self.hir.cell(cell).vars.iter().all(|var| &*var.name != "names")
    }

    /// A parameter or state of the cell that a population's block gives.
    fn override_target(&mut self, cell: hir::CellId, path: &ast::Path) -> Option<hir::VarId> {
        let [name] = &path.names[..] else {
            self.refuse(scope::path_span(path), "a setting of a segment");
            return None;
        };
        let written = self.hir.cell(cell);
        // A port with dynamics begins at a value like a state.
        let settable = |var: &hir::Var| match &var.kind {
            VarKind::Param { .. } | VarKind::State { .. } => true,
            VarKind::Port { shape, .. } => {
                !matches!(shape, hir::PortShape::Delta { .. } | hir::PortShape::Sum)
            }
            VarKind::Let { .. } => false,
        };
        let message = match written.vars.iter().position(|var| var.name == name.text) {
            Some(at) if settable(&written.vars[at]) => return Some(hir::VarId(at as u32)),
            Some(at) => {
                let var = &written.vars[at];
                let is = super::cell::kind_words(&var.kind);
                names::wrong_kind(name.span, &name.text, is, "a parameter or a state", Some(var.span))
            }
            None if written.partial => return None,
            None => {
                let known = written.vars.iter().filter(|var| settable(var)).map(|var| &*var.name);
                let suggestion = suggest::nearest(&name.text, known);
                names::unknown_member(
                    name.span,
                    &name.text,
                    &format!("the cell `{}`", written.name),
                    suggestion,
                )
            }
        };
        self.sink.push(message);
        None
    }

    fn missing_params(&mut self, cell: hir::CellId, overrides: &[(hir::VarId, ExprId, Span)], at: Span) {
        let written = self.hir.cell(cell);
        let missing = written.vars.iter().enumerate().filter(|(k, var)| {
            let needs = matches!(var.kind, VarKind::Param { default: None, .. });
            needs && !overrides.iter().any(|(given, _, _)| given.index() == *k)
        });
        let messages: Vec<_> = missing
            .map(|(_, var)| {
                structure::missing_value(
                    at,
                    &var.name,
                    &written.name,
                    if var.span == Span::default() { at } else { var.span },
                )
            })
            .collect();
        messages.into_iter().for_each(|message| self.sink.push(message));
    }

    /// `at grid(20 um)`, `at (x, y, z)`
    fn position(&mut self, cx: &mut Context, value: ast::ExprId) -> ExprId {
        let at = self.span(cx, value);
        match &self.ast(cx, value).kind {
            ast::ExprKind::Call { callee, args } if self.is_word(cx, *callee, "grid") => {
                let args: Vec<_> = args
                    .iter()
                    .map(|arg| hir::MeasureArg {
                        each: false,
                        name: None,
                        value: self.expr(cx, arg.value),
                        to: None,
                        over: None,
                    })
                    .collect();
                if args.len() != 1 {
                    self.sink.push(structure::argument_count(at, "grid", "1 argument", args.len()));
                    return ERROR;
                }
                let name_span = self.span(cx, *callee);
                self.push(ExprKind::Measure { name: "grid".into(), name_span, args }, at)
            }
            ast::ExprKind::Tuple(parts) if parts.len() <= 3 => {
                self.expr_in(cx, Place::PARAM.and(Place::BUILD), value)
            }
            ast::ExprKind::Error => ERROR,
            _ => {
                let message = "positions are `grid(d)`, `(x, y)` or `(x, y, z)`".to_owned();
                self.sink.push(structure::argument_form(at, message, "not a position"));
                ERROR
            }
        }
    }

    pub(super) fn is_word(&self, cx: &Context, id: ast::ExprId, word: &str) -> bool {
        matches!(&self.ast(cx, id).kind, ast::ExprKind::Name(name) if &**name == word)
    }

    fn constraint(&mut self, cx: &mut Context, constraint: &'a ast::Constraint) -> Option<Item> {
        let kind = match &constraint.kind {
            ConstraintKind::Dale(views) => {
                hir::ConstraintKind::Dale(views.iter().map(|view| self.expr(cx, *view)).collect())
            }
            ConstraintKind::Require(what) => {
                let what = self.expr_in(cx, Place::PROTOCOL, *what);
                self.only_measures(what, &["size"], "`require` over")?;
                hir::ConstraintKind::Require(what)
            }
            ConstraintKind::Monitor { or_stop: true, .. } => {
                self.refuse(constraint.span, "`monitor ... else stop`");
                return None;
            }
            ConstraintKind::Monitor { what, .. } => {
                let what = self.expr_in(cx, Place::PROTOCOL, *what);
                self.only_measures(what, &["size", "rate"], "`monitor` of")?;
                hir::ConstraintKind::Monitor(what)
            }
            ConstraintKind::Enforce { .. } => {
                self.refuse(constraint.span, "`enforce`");
                return None;
            }
            ConstraintKind::Error => return None,
        };
        let span = constraint.span;
        Some(Item { span, kind: ItemKind::Constraint(hir::Constraint { kind, span }) })
    }

    /// `None` after a report of a measure that no later pass builds in this place.
    fn only_measures(&mut self, expr: ExprId, built: &[&str], what: &str) -> Option<()> {
        let mut other = None;
        super::graph::walk(&self.hir, expr, &mut |_, expr| {
            if let ExprKind::Measure { name, name_span, .. } = &expr.kind
                && !built.contains(&&**name)
            {
                other.get_or_insert((*name_span, name.clone()));
            }
        });
        match other {
            Some((at, name)) => {
                self.refuse(at, &format!("{what} `{name}`"));
                None
            }
            None => Some(()),
        }
    }
}

fn formal_kind() -> SlotKind {
    SlotKind::Formal { declared: None, range: None, default: None }
}

fn let_kind() -> SlotKind {
    SlotKind::Let { declared: None, value: ERROR }
}

fn data_kind() -> SlotKind {
    SlotKind::Data { declared: Type::Error, value: ERROR }
}
