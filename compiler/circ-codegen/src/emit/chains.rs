//! The loop over the cells of a program that is made of chains (see `crate::chains`).
//!
//! In: the chains. Out: a call for some tiles, and the loop over the groups of those that are not quiet, in turn:
//!
//! ```text
//! entry:  the step, written down for the function
//! head:   for as many tiles as one call takes: which of them are not quiet
//! pick:   the next of these, from the first; else the next call
//! body:     its groups, as in any loop
//! ```

use super::Emitter;
use super::shape::trusted;
use crate::CodegenError;
use crate::chains::{Chains, Number, Row};
use crate::helpers::Helper;
use circ_numerics::chains::{self as steps, TILE, TILES, Term};
use circ_plan::abi::BLOCK;
use circ_plan::ir::Precision;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, StackSlot, StackSlotData, StackSlotKind, Value, types};
use std::mem::{offset_of, size_of};

/// Where the fields of a step lie, in bytes.
struct Layout {
    size: usize,
    terms: usize,
    /// From one to the next; its row, its factor.
    term: [usize; 3],
    length: usize,
    start: usize,
    threshold: usize,
    membrane: usize,
    until: usize,
    held: usize,
    now: usize,
    decays: usize,
    /// From one to the next; its row, what has arrived, its factor.
    decay: [usize; 4],
    decaying: usize,
    cleared: usize,
    ports: usize,
}

fn layout<F: steps::Number>() -> Layout {
    Layout {
        size: size_of::<steps::Chains<F>>(),
        terms: offset_of!(steps::Chains<F>, terms),
        term: [size_of::<Term<F>>(), offset_of!(Term<F>, row), offset_of!(Term<F>, factor)],
        length: offset_of!(steps::Chains<F>, length),
        start: offset_of!(steps::Chains<F>, start),
        threshold: offset_of!(steps::Chains<F>, threshold),
        membrane: offset_of!(steps::Chains<F>, membrane),
        until: offset_of!(steps::Chains<F>, until),
        held: offset_of!(steps::Chains<F>, held),
        now: offset_of!(steps::Chains<F>, now),
        decays: offset_of!(steps::Chains<F>, decays),
        decay: [
            size_of::<steps::Decay<F>>(),
            offset_of!(steps::Decay<F>, row),
            offset_of!(steps::Decay<F>, arrived),
            offset_of!(steps::Decay<F>, factor),
        ],
        decaying: offset_of!(steps::Chains<F>, decaying),
        cleared: offset_of!(steps::Chains<F>, cleared),
        ports: offset_of!(steps::Chains<F>, ports),
    }
}

