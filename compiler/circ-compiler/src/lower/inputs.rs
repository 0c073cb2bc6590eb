//! Value drives: what flows into `sum` ports without synapses.
//!
//! In: drives of the net with a value or a table. Out: for each `sum` port of each population its
//! [`Input`]s, and their value at a tick, as part of the kernels.

use circ_grammar::ast::Span;
use circ_plan::ir::*;
use circ_plan::plan::{Indices, Role, Segment, Table};

use super::cell::Phase;
use super::context::{Lowerer, Report, Site, Source};
use super::layout::Layout;
use super::time::ticks;
use crate::hir::path::part_of;
use crate::hir::{PortShape, VarId, VarKind};
use crate::net::{Drive, DriveKind, Setting};
use crate::types::{Dimension, Type, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A drive as one population sees it.
#[derive(Clone)]
pub struct Input<'a> {
    pub drive: &'a Drive,
    /// The port that it flows into.
    pub port: Arc<str>,
    /// What its draws belong to.
    name: String,
    pub members: Members,
    pub from_tick: i64,
    pub to_tick: i64,
    /// The slot of a value that is the same for all and always.
    pub uniform: Option<UniformId>,
    /// The array of a value that an experiment sets for each cell.
    pub array: Option<ArrayId>,
}

/// Which cells, and which position in the drive's view each has.
#[derive(Clone, Debug, PartialEq)]
pub enum Members {
    /// All, at index + offset.
    All { offset: i64 },
    /// `lo .. hi`, at index + offset.
    Range { lo: i64, hi: i64, offset: i64 },
    /// Position by index, -1 for cells outside.
    Positions(Vec<f64>),
}

/// Adds every value drive of the net to the populations that it reaches.
pub fn place_inputs<'a>(source: Source<'a>, layouts: &mut [Layout<'a>], report: &mut Report) {
    for drive in &source.net.drives {
        if !matches!(drive.kind, DriveKind::Value(_) | DriveKind::Table { .. }) {
            continue;
        }
        let from_tick = ticks(source, report, drive.from_ms, drive.span, "the start");
        let to_tick = ticks(source, report, drive.to_ms, drive.span, "the end");
        let mut populations: Vec<u32> = drive.target.segments.iter().map(|s| s.population).collect();
        populations.sort_unstable();
        populations.dedup();
        for population in populations {
            let Some(layout) = layouts.get_mut(population as usize) else { continue };
            let uniform = match &drive.kind {
                DriveKind::Value(Setting::Value(value)) if !drive.per_cell => {
                    number(value).map(|x| layout.uniform(format!("drive {}", drive.path), Ty::Float, x))
                }
                _ => None,
            };
            let here = drive.ports.of(&drive.target).filter(|(segment, _)| segment.population == population);
            let names: BTreeSet<&Arc<str>> = here.map(|(_, name)| name).collect();
            for name in names {
                let is_sum = |port: &VarId| {
                    matches!(layout.cell.vars[port.index()].kind, VarKind::Port { shape: PortShape::Sum, .. })
                };
                let Some(port) = layout.named(name).filter(is_sum) else { continue };
                let port_name = name.clone();
                let members = members_of(drive, (population, name), layout.net.cells());
                let array = drive.per_cell.then(|| {
                    layout.array(format!("drive {} {name}", drive.path), Ty::Float, Role::Parameter)
                });
                // Each segment draws for itself.
                let part = part_of(name).0;
                let dot = if part.is_empty() { "" } else { "." };
                let name = format!("={}{dot}{part}", drive.path);
                let input =
                    Input { drive, port: port_name, name, members, from_tick, to_tick, uniform, array };
                layout.inputs.entry(port).or_default().push(input);
            }
        }
    }
}

impl Input<'_> {
    /// What each cell gets before anything is set, where that is one number.
    pub fn first_value(&self) -> Option<f64> {
        match &self.drive.kind {
            DriveKind::Value(Setting::Value(value)) => number(value),
            _ => None,
        }
    }
}

/// A value that is one number.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Real(x) => Some(*x),
        Value::Int(x) => Some(*x as f64),
        Value::Bool(x) => Some(f64::from(u8::from(*x))),
        Value::Text(_) | Value::Array(_) | Value::Tuple(_) | Value::View(_) => None,
    }
}

/// Where the cells of a population are in a drive's view, for one of their ports.
fn members_of(drive: &Drive, (population, port): (u32, &str), cells: u32) -> Members {
    let view = &drive.target;
    let all = || drive.ports.of(view);
    let is_it = |it: &(&Segment, &Arc<str>)| it.0.population == population && &**it.1 == port;
    let here: Vec<&Segment> = all().filter(is_it).map(|(segment, _)| segment).collect();
    if let [segment] = here[..]
        && let Indices::Range(lo, hi) = segment.cells
    {
        let before: usize =
            view.segments.iter().take_while(|s| !std::ptr::eq(*s, segment)).map(|s| s.cells.len()).sum();
        let offset = before as i64 - i64::from(lo);
        return match (lo, hi) {
            (0, hi) if hi == cells => Members::All { offset },
            (lo, hi) => Members::Range { lo: i64::from(lo), hi: i64::from(hi), offset },
        };
    }
    let mut positions = vec![-1.0; cells as usize];
    let mut position = 0;
    for (segment, name) in all() {
        for at in 0..segment.cells.len() {
            if is_it(&(segment, name))
                && let Some(cell) = positions.get_mut(segment.cells.get(at) as usize)
            {
                *cell = f64::from(position);
            }
            position += 1;
        }
    }
    Members::Positions(positions)
}

