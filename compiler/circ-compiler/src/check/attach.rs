//! Attachments: what a projection gives a rule, and the rule again with the port's own dimension and the cells at
//! both ends.
//!
//! In: a projection whose sides and port are known. Out: reports. A rule that was right by itself can be wrong here
//! only in what it reads of cells; so only a rule that does is looked at again, once for each kind of cells and port.

use super::Checker;
use super::demand::fits;
use super::dendrite::{Part, is_view_or_segment};
use crate::diagnose::{names, rule as say, suggest, typing};
use crate::hir::*;
use crate::types::{Dimension, Type};
use circ_grammar::ast::Span;

/// A rule with what it was attached to.
#[derive(Clone, Debug, PartialEq)]
pub struct Meeting {
    rule: RuleId,
    weight: Dimension,
    sides: (Vec<Part>, Vec<Part>),
}

impl<'a> Checker<'a> {
    /// `self.sides` are those of the projection.
    pub(super) fn attachment(&mut self, attachment: &'a Attachment, weight: &Type) {
        let id = attachment.rule;
        let rule = self.hir.rule(id);
        for arg in &attachment.args {
            self.infer(arg.value);
            let var = &rule.vars[arg.var.index()];
            let generic = &self.types.rule_vars[id.index()][arg.var.index()];
            let due = match weight {
                Type::Real(dimension) => generic.with_weight(*dimension),
                _ => Type::Error,
            };
            match var.kind {
                RuleVarKind::Modulator => self.modulator(rule, arg, &due),
                _ => {
                    let because = (var.span, format!("{}, as declared", typing::words(generic)));
                    self.demand(arg.value, &due, &format!("`{}`", var.name), Some(because));
                }
            }
        }
        self.heard(rule, attachment);
        if let Type::Real(weight) = weight {
            self.meet(attachment, *weight);
        }
    }

    /// A modulator reads a value of cells, or hears their spikes.
    fn modulator(&mut self, rule: &Rule, arg: &RuleArg, due: &Type) {
        let name = &rule.vars[arg.var.index()].name;
        let at = self.span(arg.value);
        let heard =
            rule.hooks.iter().find(|hook| matches!(hook.when, HookKind::Modulator(var) if var == arg.var));
        let (first, last) = rule.exprs;
        let mut exprs = self.hir.exprs[first.index()..last.index()].iter();
        let read = exprs.find(|expr| matches!(expr.kind, ExprKind::Ref(Ref::Var(var)) if var == arg.var));
        let ty = self.ty(arg.value);
        let (element, view) = match (&self.hir.expr(arg.value).kind, ty.clone()) {
            (_, Type::Error) => return,
            (_, Type::View(_)) => (None, Some(arg.value)),
            (ExprKind::Field { base, .. }, Type::Events) => (None, Some(*base)),
            (ExprKind::Field { base, .. }, Type::Port(dimension)) => {
                (Some(Type::Real(dimension)), Some(*base))
            }
            (ExprKind::Field { base, .. }, found) if self.is_of_cells(*base) => match found {
                Type::Array(element, shape) if shape.len() == 1 => (Some(*element), Some(*base)),
                other => (Some(other), Some(*base)),
            },
            (_, other) => {
                let due = "a value of cells, as in `DA.level`";
                self.sink.push(typing::wrong_type(at, due, &other));
                return;
            }
        };
        match (&element, read) {
            (None, Some(read)) => {
                let is = typing::words(&ty);
                let due = "a value of cells";
                self.sink.push(say::modulator_form(at, name, due, &is, read.span, "read as a value here"));
            }
            (Some(element), _) if !fits(element, due) => {
                let declared = rule.vars[arg.var.index()].span;
                let because = (declared, format!("{}, as declared", typing::words(due)));
                self.sink.push(typing::must_be(at, &format!("`{name}`"), due, element, Some(because)));
            }
            _ => {}
        }
        if let (Some(hook), Some(view), false) = (heard, view, ty == Type::Events) {
            let parts = self.parts_of(view);
            if let Some(part) = parts.into_iter().find(|part| !self.has_event(*part, &["spike"])) {
                let cell = self.hir.cell(part.cell).name.clone();
                self.sink.push(say::never_heard(at, &rule.name, &format!("`{name}`"), &cell, hook.span));
            }
        }
    }

    fn is_of_cells(&self, base: ExprId) -> bool {
        let side = matches!(self.hir.expr(base).kind, ExprKind::Ref(Ref::Pre | Ref::Post));
        side || is_view_or_segment(self.types.expr(base))
    }

