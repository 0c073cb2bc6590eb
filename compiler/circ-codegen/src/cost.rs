//! What operations cost: enough to choose a schedule, no more.
//!
//! In: an operation. Out: instructions of 128 bits that a cell takes, roughly. A division counts for as many
//! multiplications as it takes the time of.

use crate::blocks::Blocks;
use crate::facts::{exp_like, lanes};
use circ_numerics::Function;
use circ_numerics::math::rows::{row_bits, row_of};
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

/// A cell's part of a row function, in instructions of 128 bits.
fn row_cost(function: Function, precision: Precision) -> f64 {
    let (body, divides) = match function {
        Function::Exp | Function::Expm1 => (26.0, 0.0),
        Function::Exprel | Function::Tanh | Function::Sigmoid => (30.0, 1.0),
        Function::Log => (38.0, 1.0),
        // No other function is called for rows.
        _ => return f64::from(20 * lanes(precision)),
    };
    // Logarithms are computed in `f64`.
    let precision = if function == Function::Log { Precision::F64 } else { precision };
    // Divisions gain little from wide registers: half of what they are wide.
    let width = f64::from(row_bits() / 128);
    (body / width + 12.0 * divides / width.max(2.0)) / f64::from(lanes(precision))
}

/// Whether rows of a function are vector code.
pub(crate) fn has_rows(function: Function) -> bool {
    row_of(function).is_some()
}

/// What a cell takes where these operations are made in one loop.
pub(crate) fn loop_cost(program: &Program, usual: &[usize]) -> f64 {
    let all: u32 = usual.iter().map(|at| cost(program, &program.ops[*at])).sum();
    f64::from(all) / f64::from(lanes(program.precision))
}

/// What a cell takes in passes over blocks; `last` are the operations of the last.
pub(crate) fn blocks_cost(program: &Program, blocks: &Blocks, last: &[usize]) -> f64 {
    let lanes = f64::from(lanes(program.precision));
    let (mut arithmetic, mut calls) = (loop_cost(program, last), 0.0);
    for pass in &blocks.passes {
        let wanted: Vec<usize> = (0..program.ops.len()).filter(|at| pass.wanted[*at]).collect();
        arithmetic += loop_cost(program, &wanted);
        // What is kept is written once and read at least once, as are arguments and values of calls.
        arithmetic += 2.0 * (pass.kept.len() + pass.calls.len()) as f64 / lanes;
        for call in &pass.calls {
            calls += row_cost(call.function, program.precision) + CALL / f64::from(blocks.cells);
        }
    }
    arithmetic + calls
}
