//! Parameters and initial values: which parameters are one number for all cells, and the programs that
//! give each cell its own.
//!
//! In: settings of a population's block and the cell's defaults. Out: slots and arrays in the layout,
//! `init_params`, `init_states`. A value given in the block is evaluated with the circuit's names, a
//! default with the cell's.

use std::collections::BTreeMap;

use circ_plan::ir::*;
use circ_plan::plan::Role;

use super::cell::{CellSite, Phase, Slot};
use super::context::{Keys, Lowerer, Report, Site, Source};
use super::layout::{Layout, Storage};
use super::value::Lowered;
use crate::diagnose::structure::not_yet;
use crate::hir::*;
use crate::kernel::build::Builder;
use crate::net::{Position, Setting};
use crate::types::{Type, Value};

/// More elements than this are not kept for each cell.
const MOST_ELEMENTS: usize = 4096;

/// Gives every parameter its place.
pub fn place_parameters<'a>(
    source: Source<'a>,
    layout: &mut Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
) {
    if layout.cell.spike_times {
        return;
    }
    for (var, found) in evaluated(source, layout, report, keys) {
        let name = layout.cell.vars[var.index()].name.to_string();
        let per_cell = layout.net.per_cell.contains(&var);
        layout.storage[var.index()] = match found {
            Found::Array(value) => Storage::Constant(value),
            Found::Elements(ty, shape) => {
                let places = places(&shape).into_iter();
                let arrays = places.map(|at| layout.array(format!("{name}{at}"), ty, Role::Parameter));
                Storage::Elements { arrays: arrays.collect(), shape, ty }
            }
            Found::One(ty, value) if !per_cell => Storage::Uniform(layout.uniform(name, ty, value), ty),
            Found::One(ty, _) | Found::Each(ty) => {
                Storage::Array(layout.array(name, ty, Role::Parameter), ty)
            }
        };
    }
}

/// What a parameter is.
enum Found {
    /// One value for the population.
    One(Ty, f64),
    /// One for each cell.
    Each(Ty),
    /// An array, the same for all cells.
    Array(Value),
    /// An array of this shape, with elements of this type for each cell.
    Elements(Ty, Vec<usize>),
}

/// The places of an array's elements, row-major: `[0, 0]`, `[0, 1]`, ...
fn places(shape: &[usize]) -> Vec<String> {
    let mut places = vec![vec![]];
    for length in shape {
        let longer = |place: &Vec<usize>| {
            let place = place.clone();
            (0..*length).map(move |at| [&place[..], &[at]].concat())
        };
        places = places.iter().flat_map(longer).collect();
    }
    places.iter().map(|place| format!("{place:?}")).collect()
}

/// All parameters, evaluated in double precision.
fn evaluated<'a>(
    source: Source<'a>,
    layout: &Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
) -> BTreeMap<VarId, Found> {
    let site = Site::Cell(CellSite::new(layout, Phase::Parameters));
    // Draws must not leave keys behind: only the programs that are kept decide their order.
    let mut scratch = keys.clone();
    let builder = Builder::new("parameters", Precision::F64);
    let mut lowerer = Lowerer::new(source, report, &mut scratch, builder, site);
    let mut found = BTreeMap::new();
    for (at, var) in layout.cell.vars.iter().enumerate() {
        let id = VarId(at as u32);
        if !matches!(var.kind, VarKind::Param { .. }) {
            continue;
        }
        let ty = Layout::ty(source, layout.net.cell, id);
        let value = match lowerer.variable(id, var.span) {
            Lowered::Known(array) => Found::Array(Value::Array(array)),
            Lowered::Many { shape, elements } => {
                let known = elements.iter().all(|element| lowerer.b.constant(*element).is_some());
                match known {
                    true => Found::Array(known_array(&lowerer.b, &shape, &elements)),
                    false if MOST_ELEMENTS < elements.len() => {
                        let what = format!("an array of more than {MOST_ELEMENTS} elements for each cell");
                        lowerer.refuse(not_yet(var.span, &what));
                        Found::One(ty, 0.0)
                    }
                    false => Found::Elements(ty, shape),
                }
            }
            Lowered::One(value) => {
                let value = lowerer.to(ty, value);
                match lowerer.b.constant(value) {
                    Some(constant) => Found::One(ty, constant.number()),
                    None => Found::Each(ty),
                }
            }
        };
        found.insert(id, value);
    }
    found
}

/// Of constants.
fn known_array(b: &Builder, shape: &[usize], elements: &[ValueId]) -> Value {
    let data = elements.iter().map(|v| b.constant(*v).map_or(0.0, |c| c.number())).collect();
    let element = match elements.first().map(|v| b.ty(*v)) {
        Some(Ty::Int) => Type::Int,
        Some(Ty::Bool) => Type::Bool,
        _ => Type::Real(crate::types::Dimension::REAL),
    };
    let shape = shape.iter().map(|n| *n as u64).collect();
    Value::Array(std::sync::Arc::new(crate::types::ArrayValue { element, shape, data }))
}

