//! Instructions that mean the same for one number and for a vector of them. A shared value is computed with
//! one lane, the cells' values with as many as fit into 128 bits.

use super::Emitter;
use crate::CodegenError;
use crate::facts::{Invariant, float_bits, lanes};
use crate::helpers::Helper;
use circ_plan::ir::Precision;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{AbiParam, Endianness, InstBuilder, MemFlagsData, Type, Value, types};
use cranelift_module::Module;

/// Memory that is there, aligned as its type.
pub(super) fn trusted() -> MemFlagsData {
    MemFlagsData::trusted()
}

/// One number, or one of each cell of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    Group,
}

impl Emitter<'_> {
    /// Lanes of a group, whatever is being emitted.
    pub(super) fn lanes(&self) -> usize {
        lanes(self.program.precision) as usize
    }

    pub(super) fn scalar_float(&self) -> Type {
        match self.program.precision {
            Precision::F32 => types::F32,
            Precision::F64 => types::F64,
        }
    }

    /// The integer as wide as the float: ticks, and masks in vectors.
    pub(super) fn scalar_whole(&self) -> Type {
        match self.program.precision {
            Precision::F32 => types::I32,
            Precision::F64 => types::I64,
        }
    }

    pub(super) fn vector_float(&self) -> Type {
        match self.program.precision {
            Precision::F32 => types::F32X4,
            Precision::F64 => types::F64X2,
        }
    }

    pub(super) fn vector_whole(&self) -> Type {
        match self.program.precision {
            Precision::F32 => types::I32X4,
            Precision::F64 => types::I64X2,
        }
    }

    pub(super) fn float_ty(&self) -> Type {
        match self.shape {
            Shape::One => self.scalar_float(),
            Shape::Group => self.vector_float(),
        }
    }

    pub(super) fn whole_ty(&self) -> Type {
        match self.shape {
            Shape::One => self.scalar_whole(),
            Shape::Group => self.vector_whole(),
        }
    }

    /// A float constant in the shape.
    pub(super) fn float(&mut self, x: f64) -> Value {
        let bits = float_bits(self.program.precision, x);
        match self.shape {
            Shape::One => self.scalar_constant(bits),
            Shape::Group => self.invariant(Invariant::Float(bits)),
        }
    }

    /// An integer constant as wide as the float, in the shape.
    pub(super) fn whole(&mut self, x: i64) -> Value {
        match self.shape {
            Shape::One => {
                let ty = self.scalar_whole();
                self.iconst(ty, x)
            }
            Shape::Group => self.invariant(Invariant::Whole(x)),
        }
    }

    pub(super) fn scalar_constant(&mut self, bits: u64) -> Value {
        match self.program.precision {
            Precision::F32 => self.b.ins().f32const(f32::from_bits(bits as u32)),
            Precision::F64 => self.b.ins().f64const(f64::from_bits(bits)),
        }
    }

    /// An integer constant; what does not fit is cut off.
    pub(super) fn iconst(&mut self, ty: Type, x: i64) -> Value {
        let x = if ty == types::I32 { i64::from(x as u32) } else { x };
        self.b.ins().iconst(ty, x)
    }

    /// All lanes 0, made anew: cheaper than keeping it.
    pub(super) fn zeros(&mut self, ty: Type) -> Value {
        let constant = self.b.func.dfg.constants.insert([0_u8; 16].as_slice().into());
        self.b.ins().vconst(ty, constant)
    }

    /// The same bits as another type.
    pub(super) fn cast(&mut self, ty: Type, x: Value) -> Value {
        if self.b.func.dfg.value_type(x) == ty {
            return x;
        }
        self.b.ins().bitcast(ty, MemFlagsData::new().with_endianness(Endianness::Little), x)
    }

    /// `a * b + c`, rounded once.
    pub(super) fn fma(&mut self, a: Value, b: Value, c: Value) -> Result<Value, CodegenError> {
        if self.fma { Ok(self.b.ins().fma(a, b, c)) } else { self.call_lanes(Helper::Fma, &[a, b, c]) }
    }

    /// A comparison of floats: a mask of lanes, or `I8`.
    pub(super) fn fcmp(&mut self, condition: FloatCC, a: Value, b: Value) -> Value {
        self.b.ins().fcmp(condition, a, b)
    }

    /// The complement of a mask. That of a complement is the mask itself.
    pub(super) fn not(&mut self, mask: Value) -> Value {
        if let Some(positive) = self.complements.get(&mask) {
            return *positive;
        }
        let not = self.b.ins().bnot(mask);
        self.complements.insert(not, mask);
        not
    }

    /// `if mask then a else b`, floats or integers as wide.
    pub(super) fn choose(&mut self, mask: Value, a: Value, b: Value) -> Value {
        if self.shape == Shape::One {
            return self.b.ins().select(mask, a, b);
        }
        let (mask, a, b) = match self.complements.get(&mask) {
            Some(positive) => (*positive, b, a),
            None => (mask, a, b),
        };
        let (ty, whole) = (self.b.func.dfg.value_type(a), self.vector_whole());
        let (a, b) = (self.cast(whole, a), self.cast(whole, b));
        // Lanes of masks are all ones or all zeros: the top bit says it, where there is an instruction for that.
        let chosen = if cfg!(target_arch = "x86_64") {
            self.b.ins().blendv(mask, a, b)
        } else {
            self.b.ins().bitselect(mask, a, b)
        };
        self.cast(ty, chosen)
    }

    /// `if a < b then a else b`: one instruction, which has this very meaning for NaN.
    pub(super) fn min(&mut self, a: Value, b: Value) -> Value {
        let less = self.fcmp(FloatCC::LessThan, a, b);
        self.extreme(less, a, b)
    }

    /// `if a > b then a else b`.
    pub(super) fn max(&mut self, a: Value, b: Value) -> Value {
        let more = self.fcmp(FloatCC::LessThan, b, a);
        self.extreme(more, a, b)
    }

    fn extreme(&mut self, mask: Value, a: Value, b: Value) -> Value {
        match self.shape {
            Shape::One => self.b.ins().select(mask, a, b),
            Shape::Group => {
                let mask = self.cast(self.vector_float(), mask);
                self.b.ins().bitselect(mask, a, b)
            }
        }
    }

    pub(super) fn shift_left(&mut self, x: Value, bits: u32) -> Value {
        let amount = self.iconst(types::I32, i64::from(bits));
        self.b.ins().ishl(x, amount)
    }

    pub(super) fn shift_right(&mut self, x: Value, bits: u32) -> Value {
        let amount = self.iconst(types::I32, i64::from(bits));
        self.b.ins().ushr(x, amount)
    }

    /// One lane of a vector; a scalar is the same in all lanes.
    pub(super) fn lane(&mut self, x: Value, lane: usize) -> Value {
        if self.b.func.dfg.value_type(x).is_vector() { self.b.ins().extractlane(x, lane as u8) } else { x }
    }

    /// A vector of these lanes.
    pub(super) fn gather(&mut self, ty: Type, lanes: &[Value]) -> Value {
        let mut vector = self.b.ins().scalar_to_vector(ty, lanes[0]);
        for (at, lane) in lanes.iter().enumerate().skip(1) {
            vector = self.b.ins().insertlane(vector, *lane, at as u8);
        }
        vector
    }

    /// The mask of truth values (`I8`), one a lane.
    pub(super) fn gather_mask(&mut self, lanes: &[Value]) -> Value {
        let scalar = self.scalar_whole();
        let masks: Vec<Value> = lanes.iter().map(|lane| self.b.ins().bmask(scalar, *lane)).collect();
        self.gather(self.vector_whole(), &masks)
    }

    /// A bit for every lane of a mask, as `I32`.
    pub(super) fn bits(&mut self, mask: Value) -> Value {
        self.b.ins().vhigh_bits(types::I32, mask)
    }

    /// Applies `make` to every lane of the arguments (one lane if the shape has one).
    pub(super) fn each_lane(
        &mut self,
        result: Type,
        arguments: &[Value],
        mut make: impl FnMut(&mut Self, &[Value], usize) -> Result<Value, CodegenError>,
    ) -> Result<Value, CodegenError> {
        if self.shape == Shape::One {
            return make(self, arguments, 0);
        }
        let mut lanes = vec![];
        for lane in 0..self.lanes() {
            let own: Vec<Value> = arguments.iter().map(|x| self.lane(*x, lane)).collect();
            lanes.push(make(self, &own, lane)?);
        }
        Ok(self.gather(result, &lanes))
    }

    /// Calls a helper of floats for every lane.
    pub(super) fn call_lanes(&mut self, helper: Helper, arguments: &[Value]) -> Result<Value, CodegenError> {
        let float = self.vector_float();
        self.each_lane(float, arguments, |emitter, lane, _| emitter.call(helper, lane))
    }

    /// Calls a helper.
    pub(super) fn call(&mut self, helper: Helper, arguments: &[Value]) -> Result<Value, CodegenError> {
        let name = helper.name(self.program.precision);
        let function = match self.imports.get(&name) {
            Some(function) => *function,
            None => {
                let mut signature = self.module.make_signature();
                signature
                    .params
                    .extend(arguments.iter().map(|x| AbiParam::new(self.b.func.dfg.value_type(*x))));
                match helper {
                    Helper::Call1(_)
                    | Helper::Call2(_)
                    | Helper::Draw(_)
                    | Helper::Redraw(_)
                    | Helper::Fma => {
                        signature.returns.push(AbiParam::new(self.scalar_float()));
                    }
                    Helper::IntDiv | Helper::IntMod | Helper::Chains => {
                        signature.returns.push(AbiParam::new(types::I64))
                    }
                    Helper::Row(_)
                    | Helper::RowRoot
                    | Helper::RowDivide
                    | Helper::RowDivideBy
                    | Helper::RowDivideInto
                    | Helper::UniformRow
                    | Helper::NormalRow => {}
                }
                let id = crate::import(self.module, &name, &signature)?;
                let function = self.module.declare_func_in_func(id, self.b.func);
                self.imports.insert(name, function);
                function
            }
        };
        let call = self.b.ins().call(function, arguments);
        // Rows have no result; nobody looks at what stands for it.
        Ok(self.b.inst_results(call).first().copied().unwrap_or(self.args))
    }

    /// `min` of signed integers, with a comparison: vectors of 64 bits have no instruction of their own.
    pub(super) fn smin(&mut self, a: Value, b: Value) -> Value {
        let less = self.b.ins().icmp(IntCC::SignedLessThan, a, b);
        self.choose(less, a, b)
    }
}
