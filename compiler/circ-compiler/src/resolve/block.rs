//! Blocks of a cell: events, reactions, modes, and the actions in them. `refractory T hold v` becomes a mode
//! without a name and an action that enters it.
//!
//! In: blocks as written. Out: events, reactions and modes of the [`crate::hir::Cell`] being built.

use super::cell::{kind_words, new_mode};
use super::context::Place;
use super::scope::{Named, path_span};
use super::{Context, Resolver};
use crate::diagnose::{names, structure, suggest};
use crate::hir::{self, ActionKind, EventIx, ExprId, ModeId, Trigger, VarId, VarKind};
use circ_grammar::ast::{self, ModeItemKind, Name, Path, Span};

impl<'a> Resolver<'a> {
    pub(super) fn event_body(
        &mut self,
        cx: &mut Context,
        cell: &mut hir::Cell,
        event: EventIx,
        condition: Option<ast::ExprId>,
        body: Option<&'a [ast::Action]>,
    ) {
        let condition = condition.map(|condition| self.expr_in(cx, Place::CONDITION, condition));
        let outer = cx.event.replace(event);
        let body = self.actions(cx, cell, body.unwrap_or(&[]));
        cx.event = outer;
        if let Some(event) = cell.events.get_mut(event.index()) {
            (event.condition, event.body) = (condition, body);
        }
    }

    /// `on EVENT`, `on PORT`, `on tick`
    pub(super) fn reaction(
        &mut self,
        cx: &mut Context,
        cell: &mut hir::Cell,
        event: &Path,
        and: Option<&Path>,
        body: &'a [ast::Action],
        span: Span,
    ) {
        if let Some(and) = and {
            self.sink.push(names::out_of_place(
                path_span(and),
                "`and` in `on`",
                "only plasticity rules meet two events",
            ));
        }
        let trigger = self.trigger(cx, cell, event);
        let outer = std::mem::replace(
            &mut cx.event,
            match trigger {
                Some(Trigger::Event(event)) => Some(event),
                _ => None,
            },
        );
        let body = self.actions(cx, cell, body);
        cx.event = outer;
        if let Some(trigger) = trigger {
            cell.reactions.push(hir::Reaction { trigger, body, span });
        }
    }

    fn trigger(&mut self, cx: &Context, cell: &hir::Cell, path: &Path) -> Option<Trigger> {
        let name = self.single(cx, path, "an event of a segment")?;
        match cx.names.get(&name.text).copied() {
            Some((Named::Event(event), _)) => Some(Trigger::Event(event)),
            Some((Named::Var(var), declared)) => match &cell.vars[var.index()].kind {
                VarKind::Port { .. } => Some(Trigger::Port(var)),
                kind => {
                    self.sink.push(names::wrong_kind(
                        name.span,
                        &name.text,
                        kind_words(kind),
                        "an event or a port",
                        Some(declared),
                    ));
                    None
                }
            },
            Some((Named::Refused, _)) => None,
            Some((other, declared)) => {
                self.sink.push(names::wrong_kind(
                    name.span,
                    &name.text,
                    other.kind(),
                    "an event or a port",
                    Some(declared),
                ));
                None
            }
            None if &*name.text == "tick" => Some(Trigger::Tick),
            None => {
                let known = cx.candidates(|named| matches!(named, Named::Event(_)));
                let suggestion =
                    suggest::nearest(&name.text, known.iter().map(String::as_str).chain(["tick"]));
                self.sink.push(names::unknown_name(name.span, &name.text, "event", suggestion));
                None
            }
        }
    }

