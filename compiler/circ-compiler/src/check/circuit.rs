//! Circuits: sizes, overrides, drives, projections.
//!
//! In: circuits whose slots have types. Out: reports.

use super::Checker;
use super::dendrite::Part;
use super::field::innermost;
use super::infer::view_of;
use crate::diagnose::{structure, typing};
use crate::hir::*;
use crate::types::{Dimension, Type};
use circ_grammar::ast::Span;

const REAL: Type = Type::Real(Dimension::REAL);

impl<'a> Checker<'a> {
    pub fn circuits(&mut self) {
        for (at, circuit) in self.hir.circuits.iter().enumerate() {
            self.owner = Owner::Circuit(CircuitId(at as u32));
            self.items(CircuitId(at as u32), &circuit.items);
        }
        self.constraints();
    }

    /// Which projections learn, and how.
    pub fn attached_rules(&mut self) {
        for (at, circuit) in self.hir.circuits.iter().enumerate() {
            let mut open: Vec<&Item> = circuit.items.iter().collect();
            while let Some(item) = open.pop() {
                match &item.kind {
                    ItemKind::Projection(projection) => {
                        if let Some(attachment) = &projection.plasticity {
                            let place = (CircuitId(at as u32), projection.slot);
                            self.learns.insert(place, attachment.rule);
                        }
                    }
                    ItemKind::For { items, .. } => open.extend(items),
                    ItemKind::If { then, otherwise, .. } => open.extend(then.iter().chain(otherwise)),
                    ItemKind::Population(_)
                    | ItemKind::Drive(_)
                    | ItemKind::Part { .. }
                    | ItemKind::Binding(_)
                    | ItemKind::Constraint(_) => {}
                }
            }
        }
    }

    fn items(&mut self, id: CircuitId, items: &'a [Item]) {
        for item in items {
            match &item.kind {
                ItemKind::Population(population) => self.population(population),
                ItemKind::Drive(drive) => self.drive(drive),
                ItemKind::Projection(projection) => {
                    let weight = self.projection(projection);
                    self.weights.insert((id, projection.slot), weight);
                }
                ItemKind::Part { circuit, args, .. } => self.arguments(*circuit, args),
                ItemKind::Binding(_) => {}
                ItemKind::For { items, .. } => self.items(id, items),
                ItemKind::If { condition, then, otherwise } => {
                    self.infer(*condition);
                    self.condition(*condition);
                    self.items(id, then);
                    self.items(id, otherwise);
                }
                // When all projections have types.
                ItemKind::Constraint(_) => {}
            }
        }
    }

    pub fn arguments(&mut self, circuit: CircuitId, args: &[(SlotId, ExprId)]) {
        for (slot, value) in args {
            self.infer(*value);
            let formal = &self.hir.circuit(circuit).slots[slot.index()];
            let due = self.types.circuit_slots[circuit.index()][slot.index()].clone();
            let because = (formal.span, format!("{}, as declared", typing::words(&due)));
            self.demand(*value, &due, &format!("`{}`", formal.name), Some(because));
        }
    }

    fn population(&mut self, population: &Population) {
        for size in &population.size {
            self.infer(*size);
            self.demand_whole(*size, "the size of a population");
        }
        let cell = self.hir.cell(population.cell);
        for (var, value, _) in &population.overrides {
            self.infer(*value);
            let due = self.types.vars[population.cell.index()][var.index()].clone();
            let declared = &cell.vars[var.index()];
            if cell.spike_times {
                self.spike_times(*value);
                continue;
            }
            let because = (declared.span, format!("{}, as declared", typing::words(&due)));
            self.demand(*value, &due, &format!("`{}`", declared.name), Some(because));
        }
        if let Some(names) = population.names {
            self.infer(names);
        }
        if let Some(at) = population.at {
            self.infer(at);
            if let ExprKind::Tuple(parts) = &self.hir.expr(at).kind {
                parts
                    .iter()
                    .for_each(|part| self.demand(*part, &Type::Real(Dimension::LENGTH), "a position", None));
            }
        }
    }

