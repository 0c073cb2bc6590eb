//! Cells and plasticity rules as text.

use super::Dump;
use super::text::{block_mark, path_text, paths_text, polarity_text};
use crate::ast::*;

impl Dump<'_> {
    // ---- Cells ----

    pub(super) fn cell_item(&mut self, item: &CellItemKind) {
        match item {
            CellItemKind::Param(variable) => self.variable("param", variable),
            CellItemKind::State(variable) => self.variable("state", variable),
            CellItemKind::Equation(equation) => self.equation(equation),
            CellItemKind::Let(binding) => self.binding("", binding),
            CellItemKind::Fn(function) => self.function(function),
            CellItemKind::Port { name, polarity, ty, shape } => {
                let polarity =
                    polarity.map(|polarity| format!("{} ", polarity_text(polarity))).unwrap_or_default();
                self.line(format!("port {}: {polarity}{} via {}", name.text, self.ty(ty), self.expr(*shape)));
            }
            CellItemKind::Segment { name, count, items } => {
                let count = count.map(|count| format!("[{}]", self.expr(count))).unwrap_or_default();
                self.line(format!("segment {}{count}", name.text));
                self.nodes(items, Self::cell_item);
            }
            CellItemKind::Spike { condition, body } => {
                self.line(format!("spike when {}{}", self.expr(*condition), block_mark(body)));
                self.actions(body.as_deref().unwrap_or_default());
            }
            CellItemKind::Event { name, condition, body } => {
                let condition =
                    condition.map(|condition| format!(" when {}", self.expr(condition))).unwrap_or_default();
                self.line(format!("event {}{condition}{}", name.text, block_mark(body)));
                self.actions(body.as_deref().unwrap_or_default());
            }
            CellItemKind::On { event, and, body } => self.on(event, and.as_ref(), body),
            CellItemKind::OnEnd { mode, body } => {
                self.line(format!("on end {}", path_text(mode)));
                self.actions(body);
            }
            CellItemKind::Mode { name, duration, items } => {
                let duration =
                    duration.map(|duration| format!(" for {}", self.expr(duration))).unwrap_or_default();
                self.line(format!("mode {}{duration}", name.text));
                self.nodes(items, Self::mode_item);
            }
            CellItemKind::Couple { a, b, by } => {
                self.line(format!("couple {} <-> {} by {}", self.expr(*a), self.expr(*b), self.expr(*by)))
            }
            CellItemKind::For { index, over, items } => {
                self.line(format!("for {} in {}", index.text, self.iter(over)));
                self.nodes(items, Self::cell_item);
            }
            CellItemKind::Method(name) => self.line(format!("method {}", name.text)),
            CellItemKind::Precision(name) => self.line(format!("precision {}", name.text)),
            CellItemKind::Error => self.line("error"),
        }
    }

    pub(super) fn equation(&mut self, equation: &Equation) {
        let factor = equation.factor.map(|factor| format!("{} * ", self.expr(factor))).unwrap_or_default();
        self.line(format!("equation {factor}{}' = {}", equation.name.text, self.expr(equation.value)));
    }

    pub(super) fn mode_item(&mut self, item: &ModeItemKind) {
        match item {
            ModeItemKind::Equation(equation) => self.equation(equation),
            ModeItemKind::Let(binding) => self.binding("", binding),
            ModeItemKind::Hold(paths) => self.line(format!("hold {}", paths_text(paths))),
            ModeItemKind::Drop(paths) => self.line(format!("drop {}", paths_text(paths))),
            ModeItemKind::No(paths) => self.line(format!("no {}", paths_text(paths))),
            ModeItemKind::Error => self.line("error"),
        }
    }

    pub(super) fn on(&mut self, event: &Path, and: Option<&Path>, body: &[Action]) {
        let and = and.map(|and| format!(" and {}", path_text(and))).unwrap_or_default();
        self.line(format!("on {}{and}", path_text(event)));
        self.actions(body);
    }

    pub(super) fn actions(&mut self, actions: &[Action]) {
        self.nodes(actions, Self::action);
    }

    pub(super) fn action(&mut self, action: &ActionKind) {
        match action {
            ActionKind::Assign { target, op, value } => self.assign(*target, *op, *value),
            ActionKind::Let(binding) => self.binding("", binding),
            ActionKind::If { condition, then, otherwise } => {
                self.line(format!("if {}", self.expr(*condition)));
                self.actions(then);
                if !otherwise.is_empty() {
                    self.line("else");
                    self.actions(otherwise);
                }
            }
            ActionKind::Enter(path) => self.line(format!("enter {}", path_text(path))),
            ActionKind::Leave(path) => self.line(format!("leave {}", path_text(path))),
            ActionKind::Emit(path) => self.line(format!("emit {}", path_text(path))),
            ActionKind::Transmit(value) => self.word("transmit", *value),
            ActionKind::Refractory { duration, hold, drop } => {
                let hold =
                    if hold.is_empty() { String::new() } else { format!(" hold {}", paths_text(hold)) };
                let drop =
                    if drop.is_empty() { String::new() } else { format!(" drop {}", paths_text(drop)) };
                self.line(format!("refractory {}{hold}{drop}", self.expr(*duration)));
            }
            ActionKind::Error => self.line("error"),
        }
    }

    pub(super) fn assign(&mut self, target: ExprId, op: AssignOp, value: ExprId) {
        let sign = match op {
            AssignOp::Set => "=",
            AssignOp::Add => "+=",
            AssignOp::Subtract => "-=",
            AssignOp::Multiply => "*=",
        };
        self.line(format!("assign {} {sign} {}", self.expr(target), self.expr(value)));
    }

    pub(super) fn word(&mut self, word: &str, value: ExprId) {
        self.line(format!("{word} {}", self.expr(value)));
    }

    pub(super) fn words(&mut self, word: &str, values: &[ExprId]) {
        self.line(format!("{word} {}", self.list(values)).trim_end());
    }

    // ---- Rules ----

    pub(super) fn rule_item(&mut self, item: &RuleItemKind) {
        match item {
            RuleItemKind::Param(variable) => self.variable("param", variable),
            RuleItemKind::Modulator { name, ty } => {
                self.line(format!("modulator {}: {}", name.text, self.ty(ty)))
            }
            RuleItemKind::Let(binding) => self.binding("", binding),
            RuleItemKind::Fn(function) => self.function(function),
            RuleItemKind::Equation(equation) => self.equation(equation),
            RuleItemKind::Trace { side, name, ty, value, body } => {
                let side = match side {
                    Side::Pre => "pre",
                    Side::Post => "post",
                };
                self.line(format!("{side} {}{} = {}", name.text, self.typed(ty), self.expr(*value)));
                self.within(body, |out, line| match line {
                    TraceItem::Equation(equation) => out.equation(equation),
                    TraceItem::On { event, body } => out.on(event, None, body),
                });
            }
            RuleItemKind::Synapse { name, ty, value } => {
                self.line(format!("synapse {}{} = {}", name.text, self.typed(ty), self.expr(*value)))
            }
            RuleItemKind::Bounds { name, lo, hi } => {
                self.line(format!("bounds {} in {} .. {}", name.text, self.expr(*lo), self.expr(*hi)))
            }
            RuleItemKind::On { event, and, body } => self.on(event, and.as_ref(), body),
            RuleItemKind::Every { interval, body } => {
                self.word("every", *interval);
                self.actions(body);
            }
            RuleItemKind::Store { name, precision } => self.store(name, precision),
            RuleItemKind::Rewire { interval, items } => {
                self.word("rewire every", *interval);
                self.within(items, |out, line| match line {
                    RewireItem::Prune(pick) => out.line(format!("prune {}", out.pick(pick))),
                    RewireItem::Grow { what, pick } => {
                        let pick =
                            pick.as_ref().map(|pick| format!(" {}", out.pick(pick))).unwrap_or_default();
                        out.line(format!("grow {}{pick}", out.expr(*what)));
                    }
                });
            }
            RuleItemKind::Error => self.line("error"),
        }
    }

    pub(super) fn pick(&self, pick: &Pick) -> String {
        match pick {
            Pick::Where(filter) => format!("where {}", self.expr(*filter)),
            Pick::Extreme { highest, share, by } => {
                let share = share.map(|share| format!(" {}", self.expr(share))).unwrap_or_default();
                format!("{}{share} by {}", if *highest { "highest" } else { "lowest" }, self.expr(*by))
            }
            Pick::Random => "random".to_string(),
        }
    }

    pub(super) fn store(&mut self, name: &Name, precision: &Option<Name>) {
        let precision =
            precision.as_ref().map(|precision| format!(" as {}", precision.text)).unwrap_or_default();
        self.line(format!("store {}{precision}", name.text));
    }
}
