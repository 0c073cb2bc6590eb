//! Ports that nothing sends to.
//!
//! In: every circuit that was built. Out: warnings, for ports of cells of the main file that an experiment's
//! populations are made of. A cell of a library has more ports than one circuit uses: that is no mistake, so the
//! cells of other files are left alone, and so is a file without an experiment.

use super::{Built, Program};
use crate::diagnose::{Sink, lint as say};
use crate::hir::{Cell, PortShape, VarKind};
use circ_grammar::ast::Span;
use circ_plan::plan::View;
use std::collections::BTreeSet;

pub fn unreached(program: &Program<'_>, sink: &mut Sink) {
    if !program.whole || !program.has_experiment() {
        return;
    }
    let reached: BTreeSet<Span> = program.built.iter().flat_map(|built| reached_by(program, built)).collect();
    let made = program.built.iter().flat_map(|built| &built.net.populations);
    let mut told = BTreeSet::new();
    for cell in made.map(|population| population.cell).collect::<BTreeSet<_>>() {
        let cell = program.hir.cell(cell);
        for port in ports(cell).filter(|port| program.speaks_of(port.0, port.1) && !reached.contains(&port.1))
        {
            if told.insert(port.1) {
                sink.push(say::unreached_port(port.1, port.0, &cell.name));
            }
        }
    }
}

/// Names and places.
fn ports(cell: &Cell) -> impl Iterator<Item = (&str, Span)> {
    let ports = cell.vars.iter().filter(|var| match &var.kind {
        VarKind::Port { shape, .. } => !matches!(shape, PortShape::Error),
        VarKind::Param { .. } | VarKind::State { .. } | VarKind::Let { .. } => false,
    });
    ports.map(|var| (&*var.name, var.span))
}

/// Where the ports are declared that projections and drives of a circuit end at.
fn reached_by(program: &Program<'_>, built: &Built<'_>) -> Vec<Span> {
    let drives = built.net.drives.iter().map(|drive| (&drive.target, &drive.port));
    let projections = built.net.projections.iter().map(|projection| (&projection.target, &projection.port));
    let place = |view: &View, port: &str| -> Vec<Span> {
        let cells = view.segments.iter().map(|segment| &built.net.populations[segment.population as usize]);
        let cells = cells.map(|population| program.hir.cell(population.cell));
        cells.flat_map(|cell| ports(cell).filter(|it| it.0 == port).map(|it| it.1)).collect()
    };
    drives.chain(projections).flat_map(|(view, port)| place(view, port)).collect()
}
