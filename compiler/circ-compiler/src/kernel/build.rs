//! Builds kernel programs: common subexpressions once, constants folded, dead operations gone.
//!
//! In: calls that read like the expression. Out: a [`Program`]. Every simplification is exact: the
//! value has the same bits as without it (the bits of a NaN aside). So `x * 1` is `x`, but `x + 0` is
//! not, since `-0 + 0` is `0`.
//!
//! ```
//! use circ_compiler::kernel::build::Builder;
//! use circ_plan::ir::*;
//!
//! let mut b = Builder::new("E.step", Precision::F64);
//! let v = b.load(Side::Own, ArrayId(0), Ty::Float);
//! let decay = b.float(0.9);
//! let next = b.mul(v, decay);
//! let program = b.finish(vec![Output::Array(ArrayId(0), next)], vec![]);
//! assert_eq!(program.ops.len(), 3);
//! ```

use std::collections::BTreeMap;

use circ_plan::ir::*;

use super::ops::{Key, key, map_operands, operands};
use super::regions::with_regions;
use crate::interpret::apply::{Value, apply, clamp_tick, round_to};

/// A program under construction. A value that was made once is made once, however often it is asked
/// for; a draw with the same distribution, arguments, key and salt *is* the same draw.
///
/// Its methods assert that operand types fit: a program of other types comes from a slip in the
/// compiler, not in the user's text.
#[derive(Clone, Debug)]
pub struct Builder {
    program: Program,
    made: BTreeMap<Key, ValueId>,
}

impl Builder {
    /// An empty program with this name (for people: `E.step`).
    pub fn new(name: impl Into<String>, precision: Precision) -> Builder {
        Builder {
            program: Program::new(name, precision),
            made: BTreeMap::new(),
        }
    }

    /// The precision of `Float`.
    pub fn precision(&self) -> Precision {
        self.program.precision
    }

    /// The type of a value.
    pub fn ty(&self, value: ValueId) -> Ty {
        self.program.ty(value)
    }

    /// The operation that makes a value.
    pub fn op(&self, value: ValueId) -> &Op {
        self.program.op(value)
    }

    /// The value, if it is a constant.
    pub fn constant(&self, value: ValueId) -> Option<Value> {
        match *self.op(value) {
            Op::Float(x) => Some(Value::Float(x)),
            Op::Int(x) => Some(Value::Int(x)),
            Op::Bool(x) => Some(Value::Bool(x)),
            Op::Tick(x) => Some(Value::Tick(x)),
            _ => None,
        }
    }

    /// The number, if it is a `Float` constant.
    pub fn float_constant(&self, value: ValueId) -> Option<f64> {
        match self.constant(value) {
            Some(Value::Float(x)) => Some(x),
            _ => None,
        }
    }

    /// The one door for operations: folds, simplifies, finds the same operation again, or appends.
    /// `ty` is the type of the value.
    pub fn emit(&mut self, op: Op, ty: Ty) -> ValueId {
        if let Some(value) = self.fold(&op) {
            return self.value(value);
        }
        match self.simplify(&op) {
            Some(Simple::Is(value)) => value,
            Some(Simple::Op(op)) => self.emit(op, ty),
            Some(Simple::Scaled(a, factor)) => {
                let factor = self.float(factor);
                self.emit(Op::Mul(a, factor), ty)
            }
            None => self.unique(op, ty),
        }
    }

    /// A constant.
    pub fn value(&mut self, value: Value) -> ValueId {
        match value {
            Value::Float(x) => self.float(x),
            Value::Int(x) => self.int(x),
            Value::Bool(x) => self.bool(x),
            Value::Tick(x) => self.tick(x),
        }
    }

    /// A `Float` constant, rounded to the precision.
    pub fn float(&mut self, x: f64) -> ValueId {
        let x = round_to(self.precision(), x);
        self.unique(Op::Float(x), Ty::Float)
    }

    /// An `Int` constant.
    pub fn int(&mut self, x: i64) -> ValueId {
        self.unique(Op::Int(x), Ty::Int)
    }

    /// A `Bool` constant.
    pub fn bool(&mut self, x: bool) -> ValueId {
        self.unique(Op::Bool(x), Ty::Bool)
    }

    /// A `Tick` constant, at most what the width of `Tick` holds.
    pub fn tick(&mut self, x: i64) -> ValueId {
        let x = clamp_tick(self.precision(), x);
        self.unique(Op::Tick(x), Ty::Tick)
    }

