//! Printing: the HIR and its types as text, for `--emit=hir|types` and snapshots.
//!
//! In: a resolved program. Out: text without places, the same for the same meaning.

use crate::check::Types;
use crate::hir::*;
use crate::resolve::graph;
use circ_grammar::ast::{AssignOp, BinaryOp, Polarity, UnaryOp};
use circ_plan::ir::{Distribution, Precision};
use std::fmt::Write;

/// The program as text that reads like its source, with names written out as what they mean.
pub fn print(hir: &Hir) -> String {
    let mut out = Printer { hir, owner: Owner::File, text: String::new(), depth: 0 };
    out.program();
    out.text
}

/// The type of every declaration: one line each.
pub fn print_types(hir: &Hir, types: &Types) -> String {
    let mut text = String::new();
    let mut line = |name: String, ty: &crate::types::Type| {
        let _ = writeln!(text, "{name}: {ty}");
    };
    for (global, ty) in hir.globals.iter().zip(&types.globals) {
        line(global.name.to_string(), ty);
    }
    for (function, ty) in hir.functions.iter().zip(&types.functions) {
        let formals = function
            .formals
            .iter()
            .map(|formal| format!("{}: {}", hir.locals[formal.index()].name, types.locals[formal.index()]));
        let owner = owner_name(hir, function.owner);
        line(format!("fn {owner}{}({})", function.name, formals.collect::<Vec<_>>().join(", ")), ty);
    }
    for (cell, vars) in hir.cells.iter().zip(&types.vars).filter(|(cell, _)| !cell.spike_times) {
        cell.vars.iter().zip(vars).for_each(|(var, ty)| line(format!("{}.{}", cell.name, var.name), ty));
    }
    for (circuit, slots) in hir.circuits.iter().zip(&types.circuit_slots) {
        circuit
            .slots
            .iter()
            .zip(slots)
            .for_each(|(slot, ty)| line(format!("{}.{}", circuit.name, slot.name), ty));
    }
    for (experiment, slots) in hir.experiments.iter().zip(&types.experiment_slots) {
        experiment
            .slots
            .iter()
            .zip(slots)
            .for_each(|(slot, ty)| line(format!("{}.{}", experiment.name, slot.name), ty));
    }
    text
}

fn owner_name(hir: &Hir, owner: Owner) -> String {
    match owner {
        Owner::File => String::new(),
        Owner::Cell(at) => format!("{}.", hir.cell(at).name),
        Owner::Circuit(at) => format!("{}.", hir.circuit(at).name),
        Owner::Experiment(at) => format!("{}.", hir.experiments[at as usize].name),
    }
}

struct Printer<'a> {
    hir: &'a Hir,
    owner: Owner,
    text: String,
    depth: usize,
}

