//! The net as text, for `--emit=net` and snapshots.
//!
//! In: a net and the HIR that its closures point into. Out: one line for each thing, in order of making,
//! with quantities in natural units where the dimension is known.

use crate::hir::{Builtin, ExprId, ExprKind, Hir, Index, Ref, SlotId, VarKind};
use crate::net::{
    Closure, Connect, ConstraintKind, Drive, DriveKind, Environment, EnvironmentId, Net, Owner, Population,
    Position, Projection, Setting,
};
use crate::types::{Dimension, Type, Value};
use crate::units::show;
use circ_grammar::ast::{BinaryOp, UnaryOp};
use circ_plan::plan::{Indices, Sender, View};
use std::fmt::Write;

/// Deeper expressions are cut off with `...`.
const MAX_DEPTH: u32 = 60;
/// Longer lists are cut off with `...`.
const MAX_ITEMS: usize = 8;

/// The whole net.
pub fn print(net: &Net, hir: &Hir) -> String {
    let mut out = String::new();
    let printer = Printer { net, hir };
    let _ = writeln!(out, "dt {}, seed {}, {}", show(net.dt, Dimension::TIME), net.seed, net.precision);
    for (k, environment) in net.environments.iter().enumerate() {
        printer.environment(k, environment, &mut out);
    }
    for population in &net.populations {
        printer.population(population, &mut out);
    }
    for sender in &net.order {
        match sender {
            Sender::Drive(k) => net.drives.get(*k as usize).into_iter().for_each(|d| printer.drive(d, &mut out)),
            Sender::Projection(k) => {
                net.projections.get(*k as usize).into_iter().for_each(|p| printer.projection(p, &mut out));
            }
        }
    }
    let values = net.drives.iter().enumerate().filter(|(k, _)| !net.order.contains(&Sender::Drive(*k as u32)));
    values.for_each(|(_, drive)| printer.drive(drive, &mut out));
    for constraint in &net.constraints {
        let ConstraintKind::Monitor(expr) = constraint.kind;
        let _ = writeln!(out, "monitor {}", expression(hir, expr));
    }
    out
}

struct Printer<'a> {
    net: &'a Net,
    hir: &'a Hir,
}

