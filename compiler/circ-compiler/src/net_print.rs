//! The net as text, for `--emit=net` and snapshots.
//!
//! In: a net and the HIR that its closures point into. Out: one line for each thing, in order of making,
//! with units where declarations and literals tell the dimension; other numbers are coherent.

mod expression;

use crate::diagnose::time::time;
use crate::hir::{ExprId, ExprKind, Hir, Slot, SlotId, SlotKind, VarKind};
use crate::net::{
    Closure, Connect, ConstraintKind, Drive, DriveKind, Environment, Net, Owner, Population, Position,
    Projection, Proof, Setting,
};
use crate::types::{Dimension, Type, Value};
use crate::units::show;
use circ_plan::plan::{Indices, Pairing, Sender, View};
use expression::Names;
use std::fmt::Write;

pub(crate) use expression::operator;

/// Longer lists are cut off with `...`.
const MAX_ITEMS: usize = 8;

/// The whole net.
pub fn print(net: &Net, hir: &Hir) -> String {
    let mut out = String::new();
    let printer = Printer { net, hir };
    let _ = writeln!(out, "dt {}, seed {}, {}", time(net.dt), net.seed, net.precision);
    for (k, environment) in net.environments.iter().enumerate() {
        printer.environment(k, environment, &mut out);
    }
    for population in &net.populations {
        printer.population(population, &mut out);
    }
    for sender in &net.order {
        match sender {
            Sender::Drive(k) => {
                net.drives.get(*k as usize).into_iter().for_each(|d| printer.drive(d, &mut out))
            }
            Sender::Projection(k) => {
                net.projections.get(*k as usize).into_iter().for_each(|p| printer.projection(p, &mut out));
            }
        }
    }
    let values =
        net.drives.iter().enumerate().filter(|(k, _)| !net.order.contains(&Sender::Drive(*k as u32)));
    values.for_each(|(_, drive)| printer.drive(drive, &mut out));
    for constraint in &net.constraints {
        let environment = constraint.environment;
        let closure = |expr| printer.closure(&Closure { expr, environment });
        let _ = match constraint.kind {
            ConstraintKind::Dale => writeln!(out, "dale"),
            ConstraintKind::Require { condition, proof: Proof::Now } => {
                writeln!(out, "require {}, proved", closure(condition))
            }
            ConstraintKind::Require { condition, proof: Proof::AtBuild } => {
                writeln!(out, "require {}", closure(condition))
            }
            ConstraintKind::Enforce(enforce) => match enforce.every_ms {
                Some(ms) => writeln!(out, "enforce {} every {ms} ms", closure(enforce.equation)),
                None => writeln!(out, "enforce {}", closure(enforce.equation)),
            },
            ConstraintKind::Monitor { condition, stops } => {
                let stops = if stops { " else stop" } else { "" };
                writeln!(out, "monitor {}{stops}", closure(condition))
            }
        };
    }
    out
}

/// One population, as in the whole net.
pub fn print_population(net: &Net, hir: &Hir, population: usize) -> String {
    let mut out = String::new();
    Printer { net, hir }.population(&net.populations[population], &mut out);
    out
}

/// One projection, likewise.
pub fn print_projection(net: &Net, hir: &Hir, projection: usize) -> String {
    let mut out = String::new();
    Printer { net, hir }.projection(&net.projections[projection], &mut out);
    out
}

struct Printer<'a> {
    net: &'a Net,
    hir: &'a Hir,
}