    /// `[(0 ms, 0), (5 ms, 2)]`, or loaded.
    fn spike_times(&mut self, value: ExprId) {
        let pairs = match &self.hir.expr(value).kind {
            ExprKind::Array(pairs) => pairs.as_slice(),
            // Columns of times in ms and of cells, as a file would have them.
            _ if is_plain(&self.ty(value)) => return,
            _ => &[value],
        };
        for pair in pairs {
            match &self.hir.expr(*pair).kind {
                ExprKind::Tuple(parts) if parts.len() == 2 => {
                    self.demand(parts[0], &Type::Real(Dimension::TIME), "the time of a spike", None);
                    self.demand_whole(parts[1], "the cell of a spike");
                }
                ExprKind::Error => {}
                _ => {
                    let found = self.ty(*pair);
                    self.sink.push(typing::wrong_type(
                        self.span(*pair),
                        "a pair of a time and a cell",
                        &found,
                    ));
                }
            }
        }
    }

    /// The dimension of what arrives at a target; reports one that is no port.
    fn target(&mut self, target: ExprId, what: &str) -> Option<Type> {
        self.infer(target);
        match self.ty(target) {
            Type::Port(dimension) => Some(Type::Real(dimension)),
            Type::Error => None,
            ty if view_of(&ty).is_some() || ty == Type::Segment => {
                let parts = self.parts_of(target);
                let ports = parts.first().map_or(vec![], |part| self.port_names(*part));
                self.sink.push(structure::missing_port(self.span(target), what, &ports));
                None
            }
            other => {
                self.sink.push(typing::wrong_type(self.span(target), "a port of a population", &other));
                None
            }
        }
    }

    fn port_names(&self, part: Part) -> Vec<String> {
        let own = |var: &&Var| var.home == part.home && matches!(var.kind, VarKind::Port { .. });
        let ports = self.hir.cell(part.cell).vars.iter().filter(own);
        ports.map(|var| var.name.to_string()).collect()
    }

    pub fn drive(&mut self, drive: &Drive) {
        let port = self.target(drive.target, "a drive").unwrap_or(Type::Error);
        let arrives = Some((self.span(drive.target), format!("a port for {}", typing::words(&port))));
        match &drive.source {
            DriveSource::Poisson(rate) => match self.infer(*rate) {
                Type::Real(Dimension::REAL) | Type::AnyReal | Type::Int => {}
                _ => self.demand(*rate, &Type::Real(Dimension::FREQUENCY), "the rate of `poisson`", None),
            },
            DriveSource::Choose { count, every } => {
                self.infer(*count);
                self.demand_whole(*count, "the number of cells to choose");
                self.demand_time(*every, "`every`");
            }
            DriveSource::Times(times) => {
                self.infer(*times);
                self.demand(
                    *times,
                    &Type::Array(Box::new(Type::Real(Dimension::TIME)), vec![None]),
                    "the list of times",
                    None,
                );
            }
            DriveSource::Table { data, every } => {
                self.demand_time(*every, "`every`");
                match self.infer(*data) {
                    Type::Array(element, shape) if shape.len() <= 2 => {
                        if !super::demand::fits(&element, &port) {
                            self.sink.push(typing::must_be(
                                self.span(*data),
                                "what drives this port",
                                &port,
                                &element,
                                arrives,
                            ));
                        }
                    }
                    Type::Error => {}
                    other => self.sink.push(typing::wrong_type(
                        self.span(*data),
                        "a table of one or two dimensions",
                        &other,
                    )),
                }
                self.value_port(drive.target);
            }
            DriveSource::Value(value) => {
                self.infer(*value);
                self.demand(*value, &port, "what drives this port", arrives);
                self.value_port(drive.target);
            }
        }
        let arrives = Some((self.span(drive.target), format!("a port for {}", typing::words(&port))));
        if let Some(weight) = drive.weight {
            self.infer(weight);
            self.demand(weight, &port, "the weight", arrives);
        }
        drive.delay.iter().for_each(|delay| self.demand_time(*delay, "a delay"));
        drive.window.iter().for_each(|(from, to)| {
            self.demand_time(*from, "the start of a drive");
            self.demand_time(*to, "the end of a drive");
        });
    }

