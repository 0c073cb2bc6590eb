//! The meaning of a program, one cell after another, and the memory that kernels work on.

use circ_numerics::Real;
use circ_numerics::random::{Counter, draw, redraw};
use circ_plan::abi::{BLOCK, KernelArgs, KernelFn, TableRef};
use circ_plan::ir::*;

/// A shard of a population. Elements are held in 64 bits, whatever their width.
#[derive(Clone)]
pub struct Shard {
    pub cells: usize,
    pub first_cell: i64,
    pub now: i64,
    pub times: [f64; 2],
    /// The type and precision that the arrays have in memory.
    pub types: Vec<Ty>,
    pub precision: Precision,
    /// Bits: of floats, of `i64` otherwise (truth as 0 or -1).
    pub arrays: Vec<Vec<u64>>,
    pub arrivals: Vec<Vec<u64>>,
    pub uniforms: Vec<u64>,
    pub keys: Vec<[u32; 2]>,
    pub tables: Vec<(usize, usize, Vec<f64>)>,
    pub events: Vec<Vec<u32>>,
}

#[derive(Clone, Copy, Debug)]
enum Value {
    Float(f64),
    Int(i64),
    Bool(bool),
    Tick(i64),
}

/// The bits of a float, in the low half for `f32`.
pub fn float_bits(precision: Precision, x: f64) -> u64 {
    match precision {
        Precision::F32 => u64::from((x as f32).to_bits()),
        Precision::F64 => x.to_bits(),
    }
}

fn float_of(precision: Precision, bits: u64) -> f64 {
    match precision {
        Precision::F32 => f64::from(f32::from_bits(bits as u32)),
        Precision::F64 => f64::from_bits(bits),
    }
}

impl Shard {
    /// Memory for a program whose arrays are floats, all 0.
    pub fn new(program: &Program, cells: usize) -> Shard {
        let padded = cells.next_multiple_of(BLOCK);
        Shard {
            cells,
            first_cell: 1000,
            now: 77,
            times: [7.6, 7.7],
            types: vec![Ty::Float; 8],
            precision: program.precision,
            arrays: vec![vec![0; padded]; 8],
            arrivals: vec![vec![0; padded]; 2],
            uniforms: vec![0; 8],
            keys: vec![[1, 2], [3, 4]],
            tables: vec![],
            events: vec![vec![], vec![]],
        }
    }

    /// Runs the program for all cells up to one that fails; returns that cell.
    pub fn evaluate(&mut self, program: &Program) -> Option<usize> {
        let before = self.clone();
        for cell in 0..self.cells {
            let values = match program.precision {
                Precision::F32 => before.values::<f32>(program, cell),
                Precision::F64 => before.values::<f64>(program, cell),
            };
            let fails = |check: &Check| match values[check.value.0 as usize] {
                Value::Float(x) => !x.is_finite(),
                Value::Bool(fails) => fails,
                other => panic!("{other:?} is not checked"),
            };
            if program.checks.iter().any(fails) {
                return Some(cell);
            }
            for output in &program.outputs {
                match output {
                    Output::Array(array, value) => {
                        self.arrays[array.0 as usize][cell] =
                            bits(program.precision, values[value.0 as usize]);
                    }
                    Output::Event(event, mask) => {
                        if matches!(values[mask.0 as usize], Value::Bool(true)) {
                            self.events[event.0 as usize].push(cell as u32);
                        }
                    }
                    other => panic!("{other:?}"),
                }
            }
            for op in &program.ops {
                if let Op::Arrival(port) = op {
                    self.arrivals[port.0 as usize][cell] = 0;
                }
            }
        }
        None
    }

    fn values<F: Real>(&self, program: &Program, cell: usize) -> Vec<Value> {
        let mut values: Vec<Value> = vec![];
        for (op, ty) in program.ops.iter().zip(&program.types) {
            let value = self.value::<F>(program.precision, op, *ty, &values, cell);
            values.push(value);
        }
        values
    }

    fn typed(&self, precision: Precision, bits: u64, ty: Ty) -> Value {
        match ty {
            Ty::Float => Value::Float(float_of(precision, bits)),
            Ty::Int => Value::Int(bits as i64),
            Ty::Bool => Value::Bool(bits != 0),
            Ty::Tick => Value::Tick(bits as i64),
        }
    }

