//! What is declared and never used: parameters, ports, states, populations, cells, `let`s, functions.
//!
//! In: the program and what it [`Reads`]. Out: warnings. What others may use is not called unused: what a library
//! declares at its top level, what a cell of a library computes, what a circuit holds that no experiment runs.

use super::Program;
use super::reads::Reads;
use crate::diagnose::{Diagnostic, Sink, unused as say};
use crate::hir::*;
use circ_grammar::ast::Span;
use std::collections::BTreeSet;

/// Warns of everything that nothing uses.
pub fn unused(program: &Program<'_>, reads: &Reads, sink: &mut Sink) {
    let (made, attached) = (made(program.hir), attached(program.hir));
    let look = Look { program, reads, runs: program.has_experiment(), made, attached };
    // A cell that extends another holds its variables again: each is told once, for the place is the same.
    let mut told: BTreeSet<Span> = BTreeSet::new();
    let found = look.variables().chain(look.formals()).chain(look.slots());
    let found = found.chain(look.rules()).chain(look.of_rules());
    let found =
        found.chain(look.populations()).chain(look.cells()).chain(look.globals()).chain(look.functions());
    found.filter(|it| told.insert(it.span)).for_each(|it| sink.push(it));
}

struct Look<'a> {
    program: &'a Program<'a>,
    reads: &'a Reads,
    /// Whether the main file has an experiment.
    runs: bool,
    /// The cells that populations are made of, and those that others extend.
    made: BTreeSet<CellId>,
    /// The rules that projections attach, and those that others extend.
    attached: BTreeSet<RuleId>,
}

impl<'a> Look<'a> {
    /// Whether it is to be told that nothing reads this.
    fn idle(&self, name: &str, declared: Span) -> bool {
        self.program.speaks_of(name, declared) && !self.reads.reads(name, declared)
    }

    /// Of cells.
    fn variables(&self) -> impl Iterator<Item = Diagnostic> {
        // Of a cell that is itself unused, that is enough to say.
        let cells = written(self.program.hir);
        let cells = cells.filter(|(at, _)| !self.runs || self.made.contains(&CellId(*at as u32)));
        cells.flat_map(move |(_, cell)| cell.vars.iter().filter_map(move |var| self.variable(cell, var)))
    }

    fn variable(&self, cell: &Cell, var: &Var) -> Option<Diagnostic> {
        if !self.idle(&var.name, var.span) {
            return None;
        }
        match &var.kind {
            VarKind::Param { .. } => Some(say::parameter(var.span, &var.name, &cell.name)),
            VarKind::Port { shape: PortShape::Delta { .. } | PortShape::Error, .. } => None,
            VarKind::Port { .. } => Some(say::port(var.span, &var.name, &cell.name)),
            // What a library computes may be there to be recorded.
            // One that never changes is told as such.
            VarKind::State { .. } if !self.reads.writes(&var.name, var.span) => None,
            VarKind::State { .. } => self.runs.then(|| say::state(var.span, &var.name, &cell.name)),
            VarKind::Let { .. } => self.runs.then(|| say::binding(var.span, &var.name)),
        }
    }

    /// Of functions, circuits and experiments.
    fn formals(&self) -> impl Iterator<Item = Diagnostic> {
        let hir = self.program.hir;
        let of_functions = hir.functions.iter().flat_map(|function| {
            function.formals.iter().map(|local| (&hir.locals[local.index()], &function.name))
        });
        let of_functions = of_functions.map(|(local, of)| (&local.name, local.span, of));
        let circuits = hir.circuits.iter().map(|it| (&it.formals, &it.slots, &it.name));
        let experiments = hir.experiments.iter().map(|it| (&it.formals, &it.slots, &it.name));
        let of_others = circuits.chain(experiments).flat_map(|(formals, slots, of)| {
            formals.iter().map(|slot| &slots[slot.index()]).map(move |slot| (&slot.name, slot.span, of))
        });
        let idle = of_functions.chain(of_others).filter(|(name, span, _)| self.idle(name, *span));
        idle.map(|(name, span, of)| say::parameter(span, name, of))
    }

    /// `let` and `data` of circuits and experiments. What a circuit marks `pub` is for those outside of it.
    fn slots(&self) -> impl Iterator<Item = Diagnostic> {
        let circuits = self.program.hir.circuits.iter().filter(|_| self.runs).flat_map(|it| &it.slots);
        let circuits = circuits.filter(|slot| !slot.public);
        let experiments = self.program.hir.experiments.iter().flat_map(|it| &it.slots);
        circuits
            .chain(experiments)
            .filter(|slot| matches!(slot.kind, SlotKind::Let { .. } | SlotKind::Data { .. }))
            .filter(|slot| self.idle(&slot.name, slot.span))
            .map(|slot| say::binding(slot.span, &slot.name))
    }

    /// Of circuits that an experiment runs.
    fn populations(&self) -> impl Iterator<Item = Diagnostic> {
        let run = run_circuits(self.program.hir);
        run.into_iter().flat_map(|id| self.populations_of(self.program.hir.circuit(id)))
    }

