//! Blocks of plasticity rules: states of a side, hooks, and what must be true of all of a rule.
//!
//! In: blocks as written. Out: traces and actions of the [`crate::hir::Rule`] being built.

use super::context::Place;
use super::rule::event_path;
use super::{Context, ERROR, Resolver};
use crate::diagnose::{names, rule as say, structure};
use crate::hir::{
    Equation, Owner, Rule, RuleAction, RuleActionKind, SynapseSide, TraceKind, TraceReaction, VarId,
};
use circ_grammar::ast::{self, Arg, Name, Span};

/// What a block may do.
#[derive(Clone, Copy)]
enum Block {
    /// Of a hook: changes the synapse; the ones that a presynaptic spike runs transmit.
    Hook { transmits: bool },
    /// Of a state of a side, which is all that it changes.
    Trace(VarId),
}

impl<'a> Resolver<'a> {
    /// `trace(tau)`, `trace(tau, nearest)`, or an initial value with a block.
    pub(super) fn trace(
        &mut self,
        cx: &mut Context,
        rule: &Rule,
        (var, side, name): (VarId, SynapseSide, &Name),
        value: ast::ExprId,
        body: &'a [ast::TraceItem],
    ) -> TraceKind {
        if let ast::ExprKind::Call { callee, args } = &self.ast(cx, value).kind
            && matches!(&self.ast(cx, *callee).kind, ast::ExprKind::Name(word) if &**word == "trace")
        {
            if !body.is_empty() {
                self.sink.push(say::trace_with_block(self.span(cx, value)));
            }
            return self.spike_trace(cx, args, self.span(cx, value));
        }
        let outer = cx.side.replace(side);
        let initial = self.expr_in(cx, Place::TRACE_START, value);
        let (mut equation, mut reactions): (Option<Equation>, Vec<TraceReaction>) = (None, vec![]);
        for item in body {
            match item {
                ast::TraceItem::Equation(written) => {
                    let factor = written.factor.map(|factor| self.expr_in(cx, Place::TRACE, factor));
                    let value = self.expr_in(cx, Place::TRACE, written.value);
                    let span = written.name.span.to(self.span(cx, written.value));
                    if written.name.text != name.text {
                        self.sink.push(say::not_this_trace(
                            written.name.span,
                            &written.name.text,
                            &name.text,
                        ));
                    } else if let Some(first) = &equation {
                        let again = format!("{}'", name.text);
                        self.sink.push(names::duplicate_name(written.name.span, &again, first.span));
                    } else {
                        equation = Some(Equation { var, factor, value, span });
                    }
                }
                ast::TraceItem::On { event, body } => {
                    let body = self.rule_actions(cx, rule, body, Block::Trace(var), Place::TRACE_BLOCK);
                    if let Some(event) = event_path(&event.names) {
                        reactions.push(TraceReaction { event, body });
                    }
                }
            }
        }
        cx.side = outer;
        TraceKind::Block { initial, equation, reactions }
    }

    fn spike_trace(&mut self, cx: &mut Context, args: &'a [Arg], at: Span) -> TraceKind {
        args.iter().for_each(|arg| self.plain_argument(arg));
        let form = |this: &mut Self| {
            let message = "a trace is `trace(tau)` or `trace(tau, nearest)`".to_owned();
            this.sink.push(structure::argument_form(at, message, "neither of them"));
            TraceKind::Spikes { tau: ERROR, nearest: false }
        };
        if args.iter().any(|arg| arg.name.is_some()) {
            return form(self);
        }
        let nearest = match args {
            [_] => false,
            [_, word] => match &self.ast(cx, word.value).kind {
                ast::ExprKind::Name(name) if &**name == "nearest" => true,
                _ => return form(self),
            },
            _ => return form(self),
        };
        TraceKind::Spikes { tau: self.expr(cx, args[0].value), nearest }
    }

    /// The block of a hook.
    pub(super) fn hook_body(
        &mut self,
        cx: &mut Context,
        rule: &Rule,
        body: &'a [ast::Action],
        transmits: bool,
    ) -> Vec<RuleAction> {
        let body = self.rule_actions(cx, rule, body, Block::Hook { transmits }, Place::RULE_HOOK);
        self.one_transmission(&body, None);
        body
    }

    /// `let`s are seen to the end of their block.
    fn rule_actions(
        &mut self,
        cx: &mut Context,
        rule: &Rule,
        actions: &'a [ast::Action],
        block: Block,
        place: Place,
    ) -> Vec<RuleAction> {
        let outer = cx.locals.len();
        let mut lowered = vec![];
        for action in actions {
            if let Some(kind) = self.rule_action(cx, rule, action, block, place) {
                lowered.push(RuleAction { kind, span: action.span });
            }
        }
        cx.locals.truncate(outer);
        lowered
    }

