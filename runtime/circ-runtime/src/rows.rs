//! Evaluates a program operation by operation over rows of elements.
//!
//! In: a [`Program`] and its [`Leaves`]. Out: the value of every operation, for up to [`ROW`] elements
//! at a time. Used where machine code would not pay: derivations, initialisers, weights, delays,
//! predicates, observables, drives. Each operation is one tight loop, and rounds exactly as the
//! kernel form says, so the values are those of the interpreter and of machine code, bit for bit.

use circ_numerics::random::{Counter, draw_each, redraw_each};
use circ_numerics::{Function, expm};
use circ_plan::ir::{
    ArrayId, Compare, KeyId, MAX_TICK, Moment, Op, Program, Side, TableId, Ty, UniformId, ValueId,
};
use circ_plan::plan::Table;

use crate::aligned::Scalar;

/// The most elements that are evaluated at a time: a value then fits into L1.
pub const ROW: usize = 256;

/// Where the leaves of a program come from. What a kind of program has no leaf for is never asked of it.
pub trait Leaves<F> {
    /// An array of `Float`s.
    fn floats(&self, _side: Side, _array: ArrayId, _out: &mut [F]) {
        panic!("this kind of program loads no arrays");
    }
    /// An array of `Int`s or `Tick`s.
    fn ints(&self, _side: Side, _array: ArrayId, _out: &mut [i64]) {
        panic!("this kind of program loads no arrays");
    }
    /// An array of `Bool`s.
    fn bools(&self, _side: Side, _array: ArrayId, _out: &mut [bool]) {
        panic!("this kind of program loads no arrays");
    }
    /// A shared slot, as kernels see it.
    fn slot(&self, _slot: UniformId) -> u64 {
        panic!("this kind of program has no shared slots");
    }
    /// The index of each element.
    fn indices(&self, _side: Side, _out: &mut [i64]) {
        panic!("this kind of program has no index");
    }
    /// The tick being made.
    fn now(&self) -> i64 {
        0
    }
    /// The time in ms.
    fn time(&self, _moment: Moment) -> f64 {
        0.0
    }
    fn table(&self, table: TableId) -> &Table;
    /// The weights of the synapses of a row.
    fn weights(&self, _out: &mut [F]) {
        panic!("only what flows reads weights");
    }
    /// A column of a connection table.
    fn edges(&self, _column: u32, _out: &mut [F]) {
        panic!("only synapses have columns of a connection table");
    }
    fn key(&self, key: KeyId) -> [u32; 2];
    /// Where in the random sequence the element at `row` draws.
    fn counter(&self, row: usize, salt: u32) -> Counter;
}

/// The values of one operation.
enum Column<F> {
    Float(Box<[F]>),
    /// `Int` and `Tick`.
    Int(Box<[i64]>),
    Bool(Box<[bool]>),
}

/// The values of a program over a row.
pub struct Rows<F> {
    columns: Vec<Column<F>>,
    matrices: Vec<Matrix>,
    /// For every `Expm` operation, in order: which matrix.
    matrix_of: Vec<(u32, usize)>,
}

/// A matrix whose exponential several operations take entries from.
struct Matrix {
    size: usize,
    entries: Vec<ValueId>,
    /// The last matrix that was exponentiated: neighbours are mostly equal.
    last: Vec<u64>,
    /// `e^M` of the last matrix.
    exponential: Vec<f64>,
    /// `e^M` for each element of the row.
    rows: Vec<f64>,
}

impl<F: Scalar> Column<F> {
    fn new(op: &Op, ty: Ty) -> Column<F> {
        let mut column = match ty {
            Ty::Float => Column::Float(vec![F::default(); ROW].into()),
            Ty::Int | Ty::Tick => Column::Int(vec![0; ROW].into()),
            Ty::Bool => Column::Bool(vec![false; ROW].into()),
        };
        match (op, &mut column) {
            (Op::Float(x), Column::Float(out)) => out.fill(F::from_f64(*x)),
            (Op::Int(x) | Op::Tick(x), Column::Int(out)) => out.fill(*x),
            (Op::Bool(x), Column::Bool(out)) => out.fill(*x),
            _ => {}
        }
        column
    }
}

/// Typed access to earlier values, for `n` elements.
struct Before<'a, F> {
    columns: &'a [Column<F>],
    n: usize,
}

