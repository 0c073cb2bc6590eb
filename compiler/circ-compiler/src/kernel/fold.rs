//! Binding times: moves what is constant while time runs out of the kernels.
//!
//! In: the reference programs of a population (`start`, `step`), and where new slots go. Out: the same
//! programs reading derived slots and arrays, and the programs that compute these. What depends on
//! shared parameters only always moves: a loop over cells then loads one number. What depends on
//! parameters of each cell moves only if it holds an operation that costs more than loading its value
//! from an array at every step. A matrix exponential of parameters never stays. The operations stay the
//! same, so the bits do.

use std::collections::BTreeMap;

use circ_plan::ir::*;
use circ_plan::plan::{ArrayPlan, PopulationPlan, Role, UniformPlan};

use super::build::Builder;
use super::ops::{map_operands, map_output, operands, output_value};

/// Knows what is constant while time runs, and makes room for what follows from it.
pub trait Slots {
    /// Whether this shared slot changes only between ticks.
    fn is_parameter_uniform(&self, uniform: UniformId) -> bool;
    /// Whether this array changes only between ticks.
    fn is_parameter_array(&self, array: ArrayId) -> bool;
    /// A new derived slot of this type.
    fn add_uniform(&mut self, ty: Ty) -> UniformId;
    /// A new derived array of this type.
    fn add_array(&mut self, ty: Ty) -> ArrayId;
}

impl Slots for PopulationPlan {
    fn is_parameter_uniform(&self, uniform: UniformId) -> bool {
        self.uniforms.get(uniform.0 as usize).is_some_and(|u| u.role == Role::Parameter)
    }
    fn is_parameter_array(&self, array: ArrayId) -> bool {
        self.arrays.get(array.0 as usize).is_some_and(|a| a.role == Role::Parameter)
    }
    fn add_uniform(&mut self, ty: Ty) -> UniformId {
        let name = format!("derived {}", self.uniforms.len());
        self.uniforms.push(UniformPlan { name, ty, role: Role::Derived, value: 0.0 });
        UniformId(self.uniforms.len() as u32 - 1)
    }
    fn add_array(&mut self, ty: Ty) -> ArrayId {
        let name = format!("derived {}", self.arrays.len());
        self.arrays.push(ArrayPlan { name, ty, role: Role::Derived });
        ArrayId(self.arrays.len() as u32 - 1)
    }
}

/// Programs with what is constant moved out.
#[derive(Clone, Debug)]
pub struct Split {
    /// Beside the reference programs; `reference_` is gone from their names.
    pub programs: Vec<Program>,
    pub derive_uniforms: Program,
    pub derive_cells: Program,
}

/// Splits the reference programs of one population (all of one precision); they share what is derived.
/// Panics without a program.
pub fn split(references: &[&Program], slots: &mut dyn Slots) -> Split {
    let first = references.first().expect("a population has programs");
    let prefix = first.name.rsplit_once('.').map_or("", |(prefix, _)| prefix);
    let mut derived = Derived {
        uniforms: Builder::new(format!("{prefix}.derive_uniforms"), first.precision),
        cells: Builder::new(format!("{prefix}.derive_cells"), first.precision),
        slots,
        uniform_slots: BTreeMap::new(),
        array_slots: BTreeMap::new(),
    };
    let programs = references.iter().map(|reference| split_one(reference, &mut derived)).collect();
    let by_uniform = derived.uniform_slots.iter().map(|(value, slot)| Output::Uniform(*slot, *value));
    let by_array = derived.array_slots.iter().map(|(value, slot)| Output::Array(*slot, *value));
    Split {
        programs,
        derive_uniforms: derived.uniforms.finish(by_uniform.collect(), vec![]),
        derive_cells: derived.cells.finish(by_array.collect(), vec![]),
    }
}

/// When the value of an operation is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Time {
    /// It is written in the program.
    Constant,
    /// When the shared parameters are.
    Shared,
    /// When the cell's parameters are.
    Cell,
    /// In every tick anew.
    Tick,
}

/// The programs that compute what is derived.
struct Derived<'a> {
    uniforms: Builder,
    cells: Builder,
    slots: &'a mut dyn Slots,
    /// Values of `uniforms` that have a slot, and of `cells` that have an array.
    uniform_slots: BTreeMap<ValueId, UniformId>,
    array_slots: BTreeMap<ValueId, ArrayId>,
}

impl Derived<'_> {
    /// The operation that reads a value of `uniforms` elsewhere. What is simple anyway needs no slot.
    fn uniform_leaf(&mut self, value: ValueId) -> Op {
        let op = self.uniforms.op(value);
        if is_literal(op) || matches!(op, Op::Uniform(_)) {
            return op.clone();
        }
        let (slots, ty) = (&mut self.slots, self.uniforms.ty(value));
        Op::Uniform(*self.uniform_slots.entry(value).or_insert_with(|| slots.add_uniform(ty)))
    }

    /// The operation that reads a value of `cells` in a kernel.
    fn cell_leaf(&mut self, value: ValueId) -> Op {
        let op = self.cells.op(value);
        if is_literal(op) || matches!(op, Op::Uniform(_) | Op::Load(..) | Op::Index(_)) {
            return op.clone();
        }
        let (slots, ty) = (&mut self.slots, self.cells.ty(value));
        Op::Load(Side::Own, *self.array_slots.entry(value).or_insert_with(|| slots.add_array(ty)))
    }
}

