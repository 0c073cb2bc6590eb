//! Who needs whom: definitions in an order in which each comes after what it reads, and the circles that
//! have no such order.
//!
//! In: a resolved program. Out: [`Hir::order`], for the type checker; messages about circles and about parameters
//! that would not be constant. Nothing here recurses: a chain of definitions may be as long as a file.

use super::components::{Edges, circle, components};
use crate::diagnose::{Diagnostic, Sink, names};
use crate::hir::*;
use circ_grammar::ast::Span;
use smallvec::{SmallVec, smallvec};
use std::collections::BTreeMap;

/// A definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    Global(GlobalId),
    /// A parameter, initial value, `let`, or the shape of a port.
    Var(CellId, VarId),
    /// A parameter, `let`, trace or state of a rule.
    RuleVar(RuleId, VarId),
    /// The derivative of a state.
    Rate(CellId, VarId),
    Slot(Owner, SlotId),
    Function(FunctionId),
}

/// Calls `visit` with an expression and everything in it, parents first; bodies of functions that it calls are not in it.
pub fn walk(hir: &Hir, root: ExprId, visit: &mut dyn FnMut(ExprId, &Expr)) {
    let mut stack: SmallVec<[ExprId; 16]> = smallvec![root];
    while let Some(id) = stack.pop() {
        let expr = hir.expr(id);
        visit(id, expr);
        let from = stack.len();
        children(&expr.kind, &mut |child| stack.push(child));
        stack[from..].reverse();
    }
}

/// Calls `visit` with each direct child in order of writing.
pub fn children(kind: &ExprKind, visit: &mut dyn FnMut(ExprId)) {
    match kind {
        ExprKind::Number { .. } | ExprKind::Bool(_) | ExprKind::Text(_) | ExprKind::Ref(_) => {}
        ExprKind::Noise(_) | ExprKind::Derivative(_) | ExprKind::Error => {}
        ExprKind::OfSegment { steps, .. } => {
            steps.iter().filter_map(|(_, index)| index.as_ref()).for_each(|index| indexed(index, visit))
        }
        ExprKind::Unary { value, .. } | ExprKind::Chance(value) | ExprKind::Rising(value) => visit(*value),
        ExprKind::Binary { left, right, .. } => [*left, *right].into_iter().for_each(visit),
        ExprKind::InRange { value, lo, hi } | ExprKind::Redraw { value, lo, hi } => {
            [*value, *lo, *hi].into_iter().for_each(visit)
        }
        ExprKind::InView { value, view } => [*value, *view].into_iter().for_each(visit),
        ExprKind::If { condition, then, otherwise } => {
            [*condition, *then, *otherwise].into_iter().for_each(visit)
        }
        ExprKind::Call { args, .. } | ExprKind::CallFn { args, .. } | ExprKind::Draw { args, .. } => {
            args.iter().copied().for_each(visit)
        }
        ExprKind::Array(parts) | ExprKind::Tuple(parts) => parts.iter().copied().for_each(visit),
        ExprKind::Reduce { value, over, .. } => {
            over.iter().for_each(|(_, lo, hi)| [*lo, *hi].into_iter().for_each(&mut *visit));
            visit(*value);
        }
        ExprKind::Index { base, indices } => {
            visit(*base);
            indices.iter().for_each(|index| indexed(index, visit));
        }
        ExprKind::Field { base, .. } => visit(*base),
        ExprKind::Measure { args, .. } => args.iter().for_each(|arg| {
            visit(arg.value);
            arg.to.into_iter().for_each(&mut *visit);
            match arg.over {
                None => {}
                Some(Window::Last(length)) => visit(length),
                Some(Window::Between(lo, hi)) => [lo, hi].into_iter().for_each(&mut *visit),
            }
        }),
    }
}