    fn value<F: Real>(&self, precision: Precision, op: &Op, ty: Ty, values: &[Value], cell: usize) -> Value {
        let of = |v: &ValueId| values[v.0 as usize];
        let float = |v: &ValueId| match of(v) {
            Value::Float(x) => F::from_f64(x),
            other => panic!("{other:?}"),
        };
        let int = |v: &ValueId| match of(v) {
            Value::Int(x) | Value::Tick(x) => x,
            other => panic!("{other:?}"),
        };
        let truth = |v: &ValueId| match of(v) {
            Value::Bool(x) => x,
            other => panic!("{other:?}"),
        };
        let real = |x: F| Value::Float(x.to_f64());
        let whole = ty == Ty::Int;
        let narrow = |x: i64| match precision {
            Precision::F32 => x.clamp(i64::from(i32::MIN), i64::from(i32::MAX)),
            Precision::F64 => x,
        };
        match op {
            Op::Float(x) => real(F::from_f64(*x)),
            Op::Int(x) => Value::Int(*x),
            Op::Bool(x) => Value::Bool(*x),
            Op::Tick(x) => Value::Tick(narrow(*x)),
            Op::Load(_, array) => self.typed(precision, self.arrays[array.0 as usize][cell], ty),
            Op::Uniform(slot) => self.typed(precision, self.uniforms[slot.0 as usize], ty),
            Op::Arrival(port) => self.typed(precision, self.arrivals[port.0 as usize][cell], ty),
            Op::Index(_) => Value::Int(self.first_cell + cell as i64),
            Op::Now => Value::Tick(self.now),
            Op::Time(Moment::Start) => real(F::from_f64(self.times[0])),
            Op::Time(Moment::End) => real(F::from_f64(self.times[1])),
            Op::Table(table, row, column) => {
                let (_, columns, data) = &self.tables[table.0 as usize];
                real(F::from_f64(data[(int(row) * *columns as i64 + int(column)) as usize]))
            }
            Op::Neg(x) => real(-float(x)),
            Op::Abs(x) => real(float(x).abs()),
            Op::Sqrt(x) => real(float(x).sqrt()),
            Op::Floor(x) => real(float(x).floor()),
            Op::Ceil(x) => real(float(x).ceil()),
            Op::Round(x) => real(float(x).round_even()),
            Op::Add(a, b) if whole => Value::Int(int(a).wrapping_add(int(b))),
            Op::Sub(a, b) if whole => Value::Int(int(a).wrapping_sub(int(b))),
            Op::Mul(a, b) if whole => Value::Int(int(a).wrapping_mul(int(b))),
            Op::Min(a, b) if whole => Value::Int(int(a).min(int(b))),
            Op::Max(a, b) if whole => Value::Int(int(a).max(int(b))),
            Op::Add(a, b) => real(float(a) + float(b)),
            Op::Sub(a, b) => real(float(a) - float(b)),
            Op::Mul(a, b) => real(float(a) * float(b)),
            Op::Div(a, b) => real(float(a) / float(b)),
            Op::Fma(a, b, c) => real(float(a).mul_add(float(b), float(c))),
            Op::Min(a, b) => real(if float(a) < float(b) { float(a) } else { float(b) }),
            Op::Max(a, b) => real(if float(a) > float(b) { float(a) } else { float(b) }),
            Op::Call1(function, x) => real(function.call1(float(x))),
            Op::Call2(function, x, y) => real(function.call2(float(x), float(y))),
            Op::IntDiv(a, b) => {
                let (a, b) = (i128::from(int(a)), i128::from(int(b)));
                Value::Int(if b == 0 {
                    0
                } else {
                    (a - a.rem_euclid(b.abs()) - if b < 0 && a.rem_euclid(-b) != 0 { b } else { 0 })
                        .div_euclid(b) as i64
                })
            }
            Op::IntMod(a, b) => {
                let (a, b) = (i128::from(int(a)), i128::from(int(b)));
                Value::Int(if b == 0 { 0 } else { ((a % b + b) % b) as i64 })
            }
            Op::AddOverflows(a, b) => Value::Bool(int(a).checked_add(int(b)).is_none()),
            Op::SubOverflows(a, b) => Value::Bool(int(a).checked_sub(int(b)).is_none()),
            Op::MulOverflows(a, b) => Value::Bool(int(a).checked_mul(int(b)).is_none()),
            Op::ToFloat(x) => real(F::from_i64(int(x))),
            Op::ToInt(x) => Value::Int(float(x).to_i64()),
            Op::ToTick(x) => Value::Tick(narrow(float(x).to_i64())),
            Op::TickAdd(a, b) => Value::Tick(narrow(int(a).saturating_add(int(b)).min(MAX_TICK))),
            Op::Compare(compare, a, b) => Value::Bool(match of(a) {
                Value::Float(_) => holds(*compare, float(a), float(b)),
                _ => holds(*compare, int(a), int(b)),
            }),
            Op::Not(x) => Value::Bool(!truth(x)),
            Op::And(a, b) => Value::Bool(truth(a) & truth(b)),
            Op::Or(a, b) => Value::Bool(truth(a) | truth(b)),
            Op::Select(mask, a, b) => {
                if truth(mask) {
                    of(a)
                } else {
                    of(b)
                }
            }
            Op::Draw { distribution, args, key, salt } => {
                let argument = |at: usize| args.get(at).map_or(F::ZERO, float);
                let entity = (self.first_cell + cell as i64) as u32;
                let at = Counter { entity, partner: 0, tick: self.now as u32, salt: *salt };
                real(draw(*distribution, [argument(0), argument(1)], self.keys[key.0 as usize], at))
            }
            Op::Redraw { distribution, args, within, key, salt } => {
                let argument = |at: usize| args.get(at).map_or(F::ZERO, float);
                let entity = (self.first_cell + cell as i64) as u32;
                let at = Counter { entity, partner: 0, tick: self.now as u32, salt: *salt };
                let (args, within) = ([argument(0), argument(1)], [float(&within[0]), float(&within[1])]);
                real(redraw(*distribution, args, within, self.keys[key.0 as usize], at))
            }
            Op::Edge(_) | Op::Weight | Op::Expm { .. } => panic!("{op:?} is not for kernels"),
        }
    }