impl<'a, F> Before<'a, F> {
    fn floats(&self, value: ValueId) -> &'a [F] {
        match &self.columns[value.0 as usize] {
            Column::Float(x) => &x[..self.n],
            _ => panic!("the program is well typed: value {} is a Float", value.0),
        }
    }
    fn ints(&self, value: ValueId) -> &'a [i64] {
        match &self.columns[value.0 as usize] {
            Column::Int(x) => &x[..self.n],
            _ => panic!("the program is well typed: value {} is an Int or a Tick", value.0),
        }
    }
    fn bools(&self, value: ValueId) -> &'a [bool] {
        match &self.columns[value.0 as usize] {
            Column::Bool(x) => &x[..self.n],
            _ => panic!("the program is well typed: value {} is a Bool", value.0),
        }
    }
}

fn map<A: Copy, O>(out: &mut [O], a: &[A], f: impl Fn(A) -> O) {
    for (out, &a) in out.iter_mut().zip(a) {
        *out = f(a);
    }
}

fn zip<A: Copy, B: Copy, O>(out: &mut [O], a: &[A], b: &[B], f: impl Fn(A, B) -> O) {
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = f(a, b);
    }
}

fn select<T: Copy>(out: &mut [T], mask: &[bool], a: &[T], b: &[T]) {
    for (((out, &mask), &a), &b) in out.iter_mut().zip(mask).zip(a).zip(b) {
        *out = if mask { a } else { b };
    }
}

fn compare<T: PartialOrd + Copy>(how: Compare, out: &mut [bool], a: &[T], b: &[T]) {
    match how {
        Compare::Eq => zip(out, a, b, |a, b| a == b),
        Compare::Ne => zip(out, a, b, |a, b| a != b),
        Compare::Lt => zip(out, a, b, |a, b| a < b),
        Compare::Le => zip(out, a, b, |a, b| a <= b),
        Compare::Gt => zip(out, a, b, |a, b| a > b),
        Compare::Ge => zip(out, a, b, |a, b| a >= b),
    }
}

/// Floored quotient, 0 for a zero divisor.
fn int_div(a: i64, b: i64) -> i64 {
    if b == 0 {
        return 0;
    }
    let quotient = a.wrapping_div(b);
    if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
}

/// Floored remainder, 0 for a zero divisor.
fn int_mod(a: i64, b: i64) -> i64 {
    if b == 0 {
        return 0;
    }
    let remainder = a.wrapping_rem(b);
    if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder }
}

impl<F: Scalar> Rows<F> {
    /// Room for the values of `program`; constants are filled in once.
    pub fn new(program: &Program) -> Rows<F> {
        let columns = program.ops.iter().zip(&program.types).map(|(op, &ty)| Column::new(op, ty)).collect();
        let (matrices, matrix_of) = matrices(program);
        Rows { columns, matrices, matrix_of }
    }

    /// Computes all values of `program`, the one that this was made for, for `n <= ROW` elements.
    pub fn run(&mut self, program: &Program, n: usize, leaves: &impl Leaves<F>) {
        assert!(n <= ROW && program.ops.len() == self.columns.len(), "rows are made for one program");
        for (k, op) in program.ops.iter().enumerate() {
            let (before, out) = self.columns.split_at_mut(k);
            let before = Before { columns: before, n };
            if let Op::Expm { row, column, .. } = op {
                let at = self.matrix_of.partition_point(|m| m.0 < k as u32);
                let (first, matrix) = self.matrix_of[at];
                let matrix = &mut self.matrices[matrix];
                assert!(first == k as u32, "every matrix exponential was listed");
                if matrix.first_use(&self.matrix_of, at) {
                    matrix.exponentiate(&before);
                }
                matrix.take(*row, *column, &mut out[0], n);
                continue;
            }
            match &mut out[0] {
                Column::Float(out) => float(op, &before, leaves, &mut out[..n]),
                Column::Int(out) => int(op, program.types[k], &before, leaves, &mut out[..n]),
                Column::Bool(out) => bool(op, &before, leaves, &mut out[..n]),
            }
        }
    }

    /// The values of a `Float` operation; those of the last run stand in front.
    pub fn floats(&self, value: ValueId) -> &[F] {
        Before { columns: &self.columns, n: ROW }.floats(value)
    }

    /// The values of an `Int` or `Tick` operation.
    pub fn ints(&self, value: ValueId) -> &[i64] {
        Before { columns: &self.columns, n: ROW }.ints(value)
    }

    /// The values of a `Bool` operation.
    pub fn bools(&self, value: ValueId) -> &[bool] {
        Before { columns: &self.columns, n: ROW }.bools(value)
    }