    /// An element of an array of this type.
    pub fn load(&mut self, side: Side, array: ArrayId, ty: Ty) -> ValueId {
        self.emit(Op::Load(side, array), ty)
    }

    /// A shared value of this type.
    pub fn uniform(&mut self, uniform: UniformId, ty: Ty) -> ValueId {
        self.emit(Op::Uniform(uniform), ty)
    }

    /// What arrives at a port in this tick.
    pub fn arrival(&mut self, port: PortId) -> ValueId {
        self.emit(Op::Arrival(port), Ty::Float)
    }

    /// The index of the cell: an `Int`.
    pub fn index(&mut self, side: Side) -> ValueId {
        self.emit(Op::Index(side), Ty::Int)
    }

    /// The tick being made.
    pub fn now(&mut self) -> ValueId {
        self.emit(Op::Now, Ty::Tick)
    }

    /// `t` in ms.
    pub fn time(&mut self, moment: Moment) -> ValueId {
        self.emit(Op::Time(moment), Ty::Float)
    }

    /// An element of a table; the indices are within it.
    pub fn table(&mut self, table: TableId, row: ValueId, column: ValueId) -> ValueId {
        self.expect(Ty::Int, &[row, column]);
        self.emit(Op::Table(table, row, column), Ty::Float)
    }

    /// A column of a connection table.
    pub fn edge(&mut self, column: u32) -> ValueId {
        self.emit(Op::Edge(column), Ty::Float)
    }

    /// `-a`, of a `Float` or an `Int` (there `0 - a`).
    pub fn neg(&mut self, a: ValueId) -> ValueId {
        if self.ty(a) == Ty::Int {
            let zero = self.int(0);
            return self.sub(zero, a);
        }
        self.float1(Op::Neg(a), a)
    }

    /// `|a|`
    pub fn abs(&mut self, a: ValueId) -> ValueId {
        self.float1(Op::Abs(a), a)
    }

    /// The square root.
    pub fn sqrt(&mut self, a: ValueId) -> ValueId {
        self.float1(Op::Sqrt(a), a)
    }

    /// The next whole number below.
    pub fn floor(&mut self, a: ValueId) -> ValueId {
        self.float1(Op::Floor(a), a)
    }

    /// The next whole number above.
    pub fn ceil(&mut self, a: ValueId) -> ValueId {
        self.float1(Op::Ceil(a), a)
    }

    /// To the nearest, ties to even.
    pub fn round(&mut self, a: ValueId) -> ValueId {
        self.float1(Op::Round(a), a)
    }

    /// `a + b`, of `Float`s or `Int`s.
    pub fn add(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.arithmetic(Op::Add(a, b), a, b)
    }

    /// `a - b`, of `Float`s or `Int`s.
    pub fn sub(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.arithmetic(Op::Sub(a, b), a, b)
    }

    /// `a * b`, of `Float`s or `Int`s.
    pub fn mul(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.arithmetic(Op::Mul(a, b), a, b)
    }

    /// `a / b`, of `Float`s.
    pub fn div(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.expect(Ty::Float, &[a, b]);
        self.emit(Op::Div(a, b), Ty::Float)
    }

    /// `a * b + c`, rounded once.
    pub fn fma(&mut self, a: ValueId, b: ValueId, c: ValueId) -> ValueId {
        self.expect(Ty::Float, &[a, b, c]);
        self.emit(Op::Fma(a, b, c), Ty::Float)
    }

    /// `if a < b then a else b`, of `Float`s or `Int`s.
    pub fn min(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.arithmetic(Op::Min(a, b), a, b)
    }

    /// `if a > b then a else b`, of `Float`s or `Int`s.
    pub fn max(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.arithmetic(Op::Max(a, b), a, b)
    }

    /// A function of one argument.
    pub fn call1(&mut self, function: Function, a: ValueId) -> ValueId {
        self.float1(Op::Call1(function, a), a)
    }

    /// A function of two arguments.
    pub fn call2(&mut self, function: Function, a: ValueId, b: ValueId) -> ValueId {
        self.expect(Ty::Float, &[a, b]);
        self.emit(Op::Call2(function, a, b), Ty::Float)
    }

    /// Entry (row, column) of `e^M`; `entries` are the `n * n` of `M`, row-major.
    pub fn expm(&mut self, n: u8, entries: Vec<ValueId>, row: u8, column: u8) -> ValueId {
        assert!(
            row < n && column < n,
            "a matrix exponential is asked for an entry that it has"
        );
        assert!(
            entries.len() == usize::from(n) * usize::from(n),
            "a matrix is square"
        );
        self.expect(Ty::Float, &entries);
        self.emit(
            Op::Expm {
                n,
                entries,
                row,
                column,
            },
            Ty::Float,
        )
    }