    fn rule_action(
        &mut self,
        cx: &mut Context,
        rule: &Rule,
        action: &'a ast::Action,
        block: Block,
        place: Place,
    ) -> Option<RuleActionKind> {
        let word = match &action.kind {
            ast::ActionKind::Assign { target, op, value } => {
                let value = self.expr_in(cx, place, *value);
                let target = self.rule_target(cx, rule, *target, block)?;
                return Some(RuleActionKind::Assign { target, op: *op, value });
            }
            ast::ActionKind::Let(binding) => {
                let declared = binding.ty.as_ref().and_then(|ty| self.ty(cx, ty));
                let value = self.expr_in(cx, place, binding.value);
                let local = self.new_local(cx, &binding.name, declared);
                return Some(RuleActionKind::Let { local, value });
            }
            ast::ActionKind::If { condition, then, otherwise } => {
                let condition = self.expr_in(cx, place, *condition);
                let then = self.rule_actions(cx, rule, then, block, place);
                let otherwise = self.rule_actions(cx, rule, otherwise, block, place);
                return Some(RuleActionKind::If { condition, then, otherwise });
            }
            ast::ActionKind::Transmit(value) => {
                let value = self.expr_in(cx, place, *value);
                if matches!(block, Block::Hook { transmits: true }) {
                    return Some(RuleActionKind::Transmit(value));
                }
                let due = "only a presynaptic spike delivers something: write it in `on pre`";
                self.sink.push(names::out_of_place(action.span, "`transmit`", due));
                return None;
            }
            ast::ActionKind::Enter(_) => "`enter`",
            ast::ActionKind::Leave(_) => "`leave`",
            ast::ActionKind::Emit(_) => "`emit`",
            ast::ActionKind::Refractory { .. } => "`refractory`",
            ast::ActionKind::Error => return None,
        };
        self.sink.push(names::out_of_place(
            action.span,
            word,
            "a rule changes synapses, not the cells at their ends",
        ));
        None
    }

    /// What an assignment changes, by its name.
    fn rule_target(&mut self, cx: &Context, rule: &Rule, target: ast::ExprId, block: Block) -> Option<VarId> {
        let at = self.span(cx, target);
        let doing = match block {
            Block::Hook { .. } => "a hook changes",
            Block::Trace(_) => "the block of a trace changes",
        };
        let name = match &self.ast(cx, target).kind {
            ast::ExprKind::Name(text) => Name { text: text.clone(), span: at },
            ast::ExprKind::Error => return None,
            ast::ExprKind::Field { base, .. } if matches!(&self.ast(cx, *base).kind, ast::ExprKind::Name(side) if matches!(&**side, "pre" | "post")) =>
            {
                self.sink.push(say::changes_cell(at));
                return None;
            }
            _ => {
                self.refuse(at, "an assignment to an element");
                return None;
            }
        };
        if let Some(local) = cx.local(&name.text) {
            let declared = self.hir.locals[local.index()].span;
            let is = "a `let` of this block";
            self.sink.push(say::not_of_synapse(at, &name.text, is, doing, Some(declared)));
            return None;
        }
        match block {
            Block::Hook { .. } => self.state_of_synapse(cx, rule, &name, doing),
            Block::Trace(trace) if name.text == rule.vars[trace.index()].name => Some(trace),
            Block::Trace(trace) => {
                self.sink.push(say::not_this_trace(at, &name.text, &rule.vars[trace.index()].name));
                None
            }
        }
    }

    /// On each way through a hook at most one value is delivered. `before` is where one was on the way here.
    fn one_transmission(&mut self, actions: &[RuleAction], mut before: Option<Span>) -> Option<Span> {
        for action in actions {
            match &action.kind {
                RuleActionKind::Transmit(_) => {
                    if let Some(first) = before {
                        self.sink.push(say::transmits_twice(action.span, first));
                    }
                    before = before.or(Some(action.span));
                }
                RuleActionKind::If { then, otherwise, .. } => {
                    let first = self.one_transmission(then, before);
                    before = first.or(self.one_transmission(otherwise, before));
                }
                RuleActionKind::Assign { .. } | RuleActionKind::Let { .. } => {}
            }
        }
        before
    }

    /// A rule that changes the delay says how far.
    pub(super) fn learned_delay(&mut self, rule: &Rule) {
        if rule.bounds.iter().any(|bounds| bounds.var == Rule::DELAY) || rule.partial {
            return;
        }
        let mut changed: Vec<Span> =
            rule.equations.iter().filter(|it| it.var == Rule::DELAY).map(|it| it.span).collect();
        let mut open: Vec<&RuleAction> = rule.hooks.iter().flat_map(|hook| &hook.body).collect();
        while let Some(action) = open.pop() {
            match &action.kind {
                RuleActionKind::Assign { target, .. } if *target == Rule::DELAY => changed.push(action.span),
                RuleActionKind::If { then, otherwise, .. } => open.extend(then.iter().chain(otherwise)),
                RuleActionKind::Assign { .. } | RuleActionKind::Let { .. } | RuleActionKind::Transmit(_) => {}
            }
        }
        if let Some(at) = changed.into_iter().min() {
            self.sink.push(say::delay_without_bounds(at, &rule.name));
        }
    }
}

/// Whether names of a rule are read here.
pub(super) fn is_rule(cx: &Context) -> bool {
    matches!(cx.owner, Owner::Rule(_))
}