    /// Values flow only into `sum` ports.
    fn value_port(&mut self, target: ExprId) {
        for (_, cell, var) in self.ports_of(target) {
            let port = &self.hir.cell(cell).vars[var.index()];
            if let VarKind::Port { shape, .. } = &port.kind
                && !matches!(shape, PortShape::Sum | PortShape::Error)
            {
                self.sink.push(structure::value_port(self.span(target), &port.name, port.span));
                return;
            }
        }
    }

    /// The ports that a target names, one for each kind of cell.
    pub fn ports_of(&self, target: ExprId) -> Vec<(Span, CellId, VarId)> {
        let ExprKind::Field { base, name, name_span } = &self.hir.expr(target).kind else {
            return vec![];
        };
        let ports = self.parts_of(*base).into_iter().filter_map(|Part { cell, home }| {
            let own = |var: &Var| var.home == home && var.name == *name;
            let var = self.hir.cell(cell).vars.iter().position(own)?;
            Some((*name_span, cell, VarId(var as u32)))
        });
        ports.collect()
    }

    /// Gives the type of the weights.
    fn projection(&mut self, projection: &'a Projection) -> Type {
        self.infer(projection.source);
        let source = self.ty(projection.source);
        self.source(projection, &source);
        let port = self.target(projection.target, "a projection").unwrap_or(Type::Error);
        let before = match self.hir.expr(projection.source).kind {
            ExprKind::Field { base, .. } if matches!(source, Type::Events | Type::Port(_)) => {
                self.parts_of(base)
            }
            _ => self.parts_of(projection.source),
        };
        let after = match self.hir.expr(projection.target).kind {
            ExprKind::Field { base, .. } => self.parts_of(base),
            _ => vec![],
        };
        self.onto(projection, &after);
        self.sides = (before, after);
        self.connect(&projection.connect);
        let because = (self.span(projection.target), format!("a port for {}", typing::words(&port)));
        let weight = match (projection.weight, projection.continuous) {
            (Some(weight), None) => {
                self.infer(weight);
                self.demand(weight, &port, "the weight", Some(because.clone()));
                port.clone()
            }
            (Some(weight), Some(_)) => self.free_weight(weight),
            (None, None) => port.clone(),
            // One that is missing was reported, and its dimension is anyone's guess.
            (None, Some(_)) => Type::Error,
        };
        projection.delay.iter().for_each(|delay| self.demand_time(*delay, "a delay"));
        projection.dendritic.iter().for_each(|delay| self.demand_time(*delay, "a delay"));
        projection.back.iter().for_each(|delay| self.demand_time(*delay, "a delay"));
        if let Some((Which::Pair(which), _)) = projection.onto {
            self.infer(which);
            self.demand_whole(which, "the index of a segment");
        }
        if let Some((key, _)) = projection.share {
            self.infer(key);
            self.demand_whole(key, "what `share by` compares");
        }
        if let Some(value) = projection.continuous {
            self.flow(projection, value, &weight, &port, because);
        }
        if let Some(attachment) = &projection.plasticity {
            if projection.symmetric {
                self.both_sides();
            }
            self.attachment(attachment, &weight);
        }
        let ends = std::mem::take(&mut self.sides);
        if let Owner::Circuit(circuit) = self.owner {
            self.ends.insert((circuit, projection.slot), ends);
        }
        self.polarity(projection);
        weight
    }