    /// The floored quotient of `Int`s, 0 for a zero divisor.
    pub fn int_div(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.expect(Ty::Int, &[a, b]);
        self.emit(Op::IntDiv(a, b), Ty::Int)
    }

    /// The floored remainder of `Int`s, 0 for a zero divisor.
    pub fn int_mod(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.expect(Ty::Int, &[a, b]);
        self.emit(Op::IntMod(a, b), Ty::Int)
    }

    /// Whether `a + b` leaves 64 bits.
    pub fn add_overflows(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.expect(Ty::Int, &[a, b]);
        self.emit(Op::AddOverflows(a, b), Ty::Bool)
    }

    /// Whether `a - b` leaves 64 bits.
    pub fn sub_overflows(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.expect(Ty::Int, &[a, b]);
        self.emit(Op::SubOverflows(a, b), Ty::Bool)
    }

    /// Whether `a * b` leaves 64 bits.
    pub fn mul_overflows(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.expect(Ty::Int, &[a, b]);
        self.emit(Op::MulOverflows(a, b), Ty::Bool)
    }

    /// An `Int` or `Tick` as a `Float`.
    pub fn to_float(&mut self, a: ValueId) -> ValueId {
        assert!(
            matches!(self.ty(a), Ty::Int | Ty::Tick),
            "only integers and ticks become floats"
        );
        self.emit(Op::ToFloat(a), Ty::Float)
    }

    /// A `Float` as an `Int`: truncated, saturated, NaN to 0.
    pub fn to_int(&mut self, a: ValueId) -> ValueId {
        self.expect(Ty::Float, &[a]);
        self.emit(Op::ToInt(a), Ty::Int)
    }

    /// A `Float` as a `Tick`: truncated, saturated, NaN to 0.
    pub fn to_tick(&mut self, a: ValueId) -> ValueId {
        self.expect(Ty::Float, &[a]);
        self.emit(Op::ToTick(a), Ty::Tick)
    }

    /// The sum of two `Tick`s, at most [`MAX_TICK`].
    pub fn tick_add(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.expect(Ty::Tick, &[a, b]);
        self.emit(Op::TickAdd(a, b), Ty::Tick)
    }

    /// A comparison of two `Float`s, `Int`s or `Tick`s.
    pub fn compare(&mut self, compare: Compare, a: ValueId, b: ValueId) -> ValueId {
        let ty = self.ty(a);
        assert!(ty != Ty::Bool, "truth values are not compared");
        self.expect(ty, &[a, b]);
        self.emit(Op::Compare(compare, a, b), Ty::Bool)
    }

    /// `a == b`
    pub fn eq(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.compare(Compare::Eq, a, b)
    }

    /// `a != b`
    pub fn ne(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.compare(Compare::Ne, a, b)
    }

    /// `a < b`
    pub fn lt(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.compare(Compare::Lt, a, b)
    }

    /// `a <= b`
    pub fn le(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.compare(Compare::Le, a, b)
    }

    /// `a > b`
    pub fn gt(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.compare(Compare::Gt, a, b)
    }

    /// `a >= b`
    pub fn ge(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.compare(Compare::Ge, a, b)
    }

    /// `not a`
    pub fn not(&mut self, a: ValueId) -> ValueId {
        self.expect(Ty::Bool, &[a]);
        self.emit(Op::Not(a), Ty::Bool)
    }

    /// `a and b`; both are computed.
    pub fn and(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.expect(Ty::Bool, &[a, b]);
        self.emit(Op::And(a, b), Ty::Bool)
    }

    /// `a or b`; both are computed.
    pub fn or(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.expect(Ty::Bool, &[a, b]);
        self.emit(Op::Or(a, b), Ty::Bool)
    }

    /// `if mask then a else b`, of any one type.
    pub fn select(&mut self, mask: ValueId, a: ValueId, b: ValueId) -> ValueId {
        self.expect(Ty::Bool, &[mask]);
        let ty = self.ty(a);
        self.expect(ty, &[a, b]);
        self.emit(Op::Select(mask, a, b), ty)
    }

