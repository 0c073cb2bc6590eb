//! Blocks of a cell: events, reactions, modes, and the actions in them. `refractory T hold v` becomes a mode
//! without a name and an action that enters it.
//!
//! In: blocks as written. Out: events, reactions and modes of the [`crate::hir::Cell`] being built.

use super::cell::{Meant, kind_words, new_mode};
use super::context::Place;
use super::scope::{Named, path_span};
use super::{Context, Resolver};
use crate::diagnose::{names, segment as say, structure, suggest};
use crate::hir::{self, ActionKind, EventIx, ExprId, ModeId, SegmentId, Trigger, Var, VarId, VarKind};
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
        let of = match trigger {
            Some(Trigger::Event(event)) => Some((cell.events[event.index()].home, Some(event))),
            Some(Trigger::Port(port)) => Some((cell.vars[port.index()].home, None)),
            Some(Trigger::Tick | Trigger::End(_)) | None => None,
        };
        let silenced = of.and_then(|(home, event)| event.filter(|_| home == cx.home));
        let outer = (std::mem::replace(&mut cx.event, silenced), cx.numbered);
        cx.numbered |= of.is_some_and(|(home, _)| Self::numbers(cell, home));
        let body = self.actions(cx, cell, body);
        (cx.event, cx.numbered) = outer;
        if let Some(trigger) = trigger {
            self.push_reaction(cx, cell, trigger, body, span);
        }
    }

    fn trigger(&mut self, cx: &Context, cell: &hir::Cell, path: &Path) -> Option<Trigger> {
        let (name, found) = self.meant(cx, cell, path)?;
        match found {
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

    pub(super) fn on_end(
        &mut self,
        cx: &mut Context,
        cell: &mut hir::Cell,
        mode: &Path,
        body: &'a [ast::Action],
        span: Span,
    ) {
        let mode = self.mode_meant(cx, cell, mode).map(|(mode, ..)| mode);
        let outer = (cx.event.take(), cx.numbered);
        cx.numbered |= mode.is_some_and(|mode| Self::numbers(cell, cell.modes[mode.index()].home));
        let body = self.actions(cx, cell, body);
        (cx.event, cx.numbered) = outer;
        if let Some(mode) = mode {
            self.push_reaction(cx, cell, Trigger::End(mode), body, span);
        }
    }

    fn push_reaction(
        &mut self,
        cx: &Context,
        cell: &mut hir::Cell,
        trigger: Trigger,
        body: Vec<hir::Action>,
        span: Span,
    ) {
        cell.reactions.push(hir::Reaction { trigger, body, span, home: cx.home, part: "".into() });
    }

    /// Whether `k` is known in a block that reacts to something of this part.
    fn numbers(cell: &hir::Cell, home: Option<SegmentId>) -> bool {
        cell.parts_around(home).any(|id| cell.segments[id.index()].count.is_some())
    }

    fn mode_meant<'p>(
        &mut self,
        cx: &Context,
        cell: &hir::Cell,
        path: &'p Path,
    ) -> Option<(ModeId, &'p Name, Span)> {
        let (name, found) = self.meant(cx, cell, path)?;
        match self.named(cx, (name, found), "mode", |named| matches!(named, Named::Mode(_))) {
            Some((Named::Mode(mode), declared)) => Some((mode, name, declared)),
            _ => None,
        }
    }

    /// A mode of this part.
    fn mode_named(&mut self, cx: &Context, cell: &hir::Cell, path: &Path) -> Option<ModeId> {
        let (mode, name, declared) = self.mode_meant(cx, cell, path)?;
        self.is_own(cx, cell, cell.modes[mode.index()].home, name, declared).then_some(mode)
    }

    /// An event of this part.
    fn event_named(&mut self, cx: &Context, cell: &hir::Cell, path: &Path) -> Option<EventIx> {
        let (name, found) = self.meant(cx, cell, path)?;
        match self.named(cx, (name, found), "event", |named| matches!(named, Named::Event(_))) {
            Some((Named::Event(event), declared)) => {
                self.is_own(cx, cell, cell.events[event.index()].home, name, declared).then_some(event)
            }
            _ => None,
        }
    }

    /// A name of the cell of a given kind; reports anything else.
    fn named(
        &mut self,
        cx: &Context,
        (name, found): Meant,
        wanted: &str,
        is_wanted: fn(Named) -> bool,
    ) -> Option<(Named, Span)> {
        match found {
            Some((named, declared)) if is_wanted(named) => Some((named, declared)),
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
        let mut mode = new_mode(name.text.clone(), name.span, cx.home);
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
                        mode.no.extend(self.event_named(cx, cell, path));
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
            if let Some(meant) = self.meant(cx, cell, path) {
                held.extend(self.state_meant(cx, cell, meant, "`hold` keeps"));
            }
        }
        held
    }

    fn dropped(&mut self, cx: &Context, cell: &hir::Cell, paths: &[Path]) -> Vec<VarId> {
        let mut dropped = vec![];
        for path in paths {
            let Some(meant) = self.meant(cx, cell, path) else { continue };
            let name = meant.0;
            let Some((Named::Var(var), declared)) =
                self.named(cx, meant, "port", |named| matches!(named, Named::Var(_)))
            else {
                continue;
            };
            let found = &cell.vars[var.index()];
            match &found.kind {
                VarKind::Port { .. } => {
                    dropped.extend(self.is_own(cx, cell, found.home, name, declared).then_some(var))
                }
                kind => self.sink.push(names::wrong_kind(
                    name.span,
                    &name.text,
                    kind_words(kind),
                    "a port",
                    Some(found.span),
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
                let mode = self.mode_named(cx, cell, path)?;
                Some(ActionKind::Enter { mode, duration: cx.durations.get(&mode).copied() })
            }
            ast::ActionKind::Leave(path) => Some(ActionKind::Leave(self.mode_named(cx, cell, path)?)),
            ast::ActionKind::Emit(path) => Some(ActionKind::Emit(self.event_named(cx, cell, path)?)),
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
            ..new_mode("refractory".into(), span, cx.home)
        });
        Some(ActionKind::Enter { mode, duration: Some(duration) })
    }

    /// What a block may change: states, and ports that have a value.
    fn target(&mut self, cx: &Context, cell: &hir::Cell, target: ast::ExprId) -> Option<VarId> {
        let at = self.span(cx, target);
        let mut meaning = None;
        let name = match &self.ast(cx, target).kind {
            ast::ExprKind::Name(text) => Name { text: text.clone(), span: at },
            ast::ExprKind::Field { base, name }
                if matches!(self.ast(cx, *base).kind, ast::ExprKind::Cell) =>
            {
                meaning = cx.of_cell(&name.text);
                name.clone()
            }
            ast::ExprKind::Error => return None,
            _ if self.leads_into_segment(cx, target) => {
                self.sink.push(say::assigns_inwards(at));
                return None;
            }
            _ => {
                self.refuse(at, "an assignment to an element");
                return None;
            }
        };
        if let (Some(local), None) = (cx.local(&name.text), meaning) {
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
        let meaning = meaning.or_else(|| cx.names.get(&name.text).copied());
        if let Some((Named::Var(var), declared)) = meaning
            && let Var { kind: VarKind::Port { .. }, home, .. } = &cell.vars[var.index()]
        {
            // The shape is filled in later than some blocks: what it is stands in the checker.
            return self.is_own(cx, cell, *home, &name, declared).then_some(var);
        }
        self.state_meant(cx, cell, (&name, meaning), "a block changes")
    }
}