/// As [`children`], to put others in their places.
pub fn children_mut(kind: &mut ExprKind, visit: &mut dyn FnMut(&mut ExprId)) {
    match kind {
        ExprKind::Number { .. } | ExprKind::Bool(_) | ExprKind::Text(_) | ExprKind::Ref(_) => {}
        ExprKind::Noise(_) | ExprKind::Derivative(_) | ExprKind::Error => {}
        ExprKind::OfSegment { steps, .. } => steps
            .iter_mut()
            .filter_map(|(_, index)| index.as_mut())
            .for_each(|index| indexed_mut(index, visit)),
        ExprKind::Unary { value, .. } | ExprKind::Chance(value) | ExprKind::Rising(value) => visit(value),
        ExprKind::Binary { left, right, .. } => [left, right].into_iter().for_each(visit),
        ExprKind::InRange { value, lo, hi } | ExprKind::Redraw { value, lo, hi } => {
            [value, lo, hi].into_iter().for_each(visit)
        }
        ExprKind::InView { value, view } => [value, view].into_iter().for_each(visit),
        ExprKind::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(visit)
        }
        ExprKind::Call { args, .. } | ExprKind::CallFn { args, .. } | ExprKind::Draw { args, .. } => {
            args.iter_mut().for_each(visit)
        }
        ExprKind::Array(parts) | ExprKind::Tuple(parts) => parts.iter_mut().for_each(visit),
        ExprKind::Reduce { value, over, .. } => {
            over.iter_mut().for_each(|(_, lo, hi)| [lo, hi].into_iter().for_each(&mut *visit));
            visit(value);
        }
        ExprKind::Index { base, indices } => {
            visit(base);
            indices.iter_mut().for_each(|index| indexed_mut(index, visit));
        }
        ExprKind::Field { base, .. } => visit(base),
        ExprKind::Measure { args, .. } => args.iter_mut().for_each(|arg| {
            visit(&mut arg.value);
            arg.to.iter_mut().for_each(&mut *visit);
            match &mut arg.over {
                None => {}
                Some(Window::Last(length)) => visit(length),
                Some(Window::Between(lo, hi)) => [lo, hi].into_iter().for_each(&mut *visit),
            }
        }),
    }
}

fn indexed_mut(index: &mut Index, visit: &mut dyn FnMut(&mut ExprId)) {
    match index {
        Index::At(e) | Index::Where(e) => visit(e),
        Index::Range(lo, hi) => [lo, hi].into_iter().for_each(visit),
    }
}

fn indexed(index: &Index, visit: &mut dyn FnMut(ExprId)) {
    match index {
        Index::At(e) | Index::Where(e) => visit(*e),
        Index::Range(lo, hi) => [*lo, *hi].into_iter().for_each(visit),
    }
}

/// See [`Hir::order`].
fn order(graph: &Graph, components: &[SmallVec<[usize; 2]>]) -> Vec<Node> {
    components.iter().flatten().map(|at| graph.nodes[*at]).collect()
}

struct Graph {
    nodes: Vec<Node>,
    edges: Edges,
}

impl Graph {
    fn new(hir: &Hir) -> Graph {
        let nodes = nodes(hir);
        let places = Places::new(&nodes, hir);
        let overs = overs(hir);
        let mut edges = Edges::default();
        for node in &nodes {
            let owner = owner(hir, *node);
            for root in roots(hir, &overs, *node) {
                walk(hir, root, &mut |_, expr| {
                    edges.to.extend(reads(hir, owner, expr).and_then(|read| places.of(read)));
                });
            }
            edges.end_node();
        }
        Graph { nodes, edges }
    }
}

/// The places of nodes among all of them, by what owns them.
struct Places {
    globals: Vec<Option<u32>>,
    functions: Vec<Option<u32>>,
    vars: Vec<Vec<Option<u32>>>,
    rates: Vec<Vec<Option<u32>>>,
    of_rules: Vec<Vec<Option<u32>>>,
    of_circuits: Vec<Vec<Option<u32>>>,
    of_experiments: Vec<Vec<Option<u32>>>,
}