    /// A run shows the spikes of every population: where nothing names any, that is what it is for.
    fn populations_of(&self, circuit: &'a Circuit) -> Vec<Diagnostic> {
        let all = circuit.slots.iter().filter(|slot| matches!(slot.kind, SlotKind::Population { .. }));
        let (used, idle): (Vec<&Slot>, Vec<&Slot>) =
            all.partition(|slot| self.reads.reads(&slot.name, slot.span));
        let idle = idle.iter().filter(|slot| !used.is_empty() && self.idle(&slot.name, slot.span));
        idle.map(|slot| say::population(slot.span, &slot.name)).collect()
    }

    fn cells(&self) -> impl Iterator<Item = Diagnostic> {
        let cells = written(self.program.hir).filter(|_| self.runs);
        cells
            .filter(|(at, _)| !self.made.contains(&CellId(*at as u32)))
            .filter(|(_, cell)| self.program.speaks_of(&cell.name, cell.span))
            .map(|(_, cell)| say::cell(cell.span, &cell.name))
    }

    fn rules(&self) -> impl Iterator<Item = Diagnostic> {
        let rules = self.program.hir.rules.iter().enumerate().filter(|_| self.runs);
        rules
            .filter(|(at, _)| !self.attached.contains(&RuleId(*at as u32)))
            .filter(|(_, rule)| self.program.speaks_of(&rule.name, rule.span))
            .map(|(_, rule)| say::rule(rule.span, &rule.name))
    }

    /// What rules declare; of one that is itself unused, that is enough to say.
    fn of_rules(&self) -> impl Iterator<Item = Diagnostic> {
        let rules = self.program.hir.rules.iter().enumerate();
        let rules = rules.filter(|(at, _)| !self.runs || self.attached.contains(&RuleId(*at as u32)));
        rules.flat_map(move |(_, rule)| rule.declared().filter_map(move |(_, var)| self.of_rule(rule, var)))
    }

    fn of_rule(&self, rule: &Rule, var: &RuleVar) -> Option<Diagnostic> {
        if !self.idle(&var.name, var.span) {
            return None;
        }
        match &var.kind {
            RuleVarKind::Param { .. } => Some(say::parameter(var.span, &var.name, &rule.name)),
            RuleVarKind::Trace { side, .. } => Some(say::trace(var.span, &var.name, &rule.name, side.word())),
            RuleVarKind::Synapse { .. } => self.runs.then(|| say::state(var.span, &var.name, &rule.name)),
            RuleVarKind::Let { .. } => self.runs.then(|| say::binding(var.span, &var.name)),
            RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Modulator => None,
        }
    }

    /// Top-level `let` and `data`.
    fn globals(&self) -> impl Iterator<Item = Diagnostic> {
        let globals = self.program.hir.globals.iter().filter(|_| self.runs);
        globals
            .filter(|global| self.idle(&global.name, global.span))
            .map(|global| say::binding(global.span, &global.name))
    }

    fn functions(&self) -> impl Iterator<Item = Diagnostic> {
        let functions = self.program.hir.functions.iter();
        functions
            .filter(|function| self.runs || function.owner != Owner::File)
            .filter(|function| self.idle(&function.name, function.span))
            .map(|function| say::function(function.span, &function.name))
    }
}

/// The cells as they are written: not unrolled.
fn written(hir: &Hir) -> impl Iterator<Item = (usize, &Cell)> {
    hir.cells.iter().enumerate().filter(|(_, cell)| cell.template.is_none())
}

/// The cells that populations are made of, and those that other cells extend.
fn made(hir: &Hir) -> BTreeSet<CellId> {
    let of_populations = hir.circuits.iter().flat_map(|it| &it.slots).filter_map(|slot| match slot.kind {
        SlotKind::Population { cell } => Some(cell),
        _ => None,
    });
    of_populations.chain(hir.cells.iter().filter_map(|cell| cell.base)).collect()
}

/// The rules that projections attach, and those that other rules extend.
fn attached(hir: &Hir) -> BTreeSet<RuleId> {
    let mut found: BTreeSet<RuleId> = hir.rules.iter().filter_map(|rule| rule.base).collect();
    let mut open: Vec<&Item> = hir.circuits.iter().flat_map(|circuit| &circuit.items).collect();
    while let Some(item) = open.pop() {
        match &item.kind {
            ItemKind::Projection(projection) => {
                found.extend(projection.plasticity.as_ref().map(|attachment| attachment.rule))
            }
            ItemKind::For { items, .. } => open.extend(items),
            ItemKind::If { then, otherwise, .. } => open.extend(then.iter().chain(otherwise)),
            ItemKind::Population(_) | ItemKind::Drive(_) | ItemKind::Part { .. } => {}
            ItemKind::Binding(_) | ItemKind::Constraint(_) => {}
        }
    }
    found
}

/// The circuits that experiments run, with their parts.
fn run_circuits(hir: &Hir) -> BTreeSet<CircuitId> {
    let mut found = BTreeSet::new();
    let mut open: Vec<CircuitId> = hir.experiments.iter().filter_map(|it| it.circuit).collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(hir.circuit(next).slots.iter().filter_map(|slot| match slot.kind {
                SlotKind::Part { circuit } => Some(circuit),
                _ => None,
            }));
        }
    }
    found
}