    /// One value as a number (Bool: 0 or 1).
    pub fn number(&self, value: ValueId, row: usize) -> f64 {
        match &self.columns[value.0 as usize] {
            Column::Float(x) => x[row].to_f64(),
            Column::Int(x) => x[row] as f64,
            Column::Bool(x) => f64::from(u8::from(x[row])),
        }
    }
}

/// An operation whose value is a `Float`.
fn float<F: Scalar>(op: &Op, before: &Before<F>, leaves: &impl Leaves<F>, out: &mut [F]) {
    let x = |value: &ValueId| before.floats(*value);
    match op {
        Op::Float(_) => {}
        Op::Load(side, array) => leaves.floats(*side, *array, out),
        Op::Uniform(slot) => out.fill(F::from_bits(leaves.slot(*slot))),
        Op::Time(moment) => out.fill(F::from_f64(leaves.time(*moment))),
        Op::Edge(column) => leaves.edges(*column, out),
        Op::Weight => leaves.weights(out),
        Op::Table(table, row, column) => {
            let table = leaves.table(*table);
            zip(out, before.ints(*row), before.ints(*column), |r, c| F::from_f64(element(table, r, c)));
        }
        Op::Neg(a) => map(out, x(a), |a| -a),
        Op::Abs(a) => map(out, x(a), |a| a.abs()),
        Op::Sqrt(a) => map(out, x(a), |a| a.sqrt()),
        Op::Floor(a) => map(out, x(a), |a| a.floor()),
        Op::Ceil(a) => map(out, x(a), |a| a.ceil()),
        Op::Round(a) => map(out, x(a), |a| a.round_even()),
        Op::Add(a, b) => zip(out, x(a), x(b), |a, b| a + b),
        Op::Sub(a, b) => zip(out, x(a), x(b), |a, b| a - b),
        Op::Mul(a, b) => zip(out, x(a), x(b), |a, b| a * b),
        Op::Div(a, b) => zip(out, x(a), x(b), |a, b| a / b),
        Op::Min(a, b) => zip(out, x(a), x(b), |a, b| if a < b { a } else { b }),
        Op::Max(a, b) => zip(out, x(a), x(b), |a, b| if a > b { a } else { b }),
        Op::Fma(a, b, c) => {
            for (((out, &a), &b), &c) in out.iter_mut().zip(x(a)).zip(x(b)).zip(x(c)) {
                *out = a.mul_add(b, c);
            }
        }
        Op::Call1(function, a) => call1(*function, x(a), out),
        Op::Call2(function, a, b) => zip(out, x(a), x(b), |a, b| function.call2(a, b)),
        Op::ToFloat(a) => map(out, before.ints(*a), F::from_i64),
        Op::Select(mask, a, b) => select(out, before.bools(*mask), x(a), x(b)),
        Op::Draw { distribution, args, key, salt } => {
            let places = places(leaves, *salt, out.len());
            draw_each(*distribution, columns(before, args), leaves.key(*key), &places[..out.len()], out);
        }
        Op::Redraw { distribution, args, within: [lo, hi], key, salt } => {
            let places = places(leaves, *salt, out.len());
            let (args, within) = (columns(before, args), [x(lo), x(hi)]);
            redraw_each(*distribution, args, within, leaves.key(*key), &places[..out.len()], out);
        }
        other => panic!("no Float is made by {other:?} here"),
    }
}

/// Where the elements of a row draw.
fn places<F>(leaves: &impl Leaves<F>, salt: u32, n: usize) -> [Counter; ROW] {
    let mut places = [Counter::default(); ROW];
    for (row, place) in places[..n].iter_mut().enumerate() {
        *place = leaves.counter(row, salt);
    }
    places
}

/// The arguments of a distribution; that there is no second is nothing.
fn columns<'a, F: Scalar>(before: &Before<'a, F>, args: &[ValueId]) -> [&'a [F]; 2] {
    [0, 1].map(|k| args.get(k).map_or(&[][..], |arg| before.floats(*arg)))
}

/// Equal neighbours are computed once: parameters are mostly shared.
fn call1<F: Scalar>(function: Function, a: &[F], out: &mut [F]) {
    let mut last: Option<(u64, F)> = None;
    for (out, &a) in out.iter_mut().zip(a) {
        *out = match last {
            Some((bits, value)) if bits == a.bits() => value,
            _ => function.call1(a),
        };
        last = Some((a.bits(), *out));
    }
}

