//! Ports that nothing sends to.
//!
//! In: every circuit that was built. Out: warnings, for ports of cells of the main file that an experiment's
//! populations are made of. A cell of a library has more ports than one circuit uses: that is no mistake, so the
//! cells of other files are left alone, and so is a file without an experiment.

use super::{Built, Program, reads::Reads};
use crate::diagnose::{Sink, lint as say};
use crate::hir::{Cell, CellId, PortShape, Var, VarKind};
use circ_grammar::ast::Span;
use circ_plan::plan::Segment;
use std::collections::BTreeSet;

pub fn unreached(program: &Program<'_>, reads: &Reads, sink: &mut Sink) {
    if !program.whole || !program.has_experiment() {
        return;
    }
    let reached: BTreeSet<Span> = program.built.iter().flat_map(|built| reached_by(program, built)).collect();
    let made = program.built.iter().flat_map(|built| &built.net.populations);
    // Of a cell that was unrolled, the ports as they are written.
    let written = |cell: CellId| program.hir.cell(cell).template.unwrap_or(cell);
    let cells: BTreeSet<CellId> = made.map(|population| written(population.cell)).collect();
    let ports = cells.into_iter().map(|cell| program.hir.cell(cell)).flat_map(|cell| {
        ports(cell).map(move |port| (&cell.name, port)).filter(|(_, port)| acts(port, reads))
    });
    let mut told = BTreeSet::new();
    for (cell, port) in ports {
        let idle = program.speaks_of(&port.name, port.span) && !reached.contains(&port.span);
        if idle && told.insert(port.span) {
            sink.push(say::unreached_port(port.span, &port.name, cell));
        }
    }
}

/// Of a port that nothing reads, that is enough to say.
fn acts(port: &Var, reads: &Reads) -> bool {
    let is_delta = matches!(port.kind, VarKind::Port { shape: PortShape::Delta { .. }, .. });
    is_delta || reads.reads(&port.name, port.span)
}

fn ports(cell: &Cell) -> impl Iterator<Item = &Var> {
    cell.vars.iter().filter(|var| match &var.kind {
        VarKind::Port { shape, .. } => !matches!(shape, PortShape::Error),
        VarKind::Param { .. } | VarKind::State { .. } | VarKind::Let { .. } => false,
    })
}

/// Where the ports are declared that projections and drives of a circuit end at.
fn reached_by(program: &Program<'_>, built: &Built<'_>) -> Vec<Span> {
    let drives = built.net.drives.iter().map(|drive| (&drive.target, &drive.ports));
    let projections = built.net.projections.iter().map(|projection| (&projection.target, &projection.ports));
    let place = |(segment, name): (&Segment, &std::sync::Arc<str>)| {
        let cell = program.hir.cell(built.net.populations[segment.population as usize].cell);
        cell.var_at(name).map(|port| cell.vars[port.index()].span)
    };
    drives.chain(projections).flat_map(|(view, names)| names.of(view).filter_map(place)).collect()
}