impl Printer<'_> {
    fn environment(&self, k: usize, environment: &Environment, out: &mut String) {
        if environment.values.is_empty() {
            return;
        }
        let owner = match environment.owner {
            Owner::Circuit(id) => self.hir.circuits.get(id.index()).map_or("circuit", |c| &c.name),
            Owner::Experiment(id) => self.hir.experiments.get(id as usize).map_or("experiment", |e| &e.name),
            Owner::Nobody => "nobody",
        };
        let place = environment.prefix.trim_end_matches('.');
        let _ = writeln!(out, "#{k} {owner}{}{place}", if place.is_empty() { "" } else { " " });
        for (slot, value) in &environment.values {
            let _ = writeln!(out, "  {} = {}", self.slot(environment.owner, *slot), value_text(value, None));
        }
    }

    fn slot(&self, owner: Owner, slot: SlotId) -> &str {
        let slots = match owner {
            Owner::Circuit(id) => self.hir.circuits.get(id.index()).map(|c| &c.slots),
            Owner::Experiment(id) => self.hir.experiments.get(id as usize).map(|e| &e.slots),
            Owner::Nobody => None,
        };
        slots.and_then(|slots| slots.get(slot.index())).map_or("?", |s| &s.name)
    }

    fn population(&self, population: &Population, out: &mut String) {
        let Some(cell) = self.hir.cells.get(population.cell.index()) else { return };
        let polarity = population.polarity.map_or("", crate::diagnose::build::polarity_name);
        let shape = population.shape.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let space = if polarity.is_empty() { "" } else { " " };
        let _ = writeln!(out, "population {}: {polarity}{space}{}[{shape}]", population.path, cell.name);
        for (var, setting, _) in &population.settings {
            let declared = cell.vars.get(var.index());
            let dimension = declared.and_then(|v| match (&v.declared, &v.kind) {
                (Some(Type::Real(dimension)), VarKind::Param { .. } | VarKind::State { .. }) => Some(*dimension),
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
        match &population.at {
            Some(Position::Grid(spacing)) => {
                let _ = writeln!(out, "  at grid({})", show(*spacing, Dimension::LENGTH));
            }
            Some(Position::Each(axes)) => {
                let axes = axes.iter().flatten().map(|c| expression(self.hir, c.expr)).collect::<Vec<_>>();
                let _ = writeln!(out, "  at ({})", axes.join(", "));
            }
            None => {}
        }
        if !population.spike_times.is_empty() {
            let events = population.spike_times.iter().map(|(ms, c)| format!("({}, {c})", show(*ms, Dimension::TIME)));
            let _ = writeln!(out, "  events [{}]", list(events));
        }
    }

    fn drive(&self, drive: &Drive, out: &mut String) {
        let source = match &drive.kind {
            DriveKind::Poisson { rate, per_tick: false } => {
                format!("poisson({})", self.setting(rate, Some(Dimension::FREQUENCY)))
            }
            DriveKind::Poisson { rate, per_tick: true } => {
                format!("poisson({} per tick)", self.setting(rate, Some(Dimension::REAL)))
            }
            DriveKind::Choose { count, every_ms } => {
                format!("choose({count}, every = {})", show(*every_ms, Dimension::TIME))
            }
            DriveKind::Times(times) => format!("times([{}])", list(times.iter().map(|t| show(*t, Dimension::TIME)))),
            DriveKind::Table { data, every_ms } => {
                format!("table({}, every = {})", value_text(data, None), show(*every_ms, Dimension::TIME))
            }
            DriveKind::Value(value) => self.setting(value, None),
        };
        let _ = writeln!(out, "drive {}: {source} -> {}.{}", drive.path, self.view(&drive.target), drive.port);
        if let Some(weight) = &drive.weight {
            let _ = writeln!(out, "  weight {}", self.setting(weight, None));
        }
        if drive.delay_ms != 0.0 {
            let _ = writeln!(out, "  delay {}", show(drive.delay_ms, Dimension::TIME));
        }
        if drive.from_ms != 0.0 || drive.to_ms.is_finite() {
            let (from, to) = (show(drive.from_ms, Dimension::TIME), show(drive.to_ms, Dimension::TIME));
            let _ = writeln!(out, "  from {from} to {to}");
        }
    }

    fn projection(&self, projection: &Projection, out: &mut String) {
        let (from, to) = (self.view(&projection.source), self.view(&projection.target));
        let event = if projection.event == "spike" { String::new() } else { format!(".{}", projection.event) };
        let _ = writeln!(out, "projection {}: {from}{event} -> {to}.{}", projection.path, projection.port);
        let connect = match &projection.connect {
            Connect::Probability(p) => format!("probability {}", self.setting(p, Some(Dimension::REAL))),
            Connect::InDegree(n) => format!("in_degree {n}"),
            Connect::OutDegree(n) => format!("out_degree {n}"),
            Connect::Total(n) => format!("total {n}"),
            Connect::OneToOne => "one_to_one".to_string(),
            Connect::AllToAll => "all_to_all".to_string(),
            Connect::Where(condition) => format!("where {}", expression(self.hir, condition.expr)),
            Connect::Pairs(pairs) => format!("pairs [{}]", list(pairs.iter().map(|(a, b)| format!("{a} -> {b}")))),
        };
        let itself = if projection.allow_self { ", self" } else { "" };
        let multiple = if projection.allow_multiple { ", multiple" } else { "" };
        let _ = writeln!(out, "  connect {connect}{itself}{multiple}");
        let _ = writeln!(out, "  weight {}, {:?}", self.setting(&projection.weight, None), projection.sign);
        let dendritic = match &projection.dendritic {
            Some(setting) => format!(", dendritic {}", self.setting(setting, Some(Dimension::TIME))),
            None => String::new(),
        };
        let _ = writeln!(out, "  delay {}{dendritic}", self.setting(&projection.delay, Some(Dimension::TIME)));
        for (name, values) in &projection.edges {
            let _ = writeln!(out, "  edge.{name} [{}]", list(values.iter().map(|x| show(*x, Dimension::REAL))));
        }
    }

    fn setting(&self, setting: &Setting, dimension: Option<Dimension>) -> String {
        match setting {
            Setting::Value(value) => value_text(value, dimension),
            Setting::Each(Closure { expr, environment: EnvironmentId(n) }) => {
                format!("each {} in #{n}", expression(self.hir, *expr))
            }
        }
    }

    fn view(&self, view: &View) -> String {
        let segments = view.segments.iter().map(|segment| {
            let population = self.net.populations.get(segment.population as usize);
            let (path, cells) = population.map_or(("?", 0), |p| (p.path.as_str(), p.cells()));
            match &segment.cells {
                Indices::Range(0, hi) if *hi == cells => path.to_string(),
                Indices::Range(lo, hi) => format!("{path}[{lo} .. {hi}]"),
                Indices::List(cells) => format!("{path}[[{}]]", list(cells.iter().map(u32::to_string))),
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

/// An expression as it could be written.
pub fn expression(hir: &Hir, expr: ExprId) -> String {
    text(hir, expr, 0)
}

fn text(hir: &Hir, expr: ExprId, depth: u32) -> String {
    let Some(found) = hir.exprs.get(expr.index()) else { return "?".to_string() };
    if MAX_DEPTH < depth {
        return "...".to_string();
    }
    let inner = |e: &ExprId| text(hir, *e, depth + 1);
    let all = |items: &[ExprId]| items.iter().map(inner).collect::<Vec<_>>().join(", ");
    match &found.kind {
        ExprKind::Number { value, dimension, .. } => show(*value, *dimension),
        ExprKind::Bool(b) => b.to_string(),
        ExprKind::Text(t) => format!("{t:?}"),
        ExprKind::Ref(name) => reference(hir, *name),
        ExprKind::Unary { op: UnaryOp::Negate, value } => format!("-{}", inner(value)),
        ExprKind::Unary { op: UnaryOp::Not, value } => format!("not {}", inner(value)),
        ExprKind::Binary { op, left, right } => format!("({} {} {})", inner(left), operator(*op), inner(right)),
        ExprKind::InRange { value, lo, hi } => format!("({} in {} .. {})", inner(value), inner(lo), inner(hi)),
        ExprKind::InView { value, view } => format!("({} in {})", inner(value), inner(view)),
        ExprKind::If { condition, then, otherwise } => {
            format!("(if {} then {} else {})", inner(condition), inner(then), inner(otherwise))
        }
        ExprKind::Call { builtin, args } => format!("{}({})", builtin_name(*builtin), all(args)),
        ExprKind::CallFn { function, args } => {
            format!("{}({})", hir.functions.get(function.index()).map_or("?", |f| &f.name), all(args))
        }
        ExprKind::Draw { distribution, args } => {
            format!("{}({})", format!("{distribution:?}").to_lowercase(), all(args))
        }
        ExprKind::Redraw { value, lo, hi } => format!("redraw({}, {}, {})", inner(value), inner(lo), inner(hi)),
        ExprKind::Noise(0) => "xi".to_string(),
        ExprKind::Noise(k) => format!("xi({k})"),
        ExprKind::Chance(p) => format!("chance({})", inner(p)),
        ExprKind::Rising(c) => format!("rising({})", inner(c)),
        ExprKind::Derivative(var) => format!("var{}'", var.0),
        ExprKind::Reduce { reduce, value, over } => {
            let over = over.map_or(String::new(), |(index, lo, hi)| {
                format!(" for {} in {} .. {}", reference(hir, Ref::Local(index)), inner(&lo), inner(&hi))
            });
            format!("{}({}{over})", format!("{reduce:?}").to_lowercase(), inner(value))
        }
        ExprKind::Array(items) => format!("[{}]", all(items)),
        ExprKind::Tuple(items) => format!("({})", all(items)),
        ExprKind::Index { base, indices } => {
            let indices = indices.iter().map(|index| match index {
                Index::At(at) => inner(at),
                Index::Range(lo, hi) => format!("{} .. {}", inner(lo), inner(hi)),
                Index::Where(condition) => format!("where {}", inner(condition)),
            });
            format!("{}[{}]", inner(base), indices.collect::<Vec<_>>().join(", "))
        }
        ExprKind::Field { base, name, .. } => format!("{}.{name}", inner(base)),
        ExprKind::Measure { name, args, .. } => {
            let args = args.iter().map(|arg| inner(&arg.value)).collect::<Vec<_>>();
            format!("{name}({})", args.join(", "))
        }
        ExprKind::Error => "?".to_string(),
    }
}

/// Slots and variables by number: whose they are is not known here.
fn reference(hir: &Hir, name: Ref) -> String {
    match name {
        Ref::Time => "t".to_string(),
        Ref::Step => "dt".to_string(),
        Ref::CellIndex => "i".to_string(),
        Ref::Row => "row".to_string(),
        Ref::Col => "col".to_string(),
        Ref::Layer => "layer".to_string(),
        Ref::Size => "size".to_string(),
        Ref::Pi => "pi".to_string(),
        Ref::Infinity => "inf".to_string(),
        Ref::Distance => "distance".to_string(),
        Ref::Pre => "pre".to_string(),
        Ref::Post => "post".to_string(),
        Ref::Edge => "edge".to_string(),
        Ref::Local(local) => hir.locals.get(local.index()).map_or("?".to_string(), |l| l.name.to_string()),
        Ref::Var(var) => format!("var{}", var.0),
        Ref::Mode(mode) => format!("mode{}", mode.0),
        Ref::Global(global) => hir.globals.get(global.index()).map_or("?".to_string(), |g| g.name.to_string()),
        Ref::Slot(slot) => format!("slot{}", slot.0),
        Ref::OfCircuit(slot) => format!("circuit.slot{}", slot.0),
    }
}

fn builtin_name(builtin: Builtin) -> String {
    match builtin {
        Builtin::StepFunction => "step".to_string(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// As it is written.
pub(crate) fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Power => "^",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
    }
}
