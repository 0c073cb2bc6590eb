//! One operation of a program, in the shape that is being emitted.

use super::shape::{Shape, trusted};
use super::{Emitter, Val};
use crate::CodegenError;
use crate::facts::exp_like;
use crate::helpers::Helper;
use circ_plan::ir::{Compare, MAX_TICK, Moment, Op, Precision, TableId, Ty, UniformId, ValueId};
use cranelift_codegen::ir::condcodes::{CondCode, FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use std::mem::offset_of;

use circ_plan::abi::{KernelArgs, TableRef};

impl Emitter<'_> {
    /// The value of operation `at`.
    pub(super) fn op(&mut self, at: usize) -> Result<Val, CodegenError> {
        let program = self.program;
        let ty = program.types[at];
        let value = match &program.ops[at] {
            Op::Float(x) => self.float(*x),
            Op::Int(x) => self.iconst(types::I64, *x),
            Op::Bool(x) => self.iconst(types::I8, i64::from(*x)),
            Op::Tick(x) => {
                let ty = self.scalar_whole();
                let x =
                    if ty == types::I32 { (*x).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) } else { *x };
                self.iconst(ty, x)
            }
            Op::Uniform(slot) => self.slot(*slot, ty),
            Op::Now => self.now(),
            Op::Time(moment) => self.time(*moment),
            Op::Load(_, array) => return Ok(self.load(*array, ty)),
            Op::Arrival(port) => {
                let (pointer, ty, at) = (self.arrivals[port], self.vector_float(), self.displacement());
                self.b.ins().load(ty, trusted(), pointer, at)
            }
            Op::Index(_) => return Ok(Val::Lanes(self.index_lanes())),
            Op::Table(table, row, column) => self.table(*table, *row, *column)?,
            Op::Draw { distribution, args, key, salt } => {
                match self.facts.rows.iter().position(|v| v.0 as usize == at) {
                    Some(row) => self.draw_from_row(row, *distribution, args, *key, *salt)?,
                    None => self.draw(*distribution, args, *key, *salt)?,
                }
            }
            Op::Redraw { distribution, args, within, key, salt } => {
                self.redraw(*distribution, args, *within, *key, *salt)?
            }
            Op::Call1(function, x) if exp_like(*function) => {
                let x = self.get(*x);
                self.exp_like(*function, x)?
            }
            Op::Call1(function, x) => {
                let x = self.argument(*x);
                self.call_lanes(Helper::Call1(*function), &[x])?
            }
            Op::Call2(function, x, y) => {
                let arguments = [self.argument(*x), self.argument(*y)];
                self.call_lanes(Helper::Call2(*function), &arguments)?
            }
            Op::Fma(a, b, c) => {
                // The instruction overwrites its first operand: rather one that the loop does not need again.
                let (a, b) = if self.facts.shared[a.0 as usize] { (b, a) } else { (a, b) };
                let (a, b, c) = (self.get(*a), self.get(*b), self.get(*c));
                self.fma(a, b, c)?
            }
            Op::Select(mask, a, b) if ty == Ty::Int => return Ok(self.select_ints(*mask, *a, *b)),
            Op::Select(mask, a, b) => {
                let (mask, a, b) = (self.get(*mask), self.get(*a), self.get(*b));
                self.choose(mask, a, b)
            }
            Op::ToFloat(x) => self.float_from(*x)?,
            Op::ToInt(x) => {
                let x = self.argument(*x);
                let lanes = self.split(x);
                let ints = lanes.iter().map(|x| self.b.ins().fcvt_to_sint_sat(types::I64, *x)).collect();
                return Ok(self.join(ints));
            }
            Op::ToTick(x) => self.tick_from(*x)?,
            Op::TickAdd(a, b) => {
                let (a, b) = (self.get(*a), self.get(*b));
                self.tick_add(a, b)
            }
            Op::Compare(compare, a, b) => self.compare(*compare, *a, *b),
            Op::Not(x) => {
                let x = self.get(*x);
                match self.shape {
                    Shape::One => {
                        let one = self.iconst(types::I8, 1);
                        self.b.ins().bxor(x, one)
                    }
                    Shape::Group => self.not(x),
                }
            }
            Op::And(a, b) => {
                let (a, b) = (self.get(*a), self.get(*b));
                self.b.ins().band(a, b)
            }
            Op::Or(a, b) => {
                let (a, b) = (self.get(*a), self.get(*b));
                self.b.ins().bor(a, b)
            }
            Op::AddOverflows(a, b) | Op::SubOverflows(a, b) | Op::MulOverflows(a, b) => {
                self.overflows(&program.ops[at], *a, *b)
            }
            op if ty == Ty::Int => return self.int_op(op),
            op => self.float_op(op),
        };
        Ok(Val::Value(value))
    }

    /// Arithmetic of floats that is one instruction, or a few.
    fn float_op(&mut self, op: &Op) -> Value {
        match op {
            Op::Neg(x) | Op::Abs(x) | Op::Sqrt(x) | Op::Floor(x) | Op::Ceil(x) | Op::Round(x) => {
                let x = self.get(*x);
                match op {
                    Op::Neg(_) => self.b.ins().fneg(x),
                    Op::Abs(_) => self.b.ins().fabs(x),
                    Op::Sqrt(_) => self.b.ins().sqrt(x),
                    Op::Floor(_) => self.b.ins().floor(x),
                    Op::Ceil(_) => self.b.ins().ceil(x),
                    _ => self.b.ins().nearest(x),
                }
            }
            Op::Add(a, b) | Op::Sub(a, b) | Op::Mul(a, b) | Op::Div(a, b) | Op::Min(a, b) | Op::Max(a, b) => {
                let (a, b) = (self.get(*a), self.get(*b));
                match op {
                    Op::Add(..) => self.b.ins().fadd(a, b),
                    Op::Sub(..) => self.b.ins().fsub(a, b),
                    Op::Mul(..) => self.b.ins().fmul(a, b),
                    Op::Div(..) => self.b.ins().fdiv(a, b),
                    Op::Min(..) => self.min(a, b),
                    _ => self.max(a, b),
                }
            }
            // `validate` lets nothing else come here.
            _ => self.zero(),
        }
    }

    /// Arithmetic of integers, lane by lane.
    fn int_op(&mut self, op: &Op) -> Result<Val, CodegenError> {
        let [a, b] = crate::validate::operands(op)[..] else {
            return Ok(Val::None);
        };
        let pairs: Vec<(Value, Value)> = self.ints(a).into_iter().zip(self.ints(b)).collect();
        let mut lanes = vec![];
        for (a, b) in pairs {
            lanes.push(match op {
                Op::Add(..) => self.b.ins().iadd(a, b),
                Op::Sub(..) => self.b.ins().isub(a, b),
                Op::Mul(..) => self.b.ins().imul(a, b),
                Op::Min(..) => self.b.ins().smin(a, b),
                Op::Max(..) => self.b.ins().smax(a, b),
                Op::IntDiv(..) => self.call(Helper::IntDiv, &[a, b])?,
                _ => self.call(Helper::IntMod, &[a, b])?,
            });
        }
        Ok(self.join(lanes))
    }

    fn overflows(&mut self, op: &Op, a: ValueId, b: ValueId) -> Value {
        let pairs: Vec<(Value, Value)> = self.ints(a).into_iter().zip(self.ints(b)).collect();
        let mut lanes = vec![];
        for (a, b) in pairs {
            lanes.push(match op {
                Op::AddOverflows(..) => {
                    let sum = self.b.ins().iadd(a, b);
                    let (x, y) = (self.b.ins().bxor(a, sum), self.b.ins().bxor(b, sum));
                    let both = self.b.ins().band(x, y);
                    self.negative(both)
                }
                Op::SubOverflows(..) => {
                    let difference = self.b.ins().isub(a, b);
                    let (x, y) = (self.b.ins().bxor(a, b), self.b.ins().bxor(a, difference));
                    let both = self.b.ins().band(x, y);
                    self.negative(both)
                }
                _ => {
                    let (low, high) = (self.b.ins().imul(a, b), self.b.ins().smulhi(a, b));
                    let bits = self.iconst(types::I32, 63);
                    let sign = self.b.ins().sshr(low, bits);
                    self.b.ins().icmp(IntCC::NotEqual, high, sign)
                }
            });
        }
        self.join_masks(lanes)
    }

    fn negative(&mut self, x: Value) -> Value {
        let zero = self.iconst(types::I64, 0);
        self.b.ins().icmp(IntCC::SignedLessThan, x, zero)
    }

    fn compare(&mut self, compare: Compare, a: ValueId, b: ValueId) -> Value {
        let whole = match compare {
            Compare::Eq => IntCC::Equal,
            Compare::Ne => IntCC::NotEqual,
            Compare::Lt => IntCC::SignedLessThan,
            Compare::Le => IntCC::SignedLessThanOrEqual,
            Compare::Gt => IntCC::SignedGreaterThan,
            Compare::Ge => IntCC::SignedGreaterThanOrEqual,
        };
        let real = match compare {
            Compare::Eq => FloatCC::Equal,
            Compare::Ne => FloatCC::NotEqual,
            Compare::Lt => FloatCC::LessThan,
            Compare::Le => FloatCC::LessThanOrEqual,
            Compare::Gt => FloatCC::GreaterThan,
            Compare::Ge => FloatCC::GreaterThanOrEqual,
        };
        match self.program.ty(a) {
            Ty::Float => {
                let (a, b) = (self.get(a), self.get(b));
                self.fcmp(real, a, b)
            }
            Ty::Tick => {
                let (a, b) = (self.get(a), self.get(b));
                self.compare_ticks(whole, a, b)
            }
            Ty::Int | Ty::Bool => {
                let pairs: Vec<(Value, Value)> = self.ints(a).into_iter().zip(self.ints(b)).collect();
                let lanes = pairs.into_iter().map(|(a, b)| self.b.ins().icmp(whole, a, b)).collect();
                self.join_masks(lanes)
            }
        }
    }

    /// Vectors have `<` only: what is not that is the complement of it.
    fn compare_ticks(&mut self, condition: IntCC, a: Value, b: Value) -> Value {
        use IntCC::{SignedGreaterThanOrEqual, SignedLessThanOrEqual};
        let complement = matches!(condition, SignedLessThanOrEqual | SignedGreaterThanOrEqual);
        if self.shape == Shape::One || !complement {
            return self.b.ins().icmp(condition, a, b);
        }
        let opposite = self.b.ins().icmp(condition.complement(), a, b);
        self.not(opposite)
    }

    fn select_ints(&mut self, mask: ValueId, a: ValueId, b: ValueId) -> Val {
        let (a, b) = (self.ints(a), self.ints(b));
        let mask = self.argument(mask);
        let mut lanes = vec![];
        for (at, (a, b)) in a.into_iter().zip(b).enumerate() {
            let mask = self.lane(mask, at);
            lanes.push(self.b.ins().select(mask, a, b));
        }
        self.join(lanes)
    }

    fn float_from(&mut self, x: ValueId) -> Result<Value, CodegenError> {
        let vector = self.vector_float();
        let scalar = self.scalar_float();
        let lanes = match self.program.ty(x) {
            Ty::Tick => {
                let x = self.get(x);
                if self.shape == Shape::One || self.program.precision == Precision::F32 {
                    let ty = self.float_ty();
                    return Ok(self.b.ins().fcvt_from_sint(ty, x));
                }
                self.split(x)
            }
            Ty::Int | Ty::Float | Ty::Bool => self.ints(x),
        };
        let lanes: Vec<Value> = lanes.into_iter().map(|x| self.b.ins().fcvt_from_sint(scalar, x)).collect();
        Ok(match self.shape {
            Shape::One => lanes[0],
            Shape::Group => self.gather(vector, &lanes),
        })
    }

    fn tick_from(&mut self, x: ValueId) -> Result<Value, CodegenError> {
        let x = self.get(x);
        if self.shape == Shape::One || self.program.precision == Precision::F32 {
            let ty = self.whole_ty();
            return Ok(self.b.ins().fcvt_to_sint_sat(ty, x));
        }
        let (scalar, vector) = (self.scalar_whole(), self.vector_whole());
        self.each_lane(vector, &[x], |emitter, x, _| Ok(emitter.b.ins().fcvt_to_sint_sat(scalar, x[0])))
    }

    /// The sum, at most `MAX_TICK`, at least the smallest integer.
    fn tick_add(&mut self, a: Value, b: Value) -> Value {
        let ty = self.whole_ty();
        let sum = self.b.ins().iadd(a, b);
        let (x, y) = (self.b.ins().bxor(a, sum), self.b.ins().bxor(b, sum));
        let wrapped = self.b.ins().band(x, y);
        let zero = match self.shape {
            Shape::One => self.iconst(ty, 0),
            Shape::Group => self.zeros(ty),
        };
        let overflow = self.b.ins().icmp(IntCC::SignedLessThan, wrapped, zero);
        let down = self.b.ins().icmp(IntCC::SignedLessThan, a, zero);
        let most = self.whole(MAX_TICK);
        let least = if ty.lane_bits() == 32 { i64::from(i32::MIN) } else { i64::MIN };
        let least = match self.shape {
            Shape::One => self.iconst(ty, least),
            Shape::Group => {
                // The lowest bit of a vector of ones, shifted to the top.
                let ones = self.b.ins().icmp(IntCC::Equal, zero, zero);
                self.shift_left(ones, ty.lane_bits() - 1)
            }
        };
        let limit = self.choose(down, least, most);
        let sum = self.choose(overflow, limit, sum);
        self.smin(sum, most)
    }

    /// A shared slot.
    fn slot(&mut self, slot: UniformId, ty: Ty) -> Value {
        let offset = (slot.0 * 8) as i32;
        let width = match ty {
            Ty::Float => self.scalar_float(),
            Ty::Int | Ty::Tick | Ty::Bool => types::I64,
        };
        let value = self.b.ins().load(width, trusted(), self.uniforms, offset);
        match ty {
            Ty::Float | Ty::Int => value,
            Ty::Tick => self.narrow(value),
            Ty::Bool => {
                let zero = self.iconst(types::I64, 0);
                self.b.ins().icmp(IntCC::NotEqual, value, zero)
            }
        }
    }

    /// A tick of 64 bits as wide as ticks are here.
    fn narrow(&mut self, tick: Value) -> Value {
        if self.scalar_whole() == types::I32 { self.b.ins().ireduce(types::I32, tick) } else { tick }
    }

    /// The tick being made, as wide as ticks are here.
    pub(super) fn now(&mut self) -> Value {
        let now = self.argument_field(types::I64, offset_of!(KernelArgs, now));
        self.narrow(now)
    }

    fn time(&mut self, moment: Moment) -> Value {
        let offset = match moment {
            Moment::Start => offset_of!(KernelArgs, time_start),
            Moment::End => offset_of!(KernelArgs, time_end),
        };
        let time = self.argument_field(types::F64, offset);
        match self.program.precision {
            Precision::F32 => self.b.ins().fdemote(types::F32, time),
            Precision::F64 => time,
        }
    }

    /// An element of a table. Indices are clamped by the program; should they not be, something else is
    /// read, but nothing outside the table.
    fn table(&mut self, table: TableId, row: ValueId, column: ValueId) -> Result<Value, CodegenError> {
        let pairs: Vec<(Value, Value)> = self.ints(row).into_iter().zip(self.ints(column)).collect();
        let base = (table.0 as usize * size_of::<TableRef>()) as i32;
        let field = |offset: usize| base + offset as i32;
        let tables = self.tables;
        let data = self.b.ins().load(types::I64, trusted(), tables, field(offset_of!(TableRef, data)));
        let rows = self.b.ins().load(types::I64, trusted(), tables, field(offset_of!(TableRef, rows)));
        let columns = self.b.ins().load(types::I64, trusted(), tables, field(offset_of!(TableRef, columns)));
        let count = self.b.ins().imul(rows, columns);
        let mut lanes = vec![];
        for (row, column) in pairs {
            let before = self.b.ins().imul(row, columns);
            let at = self.b.ins().iadd(before, column);
            let inside = self.b.ins().icmp(IntCC::UnsignedLessThan, at, count);
            let three = self.iconst(types::I32, 3);
            let bytes = self.b.ins().ishl(at, three);
            let element = self.b.ins().iadd(data, bytes);
            let element = self.b.ins().select(inside, element, self.args);
            let value = self.b.ins().load(types::F64, trusted(), element, 0);
            lanes.push(match self.program.precision {
                Precision::F32 => self.b.ins().fdemote(types::F32, value),
                Precision::F64 => value,
            });
        }
        let vector = self.vector_float();
        Ok(match self.shape {
            Shape::One => lanes[0],
            Shape::Group => self.gather(vector, &lanes),
        })
    }
}
