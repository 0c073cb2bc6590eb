//! Explains a fault: which check failed, and which values went in.
//!
//! In: the plan, the slots of the population, and the [`Fault`] of an engine. Out: the check and the
//! named values that it depends on. The cell is evaluated again by the reference program, so an engine
//! need not know why a cell failed, only which.

use circ_plan::engine::Fault;
use circ_plan::ir::*;
use circ_plan::plan::*;

use super::apply::Value;
use super::scalar::{Cell, evaluate};
use super::state::{failed_check, programs};
use crate::kernel::ops::operands;

/// Why a cell failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    pub kind: CheckKind,
    /// Which text this is about: an index into [`Plan::places`].
    pub place: u32,
    /// The value that is not finite; 1 for other checks.
    pub value: f64,
    /// Names and values of all that this value was computed from, in order of reading: arrays and
    /// slots by name, arrivals by the name of their port, `t` in ms.
    pub read: Vec<(String, f64)>,
}

/// Which check failed, given the values of the population's slots (by `UniformId`). Nothing if the
/// fault is not one of this plan, or none of its checks fails.
pub fn explain_fault(plan: &Plan, uniforms: &[f64], fault: &Fault) -> Option<Explanation> {
    let population = plan.populations.get(fault.population as usize)?;
    let programs = programs(population)?;
    let program = if fault.tick == 0 { &programs.reference_start } else { &programs.reference_step };
    let fits = fault.arrays.len() == population.arrays.len()
        && uniforms.len() == population.uniforms.len()
        && fault.arrivals.len() == population.ports.len();
    if !fits {
        return None;
    }
    let values = again(plan, population, program, uniforms, fault);
    let check = failed_check(program, &values)?;
    Some(Explanation {
        kind: check.kind,
        place: check.place,
        value: values[check.value.0 as usize].number(),
        read: read(population, program, &values, check.value),
    })
}

/// The values of the cell's step, from what went into it.
fn again(
    plan: &Plan,
    population: &PopulationPlan,
    program: &Program,
    uniforms: &[f64],
    fault: &Fault,
) -> Vec<Value> {
    let precision = population.precision;
    let arrays = population.arrays.iter().zip(&fault.arrays);
    let arrays: Vec<Value> = arrays.map(|(a, x)| Value::from_number(a.ty, precision, *x)).collect();
    let slots = population.uniforms.iter().zip(uniforms);
    let slots: Vec<Value> = slots.map(|(u, x)| Value::from_number(u.ty, precision, *x)).collect();
    let world = OneCell {
        arrays: &arrays,
        arrivals: &fault.arrivals,
        cell: Cell {
            arrays: &[],
            uniforms: &slots,
            arrivals: &[],
            keys: &population.keys,
            tables: &plan.tables,
            index: fault.cell as usize,
            tick: fault.tick,
            dt: plan.dt,
        },
    };
    let mut values = vec![];
    evaluate(program, &world, &mut values);
    values
}

/// The leaves below a value that have a name.
fn read(population: &PopulationPlan, program: &Program, values: &[Value], of: ValueId) -> Vec<(String, f64)> {
    let mut needed = vec![false; program.ops.len()];
    needed[of.0 as usize] = true;
    for at in (0..program.ops.len()).rev() {
        if needed[at] {
            for operand in operands(&program.ops[at]) {
                needed[operand.0 as usize] = true;
            }
        }
    }
    let leaves = program.ops.iter().enumerate().filter(|(at, _)| needed[*at]);
    let named = leaves.filter_map(|(at, op)| Some((name_of(population, op)?, values[at].number())));
    let mut read: Vec<(String, f64)> = vec![];
    for (name, value) in named {
        if !read.iter().any(|(known, _)| *known == name) {
            read.push((name, value));
        }
    }
    read
}

fn name_of(population: &PopulationPlan, op: &Op) -> Option<String> {
    match op {
        Op::Load(_, array) => population.arrays.get(array.0 as usize).map(|a| a.name.clone()),
        Op::Uniform(uniform) => population.uniforms.get(uniform.0 as usize).map(|u| u.name.clone()),
        Op::Arrival(port) => population.ports.get(port.0 as usize).map(|p| p.name.clone()),
        Op::Time(_) => Some("t".into()),
        _ => None,
    }
}

/// A cell whose arrays and arrivals are given as one value each.
struct OneCell<'a> {
    arrays: &'a [Value],
    arrivals: &'a [f64],
    cell: Cell<'a>,
}

impl super::scalar::World for OneCell<'_> {
    fn load(&self, _: Side, array: ArrayId) -> Value {
        self.arrays[array.0 as usize]
    }
    fn uniform(&self, uniform: UniformId) -> Value {
        self.cell.uniform(uniform)
    }
    fn arrival(&self, port: PortId) -> f64 {
        self.arrivals[port.0 as usize]
    }
    fn index(&self, side: Side) -> i64 {
        self.cell.index(side)
    }
    fn now(&self) -> i64 {
        self.cell.now()
    }
    fn time(&self, moment: Moment) -> f64 {
        self.cell.time(moment)
    }
    fn table(&self, table: TableId, row: i64, column: i64) -> f64 {
        self.cell.table(table, row, column)
    }
    fn edge(&self, column: u32) -> f64 {
        self.cell.edge(column)
    }
    fn draw(&self, key: KeyId) -> ([u32; 2], circ_numerics::random::Counter) {
        self.cell.draw(key)
    }
}
