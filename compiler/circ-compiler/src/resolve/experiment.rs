//! Experiments: settings, recordings, and statements in order.
//!
//! In: experiments of a file. Out: [`crate::hir::Experiment`]s. Names of an experiment come before those of
//! its circuit; a `let` is seen from its line to the end of its block.

use super::builtins;
use super::context::Place;
use super::scope::{self, Def, Named, Names};
use super::{Context, Resolver};
use crate::diagnose::{names, structure};
use crate::hir::{self, ExprId, ExprKind, Owner, Ref, SlotId, SlotKind, StatementKind as Out};
use crate::types::Type;
use circ_grammar::ast::{self, Name, StatementKind};

impl<'a> Resolver<'a> {
    pub(super) fn experiments(&mut self) {
        for at in 0..self.experiments.len() {
            let (module, item, experiment) = self.experiments[at];
            self.experiment(at as u32, module, item, experiment);
        }
    }

    fn experiment(&mut self, at: u32, module: usize, item: &'a ast::Item, written: &'a ast::Experiment) {
        self.hir.experiments.push(hir::Experiment {
            name: written.name.text.clone(),
            span: written.name.span,
            text: item.span,
            doc: item.attributes.doc.clone(),
            slots: vec![],
            formals: vec![],
            circuit: None,
            args: vec![],
            dt: None,
            seed: None,
            precision: None,
            method: None,
            sweep: vec![],
            statements: vec![],
        });
        let owner = Owner::Experiment(at);
        let mut cx = Context { owner, ..Context::file(module) };
        for formal in &written.formals {
            let kind = self.formal_slot(&mut cx, formal);
            let slot = self.new_slot(owner, &formal.name, kind, true, &[]);
            self.hir.experiments[at as usize].formals.push(slot);
            self.declare_in(&mut cx.names, &formal.name, Named::Slot(slot));
        }
        if let Some((path, args)) = &written.of
            && let Some((Def::Circuit(circuit), _)) =
                self.lookup_path(module, path, "circuit", |def| matches!(def, Def::Circuit(_)))
        {
            let args = self.circuit_args(&mut cx, circuit, args, scope::path_span(path));
            let experiment = &mut self.hir.experiments[at as usize];
            (experiment.circuit, experiment.args) = (Some(circuit), args);
            let names = self.circuit_names[circuit.index()].iter();
            cx.outer = names
                .map(|(name, (named, span))| {
                    let named = match named {
                        Named::Slot(slot) => Named::OfCircuit(*slot),
                        // A circuit's function reads the circuit's slots: it can not be called from elsewhere yet.
                        Named::Function(_) => Named::Refused,
                        other => *other,
                    };
                    (name.clone(), (named, *span))
                })
                .collect();
        }
        cx.is_of_unknown = written.of.is_some() && self.hir.experiments[at as usize].circuit.is_none();
        cx.place = Place::PROTOCOL.and(Place::TIME);
        self.experiment_functions(&mut cx, &written.items);
        self.check_settings(&written.items);
        let statements = self.statements(&mut cx, at, &written.items);
        self.hir.experiments[at as usize].statements = statements;
    }

    fn declare_in(&mut self, names: &mut Names, name: &Name, named: Named) {
        if let Some(first) = scope::declare(names, name, named) {
            self.sink.push(names::duplicate_name(name.span, &name.text, first));
        }
    }

    /// Functions are seen everywhere in the experiment, and read its formals and its circuit's names.
    fn experiment_functions(&mut self, cx: &mut Context, items: &'a [ast::Statement]) {
        for item in items {
            if let StatementKind::Fn(function) = &item.kind {
                let id = self.new_function(cx.module, function, cx.owner, None);
                self.declare_in(&mut cx.names, &function.name, Named::Function(id));
            }
        }
        let (owner, outer) = (cx.owner, cx.clone());
        self.function_bodies(|of| of == owner, &mut |_| outer.clone());
    }

    fn statements(&mut self, cx: &mut Context, at: u32, items: &'a [ast::Statement]) -> Vec<hir::Statement> {
        let mut lowered = vec![];
        for item in items {
            if let Some(kind) = self.statement(cx, at, item) {
                lowered.push(hir::Statement { kind, span: item.span });
            }
        }
        lowered
    }

