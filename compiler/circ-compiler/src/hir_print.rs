//! Printing: the HIR and its types as text, for `--emit=hir|types` and snapshots.
//!
//! In: a resolved program. Out: text without places, the same for the same meaning.

mod cell;
mod circuit;
mod experiment;
mod expression;
mod rule;
mod words;

use crate::check::Types;
use crate::hir::*;
use std::fmt::Write;
use words::annotation;

pub use words::builtin_name;

/// The program as text that reads like its source, with names written out as what they mean.
pub fn print(hir: &Hir) -> String {
    let mut out = Printer { hir, owner: Owner::File, text: String::new(), depth: 0 };
    out.program();
    out.text
}

/// A cell, as in the whole program.
pub fn print_cell(hir: &Hir, id: CellId) -> String {
    let mut out = Printer { hir, owner: Owner::Cell(id), text: String::new(), depth: 0 };
    let cell = hir.cell(id);
    out.block(format!("cell {}", cell.name), |out| out.cell(cell));
    out.text
}

/// A rule likewise.
pub fn print_rule(hir: &Hir, id: RuleId) -> String {
    let mut out = Printer { hir, owner: Owner::Rule(id), text: String::new(), depth: 0 };
    let rule = hir.rule(id);
    out.block(format!("plasticity {}", rule.name), |out| out.rule(rule));
    out.text
}

/// All functions of the file, likewise.
pub fn print_functions(hir: &Hir) -> String {
    let mut out = Printer { hir, owner: Owner::File, text: String::new(), depth: 0 };
    out.functions(Owner::File);
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
    for (rule, vars) in hir.rules.iter().zip(&types.rule_vars) {
        for (id, var) in rule.declared() {
            line(format!("{}.{}", rule.name, var.name), &vars[id.index()]);
        }
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
        Owner::Rule(at) => format!("{}.", hir.rule(at).name),
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
        for (at, rule) in self.hir.rules.iter().enumerate() {
            self.owner = Owner::Rule(RuleId(at as u32));
            self.block(format!("plasticity {}", rule.name), |out| out.rule(rule));
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
}