    /// What a projection begins at: cells, or their events where spikes travel; of a symmetric one, ports.
    fn source(&mut self, projection: &Projection, source: &Type) {
        let at = self.span(projection.source);
        if projection.symmetric {
            let here = self.target(projection.source, "one side of `<->`");
            let there = self.target(projection.target, "a projection");
            if let (Some(here), Some(there)) = (here, there)
                && here != there
            {
                let because = (self.span(projection.target), format!("a port for {}", typing::words(&there)));
                self.sink.push(typing::must_be(at, "the port on this side", &there, &here, Some(because)));
            }
            return;
        }
        let due = match projection.continuous {
            Some(_) if *source == Type::Events => "a population, whose values flow",
            _ if matches!(source, Type::Events | Type::Error) || view_of(source).is_some() => return,
            _ => "a population or one of its events",
        };
        self.sink.push(typing::wrong_type(at, due, source));
    }

    /// The type of a weight of any dimension.
    fn free_weight(&mut self, weight: ExprId) -> Type {
        self.infer(weight);
        match self.ty(weight) {
            ty @ (Type::Real(_) | Type::AnyReal | Type::Error) => ty,
            Type::Int => REAL,
            other => {
                self.sink.push(typing::wrong_type(self.span(weight), "one weight", &other));
                Type::Error
            }
        }
    }

    /// `continuous e`: in each direction `pre` is where it comes from.
    fn flow(
        &mut self,
        projection: &Projection,
        value: ExprId,
        weight: &Type,
        port: &Type,
        because: (Span, String),
    ) {
        if projection.symmetric {
            self.both_sides();
            self.value_port(projection.source);
        }
        self.value_port(projection.target);
        let outer = std::mem::replace(&mut self.weight, weight.clone());
        self.infer(value);
        self.weight = outer;
        self.demand(value, port, "what flows into this port", Some(because));
    }

    /// Each end of a symmetric projection is once before and once after.
    fn both_sides(&mut self) {
        let (before, after) = std::mem::take(&mut self.sides);
        let mut both = before;
        for part in after {
            if !both.contains(&part) {
                both.push(part);
            }
        }
        self.sides = (both.clone(), both);
    }

    /// `onto` chooses among the segments of the target.
    fn onto(&mut self, projection: &Projection, after: &[Part]) {
        let Some((_, at)) = projection.onto else { return };
        let numbered = |part: &Part| {
            let cell = self.hir.cell(part.cell);
            cell.parts_around(part.home).any(|home| cell.segments[home.index()].count.is_some())
        };
        if !after.is_empty() && !after.iter().all(numbered) {
            self.sink.push(crate::diagnose::onto::onto_without_segments(at));
        }
    }

    fn connect(&mut self, connect: &Connect) {
        match connect {
            Connect::Probability(p) => {
                self.infer(*p);
                self.demand(*p, &REAL, "a probability", None);
            }
            Connect::InDegree(n) | Connect::OutDegree(n) | Connect::Total(n) => {
                self.infer(*n);
                self.demand_whole(*n, "the number of synapses");
            }
            Connect::Where(condition) => {
                self.infer(*condition);
                self.condition(*condition);
            }
            Connect::From(table) => match self.infer(*table) {
                Type::Error | Type::Text | Type::Array(..) => {}
                other => self.sink.push(typing::wrong_type(self.span(*table), "a table of pairs", &other)),
            },
            Connect::OneToOne | Connect::AllToAll | Connect::Error => {}
        }
    }

    /// Whether an expression names an item of a circuit, not a value.
    pub fn is_item(&self, id: ExprId) -> bool {
        matches!(innermost(self.types.expr(id)), Type::Drive | Type::Projection | Type::Part(_))
    }
}

/// An array of numbers without unit, or what was reported before.
fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Error => true,
        Type::Array(element, _) => {
            matches!(**element, Type::Real(Dimension::REAL) | Type::AnyReal | Type::Int)
        }
        _ => false,
    }
}