/// The programs that make a population: parameters of each cell and positions; initial states.
pub fn initial_programs<'a>(
    source: Source<'a>,
    layout: &'a Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
) -> (Program, Program) {
    (parameters_program(source, layout, report, keys), states_program(source, layout, report, keys))
}

fn parameters_program<'a>(
    source: Source<'a>,
    layout: &'a Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
) -> Program {
    let builder = Builder::new(format!("{}.init_params", layout.net.path), layout.precision);
    let site = Site::Cell(CellSite::new(layout, Phase::Parameters));
    let mut lowerer = Lowerer::new(source, report, keys, builder, site);
    let mut outputs = vec![];
    for (at, storage) in layout.storage.iter().enumerate() {
        let var = &layout.cell.vars[at];
        let VarKind::Param { .. } = var.kind else { continue };
        match storage {
            Storage::Array(array, ty) => {
                let value = lowerer.variable(VarId(at as u32), var.span);
                let value = lowerer.scalar(value, var.span);
                outputs.push(Output::Array(*array, lowerer.to(*ty, value)));
            }
            Storage::Elements { arrays, ty, .. } => {
                let value = lowerer.variable(VarId(at as u32), var.span);
                let Lowered::Many { elements, .. } = lowerer.spread(value) else { continue };
                for (array, element) in arrays.iter().zip(elements) {
                    outputs.push(Output::Array(*array, lowerer.to(*ty, element)));
                }
            }
            _ => {}
        }
    }
    for input in layout.inputs.values().flatten() {
        if let (Some(array), Some(value)) = (input.array, input.first_value()) {
            outputs.push(Output::Array(array, lowerer.b.float(value)));
        }
    }
    for (axis, array) in layout.positions.iter().enumerate() {
        if let Some(array) = array {
            outputs.push(Output::Array(*array, lowerer.position(layout, axis)));
        }
    }
    let checks = std::mem::take(&mut lowerer.checks);
    lowerer.finish(outputs, checks)
}

fn states_program<'a>(
    source: Source<'a>,
    layout: &'a Layout<'a>,
    report: &mut Report,
    keys: &mut Keys,
) -> Program {
    let builder = Builder::new(format!("{}.init_states", layout.net.path), layout.precision);
    let site = Site::Cell(CellSite::new(layout, Phase::Initial));
    let mut lowerer = Lowerer::new(source, report, keys, builder, site);
    let mut outputs = vec![];
    for (at, var) in layout.cell.vars.iter().enumerate() {
        let id = VarId(at as u32);
        match (&var.kind, &layout.storage[at]) {
            (VarKind::State { .. }, Storage::Array(array, ty)) => {
                let value = lowerer.variable(id, var.span);
                let value = lowerer.scalar(value, var.span);
                outputs.push(Output::Array(*array, lowerer.to(*ty, value)));
            }
            (VarKind::Port { .. }, Storage::Port { value, rise }) => {
                let initial = lowerer.initial_port(id);
                outputs.push(Output::Array(*value, initial));
                if let Some(rise) = rise {
                    outputs.push(Output::Array(*rise, lowerer.b.float(0.0)));
                }
            }
            (VarKind::Port { .. }, Storage::Sum { stored: Some(stored), .. }) => {
                outputs.push(Output::Array(*stored, lowerer.b.float(0.0)));
            }
            _ => {}
        }
    }
    for mode in &layout.modes {
        outputs.push(Output::Array(*mode, lowerer.b.tick(-1)));
    }
    for memory in layout.rising.values().chain(layout.pending.values()) {
        outputs.push(Output::Array(*memory, lowerer.b.bool(false)));
    }
    outputs.extend(lowerer.initial_traces(layout));
    if let Some(site) = lowerer.cell() {
        site.phase = Phase::Observe;
        site.memo.clear();
    }
    outputs.extend(lowerer.initial_laws(layout, &outputs));
    let checks = std::mem::take(&mut lowerer.checks);
    lowerer.finish(outputs, checks)
}