    fn statement(&mut self, cx: &mut Context, at: u32, item: &'a ast::Statement) -> Option<Out> {
        match &item.kind {
            StatementKind::Dt(value) => {
                self.setting(cx, at, *value, |experiment, value| experiment.dt = Some(value))
            }
            StatementKind::Seed(value) => {
                self.setting(cx, at, *value, |experiment, value| experiment.seed = Some(value))
            }
            StatementKind::Precision(name) => {
                let precision = self.word(name, "precision", builtins::PRECISIONS);
                self.hir.experiments[at as usize].precision = precision;
                None
            }
            StatementKind::Method(name) => {
                let method = self.word(name, "method", builtins::METHODS).map(|method| (method, name.span));
                self.hir.experiments[at as usize].method = method;
                None
            }
            StatementKind::Data(data) => {
                let declared = self.ty(cx, &data.ty).unwrap_or(Type::Error);
                let value = self.expr(cx, data.value);
                Some(Out::Binding(self.binding(cx, &data.name, SlotKind::Data { declared, value })))
            }
            StatementKind::Let(binding) => {
                let declared = binding.ty.as_ref().and_then(|ty| self.ty(cx, ty));
                let value = self.expr(cx, binding.value);
                Some(Out::Binding(self.binding(cx, &binding.name, SlotKind::Let { declared, value })))
            }
            StatementKind::Fn(_) | StatementKind::Error => None,
            StatementKind::Drive(drive) => {
                let slot = self.binding(cx, &drive.name, SlotKind::Drive);
                let outer = std::mem::replace(&mut cx.place, Place::BUILD);
                let drive = self.drive(cx, drive, slot, item.span);
                cx.place = outer;
                drive.map(Out::Drive)
            }
            StatementKind::Assign { target, op, value } => {
                let value = self.expr(cx, *value);
                let (slot, element) = match self.ast(cx, *target).kind {
                    ast::ExprKind::Index { base, .. } => {
                        (self.assigned(cx, base)?, Some(self.expr(cx, *target)))
                    }
                    _ => (self.assigned(cx, *target)?, None),
                };
                Some(Out::Assign { slot, element, op: *op, value })
            }
            StatementKind::Record { what, every } => {
                let what = self.exprs(cx, what);
                let every = every.map(|every| self.expr(cx, every));
                Some(Out::Record { what, every })
            }
            StatementKind::Run { duration, until } => {
                let duration = self.expr(cx, *duration);
                let until = until.map(|until| self.expr(cx, until));
                Some(Out::Run { duration, until })
            }
            StatementKind::Set { target, filter, value } => self.set(cx, *target, *filter, *value),
            StatementKind::Reset { views, except } => {
                let what = self.exprs(cx, views);
                Some(Out::Reset { what, except: self.exprs(cx, except) })
            }
            StatementKind::Fire(views) => Some(Out::Fire(self.exprs(cx, views))),
            StatementKind::Silence(views) => Some(Out::Silence(self.exprs(cx, views))),
            StatementKind::Freeze(target) => self.state(cx, *target, "freeze").map(Out::Freeze),
            StatementKind::FreezePlasticity { thaw, of } => {
                Some(Out::FreezePlasticity { thaw: *thaw, of: self.exprs(cx, of) })
            }
            StatementKind::Clamp { target, value } => self.clamp(cx, *target, *value),
            StatementKind::Release(targets) => Some(Out::Release(self.exprs(cx, targets))),
            StatementKind::Print(values) => Some(Out::Print(self.exprs(cx, values))),
            StatementKind::Report(values) => Some(Out::Report(self.exprs(cx, values))),
            StatementKind::Plot(values) => Some(Out::Plot(self.exprs(cx, values))),
            StatementKind::Expect(value) => Some(Out::Expect(self.expr(cx, *value))),
            StatementKind::Enforce(equation) => Some(Out::Enforce(self.constrained(cx, *equation))),
            StatementKind::If { condition, then, otherwise } => {
                let condition = self.expr(cx, *condition);
                let then = self.block(cx, at, then);
                let otherwise = self.block(cx, at, otherwise);
                Some(Out::If { condition, then, otherwise })
            }
            StatementKind::For { index, over, items } => {
                let (index, over, body) = self.experiment_loop(cx, at, index, *over, items);
                Some(Out::For { passes: hir::Passes::InTurn, index, over, body })
            }
            StatementKind::Trials { index, over, items } => {
                let (index, over, body) = self.experiment_loop(cx, at, index, *over, items);
                self.check_trials(at, &body);
                Some(Out::For { passes: hir::Passes::Apart, index, over, body })
            }
            StatementKind::Save(file) => Some(Out::Save(self.expr(cx, *file))),
            StatementKind::Load(file) => Some(Out::Load(self.expr(cx, *file))),
            StatementKind::Sweep(axes) => {
                for axis in axes {
                    self.sweep_axis(cx, at, axis);
                }
                None
            }
            StatementKind::Repeat { items, until } => {
                self.refuse_once(items);
                let (body, until) = self.repeated(cx, at, items, *until);
                Some(Out::Repeat { body, until })
            }
        }
    }

