//! Circuits: everything with a name gets a slot, first in all circuits, so that order of writing does not
//! matter and parts know their formals; then the expressions are read.
//!
//! In: circuit items of a file. Out: [`crate::hir::Circuit`]s.

use super::scope::{self, Def, Named, Names};
use super::{Context, ERROR, Resolver};
use crate::diagnose::{names, structure, suggest};
use crate::hir::{self, CircuitId, ExprId, Item, ItemKind, Over, Owner, Slot, SlotId, SlotKind};
use crate::types::Type;
use circ_grammar::ast::{self, CircuitItemKind, Iter, Name, Span};
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
            Owner::File | Owner::Cell(_) | Owner::Rule(_) => {
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
            Owner::File | Owner::Cell(_) | Owner::Rule(_) => &[],
        }
    }

    /// The slots of an experiment's circuit.
    pub(super) fn outer_slots(&self, owner: Owner) -> &[Slot] {
        match owner {
            Owner::Experiment(at) => self.hir.experiments[at as usize]
                .circuit
                .map_or(&[], |at| &self.hir.circuits[at.index()].slots),
            Owner::File | Owner::Cell(_) | Owner::Rule(_) | Owner::Circuit(_) => &[],
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
                    let function_id = self.new_function(module, function, owner, None);
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
            Owner::File | Owner::Cell(_) | Owner::Rule(_) => {}
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

    pub(super) fn is_word(&self, cx: &Context, id: ast::ExprId, word: &str) -> bool {
        matches!(&self.ast(cx, id).kind, ast::ExprKind::Name(name) if &**name == word)
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
