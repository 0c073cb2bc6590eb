//! Runs a rule's machine code over a block of synapses.
//!
//! In: up to [`ROW`] synapses. Out: what the kernel made of them, in arrays that stay in the nearest cache; written back by
//! whoever asked. Where a synapse fails a check, nothing: then the program is evaluated in rows, which finds out which.

use circ_numerics::Real;
use circ_plan::abi::{BLOCK, KernelFn};
use circ_plan::ir::{ArrayId, Program, Side, Ty};

use super::flat::{Field, Flat, What, flatten};
use super::leaves::{Picked, Scene, SynapseLeaves};
use super::store::Column;
use crate::aligned::{Aligned, Element, Scalar};
use crate::kernel::{BlockCall, run_block};
use crate::rows::{Leaves, ROW};

/// A kernel, and the arrays that it works on.
pub struct Block {
    kernel: KernelFn,
    fields: Vec<Field>,
    arrays: Vec<Aligned>,
    ints: Vec<i64>,
    bools: Vec<bool>,
}

impl Block {
    /// `kernel` is the machine code of the program as [`flatten`] gives it.
    pub fn new(program: &Program, kernel: KernelFn) -> Option<Block> {
        let Flat { fields, .. } = flatten(program)?;
        let arrays = fields.iter().map(|_| Aligned::zeroed(8 * ROW)).collect();
        Some(Block { kernel, fields, arrays, ints: vec![0; ROW], bools: vec![false; ROW] })
    }

    /// The machine code.
    pub fn kernel(&self) -> KernelFn {
        self.kernel
    }

    /// Computes; says whether no synapse failed a check.
    pub fn run<F: Scalar>(&mut self, scene: Scene, arrays: &[Column], picked: Picked) -> bool {
        let n = picked.synapses.len();
        let leaves = SynapseLeaves { scene, arrays, picked };
        for at in 0..self.fields.len() {
            if self.fields[at].read {
                self.fill::<F>(at, &leaves, n);
            }
        }
        let call = BlockCall {
            kernel: self.kernel,
            tables: &scene.world.plan.tables,
            slots: scene.rule,
            keys: scene.keys,
            cells: n,
            tick: picked.now,
            dt: scene.world.plan.dt,
        };
        run_block(&call, &mut self.arrays)
    }

    fn fill<F: Scalar>(&mut self, at: usize, leaves: &SynapseLeaves, n: usize) {
        let (field, array) = (self.fields[at], &mut self.arrays[at]);
        match (field.what, field.ty) {
            (What::Array(side, id), Ty::Float) => {
                leaves.floats(side, id, &mut array.view_mut::<F>()[..n]);
                pad(array.view_mut::<F>(), n);
            }
            (What::Array(side, id), Ty::Int) => {
                Leaves::<F>::ints(leaves, side, id, &mut array.view_mut::<i64>()[..n]);
                pad(array.view_mut::<i64>(), n);
            }
            (What::Array(side, id), Ty::Tick) => {
                Leaves::<F>::ints(leaves, side, id, &mut self.ints[..n]);
                let ticks = array.view_mut::<F::Tick>();
                ticks.iter_mut().zip(&self.ints[..n]).for_each(|(tick, &int)| *tick = F::narrow(int));
                pad(ticks, n);
            }
            (What::Array(side, id), Ty::Bool) => {
                Leaves::<F>::bools(leaves, side, id, &mut self.bools[..n]);
                let words = array.view_mut::<F::Tick>();
                let word = |is: bool| F::narrow(-i64::from(is));
                words.iter_mut().zip(&self.bools[..n]).for_each(|(out, &is)| *out = word(is));
                pad(words, n);
            }
            (What::Index(side), _) => {
                Leaves::<F>::indices(leaves, side, &mut array.view_mut::<i64>()[..n]);
                pad(array.view_mut::<i64>(), n);
            }
            (What::Edge(column), _) => {
                leaves.edges(column, &mut array.view_mut::<F>()[..n]);
                pad(array.view_mut::<F>(), n);
            }
            (What::Result, _) => {}
        }
    }

    /// Writes back what the kernel wrote.
    pub fn write<F: Scalar>(&mut self, arrays: &mut [Column], picked: Picked) {
        let n = picked.synapses.len();
        for (field, from) in self.fields.iter().zip(&self.arrays) {
            let (true, What::Array(Side::Own, ArrayId(at))) = (field.written, field.what) else { continue };
            let column = &mut arrays[at as usize];
            match field.ty {
                Ty::Float => column.put_floats(picked.synapses, &from.view::<F>()[..n]),
                Ty::Int => column.put_ints(picked.synapses, &from.view::<i64>()[..n]),
                Ty::Tick => {
                    let ticks = from.view::<F::Tick>()[..n].iter();
                    self.ints.iter_mut().zip(ticks).for_each(|(int, &tick)| *int = F::widen(tick));
                    column.put_ints(picked.synapses, &self.ints[..n]);
                }
                Ty::Bool => {
                    let words = from.view::<F::Tick>()[..n].iter();
                    self.bools.iter_mut().zip(words).for_each(|(is, &word)| *is = F::widen(word) != 0);
                    column.put_bools(picked.synapses, &self.bools[..n]);
                }
            }
        }
    }

    /// Appends the results.
    pub fn results<F: Scalar>(&self, n: usize, out: &mut Vec<f64>) {
        for (field, from) in self.fields.iter().zip(&self.arrays) {
            if field.what == What::Result {
                out.extend(from.view::<F>()[..n].iter().map(|x| Real::to_f64(*x)));
            }
        }
    }
}

/// Padding holds what the last element holds, so that it computes nothing strange.
fn pad<T: Element>(array: &mut [T], n: usize) {
    let last = array[n - 1];
    array[n..n.next_multiple_of(BLOCK)].fill(last);
}
