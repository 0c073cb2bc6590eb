//! A program as a function of Cranelift's form.
//!
//! In: a validated program and the facts about it. Out: a function of the convention of `circ_plan::abi`:
//!
//! ```text
//! entry:   pointers and shared values, once; invariants into registers or the stack
//! loop:    for 1, 2 or 4 groups of 128 bits:
//!            where a new row of cells begins: its draws, and the passes before the last (see `crate::blocks`)
//!            loads and operations, as far as events and checks need them; regions that pay are branched over
//!            if a check fails or an event happens in some lane:   (cold)
//!              the other operations
//!              return the first real cell that fails; append the cells with events; store everything
//!            else:
//!              what is left of the other operations where no event happens; store what has changed
//! exit:    -1
//! ```
//!
//! All cells' values are vectors; integers of 64 bits are scalars, one a lane. Values that all cells share are
//! computed once, as scalars.

mod access;
mod block;
mod chains;
mod draw;
mod exp;
mod group;
mod op;
mod shape;

use crate::facts::{Facts, Invariant, facts, lanes};
use crate::machine::How;
use crate::quiet::Known;
use crate::{CodegenError, Source};
use circ_plan::abi::{Access, KernelArgs, List};
use circ_plan::ir::{ArrayId, KeyId, Op, Output, PortId, Program, Ty, ValueId};
use cranelift_codegen::Context;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, Block, BlockArg, FuncRef, Inst, InstBuilder, StackSlot, StackSlotData, StackSlotKind, Type,
    Value, types,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::JITModule;
use cranelift_module::Module;
use shape::{Shape, trusted};
use std::collections::{BTreeMap, BTreeSet};
use std::mem::offset_of;

/// Emits a program into `context.func`.
pub(crate) fn emit(
    Source { program, access }: Source,
    how: How,
    module: &mut JITModule,
    context: &mut Context,
    builder_context: &mut FunctionBuilderContext,
) -> Result<Facts, CodegenError> {
    let pointer = AbiParam::new(types::I64);
    context.func.signature = module.make_signature();
    context.func.signature.params.push(pointer);
    context.func.signature.returns.push(AbiParam::new(types::I64));
    let facts = facts(program, access, how);
    let mut b = FunctionBuilder::new(&mut context.func, builder_context);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let args = b.block_params(entry)[0];
    let slot = |b: &mut FunctionBuilder, bytes: usize| {
        b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, bytes as u32, 4))
    };
    let pool = slot(&mut b, 16 * facts.pool.len());
    let rows = slot(&mut b, 8 * facts.row() as usize * facts.rows.len());
    let scratch = slot(&mut b, block::bytes(program, &facts));
    let mut emitter = Emitter {
        program,
        access,
        fma: how.fma,
        shape: Shape::One,
        values: vec![Val::None; program.ops.len()],
        facts,
        b,
        module,
        imports: BTreeMap::new(),
        registers: BTreeMap::new(),
        complements: BTreeMap::new(),
        pool,
        pool_loads: BTreeMap::new(),
        rows,
        scratch,
        held: BTreeMap::new(),
        args,
        // What is loaded first stands in for them until then.
        uniforms: args,
        tables: args,
        scratch_rows: args,
        scratch_here: args,
        first_cell: args,
        cells: args,
        tick: args,
        offset: args,
        end: args,
        group: 0,
        quiet: false,
        arrays: BTreeMap::new(),
        lists: BTreeMap::new(),
        arrivals: BTreeMap::new(),
        keys: BTreeMap::new(),
    };
    emitter.entry()?;
    emitter.cells_loop()?;
    let none = emitter.iconst(types::I64, -1);
    emitter.b.ins().return_(&[none]);
    emitter.b.seal_all_blocks();
    let frontend = emitter.module.isa().frontend_config();
    emitter.b.finalize(frontend);
    Ok(emitter.facts)
}

/// A value of the program in the function.
#[derive(Clone, Debug)]
enum Val {
    /// Not made yet.
    None,
    /// A vector, or the scalar of a shared value (`Bool`: an `I8` of 0 or 1).
    Value(Value),
    /// Integers of 64 bits, one a lane.
    Lanes(Vec<Value>),
}