    /// The events that hooks and traces hear are there.
    fn heard(&mut self, rule: &Rule, attachment: &Attachment) {
        let mut all: Vec<(SynapseSide, Option<&EventPath>, Span)> = vec![];
        for hook in &rule.hooks {
            match &hook.when {
                HookKind::Post(event) => all.push((SynapseSide::Post, event.as_ref(), hook.span)),
                HookKind::Both => all.push((SynapseSide::Post, None, hook.span)),
                HookKind::Pre | HookKind::Modulator(_) | HookKind::Every(_) => {}
            }
        }
        for (_, var) in rule.declared() {
            match &var.kind {
                RuleVarKind::Trace { side, dynamics: TraceKind::Block { reactions, .. } } => {
                    all.extend(reactions.iter().map(|it| (*side, Some(&it.event), it.event.span)))
                }
                // The event of the other side is the projection's own.
                RuleVarKind::Trace { side: SynapseSide::Post, dynamics: TraceKind::Spikes { .. } } => {
                    all.push((SynapseSide::Post, None, var.span))
                }
                _ => {}
            }
        }
        for (side, event, at) in all {
            // Who will not read it should not wait for it.
            if self.sink.is_full() {
                return;
            }
            let parts = if side == SynapseSide::Pre { self.sides.0.clone() } else { self.sides.1.clone() };
            let written = event.map_or(vec!["spike"], |event| event.names.iter().map(|it| &*it.0).collect());
            let Some(part) = parts.into_iter().find(|part| !self.has_event(*part, &written)) else {
                continue;
            };
            let cell = self.hir.cell(part.cell);
            let message = match event {
                None => say::never_heard(attachment.span, &rule.name, "the targets", &cell.name, at),
                Some(event) => {
                    let known: Vec<&str> = cell.events.iter().map(|event| &*event.name).collect();
                    let of = format!("the cell `{}`", cell.name);
                    let suggestion = match &written[..] {
                        [one] => suggest::nearest(one, known),
                        _ => None,
                    };
                    names::unknown_member(event.span, &written.join("."), &of, suggestion)
                        .label(attachment.span, "attached here")
                }
            };
            if self.tell_once(&message) {
                self.sink.push(message);
            }
        }
    }

    /// Whether a message about the text of a rule was not told yet, of another attachment.
    fn tell_once(&mut self, message: &crate::diagnose::Diagnostic) -> bool {
        self.told_of_rules.insert((message.span, message.message.clone()))
    }

    /// Whether a cell, or what is around a segment of it, has the event at a path.
    fn has_event(&self, part: Part, path: &[&str]) -> bool {
        let cell = self.hir.cell(part.cell);
        let Some((event, segments)) = path.split_last() else { return false };
        if cell.partial && *event == "spike" {
            // A line that could not be read may be the one that says when it spikes.
            return true;
        }
        let around = cell.parts_around(part.home).map(Some).chain([None]);
        around.into_iter().any(|home| {
            let mut home = home;
            for name in segments {
                match cell.segment_in(home, name) {
                    Some(inner) => home = Some(inner),
                    None => return false,
                }
            }
            cell.events.iter().any(|it| it.home == home && &*it.name == *event)
        })
    }

    /// The rule with this port and these cells.
    fn meet(&mut self, attachment: &Attachment, weight: Dimension) {
        let id = attachment.rule;
        let rule = self.hir.rule(id);
        let (first, last) = (rule.exprs.0.index(), rule.exprs.1.index());
        let of_side = |expr: &Expr| matches!(expr.kind, ExprKind::Ref(Ref::Pre | Ref::Post));
        let meeting = Meeting { rule: id, weight, sides: self.sides.clone() };
        if self.sink.is_full()
            || self.broken_rules.contains(&id)
            || !self.hir.exprs[first..last].iter().any(of_side)
            || self.meetings.contains(&meeting)
        {
            return;
        }
        self.meetings.push(meeting);
        let types = &self.types;
        let kept = (types.exprs[first..last].to_vec(), types.rule_vars[id.index()].clone());
        let kept_too = (types.locals.clone(), types.functions.clone());
        let owner = self.owner;
        let said = std::mem::take(self.sink);
        self.attached = Some(weight);
        self.done[first..last].fill(false);
        for node in self.rule_nodes.get(&id).cloned().unwrap_or_default() {
            self.define(node);
        }
        self.rule(id);
        self.attached = None;
        self.owner = owner;
        self.types.exprs[first..last].clone_from_slice(&kept.0);
        self.types.rule_vars[id.index()] = kept.1;
        (self.types.locals, self.types.functions) = kept_too;
        let found = std::mem::replace(self.sink, said);
        for message in found.into_all() {
            if self.tell_once(&message) {
                self.sink.push(message.label(attachment.span, "attached here"));
            }
        }
    }
}
