//! States that never change: without an equation, an assignment, a `delta` port, or a `set` by an experiment; and
//! `pre` and `post` states of rules without a block.
//!
//! In: the program and what it writes to. Out: warnings. A state may differ from cell to cell and still be a
//! parameter: nothing changes it while time runs.

use super::{Program, reads::Reads};
use crate::diagnose::{Sink, lint as say};
use crate::hir::{Rule, RuleVarKind, TraceKind, VarKind};

pub fn constant(program: &Program<'_>, reads: &Reads, sink: &mut Sink) {
    for cell in program.hir.cells.iter().filter(|cell| cell.template.is_none()) {
        for var in cell.vars.iter().filter(|var| matches!(var.kind, VarKind::State { .. })) {
            if program.speaks_of(&var.name, var.span) && !reads.writes(&var.name, var.span) {
                sink.push(say::constant_state(var.span, &var.name, &cell.name));
            }
        }
    }
    program.hir.rules.iter().filter(|rule| !rule.partial).for_each(|rule| traces(program, rule, sink));
}

/// States of a rule's sides that have neither an equation nor a reaction.
fn traces(program: &Program<'_>, rule: &Rule, sink: &mut Sink) {
    for (_, var) in rule.declared() {
        if let RuleVarKind::Trace { side, dynamics: TraceKind::Block { equation: None, reactions, .. } } =
            &var.kind
            && reactions.is_empty()
            && program.speaks_of(&var.name, var.span)
        {
            sink.push(say::constant_trace(var.span, &var.name, side.word(), &rule.name));
        }
    }
}
