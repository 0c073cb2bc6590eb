//! Exact identities: simpler operations with the same bits.
//!
//! In: an operation on values of a builder. Out: a simpler form, if there is one. See Note [Exact
//! identities] for what is exact and what is not.

use circ_plan::ir::*;

use super::build::Builder;
use crate::interpret::apply::Value;

/// A simpler form of an operation.
pub(super) enum Simple {
    Is(ValueId),
    Op(Op),
    /// The value times this number.
    Scaled(ValueId, f64),
}

impl Builder {
    /// A simpler form of an operation that is not of constants only.
    pub(super) fn simplify(&self, op: &Op) -> Option<Simple> {
        match *op {
            Op::Neg(a) => match *self.op(a) {
                Op::Neg(x) => Some(Simple::Is(x)),
                _ => None,
            },
            Op::Abs(a) => match *self.op(a) {
                Op::Abs(_) => Some(Simple::Is(a)),
                Op::Neg(x) => Some(Simple::Op(Op::Abs(x))),
                _ => None,
            },
            Op::Add(a, b) => self.neutral(a, b, Value::Float(-0.0), Value::Int(0)),
            Op::Sub(a, b) if self.is(b, Value::Float(0.0)) || self.is(b, Value::Int(0)) => {
                Some(Simple::Is(a))
            }
            Op::Mul(a, b) => self.neutral(a, b, Value::Float(1.0), Value::Int(1)),
            Op::Div(a, b) => self.simplify_div(a, b),
            Op::Fma(a, b, c) => self.simplify_fma(a, b, c),
            Op::Min(a, b) | Op::Max(a, b) if a == b => Some(Simple::Is(a)),
            Op::Not(a) => match *self.op(a) {
                Op::Not(x) => Some(Simple::Is(x)),
                Op::Compare(Compare::Eq, x, y) => Some(Simple::Op(Op::Compare(Compare::Ne, x, y))),
                Op::Compare(Compare::Ne, x, y) => Some(Simple::Op(Op::Compare(Compare::Eq, x, y))),
                _ => None,
            },
            Op::And(a, b) => self.simplify_logic(a, b, true),
            Op::Or(a, b) => self.simplify_logic(a, b, false),
            Op::Select(mask, a, b) => self.simplify_select(mask, a, b),
            _ => None,
        }
    }

    /// Whether a value is this constant, bit for bit.
    fn is(&self, value: ValueId, constant: Value) -> bool {
        match (self.constant(value), constant) {
            (Some(Value::Float(x)), Value::Float(y)) => x.to_bits() == y.to_bits(),
            (found, constant) => found == Some(constant),
        }
    }

    /// `a` where `b` is the neutral element, and the other way round.
    fn neutral(&self, a: ValueId, b: ValueId, float: Value, int: Value) -> Option<Simple> {
        if self.is(b, float) || self.is(b, int) {
            Some(Simple::Is(a))
        } else if self.is(a, float) || self.is(a, int) {
            Some(Simple::Is(b))
        } else {
            None
        }
    }

    fn simplify_div(&self, a: ValueId, b: ValueId) -> Option<Simple> {
        let divisor = self.float_constant(b)?;
        if divisor == 1.0 {
            return Some(Simple::Is(a));
        }
        is_power_of_two(divisor).then_some(Simple::Scaled(a, 1.0 / divisor))
    }

    fn simplify_fma(&self, a: ValueId, b: ValueId, c: ValueId) -> Option<Simple> {
        let one = Value::Float(1.0);
        if self.is(c, Value::Float(-0.0)) {
            Some(Simple::Op(Op::Mul(a, b)))
        } else if self.is(a, one) {
            Some(Simple::Op(Op::Add(b, c)))
        } else if self.is(b, one) {
            Some(Simple::Op(Op::Add(a, c)))
        } else {
            None
        }
    }

    /// `and` (whose neutral element is true) or `or` (false).
    fn simplify_logic(&self, a: ValueId, b: ValueId, neutral: bool) -> Option<Simple> {
        for (this, other) in [(a, b), (b, a)] {
            match self.constant(this) {
                Some(Value::Bool(x)) if x == neutral => return Some(Simple::Is(other)),
                Some(Value::Bool(_)) => return Some(Simple::Is(this)),
                _ => {}
            }
        }
        (a == b).then_some(Simple::Is(a))
    }