impl<'a> Lowerer<'a, '_, '_> {
    /// What a drive sends to this cell in this tick.
    pub fn input(&mut self, input: &Input<'a>) -> ValueId {
        let (member, position) = self.membership(&input.members);
        let mask = self.in_window(input.from_tick, input.to_tick);
        let mask = self.b.and(member, mask);
        let span = input.drive.span;
        let value = match &input.drive.kind {
            DriveKind::Value(setting) => match (input.uniform, setting) {
                _ if let Some(array) = input.array => self.b.load(Side::Own, array, Ty::Float),
                (Some(uniform), _) => self.b.uniform(uniform, Ty::Float),
                (None, Setting::Value(value)) => {
                    let value = self.known(value, span);
                    let value = self.scalar(value, span);
                    self.as_float(value)
                }
                (None, Setting::Each(closure)) => self.declared(&input.name, |this| {
                    this.within(closure.environment, |this| this.float(closure.expr))
                }),
            },
            DriveKind::Table { data, every_ms } => self.table_input(data, *every_ms, position, span),
            DriveKind::Poisson { .. } | DriveKind::Choose { .. } | DriveKind::Times(_) => self.b.float(0.0),
        };
        let zero = self.b.float(0.0);
        self.b.select(mask, value, zero)
    }

    /// Whether the cell is driven, and its position in the drive's view.
    fn membership(&mut self, members: &Members) -> (ValueId, ValueId) {
        let index = self.cell_index();
        match members {
            Members::All { offset } => {
                let offset = self.b.int(*offset);
                (self.b.bool(true), self.b.add(index, offset))
            }
            Members::Range { lo, hi, offset } => {
                let (lo, hi, offset) = (self.b.int(*lo), self.b.int(*hi), self.b.int(*offset));
                let (above, below) = (self.b.ge(index, lo), self.b.lt(index, hi));
                (self.b.and(above, below), self.b.add(index, offset))
            }
            Members::Positions(positions) => {
                let table =
                    Table { name: String::new(), rows: positions.len(), columns: 1, data: positions.clone() };
                let table = self.report.add_table(table);
                let zero = self.b.int(0);
                let position = self.b.table(table, index, zero);
                let position = self.b.to_int(position);
                (self.b.ge(position, zero), position)
            }
        }
    }

    /// The tick at which values flow: that of the state they are added to.
    fn input_tick(&mut self) -> (ValueId, i64) {
        let late = match &self.site {
            Site::Cell(site) if site.phase == Phase::Start => 1,
            Site::Cell(_) | Site::View(_) | Site::Pair(_) => 0,
        };
        (self.b.now(), late)
    }

    /// Whether the tick is in `from .. to`.
    fn in_window(&mut self, from: i64, to: i64) -> ValueId {
        let (now, late) = self.input_tick();
        let mut mask = self.b.bool(true);
        if from > 0 {
            let from = self.b.tick(from.saturating_add(late));
            mask = self.b.ge(now, from);
        }
        if to < MAX_TICK {
            let to = self.b.tick(to.saturating_add(late));
            let before = self.b.lt(now, to);
            mask = self.b.and(mask, before);
        }
        mask
    }

    /// Row `q` from `q * every` on; 0 after the last.
    fn table_input(&mut self, data: &Value, every_ms: f64, position: ValueId, span: Span) -> ValueId {
        let Value::Array(array) = data else { return self.b.float(0.0) };
        let every = ticks(self.source, self.report, every_ms, span, "the time of a row").max(1);
        let rows = array.shape.first().map_or(0, |n| *n as i64);
        if rows == 0 {
            return self.b.float(0.0);
        }
        let columns = (array.data.len() as i64) / rows;
        let (now, late) = self.input_tick();
        let now = self.as_int(now);
        let late = self.b.int(late);
        let tick = self.b.sub(now, late);
        let every = self.b.int(every);
        let row = self.b.int_div(tick, every);
        let (zero, last) = (self.b.int(0), self.b.int(rows - 1));
        let inside = self.clamp(row, Some(zero), Some(last));
        let column = if columns > 1 {
            let most = self.b.int(columns - 1);
            self.clamp(position, Some(zero), Some(most))
        } else {
            zero
        };
        let plain = crate::types::ArrayValue {
            element: Type::Real(Dimension::REAL),
            shape: vec![rows as u64, columns as u64],
            data: array.data.clone(),
        };
        let value = self.table_element(&plain, inside, column);
        let over = self.b.gt(row, last);
        let nothing = self.b.float(0.0);
        self.b.select(over, nothing, value)
    }
}
