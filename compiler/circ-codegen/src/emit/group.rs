//! A group of cells: operations and regions, then checks and events, then stores.

use super::shape::{Shape, trusted};
use super::{Emitter, Val};
use crate::CodegenError;
use crate::facts::Branch;
use crate::quiet::Known;
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
        let (branches, early) = (self.facts.branches.clone(), self.facts.quiet.early.clone());
        let mut beside = vec![];
        for group in 0..self.facts.groups {
            self.group = group;
            let before = self.instructions().len();
            self.range(0, self.program.ops.len(), &branches, &early)?;
            if self.facts.interleaved {
                beside.push((self.instructions().split_off(before), self.values.clone()));
            } else {
                self.finish_group()?;
            }
        }
        self.interleave(beside.iter().map(|(instructions, _)| instructions.as_slice()).collect());
        for (group, (_, values)) in beside.into_iter().enumerate() {
            self.group = group as u32;
            self.values = values;
            self.finish_group()?;
        }
        Ok(())
    }

    /// The instructions of the block so far.
    pub(super) fn instructions(&self) -> Vec<Inst> {
        self.b
            .current_block()
            .map(|block| self.b.func.layout.block_insts(block).collect())
            .unwrap_or_default()
    }

    /// Puts the instructions of several groups, the last of the block, side by side: a piece of each in turn.
    /// What the pieces of a turn load from the pool they load once.
    pub(super) fn interleave(&mut self, groups: Vec<&[Inst]>) {
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

    /// The rest of a group whose early values are there.
    ///
    /// ```text
    /// if an event happens or a check fails in some lane:    (cold)
    ///   the rest of the program; return or append; store everything
    /// else:
    ///   what a quiet group needs; store what has changed
    /// ```
    fn finish_group(&mut self) -> Result<(), CodegenError> {
        let Some(loud) = self.loud() else {
            return self.finish_quiet();
        };
        let loud = self.bits(loud);
        let (rare, usual) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(rare);
        self.b.ins().brif(loud, rare, &[], usual, &[]);
        let early = self.values.clone();
        self.b.switch_to_block(rare);
        if self.facts.quiet.masks.is_empty() {
            // Without events the program means the same on both ways: if padding fails, go on as usual.
            self.quiet = true;
            let failing = self.failing();
            self.fail(failing);
            self.b.ins().jump(usual, &[]);
            self.b.switch_to_block(usual);
            return self.finish_quiet();
        }
        self.finish_loud()?;
        let next = self.b.create_block();
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(usual);
        self.values = early;
        self.finish_quiet()?;
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
        Ok(())
    }

    /// A mask of all lanes in which an event happens or a check fails, if the program has events or checks.
    fn loud(&mut self) -> Option<Value> {
        let mut loud = None;
        for mask in self.facts.quiet.masks.clone() {
            let mask = self.get(mask);
            loud = Some(self.either(loud, mask));
        }
        self.quiet = true;
        let suspicious = self.suspicious();
        self.quiet = false;
        match suspicious {
            Some(suspicious) => Some(self.either(loud, suspicious)),
            None => loud,
        }
    }

    fn finish_quiet(&mut self) -> Result<(), CodegenError> {
        let (branches, late) = (self.facts.branches.clone(), self.facts.quiet.late.clone());
        self.quiet = true;
        self.range(0, self.program.ops.len(), &branches, &late)?;
        self.stores();
        self.quiet = false;
        Ok(())
    }

    /// Of a group in which an event happens: fails, or appends the events and stores.
    fn finish_loud(&mut self) -> Result<(), CodegenError> {
        let (branches, rest) = (self.facts.branches.clone(), self.facts.quiet.rest.clone());
        self.range(0, self.program.ops.len(), &branches, &rest)?;
        let failing = self.failing();
        self.fail(failing);
        for (event, mask) in self.events() {
            self.append(event, mask);
        }
        self.stores();
        Ok(())
    }

    /// Those of the operations `first .. end` that are `wanted`, and the branches within.
    pub(super) fn range(
        &mut self,
        first: usize,
        end: usize,
        branches: &[Branch],
        wanted: &[bool],
    ) -> Result<(), CodegenError> {
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
                    if wanted[at..end].contains(&true) {
                        self.branch(branch, inner, wanted)?;
                    }
                    (at, branches) = (end, rest);
                }
                _ => {
                    if wanted[at] {
                        self.values[at] = self.op(at)?;
                    }
                    at += 1;
                }
            }
        }
        Ok(())
    }

    /// A region that is skipped where no lane of its mask holds; what is read later is 0 then.
    fn branch(&mut self, branch: &Branch, inner: &[Branch], wanted: &[bool]) -> Result<(), CodegenError> {
        let mask = branch.region.mask;
        let condition = match self.meaning(mask) {
            Known::Truth(truth) => self.iconst(types::I8, i64::from(truth)),
            Known::Same(mask) if self.facts.shared[mask.0 as usize] => self.scalar(mask),
            Known::Same(mask) => {
                let mask = self.get(mask);
                self.bits(mask)
            }
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
        self.range(branch.region.first as usize, branch.region.end as usize, inner, wanted)?;
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
        let (numbers, mask) = self.checked();
        let nothing: Vec<Value> = numbers.into_iter().map(|x| self.b.ins().fsub(x, x)).collect();
        let sum = nothing.into_iter().reduce(|a, b| self.b.ins().fadd(a, b));
        self.or_not_finite(mask, sum)
    }

    /// As [`Self::failing`] in half the instructions, with some lanes too many: of finite numbers the sum may still
    /// be infinite. If one is not finite, neither is the sum.
    fn suspicious(&mut self) -> Option<Value> {
        let (numbers, mask) = self.checked();
        let sum = numbers.into_iter().reduce(|a, b| self.b.ins().fadd(a, b));
        let nothing = sum.map(|sum| self.b.ins().fsub(sum, sum));
        self.or_not_finite(mask, nothing)
    }

    fn or_not_finite(&mut self, mask: Option<Value>, nothing: Option<Value>) -> Option<Value> {
        let Some(nothing) = nothing else { return mask };
        let wrong = self.fcmp(FloatCC::Unordered, nothing, nothing);
        Some(self.either(mask, wrong))
    }

    /// The numbers that must be finite, each once, and the mask of lanes that fail one of the other checks.
    fn checked(&mut self) -> (Vec<Value>, Option<Value>) {
        let mut seen: Vec<Known> = vec![];
        let (mut numbers, mut mask) = (vec![], None);
        let program = self.program;
        for check in &program.checks {
            let meaning = self.meaning(check.value);
            if meaning == Known::Truth(false) || seen.contains(&meaning) {
                continue;
            }
            seen.push(meaning);
            let value = self.get(check.value);
            match check.kind {
                CheckKind::Finite => numbers.push(value),
                CheckKind::Overflow | CheckKind::Range | CheckKind::Redraw => {
                    mask = Some(self.either(mask, value));
                }
            }
        }
        (numbers, mask)
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

    /// The local index of the group's first cell.
    fn first_of_group(&mut self) -> Value {
        let width = self.scalar_float().bytes().trailing_zeros();
        let local = self.shift_right(self.offset, width);
        let group = self.iconst(types::I64, i64::from(self.group) * self.lanes() as i64);
        self.b.ins().iadd(local, group)
    }

    /// Returns the first failing lane if it is a real cell.
    fn fail(&mut self, failing: Option<Value>) {
        let Some(failing) = failing else { return };
        let local = self.first_of_group();
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
    fn append(&mut self, event: EventId, mask: Value) {
        let local = self.first_of_group();
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
            Ty::Float => return Val::Value(self.read(array)),
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
            if self.quiet && self.facts.quiet.keeps(program, output) {
                continue;
            }
            let pointer = self.arrays[array];
            if program.ty(*value) == Ty::Float {
                let value = self.get(*value);
                self.write(*array, value);
            } else if program.ty(*value) == Ty::Int {
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
            let (zero, at) = (self.float(0.0), self.displacement());
            for pointer in ports {
                self.b.ins().store(trusted(), zero, pointer, at);
            }
        }
    }
}