    /// Calls a kernel on arrays in the layout of the convention.
    pub fn call(&mut self, kernel: KernelFn) -> i64 {
        let padded = self.cells.next_multiple_of(BLOCK);
        let (precision, types) = (self.precision, self.types.clone());
        let width = |ty: Ty| {
            if precision == Precision::F32 && ty != Ty::Int { 4 } else { 8 }
        };
        let pack = |array: &[u64], ty: Ty| Aligned::new(array, width(ty));
        let mut arrays: Vec<Aligned> = self.arrays.iter().zip(&types).map(|(a, ty)| pack(a, *ty)).collect();
        let mut arrivals: Vec<Aligned> = self.arrivals.iter().map(|a| pack(a, Ty::Float)).collect();
        let mut lists = vec![vec![0_u32; padded]; self.events.len()];
        let mut counts = vec![0_u32; self.events.len()];
        let tables: Vec<TableRef> = self
            .tables
            .iter()
            .map(|(rows, columns, data)| TableRef {
                data: data.as_ptr(),
                rows: *rows as i64,
                columns: *columns as i64,
            })
            .collect();
        let array_pointers: Vec<*mut u8> = arrays.iter_mut().map(Aligned::pointer).collect();
        let arrival_pointers: Vec<*mut u8> = arrivals.iter_mut().map(Aligned::pointer).collect();
        let event_pointers: Vec<*mut u32> = lists.iter_mut().map(|list| list.as_mut_ptr()).collect();
        let args = KernelArgs {
            arrays: array_pointers.as_ptr(),
            uniforms: self.uniforms.as_ptr(),
            arrivals: arrival_pointers.as_ptr(),
            events: event_pointers.as_ptr(),
            event_counts: counts.as_mut_ptr(),
            keys: self.keys.as_ptr(),
            tables: tables.as_ptr(),
            first_cell: self.first_cell,
            cells: self.cells as i64,
            now: self.now,
            time_start: self.times[0],
            time_end: self.times[1],
        };
        // SAFETY: everything that the arguments point to lives in this frame and is as large as the convention asks.
        let returned = unsafe { kernel(&args) };
        for ((array, packed), ty) in self.arrays.iter_mut().zip(&arrays).zip(&types) {
            packed.unpack(array, width(*ty), *ty);
        }
        for (array, packed) in self.arrivals.iter_mut().zip(&arrivals) {
            packed.unpack(array, width(Ty::Float), Ty::Float);
        }
        for ((list, made), count) in self.events.iter_mut().zip(&lists).zip(&counts) {
            list.extend(made[..*count as usize].iter().filter(|cell| (**cell as usize) < self.cells));
        }
        returned
    }

