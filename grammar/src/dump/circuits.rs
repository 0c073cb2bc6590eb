//! Circuits and experiments as text.

use super::Dump;
use super::text::{join, mark, path_text, polarity_text};
use crate::ast::*;

impl Dump<'_> {
    // ---- Circuits ----

    pub(super) fn circuit_item(&mut self, item: &CircuitItemKind) {
        match item {
            CircuitItemKind::Population { public, population } => self.population(mark(*public), population),
            CircuitItemKind::Drive { public, drive } => self.drive(mark(*public), drive),
            CircuitItemKind::Projection { public, projection } => {
                let arrow = if projection.symmetric { "<->" } else { "->" };
                let (source, target) = (self.expr(projection.source), self.expr(projection.target));
                self.line(format!(
                    "{}projection {}: {source} {arrow} {target}",
                    mark(*public),
                    projection.name.text
                ));
                self.nodes(&projection.clauses, Self::clause);
            }
            CircuitItemKind::Part { public, name, circuit, args } => self.line(format!(
                "{}part {}: {}({})",
                mark(*public),
                name.text,
                path_text(circuit),
                self.args(args)
            )),
            CircuitItemKind::Data { public, data } => self.data(mark(*public), data),
            CircuitItemKind::Let { public, binding } => self.binding(mark(*public), binding),
            CircuitItemKind::Fn(function) => self.function(function),
            CircuitItemKind::For { index, over, items } => {
                self.line(format!("for {} in {}", index.text, self.iter(over)));
                self.nodes(items, Self::circuit_item);
            }
            CircuitItemKind::If { condition, then, otherwise } => {
                self.word("if", *condition);
                self.nodes(then, Self::circuit_item);
                if !otherwise.is_empty() {
                    self.line("else");
                    self.nodes(otherwise, Self::circuit_item);
                }
            }
            CircuitItemKind::Constraints(constraints) => {
                self.line("constraints");
                self.nodes(constraints, Self::constraint);
            }
            CircuitItemKind::Error => self.line("error"),
        }
    }

    pub(super) fn population(&mut self, public: &str, population: &Population) {
        let polarity =
            population.polarity.map(|polarity| format!("{} ", polarity_text(polarity))).unwrap_or_default();
        let size = if population.size.is_empty() {
            String::new()
        } else {
            format!("[{}]", self.list(&population.size))
        };
        self.line(format!(
            "{public}population {}: {polarity}{}{size}",
            population.name.text,
            path_text(&population.cell)
        ));
        self.nodes(&population.items, |out, item| match item {
            PopulationItemKind::Set { path, value } => {
                out.line(format!("{} = {}", path_text(path), out.expr(*value)))
            }
            PopulationItemKind::At(value) => out.word("at", *value),
            PopulationItemKind::Error => out.line("error"),
        });
    }

    pub(super) fn drive(&mut self, public: &str, drive: &Drive) {
        self.line(format!(
            "{public}drive {}: {} -> {}",
            drive.name.text,
            self.expr(drive.source),
            self.expr(drive.target)
        ));
        self.nodes(&drive.clauses, |out, clause| match clause {
            DriveClauseKind::Weight(value) => out.word("weight", *value),
            DriveClauseKind::Delay(value) => out.word("delay", *value),
            DriveClauseKind::FromTo(from, to) => {
                out.line(format!("from {} to {}", out.expr(*from), out.expr(*to)))
            }
            DriveClauseKind::Error => out.line("error"),
        });
    }

    pub(super) fn clause(&mut self, clause: &ClauseKind) {
        match clause {
            ClauseKind::Connect { kind, value } => {
                let value = value.map(|value| format!(" {}", self.expr(value))).unwrap_or_default();
                self.line(format!("connect {}{value}", kind.text));
            }
            ClauseKind::Allow(names) => {
                self.line(format!("allow {}", join(names, |name| name.text.to_string())))
            }
            ClauseKind::Weight(value) => self.word("weight", *value),
            ClauseKind::Delay(value) => self.word("delay", *value),
            ClauseKind::Dendritic(value) => self.word("dendritic", *value),
            ClauseKind::Back(value) => self.word("back", *value),
            ClauseKind::Polarity(polarity) => self.line(format!("polarity {}", polarity_text(*polarity))),
            ClauseKind::Onto(value) => self.word("onto", *value),
            ClauseKind::Share(value) => self.word("share by", *value),
            ClauseKind::Plasticity(value) => self.word("plasticity", *value),
            ClauseKind::Continuous(value) => self.word("continuous", *value),
            ClauseKind::Store { name, precision } => self.store(name, precision),
            ClauseKind::Error => self.line("error"),
        }
    }

    pub(super) fn constraint(&mut self, constraint: &ConstraintKind) {
        match constraint {
            ConstraintKind::Dale(views) if views.is_empty() => self.line("dale"),
            ConstraintKind::Dale(views) => self.words("dale of", views),
            ConstraintKind::Require(value) => self.word("require", *value),
            ConstraintKind::Enforce { what, every } => {
                let every = every.map(|every| format!(" every {}", self.expr(every))).unwrap_or_default();
                self.line(format!("enforce {}{every}", self.expr(*what)));
            }
            ConstraintKind::Monitor { what, or_stop } => {
                self.line(format!("monitor {}{}", self.expr(*what), if *or_stop { " else stop" } else { "" }))
            }
            ConstraintKind::Error => self.line("error"),
        }
    }

    // ---- Experiments ----

    pub(super) fn statement(&mut self, statement: &StatementKind) {
        match statement {
            StatementKind::Dt(value) => self.word("dt", *value),
            StatementKind::Seed(value) => self.word("seed", *value),
            StatementKind::Precision(name) => self.line(format!("precision {}", name.text)),
            StatementKind::Method(name) => self.line(format!("method {}", name.text)),
            StatementKind::Data(data) => self.data("", data),
            StatementKind::Let(binding) => self.binding("", binding),
            StatementKind::Fn(function) => self.function(function),
            StatementKind::Drive(drive) => self.drive("", drive),
            StatementKind::Assign { target, op, value } => self.assign(*target, *op, *value),
            StatementKind::Record { what, every } => {
                let every = every.map(|every| format!(" every {}", self.expr(every))).unwrap_or_default();
                self.line(format!("record {}{every}", self.list(what)));
            }
            StatementKind::Run { duration, until } => {
                let until = until.map(|until| format!(" until {}", self.expr(until))).unwrap_or_default();
                self.line(format!("run {}{until}", self.expr(*duration)));
            }
            StatementKind::Set { target, filter, value } => {
                let filter = filter.map(|filter| format!(" where {}", self.expr(filter))).unwrap_or_default();
                self.line(format!("set {}{filter} = {}", self.expr(*target), self.expr(*value)));
            }
            StatementKind::Fire(views) => self.words("fire", views),
            StatementKind::Enforce(value) => self.word("enforce", *value),
            StatementKind::Reset { views, except } => {
                let except =
                    if except.is_empty() { String::new() } else { format!(" except {}", self.list(except)) };
                self.line(format!("reset {}{except}", self.list(views)).trim_end());
            }
            StatementKind::FreezePlasticity { thaw, of } => {
                let of = if of.is_empty() { String::new() } else { format!(" of {}", self.list(of)) };
                self.line(format!("{} plasticity{of}", if *thaw { "thaw" } else { "freeze" }));
            }
            StatementKind::Clamp { target, value } => {
                self.line(format!("clamp {} = {}", self.expr(*target), self.expr(*value)))
            }
            StatementKind::Release(views) => self.words("release", views),
            StatementKind::Silence(views) => self.words("silence", views),
            StatementKind::Freeze(target) => self.word("freeze", *target),
            StatementKind::Save(value) => self.word("save", *value),
            StatementKind::Load(value) => self.word("load", *value),
            StatementKind::Print(values) => self.words("print", values),
            StatementKind::Report(values) => self.words("report", values),
            StatementKind::Plot(values) => self.words("plot", values),
            StatementKind::Expect(value) => self.word("expect", *value),
            StatementKind::For { index, over, items } => {
                self.block(&format!("for {} in {}", index.text, self.iter(over)), items)
            }
            StatementKind::Trials { index, over, items } => {
                self.block(&format!("trials {} in {}", index.text, self.iter(over)), items)
            }
            StatementKind::Repeat { items, until } => {
                self.block(&format!("repeat until {}", self.expr(*until)), items)
            }
            StatementKind::If { condition, then, otherwise } => {
                self.block(&format!("if {}", self.expr(*condition)), then);
                if !otherwise.is_empty() {
                    self.block("else", otherwise);
                }
            }
            StatementKind::Sweep(axes) => {
                let axes = join(axes, |axis| {
                    let names = join(&axis.names, |name| name.text.to_string());
                    let names = if axis.names.len() == 1 { names } else { format!("({names})") };
                    format!("{names} in {}", self.iter(&axis.over))
                });
                self.line(format!("sweep {axes}"));
            }
            StatementKind::Error => self.line("error"),
        }
    }

    pub(super) fn block(&mut self, header: &str, items: &[Statement]) {
        self.line(header);
        self.nodes(items, Self::statement);
    }
}
