//! Experiments and their statements.

use super::Printer;
use super::words::*;
use crate::hir::*;

impl Printer<'_> {
    pub(super) fn experiment(&mut self, experiment: &Experiment) {
        self.functions(self.owner);
        self.clause("dt", experiment.dt);
        self.clause("seed", experiment.seed);
        if let Some(precision) = experiment.precision {
            self.line(format!("precision {}", precision_name(precision)));
        }
        if let Some((method, _)) = experiment.method {
            self.line(format!("method {}", method_name(method)));
        }
        for axis in &experiment.sweep {
            let names: Vec<&str> = axis.names.iter().map(|swept| &*swept.name).collect();
            let values = match &axis.values {
                AxisValues::Over(Over::Range(lo, hi)) => format!("{} .. {}", self.expr(*lo), self.expr(*hi)),
                AxisValues::Over(Over::Values(values)) => self.expr(*values),
                AxisValues::Rows(rows) => {
                    let rows: Vec<String> = rows.iter().map(|row| format!("({})", self.list(row))).collect();
                    format!("[{}]", rows.join(", "))
                }
            };
            self.line(format!("sweep {} in {values}", names.join(", ")));
        }
        self.statements(experiment, &experiment.statements);
    }

    fn experiment_loop(
        &mut self,
        experiment: &Experiment,
        passes: Passes,
        (index, over): (SlotId, Over),
        body: &[Statement],
    ) {
        let over = match over {
            Over::Range(lo, hi) => format!("{} .. {}", self.expr(lo), self.expr(hi)),
            Over::Values(values) => self.expr(values),
        };
        let name = &experiment.slots[index.index()].name;
        let word = match passes {
            Passes::InTurn => "for",
            Passes::Apart => "trials",
        };
        self.block(format!("{word} {name} in {over}"), |out| out.statements(experiment, body));
    }

    pub(super) fn statements(&mut self, experiment: &Experiment, statements: &[Statement]) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Binding(slot) => self.binding(&experiment.slots[slot.index()]),
                StatementKind::Drive(drive) => self.drive(&experiment.slots[drive.slot.index()].name, drive),
                StatementKind::Assign { slot, element, op, value } => {
                    let name = &experiment.slots[slot.index()].name;
                    let target = element.map_or(name.to_string(), |element| self.expr(element));
                    self.line(format!("{target} {} {}", assign_op(*op), self.expr(*value)));
                }
                StatementKind::Record { what, every } => {
                    let every = every.map_or(String::new(), |every| format!(" every {}", self.expr(every)));
                    self.line(format!("record {}{every}", self.list(what)));
                }
                StatementKind::Run { duration, until } => {
                    let until = until.map_or(String::new(), |until| format!(" until {}", self.expr(until)));
                    self.line(format!("run {}{until}", self.expr(*duration)));
                }
                StatementKind::Set { target, filter, value } => {
                    let filter = filter.map_or(String::new(), |it| format!(" where {}", self.expr(it)));
                    self.line(format!("set {}{filter} = {}", self.expr(*target), self.expr(*value)))
                }
                StatementKind::Reset { what, except } => {
                    let what = if what.is_empty() { String::new() } else { format!(" {}", self.list(what)) };
                    let except = if except.is_empty() {
                        String::new()
                    } else {
                        format!(" except {}", self.list(except))
                    };
                    self.line(format!("reset{what}{except}"))
                }
                StatementKind::Fire(views) => self.line(format!("fire {}", self.list(views))),
                StatementKind::Silence(views) => self.line(format!("silence {}", self.list(views))),
                StatementKind::Freeze(target) => self.line(format!("freeze {}", self.expr(*target))),
                StatementKind::FreezePlasticity { thaw, of } => {
                    let word = if *thaw { "thaw" } else { "freeze" };
                    let of = if of.is_empty() { String::new() } else { format!(" of {}", self.list(of)) };
                    self.line(format!("{word} plasticity{of}"))
                }
                StatementKind::Clamp { target, value } => {
                    self.line(format!("clamp {} = {}", self.expr(*target), self.expr(*value)))
                }
                StatementKind::Release(targets) => {
                    self.line(format!("release {}", self.list(targets)).trim_end())
                }
                StatementKind::Print(values) => self.line(format!("print {}", self.list(values))),
                StatementKind::Report(values) => self.line(format!("report {}", self.list(values))),
                StatementKind::Plot(values) => self.line(format!("plot {}", self.list(values))),
                StatementKind::Enforce(equation) => self.line(format!("enforce {}", self.expr(*equation))),
                StatementKind::Expect(value) => self.line(format!("expect {}", self.expr(*value))),
                StatementKind::If { condition, then, otherwise } => {
                    self.block(format!("if {}", self.expr(*condition)), |out| {
                        out.statements(experiment, then)
                    });
                    if !otherwise.is_empty() {
                        self.block("else", |out| out.statements(experiment, otherwise));
                    }
                }
                StatementKind::Save(file) => self.line(format!("save {}", self.expr(*file))),
                StatementKind::Load(file) => self.line(format!("load {}", self.expr(*file))),
                StatementKind::For { passes, index, over, body } => {
                    self.experiment_loop(experiment, *passes, (*index, *over), body)
                }
                StatementKind::Repeat { body, until } => {
                    self.block("repeat", |out| out.statements(experiment, body));
                    self.line(format!("until {}", self.expr(*until)));
                }
            }
        }
    }
}
