//! The passes of a block before its last (see `crate::blocks`), and what they leave in scratch memory.
//!
//! In: the block that the main loop enters. Out: rows of scratch memory that hold what later passes read.

use super::shape::trusted;
use super::{Emitter, Val};
use crate::CodegenError;
use crate::blocks::{Pass, What};
use crate::facts::Facts;
use crate::helpers::Helper;
use circ_plan::ir::{Precision, Program, Ty, ValueId};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};

/// Rows begin at lines of the cache: wide registers never straddle two.
const LINE: u32 = 64;

/// Bytes of scratch memory of a program, with what aligning them may take.
pub(super) fn bytes(program: &Program, facts: &Facts) -> usize {
    let width = if program.precision == Precision::F32 { 4 } else { 8 };
    facts.blocks.as_ref().map_or(0, |blocks| (blocks.slots * blocks.cells * width + LINE) as usize)
}

impl Emitter<'_> {
    /// Frames are aligned to 16 bytes only.
    pub(super) fn align_scratch(&mut self) {
        if self.facts.blocks.is_none() {
            return;
        }
        let room = self.b.ins().stack_addr(types::I64, self.scratch, 0);
        let (less, mask) =
            (self.iconst(types::I64, i64::from(LINE) - 1), self.iconst(types::I64, -i64::from(LINE)));
        let up = self.b.ins().iadd(room, less);
        self.scratch_rows = self.b.ins().band(up, mask);
    }

    /// Bytes from the first row to that of a slot.
    fn row_of(&self, slot: u32) -> i32 {
        (slot * self.facts.row() * self.scalar_float().bytes()) as i32
    }

    /// A group of a value, loaded right where it is used, so that it becomes an operand of the instruction.
    pub(super) fn scratched(&mut self, value: ValueId, slot: u32) -> Value {
        let ty = match self.program.ty(value) {
            Ty::Float => self.vector_float(),
            // Integers of 64 bits are not kept.
            Ty::Bool | Ty::Tick | Ty::Int => self.vector_whole(),
        };
        let at = self.row_of(slot) + self.displacement();
        self.b.ins().load(ty, trusted(), self.scratch_here, at)
    }

    /// All passes of a block of so many cells, from where the main loop is.
    pub(super) fn passes(&mut self, cells: Value) -> Result<(), CodegenError> {
        let passes = self.facts.blocks.as_ref().map_or(vec![], |blocks| blocks.passes.clone());
        for pass in &passes {
            self.pass(pass, cells)?;
            for call in &pass.calls {
                let row = self.row_pointer(call.slot);
                match call.what {
                    What::Function(function) => self.call(Helper::Row(function), &[row, cells])?,
                    What::Root => self.call(Helper::RowRoot, &[row, cells])?,
                    What::Divide(other) => {
                        let other = self.row_pointer(other);
                        self.call(Helper::RowDivide, &[row, other, cells])?
                    }
                    What::DivideBy(shared) => {
                        let shared = self.scalar(shared);
                        self.call(Helper::RowDivideBy, &[row, shared, cells])?
                    }
                    What::DivideInto(shared) => {
                        let shared = self.scalar(shared);
                        self.call(Helper::RowDivideInto, &[row, shared, cells])?
                    }
                };
            }
            self.held.extend(pass.kept.iter().copied());
            self.held.extend(pass.calls.iter().map(|call| (call.value, call.slot)));
        }
        Ok(())
    }

    fn row_pointer(&mut self, slot: u32) -> Value {
        let row = self.iconst(types::I64, i64::from(self.row_of(slot)));
        self.b.ins().iadd(self.scratch_rows, row)
    }

    /// A loop over the groups of a block, if it leaves anything.
    fn pass(&mut self, pass: &Pass, cells: Value) -> Result<(), CodegenError> {
        if pass.written.is_empty() {
            return Ok(());
        }
        let outer = (self.offset, self.arrays.clone(), self.arrivals.clone(), self.lists.clone());
        let (head, after) = (self.b.create_block(), self.b.create_block());
        let offset = self.b.append_block_param(head, types::I64);
        let width = self.scalar_float().bytes().trailing_zeros();
        let length = self.shift_left(cells, width);
        let end = self.b.ins().iadd(self.offset, length);
        self.b.ins().jump(head, &[self.offset.into()]);
        self.b.switch_to_block(head);
        self.offset = offset;
        self.advance();
        let mut beside = vec![];
        for group in 0..self.facts.groups {
            self.group = group;
            let before = self.instructions().len();
            let branches = self.facts.branches.clone();
            self.range(0, self.program.ops.len(), &branches, &pass.wanted)?;
            if self.facts.interleaved {
                beside.push((self.instructions().split_off(before), self.values.clone()));
            } else {
                self.keep(pass);
            }
        }
        self.interleave(beside.iter().map(|(instructions, _)| instructions.as_slice()).collect());
        for (group, (_, values)) in beside.into_iter().enumerate() {
            self.group = group as u32;
            self.values = values;
            self.keep(pass);
        }
        let turn = self.iconst(types::I64, i64::from(self.facts.groups * 16));
        let next = self.b.ins().iadd(offset, turn);
        let more = self.b.ins().icmp(IntCC::SignedLessThan, next, end);
        self.b.ins().brif(more, head, &[next.into()], after, &[]);
        self.b.switch_to_block(after);
        (self.offset, self.arrays, self.arrivals, self.lists) = outer;
        self.values
            .iter_mut()
            .zip(&self.facts.shared)
            .filter(|(_, shared)| !**shared)
            .for_each(|(value, _)| *value = Val::None);
        Ok(())
    }

    /// Puts what a pass leaves of a group into scratch memory. All is read before anything is written: what is
    /// written may take the place of what was read.
    fn keep(&mut self, pass: &Pass) {
        let values: Vec<Value> = pass.written.iter().map(|(value, _)| self.get(*value)).collect();
        for ((_, slot), value) in pass.written.iter().zip(values) {
            let at = self.row_of(*slot) + self.displacement();
            self.b.ins().store(trusted(), value, self.scratch_here, at);
        }
    }
}