impl Places {
    fn new(nodes: &[Node], hir: &Hir) -> Places {
        let none = |count: usize| vec![None; count];
        let mut places = Places {
            globals: none(hir.globals.len()),
            functions: none(hir.functions.len()),
            vars: hir.cells.iter().map(|cell| none(cell.vars.len())).collect(),
            rates: hir.cells.iter().map(|cell| none(cell.vars.len())).collect(),
            of_rules: hir.rules.iter().map(|rule| none(rule.vars.len())).collect(),
            of_circuits: hir.circuits.iter().map(|circuit| none(circuit.slots.len())).collect(),
            of_experiments: hir.experiments.iter().map(|it| none(it.slots.len())).collect(),
        };
        for (at, node) in nodes.iter().enumerate() {
            if let Some((of_owner, k)) = places.entry(*node) {
                of_owner[k] = Some(at as u32);
            }
        }
        places
    }

    fn entry(&mut self, node: Node) -> Option<(&mut Vec<Option<u32>>, usize)> {
        Some(match node {
            Node::Global(id) => (&mut self.globals, id.index()),
            Node::Function(id) => (&mut self.functions, id.index()),
            Node::Var(cell, var) => (&mut self.vars[cell.index()], var.index()),
            Node::Rate(cell, var) => (&mut self.rates[cell.index()], var.index()),
            Node::RuleVar(rule, var) => (&mut self.of_rules[rule.index()], var.index()),
            Node::Slot(Owner::Circuit(at), slot) => (&mut self.of_circuits[at.index()], slot.index()),
            Node::Slot(Owner::Experiment(at), slot) => (&mut self.of_experiments[at as usize], slot.index()),
            Node::Slot(Owner::File | Owner::Cell(_) | Owner::Rule(_), _) => return None,
        })
    }

    fn of(&self, node: Node) -> Option<u32> {
        let (of_owner, k) = match node {
            Node::Global(id) => (&self.globals, id.index()),
            Node::Function(id) => (&self.functions, id.index()),
            Node::Var(cell, var) => (self.vars.get(cell.index())?, var.index()),
            Node::Rate(cell, var) => (self.rates.get(cell.index())?, var.index()),
            Node::RuleVar(rule, var) => (self.of_rules.get(rule.index())?, var.index()),
            Node::Slot(Owner::Circuit(at), slot) => (self.of_circuits.get(at.index())?, slot.index()),
            Node::Slot(Owner::Experiment(at), slot) => (self.of_experiments.get(at as usize)?, slot.index()),
            Node::Slot(Owner::File | Owner::Cell(_) | Owner::Rule(_), _) => return None,
        };
        of_owner.get(k).copied().flatten()
    }
}

/// Every definition, in the order in which they are begun.
fn nodes(hir: &Hir) -> Vec<Node> {
    let mut nodes: Vec<Node> = (0..hir.globals.len()).map(|at| Node::Global(GlobalId(at as u32))).collect();
    for (at, cell) in hir.cells.iter().enumerate() {
        let id = CellId(at as u32);
        nodes.extend((0..cell.vars.len()).map(|var| Node::Var(id, VarId(var as u32))));
        let states =
            cell.vars.iter().enumerate().filter(|(_, var)| matches!(var.kind, VarKind::State { .. }));
        nodes.extend(states.map(|(var, _)| Node::Rate(id, VarId(var as u32))));
    }
    for (at, rule) in hir.rules.iter().enumerate() {
        nodes.extend((0..rule.vars.len()).map(|var| Node::RuleVar(RuleId(at as u32), VarId(var as u32))));
    }
    let mut slots =
        |owner, count: usize| nodes.extend((0..count).map(|slot| Node::Slot(owner, SlotId(slot as u32))));
    for at in components(&parts(hir)).into_iter().flatten() {
        slots(Owner::Circuit(CircuitId(at as u32)), hir.circuits[at].slots.len());
    }
    for (at, experiment) in hir.experiments.iter().enumerate() {
        slots(Owner::Experiment(at as u32), experiment.slots.len());
    }
    nodes.extend((0..hir.functions.len()).map(|at| Node::Function(FunctionId(at as u32))));
    nodes
}