    /// The only name of a path; `a.b` speaks of segments.
    fn single<'p>(&mut self, cx: &Context, path: &'p Path, what: &str) -> Option<&'p Name> {
        match &path.names[..] {
            [one] => Some(one),
            [first, one] if &*first.text == "cell" => Some(one),
            [first, ..] => {
                if cx.names.get(&first.text).is_none_or(|(named, _)| *named != Named::Refused) {
                    self.refuse(path_span(path), what);
                }
                None
            }
            [] => None,
        }
    }

    pub(super) fn on_end(
        &mut self,
        cx: &mut Context,
        cell: &mut hir::Cell,
        mode: &Path,
        body: &'a [ast::Action],
        span: Span,
    ) {
        let mode = self.mode_named(cx, mode);
        let outer = cx.event.take();
        let body = self.actions(cx, cell, body);
        cx.event = outer;
        if let Some(mode) = mode {
            cell.reactions.push(hir::Reaction { trigger: Trigger::End(mode), body, span });
        }
    }

    fn mode_named(&mut self, cx: &Context, path: &Path) -> Option<ModeId> {
        let name = self.single(cx, path, "a mode of a segment")?;
        match self.named(cx, name, "mode", |named| matches!(named, Named::Mode(_))) {
            Some(Named::Mode(mode)) => Some(mode),
            _ => None,
        }
    }

    fn event_named(&mut self, cx: &Context, path: &Path) -> Option<EventIx> {
        let name = self.single(cx, path, "an event of a segment")?;
        match self.named(cx, name, "event", |named| matches!(named, Named::Event(_))) {
            Some(Named::Event(event)) => Some(event),
            _ => None,
        }
    }

    /// A name of the cell of a given kind; reports anything else.
    fn named(
        &mut self,
        cx: &Context,
        name: &Name,
        wanted: &str,
        is_wanted: fn(Named) -> bool,
    ) -> Option<Named> {
        match cx.names.get(&name.text).copied() {
            Some((named, _)) if is_wanted(named) => Some(named),
            Some((Named::Refused, _)) => None,
            Some((other, declared)) => {
                let article = if wanted.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
                self.sink.push(names::wrong_kind(
                    name.span,
                    &name.text,
                    other.kind(),
                    &format!("{article} {wanted}"),
                    Some(declared),
                ));
                None
            }
            None => {
                let known = cx.candidates(is_wanted);
                let suggestion = suggest::nearest(&name.text, known.iter().map(String::as_str));
                self.sink.push(names::unknown_name(name.span, &name.text, wanted, suggestion));
                None
            }
        }
    }

    pub(super) fn mode(
        &mut self,
        cx: &mut Context,
        cell: &mut hir::Cell,
        name: &Name,
        items: &'a [ast::ModeItem],
    ) {
        let mut mode = new_mode(name.text.clone(), name.span);
        for item in items {
            match &item.kind {
                ModeItemKind::Equation(equation) => {
                    let Some(new) = self.equation(cx, cell, equation, item.span) else {
                        continue;
                    };
                    match mode.equations.iter().find(|old| old.var == new.var) {
                        Some(old) => {
                            let name = format!("{}'", equation.name.text);
                            self.sink.push(names::duplicate_name(item.span, &name, old.span));
                        }
                        None => mode.equations.push(new),
                    }
                }
                ModeItemKind::Let(binding) => self.refuse(binding.name.span, "a `let` in a mode"),
                ModeItemKind::Hold(paths) => mode.hold.extend(self.held(cx, cell, paths)),
                ModeItemKind::Drop(paths) => mode.drop.extend(self.dropped(cx, cell, paths)),
                ModeItemKind::No(paths) => {
                    for path in paths {
                        mode.no.extend(self.event_named(cx, path));
                    }
                }
                ModeItemKind::Error => {}
            }
        }
        if let Some((Named::Mode(id), _)) = cx.names.get(&name.text) {
            cell.modes[id.index()] = mode;
        }
    }

    fn held(&mut self, cx: &Context, cell: &hir::Cell, paths: &[Path]) -> Vec<VarId> {
        let mut held = vec![];
        for path in paths {
            if let Some(name) = self.single(cx, path, "a variable of a segment") {
                held.extend(self.state_named(cx, cell, name, "`hold` keeps"));
            }
        }
        held
    }

    fn dropped(&mut self, cx: &Context, cell: &hir::Cell, paths: &[Path]) -> Vec<VarId> {
        let mut dropped = vec![];
        for path in paths {
            let Some(name) = self.single(cx, path, "a port of a segment") else {
                continue;
            };
            let Some(Named::Var(var)) = self.named(cx, name, "port", |named| matches!(named, Named::Var(_)))
            else {
                continue;
            };
            match &cell.vars[var.index()].kind {
                VarKind::Port { .. } => dropped.push(var),
                kind => self.sink.push(names::wrong_kind(
                    name.span,
                    &name.text,
                    kind_words(kind),
                    "a port",
                    Some(cell.vars[var.index()].span),
                )),
            }
        }
        dropped
    }

    /// `let`s are seen to the end of their block.
    pub(super) fn actions(
        &mut self,
        cx: &mut Context,
        cell: &mut hir::Cell,
        actions: &'a [ast::Action],
    ) -> Vec<hir::Action> {
        let outer = cx.locals.len();
        let mut lowered = vec![];
        for action in actions {
            if let Some(kind) = self.action(cx, cell, action) {
                lowered.push(hir::Action { kind, span: action.span });
            }
        }
        cx.locals.truncate(outer);
        lowered
    }

    fn action(
        &mut self,
        cx: &mut Context,
        cell: &mut hir::Cell,
        action: &'a ast::Action,
    ) -> Option<ActionKind> {
        match &action.kind {
            ast::ActionKind::Assign { target, op, value } => {
                let value = self.expr_in(cx, Place::BLOCK, *value);
                let target = self.target(cx, cell, *target)?;
                Some(ActionKind::Assign { target, op: *op, value })
            }
            ast::ActionKind::Let(binding) => {
                let declared = binding.ty.as_ref().and_then(|ty| self.ty(cx, ty));
                let value = self.expr_in(cx, Place::BLOCK, binding.value);
                let local = self.new_local(cx, &binding.name, declared);
                Some(ActionKind::Let { local, value })
            }
            ast::ActionKind::If { condition, then, otherwise } => {
                let condition = self.expr_in(cx, Place::BLOCK, *condition);
                let then = self.actions(cx, cell, then);
                let otherwise = self.actions(cx, cell, otherwise);
                Some(ActionKind::If { condition, then, otherwise })
            }
            ast::ActionKind::Enter(path) => {
                let mode = self.mode_named(cx, path)?;
                Some(ActionKind::Enter { mode, duration: cx.durations.get(&mode).copied() })
            }
            ast::ActionKind::Leave(path) => Some(ActionKind::Leave(self.mode_named(cx, path)?)),
            ast::ActionKind::Emit(path) => Some(ActionKind::Emit(self.event_named(cx, path)?)),
            ast::ActionKind::Transmit(_) => {
                self.sink.push(names::out_of_place(
                    action.span,
                    "`transmit`",
                    "only plasticity rules transmit",
                ));
                None
            }
            ast::ActionKind::Refractory { duration, hold, drop } => {
                let duration = self.expr_in(cx, Place::BLOCK, *duration);
                self.refractory(cx, cell, duration, (hold, drop), action.span)
            }
            ast::ActionKind::Error => None,
        }
    }

    /// A mode without a name: no such event, `hold` held, `drop` dropped.
    fn refractory(
        &mut self,
        cx: &Context,
        cell: &mut hir::Cell,
        duration: ExprId,
        (hold, drop): (&[Path], &[Path]),
        span: Span,
    ) -> Option<ActionKind> {
        let hold = self.held(cx, cell, hold);
        let drop = self.dropped(cx, cell, drop);
        let Some(event) = cx.event else {
            self.sink.push(names::out_of_place(
                span,
                "`refractory`",
                "it silences the event in whose block it stands",
            ));
            return None;
        };
        let mode = ModeId(cell.modes.len() as u32);
        cell.modes.push(hir::Mode {
            named: false,
            hold,
            drop,
            no: vec![event],
            ..new_mode("refractory".into(), span)
        });
        Some(ActionKind::Enter { mode, duration: Some(duration) })
    }

    /// What a block may change: states, and ports that have a value.
    fn target(&mut self, cx: &Context, cell: &hir::Cell, target: ast::ExprId) -> Option<VarId> {
        let at = self.span(cx, target);
        let name = match &self.ast(cx, target).kind {
            ast::ExprKind::Name(text) => Name { text: text.clone(), span: at },
            ast::ExprKind::Field { base, name }
                if matches!(self.ast(cx, *base).kind, ast::ExprKind::Cell) =>
            {
                name.clone()
            }
            ast::ExprKind::Error => return None,
            _ => {
                self.refuse(at, "an assignment to an element or to another part of the cell");
                return None;
            }
        };
        if let Some(local) = cx.local(&name.text) {
            let declared = self.hir.locals[local.index()].span;
            self.sink.push(structure::not_a_state(
                at,
                &name.text,
                "a `let` of this block",
                "a block changes",
                Some(declared),
            ));
            return None;
        }
        if let Some((Named::Var(var), declared)) = cx.names.get(&name.text).copied()
            && let VarKind::Port { .. } = &cell.vars[var.index()].kind
        {
            // The shape is filled in later than some blocks: what it is stands in the checker.
            let _ = declared;
            return Some(var);
        }
        self.state_named(cx, cell, &name, "a block changes")
    }
}
