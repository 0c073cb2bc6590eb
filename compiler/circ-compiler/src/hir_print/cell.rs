//! Cells: variables, equations, events, modes, blocks.

use super::Printer;
use super::words::*;
use crate::hir::*;

impl Printer<'_> {
    pub(super) fn cell(&mut self, cell: &Cell) {
        for (at, segment) in cell.segments.iter().enumerate() {
            let count = segment.count.map_or(String::new(), |count| format!("[{}]", self.expr(count)));
            self.line(format!("segment {}{count}", cell.segment_path(SegmentId(at as u32))));
        }
        cell.vars.iter().for_each(|var| self.var(cell, var));
        self.functions(self.owner);
        cell.equations.iter().for_each(|equation| self.equation(cell, equation));
        for couple in &cell.couples {
            let [a, b, by] = [couple.a, couple.b, couple.by].map(|expr| self.expr(expr));
            let mut text = format!("couple {a} <-> {b} by {by}");
            for (index, lo, hi) in couple.loops.iter().rev() {
                let (lo, hi) = (self.expr(*lo), self.expr(*hi));
                text = format!("for {} in {lo} .. {hi} {{ {text} }}", self.hir.locals[index.index()].name);
            }
            self.line(text);
        }
        for event in &cell.events {
            let condition =
                event.condition.map_or(String::new(), |condition| format!(" when {}", self.expr(condition)));
            let home = Self::home(cell, event.home);
            self.block(format!("{home}event {}{condition}", event.name), |out| {
                out.actions(cell, &event.body)
            });
        }
        for reaction in &cell.reactions {
            let named = |name: &str, home: Option<SegmentId>| match home {
                Some(home) if Some(home) != reaction.home => format!("{}.{name}", cell.segment_path(home)),
                _ => name.to_string(),
            };
            let trigger = match reaction.trigger {
                Trigger::Event(event) => {
                    named(&cell.events[event.index()].name, cell.events[event.index()].home)
                }
                Trigger::Port(var) => named(&cell.vars[var.index()].name, cell.vars[var.index()].home),
                Trigger::Tick => "tick".into(),
                Trigger::End(mode) => format!("end {}", mode_name(cell, mode)),
            };
            let home = Self::home(cell, reaction.home);
            self.block(format!("{home}on {trigger}"), |out| out.actions(cell, &reaction.body));
        }
        for at in 0..cell.modes.len() {
            let home = Self::home(cell, cell.modes[at].home);
            self.block(format!("{home}mode {}", mode_name(cell, ModeId(at as u32))), |out| {
                out.mode(cell, &cell.modes[at])
            });
        }
        if let Some((method, _)) = cell.method {
            self.line(format!("method {}", method_name(method)));
        }
        if let Some(precision) = cell.precision {
            self.line(format!("precision {}", precision_name(precision)));
        }
    }

    /// Before what a segment declares.
    fn home(cell: &Cell, home: Option<SegmentId>) -> String {
        home.map_or(String::new(), |home| format!("{}: ", cell.segment_path(home)))
    }

    pub(super) fn var(&mut self, cell: &Cell, var: &Var) {
        let declared = annotation(&var.declared);
        let text = match &var.kind {
            VarKind::Param { range, default } => {
                format!("param {}{declared}{}{}", var.name, self.range(range), self.value(default))
            }
            VarKind::State { range, initial } => {
                format!("state {}{declared}{}{}", var.name, self.range(range), self.value(initial))
            }
            VarKind::Let { value } => format!("let {}{declared} = {}", var.name, self.expr(*value)),
            VarKind::Port { polarity, shape } => {
                let declared = var.declared.as_ref().map_or("?".into(), ToString::to_string);
                format!(
                    "port {}: {}{declared} via {}",
                    var.name,
                    polarity_word(*polarity),
                    self.shape(cell, shape)
                )
            }
        };
        self.line(format!("{}{text}", Self::home(cell, var.home)));
    }

    pub(super) fn shape(&self, cell: &Cell, shape: &PortShape) -> String {
        match shape {
            PortShape::Exponential { tau } => format!("exponential({})", self.expr(*tau)),
            PortShape::Alpha { tau } => format!("alpha({})", self.expr(*tau)),
            PortShape::Biexponential { rise, decay } => {
                format!("biexponential({}, {})", self.expr(*rise), self.expr(*decay))
            }
            PortShape::Delta { state, subtract } => {
                format!("delta({}{})", if *subtract { "-" } else { "" }, cell.vars[state.index()].name)
            }
            PortShape::Sum => "sum".into(),
            PortShape::Error => "error".into(),
        }
    }

    pub(super) fn range(&self, range: &Option<(ExprId, ExprId)>) -> String {
        range.map_or(String::new(), |(lo, hi)| format!(" in {} .. {}", self.expr(lo), self.expr(hi)))
    }

    pub(super) fn value(&self, value: &Option<ExprId>) -> String {
        value.map_or(String::new(), |value| format!(" = {}", self.expr(value)))
    }

    pub(super) fn equation(&mut self, cell: &Cell, equation: &Equation) {
        let factor = equation.factor.map_or(String::new(), |factor| format!("{} * ", self.expr(factor)));
        self.line(format!(
            "{}{factor}{}' = {}",
            Self::home(cell, cell.vars[equation.var.index()].home),
            cell.vars[equation.var.index()].name,
            self.expr(equation.value)
        ));
    }

    pub(super) fn mode(&mut self, cell: &Cell, mode: &Mode) {
        mode.equations.iter().for_each(|equation| self.equation(cell, equation));
        let vars = |vars: &[VarId]| {
            vars.iter().map(|var| cell.vars[var.index()].name.to_string()).collect::<Vec<_>>().join(", ")
        };
        if !mode.hold.is_empty() {
            self.line(format!("hold {}", vars(&mode.hold)));
        }
        if !mode.drop.is_empty() {
            self.line(format!("drop {}", vars(&mode.drop)));
        }
        if !mode.no.is_empty() {
            let names =
                mode.no.iter().map(|event| cell.events[event.index()].name.to_string()).collect::<Vec<_>>();
            self.line(format!("no {}", names.join(", ")));
        }
    }

    pub(super) fn actions(&mut self, cell: &Cell, actions: &[Action]) {
        for action in actions {
            match &action.kind {
                ActionKind::Assign { target, op, value } => {
                    self.line(format!(
                        "{} {} {}",
                        cell.vars[target.index()].name,
                        assign_op(*op),
                        self.expr(*value)
                    ));
                }
                ActionKind::Let { local, value } => {
                    self.line(format!("let {} = {}", self.hir.locals[local.index()].name, self.expr(*value)))
                }
                ActionKind::If { condition, then, otherwise } => {
                    self.block(format!("if {}", self.expr(*condition)), |out| out.actions(cell, then));
                    if !otherwise.is_empty() {
                        self.block("else", |out| out.actions(cell, otherwise));
                    }
                }
                ActionKind::Enter { mode, duration } => {
                    let duration =
                        duration.map_or(String::new(), |duration| format!(" for {}", self.expr(duration)));
                    self.line(format!("enter {}{duration}", mode_name(cell, *mode)));
                }
                ActionKind::Leave(mode) => self.line(format!("leave {}", mode_name(cell, *mode))),
                ActionKind::Emit(event) => self.line(format!("emit {}", cell.events[event.index()].name)),
            }
        }
    }
}