struct Emitter<'a> {
    program: &'a Program,
    access: &'a [Access],
    facts: Facts,
    fma: bool,
    b: FunctionBuilder<'a>,
    module: &'a mut JITModule,
    imports: BTreeMap<String, FuncRef>,
    /// What is being emitted: shared values, or a group of cells.
    shape: Shape,
    values: Vec<Val>,
    registers: BTreeMap<Invariant, Value>,
    /// Masks that are the complement of another, with that.
    complements: BTreeMap<Value, Value>,
    pool: StackSlot,
    /// The loads from the pool, by their slots.
    pool_loads: BTreeMap<Inst, usize>,
    rows: StackSlot,
    /// Room for the rows of blocks, and to align them.
    scratch: StackSlot,
    /// The values that are in scratch memory where code is being emitted, by their slots.
    held: BTreeMap<ValueId, u32>,
    args: Value,
    uniforms: Value,
    tables: Value,
    /// Where the rows of blocks begin; and, in a loop, where it is in the first of them.
    scratch_rows: Value,
    scratch_here: Value,
    first_cell: Value,
    cells: Value,
    /// The tick being made, as `I32`.
    tick: Value,
    /// Where the loop is, in bytes of an array of floats; and where it ends.
    offset: Value,
    end: Value,
    /// Which group of the loop's turn is being emitted.
    group: u32,
    /// Whether what is being emitted runs only in quiet groups.
    quiet: bool,
    /// Pointers: to the shard's first cell, or (in the loop) to where the loop is.
    arrays: BTreeMap<ArrayId, Value>,
    lists: BTreeMap<List, Value>,
    arrivals: BTreeMap<PortId, Value>,
    keys: BTreeMap<KeyId, Value>,
}