/// Which circuits each circuit contains.
fn parts(hir: &Hir) -> Edges {
    let mut edges = Edges::default();
    for circuit in &hir.circuits {
        edges.to.extend(circuit.slots.iter().filter_map(|slot| match slot.kind {
            SlotKind::Part { circuit } => Some(circuit.0),
            _ => None,
        }));
        edges.end_node();
    }
    edges
}

/// What loops run over, by their index.
pub fn overs(hir: &Hir) -> BTreeMap<(Owner, SlotId), Over> {
    let mut overs = BTreeMap::new();
    for (at, experiment) in hir.experiments.iter().enumerate() {
        overs.extend(experiment.loops().map(|(index, over)| ((Owner::Experiment(at as u32), index), over)));
    }
    for (at, circuit) in hir.circuits.iter().enumerate() {
        let mut stack: Vec<&Item> = circuit.items.iter().collect();
        while let Some(item) = stack.pop() {
            match &item.kind {
                ItemKind::For { index, over, items } => {
                    overs.insert((Owner::Circuit(CircuitId(at as u32)), *index), *over);
                    stack.extend(items);
                }
                ItemKind::If { then, otherwise, .. } => stack.extend(then.iter().chain(otherwise)),
                ItemKind::Population(_) | ItemKind::Drive(_) | ItemKind::Projection(_) => {}
                ItemKind::Part { .. } | ItemKind::Binding(_) | ItemKind::Constraint(_) => {}
            }
        }
    }
    overs
}

/// Few, nearly always.
type Roots = SmallVec<[ExprId; 3]>;

/// The expressions that a definition consists of.
fn roots(hir: &Hir, overs: &BTreeMap<(Owner, SlotId), Over>, node: Node) -> Roots {
    let ranged = |range: &Option<(ExprId, ExprId)>, value: &Option<ExprId>| {
        range.iter().flat_map(|(lo, hi)| [*lo, *hi]).chain(*value).collect()
    };
    match node {
        Node::Global(id) => smallvec![hir.globals[id.index()].value],
        Node::Function(id) => smallvec![hir.functions[id.index()].body],
        Node::Var(cell, var) => match &hir.cell(cell).vars[var.index()].kind {
            VarKind::Param { range, default } => ranged(range, default),
            VarKind::State { range, initial } => ranged(range, initial),
            VarKind::Let { value } => smallvec![*value],
            VarKind::Port { shape, .. } => taus(shape),
        },
        Node::RuleVar(rule, var) => match &hir.rule(rule).vars[var.index()].kind {
            RuleVarKind::Param { range, default } => ranged(range, default),
            RuleVarKind::Let { value } => smallvec![*value],
            RuleVarKind::Trace { dynamics: TraceKind::Spikes { tau: value, .. }, .. }
            | RuleVarKind::Trace { dynamics: TraceKind::Block { initial: value, .. }, .. }
            | RuleVarKind::Synapse { initial: value } => smallvec![*value],
            RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Modulator => smallvec![],
        },
        Node::Rate(cell, var) => {
            let cell = hir.cell(cell);
            let coupled = cell.couples.iter().filter(|couple| couple.neighbour(hir, var).is_some());
            cell.equations_of(var)
                .flat_map(|equation| equation.factor.into_iter().chain([equation.value]))
                .chain(coupled.map(|couple| couple.by))
                .collect()
        }
        Node::Slot(owner, slot) => match &slots(hir, owner)[slot.index()].kind {
            SlotKind::Formal { range, default, .. } => ranged(range, default),
            SlotKind::Let { value, .. } | SlotKind::Data { value, .. } => smallvec![*value],
            SlotKind::Index => match overs.get(&(owner, slot)) {
                Some(Over::Range(lo, hi)) => smallvec![*lo, *hi],
                Some(Over::Values(values)) => smallvec![*values],
                None => smallvec![],
            },
            SlotKind::Population { .. } | SlotKind::Drive | SlotKind::Projection | SlotKind::Part { .. } => {
                smallvec![]
            }
        },
    }
}