    /// A draw. Two draws that must differ need different salts or keys.
    pub fn draw(
        &mut self,
        distribution: Distribution,
        args: Vec<ValueId>,
        key: KeyId,
        salt: u32,
    ) -> ValueId {
        assert!(
            salt < super::MAX_SALT,
            "salts fit the counter of the generator"
        );
        assert!(
            args.len() == distribution.arity(),
            "a distribution has its arguments"
        );
        self.expect(Ty::Float, &args);
        self.emit(
            Op::Draw {
                distribution,
                args,
                key,
                salt,
            },
            Ty::Float,
        )
    }

    /// Appends all values of another program (of the same precision) and returns its values' new ids.
    /// `leaf` may stand in for an operation, given the ids of its operands here.
    pub fn append(
        &mut self,
        other: &Program,
        mut leaf: impl FnMut(&mut Builder, ValueId) -> Option<ValueId>,
    ) -> Vec<ValueId> {
        let mut ids: Vec<ValueId> = Vec::with_capacity(other.ops.len());
        for (at, op) in other.ops.iter().enumerate() {
            let value = ValueId(at as u32);
            let id = match leaf(self, value) {
                Some(id) => id,
                None => self.emit(map_operands(op, |v| ids[v.0 as usize]), other.ty(value)),
            };
            ids.push(id);
        }
        ids
    }

    /// The program with these outputs and checks: operations that nothing needs are gone, the rest
    /// renumbered in order, regions marked. Checks that always hold, and all but the first of equal
    /// checks, are gone too.
    pub fn finish(self, outputs: Vec<Output>, checks: Vec<Check>) -> Program {
        let checks = self.needed_checks(checks);
        let live = live(&self.program, &outputs, &checks);
        let mut program = Program::new(self.program.name, self.program.precision);
        let mut ids = vec![ValueId(0); self.program.ops.len()];
        for (at, op) in self.program.ops.iter().enumerate() {
            if live[at] {
                ids[at] = program.push(
                    map_operands(op, |v| ids[v.0 as usize]),
                    self.program.types[at],
                );
            }
        }
        let to = |v: ValueId| ids[v.0 as usize];
        program.outputs = outputs
            .iter()
            .map(|output| map_output(output, to))
            .collect();
        program.checks = checks
            .into_iter()
            .map(|check| Check {
                value: to(check.value),
                ..check
            })
            .collect();
        with_regions(program)
    }

    fn needed_checks(&self, checks: Vec<Check>) -> Vec<Check> {
        let mut needed: Vec<Check> = vec![];
        for check in checks {
            let holds = match self.constant(check.value) {
                Some(Value::Float(x)) => x.is_finite(),
                Some(Value::Bool(fails)) => !fails,
                _ => false,
            };
            if !holds
                && !needed
                    .iter()
                    .any(|c| c.kind == check.kind && c.value == check.value)
            {
                needed.push(check);
            }
        }
        needed
    }

    fn expect(&self, ty: Ty, values: &[ValueId]) {
        for value in values {
            let found = self.ty(*value);
            assert!(
                found == ty,
                "an operand is {ty:?}, not the {found:?} made by {:?}",
                self.op(*value)
            );
        }
    }

    fn float1(&mut self, op: Op, a: ValueId) -> ValueId {
        self.expect(Ty::Float, &[a]);
        self.emit(op, Ty::Float)
    }

    fn arithmetic(&mut self, op: Op, a: ValueId, b: ValueId) -> ValueId {
        let ty = self.ty(a);
        assert!(
            matches!(ty, Ty::Float | Ty::Int),
            "arithmetic is of floats and integers"
        );
        self.expect(ty, &[a, b]);
        self.emit(op, ty)
    }

    /// Finds the same operation or appends it.
    fn unique(&mut self, op: Op, ty: Ty) -> ValueId {
        let program = &mut self.program;
        *self
            .made
            .entry(key(&op))
            .or_insert_with(|| program.push(op, ty))
    }

    /// The value of an operation on constants. A NaN is left to run time: its bits are the processor's.
    fn fold(&self, op: &Op) -> Option<Value> {
        let operands = operands(op);
        if operands.is_empty() || operands.iter().any(|v| self.constant(*v).is_none()) {
            return None;
        }
        let constant = |v: ValueId| self.constant(v).expect("all operands are constants");
        apply(self.precision(), op, &constant)
            .filter(|value| !matches!(value, Value::Float(x) if x.is_nan()))
    }
}

/// A simpler form of an operation.
enum Simple {
    Is(ValueId),
    Op(Op),
    /// The value times this number.
    Scaled(ValueId, f64),
}

