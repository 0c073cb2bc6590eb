//! A group of cells: operations and regions, then checks and events, then stores.

use super::shape::{Shape, trusted};
use super::{Emitter, Val};
use crate::CodegenError;
use crate::facts::Branch;
use circ_plan::abi::KernelArgs;
use circ_plan::ir::{ArrayId, CheckKind, EventId, Output, Ty, ValueId};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{BlockArg, Inst, InstBuilder, Opcode, Value, types};
use std::collections::BTreeMap;
use std::mem::offset_of;

impl Emitter<'_> {
    /// All groups of a turn of the loop.
    pub(super) fn groups(&mut self) -> Result<(), CodegenError> {
        debug_assert_eq!(self.shape, Shape::Group);
        let branches = self.facts.branches.clone();
        let mut beside = vec![];
        for group in 0..self.facts.groups {
            self.group = group;
            let before = self.instructions().len();
            self.range(0, self.program.ops.len(), &branches)?;
            if self.facts.interleaved {
                beside.push((self.instructions().split_off(before), self.values.clone()));
            } else {
                self.finish_group();
            }
        }
        self.interleave(beside.iter().map(|(instructions, _)| instructions.as_slice()).collect());
        for (group, (_, values)) in beside.into_iter().enumerate() {
            self.group = group as u32;
            self.values = values;
            self.finish_group();
        }
        Ok(())
    }

    /// The instructions of the block so far.
    fn instructions(&self) -> Vec<Inst> {
        self.b
            .current_block()
            .map(|block| self.b.func.layout.block_insts(block).collect())
            .unwrap_or_default()
    }

    /// Puts the instructions of several groups, the last of the block, side by side: a piece of each in turn.
    /// What the pieces of a turn load from the pool they load once.
    fn interleave(&mut self, groups: Vec<&[Inst]>) {
        let Some(block) = self.b.current_block() else { return };
        let mut pieces: Vec<_> = groups.into_iter().map(|group| self.pieces(group).into_iter()).collect();
        loop {
            let turn: Vec<Inst> = pieces.iter_mut().filter_map(Iterator::next).flatten().collect();
            if turn.is_empty() {
                break;
            }
            let mut loaded = BTreeMap::new();
            for instruction in turn {
                self.b.func.layout.remove_inst(instruction);
                let Some(slot) = self.pool_loads.get(&instruction) else {
                    self.b.func.layout.append_inst(instruction, block);
                    continue;
                };
                let value = self.b.func.dfg.first_result(instruction);
                match loaded.get(slot) {
                    None => {
                        loaded.insert(*slot, value);
                        self.b.func.layout.append_inst(instruction, block);
                    }
                    Some(same) => {
                        self.b.func.dfg.clear_results(instruction);
                        self.b.func.dfg.change_to_alias(value, *same);
                    }
                }
            }
        }
    }

    /// Instructions with the loads before them: a load only becomes an operand of its neighbour.
    fn pieces(&self, instructions: &[Inst]) -> Vec<Vec<Inst>> {
        let prepares = |instruction: &Inst| {
            let opcode = self.b.func.dfg.insts[*instruction].opcode();
            matches!(opcode, Opcode::Load | Opcode::StackAddr | Opcode::Iconst | Opcode::Bitcast)
        };
        instructions.split_inclusive(|instruction| !prepares(instruction)).map(<[Inst]>::to_vec).collect()
    }

    /// Checks, events and stores of a group.
    fn finish_group(&mut self) {
        let failing = self.failing();
        let events = self.events();
        self.rare(failing, &events);
        self.stores();
    }

    /// Operations `first .. end` and the branches within.
    fn range(&mut self, first: usize, end: usize, branches: &[Branch]) -> Result<(), CodegenError> {
        let mut branches = branches;
        let mut at = first;
        while at < end {
            match branches.split_first() {
                Some((branch, rest)) if branch.region.first as usize == at => {
                    let end = branch.region.end as usize;
                    let inner = rest
                        .iter()
                        .take_while(|b| b.region.end as usize <= end && (b.region.first as usize) < end);
                    let (inner, rest) = rest.split_at(inner.count());
                    self.branch(branch, inner)?;
                    (at, branches) = (end, rest);
                }
                _ => {
                    if !self.facts.shared[at] {
                        self.values[at] = self.op(at)?;
                    }
                    at += 1;
                }
            }
        }
        Ok(())
    }

    /// A region that is skipped where no lane of its mask holds; what is read later is 0 then.
    fn branch(&mut self, branch: &Branch, inner: &[Branch]) -> Result<(), CodegenError> {
        let mask = branch.region.mask;
        let condition = if self.facts.shared[mask.0 as usize] {
            self.scalar(mask)
        } else {
            let mask = self.get(mask);
            self.bits(mask)
        };
        let (needed, after) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(needed);
        let skipped: Vec<BlockArg> =
            branch.live.iter().flat_map(|v| self.zeros_of(*v)).map(BlockArg::Value).collect();
        let merged: Vec<Value> = skipped
            .iter()
            .map(|zero| match zero {
                BlockArg::Value(zero) => self.b.func.dfg.value_type(*zero),
                _ => types::I64,
            })
            .collect::<Vec<_>>()
            .into_iter()
            .map(|ty| self.b.append_block_param(after, ty))
            .collect();
        self.b.ins().brif(condition, needed, &[], after, &skipped);
        self.b.switch_to_block(needed);
        self.range(branch.region.first as usize, branch.region.end as usize, inner)?;
        let made: Vec<BlockArg> =
            branch.live.iter().flat_map(|v| self.parts(*v)).map(BlockArg::Value).collect();
        self.b.ins().jump(after, &made);
        self.b.switch_to_block(after);
        let mut merged = merged.into_iter();
        for value in &branch.live {
            let count = self.parts(*value).len();
            let parts: Vec<Value> = merged.by_ref().take(count).collect();
            self.values[value.0 as usize] = match self.program.ty(*value) {
                Ty::Int => Val::Lanes(parts),
                Ty::Float | Ty::Bool | Ty::Tick => Val::Value(parts[0]),
            };
        }
        Ok(())
    }

    fn parts(&mut self, value: ValueId) -> Vec<Value> {
        match &self.values[value.0 as usize] {
            Val::Value(vector) => vec![*vector],
            Val::Lanes(lanes) => lanes.clone(),
            Val::None => vec![],
        }
    }

    fn zeros_of(&mut self, value: ValueId) -> Vec<Value> {
        match self.program.ty(value) {
            Ty::Float => vec![self.zeros(self.vector_float())],
            Ty::Bool | Ty::Tick => vec![self.zeros(self.vector_whole())],
            Ty::Int => vec![self.iconst(types::I64, 0); self.lanes()],
        }
    }

    /// The mask of lanes that fail a check, if there are checks. The differences of numbers to themselves are
    /// summed: the sum is 0, or NaN where one is not finite.
    fn failing(&mut self) -> Option<Value> {
        let mut seen: Vec<ValueId> = vec![];
        let (mut sum, mut mask): (Option<Value>, Option<Value>) = (None, None);
        let program = self.program;
        for check in &program.checks {
            if seen.contains(&check.value) {
                continue;
            }
            seen.push(check.value);
            let value = self.get(check.value);
            match check.kind {
                CheckKind::Finite => {
                    let nothing = self.b.ins().fsub(value, value);
                    sum = Some(match sum {
                        None => nothing,
                        Some(sum) => self.b.ins().fadd(sum, nothing),
                    });
                }
                CheckKind::Overflow | CheckKind::Range => mask = Some(self.either(mask, value)),
            }
        }
        if let Some(sum) = sum {
            let wrong = self.fcmp(FloatCC::Unordered, sum, sum);
            mask = Some(self.either(mask, wrong));
        }
        mask
    }

    fn either(&mut self, mask: Option<Value>, other: Value) -> Value {
        match mask {
            None => other,
            Some(mask) => self.b.ins().bor(mask, other),
        }
    }

    /// The mask of every event.
    fn events(&mut self) -> BTreeMap<EventId, Value> {
        let mut events = BTreeMap::new();
        let program = self.program;
        for output in &program.outputs {
            if let Output::Event(event, mask) = output {
                let mask = self.get(*mask);
                let mask = self.either(events.get(event).copied(), mask);
                events.insert(*event, mask);
            }
        }
        events
    }

    /// The path of groups in which a check fails or an event happens.
    fn rare(&mut self, failing: Option<Value>, events: &BTreeMap<EventId, Value>) {
        let Some(any) = events.values().copied().chain(failing).reduce(|a, b| self.b.ins().bor(a, b)) else {
            return;
        };
        let any = self.bits(any);
        let (rare, usual) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(rare);
        self.b.ins().brif(any, rare, &[], usual, &[]);
        self.b.switch_to_block(rare);
        let width = self.scalar_float().bytes().trailing_zeros();
        let local = self.shift_right(self.offset, width);
        let group = self.iconst(types::I64, i64::from(self.group) * self.lanes() as i64);
        let local = self.b.ins().iadd(local, group);
        if let Some(failing) = failing {
            self.fail(failing, local);
        }
        for (event, mask) in events {
            self.append(*event, *mask, local);
        }
        self.b.ins().jump(usual, &[]);
        self.b.switch_to_block(usual);
    }

    /// Returns the first failing lane if it is a real cell.
    fn fail(&mut self, failing: Value, local: Value) {
        let (wrong, real, fine) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        for block in [wrong, real, fine] {
            self.b.set_cold_block(block);
        }
        let bits = self.bits(failing);
        self.b.ins().brif(bits, wrong, &[], fine, &[]);
        self.b.switch_to_block(wrong);
        let lane = self.b.ins().ctz(bits);
        let lane = self.b.ins().uextend(types::I64, lane);
        let cell = self.b.ins().iadd(local, lane);
        let is_real = self.b.ins().icmp(IntCC::SignedLessThan, cell, self.cells);
        self.b.ins().brif(is_real, real, &[], fine, &[]);
        self.b.switch_to_block(real);
        self.b.ins().return_(&[cell]);
        self.b.switch_to_block(fine);
    }

    /// Appends the lanes of a mask to the list of an event, without a branch: every lane is written, the count
    /// goes on only behind those that hold. It never runs ahead of the cells, so there is room.
    fn append(&mut self, event: EventId, mask: Value, local: Value) {
        let lists = self.argument_field(types::I64, offset_of!(KernelArgs, events));
        let list = self.b.ins().load(types::I64, trusted(), lists, event.0 as i32 * 8);
        let counts = self.argument_field(types::I64, offset_of!(KernelArgs, event_counts));
        let count = self.b.ins().load(types::I32, trusted(), counts, event.0 as i32 * 4);
        let mut count = self.b.ins().uextend(types::I64, count);
        let bits = self.bits(mask);
        let first = self.b.ins().ireduce(types::I32, local);
        for lane in 0..self.lanes() {
            let place = self.iconst(types::I32, lane as i64);
            let cell = self.b.ins().iadd(first, place);
            let bytes = self.shift_left(count, 2);
            let end = self.b.ins().iadd(list, bytes);
            self.b.ins().store(trusted(), cell, end, 0);
            let bit = self.shift_right(bits, lane as u32);
            let one = self.iconst(types::I32, 1);
            let bit = self.b.ins().band(bit, one);
            let bit = self.b.ins().uextend(types::I64, bit);
            count = self.b.ins().iadd(count, bit);
        }
        let count = self.b.ins().ireduce(types::I32, count);
        self.b.ins().store(trusted(), count, counts, event.0 as i32 * 4);
    }

    /// A group of an array.
    pub(super) fn load(&mut self, array: ArrayId, ty: Ty) -> Val {
        let pointer = self.arrays[&array];
        let vector = match ty {
            Ty::Float => self.vector_float(),
            Ty::Bool | Ty::Tick => self.vector_whole(),
            Ty::Int => {
                let (base, first) = self.int_place(pointer);
                let count = self.lanes() as i32;
                let load = |lane: i32| self.b.ins().load(types::I64, trusted(), base, first + lane * 8);
                return Val::Lanes((0..count).map(load).collect());
            }
        };
        let at = self.displacement();
        Val::Value(self.b.ins().load(vector, trusted(), pointer, at))
    }

    /// Where an array of 64-bit integers has the group: pointer and displacement.
    fn int_place(&mut self, pointer: Value) -> (Value, i32) {
        let wide = 8 / self.scalar_float().bytes() as i32;
        // The pointer has moved on as in an array of floats; beside `f32` an integer is twice as wide.
        let base = if wide == 2 { self.b.ins().iadd(pointer, self.offset) } else { pointer };
        (base, self.displacement() * wide)
    }

    /// Arrays get their values, accumulators are emptied.
    fn stores(&mut self) {
        let program = self.program;
        for output in &program.outputs {
            let Output::Array(array, value) = output else {
                continue;
            };
            let pointer = self.arrays[array];
            if program.ty(*value) == Ty::Int {
                let (base, first) = self.int_place(pointer);
                for (lane, value) in self.ints(*value).into_iter().enumerate() {
                    self.b.ins().store(trusted(), value, base, first + lane as i32 * 8);
                }
            } else {
                let value = self.get(*value);
                let at = self.displacement();
                self.b.ins().store(trusted(), value, pointer, at);
            }
        }
        let ports: Vec<Value> = self.arrivals.values().copied().collect();
        if !ports.is_empty() {
            let (zero, at) = (self.zero(), self.displacement());
            for pointer in ports {
                self.b.ins().store(trusted(), zero, pointer, at);
            }
        }
    }
}