/// The time constants of a port.
pub fn taus(shape: &PortShape) -> SmallVec<[ExprId; 3]> {
    match shape {
        PortShape::Exponential { tau } | PortShape::Alpha { tau } => smallvec![*tau],
        PortShape::Biexponential { rise, decay } => smallvec![*rise, *decay],
        PortShape::Delta { .. } | PortShape::Sum | PortShape::Error => smallvec![],
    }
}

/// The slots of a circuit or experiment.
pub fn slots(hir: &Hir, owner: Owner) -> &[Slot] {
    match owner {
        Owner::Circuit(at) => &hir.circuit(at).slots,
        Owner::Experiment(at) => &hir.experiments[at as usize].slots,
        Owner::File | Owner::Cell(_) | Owner::Rule(_) => &[],
    }
}

pub(super) fn owner(hir: &Hir, node: Node) -> Owner {
    match node {
        Node::Global(_) => Owner::File,
        Node::Function(id) => hir.functions[id.index()].owner,
        Node::Var(cell, _) | Node::Rate(cell, _) => Owner::Cell(cell),
        Node::RuleVar(rule, _) => Owner::Rule(rule),
        Node::Slot(owner, _) => owner,
    }
}

/// The definition that an expression reads by itself, its children aside.
pub(super) fn reads(hir: &Hir, owner: Owner, expr: &Expr) -> Option<Node> {
    let reference = match &expr.kind {
        ExprKind::CallFn { function, .. } => return Some(Node::Function(*function)),
        ExprKind::Derivative(var) | ExprKind::OfSegment { member: SegmentMember::Derivative(var), .. } => {
            match owner {
                Owner::Cell(cell) => return Some(Node::Rate(cell, *var)),
                _ => return None,
            }
        }
        ExprKind::OfSegment { member: SegmentMember::Var(var), .. } => Ref::Var(*var),
        ExprKind::OfSegment { member: SegmentMember::Mode(mode), .. } => Ref::Mode(*mode),
        ExprKind::Ref(reference) => *reference,
        _ => return None,
    };
    match (reference, owner) {
        (Ref::Global(id), _) => Some(Node::Global(id)),
        (Ref::Var(var), Owner::Cell(cell)) => Some(Node::Var(cell, var)),
        (Ref::Var(var), Owner::Rule(rule)) => Some(Node::RuleVar(rule, var)),
        (Ref::Slot(slot), _) => Some(Node::Slot(owner, slot)),
        (Ref::OfCircuit(slot), Owner::Experiment(at)) => {
            hir.experiments[at as usize].circuit.map(|circuit| Node::Slot(Owner::Circuit(circuit), slot))
        }
        _ => None,
    }
}

/// Reports circles, and empties their members so that nothing later runs in one; then parameters that are not constant.
/// Puts definitions in order.
pub fn check_cycles(hir: &mut Hir, sink: &mut Sink) {
    let contained = parts(hir);
    for component in components(&contained) {
        let place = |at: usize| (hir.circuits[at].name.to_string(), hir.circuits[at].span);
        report(&contained, &component, &place, &|members| names::cyclic_circuit(members), sink);
    }
    let graph = Graph::new(hir);
    let mut emptied = vec![];
    let found = components(&graph.edges);
    for component in &found {
        let place = |at: usize| name(hir, graph.nodes[at]);
        let functions = component.iter().all(|at| matches!(graph.nodes[*at], Node::Function(_)));
        let message = if functions { names::cyclic_function } else { names::cyclic_let };
        if report(&graph.edges, component, &place, &|members| message(members), sink) {
            emptied.extend(component.iter().map(|at| graph.nodes[*at]));
        }
    }
    hir.order = match emptied.is_empty() {
        true => order(&graph, &found),
        false => {
            emptied.into_iter().for_each(|node| empty(hir, node));
            let graph = Graph::new(hir);
            order(&graph, &components(&graph.edges))
        }
    };
    super::constant::check_constant(hir, sink);
}

/// Makes the message of a circle from its members.
type CircleMessage<'a> = &'a dyn Fn(&[(String, Span)]) -> Diagnostic;