    fn setting(
        &mut self,
        cx: &mut Context,
        at: u32,
        value: ast::ExprId,
        store: fn(&mut hir::Experiment, ExprId),
    ) -> Option<Out> {
        let value = self.expr_in(cx, Place::BUILD, value);
        store(&mut self.hir.experiments[at as usize], value);
        None
    }

    fn exprs(&mut self, cx: &mut Context, values: &[ast::ExprId]) -> Vec<ExprId> {
        values.iter().map(|value| self.expr(cx, *value)).collect()
    }

    /// The index, what it runs over, and the body, which alone sees the index.
    fn experiment_loop(
        &mut self,
        cx: &mut Context,
        at: u32,
        index: &Name,
        over: ast::Iter,
        items: &'a [ast::Statement],
    ) -> (SlotId, hir::Over, Vec<hir::Statement>) {
        let over = self.over(cx, over);
        let slot = self.new_slot(cx.owner, index, SlotKind::Index, false, &[]);
        self.refuse_once(items);
        cx.frames.push([(index.text.clone(), (Named::Slot(slot), index.span))].into());
        let body = self.block(cx, at, items);
        cx.frames.pop();
        (slot, over, body)
    }

    fn sweep_axis(&mut self, cx: &mut Context, at: u32, axis: &'a ast::SweepAxis) {
        let names: Option<Vec<hir::Swept>> = axis.names.iter().map(|name| self.swept(cx, name)).collect();
        let outer = std::mem::replace(&mut cx.place, Place::BUILD);
        let values = match axis.over {
            ast::Iter::Expr(list) if 1 < axis.names.len() => self.sweep_rows(cx, list),
            over => Some(hir::AxisValues::Over(self.over(cx, over))),
        };
        cx.place = outer;
        let (Some(names), Some(values)) = (names, values) else { return };
        let span =
            axis.names.iter().map(|name| name.span).reduce(|all, next| all.to(next)).unwrap_or_default();
        if let (hir::AxisValues::Over(_), 2..) = (&values, names.len()) {
            let message = "several names take their values from a list of rows, as in `sweep (a, b) in [(1, 2), (3, 4)]`";
            self.sink.push(structure::argument_form(span, message.to_owned(), "several names"));
            return;
        }
        self.hir.experiments[at as usize].sweep.push(hir::Axis { names, values, span });
    }

    /// `[(3, 2), (5, 2)]`
    fn sweep_rows(&mut self, cx: &mut Context, list: ast::ExprId) -> Option<hir::AxisValues> {
        let span = self.span(cx, list);
        let refused = |this: &mut Self, at| {
            let message = "several names take their values from a list of rows, as in `sweep (a, b) in [(1, 2), (3, 4)]`";
            this.sink.push(structure::argument_form(at, message.to_owned(), "not such a list"));
        };
        let ast::ExprKind::Array(rows) = self.ast(cx, list).kind.clone() else {
            refused(self, span);
            return None;
        };
        let mut lowered = Vec::with_capacity(rows.len());
        for row in rows {
            let ast::ExprKind::Tuple(values) = self.ast(cx, row).kind.clone() else {
                let at = self.span(cx, row);
                refused(self, at);
                return None;
            };
            lowered.push(self.exprs(cx, &values));
        }
        Some(hir::AxisValues::Rows(lowered))
    }