/// An operation whose value is an `Int` or a `Tick`.
fn int<F: Scalar>(op: &Op, ty: Ty, before: &Before<F>, leaves: &impl Leaves<F>, out: &mut [i64]) {
    let x = |value: &ValueId| before.ints(*value);
    match op {
        Op::Int(_) | Op::Tick(_) => {}
        Op::Load(side, array) => leaves.ints(*side, *array, out),
        Op::Uniform(slot) => out.fill(leaves.slot(*slot) as i64),
        Op::Index(side) => leaves.indices(*side, out),
        Op::Now => out.fill(leaves.now()),
        Op::Add(a, b) if ty == Ty::Int => zip(out, x(a), x(b), i64::wrapping_add),
        Op::Sub(a, b) if ty == Ty::Int => zip(out, x(a), x(b), i64::wrapping_sub),
        Op::Mul(a, b) if ty == Ty::Int => zip(out, x(a), x(b), i64::wrapping_mul),
        Op::Min(a, b) => zip(out, x(a), x(b), i64::min),
        Op::Max(a, b) => zip(out, x(a), x(b), i64::max),
        Op::IntDiv(a, b) => zip(out, x(a), x(b), int_div),
        Op::IntMod(a, b) => zip(out, x(a), x(b), int_mod),
        Op::ToInt(a) => map(out, before.floats(*a), F::to_i64),
        Op::ToTick(a) => map(out, before.floats(*a), F::to_tick),
        Op::TickAdd(a, b) => {
            zip(out, x(a), x(b), |a, b| F::widen(F::narrow(a.saturating_add(b).min(MAX_TICK))));
        }
        Op::Select(mask, a, b) => select(out, before.bools(*mask), x(a), x(b)),
        other => panic!("no Int or Tick is made by {other:?}"),
    }
}

/// An operation whose value is a `Bool`.
fn bool<F: Scalar>(op: &Op, before: &Before<F>, leaves: &impl Leaves<F>, out: &mut [bool]) {
    let x = |value: &ValueId| before.bools(*value);
    let i = |value: &ValueId| before.ints(*value);
    match op {
        Op::Bool(_) => {}
        Op::Load(side, array) => leaves.bools(*side, *array, out),
        Op::Uniform(slot) => out.fill(leaves.slot(*slot) != 0),
        Op::AddOverflows(a, b) => zip(out, i(a), i(b), |a, b| a.checked_add(b).is_none()),
        Op::SubOverflows(a, b) => zip(out, i(a), i(b), |a, b| a.checked_sub(b).is_none()),
        Op::MulOverflows(a, b) => zip(out, i(a), i(b), |a, b| a.checked_mul(b).is_none()),
        Op::Compare(how, a, b) => match &before.columns[a.0 as usize] {
            Column::Float(_) => compare(*how, out, before.floats(*a), before.floats(*b)),
            Column::Int(_) => compare(*how, out, i(a), i(b)),
            Column::Bool(_) => compare(*how, out, x(a), x(b)),
        },
        Op::Not(a) => map(out, x(a), |a| !a),
        Op::And(a, b) => zip(out, x(a), x(b), |a, b| a & b),
        Op::Or(a, b) => zip(out, x(a), x(b), |a, b| a | b),
        Op::Select(mask, a, b) => select(out, x(mask), x(a), x(b)),
        other => panic!("no Bool is made by {other:?}"),
    }
}

/// An element of a table; the indices are clamped to it, and an empty table is all 0.
fn element(table: &Table, row: i64, column: i64) -> f64 {
    let clamp = |index: i64, size: usize| (index.max(0) as usize).min(size.saturating_sub(1));
    let at = clamp(row, table.rows) * table.columns + clamp(column, table.columns);
    table.data.get(at).copied().unwrap_or(0.0)
}

/// The distinct matrices of a program, and which one each `Expm` operation reads.
fn matrices(program: &Program) -> (Vec<Matrix>, Vec<(u32, usize)>) {
    let mut matrices: Vec<Matrix> = vec![];
    let mut matrix_of = vec![];
    for (k, op) in program.ops.iter().enumerate() {
        let Op::Expm { n, entries, .. } = op else {
            continue;
        };
        let at = matrices.iter().position(|m| m.entries == *entries).unwrap_or(matrices.len());
        if at == matrices.len() {
            let size = usize::from(*n);
            matrices.push(Matrix {
                size,
                entries: entries.clone(),
                last: vec![],
                exponential: vec![],
                rows: vec![0.0; ROW * size * size],
            });
        }
        matrix_of.push((k as u32, at));
    }
    (matrices, matrix_of)
}

