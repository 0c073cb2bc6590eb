//! `exp` and its like in line: operation for operation the sequence of `circ_numerics::math::exp`,
//! which says why it is as it is.

use super::Emitter;
use crate::CodegenError;
use crate::helpers::Helper;
use circ_numerics::Function;
use circ_numerics::math::exp::{F32, F64};
use circ_plan::ir::Precision;
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{InstBuilder, Value};

/// The constants of a precision as `f64`.
struct Constants {
    log2e: f64,
    shift: f64,
    minus_ln2_high: f64,
    minus_ln2_low: f64,
    polynomial: Vec<f64>,
    exp_below: f64,
    exp_above: f64,
    expm1_below: f64,
    exprel_above: f64,
    mantissa_bits: u32,
    reciprocal: u64,
}

macro_rules! widened {
    ($constants:ident) => {
        Constants {
            log2e: $constants.log2e as f64,
            shift: $constants.shift as f64,
            minus_ln2_high: $constants.minus_ln2_high as f64,
            minus_ln2_low: $constants.minus_ln2_low as f64,
            polynomial: $constants.polynomial.iter().map(|x| *x as f64).collect(),
            exp_below: $constants.exp_below as f64,
            exp_above: $constants.exp_above as f64,
            expm1_below: $constants.expm1_below as f64,
            exprel_above: $constants.exprel_above as f64,
            mantissa_bits: $constants.mantissa_bits,
            reciprocal: $constants.reciprocal,
        }
    };
}

fn constants(precision: Precision) -> Constants {
    match precision {
        Precision::F32 => widened!(F32),
        Precision::F64 => widened!(F64),
    }
}

impl Emitter<'_> {
    /// A function of [`crate::facts::exp_like`].
    pub(super) fn exp_like(&mut self, function: Function, x: Value) -> Result<Value, CodegenError> {
        if !self.fma {
            return self.call_lanes(Helper::Call1(function), &[x]);
        }
        let c = constants(self.program.precision);
        match function {
            Function::Exp => self.exp(&c, x),
            Function::Expm1 => {
                let x = self.at_most(x, c.exp_above);
                let (scaled, scale) = self.expm1_parts(&c, x)?;
                Ok(self.b.ins().fmul(scaled, scale))
            }
            Function::Exprel => self.exprel(&c, x),
            Function::Tanh => self.tanh(&c, x),
            Function::Sigmoid => {
                let negated = self.b.ins().fneg(x);
                let e = self.exp(&c, negated)?;
                let one = self.float(1.0);
                let sum = self.b.ins().fadd(e, one);
                let one = self.float(1.0);
                Ok(self.b.ins().fdiv(one, sum))
            }
            _ => self.call_lanes(Helper::Call1(function), &[x]),
        }
    }

    fn exp(&mut self, c: &Constants, x: Value) -> Result<Value, CodegenError> {
        let x = self.at_most(x, c.exp_above);
        let x = self.at_least(x, c.exp_below);
        let (q, a, b) = self.reduce(c, x)?;
        let float = self.float_ty();
        let one = self.float(1.0);
        let e = self.b.ins().fadd(q, one);
        let (a, b) = (self.cast(float, a), self.cast(float, b));
        let e = self.b.ins().fmul(e, a);
        Ok(self.b.ins().fmul(e, b))
    }

    fn exprel(&mut self, c: &Constants, x: Value) -> Result<Value, CodegenError> {
        let x = self.at_most(x, c.exprel_above);
        let (scaled, scale) = self.expm1_parts(c, x)?;
        let quotient = self.b.ins().fdiv(scaled, x);
        let value = self.b.ins().fmul(quotient, scale);
        let zero = self.zero();
        let at_zero = self.fcmp(FloatCC::Equal, x, zero);
        let one = self.float(1.0);
        Ok(self.choose(at_zero, one, value))
    }

    fn tanh(&mut self, c: &Constants, x: Value) -> Result<Value, CodegenError> {
        let magnitude = self.b.ins().fabs(x);
        let factor = self.float(-2.0);
        let doubled = self.b.ins().fmul(magnitude, factor);
        let (scaled, scale) = self.expm1_parts(c, doubled)?;
        let m = self.b.ins().fmul(scaled, scale);
        let two = self.float(2.0);
        let sum = self.b.ins().fadd(m, two);
        let value = self.b.ins().fdiv(m, sum);
        Ok(self.copy_sign(value, x))
    }

    /// The magnitude of `value` with the sign of `x`.
    fn copy_sign(&mut self, value: Value, x: Value) -> Value {
        let (float, whole) = (self.float_ty(), self.whole_ty());
        let width = whole.lane_bits() - 1;
        let x = self.cast(whole, x);
        let sign = self.shift_right(x, width);
        let sign = self.shift_left(sign, width);
        let magnitude = self.b.ins().fabs(value);
        let magnitude = self.cast(whole, magnitude);
        let value = self.b.ins().bor(magnitude, sign);
        self.cast(float, value)
    }

    fn expm1_parts(&mut self, c: &Constants, x: Value) -> Result<(Value, Value), CodegenError> {
        let x = self.at_least(x, c.expm1_below);
        let (q, a, b) = self.reduce(c, x)?;
        let float = self.float_ty();
        let all = self.whole(c.reciprocal as i64);
        let reciprocal = self.b.ins().isub(all, b);
        let (a, b, reciprocal) = (self.cast(float, a), self.cast(float, b), self.cast(float, reciprocal));
        let rest = self.b.ins().fsub(a, reciprocal);
        Ok((self.fma(a, q, rest)?, b))
    }

    fn reduce(&mut self, c: &Constants, x: Value) -> Result<(Value, Value, Value), CodegenError> {
        let (log2e, shift) = (self.float(c.log2e), self.float(c.shift));
        let shifted = self.fma(x, log2e, shift)?;
        let shift = self.float(c.shift);
        let n = self.b.ins().fsub(shifted, shift);
        let high = self.float(c.minus_ln2_high);
        let r = self.fma(n, high, x)?;
        let low = self.float(c.minus_ln2_low);
        let r = self.fma(n, low, r)?;
        let mut p = self.float(c.polynomial[0]);
        for coefficient in &c.polynomial[1..] {
            let coefficient = self.float(*coefficient);
            p = self.fma(p, r, coefficient)?;
        }
        let square = self.b.ins().fmul(r, r);
        let q = self.fma(square, p, r)?;
        let exponent = self.cast(self.whole_ty(), shifted);
        let half = self.shift_right(exponent, 1);
        let other = self.b.ins().isub(exponent, half);
        let a = self.shift_left(half, c.mantissa_bits);
        let b = self.shift_left(other, c.mantissa_bits);
        Ok((q, a, b))
    }

    fn at_most(&mut self, x: Value, limit: f64) -> Value {
        let limit = self.float(limit);
        self.min(limit, x)
    }

    fn at_least(&mut self, x: Value, limit: f64) -> Value {
        let limit = self.float(limit);
        self.max(limit, x)
    }
}