fn report(
    edges: &Edges,
    component: &[usize],
    place: &dyn Fn(usize) -> (String, Span),
    message: CircleMessage,
    sink: &mut Sink,
) -> bool {
    let first = match component {
        [] => return false,
        [only] => *only,
        [first, rest @ ..] => {
            let earlier = |a: usize, b: usize| if place(b).1 < place(a).1 { b } else { a };
            rest.iter().copied().fold(*first, earlier)
        }
    };
    let Some(circle) = circle(edges, component, first) else {
        return false;
    };
    let members: Vec<_> = circle.into_iter().map(place).collect();
    sink.push(message(&members));
    true
}

pub(super) fn name(hir: &Hir, node: Node) -> (String, Span) {
    match node {
        Node::Global(id) => (hir.globals[id.index()].name.to_string(), hir.globals[id.index()].span),
        Node::Function(id) => (hir.functions[id.index()].name.to_string(), hir.functions[id.index()].span),
        Node::Var(cell, var) => {
            (hir.cell(cell).vars[var.index()].name.to_string(), hir.cell(cell).vars[var.index()].span)
        }
        Node::RuleVar(rule, var) => {
            (hir.rule(rule).vars[var.index()].name.to_string(), hir.rule(rule).vars[var.index()].span)
        }
        Node::Rate(cell, var) => {
            let cell = hir.cell(cell);
            let at = cell
                .equations
                .iter()
                .find(|equation| equation.var == var)
                .map_or(cell.vars[var.index()].span, |equation| equation.span);
            (format!("{}'", cell.vars[var.index()].name), at)
        }
        Node::Slot(owner, slot) => {
            let slot = &slots(hir, owner)[slot.index()];
            (slot.name.to_string(), slot.span)
        }
    }
}

/// Takes the expressions out of a definition.
fn empty(hir: &mut Hir, node: Node) {
    let error = super::ERROR;
    match node {
        Node::Global(id) => hir.globals[id.index()].value = error,
        Node::Function(id) => hir.functions[id.index()].body = error,
        Node::Var(cell, var) => match &mut hir.cells[cell.index()].vars[var.index()].kind {
            VarKind::Param { range, default } => (*range, *default) = (None, Some(error)),
            VarKind::State { range, initial } => (*range, *initial) = (None, Some(error)),
            VarKind::Let { value } => *value = error,
            VarKind::Port { shape, .. } => *shape = PortShape::Error,
        },
        Node::RuleVar(rule, var) => match &mut hir.rules[rule.index()].vars[var.index()].kind {
            RuleVarKind::Param { range, default } => (*range, *default) = (None, Some(error)),
            RuleVarKind::Let { value } => *value = error,
            RuleVarKind::Trace { dynamics: TraceKind::Spikes { tau: value, .. }, .. }
            | RuleVarKind::Trace { dynamics: TraceKind::Block { initial: value, .. }, .. }
            | RuleVarKind::Synapse { initial: value } => *value = error,
            RuleVarKind::Weight | RuleVarKind::Delay | RuleVarKind::Modulator => {}
        },
        Node::Rate(cell, var) => {
            let cell = &mut hir.cells[cell.index()];
            let modes = cell.modes.iter_mut().flat_map(|mode| &mut mode.equations);
            cell.equations
                .iter_mut()
                .chain(modes)
                .filter(|equation| equation.var == var)
                .for_each(|equation| equation.value = error);
        }
        Node::Slot(owner, slot) => {
            let slots = match owner {
                Owner::Circuit(at) => &mut hir.circuits[at.index()].slots,
                Owner::Experiment(at) => &mut hir.experiments[at as usize].slots,
                Owner::File | Owner::Cell(_) | Owner::Rule(_) => return,
            };
            match &mut slots[slot.index()].kind {
                SlotKind::Formal { range, default, .. } => (*range, *default) = (None, Some(error)),
                SlotKind::Let { value, .. } | SlotKind::Data { value, .. } => *value = error,
                _ => {}
            }
        }
    }
}
