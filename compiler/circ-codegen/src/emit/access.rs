//! Arrays whose elements do not lie as those of a shard: programs of synapses work where synapses are.
//!
//! In: an [`Access`] and the pointers of a call. Out: a group of `Float`s read or written there, in the precision of the
//! program, whatever that of the array.

use super::Emitter;
use super::shape::trusted;
use circ_plan::abi::{Access, List};
use circ_plan::ir::{ArrayId, Precision};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};

/// Memory that is there, at any address.
fn anywhere() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

fn scalar(precision: Precision) -> Type {
    match precision {
        Precision::F32 => types::F32,
        Precision::F64 => types::F64,
    }
}

impl Emitter<'_> {
    /// How the elements of an array lie.
    pub(super) fn access(&self, array: ArrayId) -> Access {
        self.access.get(array.0 as usize).copied().unwrap_or(Access::Block)
    }

    /// Moves pointers on to where the loop is.
    pub(super) fn advance(&mut self) {
        for (array, pointer) in self.arrays.clone() {
            let bytes = match self.access(array) {
                Access::Block => self.scalar_float().bytes(),
                Access::Straight(held) => scalar(held).bytes(),
                Access::Listed(..) | Access::One(_) => continue,
            };
            let offset = self.offset_in(bytes);
            let pointer = self.b.ins().iadd(pointer, offset);
            self.arrays.insert(array, pointer);
        }
        for (list, pointer) in self.lists.clone() {
            let offset = self.offset_in(list.bytes());
            let pointer = self.b.ins().iadd(pointer, offset);
            self.lists.insert(list, pointer);
        }
        for pointer in self.arrivals.values_mut() {
            *pointer = self.b.ins().iadd(*pointer, self.offset);
        }
        if self.facts.blocks.is_some() {
            let within = self.row_offset();
            self.scratch_here = self.b.ins().iadd(self.scratch_rows, within);
        }
    }

    /// The loop's offset in an array whose elements have so many bytes.
    fn offset_in(&mut self, bytes: u32) -> Value {
        let (own, bytes) = (self.scalar_float().bytes().trailing_zeros(), bytes.trailing_zeros());
        match own.cmp(&bytes) {
            std::cmp::Ordering::Equal => self.offset,
            std::cmp::Ordering::Less => self.shift_left(self.offset, bytes - own),
            std::cmp::Ordering::Greater => self.shift_right(self.offset, own - bytes),
        }
    }

    /// The byte at which a lane of the group begins, beyond the loop's offset, where elements have so many bytes.
    fn lane_offset(&self, lane: usize, bytes: u32) -> i32 {
        (self.group as usize * self.lanes() + lane) as i32 * bytes as i32
    }

    /// A group of an array.
    pub(super) fn read(&mut self, array: ArrayId) -> Value {
        let (pointer, vector) = (self.arrays[&array], self.vector_float());
        match self.access(array) {
            Access::Block => {
                let at = self.displacement();
                self.b.ins().load(vector, trusted(), pointer, at)
            }
            Access::One(held) => {
                let one = self.read_one(pointer, 0, held);
                self.b.ins().splat(vector, one)
            }
            Access::Straight(held) if held == self.program.precision => {
                let at = self.displacement();
                self.b.ins().load(vector, anywhere(), pointer, at)
            }
            Access::Straight(Precision::F32) => {
                let at = self.lane_offset(0, 4);
                let both = self.b.ins().load(types::I64, anywhere(), pointer, at);
                let both = self.b.ins().scalar_to_vector(types::I64X2, both);
                let both = self.cast(types::F32X4, both);
                self.b.ins().fvpromote_low(both)
            }
            Access::Straight(held @ Precision::F64) => {
                let lanes: Vec<Value> = (0..self.lanes())
                    .map(|lane| self.read_one(pointer, self.lane_offset(lane, 8), held))
                    .collect();
                self.gather(vector, &lanes)
            }
            Access::Listed(held, list) => {
                let mut lanes = vec![];
                for lane in 0..self.lanes() {
                    let place = self.place(pointer, held, list, lane);
                    lanes.push(self.read_one(place, 0, held));
                }
                self.gather(vector, &lanes)
            }
        }
    }

    /// Puts a group into an array.
    pub(super) fn write(&mut self, array: ArrayId, value: Value) {
        let pointer = self.arrays[&array];
        match self.access(array) {
            // A program with an output that is one for all is not valid.
            Access::One(_) => {}
            Access::Block => {
                let at = self.displacement();
                self.b.ins().store(trusted(), value, pointer, at);
            }
            Access::Straight(held) if held == self.program.precision => {
                let at = self.displacement();
                self.b.ins().store(anywhere(), value, pointer, at);
            }
            Access::Straight(Precision::F32) => {
                let both = self.b.ins().fvdemote(value);
                let both = self.cast(types::I64X2, both);
                let both = self.b.ins().extractlane(both, 0);
                let at = self.lane_offset(0, 4);
                self.b.ins().store(anywhere(), both, pointer, at);
            }
            Access::Straight(held @ Precision::F64) => {
                for lane in 0..self.lanes() {
                    let at = self.lane_offset(lane, 8);
                    self.write_one(value, lane, pointer, at, held);
                }
            }
            Access::Listed(held, list) => {
                for lane in 0..self.lanes() {
                    let place = self.place(pointer, held, list, lane);
                    self.write_one(value, lane, place, 0, held);
                }
            }
        }
    }

    /// Where a list says that a lane's element is.
    fn place(&mut self, pointer: Value, held: Precision, list: List, lane: usize) -> Value {
        let (entries, at) = (self.lists[&list], self.lane_offset(lane, list.bytes()));
        let index = match list.near {
            true => self.b.ins().uload16(types::I64, anywhere(), entries, at),
            false => self.b.ins().uload32(anywhere(), entries, at),
        };
        let bytes = self.shift_left(index, scalar(held).bytes().trailing_zeros());
        self.b.ins().iadd(pointer, bytes)
    }

    /// One element, in the precision of the program.
    fn read_one(&mut self, pointer: Value, at: i32, held: Precision) -> Value {
        let x = self.b.ins().load(scalar(held), anywhere(), pointer, at);
        self.convert(x, held, self.program.precision)
    }

    /// Puts one lane into an element.
    fn write_one(&mut self, value: Value, lane: usize, pointer: Value, at: i32, held: Precision) {
        let x = self.lane(value, lane);
        let x = self.convert(x, self.program.precision, held);
        self.b.ins().store(anywhere(), x, pointer, at);
    }

    fn convert(&mut self, x: Value, from: Precision, to: Precision) -> Value {
        match (from, to) {
            (Precision::F32, Precision::F64) => self.b.ins().fpromote(types::F64, x),
            (Precision::F64, Precision::F32) => self.b.ins().fdemote(types::F32, x),
            (Precision::F32, Precision::F32) | (Precision::F64, Precision::F64) => x,
        }
    }
}
