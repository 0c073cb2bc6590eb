//! What operations cost: enough to choose a schedule, no more.
//!
//! In: an operation. Out: instructions of 128 bits that a cell takes, roughly. A division counts for as many
//! multiplications as it takes the time of.

use crate::blocks::{Blocks, What};
use crate::facts::{exp_like, lanes};
use circ_numerics::Function;
use circ_numerics::math::rows::row_of;
use circ_plan::ir::{Op, Precision, Program};

/// A call of a row function, besides what it does for every number of the row: in instructions.
const CALL: f64 = 60.0;

/// Roughly how many instructions an operation takes for a group.
pub(crate) fn cost(program: &Program, op: &Op) -> u32 {
    let lanes = lanes(program.precision);
    match op {
        Op::Call1(function, _) if exp_like(*function) => 24,
        Op::Call1(..) | Op::Call2(..) => 20 * lanes,
        Op::Draw { .. } | Op::Redraw { .. } => 40 * lanes,
        Op::Div(..) | Op::Sqrt(_) | Op::TickAdd(..) => 6,
        Op::Table(..) | Op::IntDiv(..) | Op::IntMod(..) => 8 * lanes,
        Op::Int(_) | Op::Float(_) | Op::Bool(_) | Op::Tick(_) => 0,
        _ => 1,
    }
}

/// As many instructions begin while 128 bits are divided.
fn division(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => 10.0,
        Precision::F64 => 16.0,
    }
}

/// A cell's part of a row function, in instructions of 128 bits.
fn row_cost(what: What, precision: Precision, row_bits: u32) -> f64 {
    let (body, divisions) = match what {
        What::Function(Function::Exp | Function::Expm1) => (26.0, 0.0),
        What::Function(Function::Exprel | Function::Tanh | Function::Sigmoid) => (30.0, 1.0),
        What::Function(Function::Log) => (38.0, 1.0),
        // Of no other function rows are made.
        What::Function(_) => return f64::from(20 * lanes(precision)),
        What::Root | What::Divide(_) | What::DivideBy(_) | What::DivideInto(_) => (3.0, 1.0),
    };
    // Logarithms are computed in `f64`.
    let precision = if what == What::Function(Function::Log) { Precision::F64 } else { precision };
    let width = f64::from(row_bits / 128);
    (body + division(precision) * divisions) / width / f64::from(lanes(precision))
}

/// Whether rows of a function are vector code.
pub(crate) fn has_rows(function: Function) -> bool {
    row_of(function).is_some()
}

/// What a cell takes where these operations are made in one loop.
pub(crate) fn loop_cost(program: &Program, usual: &[usize]) -> f64 {
    let one = |at: &usize| match &program.ops[*at] {
        Op::Div(..) | Op::Sqrt(_) => division(program.precision),
        op => f64::from(cost(program, op)),
    };
    usual.iter().map(one).sum::<f64>() / f64::from(lanes(program.precision))
}

/// What a cell takes where the same operations are made in registers as wide as there are.
pub(crate) fn tiles_cost(loop_cost: f64, row_bits: u32) -> f64 {
    loop_cost * 128.0 / f64::from(row_bits)
}

/// What a cell takes in passes over blocks; `last` are the operations of the last.
pub(crate) fn blocks_cost(program: &Program, blocks: &Blocks, last: &[usize], row_bits: u32) -> f64 {
    let lanes = f64::from(lanes(program.precision));
    let (mut arithmetic, mut calls) = (loop_cost(program, last), 0.0);
    for pass in &blocks.passes {
        let wanted: Vec<usize> = (0..program.ops.len()).filter(|at| pass.wanted[*at]).collect();
        arithmetic += loop_cost(program, &wanted);
        // What is written is read at least once.
        arithmetic += 2.0 * pass.written.len() as f64 / lanes;
        for call in &pass.calls {
            calls += row_cost(call.what, program.precision, row_bits) + CALL / f64::from(blocks.cells);
        }
    }
    arithmetic + calls
}
