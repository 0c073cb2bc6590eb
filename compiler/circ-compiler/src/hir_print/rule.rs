//! Plasticity rules and their attachments.

use super::Printer;
use super::words::*;
use crate::hir::*;

impl Printer<'_> {
    pub(super) fn rule(&mut self, rule: &Rule) {
        for (_, var) in rule.declared() {
            self.rule_var(rule, var);
        }
        self.functions(self.owner);
        for equation in &rule.equations {
            self.line(self.rule_equation(rule, equation));
        }
        for hook in &rule.hooks {
            let head = match &hook.when {
                HookKind::Pre => "on pre".to_owned(),
                HookKind::Post(None) => "on post".to_owned(),
                HookKind::Post(Some(event)) => format!("on post.{}", event_text(event)),
                HookKind::Both => "on pre and post".to_owned(),
                HookKind::Modulator(var) => format!("on {}", rule.vars[var.index()].name),
                HookKind::Every(interval) => format!("every {}", self.expr(*interval)),
            };
            self.block(head, |out| out.rule_actions(rule, &hook.body));
        }
        for bounds in &rule.bounds {
            let name = &rule.vars[bounds.var.index()].name;
            self.line(format!("bounds {name} in {} .. {}", self.expr(bounds.lo), self.expr(bounds.hi)));
        }
        for (var, precision) in &rule.store {
            let name = &rule.vars[var.index()].name;
            self.line(format!("store {name} as {}", precision_name(*precision)));
        }
        if let Some(rewire) = &rule.rewire {
            self.block(format!("rewire every {}", self.expr(rewire.interval)), |out| {
                rewire.prune.iter().for_each(|pick| out.line(format!("prune {}", out.pick(pick))));
                for (budget, pick) in &rewire.grow {
                    let budget = match budget {
                        Budget::Pruned => "pruned".to_owned(),
                        Budget::Number(number) => out.expr(*number),
                    };
                    out.line(format!("grow {budget} {}", out.pick(pick)));
                }
            });
        }
    }

    fn rule_var(&mut self, rule: &Rule, var: &RuleVar) {
        let (name, declared) = (&var.name, annotation(&var.declared));
        match &var.kind {
            RuleVarKind::Weight | RuleVarKind::Delay => {}
            RuleVarKind::Param { range, default } => {
                self.line(format!("param {name}{declared}{}{}", self.range(range), self.value(default)))
            }
            RuleVarKind::Modulator => self.line(format!("modulator {name}{declared}")),
            RuleVarKind::Let { value } => self.line(format!("let {name}{declared} = {}", self.expr(*value))),
            RuleVarKind::Synapse { initial } => {
                self.line(format!("synapse {name}{declared} = {}", self.expr(*initial)))
            }
            RuleVarKind::Trace { side, dynamics: TraceKind::Spikes { tau, nearest } } => {
                let nearest = if *nearest { ", nearest" } else { "" };
                let tau = self.expr(*tau);
                self.line(format!("{} {name}{declared} = trace({tau}{nearest})", side.word()))
            }
            RuleVarKind::Trace { side, dynamics: TraceKind::Block { initial, equation, reactions } } => {
                let head = format!("{} {name}{declared} = {}", side.word(), self.expr(*initial));
                self.block(head, |out| {
                    if let Some(equation) = equation {
                        out.line(out.rule_equation(rule, equation));
                    }
                    for reaction in reactions {
                        out.block(format!("on {}", event_text(&reaction.event)), |out| {
                            out.rule_actions(rule, &reaction.body)
                        });
                    }
                });
            }
        }
    }

    fn rule_equation(&self, rule: &Rule, equation: &Equation) -> String {
        let factor = equation.factor.map_or(String::new(), |factor| format!("{} * ", self.expr(factor)));
        format!("{factor}{}' = {}", rule.vars[equation.var.index()].name, self.expr(equation.value))
    }

    fn rule_actions(&mut self, rule: &Rule, actions: &[RuleAction]) {
        for action in actions {
            match &action.kind {
                RuleActionKind::Assign { target, op, value } => {
                    let name = &rule.vars[target.index()].name;
                    self.line(format!("{name} {} {}", assign_op(*op), self.expr(*value)));
                }
                RuleActionKind::Let { local, value } => {
                    self.line(format!("let {} = {}", self.hir.locals[local.index()].name, self.expr(*value)))
                }
                RuleActionKind::If { condition, then, otherwise } => {
                    self.block(format!("if {}", self.expr(*condition)), |out| out.rule_actions(rule, then));
                    if !otherwise.is_empty() {
                        self.block("else", |out| out.rule_actions(rule, otherwise));
                    }
                }
                RuleActionKind::Transmit(value) => self.line(format!("transmit {}", self.expr(*value))),
            }
        }
    }

    fn pick(&self, pick: &Pick) -> String {
        match pick {
            Pick::Where(condition) => format!("where {}", self.expr(*condition)),
            Pick::Extreme { highest, share, by } => {
                let word = if *highest { "highest" } else { "lowest" };
                let share = share.map_or(String::new(), |share| format!(" {}", self.expr(share)));
                format!("{word}{share} by {}", self.expr(*by))
            }
            Pick::Random => "random".to_owned(),
        }
    }

    pub(super) fn attachment(&mut self, attachment: &Attachment) {
        let rule = self.hir.rule(attachment.rule);
        let args = attachment.args.iter();
        let args = args.map(|arg| format!("{} = {}", rule.vars[arg.var.index()].name, self.expr(arg.value)));
        let args = args.collect::<Vec<_>>().join(", ");
        self.line(format!("plasticity {}({args})", rule.name));
    }
}

fn event_text(event: &EventPath) -> String {
    event.names.iter().map(|(name, _)| &**name).collect::<Vec<_>>().join(".")
}
