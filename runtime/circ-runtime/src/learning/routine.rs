//! A program of a rule, ready to run for lists of synapses.
//!
//! In: the program, and synapses, each at most once. Out: what it writes into their arrays, or its result for each; and
//! the first synapse that failed a check.

use circ_plan::engine::SynapseFault;
use circ_plan::ir::{CheckKind, Output, Precision, Program, Ty, ValueId};

use super::leaves::{Picked, Scene, SynapseLeaves};
use super::store::Column;
use crate::aligned::Scalar;
use crate::rows::{ROW, Rows, result_of};

/// An evaluator of one program.
pub enum Routine {
    Single(Rows<f32>),
    Double(Rows<f64>),
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
    /// For `program`, which all later calls must name again.
    pub fn new(program: &Program) -> Routine {
        match program.precision {
            Precision::F32 => Routine::Single(Rows::new(program)),
            Precision::F64 => Routine::Double(Rows::new(program)),
        }
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
            Routine::Single(rows) => apply(rows, program, scene, arrays, picked, failure),
            Routine::Double(rows) => apply(rows, program, scene, arrays, picked, failure),
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
            Routine::Single(rows) => values(rows, program, scene, arrays, picked, failure, out),
            Routine::Double(rows) => values(rows, program, scene, arrays, picked, failure, out),
        }
    }
}

/// As many at a time as rows hold.
fn parts(picked: Picked<'_>) -> impl Iterator<Item = Picked<'_>> {
    (0..picked.synapses.len()).step_by(ROW).map(move |first| {
        let range = first..(first + ROW).min(picked.synapses.len());
        let source_ticks = picked.source_ticks.get(range.clone()).unwrap_or(&[]);
        Picked { synapses: &picked.synapses[range], source_ticks, ..picked }
    })
}

fn apply<F: Scalar>(
    rows: &mut Rows<F>,
    program: &Program,
    scene: Scene,
    arrays: &mut [Column],
    picked: Picked,
    failure: &mut Option<Failure>,
) {
    for part in parts(picked) {
        rows.run(program, part.synapses.len(), &SynapseLeaves { scene, arrays, picked: part });
        check(rows, program, scene, arrays, part, failure);
        write(program, rows, arrays, part.synapses);
    }
}

fn values<F: Scalar>(
    rows: &mut Rows<F>,
    program: &Program,
    scene: Scene,
    arrays: &[Column],
    picked: Picked,
    failure: &mut Option<Failure>,
    out: &mut Vec<f64>,
) {
    let result = result_of(program);
    for part in parts(picked) {
        rows.run(program, part.synapses.len(), &SynapseLeaves { scene, arrays, picked: part });
        check(rows, program, scene, arrays, part, failure);
        out.extend((0..part.synapses.len()).map(|row| rows.number(result, row)));
    }
}

fn write<F: Scalar>(program: &Program, rows: &Rows<F>, arrays: &mut [Column], synapses: &[u32]) {
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
            let synapse = picked.synapses[row];
            let new = (picked.now, scene.table.key(synapse));
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
