//! What flows: the value of each synapse of a continuous projection.
//!
//! In: flows of the net. Out: [`Flow`]s with programs over pairs of cells. Programs are made before the populations are,
//! since they may ask for positions; columns that are observables are found afterwards.

use circ_plan::ir::*;
use circ_plan::plan::*;

use super::context::{Keys, Lowerer, Report, Site, Source};
use super::layout::{Layout, Storage};
use super::pair::PairSite;
use super::projections::column_of;
use crate::hir::path::part_of;
use crate::kernel::build::Builder;
use crate::net::{self, Members};

/// A flow whose columns are still names.
pub struct Flowing<'a> {
    net: &'a net::Projection,
    value: Program,
    factor: Option<Program>,
    pre: Vec<String>,
    post: Vec<String>,
    stage: u32,
}

/// The programs of all flows, by index of their projection.
pub fn programs<'a>(
    source: Source<'a>,
    layouts: &mut [Layout],
    report: &mut Report,
) -> Vec<(usize, Flowing<'a>)> {
    let flows = source.net.projections.iter().enumerate();
    flows
        .filter_map(|(at, net)| Some((at, program(source, net, net.flow.as_ref()?, layouts, report))))
        .collect()
}

fn program<'a>(
    source: Source<'a>,
    net: &'a net::Projection,
    flow: &net::Flow,
    layouts: &mut [Layout],
    report: &mut Report,
) -> Flowing<'a> {
    let mut keys = Keys::default();
    let builder = Builder::new(format!("{}.flow", net.path), precision(net, layouts));
    let site = Site::Pair(PairSite { net, pre: vec![], post: vec![], flows: true, rule: None });
    let mut lowerer = Lowerer::new(source, report, &mut keys, builder, site);
    let value = lowerer.within(flow.value.environment, |lowerer| lowerer.float(flow.value.expr));
    let apart = net.plasticity.is_none() && !net.set && once_each(&net.source);
    let factor = factor(&mut lowerer.b, value).filter(|_| apart);
    let finish = |b: Builder, value| source.purpose.finish(b, vec![Output::Result(value)], vec![]);
    let factor = factor.map(|factor| finish(lowerer.b.clone(), factor));
    let program = finish(lowerer.b, value);
    let Site::Pair(PairSite { pre, post, .. }) = lowerer.site else { panic!("the site of a flow is a pair") };
    for (view, members, names) in [(&net.source, &net.events, &pre), (&net.target, &net.ports, &post)] {
        for (segment, member) in members.of(view) {
            // Asks for positions.
            names.iter().for_each(|name| {
                column_of(layouts, segment.population, member, name);
            });
        }
    }
    Flowing { net, value: program, factor, pre, post, stage: flow.stage }
}

/// That of the targets, where they have the same.
pub(super) fn precision(net: &net::Projection, layouts: &[Layout]) -> Precision {
    let of = |segment: &Segment| layouts.get(segment.population as usize).map(|layout| layout.precision);
    let mut all = net.target.segments.iter().filter_map(of);
    if all.all(|precision| precision == Precision::F32) { Precision::F32 } else { Precision::F64 }
}

/// Whether no cell is there twice.
fn once_each(view: &View) -> bool {
    let cells: std::collections::BTreeSet<(u32, u32)> = view.cells().collect();
    cells.len() == view.len()
}

/// Of `w * f`, the `f` that only the source has part in.
fn factor(b: &mut Builder, value: ValueId) -> Option<ValueId> {
    let Op::Mul(left, right) = *b.op(value) else { return None };
    let factor = match (b.op(left), b.op(right)) {
        (Op::Weight, _) => right,
        (_, Op::Weight) => left,
        _ => return None,
    };
    let foreign = |op: &Op| {
        matches!(op, Op::Weight | Op::Load(Side::Post | Side::Own, _) | Op::Index(Side::Post | Side::Own))
    };
    let leaves = crate::solve::affine::reachable(b, factor, |_, _| true);
    leaves.iter().all(|leaf| !foreign(b.op(*leaf))).then_some(factor)
}

impl Flowing<'_> {
    /// With places for names.
    pub fn resolve(self, layouts: &[Layout], populations: &[PopulationPlan]) -> Flow {
        let columns = |view: &View, members: &Members, names: &[String]| -> Vec<Vec<FlowColumn>> {
            let place = |segment: &Segment, member: &str, name: &str| {
                let path = layouts[segment.population as usize].cell.seen_from(part_of(member).0, name);
                place(segment.population, path.as_deref().unwrap_or(name), layouts, populations)
            };
            names
                .iter()
                .map(|name| members.of(view).map(|(segment, member)| place(segment, member, name)).collect())
                .collect()
        };
        let into = |(segment, port): (&Segment, &std::sync::Arc<str>)| {
            array(&layouts[segment.population as usize], port)
        };
        Flow {
            pre: columns(&self.net.source, &self.net.events, &self.pre),
            post: columns(&self.net.target, &self.net.ports, &self.post),
            into: self.net.ports.of(&self.net.target).map(into).collect(),
            value: self.value,
            stage: self.stage,
            factor: self.factor,
        }
    }
}

/// Where the cells of a population have a value.
fn place(population: u32, name: &str, layouts: &[Layout], populations: &[PopulationPlan]) -> FlowColumn {
    let layout = &layouts[population as usize];
    let axis = ["x", "y", "z"].iter().position(|axis| *axis == name);
    match (layout.named(name), axis) {
        (Some(var), _) => match &layout.storage[var.index()] {
            Storage::Uniform(uniform, _) => return FlowColumn::Uniform(population, *uniform),
            Storage::Array(array, _) => return FlowColumn::Array(population, *array),
            _ => {}
        },
        (None, Some(axis)) => {
            let array = layout.positions[axis];
            return array.map_or(FlowColumn::Constant(0.0), |array| FlowColumn::Array(population, array));
        }
        (None, None) => {}
    }
    let observables = &populations[population as usize].observables;
    match observables.iter().position(|observable| observable.name == name) {
        Some(at) => FlowColumn::Observable(population, at as u32),
        None => FlowColumn::Constant(0.0),
    }
}

/// The array of a port that values flow into.
fn array(layout: &Layout, port: &str) -> ArrayId {
    let storage = layout.named(port).map(|var| &layout.storage[var.index()]);
    match storage {
        Some(Storage::Sum { flow: Some(flow), .. }) => *flow,
        _ => panic!("values flow into `sum` ports only"),
    }
}
