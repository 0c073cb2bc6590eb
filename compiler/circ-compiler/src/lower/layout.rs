//! Layout: where everything of a population is kept.
//!
//! In: a population of the net. Out: its arrays, slots, accumulators and events, and for each variable
//! of its cell where its value is. Parameters that are one number are slots, all others arrays.

use std::collections::{BTreeMap, BTreeSet};

use circ_plan::ir::*;
use circ_plan::plan::{ArrayPlan, EventPlan, PortPlan, Role, UniformPlan};

use super::context::Source;
use super::inputs::Input;
use super::learning::{Kept, Trace};
use crate::hir::*;
use crate::types::{ArrayValue, Type, Value};

/// Where a variable's value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Storage {
    /// A parameter that is an array, the same for all cells: known, not kept.
    Constant(Value),
    /// A parameter that is an array with elements that differ from cell to cell, row-major.
    Elements {
        shape: Vec<usize>,
        arrays: Vec<ArrayId>,
        ty: Ty,
    },
    Uniform(UniformId, Ty),
    Array(ArrayId, Ty),
    /// A port with dynamics: its value, and what makes it rise.
    Port {
        value: ArrayId,
        rise: Option<ArrayId>,
    },
    /// A `sum` port: what arrived in the last delivery, if synapses end there.
    Sum {
        stored: Option<ArrayId>,
        /// What flows in, if a continuous projection ends there.
        flow: Option<ArrayId>,
    },
    /// A `delta` port, or a `let`: nothing is kept.
    Nothing,
}

impl Storage {
    /// Whether it is the same place, or the same bits.
    pub fn is_same(&self, other: &Storage) -> bool {
        let bits = |array: &ArrayValue| array.data.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        match (self, other) {
            (Storage::Constant(Value::Array(one)), Storage::Constant(Value::Array(other))) => {
                (&one.element, &one.shape) == (&other.element, &other.shape) && bits(one) == bits(other)
            }
            _ => self == other,
        }
    }
}

/// Ports of a population, by what comes there.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// Spikes and events of drives.
    pub by_events: BTreeSet<String>,
    /// Values of continuous projections.
    pub by_flows: BTreeSet<String>,
}

/// The storage of a population.
pub struct Layout<'a> {
    /// Index in the plan.
    pub population: u32,
    pub net: &'a crate::net::Population,
    pub cell: &'a Cell,
    pub precision: Precision,
    pub arrays: Vec<ArrayPlan>,
    pub uniforms: Vec<UniformPlan>,
    pub ports: Vec<PortPlan>,
    pub events: Vec<EventPlan>,
    /// By `VarId`.
    pub storage: Vec<Storage>,
    /// Accumulators of ports that something is sent to.
    pub accumulators: BTreeMap<VarId, PortId>,
    /// Until when each mode is on.
    pub modes: Vec<ArrayId>,
    /// The last value of each `rising` condition.
    pub rising: BTreeMap<ExprId, ArrayId>,
    /// Events that may be emitted for the next tick.
    pub pending: BTreeMap<EventIx, ArrayId>,
    /// Whether each state that an experiment clamps is held.
    pub clamps: BTreeMap<VarId, ArrayId>,
    /// Whether an experiment makes each cell spike at the next tick, and whether it lets it spike no more.
    pub fired: Option<ArrayId>,
    pub silenced: Option<ArrayId>,
    /// Value drives, by port.
    pub inputs: BTreeMap<VarId, Vec<Input<'a>>>,
    /// Positions that connections read: arrays of x, y, z.
    pub positions: [Option<ArrayId>; 3],
    /// States that rules keep of the cells.
    pub traces: Vec<Trace<'a>>,
    /// What rules see of the cells, as far as it is kept for them.
    pub kept: Vec<Kept>,
}