    fn simplify_select(&self, mask: ValueId, a: ValueId, b: ValueId) -> Option<Simple> {
        if let Some(Value::Bool(holds)) = self.constant(mask) {
            return Some(Simple::Is(if holds { a } else { b }));
        }
        if a == b {
            return Some(Simple::Is(a));
        }
        if let Op::Not(opposite) = *self.op(mask) {
            return Some(Simple::Op(Op::Select(opposite, b, a)));
        }
        // Inside a branch of the same mask, the mask is known.
        if let Op::Select(inner, x, _) = *self.op(a)
            && inner == mask
        {
            return Some(Simple::Op(Op::Select(mask, x, b)));
        }
        if let Op::Select(inner, _, y) = *self.op(b)
            && inner == mask
        {
            return Some(Simple::Op(Op::Select(mask, a, y)));
        }
        match (self.constant(a), self.constant(b)) {
            (Some(Value::Bool(true)), Some(Value::Bool(false))) => Some(Simple::Is(mask)),
            (Some(Value::Bool(false)), Some(Value::Bool(true))) => Some(Simple::Op(Op::Not(mask))),
            _ => None,
        }
    }
}

/// Whether this is a power of two (of either sign) which, like its reciprocal, is a normal `f32`.
fn is_power_of_two(x: f64) -> bool {
    let mantissa = x.to_bits() & ((1 << 52) - 1);
    let range = f64::from(f32::MIN_POSITIVE);
    mantissa == 0 && range <= x.abs() && x.abs() <= 1.0 / range
}

// Note [Exact identities]
//
// `x + -0` is `x` for every `x`, both zeros included; `x + 0` is not (`-0 + 0` is `0`). `x - 0` is `x`
// for both zeros. `x * 1` and `x / 1` are `x`. `fma(a, b, -0)` rounds `a * b` once, as `a * b` does, and
// keeps the sign of a zero product; `fma(1, b, c)` rounds `b + c` once. `x / 8` and `x * 0.125` round the
// same real number. `0 * x` is not `0`: `x` may be negative, infinite or NaN. Contractions such as
// `a * b + c` to `fma` change bits and are not made here: whoever wants a fused operation asks for one.

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> Builder {
        Builder::new("test", Precision::F64)
    }

    fn cell_value(b: &mut Builder) -> ValueId {
        b.load(Side::Own, ArrayId(0), Ty::Float)
    }

    #[test]
    fn only_exact_identities_are_used() {
        let mut b = builder();
        let x = cell_value(&mut b);
        let [zero, minus_zero, one, eight] = [0.0, -0.0, 1.0, 8.0].map(|c| b.float(c));
        assert_ne!(zero, minus_zero);
        assert_eq!(b.add(x, minus_zero), x);
        assert_ne!(b.add(x, zero), x, "-0 + 0 is 0");
        assert_eq!(b.sub(x, zero), x);
        assert_ne!(b.sub(x, minus_zero), x, "-0 - -0 is 0");
        assert_eq!(b.mul(one, x), x);
        assert_eq!(b.div(x, one), x);
        assert_ne!(b.mul(x, zero), zero);
        let eighth = b.div(x, eight);
        assert!(matches!(b.op(eighth), Op::Mul(..)));
    }

    #[test]
    fn masks_simplify() {
        let mut b = builder();
        let x = cell_value(&mut b);
        let y = b.load(Side::Own, ArrayId(1), Ty::Float);
        let mask = b.lt(x, y);
        let (yes, no) = (b.bool(true), b.bool(false));
        let opposite = b.not(mask);
        assert_eq!(b.not(opposite), mask);
        assert_eq!(b.and(mask, yes), mask);
        assert_eq!(b.or(mask, yes), yes);
        assert_eq!(b.select(yes, x, y), x);
        assert_eq!(b.select(mask, yes, no), mask);
        assert_eq!(b.select(opposite, x, y), b.select(mask, y, x));
        let inner = b.select(mask, x, y);
        assert_eq!(b.select(mask, inner, y), inner);
    }
}