/// Exact identities; see Note [Exact identities].
impl Builder {
    fn simplify(&self, op: &Op) -> Option<Simple> {
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

/// The value that an output takes.
pub fn output_value(output: &Output) -> ValueId {
    match output {
        Output::Array(_, value)
        | Output::Uniform(_, value)
        | Output::Event(_, value)
        | Output::Result(value) => *value,
    }
}

/// The same output of another value.
pub fn map_output(output: &Output, to: impl Fn(ValueId) -> ValueId) -> Output {
    match output {
        Output::Array(array, value) => Output::Array(*array, to(*value)),
        Output::Uniform(uniform, value) => Output::Uniform(*uniform, to(*value)),
        Output::Event(event, value) => Output::Event(*event, to(*value)),
        Output::Result(value) => Output::Result(to(*value)),
    }
}

/// Which operations outputs and checks need.
fn live(program: &Program, outputs: &[Output], checks: &[Check]) -> Vec<bool> {
    let mut live = vec![false; program.ops.len()];
    for root in outputs
        .iter()
        .map(output_value)
        .chain(checks.iter().map(|check| check.value))
    {
        live[root.0 as usize] = true;
    }
    for at in (0..program.ops.len()).rev() {
        if live[at] {
            for operand in operands(&program.ops[at]) {
                live[operand.0 as usize] = true;
            }
        }
    }
    live
}

// Note [Exact identities]
//
// `x + -0` is `x` for every `x`, both zeros included; `x + 0` is not (`-0 + 0` is `0`). `x - 0` is `x`
// for both zeros. `x * 1` and `x / 1` are `x`. `fma(a, b, -0)` rounds `a * b` once, as `a * b` does, and
// keeps the sign of a zero product; `fma(1, b, c)` rounds `b + c` once. `x / 8` and `x * 0.125` round the
// same real number. `0 * x` is not `0`: `x` may be
// negative, infinite or NaN. Contractions such as `a * b + c` to `fma` change bits and are not made here:
// whoever wants a fused operation asks for one.

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
    fn the_same_expression_is_one_value() {
        let mut b = builder();
        let x = cell_value(&mut b);
        let y = b.load(Side::Own, ArrayId(1), Ty::Float);
        assert_eq!(b.add(x, y), b.add(y, x));
        assert_ne!(b.sub(x, y), b.sub(y, x));
        let (one, two) = (b.float(1.0), b.float(2.0));
        let draw =
            |b: &mut Builder, salt| b.draw(Distribution::Normal, vec![one, two], KeyId(0), salt);
        assert_eq!(draw(&mut b, 1), draw(&mut b, 1));
        assert_ne!(draw(&mut b, 1), draw(&mut b, 2));
    }

    #[test]
    fn constants_fold_in_the_precision() {
        for (precision, sum) in [
            (Precision::F64, 0.1 + 0.2),
            (Precision::F32, f64::from(0.1f32 + 0.2f32)),
        ] {
            let mut b = Builder::new("test", precision);
            let (x, y) = (b.float(0.1), b.float(0.2));
            let z = b.add(x, y);
            assert_eq!(b.constant(z), Some(Value::Float(sum)));
        }
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
    fn a_nan_is_left_to_run_time() {
        let mut b = builder();
        let zero = b.float(0.0);
        let quotient = b.div(zero, zero);
        assert!(b.constant(quotient).is_none());
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

    #[test]
    fn what_nothing_needs_is_gone() {
        let mut b = builder();
        let x = cell_value(&mut b);
        let unused = b.sqrt(x);
        let _ = b.abs(unused);
        let one = b.float(1.0);
        let next = b.add(x, one);
        let finite = |value| Check {
            kind: CheckKind::Finite,
            value,
            place: 0,
        };
        let program = b.finish(
            vec![Output::Array(ArrayId(0), next)],
            vec![finite(next), finite(next), finite(one)],
        );
        assert_eq!(program.ops.len(), 3);
        assert_eq!(program.checks.len(), 1);
    }

    #[test]
    fn a_costly_reaction_is_a_region_behind_its_mask() {
        let mut b = builder();
        let x = cell_value(&mut b);
        let costly = b.call1(Function::Exp, x);
        let top = b.float(-50.0);
        let mask = b.ge(x, top);
        let next = b.select(mask, costly, x);
        let program = b.finish(vec![Output::Array(ArrayId(0), next)], vec![]);
        let [region] = program.regions[..] else {
            panic!("one region, not {:?}", program.regions)
        };
        assert!(matches!(program.ops[region.first as usize], Op::Call1(..)));
        assert_eq!(region.end, region.first + 1);
        assert!(region.mask.0 < region.first);
    }
}
