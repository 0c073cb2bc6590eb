//! What names are: for `?name`, and for the completion of what is typed.
//!
//! In: a compiled circuit. Out: texts for people, with units and documentation as the program has them.

use super::{Refusal, Session};
use crate::compile::Compiled;
use crate::quantity;
use circ_compiler::diagnose::suggest::nearest;
use circ_compiler::hir::{Cell, SlotKind, Var, VarKind};
use circ_compiler::types::Type;
use std::collections::BTreeSet;

/// Words that begin statements and declarations, and those of a session.
const WORDS: [&str; 38] = [
    "run",
    "set",
    "record",
    "report",
    "print",
    "expect",
    "let",
    "for",
    "repeat",
    "if",
    "reset",
    "fire",
    "silence",
    "clamp",
    "release",
    "freeze",
    "thaw",
    "enforce",
    "save",
    "load",
    "trials",
    "cell",
    "circuit",
    "population",
    "projection",
    "drive",
    "plasticity",
    "constraints",
    "use",
    "fn",
    "explain",
    "plot",
    "back",
    "fork",
    "forks",
    "session",
    "text",
    "help",
];
const MEASURES: [&str; 14] = [
    "rate",
    "count",
    "cv_isi",
    "isi",
    "first_spike",
    "balance",
    "in_degree",
    "out_degree",
    "weight_sum",
    "size",
    "mean",
    "std",
    "min",
    "max",
];

impl Session {
    /// What can be typed: words, measures, and the paths of what there is, `E` and `E.v`.
    pub fn names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> = WORDS.iter().chain(&MEASURES).map(|it| it.to_string()).collect();
        if let Some(compiled) = self.compiled() {
            for population in &compiled.net.populations {
                names.insert(population.path.clone());
                let cell = compiled.hir.cell(population.cell);
                let own = cell.vars.iter().filter(|it| it.home.is_none() && !is_inner(&it.name));
                names.extend(own.map(|var| format!("{}.{}", population.path, var.name)));
            }
            for projection in &compiled.plan.projections {
                names.insert(projection.path.clone());
                names.extend(["w", "d"].map(|it| format!("{}.{it}", projection.path)));
            }
            names.extend(compiled.plan.drives.iter().map(|drive| drive.path.clone()));
            let slots = &compiled.hir.experiments[compiled.experiment].slots;
            names.extend(slots.iter().map(|slot| slot.name.to_string()));
            names.extend(
                compiled.hir.cells.iter().map(|cell| cell.name.to_string()).filter(|it| !is_inner(it)),
            );
            names.extend(compiled.hir.rules.iter().map(|rule| rule.name.to_string()));
        }
        names.into_iter().collect()
    }

    /// What a name is, with its documentation.
    ///
    /// # Errors
    /// Where nothing has it.
    pub fn about(&self, name: &str) -> Result<String, Refusal> {
        let found = self.compiled().and_then(|compiled| about(compiled, name));
        found.ok_or_else(|| {
            let names = self.names();
            let near = nearest(name, names.iter().map(String::as_str));
            let help = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            Refusal::Request(format!("nothing here has the name `{name}`{help}"))
        })
    }
}

/// What the compiler made has names that no text can have.
fn is_inner(name: &str) -> bool {
    !name.chars().all(|it| it.is_alphanumeric() || it == '_')
}

fn about(compiled: &Compiled, name: &str) -> Option<String> {
    let (hir, net) = (&compiled.hir, &compiled.net);
    if let Some(population) = net.populations.iter().find(|it| it.path == name) {
        let cell = hir.cell(population.cell);
        let cells: u32 = population.shape.iter().product();
        return Some(format!("`{name}`: {cells} cells {}\n\n{}", cell.name, of_cell(compiled, cell)));
    }
    if let Some(cell) = hir.cells.iter().rev().find(|it| *it.name == *name && it.template.is_none()) {
        return Some(of_cell(compiled, cell));
    }
    if let Some(at) = compiled.plan.projections.iter().position(|it| it.path == name) {
        let plan = &compiled.plan.projections[at];
        let text = compiled.program.text_at(net.projections[at].span);
        return Some(format!(
            "`{name}`: from {} to {} cells\n{text}\n",
            plan.source.len(),
            plan.target.len()
        ));
    }
    if let Some(rule) = hir.rules.iter().find(|it| *it.name == *name) {
        return Some(format!("plasticity {name}\n{}", documentation(rule.doc.as_deref())));
    }
    if let Some((of, member)) = name.rsplit_once('.') {
        let population = net.populations.iter().find(|it| it.path == of).map(|it| hir.cell(it.cell));
        let cell = population.or_else(|| hir.cells.iter().find(|it| *it.name == *of))?;
        let var = cell.vars.iter().find(|it| *it.name == *member)?;
        return Some(of_var(compiled, cell, var));
    }
    let experiment = &hir.experiments[compiled.experiment];
    if let Some(slot) = experiment.slots.iter().find(|it| *it.name == *name) {
        let what = match slot.kind {
            SlotKind::Formal { .. } => "a parameter of the experiment",
            SlotKind::Let { .. } => "a variable of the session",
            SlotKind::Data { .. } => "data",
            _ => "a name of the experiment",
        };
        return Some(format!("`{name}`: {what}\n"));
    }
    // A member of any cell that a population is made of.
    let all = net.populations.iter().filter_map(|population| {
        let cell = hir.cell(population.cell);
        cell.vars.iter().find(|it| *it.name == *name).map(|var| of_var(compiled, cell, var))
    });
    let mut texts: Vec<String> = all.collect();
    texts.dedup();
    (!texts.is_empty()).then(|| texts.concat())
}

fn of_cell(compiled: &Compiled, cell: &Cell) -> String {
    let mut text = format!("cell {}\n{}", cell.name, documentation(cell.doc.as_deref()));
    let own = cell.vars.iter().filter(|it| it.home.is_none() && !is_inner(&it.name));
    own.for_each(|var| text += &of_var(compiled, cell, var));
    text
}

/// `param tau_m = 20 ms    a time in ms: the time constant of the membrane`
fn of_var(compiled: &Compiled, cell: &Cell, var: &Var) -> String {
    let value = |expr| compiled.program.text_at(compiled.hir.expr(expr).span);
    let (word, written) = match &var.kind {
        VarKind::Param { default, .. } => ("param", default.map(value)),
        VarKind::State { initial, .. } => ("state", initial.map(value)),
        VarKind::Let { value: expr } => ("let", Some(value(*expr))),
        VarKind::Port { .. } => ("port", None),
    };
    let written = written.map_or(String::new(), |it| format!(" = {it}"));
    let of_cell = compiled.hir.cells.iter().position(|it| std::ptr::eq(it, cell));
    let at = cell.vars.iter().position(|it| it.name == var.name && it.home == var.home);
    let ty = of_cell.zip(at).and_then(|(cell, at)| compiled.types.vars.get(cell)?.get(at));
    let unit = match ty {
        Some(Type::Real(dimension)) => quantity::unit(*dimension).name,
        _ => String::new(),
    };
    let unit = if unit.is_empty() { unit } else { format!("   [{unit}]") };
    let doc = var
        .doc
        .as_deref()
        .map_or(String::new(), |doc| format!("   {}", doc.lines().next().unwrap_or("").trim()));
    format!("  {word} {}{written}{unit}{doc}\n", var.name)
}

fn documentation(doc: Option<&str>) -> String {
    doc.map_or(String::new(), |doc| {
        doc.lines().map(|line| format!("{}\n", line.trim())).collect::<String>() + "\n"
    })
}