impl<'a> Layout<'a> {
    /// Everything but parameters, which `params` adds.
    pub fn new(source: Source<'a>, population: u32, reached: &Reached) -> Layout<'a> {
        let net = &source.net.populations[population as usize];
        let cell = source.hir.cell(net.cell);
        let mut layout = Layout {
            population,
            net,
            cell,
            precision: cell.precision.unwrap_or(source.net.precision),
            arrays: vec![],
            uniforms: vec![],
            ports: vec![],
            events: cell.events.iter().map(|e| EventPlan { name: e.name.to_string() }).collect(),
            storage: vec![Storage::Nothing; cell.vars.len()],
            accumulators: BTreeMap::new(),
            modes: vec![],
            rising: BTreeMap::new(),
            pending: BTreeMap::new(),
            clamps: BTreeMap::new(),
            fired: None,
            silenced: None,
            inputs: BTreeMap::new(),
            positions: [None; 3],
            traces: vec![],
            kept: vec![],
        };
        if cell.spike_times && layout.events.is_empty() {
            layout.events.push(EventPlan { name: "spike".to_owned() });
        }
        layout.place_variables(source, reached);
        layout.place_memory(source.hir);
        layout
    }

    /// A new array.
    pub fn array(&mut self, name: impl Into<String>, ty: Ty, role: Role) -> ArrayId {
        self.arrays.push(ArrayPlan { name: name.into(), ty, role });
        ArrayId((self.arrays.len() - 1) as u32)
    }

    /// A new parameter slot.
    pub fn uniform(&mut self, name: impl Into<String>, ty: Ty, value: f64) -> UniformId {
        self.uniforms.push(UniformPlan { name: name.into(), ty, role: Role::Parameter, value });
        UniformId((self.uniforms.len() - 1) as u32)
    }

    /// The variable with this name.
    pub fn named(&self, name: &str) -> Option<VarId> {
        self.cell.vars.iter().position(|v| &*v.name == name).map(|at| VarId(at as u32))
    }

    /// The type in which a variable is kept.
    pub fn ty(source: Source, cell: CellId, var: VarId) -> Ty {
        match source.types.vars.get(cell.index()).and_then(|vars| vars.get(var.index())) {
            Some(ty) => kept_type(ty),
            None => Ty::Float,
        }
    }

    fn place_variables(&mut self, source: Source, reached: &Reached) {
        let cell = self.cell;
        for (at, var) in cell.vars.iter().enumerate() {
            let id = VarId(at as u32);
            match &var.kind {
                VarKind::State { .. } => {
                    let ty = Layout::ty(source, self.net.cell, id);
                    self.storage[at] = Storage::Array(self.array(&*var.name, ty, Role::State), ty);
                }
                VarKind::Port { shape, .. } => {
                    let sent_to = reached.by_events.contains(&*var.name);
                    if sent_to {
                        self.ports.push(PortPlan { name: var.name.to_string() });
                        self.accumulators.insert(id, PortId((self.ports.len() - 1) as u32));
                    }
                    let flows = reached.by_flows.contains(&*var.name);
                    self.storage[at] = self.place_port(&var.name, shape, sent_to, flows);
                }
                VarKind::Param { .. } | VarKind::Let { .. } => {}
            }
        }
    }

    fn place_port(&mut self, name: &str, shape: &PortShape, sent_to: bool, flows: bool) -> Storage {
        match shape {
            PortShape::Exponential { .. } => {
                Storage::Port { value: self.array(name, Ty::Float, Role::Port), rise: None }
            }
            PortShape::Alpha { .. } | PortShape::Biexponential { .. } => Storage::Port {
                value: self.array(name, Ty::Float, Role::Port),
                rise: Some(self.array(format!("{name}.rise"), Ty::Float, Role::Port)),
            },
            PortShape::Sum => {
                let stored = sent_to.then(|| self.array(name, Ty::Float, Role::Port));
                let flow = flows.then(|| self.array(format!("{name}.flow"), Ty::Float, Role::Flow));
                Storage::Sum { stored, flow }
            }
            PortShape::Delta { .. } | PortShape::Error => Storage::Nothing,
        }
    }

    fn place_memory(&mut self, hir: &Hir) {
        let cell = self.cell;
        for (at, mode) in cell.modes.iter().enumerate() {
            let unique = cell.modes.iter().filter(|other| other.name == mode.name).count() == 1;
            let name = if unique { mode.name.to_string() } else { format!("{}{at}", mode.name) };
            let array = self.array(name, Ty::Tick, Role::Mode);
            self.modes.push(array);
        }
        for condition in cell.events.iter().filter_map(|event| event.condition) {
            for rising in risings(hir, condition) {
                let name = format!("rising{}", self.rising.len());
                let array = self.array(name, Ty::Bool, Role::Memory);
                self.rising.insert(rising, array);
            }
        }
        for event in emitted_late(cell) {
            let name = format!("emit {}", cell.events[event.index()].name);
            let array = self.array(name, Ty::Bool, Role::Memory);
            self.pending.insert(event, array);
        }
        for (at, var) in cell.vars.iter().enumerate() {
            if matches!(var.kind, VarKind::State { .. }) && self.net.is_clamped(&var.name) {
                let array = self.array(clamp_of(&var.name), Ty::Bool, Role::Memory);
                self.clamps.insert(VarId(at as u32), array);
            }
        }
        if self.net.fired {
            self.fired = Some(self.array(FIRE, Ty::Bool, Role::Memory));
        }
        if self.net.silenced {
            self.silenced = Some(self.array(SILENCE, Ty::Bool, Role::Memory));
        }
    }
}

/// What the arrays are called that say which cells are made to spike, and which are kept from it.
pub const FIRE: &str = "fire cells";
pub const SILENCE: &str = "silence cells";

/// What the array is called that says whether a state is clamped.
pub fn clamp_of(state: &str) -> String {
    format!("clamp {state}")
}

/// The type in which a value, or an element of an array, is kept.
pub fn kept_type(ty: &Type) -> Ty {
    match ty {
        Type::Int => Ty::Int,
        Type::Bool => Ty::Bool,
        Type::Array(element, _) => kept_type(element),
        _ => Ty::Float,
    }
}

/// The `rising` conditions in an expression.
fn risings(hir: &Hir, expr: ExprId) -> Vec<ExprId> {
    match &hir.expr(expr).kind {
        ExprKind::Rising(_) => vec![expr],
        ExprKind::Unary { value, .. } => risings(hir, *value),
        ExprKind::Binary { left, right, .. } => [risings(hir, *left), risings(hir, *right)].concat(),
        ExprKind::If { condition, then, otherwise } => {
            [risings(hir, *condition), risings(hir, *then), risings(hir, *otherwise)].concat()
        }
        _ => vec![],
    }
}

/// Events that are emitted where step 3 has reached their block already.
fn emitted_late(cell: &Cell) -> BTreeSet<EventIx> {
    let mut late = BTreeSet::new();
    for event in &cell.events {
        for target in emits(&event.body) {
            if cell.events[target.index()].order <= event.order {
                late.insert(target);
            }
        }
    }
    for reaction in &cell.reactions {
        if matches!(reaction.trigger, Trigger::Event(_) | Trigger::End(_)) {
            late.extend(emits(&reaction.body));
        }
    }
    late
}

fn emits(body: &[Action]) -> Vec<EventIx> {
    let mut found = vec![];
    for action in body {
        match &action.kind {
            ActionKind::Emit(event) => found.push(*event),
            ActionKind::If { then, otherwise, .. } => {
                found.extend(emits(then));
                found.extend(emits(otherwise));
            }
            _ => {}
        }
    }
    found
}
