//! The order in which values flow at the end of a tick.
//!
//! In: all projections. Out: the stage of each flow, or the circle that there is. States are known when values begin to
//! flow, so only what reads a port waits for what flows into it: a port itself, and a `let` that reads one.
//! What surely takes a tick or more is on its way already, and nobody waits for it.

use super::Elaborator;
use crate::diagnose::flow as say;
use crate::hir::path::part_of;
use crate::hir::{Cell, ExprId, ExprKind, Hir, Ref, VarId, VarKind};
use crate::net::{Members, Net, Projection, Setting};
use crate::resolve::graph;
use crate::types::Value;
use circ_grammar::ast::Span;
use circ_plan::plan::View;
use std::collections::{BTreeMap, BTreeSet};

/// (population, port)
type Port = (u32, VarId);

/// What a flow reads, and the value through which it does.
type Reads = BTreeMap<Port, (u32, VarId)>;

impl Elaborator<'_> {
    pub(super) fn order_flows(&mut self) {
        if self.net.projections.iter().all(|it| it.flow.is_none()) {
            return;
        }
        let mut order = Order::new(self.hir, &self.net);
        order.run();
        if let Some(circle) = order.circle() {
            self.sink.push(say::cyclic_flow(&circle));
            return;
        }
        let stages = order.stages;
        for (projection, stage) in self.net.projections.iter_mut().zip(stages) {
            if let Some(flow) = &mut projection.flow {
                flow.stage = stage;
            }
        }
    }
}

struct Order<'a> {
    hir: &'a Hir,
    net: &'a Net,
    /// By projection.
    reads: Vec<Reads>,
    feeds: Vec<BTreeSet<Port>>,
    stages: Vec<u32>,
    /// How many ports a projection still waits for.
    waits: Vec<usize>,
    /// Flows that a port still waits for.
    writers: BTreeMap<Port, usize>,
    readers: BTreeMap<Port, Vec<usize>>,
}

impl<'a> Order<'a> {
    fn new(hir: &'a Hir, net: &'a Net) -> Order<'a> {
        let feeds: Vec<BTreeSet<Port>> = net.projections.iter().map(|it| feeds(hir, net, it)).collect();
        let mut writers: BTreeMap<Port, usize> = BTreeMap::new();
        feeds.iter().flatten().for_each(|port| *writers.entry(*port).or_default() += 1);
        let mut known = BTreeMap::new();
        let reads: Vec<Reads> = net
            .projections
            .iter()
            .map(|it| {
                let mut reads = reads(hir, net, it, &mut known);
                reads.retain(|port, _| writers.contains_key(port));
                reads
            })
            .collect();
        let mut readers: BTreeMap<Port, Vec<usize>> = BTreeMap::new();
        for (at, reads) in reads.iter().enumerate() {
            reads.keys().for_each(|port| readers.entry(*port).or_default().push(at));
        }
        let waits = reads.iter().map(BTreeMap::len).collect();
        Order { hir, net, feeds, stages: vec![0; net.projections.len()], reads, waits, writers, readers }
    }

    /// Gives stages as far as nothing waits for itself.
    fn run(&mut self) {
        let mut ready: Vec<usize> = (0..self.waits.len()).filter(|at| self.waits[*at] == 0).collect();
        while let Some(at) = ready.pop() {
            for port in &self.feeds[at] {
                let left = self.writers.get_mut(port);
                let done = left.is_some_and(|left| {
                    *left -= 1;
                    *left == 0
                });
                for reader in self.readers.get(port).into_iter().flatten() {
                    self.stages[*reader] = self.stages[*reader].max(self.stages[at] + 1);
                    if done {
                        self.waits[*reader] -= 1;
                        ready.extend((self.waits[*reader] == 0).then_some(*reader));
                    }
                }
            }
        }
    }

    /// Values that wait for one another: each is read by a flow into a port that the one before reads.
    fn circle(&self) -> Option<Vec<(String, Span)>> {
        let stuck = |at: &usize| 0 < self.waits[*at];
        let mut at = (0..self.waits.len()).find(stuck)?;
        let mut path: Vec<(usize, (u32, VarId))> = vec![];
        loop {
            if let Some(first) = path.iter().position(|(flow, _)| *flow == at) {
                let names = path[first..].iter().map(|(flow, value)| self.name(*flow, *value));
                return Some(names.collect());
            }
            let (port, value) = self.reads[at].iter().find(|(port, _)| self.writers[port] != 0)?;
            path.push((at, *value));
            at = (0..self.feeds.len()).find(|other| stuck(other) && self.feeds[*other].contains(port))?;
        }
    }

    /// What a flow reads, and where.
    fn name(&self, flow: usize, (population, var): (u32, VarId)) -> (String, Span) {
        let projection = &self.net.projections[flow];
        let at = projection.flow.map_or(projection.span, |flow| self.hir.expr(flow.value.expr).span);
        let population = &self.net.populations[population as usize];
        let var = &self.hir.cell(population.cell).vars[var.index()];
        (format!("{}.{}", population.path, var.name), at)
    }
}