impl Matrix {
    /// Whether the operation at `at` of the list is the first that takes an entry of this matrix.
    fn first_use(&self, matrix_of: &[(u32, usize)], at: usize) -> bool {
        !matrix_of[..at].iter().any(|m| m.1 == matrix_of[at].1)
    }

    fn exponentiate<F: Scalar>(&mut self, before: &Before<F>) {
        let square = self.size * self.size;
        for row in 0..before.n {
            let entries: Vec<f64> = self.entries.iter().map(|e| before.floats(*e)[row].to_f64()).collect();
            let bits: Vec<u64> = entries.iter().map(|x| x.to_bits()).collect();
            if self.exponential.is_empty() || bits != self.last {
                self.exponential = expm(self.size, &entries);
                self.last = bits;
            }
            self.rows[row * square..][..square].copy_from_slice(&self.exponential);
        }
    }

    fn take<F: Scalar>(&self, row: u8, column: u8, out: &mut Column<F>, n: usize) {
        let Column::Float(out) = out else { panic!("the program is well typed: e^M is a Float") };
        let at = usize::from(row) * self.size + usize::from(column);
        for (element, out) in out[..n].iter_mut().enumerate() {
            *out = F::from_f64(self.rows[element * self.size * self.size + at]);
        }
    }
}

/// The operation of the program's one `Result`.
pub fn result_of(program: &Program) -> ValueId {
    program
        .outputs
        .iter()
        .find_map(|output| match output {
            circ_plan::ir::Output::Result(value) => Some(*value),
            _ => None,
        })
        .expect("an expression has a result")
}

/// Whether any leaf of the program differs between elements.
pub fn depends_on_element(program: &Program) -> bool {
    let own = |op: &Op| matches!(op, Op::Load(..) | Op::Index(_) | Op::Edge(_) | Op::Weight) || is_draw(op);
    program.ops.iter().any(own)
}

/// Whether any leaf of the program differs between ticks.
pub fn depends_on_time(program: &Program) -> bool {
    program.ops.iter().any(|op| matches!(op, Op::Now | Op::Time(_)) || is_draw(op))
}