    /// The first difference between what was expected (`self`) and what a kernel did.
    pub fn difference(
        &self,
        found: &Shard,
        failed: Option<usize>,
        returned: i64,
        program: &Program,
    ) -> Option<String> {
        let expected = failed.map_or(-1, |cell| cell as i64);
        if expected != returned {
            return Some(format!("returned {returned}, not {expected}"));
        }
        // Up to the group that fails; what lies in the same turn of the loop before it may be stored or not.
        let lanes = if program.precision == Precision::F32 { 4 } else { 2 };
        let whole = failed.map_or(self.cells, |cell| cell / lanes * lanes);
        let pairs = self.arrays.iter().zip(&found.arrays).chain(self.arrivals.iter().zip(&found.arrivals));
        for (at, (expected, found)) in pairs.enumerate() {
            for cell in 0..whole {
                let same = expected[cell] == found[cell]
                    || both_nan(self.precision, self.types.get(at), expected[cell], found[cell]);
                if !same {
                    return Some(format!(
                        "array {at}, cell {cell}: {:#x}, not {:#x}",
                        found[cell], expected[cell]
                    ));
                }
            }
        }
        let cut = |events: &[Vec<u32>]| -> Vec<Vec<u32>> {
            events
                .iter()
                .map(|list| list.iter().copied().filter(|cell| (*cell as usize) < whole).collect())
                .collect()
        };
        (cut(&self.events) != cut(&found.events))
            .then(|| format!("events {:?}, not {:?}", found.events, self.events))
    }
}

/// The bits of a NaN are nobody's business.
fn both_nan(precision: Precision, ty: Option<&Ty>, a: u64, b: u64) -> bool {
    !matches!(ty, Some(Ty::Int | Ty::Bool | Ty::Tick))
        && float_of(precision, a).is_nan()
        && float_of(precision, b).is_nan()
}

fn bits(precision: Precision, value: Value) -> u64 {
    match value {
        Value::Float(x) => float_bits(precision, x),
        Value::Int(x) | Value::Tick(x) => x as u64,
        Value::Bool(x) => {
            if x {
                u64::MAX
            } else {
                0
            }
        }
    }
}

fn holds<T: PartialOrd>(compare: Compare, a: T, b: T) -> bool {
    match compare {
        Compare::Eq => a == b,
        Compare::Ne => a != b,
        Compare::Lt => a < b,
        Compare::Le => a <= b,
        Compare::Gt => a > b,
        Compare::Ge => a >= b,
    }
}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Bytes on lines of the cache.
struct Aligned(Vec<Line>);

impl Aligned {
    fn new(elements: &[u64], width: usize) -> Aligned {
        let bytes: Vec<u8> = elements.iter().flat_map(|x| x.to_le_bytes()[..width].to_vec()).collect();
        let line = |chunk: &[u8]| {
            let mut line = Line([0; 64]);
            line.0[..chunk.len()].copy_from_slice(chunk);
            line
        };
        Aligned(bytes.chunks(64).map(line).collect())
    }

    fn pointer(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }

    fn unpack(&self, elements: &mut [u64], width: usize, ty: Ty) {
        for (at, element) in elements.iter_mut().enumerate() {
            let start = at * width;
            let bytes = &self.0[start / 64].0[start % 64..start % 64 + width];
            *element = match (width, ty) {
                (4, Ty::Float) => u64::from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])),
                (4, _) => i64::from(i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])) as u64,
                _ => u64::from_le_bytes([
                    bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
                ]),
            };
        }
    }
}