impl Emitter<'_> {
    /// The loop over the cells; ends in the block after it.
    pub(super) fn chains_loop(&mut self, chains: &Chains) -> Result<(), CodegenError> {
        let step = self.step(chains);
        let step = self.b.ins().stack_addr(types::I64, step, 0);
        let width = self.scalar_float().bytes();
        let tile = TILE as i64 / i64::from(width);
        let (head, pick, found) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let (body, next, exit) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(found);
        self.b.set_cold_block(body);
        let first = self.b.append_block_param(head, types::I64);
        let left = self.b.append_block_param(pick, types::I64);
        let offset = self.b.append_block_param(body, types::I64);
        let (less, mask) =
            (self.iconst(types::I64, BLOCK as i64 - 1), self.iconst(types::I64, -(BLOCK as i64)));
        let end = self.b.ins().iadd(self.cells, less);
        let end = self.b.ins().band(end, mask);
        let zero = self.iconst(types::I64, 0);
        let any = self.b.ins().icmp(IntCC::SignedGreaterThan, self.cells, zero);
        self.b.ins().brif(any, head, &[zero.into()], exit, &[]);

        self.b.switch_to_block(head);
        let rest = self.b.ins().isub(end, first);
        let tiles = self.shift_right(rest, tile.trailing_zeros());
        let most = self.iconst(types::I64, TILES as i64);
        let tiles = self.b.ins().umin(tiles, most);
        let (all, without) = (self.iconst(types::I64, -1), self.b.ins().isub(most, tiles));
        let tiles = self.b.ins().ushr(all, without);
        let loud = self.call(Helper::Chains, &[step, first, tiles])?;
        self.b.ins().jump(pick, &[loud.into()]);

        self.b.switch_to_block(pick);
        self.b.ins().brif(left, found, &[], next, &[]);

        self.b.switch_to_block(found);
        let (bit, one) = (self.b.ins().ctz(left), self.iconst(types::I64, 1));
        let less = self.b.ins().isub(left, one);
        let others = self.b.ins().band(left, less);
        let before = self.shift_left(bit, tile.trailing_zeros());
        let cell = self.b.ins().iadd(first, before);
        let begin = self.shift_left(cell, width.trailing_zeros());
        let length = self.iconst(types::I64, TILE as i64);
        self.end = self.b.ins().iadd(begin, length);
        self.b.ins().jump(body, &[begin.into()]);

        self.turns((body, offset), pick, &[others.into()])?;

        self.b.switch_to_block(next);
        let together = self.iconst(types::I64, TILES as i64 * tile);
        let first = self.b.ins().iadd(first, together);
        let more = self.b.ins().icmp(IntCC::SignedLessThan, first, end);
        self.b.ins().brif(more, head, &[first.into()], exit, &[]);
        self.b.switch_to_block(exit);
        Ok(())
    }

    /// Writes the step down.
    fn step(&mut self, chains: &Chains) -> StackSlot {
        let at = match self.program.precision {
            Precision::F32 => layout::<f32>(),
            Precision::F64 => layout::<f64>(),
        };
        let slot = self.b.create_sized_stack_slot(StackSlotData::new(
            StackSlotKind::ExplicitSlot,
            at.size as u32,
            3,
        ));
        let put = |emitter: &mut Self, value: Value, offset: usize| {
            let address = emitter.b.ins().stack_addr(types::I64, slot, offset as i32);
            emitter.b.ins().store(trusted(), value, address, 0);
        };
        for (k, (row, factor)) in chains.membrane.terms.iter().enumerate() {
            let term = at.terms + k * at.term[0];
            let (row, factor) = (self.row_pointer_of(*row), self.number(*factor));
            put(self, row, term + at.term[1]);
            put(self, factor, term + at.term[2]);
        }
        for (k, decay) in chains.decays.iter().enumerate() {
            let place = at.decays + k * at.decay[0];
            let row = self.arrays[&decay.array];
            let arrived = match decay.port {
                Some(port) => self.arrivals[&port],
                None => self.iconst(types::I64, 0),
            };
            let factor = self.scalar(decay.factor);
            put(self, row, place + at.decay[1]);
            put(self, arrived, place + at.decay[2]);
            put(self, factor, place + at.decay[3]);
        }
        for (k, port) in chains.cleared.iter().enumerate() {
            put(self, self.arrivals[port], at.cleared + k * 8);
        }
        let (length, decaying, ports) =
            (chains.membrane.terms.len(), chains.decays.len(), chains.cleared.len());
        for (count, offset) in [(length, at.length), (decaying, at.decaying), (ports, at.ports)] {
            let count = self.iconst(types::I64, count as i64);
            put(self, count, offset);
        }
        let (until, held) = match chains.hold {
            Some(hold) => (self.arrays[&hold.until], self.arrays[&hold.held]),
            None => (self.iconst(types::I64, 0), self.iconst(types::I64, 0)),
        };
        let (start, threshold) = (self.number(chains.membrane.start), self.scalar(chains.threshold));
        let (membrane, now) = (self.arrays[&chains.to], self.now());
        for (value, offset) in [
            (start, at.start),
            (threshold, at.threshold),
            (membrane, at.membrane),
            (until, at.until),
            (held, at.held),
            (now, at.now),
        ] {
            put(self, value, offset);
        }
        slot
    }

    fn row_pointer_of(&self, row: Row) -> Value {
        match row {
            Row::Array(array) => self.arrays[&array],
            Row::Arrival(port) => self.arrivals[&port],
        }
    }

    fn number(&mut self, number: Number) -> Value {
        match number {
            Number::Constant(x) => self.float(x),
            Number::Shared(value) => self.scalar(value),
        }
    }
}
