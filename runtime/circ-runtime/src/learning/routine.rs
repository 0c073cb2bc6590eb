//! A program of a rule, ready to run for lists of synapses.
//!
//! In: the program, and synapses, each at most once. Out: what it writes into their arrays, or its result for each; and
//! the first synapse that failed a check.

use circ_plan::abi::KernelFn;
use circ_plan::engine::SynapseFault;
use circ_plan::ir::{ArrayId, CheckKind, Op, Output, Precision, Program, Side, Ty, ValueId};

use super::block::Block;
use super::leaves::{Picked, Scene, SynapseLeaves};
use super::store::{Column, Which};
use crate::aligned::Scalar;
use crate::rows::{ROW, Rows, result_of};

/// An evaluator of one program.
pub enum Routine {
    Single(Runner<f32>),
    Double(Runner<f64>),
}

/// Machine code, if there is any; and rows, made when they are first needed.
pub struct Runner<F> {
    block: Option<Block>,
    rows: Option<Box<Rows<F>>>,
}

/// The first synapse that failed, by tick and canonical order, in one projection.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub tick: i64,
    /// Source, target, which of equal pairs.
    pub key: (u32, u32, u32),
    place: u32,
    arrays: Vec<f64>,
}

impl Failure {
    /// As people see it.
    pub fn fault(&self, projection: u32) -> SynapseFault {
        SynapseFault {
            projection,
            source: self.key.0,
            target: self.key.1,
            tick: self.tick,
            place: self.place,
            arrays: self.arrays.clone(),
        }
    }
}

impl Routine {
    /// For `program`, which all later calls must name again; `kernel` is its machine code as a block.
    pub fn new(program: &Program, kernel: Option<KernelFn>) -> Routine {
        let block = kernel.and_then(|kernel| Block::new(program, kernel));
        match program.precision {
            Precision::F32 => Routine::Single(Runner { block, rows: None }),
            Precision::F64 => Routine::Double(Runner { block, rows: None }),
        }
    }

    /// Another for the same program.
    pub fn again(&self, program: &Program) -> Routine {
        let block = match self {
            Routine::Single(runner) => &runner.block,
            Routine::Double(runner) => &runner.block,
        };
        Routine::new(program, block.as_ref().map(Block::kernel))
    }

    /// Writes what the program makes of synapses into their arrays.
    pub fn apply(
        &mut self,
        program: &Program,
        scene: Scene,
        arrays: &mut [Column],
        picked: Picked,
        failure: &mut Option<Failure>,
    ) {
        match self {
            Routine::Single(runner) => apply(runner, program, scene, arrays, picked, failure),
            Routine::Double(runner) => apply(runner, program, scene, arrays, picked, failure),
        }
    }

    /// Appends the program's result for each synapse.
    pub fn values(
        &mut self,
        program: &Program,
        scene: Scene,
        arrays: &[Column],
        picked: Picked,
        failure: &mut Option<Failure>,
        out: &mut Vec<f64>,
    ) {
        match self {
            Routine::Single(runner) => values(runner, program, scene, arrays, picked, failure, out),
            Routine::Double(runner) => values(runner, program, scene, arrays, picked, failure, out),
        }
    }
}

/// Calls `f` for as many at a time as a row holds, with those that come next.
fn parts<'a>(picked: Picked<'a>, mut f: impl FnMut(Picked<'a>, Which<'a>)) {
    let all = picked.synapses.len();
    if all <= ROW {
        if 0 < all {
            f(picked, Which::List(&[]));
        }
        return;
    }
    assert!(picked.given.is_none(), "columns are given of one row at a time");
    for first in (0..all).step_by(ROW) {
        let end = (first + ROW).min(all);
        f(picked.part(first..end), picked.synapses.part(end..(end + ROW).min(all)));
    }
}