impl Printer<'_> {
    fn line(&mut self, text: impl AsRef<str>) {
        let _ = writeln!(self.text, "{:indent$}{}", "", text.as_ref(), indent = 2 * self.depth);
    }

    fn block(&mut self, head: impl AsRef<str>, body: impl FnOnce(&mut Self)) {
        self.line(format!("{} {{", head.as_ref()));
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line("}");
    }

    fn program(&mut self) {
        for global in &self.hir.globals {
            let declared = annotation(&global.declared);
            self.line(format!("let {}{declared} = {}", global.name, self.expr(global.value)));
        }
        self.functions(Owner::File);
        for (at, cell) in self.hir.cells.iter().enumerate().filter(|(_, cell)| !cell.spike_times) {
            self.owner = Owner::Cell(CellId(at as u32));
            self.block(format!("cell {}", cell.name), |out| out.cell(cell));
        }
        for (at, circuit) in self.hir.circuits.iter().enumerate() {
            self.owner = Owner::Circuit(CircuitId(at as u32));
            let formals = self.formals(&circuit.slots, &circuit.formals);
            self.block(format!("circuit {}({formals})", circuit.name), |out| {
                out.functions(out.owner);
                out.items(circuit, &circuit.items);
            });
        }
        for (at, experiment) in self.hir.experiments.iter().enumerate() {
            self.owner = Owner::Experiment(at as u32);
            let formals = self.formals(&experiment.slots, &experiment.formals);
            let of = experiment.circuit.map_or(String::new(), |circuit| {
                format!(" of {}({})", self.hir.circuit(circuit).name, self.args(circuit, &experiment.args))
            });
            self.block(format!("experiment {}({formals}){of}", experiment.name), |out| {
                out.experiment(experiment)
            });
        }
    }

    fn functions(&mut self, owner: Owner) {
        for function in self.hir.functions.iter().filter(|function| function.owner == owner) {
            let before = std::mem::replace(&mut self.owner, owner);
            let formals = function.formals.iter().map(|id| {
                let local = &self.hir.locals[id.index()];
                format!("{}{}", local.name, annotation(&local.declared))
            });
            let formals = formals.collect::<Vec<_>>().join(", ");
            let result = function.result.as_ref().map_or(String::new(), |ty| format!(" -> {ty}"));
            self.line(format!("fn {}({formals}){result} = {}", function.name, self.expr(function.body)));
            self.owner = before;
        }
    }

    fn cell(&mut self, cell: &Cell) {
        cell.vars.iter().for_each(|var| self.var(cell, var));
        self.functions(self.owner);
        cell.equations.iter().for_each(|equation| self.equation(cell, equation));
        for event in &cell.events {
            let condition =
                event.condition.map_or(String::new(), |condition| format!(" when {}", self.expr(condition)));
            self.block(format!("event {}{condition}", event.name), |out| out.actions(cell, &event.body));
        }
        for reaction in &cell.reactions {
            let trigger = match reaction.trigger {
                Trigger::Event(event) => cell.events[event.index()].name.to_string(),
                Trigger::Port(var) => cell.vars[var.index()].name.to_string(),
                Trigger::Tick => "tick".into(),
                Trigger::End(mode) => format!("end {}", mode_name(cell, mode)),
            };
            self.block(format!("on {trigger}"), |out| out.actions(cell, &reaction.body));
        }
        for at in 0..cell.modes.len() {
            self.block(format!("mode {}", mode_name(cell, ModeId(at as u32))), |out| {
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

    fn var(&mut self, cell: &Cell, var: &Var) {
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
        self.line(text);
    }

    fn shape(&self, cell: &Cell, shape: &PortShape) -> String {
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

    fn range(&self, range: &Option<(ExprId, ExprId)>) -> String {
        range.map_or(String::new(), |(lo, hi)| format!(" in {} .. {}", self.expr(lo), self.expr(hi)))
    }

    fn value(&self, value: &Option<ExprId>) -> String {
        value.map_or(String::new(), |value| format!(" = {}", self.expr(value)))
    }

    fn equation(&mut self, cell: &Cell, equation: &Equation) {
        let factor = equation.factor.map_or(String::new(), |factor| format!("{} * ", self.expr(factor)));
        self.line(format!(
            "{factor}{}' = {}",
            cell.vars[equation.var.index()].name,
            self.expr(equation.value)
        ));
    }

    fn mode(&mut self, cell: &Cell, mode: &Mode) {
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

    fn actions(&mut self, cell: &Cell, actions: &[Action]) {
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

    fn formals(&self, slots: &[Slot], formals: &[SlotId]) -> String {
        let texts = formals.iter().map(|formal| {
            let slot = &slots[formal.index()];
            match &slot.kind {
                SlotKind::Formal { declared, range, default } => format!(
                    "{}{}{}{}",
                    slot.name,
                    annotation(declared),
                    self.range(range),
                    self.value(default)
                ),
                _ => slot.name.to_string(),
            }
        });
        texts.collect::<Vec<_>>().join(", ")
    }

    fn args(&self, circuit: CircuitId, args: &[(SlotId, ExprId)]) -> String {
        let texts = args.iter().map(|(slot, value)| {
            format!("{} = {}", self.hir.circuit(circuit).slots[slot.index()].name, self.expr(*value))
        });
        texts.collect::<Vec<_>>().join(", ")
    }

    fn binding(&mut self, slot: &Slot) {
        let public = if slot.public { "pub " } else { "" };
        match &slot.kind {
            SlotKind::Let { declared, value } => self.line(format!(
                "{public}let {}{} = {}",
                slot.name,
                annotation(declared),
                self.expr(*value)
            )),
            SlotKind::Data { declared, value } => {
                self.line(format!("{public}data {}: {declared} = {}", slot.name, self.expr(*value)))
            }
            _ => {}
        }
    }

    fn items(&mut self, circuit: &Circuit, items: &[Item]) {
        for item in items {
            match &item.kind {
                ItemKind::Population(population) => self.population(circuit, population),
                ItemKind::Drive(drive) => self.drive(&circuit.slots[drive.slot.index()].name, drive),
                ItemKind::Projection(projection) => self.projection(circuit, projection),
                ItemKind::Part { slot, circuit: part, args } => {
                    let text = format!(
                        "part {}: {}({})",
                        circuit.slots[slot.index()].name,
                        self.hir.circuit(*part).name,
                        self.args(*part, args)
                    );
                    self.line(text);
                }
                ItemKind::Binding(slot) => self.binding(&circuit.slots[slot.index()]),
                ItemKind::For { index, over, items } => {
                    let over = match over {
                        Over::Range(lo, hi) => format!("{} .. {}", self.expr(*lo), self.expr(*hi)),
                        Over::Values(values) => self.expr(*values),
                    };
                    self.block(format!("for {} in {over}", circuit.slots[index.index()].name), |out| {
                        out.items(circuit, items)
                    });
                }
                ItemKind::If { condition, then, otherwise } => {
                    self.block(format!("if {}", self.expr(*condition)), |out| out.items(circuit, then));
                    if !otherwise.is_empty() {
                        self.block("else", |out| out.items(circuit, otherwise));
                    }
                }
                ItemKind::Constraint(constraint) => {
                    let text = match &constraint.kind {
                        ConstraintKind::Dale(views) if views.is_empty() => "dale".to_owned(),
                        ConstraintKind::Dale(views) => format!("dale of {}", self.list(views)),
                        ConstraintKind::Require(what) => format!("require {}", self.expr(*what)),
                        ConstraintKind::Monitor(what) => format!("monitor {}", self.expr(*what)),
                    };
                    self.line(text);
                }
            }
        }
    }

    fn population(&mut self, circuit: &Circuit, population: &Population) {
        let slot = &circuit.slots[population.slot.index()];
        let cell = self.hir.cell(population.cell);
        let public = if slot.public { "pub " } else { "" };
        let size = if population.size.is_empty() {
            String::new()
        } else {
            format!("[{}]", self.list(&population.size))
        };
        let head = format!(
            "{public}population {}: {}{}{size}",
            slot.name,
            polarity_word(population.polarity),
            cell.name
        );
        if population.overrides.is_empty() && population.at.is_none() && population.names.is_none() {
            return self.line(head);
        }
        self.block(head, |out| {
            for (var, value, _) in &population.overrides {
                out.line(format!("{} = {}", cell.vars[var.index()].name, out.expr(*value)));
            }
            if let Some(names) = population.names {
                out.line(format!("names = {}", out.expr(names)));
            }
            if let Some(at) = population.at {
                out.line(format!("at {}", out.expr(at)));
            }
        });
    }

    fn drive(&mut self, name: &str, drive: &Drive) {
        let source = match &drive.source {
            DriveSource::Poisson(rate) => format!("poisson({})", self.expr(*rate)),
            DriveSource::Choose { count, every } => {
                format!("choose({}, every = {})", self.expr(*count), self.expr(*every))
            }
            DriveSource::Times(times) => format!("times({})", self.expr(*times)),
            DriveSource::Table { data, every } => {
                format!("table({}, every = {})", self.expr(*data), self.expr(*every))
            }
            DriveSource::Value(value) => self.expr(*value),
        };
        self.block(format!("drive {name}: {source} -> {}", self.expr(drive.target)), |out| {
            out.clause("weight", drive.weight);
            out.clause("delay", drive.delay);
            if let Some((from, to)) = drive.window {
                out.line(format!("from {} to {}", out.expr(from), out.expr(to)));
            }
        });
    }

    fn clause(&mut self, word: &str, value: Option<ExprId>) {
        if let Some(value) = value {
            self.line(format!("{word} {}", self.expr(value)));
        }
    }

    fn projection(&mut self, circuit: &Circuit, projection: &Projection) {
        let name = &circuit.slots[projection.slot.index()].name;
        let head = format!(
            "projection {name}: {} -> {}",
            self.expr(projection.source),
            self.expr(projection.target)
        );
        self.block(head, |out| {
            let connect = match &projection.connect {
                Connect::Probability(p) => format!("probability {}", out.expr(*p)),
                Connect::InDegree(n) => format!("in_degree {}", out.expr(*n)),
                Connect::OutDegree(n) => format!("out_degree {}", out.expr(*n)),
                Connect::Total(n) => format!("total {}", out.expr(*n)),
                Connect::OneToOne => "one_to_one".into(),
                Connect::AllToAll => "all_to_all".into(),
                Connect::Where(condition) => format!("where {}", out.expr(*condition)),
                Connect::From(table) => format!("from {}", out.expr(*table)),
                Connect::Error => "error".into(),
            };
            out.line(format!("connect {connect}"));
            let allowed = [
                (projection.allow_self, "self"),
                (projection.allow_multiple, "multiple"),
                (projection.allow_corelease, "corelease"),
            ];
            let allowed: Vec<_> =
                allowed.iter().filter(|(allowed, _)| *allowed).map(|(_, word)| *word).collect();
            if !allowed.is_empty() {
                out.line(format!("allow {}", allowed.join(", ")));
            }
            out.clause("weight", projection.weight);
            out.clause("delay", projection.delay);
            out.clause("dendritic", projection.dendritic);
            if projection.polarity.is_some() {
                out.line(format!("polarity {}", polarity_word(projection.polarity).trim_end()));
            }
        });
    }

    fn experiment(&mut self, experiment: &Experiment) {
        self.functions(self.owner);
        self.clause("dt", experiment.dt);
        self.clause("seed", experiment.seed);
        if let Some(precision) = experiment.precision {
            self.line(format!("precision {}", precision_name(precision)));
        }
        if let Some((method, _)) = experiment.method {
            self.line(format!("method {}", method_name(method)));
        }
        self.statements(experiment, &experiment.statements);
    }

    fn statements(&mut self, experiment: &Experiment, statements: &[Statement]) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Binding(slot) => self.binding(&experiment.slots[slot.index()]),
                StatementKind::Drive(drive) => self.drive(&experiment.slots[drive.slot.index()].name, drive),
                StatementKind::Assign { slot, op, value } => {
                    self.line(format!(
                        "{} {} {}",
                        experiment.slots[slot.index()].name,
                        assign_op(*op),
                        self.expr(*value)
                    ));
                }
                StatementKind::Record { what, every } => {
                    let every = every.map_or(String::new(), |every| format!(" every {}", self.expr(every)));
                    self.line(format!("record {}{every}", self.list(what)));
                }
                StatementKind::Run { duration, until } => {
                    let until = until.map_or(String::new(), |until| format!(" until {}", self.expr(until)));
                    self.line(format!("run {}{until}", self.expr(*duration)));
                }
                StatementKind::Set { target, value } => {
                    self.line(format!("set {} = {}", self.expr(*target), self.expr(*value)))
                }
                StatementKind::Print(values) => self.line(format!("print {}", self.list(values))),
                StatementKind::Report(values) => self.line(format!("report {}", self.list(values))),
                StatementKind::Expect(value) => self.line(format!("expect {}", self.expr(*value))),
                StatementKind::If { condition, then, otherwise } => {
                    self.block(format!("if {}", self.expr(*condition)), |out| {
                        out.statements(experiment, then)
                    });
                    if !otherwise.is_empty() {
                        self.block("else", |out| out.statements(experiment, otherwise));
                    }
                }
            }
        }
    }

    fn list(&self, exprs: &[ExprId]) -> String {
        exprs.iter().map(|expr| self.expr(*expr)).collect::<Vec<_>>().join(", ")
    }

    /// Every operation in parentheses: what binds to what is to be seen.
    fn expr(&self, id: ExprId) -> String {
        let e = |id: ExprId| self.expr(id);
        match &self.hir.expr(id).kind {
            ExprKind::Number { value, dimension, .. } => crate::units::show(*value, *dimension),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Text(text) => format!("{text:?}"),
            ExprKind::Ref(reference) => self.reference(*reference),
            ExprKind::Unary { op: UnaryOp::Negate, value } => format!("-{}", e(*value)),
            ExprKind::Unary { op: UnaryOp::Not, value } => format!("not {}", e(*value)),
            ExprKind::Binary { op, left, right } => {
                format!("({} {} {})", e(*left), operator(*op), e(*right))
            }
            ExprKind::InRange { value, lo, hi } => {
                format!("({} in {} .. {})", e(*value), e(*lo), e(*hi))
            }
            ExprKind::InView { value, view } => format!("({} in {})", e(*value), e(*view)),
            ExprKind::If { condition, then, otherwise } => {
                format!("(if {} then {} else {})", e(*condition), e(*then), e(*otherwise))
            }
            ExprKind::Call { builtin, args } => {
                format!("{}({})", builtin_name(*builtin), self.list(args))
            }
            ExprKind::CallFn { function, args } => {
                format!("{}({})", self.hir.functions[function.index()].name, self.list(args))
            }
            ExprKind::Draw { distribution, args } => {
                format!("~{}({})", distribution_name(*distribution), self.list(args))
            }
            ExprKind::Redraw { value, lo, hi } => {
                format!("redraw({}, {}, {})", e(*value), e(*lo), e(*hi))
            }
            ExprKind::Noise(source) => format!("xi({source})"),
            ExprKind::Chance(p) => format!("chance({})", e(*p)),
            ExprKind::Rising(condition) => format!("rising({})", e(*condition)),
            ExprKind::Derivative(var) => format!("{}'", self.reference(Ref::Var(*var))),
            ExprKind::Reduce { reduce, value, over: None } => {
                format!("{}({})", reduce_name(*reduce), e(*value))
            }
            ExprKind::Reduce { reduce, value, over: Some((index, lo, hi)) } => {
                format!(
                    "{}({} for {} in {} .. {})",
                    reduce_name(*reduce),
                    e(*value),
                    self.hir.locals[index.index()].name,
                    e(*lo),
                    e(*hi)
                )
            }
            ExprKind::Array(parts) => format!("[{}]", self.list(parts)),
            ExprKind::Tuple(parts) => format!("({})", self.list(parts)),
            ExprKind::Index { base, indices } => {
                let indices = indices.iter().map(|index| match index {
                    Index::At(at) => e(*at),
                    Index::Range(lo, hi) => format!("{} .. {}", e(*lo), e(*hi)),
                    Index::Where(condition) => format!("where {}", e(*condition)),
                });
                format!("{}[{}]", e(*base), indices.collect::<Vec<_>>().join(", "))
            }
            ExprKind::Field { base, name, .. } => format!("{}.{name}", e(*base)),
            ExprKind::Measure { name, args, .. } => {
                let args = args.iter().map(|arg| self.measure_arg(arg)).collect::<Vec<_>>();
                format!("@{name}({})", args.join(", "))
            }
            ExprKind::Error => "error".into(),
        }
    }

    fn measure_arg(&self, arg: &MeasureArg) -> String {
        let each = if arg.each { "each " } else { "" };
        let name = arg.name.as_ref().map_or(String::new(), |name| format!("{name} = "));
        let to = arg.to.map_or(String::new(), |to| format!(" -> {}", self.expr(to)));
        let over = match arg.over {
            None => String::new(),
            Some(Window::Last(length)) => format!(" over {}", self.expr(length)),
            Some(Window::Between(lo, hi)) => {
                format!(" over {} .. {}", self.expr(lo), self.expr(hi))
            }
        };
        format!("{each}{name}{}{to}{over}", self.expr(arg.value))
    }

    fn reference(&self, reference: Ref) -> String {
        let word = match reference {
            Ref::Time => "t",
            Ref::Step => "dt",
            Ref::CellIndex => "i",
            Ref::Row => "row",
            Ref::Col => "col",
            Ref::Layer => "layer",
            Ref::Size => "size",
            Ref::Pi => "pi",
            Ref::Infinity => "inf",
            Ref::Distance => "distance",
            Ref::Pre => "pre",
            Ref::Post => "post",
            Ref::Edge => "edge",
            Ref::Local(local) => &self.hir.locals[local.index()].name,
            Ref::Global(global) => &self.hir.globals[global.index()].name,
            Ref::Var(var) => match self.owner {
                Owner::Cell(cell) => &self.hir.cell(cell).vars[var.index()].name,
                Owner::File | Owner::Circuit(_) | Owner::Experiment(_) => "?",
            },
            Ref::Mode(mode) => match self.owner {
                Owner::Cell(cell) => &self.hir.cell(cell).modes[mode.index()].name,
                Owner::File | Owner::Circuit(_) | Owner::Experiment(_) => "?",
            },
            Ref::Slot(slot) => {
                graph::slots(self.hir, self.owner).get(slot.index()).map_or("?", |slot| &slot.name)
            }
            Ref::OfCircuit(slot) => {
                let name = match self.owner {
                    Owner::Experiment(at) => {
                        let circuit = self.hir.experiments[at as usize].circuit;
                        circuit
                            .and_then(|circuit| self.hir.circuit(circuit).slots.get(slot.index()))
                            .map_or("?", |slot| &*slot.name)
                    }
                    Owner::File | Owner::Cell(_) | Owner::Circuit(_) => "?",
                };
                return format!("circuit.{name}");
            }
        };
        word.to_owned()
    }
}

fn annotation(ty: &Option<crate::types::Type>) -> String {
    ty.as_ref().map_or(String::new(), |ty| format!(": {ty}"))
}

fn mode_name(cell: &Cell, mode: ModeId) -> String {
    let written = &cell.modes[mode.index()];
    if written.named { written.name.to_string() } else { format!("{}#{}", written.name, mode.0) }
}

fn polarity_word(polarity: Option<Polarity>) -> &'static str {
    match polarity {
        None => "",
        Some(Polarity::Excitatory) => "excitatory ",
        Some(Polarity::Inhibitory) => "inhibitory ",
        Some(Polarity::Modulatory) => "modulatory ",
    }
}

fn assign_op(op: AssignOp) -> &'static str {
    match op {
        AssignOp::Set => "=",
        AssignOp::Add => "+=",
        AssignOp::Subtract => "-=",
        AssignOp::Multiply => "*=",
    }
}

fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Power => "^",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
    }
}