    /// A parameter of the experiment or its circuit, `seed` or `dt`.
    fn swept(&mut self, cx: &Context, name: &Name) -> Option<hir::Swept> {
        let formal = |slots: &[hir::Slot], slot: SlotId| {
            matches!(slots.get(slot.index()).map(|slot| &slot.kind), Some(SlotKind::Formal { .. }))
        };
        let target = match (cx.named(&name.text), &*name.text) {
            (Some((Named::Slot(slot), _)), _) if formal(self.slots(cx.owner), slot) => {
                Some(hir::SweptTarget::Own(slot))
            }
            (Some((Named::OfCircuit(slot), _)), _) if formal(self.outer_slots(cx.owner), slot) => {
                Some(hir::SweptTarget::OfCircuit(slot))
            }
            (Some((Named::Refused, _)), _) => return None,
            (Some((_, declared)), _) => {
                let due = "a parameter of the experiment or its circuit";
                self.sink.push(names::wrong_kind(name.span, &name.text, "no parameter", due, Some(declared)));
                return None;
            }
            (None, "seed") => Some(hir::SweptTarget::Seed),
            (None, "dt") => Some(hir::SweptTarget::Step),
            (None, _) => None,
        };
        if target.is_none() && !cx.is_of_unknown {
            let known = cx.candidates(|named| matches!(named, Named::Slot(_) | Named::OfCircuit(_)));
            let near = crate::diagnose::suggest::nearest(&name.text, known.iter().map(String::as_str));
            self.sink.push(names::unknown_name(name.span, &name.text, "parameter", near));
        }
        Some(hir::Swept { name: name.text.clone(), span: name.span, target: target? })
    }

    /// The condition sees what the body declares.
    fn repeated(
        &mut self,
        cx: &mut Context,
        at: u32,
        items: &'a [ast::Statement],
        until: ast::ExprId,
    ) -> (Vec<hir::Statement>, ExprId) {
        self.refuse_settings(items);
        cx.frames.push(Names::new());
        let body = self.statements(cx, at, items);
        let until = self.expr(cx, until);
        cx.frames.pop();
        (body, until)
    }

    /// A drive is built once, with the circuit; a recording goes on until the end.
    fn refuse_once(&mut self, items: &[ast::Statement]) {
        for item in items {
            match &item.kind {
                StatementKind::Drive(_) => {
                    let due = "is built with the circuit, so it stands before the loop";
                    self.sink.push(names::out_of_place(item.span, "a drive", due));
                }
                StatementKind::Record { .. } => {
                    let due = "goes on until the end, so it stands before the loop";
                    self.sink.push(names::out_of_place(item.span, "`record`", due));
                }
                StatementKind::If { then, otherwise, .. } => {
                    self.refuse_once(then);
                    self.refuse_once(otherwise);
                }
                _ => {}
            }
        }
    }

    /// What is declared in a block is seen to its end.
    fn block(&mut self, cx: &mut Context, at: u32, items: &'a [ast::Statement]) -> Vec<hir::Statement> {
        self.refuse_settings(items);
        cx.frames.push(Names::new());
        let statements = self.statements(cx, at, items);
        cx.frames.pop();
        statements
    }

    fn binding(&mut self, cx: &mut Context, name: &Name, kind: SlotKind) -> SlotId {
        let slot = self.new_slot(cx.owner, name, kind, false, &[]);
        let mut names = match cx.frames.pop() {
            Some(frame) => frame,
            None => {
                let mut names = std::mem::take(&mut cx.names);
                self.declare_in(&mut names, name, Named::Slot(slot));
                cx.names = names;
                return slot;
            }
        };
        self.declare_in(&mut names, name, Named::Slot(slot));
        cx.frames.push(names);
        slot
    }