impl Emitter<'_> {
    /// A field of [`KernelArgs`].
    fn argument_field(&mut self, ty: Type, offset: usize) -> Value {
        self.b.ins().load(ty, trusted(), self.args, offset as i32)
    }

    /// Everything before the loop.
    fn entry(&mut self) -> Result<(), CodegenError> {
        self.first_cell = self.argument_field(types::I64, offset_of!(KernelArgs, first_cell));
        self.cells = self.argument_field(types::I64, offset_of!(KernelArgs, cells));
        self.uniforms = self.argument_field(types::I64, offset_of!(KernelArgs, uniforms));
        self.tables = self.argument_field(types::I64, offset_of!(KernelArgs, tables));
        let now = self.argument_field(types::I64, offset_of!(KernelArgs, now));
        self.tick = self.b.ins().ireduce(types::I32, now);
        self.align_scratch();
        self.pointers();
        for at in 0..self.program.ops.len() {
            if self.facts.shared[at] {
                self.values[at] = self.op(at)?;
            }
        }
        for invariant in self.facts.registers.clone() {
            let value = self.splat(invariant);
            self.registers.insert(invariant, value);
        }
        for (at, invariant) in self.facts.pool.clone().into_iter().enumerate() {
            let value = self.splat(invariant);
            let address = self.b.ins().stack_addr(types::I64, self.pool, at as i32 * 16);
            self.b.ins().store(trusted(), value, address, 0);
        }
        Ok(())
    }

    /// Loads the pointers and keys that the program needs.
    fn pointers(&mut self) {
        let (mut arrays, mut ports, mut keys) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for op in &self.program.ops {
            match op {
                Op::Load(_, array) => arrays.extend([*array]),
                Op::Arrival(port) => ports.extend([*port]),
                Op::Draw { key, .. } | Op::Redraw { key, .. } => keys.extend([*key]),
                _ => {}
            }
        }
        for output in &self.program.outputs {
            if let Output::Array(array, _) = output {
                arrays.insert(*array);
            }
        }
        let list = self.argument_field(types::I64, offset_of!(KernelArgs, arrays));
        for array in arrays {
            let pointer = self.b.ins().load(types::I64, trusted(), list, array.0 as i32 * 8);
            self.arrays.insert(array, pointer);
            if let Access::Listed(_, at) = self.access(array)
                && !self.lists.contains_key(&at)
            {
                let entries = self.b.ins().load(types::I64, trusted(), list, at.pointer as i32 * 8);
                self.lists.insert(at, entries);
            }
        }
        let list = self.argument_field(types::I64, offset_of!(KernelArgs, arrivals));
        for port in ports {
            let pointer = self.b.ins().load(types::I64, trusted(), list, port.0 as i32 * 8);
            self.arrivals.insert(port, pointer);
        }
        let list = self.argument_field(types::I64, offset_of!(KernelArgs, keys));
        for key in keys {
            let value = self.b.ins().load(
                types::I64,
                cranelift_codegen::ir::MemFlagsData::new().with_notrap(),
                list,
                key.0 as i32 * 8,
            );
            self.keys.insert(key, value);
        }
    }

    /// A vector of equal lanes.
    fn splat(&mut self, invariant: Invariant) -> Value {
        let (float, whole) = (self.vector_float(), self.vector_whole());
        match invariant {
            Invariant::Float(bits) => {
                let scalar = self.scalar_constant(bits);
                self.b.ins().splat(float, scalar)
            }
            Invariant::Whole(x) => {
                let ty = self.scalar_whole();
                let scalar = self.iconst(ty, x);
                self.b.ins().splat(whole, scalar)
            }
            Invariant::Value(value) => {
                let scalar = self.scalar(value);
                match self.program.ty(value) {
                    Ty::Float => self.b.ins().splat(float, scalar),
                    Ty::Tick | Ty::Int => self.b.ins().splat(whole, scalar),
                    Ty::Bool => {
                        let ty = self.scalar_whole();
                        let mask = self.b.ins().bmask(ty, scalar);
                        self.b.ins().splat(whole, mask)
                    }
                }
            }
        }
    }

    /// A vector that the loop does not change: from its register, or from memory.
    fn invariant(&mut self, invariant: Invariant) -> Value {
        if let Some(value) = self.registers.get(&invariant) {
            return *value;
        }
        let Some(at) = self.facts.pool.iter().position(|other| *other == invariant) else {
            return self.splat(invariant);
        };
        let ty = match invariant {
            Invariant::Float(_) => self.vector_float(),
            Invariant::Whole(_) => self.vector_whole(),
            Invariant::Value(value) if self.program.ty(value) == Ty::Float => self.vector_float(),
            Invariant::Value(_) => self.vector_whole(),
        };
        // Loaded anew for each use, right before it, so that it becomes an operand of the instruction.
        let address = self.b.ins().stack_addr(types::I64, self.pool, at as i32 * 16);
        let value = self.b.ins().load(ty, trusted(), address, 0);
        if let Some(load) = self.b.func.dfg.value_def(value).inst() {
            self.pool_loads.insert(load, at);
        }
        value
    }

    /// The loop over the cells; ends in the block after it.
    fn cells_loop(&mut self) -> Result<(), CodegenError> {
        if let Some(chains) = self.facts.chains.clone() {
            return self.chains_loop(&chains);
        }
        let (head, exit) = (self.b.create_block(), self.b.create_block());
        let offset = self.b.append_block_param(head, types::I64);
        let zero = self.iconst(types::I64, 0);
        let turn = i64::from(self.facts.groups * 16);
        self.end = self.end_offset(turn);
        let any = self.b.ins().icmp(IntCC::SignedGreaterThan, self.cells, zero);
        self.b.ins().brif(any, head, &[zero.into()], exit, &[]);
        self.turns((head, offset), exit, &[])?;
        self.b.switch_to_block(exit);
        Ok(())
    }

    /// Turns of the loop, from the offset that a block is entered with to the end; after that it goes on to another block.
    fn turns(
        &mut self,
        (head, offset): (Block, Value),
        after: Block,
        arguments: &[BlockArg],
    ) -> Result<(), CodegenError> {
        self.b.switch_to_block(head);
        self.offset = offset;
        self.shape = Shape::Group;
        self.fill_rows()?;
        let bases = (self.arrays.clone(), self.arrivals.clone(), self.lists.clone());
        self.advance();
        self.groups()?;
        (self.arrays, self.arrivals, self.lists) = bases;
        let turn = self.iconst(types::I64, i64::from(self.facts.groups * 16));
        let next = self.b.ins().iadd(offset, turn);
        let more = self.b.ins().icmp(IntCC::SignedLessThan, next, self.end);
        self.b.ins().brif(more, head, &[next.into()], after, arguments);
        Ok(())
    }

    /// Bytes of an array up to the end of the last turn. Padding reaches that far: a turn is at most
    /// as long as [`circ_plan::abi::BLOCK`] elements.
    fn end_offset(&mut self, turn: i64) -> Value {
        let width = self.scalar_float().bytes().trailing_zeros();
        let bytes = self.shift_left(self.cells, width);
        let (less, mask) = (self.iconst(types::I64, turn - 1), self.iconst(types::I64, -turn));
        let up = self.b.ins().iadd(bytes, less);
        self.b.ins().band(up, mask)
    }

    /// The byte at which the group begins in an array of floats, beyond the loop's offset.
    fn displacement(&self) -> i32 {
        self.group as i32 * 16
    }

    /// The scalar of a shared value, or a value of the group.
    fn scalar(&mut self, value: ValueId) -> Value {
        if let Some(slot) = self.held.get(&value) {
            return self.scratched(value, *slot);
        }
        match self.values[value.0 as usize] {
            Val::Value(scalar) => scalar,
            // Shared values are made first and are never lanes.
            Val::None | Val::Lanes(_) => self.args,
        }
    }

    /// What a value is where the code that is being emitted runs.
    fn meaning(&self, value: ValueId) -> Known {
        if self.quiet { self.facts.quiet.known[value.0 as usize] } else { Known::Same(value) }
    }

    /// A value (not an integer) in the shape that is being emitted.
    fn get(&mut self, value: ValueId) -> Value {
        match self.meaning(value) {
            Known::Truth(truth) => self.truth(truth),
            Known::Same(value) if self.shape == Shape::Group && self.facts.shared[value.0 as usize] => {
                self.invariant(crate::facts::invariant(self.program, value))
            }
            Known::Same(value) => self.scalar(value),
        }
    }

    /// A value that is looked at lane by lane: shared ones stay scalars.
    fn argument(&mut self, value: ValueId) -> Value {
        match self.meaning(value) {
            Known::Truth(truth) => self.truth(truth),
            Known::Same(value) => self.scalar(value),
        }
    }

    /// The same truth value for all lanes of a group.
    fn truth(&mut self, truth: bool) -> Value {
        let no = self.zeros(self.vector_whole());
        if truth { self.b.ins().bnot(no) } else { no }
    }

    /// Integers, one a lane.
    fn ints(&mut self, value: ValueId) -> Vec<Value> {
        let count = if self.shape == Shape::One { 1 } else { lanes(self.program.precision) as usize };
        let Known::Same(value) = self.meaning(value) else {
            return vec![self.args; count];
        };
        match &self.values[value.0 as usize] {
            Val::Value(scalar) => vec![*scalar; count],
            Val::Lanes(lanes) => lanes.clone(),
            Val::None => vec![self.args; count],
        }
    }

    /// The lanes of a vector (a scalar is in all), as many as the shape has.
    fn split(&mut self, x: Value) -> Vec<Value> {
        let count = if self.shape == Shape::One { 1 } else { self.lanes() };
        (0..count).map(|lane| self.lane(x, lane)).collect()
    }

    /// Integers as a value.
    fn join(&mut self, lanes: Vec<Value>) -> Val {
        match self.shape {
            Shape::One => Val::Value(lanes[0]),
            Shape::Group => Val::Lanes(lanes),
        }
    }

    /// Truth values (`I8`) as a value of type `Bool`.
    fn join_masks(&mut self, lanes: Vec<Value>) -> Value {
        match self.shape {
            Shape::One => lanes[0],
            Shape::Group => self.gather_mask(&lanes),
        }
    }

    /// 0.0 in the shape.
    fn zero(&mut self) -> Value {
        match self.shape {
            Shape::One => self.scalar_constant(0),
            Shape::Group => self.zeros(self.vector_float()),
        }
    }
}
