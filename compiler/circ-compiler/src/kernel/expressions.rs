//! The builder's methods, one for each operation: they read like the expression and assert its types.
//!
//! In: operands. Out: a value; see [`Builder::emit`] for what happens in between.

use circ_plan::ir::*;

use super::build::Builder;

impl Builder {
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

    /// The weight of a synapse.
    pub fn weight(&mut self) -> ValueId {
        self.emit(Op::Weight, Ty::Float)
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
        assert!(row < n && column < n, "a matrix exponential is asked for an entry that it has");
        assert!(entries.len() == usize::from(n) * usize::from(n), "a matrix is square");
        self.expect(Ty::Float, &entries);
        self.emit(Op::Expm { n, entries, row, column }, Ty::Float)
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
        assert!(matches!(self.ty(a), Ty::Int | Ty::Tick), "only integers and ticks become floats");
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
    pub fn draw(&mut self, distribution: Distribution, args: Vec<ValueId>, key: KeyId, salt: u32) -> ValueId {
        assert!(salt < super::MAX_SALT, "salts fit the counter of the generator");
        assert!(args.len() == distribution.arity(), "a distribution has its arguments");
        self.expect(Ty::Float, &args);
        self.emit(Op::Draw { distribution, args, key, salt }, Ty::Float)
    }

    /// A draw, again until it lies within these bounds; NaN where it hardly ever does. Any other value is
    /// no draw and gives `None`.
    pub fn redraw(&mut self, draw: ValueId, within: [ValueId; 2]) -> Option<ValueId> {
        self.expect(Ty::Float, &within);
        let Op::Draw { distribution, args, key, salt } = self.op(draw).clone() else { return None };
        Some(self.emit(Op::Redraw { distribution, args, within, key, salt }, Ty::Float))
    }

    fn expect(&self, ty: Ty, values: &[ValueId]) {
        for value in values {
            let found = self.ty(*value);
            assert!(found == ty, "an operand is {ty:?}, not the {found:?} made by {:?}", self.op(*value));
        }
    }

    fn float1(&mut self, op: Op, a: ValueId) -> ValueId {
        self.expect(Ty::Float, &[a]);
        self.emit(op, Ty::Float)
    }

    fn arithmetic(&mut self, op: Op, a: ValueId, b: ValueId) -> ValueId {
        let ty = self.ty(a);
        assert!(matches!(ty, Ty::Float | Ty::Int), "arithmetic is of floats and integers");
        self.expect(ty, &[a, b]);
        self.emit(op, ty)
    }
}