    /// A `let` of this experiment.
    fn assigned(&mut self, cx: &mut Context, target: ast::ExprId) -> Option<SlotId> {
        let at = self.span(cx, target);
        let ast::ExprKind::Name(name) = &self.ast(cx, target).kind else {
            match self.ast(cx, target).kind {
                ast::ExprKind::Error => {}
                ast::ExprKind::Index { .. } => {
                    let message =
                        "all indices of an element stand in one pair of brackets: `a[r, c] = 1`".to_owned();
                    self.sink.push(structure::argument_form(at, message, "indexed twice"));
                }
                _ => {
                    let message = "only a `let` of the experiment is assigned to".to_owned();
                    self.sink.push(structure::argument_form(
                        at,
                        message,
                        "write `set` before it to change the circuit",
                    ));
                }
            }
            return None;
        };
        match cx.named(name) {
            Some((Named::Slot(slot), declared)) => match self.slots(cx.owner)[slot.index()].kind {
                SlotKind::Let { .. } => Some(slot),
                _ => {
                    self.sink.push(names::wrong_kind(
                        at,
                        name,
                        "not a `let`",
                        "a `let` of this experiment",
                        Some(declared),
                    ));
                    None
                }
            },
            Some((Named::Refused, _)) => None,
            Some((_, declared)) => {
                self.sink.push(names::wrong_kind(
                    at,
                    name,
                    "part of the circuit",
                    "a `let` of this experiment",
                    Some(declared),
                ));
                None
            }
            None => {
                let known = cx.candidates(|named| matches!(named, Named::Slot(_)));
                let suggestion = crate::diagnose::suggest::nearest(name, known.iter().map(String::as_str));
                self.sink.push(names::unknown_name(at, name, "`let`", suggestion));
                None
            }
        }
    }

    fn set(
        &mut self,
        cx: &mut Context,
        target: ast::ExprId,
        filter: Option<ast::ExprId>,
        value: ast::ExprId,
    ) -> Option<Out> {
        let target = self.expr(cx, target);
        let of_synapse = Place::PROTOCOL.and(Place::TIME).and(Place::PAIR).and(Place::WEIGHT);
        let filter = filter.map(|filter| self.expr_in(cx, of_synapse, filter));
        let place = match filter.is_some() || self.is_of_projection(cx, target) {
            true => of_synapse,
            false => Place::PROTOCOL.and(Place::CELL).and(Place::TIME),
        };
        let value = self.expr_in(cx, place, value);
        let drive = |slots: &[hir::Slot], slot: SlotId| {
            matches!(slots.get(slot.index()).map(|slot| &slot.kind), Some(SlotKind::Drive))
        };
        let at = self.hir.expr(target).span;
        let fits = match &self.hir.expr(target).kind {
            ExprKind::Field { name, .. } => !name.ends_with('\''),
            ExprKind::Ref(Ref::OfCircuit(slot)) => drive(self.outer_slots(cx.owner), *slot),
            ExprKind::Ref(Ref::Slot(slot)) => drive(self.slots(cx.owner), *slot),
            ExprKind::Index { base, .. } => matches!(self.hir.expr(*base).kind, ExprKind::Ref(_)),
            ExprKind::Error => return None,
            _ => false,
        };
        if fits {
            return Some(Out::Set { target, filter, value });
        }
        let message =
            "`set` changes a parameter of a population, as in `set E.tau = 5 ms`, or a drive".to_owned();
        self.sink.push(structure::argument_form(at, message, "neither of them"));
        None
    }

    /// Whether a path is a member of a projection, as far as names tell.
    fn is_of_projection(&self, cx: &Context, target: ExprId) -> bool {
        let ExprKind::Field { mut base, .. } = self.hir.expr(target).kind else { return false };
        while let ExprKind::Index { base: inner, .. } = self.hir.expr(base).kind {
            base = inner;
        }
        match self.hir.expr(base).kind {
            ExprKind::Ref(Ref::OfCircuit(slot)) => {
                let slot = self.outer_slots(cx.owner).get(slot.index());
                slot.is_some_and(|slot| matches!(slot.kind, SlotKind::Projection))
            }
            _ => false,
        }
    }

    fn clamp(&mut self, cx: &mut Context, target: ast::ExprId, value: ast::ExprId) -> Option<Out> {
        let target = self.state(cx, target, "clamp");
        let value = self.expr_in(cx, Place::PROTOCOL.and(Place::CELL).and(Place::TIME), value);
        Some(Out::Clamp { target: target?, value })
    }

    /// A path that may be a state.
    fn state(&mut self, cx: &mut Context, target: ast::ExprId, verb: &str) -> Option<ExprId> {
        let target = self.expr(cx, target);
        match &self.hir.expr(target).kind {
            ExprKind::Field { name, .. } if !name.ends_with('\'') => Some(target),
            ExprKind::Error => None,
            _ => {
                let at = self.hir.expr(target).span;
                let example = if verb == "clamp" { "clamp E.v = -70 mV" } else { "freeze E.theta" };
                let message = format!("`{verb}` holds a state of a population, as in `{example}`");
                self.sink.push(structure::argument_form(at, message, "not a state of a population"));
                None
            }
        }
    }
}