fn is_draw(op: &Op) -> bool {
    matches!(op, Op::Draw { .. } | Op::Redraw { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use circ_numerics::random::draw;
    use circ_plan::ir::{Distribution, Precision};

    /// Elements 0, 1, 2 ...; array 0 holds -2.5, -1.5, ... as floats and -2, -1, ... as whole numbers.
    struct Counting;

    impl<F: Scalar> Leaves<F> for Counting {
        fn floats(&self, _side: Side, _array: ArrayId, out: &mut [F]) {
            out.iter_mut().enumerate().for_each(|(k, out)| *out = F::from_f64(k as f64 - 2.5));
        }
        fn ints(&self, _side: Side, _array: ArrayId, out: &mut [i64]) {
            out.iter_mut().enumerate().for_each(|(k, out)| *out = k as i64 - 2);
        }
        fn table(&self, _table: TableId) -> &Table {
            panic!("no tables here")
        }
        fn key(&self, _key: KeyId) -> [u32; 2] {
            [5, 6]
        }
        fn counter(&self, row: usize, salt: u32) -> Counter {
            Counter { entity: row as u32, partner: 0, tick: 3, salt }
        }
    }

    /// The first `n` values of the last of these operations.
    fn last<F: Scalar>(ops: Vec<(Op, Ty)>, n: usize) -> Vec<f64> {
        let mut program = Program::new("test", Precision::F64);
        for (op, ty) in ops {
            program.push(op, ty);
        }
        let mut rows = Rows::<F>::new(&program);
        // Twice: nothing may stay from the row before.
        rows.run(&program, ROW, &Counting);
        rows.run(&program, n, &Counting);
        let value = ValueId(program.ops.len() as u32 - 1);
        (0..n).map(|row| rows.number(value, row)).collect()
    }

    fn load(ty: Ty) -> (Op, Ty) {
        (Op::Load(Side::Own, ArrayId(0)), ty)
    }

    const A: ValueId = ValueId(0);
    const B: ValueId = ValueId(1);
    const C: ValueId = ValueId(2);

    #[test]
    fn whole_numbers_divide_downwards() {
        let by =
            |op, divisor| last::<f64>(vec![load(Ty::Int), (Op::Int(divisor), Ty::Int), (op, Ty::Int)], 5);
        assert_eq!(by(Op::IntDiv(A, B), 2), [-1.0, -1.0, 0.0, 0.0, 1.0]);
        assert_eq!(by(Op::IntDiv(A, B), -2), [1.0, 0.0, 0.0, -1.0, -1.0]);
        assert_eq!(by(Op::IntMod(A, B), 2), [0.0, 1.0, 0.0, 1.0, 0.0]);
        assert_eq!(by(Op::IntMod(A, B), -2), [0.0, -1.0, 0.0, -1.0, 0.0]);
        assert_eq!(by(Op::IntDiv(A, B), 0), [0.0; 5]);
        assert_eq!(by(Op::IntMod(A, B), 0), [0.0; 5]);
        assert_eq!((int_div(i64::MIN, -1), int_mod(i64::MIN, -1)), (i64::MIN, 0));
        let most = vec![load(Ty::Int), (Op::Int(i64::MAX), Ty::Int), (Op::AddOverflows(A, B), Ty::Bool)];
        assert_eq!(last::<f64>(most, 5), [0.0, 0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn nan_compares_as_ordered() {
        let with_nan = |how| {
            let compare = Op::Compare(how, A, B);
            last::<f64>(vec![load(Ty::Float), (Op::Float(f64::NAN), Ty::Float), (compare, Ty::Bool)], 1)[0]
        };
        assert_eq!(with_nan(Compare::Ne), 1.0);
        for how in [Compare::Eq, Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge] {
            assert_eq!(with_nan(how), 0.0);
        }
        let least = vec![load(Ty::Float), (Op::Float(f64::NAN), Ty::Float), (Op::Min(A, B), Ty::Float)];
        assert!(last::<f64>(least, 1)[0].is_nan(), "min takes the second where nothing is less");
    }

    #[test]
    fn ticks_saturate() {
        let add = vec![load(Ty::Tick), (Op::Tick(MAX_TICK), Ty::Tick), (Op::TickAdd(A, B), Ty::Tick)];
        let max = MAX_TICK as f64;
        assert_eq!(last::<f32>(add, 4), [max - 2.0, max - 1.0, max, max]);
        let far = |x| vec![(Op::Float(x), Ty::Float), (Op::ToTick(A), Ty::Tick)];
        assert_eq!(last::<f32>(far(1e20), 1), [f64::from(i32::MAX)]);
        assert_eq!(last::<f64>(far(f64::NAN), 1), [0.0]);
    }

    #[test]
    fn operations_round_in_their_precision() {
        let sum = || vec![load(Ty::Float), (Op::Float(0.1), Ty::Float), (Op::Add(A, B), Ty::Float)];
        assert_eq!(last::<f64>(sum(), 1), [-2.5 + 0.1]);
        assert_eq!(last::<f32>(sum(), 1), [f64::from(-2.5 + 0.1_f32)]);
    }

    #[test]
    fn exponentials_of_matrices_differ_between_elements() {
        let entry = |row, column| Op::Expm { n: 2, entries: vec![A, B, B, A], row, column };
        let ops = vec![
            load(Ty::Float),
            (Op::Float(0.5), Ty::Float),
            (entry(0, 0), Ty::Float),
            (entry(0, 1), Ty::Float),
        ];
        for (k, value) in last::<f64>(ops.clone(), 300.min(ROW)).into_iter().enumerate().take(6) {
            let a = k as f64 - 2.5;
            assert_eq!(value.to_bits(), expm(2, &[a, 0.5, 0.5, a])[1].to_bits());
        }
        assert_eq!(last::<f64>(ops[..3].to_vec(), 1), [expm(2, &[-2.5, 0.5, 0.5, -2.5])[0]]);
    }

    #[test]
    fn draws_are_those_of_the_generator() {
        let normal =
            Op::Draw { distribution: Distribution::Normal, args: vec![A, B], key: KeyId(0), salt: 9 };
        let ops =
            vec![load(Ty::Float), (Op::Float(2.0), Ty::Float), (normal, Ty::Float), (Op::Neg(C), Ty::Float)];
        let expected = |k: u32| {
            let at = Counter { entity: k, partner: 0, tick: 3, salt: 9 };
            -draw(Distribution::Normal, [f64::from(k) - 2.5, 2.0], [5, 6], at)
        };
        assert_eq!(last::<f64>(ops, 20), (0..20).map(expected).collect::<Vec<_>>());
    }
}