/// The ports that a flow reaches within the tick.
fn feeds(hir: &Hir, net: &Net, projection: &Projection) -> BTreeSet<Port> {
    if projection.flow.is_none() || half_a_step(net) <= least_delay(net, projection) {
        return BTreeSet::new();
    }
    let segments = projection.ports.of(&projection.target);
    segments.filter_map(|(segment, port)| named(hir, net, segment.population, port)).collect()
}

fn half_a_step(net: &Net) -> f64 {
    0.5 * net.dt
}

/// In ms; 0 where it is computed.
fn least_delay(net: &Net, projection: &Projection) -> f64 {
    let projection =
        projection.mirrored().and_then(|at| net.projections.get(at as usize)).unwrap_or(projection);
    let sure = |setting: &Setting| match setting {
        Setting::Value(Value::Real(ms)) => *ms,
        Setting::Value(_) | Setting::Each(_) => 0.0,
    };
    sure(&projection.delay) + projection.dendritic.as_deref().map_or(0.0, sure)
}

fn named(hir: &Hir, net: &Net, population: u32, name: &str) -> Option<Port> {
    let cell = hir.cell(net.populations.get(population as usize)?.cell);
    Some((population, cell.var_at(name)?))
}

/// The ports of cells that a flow reads, each through one of the values that it names. `known`: ports that a variable
/// of a cell reads.
fn reads(
    hir: &Hir,
    net: &Net,
    projection: &Projection,
    known: &mut BTreeMap<(u32, VarId), BTreeSet<VarId>>,
) -> Reads {
    let mut found = Reads::new();
    let Some(flow) = &projection.flow else { return found };
    let mut sides: Vec<(&View, &Members, std::sync::Arc<str>)> = vec![];
    graph::walk(hir, flow.value.expr, &mut |_, expr| {
        if let ExprKind::Field { base, name, .. } = &expr.kind {
            match hir.expr(*base).kind {
                ExprKind::Ref(Ref::Pre) => sides.push((&projection.source, &projection.events, name.clone())),
                ExprKind::Ref(Ref::Post) => sides.push((&projection.target, &projection.ports, name.clone())),
                _ => {}
            }
        }
    });
    for (view, members, name) in sides {
        for (segment, member) in members.of(view) {
            let cell = net.populations[segment.population as usize].cell;
            let path = hir.cell(cell).seen_from(part_of(member).0, &name);
            let Some(var) = path.and_then(|path| hir.cell(cell).var_at(&path)) else { continue };
            let value = (segment.population, var);
            let ports = known
                .entry((cell.index() as u32, value.1))
                .or_insert_with(|| ports_of(hir, hir.cell(cell), value.1));
            for port in ports.iter() {
                found.entry((segment.population, *port)).or_insert(value);
            }
        }
    }
    found
}

/// The ports that a variable of a cell reads at once. States are as they are.
pub(crate) fn ports_of(hir: &Hir, cell: &Cell, var: VarId) -> BTreeSet<VarId> {
    let (mut ports, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut vars = vec![var];
    while let Some(var) = vars.pop() {
        if !seen.insert(var) {
            continue;
        }
        match &cell.vars[var.index()].kind {
            VarKind::Port { .. } => {
                ports.insert(var);
            }
            VarKind::Let { value } => named_in(hir, cell, vec![*value], &mut vars),
            VarKind::Param { .. } | VarKind::State { .. } => {}
        }
    }
    ports
}

/// The variables that expressions read; a derivative reads what its equations do.
fn named_in(hir: &Hir, cell: &Cell, mut roots: Vec<ExprId>, vars: &mut Vec<VarId>) {
    let (mut derived, mut called) = (BTreeSet::new(), BTreeSet::new());
    while let Some(root) = roots.pop() {
        graph::walk(hir, root, &mut |_, expr| match &expr.kind {
            ExprKind::Ref(Ref::Var(var)) => vars.push(*var),
            ExprKind::CallFn { function, .. } if called.insert(*function) => {
                roots.push(hir.functions[function.index()].body);
            }
            ExprKind::Derivative(var) if derived.insert(*var) => {
                let all = cell.equations.iter().chain(cell.modes.iter().flat_map(|mode| &mode.equations));
                let own = all.filter(|equation| equation.var == *var);
                roots.extend(own.flat_map(|equation| equation.factor.into_iter().chain([equation.value])));
            }
            _ => {}
        });
    }
}
