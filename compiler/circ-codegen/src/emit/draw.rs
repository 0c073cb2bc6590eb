//! Draws: of one cell after another by a call, or, where every cell draws, from a buffer that a call fills
//! for a row of cells.

use super::Emitter;
use super::shape::{Shape, trusted};
use crate::CodegenError;
use crate::facts::lanes;
use crate::helpers::Helper;
use circ_numerics::Distribution;
use circ_plan::ir::{KeyId, Op, Precision, ValueId};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};

impl Emitter<'_> {
    /// A call for every cell.
    pub(super) fn draw(
        &mut self,
        distribution: Distribution,
        args: &[ValueId],
        key: KeyId,
        salt: u32,
    ) -> Result<Value, CodegenError> {
        let numbers = self.two_numbers(args);
        self.draw_lanes(Helper::Draw(distribution), &numbers, key, salt)
    }

    /// Likewise.
    pub(super) fn redraw(
        &mut self,
        distribution: Distribution,
        args: &[ValueId],
        within: [ValueId; 2],
        key: KeyId,
        salt: u32,
    ) -> Result<Value, CodegenError> {
        let mut numbers = self.two_numbers(args);
        numbers.extend(within.map(|bound| self.argument(bound)));
        self.draw_lanes(Helper::Redraw(distribution), &numbers, key, salt)
    }

    /// The arguments of a distribution, 0 for those that it does not take.
    fn two_numbers(&mut self, args: &[ValueId]) -> Vec<Value> {
        let zero = self.scalar_constant(0);
        let mut numbers: Vec<Value> = args.iter().map(|arg| self.argument(*arg)).collect();
        numbers.resize(2, zero);
        numbers
    }

    fn draw_lanes(
        &mut self,
        helper: Helper,
        numbers: &[Value],
        key: KeyId,
        salt: u32,
    ) -> Result<Value, CodegenError> {
        let index = self.index_lanes();
        let (key, tick, vector) = (self.keys[&key], self.tick, self.vector_float());
        let salt = self.iconst(types::I32, i64::from(salt));
        self.each_lane(vector, numbers, |emitter, numbers, lane| {
            let entity = emitter.b.ins().ireduce(types::I32, index[lane]);
            emitter.call(helper, &[numbers, &[key, entity, tick, salt]].concat())
        })
    }

    /// Fills the buffers of all row draws where the loop enters a new row, and makes the passes before the last.
    pub(super) fn fill_rows(&mut self) -> Result<(), CodegenError> {
        if self.facts.rows.is_empty() && self.facts.blocks.is_none() {
            return Ok(());
        }
        let within = self.row_offset();
        let (fill, body) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(within, body, &[], fill, &[]);
        self.b.switch_to_block(fill);
        let width = self.scalar_float().bytes().trailing_zeros();
        let local = self.shift_right(self.offset, width);
        let first = self.b.ins().iadd(self.first_cell, local);
        let first = self.b.ins().ireduce(types::I32, first);
        let left = self.b.ins().isub(self.end, self.offset);
        let left = self.shift_right(left, width);
        let most = self.iconst(types::I64, i64::from(self.facts.row()));
        let count = self.b.ins().umin(left, most);
        let rows = self.facts.rows.clone();
        for (row, value) in rows.into_iter().enumerate() {
            let Op::Draw { distribution, key, salt, .. } = self.program.op(value) else {
                continue;
            };
            let helper =
                if *distribution == Distribution::Normal { Helper::NormalRow } else { Helper::UniformRow };
            let out =
                self.b.ins().stack_addr(types::I64, self.rows, (row as u32 * self.facts.row() * 8) as i32);
            let salt = self.iconst(types::I32, i64::from(*salt));
            let (key, tick) = (self.keys[key], self.tick);
            self.call(helper, &[key, first, tick, salt, out, count])?;
        }
        self.passes(count)?;
        self.b.ins().jump(body, &[]);
        self.b.switch_to_block(body);
        Ok(())
    }

    /// How far the loop is into a row, in bytes of the cells' arrays.
    pub(super) fn row_offset(&mut self) -> Value {
        let mask = i64::from(self.facts.row() * self.scalar_float().bytes()) - 1;
        let mask = self.iconst(types::I64, mask);
        self.b.ins().band(self.offset, mask)
    }

    /// A uniform or normal draw from its buffer: computed in `f64`, rounded once.
    pub(super) fn draw_from_row(
        &mut self,
        row: usize,
        distribution: Distribution,
        args: &[ValueId],
        key: KeyId,
        salt: u32,
    ) -> Result<Value, CodegenError> {
        let standard = self.standard_numbers(row);
        let (a, b) = (self.get(args[0]), self.get(args[1]));
        let (wide_a, wide_b) = (self.widen(a), self.widen(b));
        let mut values = vec![];
        for (at, standard) in standard.into_iter().enumerate() {
            let (a, b) = (wide_a[at], wide_b[at]);
            let factor = if distribution == Distribution::Normal { b } else { self.b.ins().fsub(b, a) };
            values.push(self.b.ins().fma(factor, standard, a));
        }
        let value = self.narrow_floats(&values);
        if distribution == Distribution::Normal || self.is_unit_interval(args) {
            return Ok(value);
        }
        // Rounding may reach the upper end, very rarely: then the call knows what to do.
        let reached = self.fcmp(FloatCC::GreaterThanOrEqual, value, b);
        let proper = self.fcmp(FloatCC::LessThan, a, b);
        let wrong = self.b.ins().band(reached, proper);
        let wrong = self.bits(wrong);
        let (again, fine) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(again);
        let ty = self.vector_float();
        let result = self.b.append_block_param(fine, ty);
        self.b.ins().brif(wrong, again, &[], fine, &[value.into()]);
        self.b.switch_to_block(again);
        let value = self.draw(distribution, args, key, salt)?;
        self.b.ins().jump(fine, &[value.into()]);
        self.b.switch_to_block(fine);
        Ok(result)
    }

    fn is_unit_interval(&self, args: &[ValueId]) -> bool {
        let constant = |v: ValueId, x: f64| matches!(self.program.op(v), Op::Float(c) if *c == x);
        self.program.precision == Precision::F64 && constant(args[0], 0.0) && constant(args[1], 1.0)
    }

    /// The group's numbers in the buffer, two a vector.
    fn standard_numbers(&mut self, row: usize) -> Vec<Value> {
        let within = self.row_offset();
        let within = match self.program.precision {
            Precision::F32 => self.shift_left(within, 1),
            Precision::F64 => within,
        };
        let buffer =
            self.b.ins().stack_addr(types::I64, self.rows, (row as u32 * self.facts.row() * 8) as i32);
        let start = self.b.ins().iadd(buffer, within);
        let pairs = lanes(self.program.precision) as i32 / 2;
        let group = self.group as i32 * pairs * 16;
        (0..pairs).map(|pair| self.b.ins().load(types::F64X2, trusted(), start, group + pair * 16)).collect()
    }

    /// A group of floats as vectors of `f64`.
    fn widen(&mut self, x: Value) -> Vec<Value> {
        debug_assert_eq!(self.shape, Shape::Group);
        match self.program.precision {
            Precision::F64 => vec![x],
            Precision::F32 => {
                let high = self.halves(x, x, [8, 0]);
                vec![self.b.ins().fvpromote_low(x), self.b.ins().fvpromote_low(high)]
            }
        }
    }

    fn narrow_floats(&mut self, values: &[Value]) -> Value {
        match values {
            [low, high] => {
                let (low, high) = (self.b.ins().fvdemote(*low), self.b.ins().fvdemote(*high));
                self.halves(low, high, [0, 16])
            }
            _ => values[0],
        }
    }

    /// Two halves of a pair of vectors, by their first bytes.
    fn halves(&mut self, a: Value, b: Value, [low, high]: [u8; 2]) -> Value {
        let bytes: Vec<u8> = (low..low + 8).chain(high..high + 8).collect();
        let mask = self.b.func.dfg.immediates.push(bytes.into());
        let (a, b) = (self.cast(types::I8X16, a), self.cast(types::I8X16, b));
        let mixed = self.b.ins().shuffle(a, b, mask);
        self.cast(types::F32X4, mixed)
    }

    /// The index in the population of every cell of the group; padding has that of the last cell.
    pub(super) fn index_lanes(&mut self) -> Vec<Value> {
        let width = self.scalar_float().bytes().trailing_zeros();
        let local = self.shift_right(self.offset, width);
        let first = i64::from(self.group) * self.lanes() as i64;
        let one = self.iconst(types::I64, 1);
        let last = self.b.ins().isub(self.cells, one);
        (0..self.lanes() as i64)
            .map(|lane| {
                let place = self.iconst(types::I64, first + lane);
                let local = self.b.ins().iadd(local, place);
                let beyond = self.b.ins().icmp(IntCC::SignedGreaterThan, local, last);
                let local = self.b.ins().select(beyond, last, local);
                self.b.ins().iadd(self.first_cell, local)
            })
            .collect()
    }
}