fn split_one(reference: &Program, derived: &mut Derived) -> Program {
    let times = times(reference, derived.slots);
    let wanted = wanted(reference, &times);
    let mut kernel = Builder::new(reference.name.replacen("reference_", "", 1), reference.precision);
    let none = ValueId(u32::MAX);
    let mut here = vec![Placed { uniform: none, cell: none, kernel: none }; reference.ops.len()];
    for (at, op) in reference.ops.iter().enumerate() {
        let (ty, want) = (reference.types[at], wanted[at]);
        if want.in_uniforms {
            here[at].uniform = derived.uniforms.emit(map_operands(op, |v| here[v.0 as usize].uniform), ty);
        }
        if want.in_cells {
            let op = match want.uniform_slot {
                true => derived.uniform_leaf(here[at].uniform),
                false => map_operands(op, |v| here[v.0 as usize].cell),
            };
            here[at].cell = derived.cells.emit(op, ty);
        }
        if want.in_kernel {
            let op = match (want.uniform_slot, want.array_slot) {
                (true, _) => derived.uniform_leaf(here[at].uniform),
                (_, true) => derived.cell_leaf(here[at].cell),
                _ => map_operands(op, |v| here[v.0 as usize].kernel),
            };
            here[at].kernel = kernel.emit(op, ty);
        }
    }
    let to = |v: ValueId| here[v.0 as usize].kernel;
    let outputs = reference.outputs.iter().map(|output| map_output(output, to)).collect();
    let checks = reference.checks.iter().map(|check| Check { value: to(check.value), ..check.clone() });
    kernel.finish(outputs, checks.collect())
}

/// The ids of a value of the reference in the three programs, where it is wanted.
#[derive(Clone, Copy)]
struct Placed {
    uniform: ValueId,
    cell: ValueId,
    kernel: ValueId,
}

/// Where a value is wanted, and whether it is kept in a slot or array in between.
#[derive(Clone, Copy, Default)]
struct Wanted {
    in_uniforms: bool,
    in_cells: bool,
    in_kernel: bool,
    uniform_slot: bool,
    array_slot: bool,
}

/// From the outputs and checks backwards: which program needs what.
fn wanted(reference: &Program, times: &[Time]) -> Vec<Wanted> {
    let costly = costly(reference, times);
    let mut wanted = vec![Wanted::default(); reference.ops.len()];
    let roots = reference.outputs.iter().map(output_value);
    for root in roots.chain(reference.checks.iter().map(|check| check.value)) {
        wanted[root.0 as usize].in_kernel = true;
    }
    for at in (0..reference.ops.len()).rev() {
        let operands = operands(&reference.ops[at]);
        let shared = times[at] <= Time::Shared && !operands.is_empty();
        let of_cell = times[at] == Time::Cell && costly[at];
        if wanted[at].in_kernel && of_cell {
            wanted[at].array_slot = true;
            wanted[at].in_cells = true;
        }
        if shared && (wanted[at].in_kernel || wanted[at].in_cells) {
            wanted[at].uniform_slot = true;
            wanted[at].in_uniforms = true;
        }
        let Wanted { in_uniforms, in_cells, in_kernel, uniform_slot, array_slot } = wanted[at];
        for operand in operands {
            let operand = &mut wanted[operand.0 as usize];
            operand.in_uniforms |= in_uniforms;
            operand.in_cells |= in_cells && !uniform_slot;
            operand.in_kernel |= in_kernel && !uniform_slot && !array_slot;
        }
    }
    wanted
}

fn times(reference: &Program, slots: &dyn Slots) -> Vec<Time> {
    let mut times: Vec<Time> = Vec::with_capacity(reference.ops.len());
    for op in &reference.ops {
        let time = match op {
            Op::Float(_) | Op::Int(_) | Op::Bool(_) | Op::Tick(_) => Time::Constant,
            Op::Uniform(uniform) if slots.is_parameter_uniform(*uniform) => Time::Shared,
            Op::Load(Side::Own, array) if slots.is_parameter_array(*array) => Time::Cell,
            Op::Index(_) => Time::Cell,
            Op::Uniform(_) | Op::Load(..) | Op::Arrival(_) | Op::Now | Op::Time(_) => Time::Tick,
            Op::Edge(_) | Op::Weight | Op::Draw { .. } | Op::Redraw { .. } => Time::Tick,
            _ => operands(op).iter().map(|v| times[v.0 as usize]).fold(Time::Shared, Time::max),
        };
        times.push(time);
    }
    times
}

/// Which values of cells' parameters hold an operation that costs more than a load.
fn costly(reference: &Program, times: &[Time]) -> Vec<bool> {
    let mut costly: Vec<bool> = Vec::with_capacity(reference.ops.len());
    for op in &reference.ops {
        let below = |v: &ValueId| times[v.0 as usize] == Time::Cell && costly[v.0 as usize];
        let below = operands(op).iter().any(below);
        costly.push(below || costs_more_than_a_load(op));
    }
    costly
}

fn costs_more_than_a_load(op: &Op) -> bool {
    let float = matches!(op, Op::Div(..) | Op::Sqrt(_) | Op::Call1(..) | Op::Call2(..) | Op::Expm { .. });
    float || matches!(op, Op::Table(..) | Op::IntDiv(..) | Op::IntMod(..))
}

fn is_literal(op: &Op) -> bool {
    matches!(op, Op::Float(_) | Op::Int(_) | Op::Bool(_) | Op::Tick(_))
}