fn method_name(method: Method) -> &'static str {
    match method {
        Method::Auto => "auto",
        Method::Exact => "exact",
        Method::ExponentialEuler => "exponential_euler",
        Method::Euler => "euler",
        Method::Rk2 => "rk2",
        Method::Rk4 => "rk4",
        Method::Heun => "heun",
        Method::Implicit => "implicit",
    }
}

fn precision_name(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "f32",
        Precision::F64 => "f64",
    }
}

fn reduce_name(reduce: Reduce) -> &'static str {
    match reduce {
        Reduce::Sum => "sum",
        Reduce::Mean => "mean",
        Reduce::Std => "std",
        Reduce::Min => "min",
        Reduce::Max => "max",
        Reduce::Product => "product",
        Reduce::Any => "any",
        Reduce::All => "all",
        Reduce::Count => "count",
        Reduce::Argmax => "argmax",
    }
}

fn distribution_name(distribution: Distribution) -> &'static str {
    match distribution {
        Distribution::Uniform => "uniform",
        Distribution::Normal => "normal",
        Distribution::Lognormal => "lognormal",
        Distribution::Exponential => "exponential",
        Distribution::Gamma => "gamma",
        Distribution::Beta => "beta",
        Distribution::Binomial => "binomial",
        Distribution::Poisson => "poisson",
    }
}

/// As the language writes it.
pub fn builtin_name(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::Exp => "exp",
        Builtin::Log => "log",
        Builtin::Log10 => "log10",
        Builtin::Sqrt => "sqrt",
        Builtin::Abs => "abs",
        Builtin::Sign => "sign",
        Builtin::Floor => "floor",
        Builtin::Ceil => "ceil",
        Builtin::Round => "round",
        Builtin::Mod => "mod",
        Builtin::Min => "min",
        Builtin::Max => "max",
        Builtin::Clamp => "clamp",
        Builtin::Sin => "sin",
        Builtin::Cos => "cos",
        Builtin::Tan => "tan",
        Builtin::Tanh => "tanh",
        Builtin::Sinh => "sinh",
        Builtin::Cosh => "cosh",
        Builtin::Atan => "atan",
        Builtin::Sigmoid => "sigmoid",
        Builtin::Relu => "relu",
        Builtin::StepFunction => "step",
        Builtin::Exprel => "exprel",
        Builtin::Lgamma => "lgamma",
        Builtin::Erf => "erf",
    }
}