fn apply<F: Scalar>(
    runner: &mut Runner<F>,
    program: &Program,
    scene: Scene,
    arrays: &mut [Column],
    picked: Picked,
    failure: &mut Option<Failure>,
) {
    parts(picked, |part, next| {
        if let Which::List(next) = next {
            arrays.iter().for_each(|array| array.fetch_each(next));
        }
        if let Some(block) = &mut runner.block
            && block.run::<F>(scene, arrays, part)
        {
            block.write::<F>(arrays, part);
            return;
        }
        let rows = runner.rows.get_or_insert_with(|| Box::new(Rows::new(program)));
        rows.run(program, part.synapses.len(), &SynapseLeaves { scene, arrays, picked: part });
        check(rows, program, scene, arrays, part, failure);
        write(program, rows, arrays, part.synapses);
    });
}

fn values<F: Scalar>(
    runner: &mut Runner<F>,
    program: &Program,
    scene: Scene,
    arrays: &[Column],
    picked: Picked,
    failure: &mut Option<Failure>,
    out: &mut Vec<f64>,
) {
    let result = result_of(program);
    if let Some(held) = held(program) {
        let mut row = [F::default(); ROW];
        return parts(picked, |part, _| {
            let row = &mut row[..part.synapses.len()];
            arrays[held.0 as usize].floats(part.synapses, row);
            out.extend(row.iter().map(|value| value.to_f64()));
        });
    }
    parts(picked, |part, _| {
        if let Some(block) = &mut runner.block
            && block.run::<F>(scene, arrays, part)
        {
            block.results::<F>(part.synapses.len(), out);
            return;
        }
        let rows = runner.rows.get_or_insert_with(|| Box::new(Rows::new(program)));
        rows.run(program, part.synapses.len(), &SynapseLeaves { scene, arrays, picked: part });
        check(rows, program, scene, arrays, part, failure);
        out.extend((0..part.synapses.len()).map(|row| rows.number(result, row)));
    });
}

/// The array of `Float`s that a program does nothing but show, as that of the weights mostly does.
fn held(program: &Program) -> Option<ArrayId> {
    match (program.ops.get(result_of(program).0 as usize), &program.checks[..]) {
        (Some(Op::Load(Side::Own, array)), []) if program.ty(result_of(program)) == Ty::Float => Some(*array),
        _ => None,
    }
}

fn write<F: Scalar>(program: &Program, rows: &Rows<F>, arrays: &mut [Column], synapses: Which) {
    for output in &program.outputs {
        if let Output::Array(array, value) = output {
            let column = &mut arrays[array.0 as usize];
            match program.ty(*value) {
                Ty::Float => column.put_floats(synapses, rows.floats(*value)),
                Ty::Int | Ty::Tick => column.put_ints(synapses, rows.ints(*value)),
                Ty::Bool => column.put_bools(synapses, rows.bools(*value)),
            }
        }
    }
}

/// Notes the first synapse that fails.
fn check<F: Scalar>(
    rows: &Rows<F>,
    program: &Program,
    scene: Scene,
    arrays: &[Column],
    picked: Picked,
    failure: &mut Option<Failure>,
) {
    let n = picked.synapses.len();
    let fails = |kind: CheckKind, value: ValueId, row: usize| match kind {
        CheckKind::Finite => !rows.floats(value)[row].is_finite(),
        CheckKind::Overflow | CheckKind::Range | CheckKind::Redraw => rows.bools(value)[row],
    };
    for check in &program.checks {
        for row in (0..n).filter(|&row| fails(check.kind, check.value, row)) {
            let synapse = picked.synapses.at(row);
            let new = (picked.now(row), scene.table.key(synapse));
            // Of one synapse the first check stays: a later one is not before it.
            if failure.as_ref().is_none_or(|old| new < (old.tick, old.key)) {
                *failure = Some(Failure {
                    tick: new.0,
                    key: new.1,
                    place: check.place,
                    arrays: arrays.iter().map(|array| array.number(synapse as usize)).collect(),
                });
            }
        }
    }
}
