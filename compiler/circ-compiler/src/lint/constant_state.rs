//! States that never change: without an equation, an assignment, a `delta` port, or a `set` by an experiment.
//!
//! In: the program and what it writes to. Out: warnings. A state may differ from cell to cell and still be a
//! parameter: nothing changes it while time runs.

use super::{Program, reads::Reads};
use crate::diagnose::{Sink, lint as say};
use crate::hir::VarKind;

pub fn constant(program: &Program<'_>, reads: &Reads, sink: &mut Sink) {
    for cell in program.hir.cells.iter().filter(|cell| cell.template.is_none()) {
        for var in cell.vars.iter().filter(|var| matches!(var.kind, VarKind::State { .. })) {
            if program.speaks_of(&var.name, var.span) && !reads.writes(&var.name, var.span) {
                sink.push(say::constant_state(var.span, &var.name, &cell.name));
            }
        }
    }
}