impl<'a> Lowerer<'a, '_, '_> {
    /// What a population's block gives a variable.
    fn setting(&mut self, var: VarId) -> Option<&'a Setting> {
        let settings = &self.cell()?.layout.net.settings;
        settings.iter().rev().find(|(id, _, _)| *id == var).map(|(_, setting, _)| setting)
    }

    fn set_value(&mut self, setting: &Setting, name: &str, span: circ_grammar::ast::Span) -> Lowered {
        match setting {
            Setting::Value(value) => self.known(value, span),
            Setting::Each(closure) => {
                self.declared(name, |this| this.within(closure.environment, |this| this.expr(closure.expr)))
            }
        }
    }

    /// A default, with the cell's names only.
    fn default_value(&mut self, expr: Option<ExprId>, name: &str) -> Lowered {
        let Some(expr) = expr else { return Lowered::One(self.b.float(0.0)) };
        let environment = self.environment.take();
        let value = self.declared(name, |this| this.expr(expr));
        self.environment = environment;
        value
    }

    /// A parameter's value before the run.
    pub fn parameter_value(&mut self, var: VarId) -> Lowered {
        let Some(layout) = self.cell().map(|site| site.layout) else {
            return Lowered::One(self.b.float(0.0));
        };
        let declared = &layout.cell.vars[var.index()];
        let value = match self.setting(var) {
            Some(setting) => self.set_value(setting, &declared.name, declared.span),
            None => match &declared.kind {
                VarKind::Param { default, .. } => self.default_value(*default, &declared.name),
                _ => Lowered::One(self.b.float(0.0)),
            },
        };
        self.kept_as(layout, var, value)
    }

    /// A state's value before the run, within its range.
    pub fn initial_value(&mut self, var: VarId) -> Lowered {
        let Some(layout) = self.cell().map(|site| site.layout) else {
            return Lowered::One(self.b.float(0.0));
        };
        let declared = &layout.cell.vars[var.index()];
        let value = match self.setting(var) {
            Some(setting) => self.set_value(setting, &declared.name, declared.span),
            None => match &declared.kind {
                VarKind::State { initial, .. } => self.default_value(*initial, &declared.name),
                _ => Lowered::One(self.b.float(0.0)),
            },
        };
        match self.kept_as(layout, var, value) {
            Lowered::One(value) => Lowered::One(self.within_range(var, value)),
            other => other,
        }
    }

    fn initial_port(&mut self, var: VarId) -> ValueId {
        let Some(setting) = self.setting(var) else { return self.b.float(0.0) };
        let Some(layout) = self.cell().map(|site| site.layout) else { return self.b.float(0.0) };
        let declared = &layout.cell.vars[var.index()];
        let value = self.set_value(setting, &declared.name, declared.span);
        let value = self.scalar(value, declared.span);
        self.as_float(value)
    }

    /// In the type that the variable is kept in.
    fn kept_as(&mut self, layout: &Layout, var: VarId, value: Lowered) -> Lowered {
        match value {
            Lowered::One(value) => {
                let ty = Layout::ty(self.source, layout.net.cell, var);
                Lowered::One(self.to(ty, value))
            }
            other => other,
        }
    }

    /// Clipped to the range of a state, if it has one.
    pub fn within_range(&mut self, var: VarId, value: ValueId) -> ValueId {
        let Some(layout) = self.cell().map(|site| site.layout) else { return value };
        let VarKind::State { range: Some((lo, hi)), .. } = layout.cell.vars[var.index()].kind else {
            return value;
        };
        let environment = self.environment.take();
        let (lo, hi) = (self.one(lo), self.one(hi));
        self.environment = environment;
        self.clamp(value, Some(lo), Some(hi))
    }

    /// A coordinate of the cell's position in µm: x is along the last index.
    fn position(&mut self, layout: &Layout, axis: usize) -> ValueId {
        match &layout.net.at {
            None => self.b.float(0.0),
            Some(Position::Grid(spacing)) => {
                let coordinate = self.coordinate([1, 0, 2][axis]);
                let (coordinate, spacing) = (self.b.to_float(coordinate), self.b.float(*spacing));
                self.b.mul(coordinate, spacing)
            }
            Some(Position::Each(axes)) => match axes[axis] {
                None => self.b.float(0.0),
                Some(closure) => {
                    let name = ["x", "y", "z"][axis];
                    self.declared(name, |this| {
                        this.within(closure.environment, |this| this.float(closure.expr))
                    })
                }
            },
        }
    }

    /// Every slot that a cell keeps, with its name.
    pub fn kept_slots(layout: &Layout) -> Vec<Slot> {
        let mut slots = vec![];
        for (at, storage) in layout.storage.iter().enumerate() {
            let var = VarId(at as u32);
            match (storage, &layout.cell.vars[at].kind) {
                (Storage::Array(..), VarKind::State { .. }) => slots.push(Slot::State(var)),
                (Storage::Port { rise, .. }, _) => {
                    slots.push(Slot::Port(var));
                    slots.extend(rise.map(|_| Slot::Rise(var)));
                }
                (Storage::Sum { stored: Some(_), .. }, _) => slots.push(Slot::Stored(var)),
                _ => {}
            }
        }
        slots.extend((0..layout.modes.len()).map(|m| Slot::Until(ModeId(m as u32))));
        slots.extend(layout.rising.keys().map(|e| Slot::Rising(*e)));
        slots.extend(layout.pending.keys().map(|e| Slot::Later(*e)));
        slots.extend(layout.fired.map(|_| Slot::Fired));
        slots
    }
}