impl Printer<'_> {
    /// The values of an instance; of a pass of a loop only what it adds.
    fn environment(&self, k: usize, environment: &Environment, out: &mut String) {
        let around = environment.instance.and_then(|id| self.net.environments.get(id.0 as usize));
        let is_new = |slot: &SlotId| around.is_none_or(|a| a.values.get(slot).is_none());
        let values: Vec<_> = environment.values.iter().filter(|(slot, _)| is_new(slot)).collect();
        if values.is_empty() {
            return;
        }
        let owner = match environment.owner {
            Owner::Circuit(id) => self.hir.circuits.get(id.index()).map_or("circuit", |c| &c.name),
            Owner::Experiment(id) => self.hir.experiments.get(id as usize).map_or("experiment", |e| &e.name),
            Owner::Nobody => "nobody",
        };
        let place = environment.prefix.trim_end_matches('.');
        let _ = writeln!(out, "#{k} {owner}{}{place}", if place.is_empty() { "" } else { " " });
        let slots = self.slots(environment.owner);
        for (slot, value) in values {
            let declared = slots.get(slot.index());
            let dimension = declared.and_then(|slot| match &slot.kind {
                SlotKind::Formal { declared, default, .. } => self.dimension(declared.as_ref(), *default),
                SlotKind::Let { declared, value } => self.dimension(declared.as_ref(), Some(*value)),
                _ => None,
            });
            let name = declared.map_or("?", |s| &s.name);
            let _ = writeln!(out, "  {name} = {}", value_text(value, dimension));
        }
    }

    fn slots(&self, owner: Owner) -> &[Slot] {
        match owner {
            Owner::Circuit(id) => self.hir.circuits.get(id.index()).map_or(&[], |c| &c.slots),
            Owner::Experiment(id) => self.hir.experiments.get(id as usize).map_or(&[], |e| &e.slots),
            Owner::Nobody => &[],
        }
    }

    /// What a declaration says of its dimension: its type, or the literal that it begins with.
    fn dimension(&self, declared: Option<&Type>, value: Option<ExprId>) -> Option<Dimension> {
        match declared {
            Some(Type::Real(dimension) | Type::Port(dimension)) => return Some(*dimension),
            Some(_) => return None,
            None => {}
        }
        match self.hir.exprs.get(value?.index())?.kind {
            ExprKind::Number { dimension, .. } => Some(dimension),
            ExprKind::Unary { value, .. } => self.dimension(None, Some(value)),
            _ => None,
        }
    }

    /// Of the weights at a port.
    fn port_dimension(&self, view: &View, ports: &crate::net::Members) -> Option<Dimension> {
        let population = self.net.populations.get(view.segments.first()?.population as usize)?;
        let cell = self.hir.cells.get(population.cell.index())?;
        let port = &cell.vars[cell.var_at(ports.first())?.index()];
        self.dimension(port.declared.as_ref(), None)
    }

    fn closure(&self, closure: &Closure) -> String {
        let owner =
            self.net.environments.get(closure.environment.0 as usize).map_or(Owner::Nobody, |e| e.owner);
        let mut names = Names { hir: self.hir, slots: self.slots(owner), outer: &[] };
        if let Owner::Experiment(id) = owner
            && let Some(circuit) = self.hir.experiments.get(id as usize).and_then(|e| e.circuit)
        {
            names.outer = self.slots(Owner::Circuit(circuit));
        }
        names.text(closure.expr, 0)
    }

    fn population(&self, population: &Population, out: &mut String) {
        let Some(cell) = self.hir.cells.get(population.cell.index()) else {
            return;
        };
        let polarity = population.polarity.map_or("", crate::diagnose::build::polarity_name);
        let shape = population.shape.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let space = if polarity.is_empty() { "" } else { " " };
        let _ = writeln!(out, "population {}: {polarity}{space}{}[{shape}]", population.path, cell.name);
        for (var, setting, _) in &population.settings {
            let declared = cell.vars.get(var.index());
            let dimension = declared.and_then(|v| match &v.kind {
                VarKind::Param { default: value, .. } | VarKind::State { initial: value, .. } => {
                    self.dimension(v.declared.as_ref(), *value)
                }
                _ => None,
            });
            let per_cell = if population.per_cell.contains(var) { " (per cell)" } else { "" };
            let name = declared.map_or("?", |v| &v.name);
            let _ = writeln!(out, "  {name} = {}{per_cell}", self.setting(setting, dimension));
        }
        for var in &population.per_cell {
            if !population.settings.iter().any(|(v, _, _)| v == var) {
                let _ = writeln!(out, "  {} per cell", cell.vars.get(var.index()).map_or("?", |v| &v.name));
            }
        }
        for state in &population.clamped {
            let _ = writeln!(out, "  {state} can be clamped");
        }
        match &population.at {
            Some(Position::Grid(spacing)) => {
                let _ = writeln!(out, "  at grid({})", show(*spacing, Dimension::LENGTH));
            }
            Some(Position::Each(axes)) => {
                let axes = axes.iter().flatten().map(|c| self.closure(c)).collect::<Vec<_>>();
                let _ = writeln!(out, "  at ({})", axes.join(", "));
            }
            None => {}
        }
        if !population.names.is_empty() {
            let _ = writeln!(out, "  names [{}]", list(population.names.iter().cloned()));
        }
        if !population.spike_times.is_empty() {
            let events = population.spike_times.iter().map(|(ms, c)| format!("({}, {c})", time(*ms)));
            let _ = writeln!(out, "  events [{}]", list(events));
        }
    }

    fn drive(&self, drive: &Drive, out: &mut String) {
        let source = match &drive.kind {
            DriveKind::Poisson { rate, per_tick: false, .. } => {
                format!("poisson({})", self.setting(rate, Some(Dimension::FREQUENCY)))
            }
            DriveKind::Poisson { rate, per_tick: true, .. } => {
                format!("poisson({} per tick)", self.setting(rate, Some(Dimension::REAL)))
            }
            DriveKind::Choose { count, every_ms } => {
                format!("choose({count}, every = {})", time(*every_ms))
            }
            DriveKind::Times(times) => format!("times([{}])", list(times.iter().map(|t| time(*t)))),
            DriveKind::Table { data, every_ms } => {
                format!("table({}, every = {})", value_text(data, None), time(*every_ms))
            }
            DriveKind::Value(value) => self.setting(value, self.port_dimension(&drive.target, &drive.ports)),
        };
        let _ = writeln!(
            out,
            "drive {}: {source} -> {}.{}",
            drive.path,
            self.view(&drive.target),
            drive.ports.written
        );
        if let Some(weight) = &drive.weight {
            let dimension = self.port_dimension(&drive.target, &drive.ports);
            let _ = writeln!(out, "  weight {}", self.setting(weight, dimension));
        }
        if drive.delay_ms != 0.0 {
            let _ = writeln!(out, "  delay {}", time(drive.delay_ms));
        }
        if drive.from_ms != 0.0 || drive.to_ms.is_finite() {
            let (from, to) = (time(drive.from_ms), time(drive.to_ms));
            let _ = writeln!(out, "  from {from} to {to}");
        }
    }

    fn projection(&self, projection: &Projection, out: &mut String) {
        let (from, to) = (self.view(&projection.source), self.view(&projection.target));
        let event = if &*projection.events.written == "spike" || projection.flow.is_some() {
            String::new()
        } else {
            format!(".{}", projection.events.written)
        };
        let _ = writeln!(
            out,
            "projection {}: {from}{event} -> {to}.{}",
            projection.path, projection.ports.written
        );
        let connect = match &projection.connect {
            Connect::Probability(p) => {
                format!("probability {}", self.setting(p, Some(Dimension::REAL)))
            }
            Connect::InDegree(n) => format!("in_degree {n}"),
            Connect::OutDegree(n) => format!("out_degree {n}"),
            Connect::Total(n) => format!("total {n}"),
            Connect::OneToOne => "one_to_one".to_string(),
            Connect::AllToAll => "all_to_all".to_string(),
            Connect::Where(condition) => format!("where {}", self.closure(condition)),
            Connect::Pairs(pairs) => {
                format!("pairs [{}]", list(pairs.iter().map(|(a, b)| format!("{a} -> {b}"))))
            }
        };
        let itself = if projection.allow_self { ", self" } else { "" };
        let multiple = if projection.allow_multiple { ", multiple" } else { "" };
        let _ = writeln!(out, "  connect {connect}{itself}{multiple}");
        let weight =
            self.setting(&projection.weight, self.port_dimension(&projection.target, &projection.ports));
        let _ = writeln!(out, "  weight {weight}, {:?}", projection.sign);
        let dendritic = match &projection.dendritic {
            Some(setting) => format!(", dendritic {}", self.setting(setting, Some(Dimension::TIME))),
            None => String::new(),
        };
        let back = match &projection.back {
            Some(setting) => format!(", back {}", self.setting(setting, Some(Dimension::TIME))),
            None => String::new(),
        };
        let delay = self.setting(&projection.delay, Some(Dimension::TIME));
        let _ = writeln!(out, "  delay {delay}{dendritic}{back}");
        if let Some(flow) = &projection.flow {
            let _ = writeln!(out, "  continuous {}, stage {}", self.closure(&flow.value), flow.stage);
        }
        if let Some(share) = &projection.share {
            let _ = writeln!(out, "  share by {}", self.closure(&share.key));
        }
        match projection.pairing {
            Pairing::Ordered => {}
            Pairing::Unordered => out.push_str("  unordered pairs\n"),
            Pairing::Mirror(other) => {
                let _ = writeln!(out, "  mirror of projection {other}");
            }
        }
        for (name, values) in &projection.edges {
            let _ =
                writeln!(out, "  edge.{name} [{}]", list(values.iter().map(|x| show(*x, Dimension::REAL))));
        }
    }

    fn setting(&self, setting: &Setting, dimension: Option<Dimension>) -> String {
        match setting {
            Setting::Value(value) => value_text(value, dimension),
            Setting::Each(closure) => format!("each {} in #{}", self.closure(closure), closure.environment.0),
        }
    }

    fn view(&self, view: &View) -> String {
        let segments = view.segments.iter().map(|segment| {
            let population = self.net.populations.get(segment.population as usize);
            let (path, cells) = population.map_or(("?", 0), |p| (p.path.as_str(), p.cells()));
            match &segment.cells {
                Indices::Range(0, hi) if *hi == cells => path.to_string(),
                Indices::Range(lo, hi) => format!("{path}[{lo} .. {hi}]"),
                Indices::List(cells) => {
                    format!("{path}[[{}]]", list(cells.iter().map(u32::to_string)))
                }
            }
        });
        let segments: Vec<String> = segments.collect();
        match segments.as_slice() {
            [one] => one.clone(),
            many => format!("({})", many.join(", ")),
        }
    }
}

fn list(items: impl ExactSizeIterator<Item = String>) -> String {
    let more = items.len().saturating_sub(MAX_ITEMS);
    let mut shown: Vec<String> = items.take(MAX_ITEMS).collect();
    if 0 < more {
        shown.push(format!("... {more} more"));
    }
    shown.join(", ")
}

/// Coherent numbers with their unit where the dimension is known.
fn value_text(value: &Value, dimension: Option<Dimension>) -> String {
    match value {
        Value::Real(x) if dimension == Some(Dimension::TIME) => time(*x),
        Value::Real(x) => show(*x, dimension.unwrap_or(Dimension::REAL)),
        Value::Int(n) => n.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::Array(array) => {
            let shape = array.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            format!("[{}] of {shape}", list(array.data.iter().map(|x| show(*x, Dimension::REAL))))
        }
        Value::Tuple(items) => format!("({})", list(items.iter().map(|v| value_text(v, None)))),
        Value::View(view) => format!("view of {} cells", view.len()),
    }
}
