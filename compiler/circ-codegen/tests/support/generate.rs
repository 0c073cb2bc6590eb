//! Programs at random: well typed, over all operations of kernels.

use super::evaluate::{Shard, float_bits};
use circ_numerics::random::{Counter, Stream};
use circ_plan::abi::BLOCK;
use circ_plan::ir::*;

/// A source of choices.
pub struct Generator(Stream);

impl Generator {
    pub fn new(seed: u32) -> Generator {
        Generator(Stream::new([seed, 0xC1], Counter::default()))
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0.below(n as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// Mostly of usual sizes; sometimes special.
    pub fn float(&mut self, turn: usize) -> f64 {
        let specials = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            5e-324,
            1e-310,
            1e308,
            -745.2,
            709.9,
            88.8,
            -104.2,
            1e-40,
        ];
        match self.below(40) {
            0 => self.pick(&specials),
            1 => f64::from_bits(self.0.next_u64()),
            2 => f64::from(f32::from_bits(self.0.next_u64() as u32)),
            _ => (self.0.next_f64() - 0.5) * [1.0, 8.0, 200.0, 1600.0][turn % 4],
        }
    }

    fn int(&mut self) -> i64 {
        match self.below(6) {
            0 => self.pick(&[0, -1, i64::MIN, i64::MAX, 1 << 32]),
            1 => self.0.next_u64() as i64,
            _ => self.below(41) as i64 - 20,
        }
    }

    fn tick(&mut self, precision: Precision) -> i64 {
        match self.below(6) {
            0 if precision == Precision::F64 => self.pick(&[i64::MIN, i64::MAX, MAX_TICK]),
            0 => self.pick(&[i64::from(i32::MIN), i64::from(i32::MAX), MAX_TICK]),
            _ => self.below(200) as i64,
        }
    }

    fn bits(&mut self, precision: Precision, ty: Ty) -> u64 {
        match ty {
            Ty::Float => {
                let x = self.float(1);
                float_bits(precision, x)
            }
            Ty::Int => self.int() as u64,
            Ty::Bool => {
                if self.chance(30) {
                    u64::MAX
                } else {
                    0
                }
            }
            Ty::Tick => self.tick(precision) as u64,
        }
    }
}

const TYPES: [Ty; 8] = [Ty::Float, Ty::Float, Ty::Float, Ty::Tick, Ty::Bool, Ty::Int, Ty::Float, Ty::Bool];

/// A program and the memory that it works on.
pub fn generate(g: &mut Generator) -> (Program, Shard) {
    let precision = g.pick(&[Precision::F32, Precision::F64]);
    let mut program = Program::new("generated", precision);
    let length = 3 + g.below(45);
    // Many small programs without calls, so that all numbers of groups occur.
    let calls = g.chance(50);
    while program.ops.len() < length {
        if g.chance(8) && region(g, &mut program, calls) {
            continue;
        }
        let limit = program.ops.len() as u32;
        push(g, &mut program, calls, limit);
    }
    finish(g, &mut program);
    let shard = memory(g, &program);
    (program, shard)
}

/// Memory for up to some hundred cells.
pub fn many_cells(g: &mut Generator, program: &Program) -> Shard {
    let most = g.pick(&[40, 300, 900]);
    let cells = 1 + g.below(most);
    memory_of(g, program, cells)
}

fn memory(g: &mut Generator, program: &Program) -> Shard {
    let cells = 1 + g.below(40);
    memory_of(g, program, cells)
}

/// Arrays, slots and tables at random.
fn memory_of(g: &mut Generator, program: &Program, cells: usize) -> Shard {
    let precision = program.precision;
    let mut shard = Shard::new(program, cells);
    shard.types = TYPES.to_vec();
    let padded = cells.next_multiple_of(BLOCK);
    shard.arrays = TYPES.iter().map(|ty| (0..padded).map(|_| g.bits(precision, *ty)).collect()).collect();
    shard.arrivals = (0..2).map(|_| (0..padded).map(|_| g.bits(precision, Ty::Float)).collect()).collect();
    shard.uniforms = TYPES.iter().map(|ty| g.bits(precision, *ty)).collect();
    shard.tables = vec![(3, 4, (0..12).map(|_| g.float(1)).collect()), (1, 1, vec![2.5])];
    shard.first_cell = g.below(1000) as i64;
    shard.now = g.below(100_000) as i64;
    shard
}

/// An earlier value of a type, or a new leaf.
fn operand(g: &mut Generator, program: &mut Program, ty: Ty) -> ValueId {
    let some: Vec<u32> = (0..program.ops.len() as u32)
        .filter(|v| program.types[*v as usize] == ty && readable(program, *v))
        .collect();
    if !some.is_empty() && g.chance(85) {
        // Rather a late one, so that programs are deep.
        let from = if g.chance(60) { some.len() * 2 / 3 } else { 0 };
        return ValueId(some[from + g.below(some.len() - from)]);
    }
    leaf(g, program, ty)
}

/// Values of a region are only read within it, or through its mask (see `region`).
fn readable(program: &Program, value: u32) -> bool {
    let at = program.ops.len() as u32;
    program.regions.iter().all(|r| !(r.first <= value && value < r.end) || at < r.end)
}

fn leaf(g: &mut Generator, program: &mut Program, ty: Ty) -> ValueId {
    let precision = program.precision;
    let slots: Vec<u32> = (0..8).filter(|slot| TYPES[*slot as usize] == ty).collect();
    let slot = g.pick(&slots);
    let op = match (g.below(4), ty) {
        (0, _) => Op::Uniform(UniformId(slot)),
        (1, Ty::Float) => g.pick(&[0, 1, 2, 3]).into_float_leaf(g),
        (1, Ty::Int) => Op::Index(Side::Own),
        (1, Ty::Tick) => Op::Now,
        (2, Ty::Int) => Op::Int(g.int()),
        (2, Ty::Bool) => Op::Bool(g.chance(50)),
        (2, Ty::Tick) => Op::Tick(g.tick(precision)),
        (2, Ty::Float) => Op::Float(g.float(1)),
        _ => Op::Load(Side::Own, ArrayId(slot)),
    };
    program.push(op, ty)
}

trait FloatLeaf {
    fn into_float_leaf(self, g: &mut Generator) -> Op;
}

impl FloatLeaf for u32 {
    fn into_float_leaf(self, g: &mut Generator) -> Op {
        match self {
            0 => Op::Time(Moment::Start),
            1 => Op::Time(Moment::End),
            _ => Op::Arrival(PortId(g.below(2) as u32)),
        }
    }
}

fn push(g: &mut Generator, program: &mut Program, calls: bool, _limit: u32) -> ValueId {
    let ty = g.pick(&[Ty::Float, Ty::Float, Ty::Float, Ty::Float, Ty::Bool, Ty::Bool, Ty::Tick, Ty::Int]);
    let op = match ty {
        Ty::Float => float_op(g, program, calls),
        Ty::Int => int_op(g, program, calls),
        Ty::Tick => tick_op(g, program),
        Ty::Bool => bool_op(g, program),
    };
    program.push(op, ty)
}

/// A long program of floats without calls and branches, whose groups are computed beside each other.
pub fn generate_long(g: &mut Generator) -> (Program, Shard) {
    let precision = g.pick(&[Precision::F32, Precision::F64]);
    let mut program = Program::new("long", precision);
    let loads: Vec<ValueId> =
        [0, 1, 2, 6].map(|array| program.push(Op::Load(Side::Own, ArrayId(array)), Ty::Float)).to_vec();
    let exps = [Function::Exp, Function::Expm1, Function::Exprel, Function::Tanh, Function::Sigmoid];
    let mut values = loads;
    for _ in 0..6 + g.below(35) {
        let (x, constant) = (g.pick(&values), g.float(0));
        let scale = program.push(Op::Float(constant), Ty::Float);
        let x = program.push(Op::Mul(x, scale), Ty::Float);
        values.push(program.push(Op::Call1(g.pick(&exps), x), Ty::Float));
        let op = float_op(g, &mut program, false);
        values.push(program.push(op, Ty::Float));
    }
    finish(g, &mut program);
    let shard = memory(g, &program);
    (program, shard)
}

fn float_op(g: &mut Generator, program: &mut Program, calls: bool) -> Op {
    let mut f = |g: &mut Generator| operand(g, program, Ty::Float);
    let (a, b, c) = (f(g), f(g), f(g));
    match g.below(if calls { 22 } else { 16 }) {
        0 => Op::Neg(a),
        1 => Op::Abs(a),
        2 => Op::Sqrt(a),
        3 => g.pick(&[Op::Floor as fn(ValueId) -> Op, Op::Ceil, Op::Round])(a),
        4 | 5 => Op::Add(a, b),
        6 => Op::Sub(a, b),
        7 | 8 => Op::Mul(a, b),
        9 => Op::Div(a, b),
        10 | 11 => Op::Fma(a, b, c),
        12 => Op::Min(a, b),
        13 => Op::Max(a, b),
        14 => Op::Select(operand(g, program, Ty::Bool), a, b),
        15 => {
            let ty = g.pick(&[Ty::Int, Ty::Tick]);
            Op::ToFloat(operand(g, program, ty))
        }
        16 | 17 => {
            let function = g.pick(&Function::ALL[..15]);
            Op::Call1(function, a)
        }
        18 => Op::Call1(
            g.pick(&[Function::Exp, Function::Expm1, Function::Exprel, Function::Tanh, Function::Sigmoid]),
            a,
        ),
        19 => Op::Call2(g.pick(&[Function::Pow, Function::Mod]), a, b),
        20 => {
            let distribution = g.pick(&Distribution::ALL);
            let args = [a, b][..distribution.arity()].to_vec();
            let (key, salt) = (KeyId(g.below(2) as u32), g.below(4096) as u32);
            match g.below(4) {
                0 => Op::Redraw { distribution, args, within: [b, a], key, salt },
                _ => Op::Draw { distribution, args, key, salt },
            }
        }
        _ => {
            let (row, column) = (clamped(g, program, 2), clamped(g, program, 3));
            Op::Table(TableId(0), row, column)
        }
    }
}

fn clamped(g: &mut Generator, program: &mut Program, most: i64) -> ValueId {
    let x = operand(g, program, Ty::Int);
    let least = program.push(Op::Int(0), Ty::Int);
    let most = program.push(Op::Int(most), Ty::Int);
    let x = program.push(Op::Max(x, least), Ty::Int);
    program.push(Op::Min(x, most), Ty::Int)
}

fn int_op(g: &mut Generator, program: &mut Program, calls: bool) -> Op {
    let (a, b) = (operand(g, program, Ty::Int), operand(g, program, Ty::Int));
    match g.below(if calls { 9 } else { 7 }) {
        0 => Op::Add(a, b),
        1 => Op::Sub(a, b),
        2 => Op::Mul(a, b),
        3 => Op::Min(a, b),
        4 => Op::Max(a, b),
        5 => Op::Select(operand(g, program, Ty::Bool), a, b),
        6 => Op::ToInt(operand(g, program, Ty::Float)),
        7 => Op::IntDiv(a, b),
        _ => Op::IntMod(a, b),
    }
}

fn tick_op(g: &mut Generator, program: &mut Program) -> Op {
    let (a, b) = (operand(g, program, Ty::Tick), operand(g, program, Ty::Tick));
    match g.below(3) {
        0 => Op::TickAdd(a, b),
        1 => Op::ToTick(operand(g, program, Ty::Float)),
        _ => Op::Select(operand(g, program, Ty::Bool), a, b),
    }
}

fn bool_op(g: &mut Generator, program: &mut Program) -> Op {
    let ty = g.pick(&[Ty::Float, Ty::Float, Ty::Tick, Ty::Int]);
    let compare = g.pick(&[Compare::Eq, Compare::Ne, Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge]);
    match g.below(8) {
        0 => Op::Not(operand(g, program, Ty::Bool)),
        1 => Op::And(operand(g, program, Ty::Bool), operand(g, program, Ty::Bool)),
        2 => Op::Or(operand(g, program, Ty::Bool), operand(g, program, Ty::Bool)),
        3 => {
            let (a, b) = (operand(g, program, Ty::Int), operand(g, program, Ty::Int));
            g.pick(&[Op::AddOverflows as fn(ValueId, ValueId) -> Op, Op::SubOverflows, Op::MulOverflows])(
                a, b,
            )
        }
        4 => Op::Select(
            operand(g, program, Ty::Bool),
            operand(g, program, Ty::Bool),
            operand(g, program, Ty::Bool),
        ),
        _ => Op::Compare(compare, operand(g, program, ty), operand(g, program, ty)),
    }
}

/// Some operations under a mask, perhaps with a region inside; their values go out through selections.
fn region(g: &mut Generator, program: &mut Program, calls: bool) -> bool {
    let mask = operand(g, program, Ty::Bool);
    let others: Vec<ValueId> = Ty::ALL.iter().map(|ty| operand(g, program, *ty)).collect();
    let first = program.ops.len() as u32;
    let place = program.regions.len();
    program.regions.push(Region { mask, first, end: u32::MAX });
    for _ in 0..2 + g.below(8) {
        push(g, program, calls, first);
    }
    if g.chance(30) && program.regions.len() < 4 {
        region(g, program, calls);
    }
    let end = program.ops.len() as u32;
    let inside: Vec<ValueId> = (first..end).map(ValueId).filter(|v| readable(program, v.0)).collect();
    program.regions[place].end = end;
    for _ in 0..1 + g.below(4) {
        let value = g.pick(&inside);
        let ty = program.ty(value);
        let other = others[Ty::ALL.iter().position(|t| *t == ty).unwrap_or(0)];
        program.push(Op::Select(mask, value, other), ty);
    }
    true
}

trait AllTypes {
    const ALL: [Ty; 4];
}

impl AllTypes for Ty {
    const ALL: [Ty; 4] = [Ty::Float, Ty::Int, Ty::Bool, Ty::Tick];
}

/// Outputs, events and, sometimes, checks.
fn finish(g: &mut Generator, program: &mut Program) {
    let mut masks = vec![];
    for event in 0..2 {
        if g.chance(50) {
            let mask = operand(g, program, Ty::Bool);
            program.outputs.push(Output::Event(EventId(event), mask));
            masks.push(mask);
        }
    }
    for (at, ty) in TYPES.iter().enumerate() {
        if !g.chance(70) {
            continue;
        }
        let array = ArrayId(at as u32);
        let value = match masks.is_empty() || g.chance(40) {
            true => operand(g, program, *ty),
            false => reaction(g, program, &masks, array),
        };
        program.outputs.push(Output::Array(array, value));
    }
    for _ in 0..g.below(3) {
        if g.chance(30) {
            let check = match g.below(3) {
                0 => Check { kind: CheckKind::Overflow, value: operand(g, program, Ty::Bool), place: 0 },
                _ => Check { kind: CheckKind::Finite, value: operand(g, program, Ty::Float), place: 0 },
            };
            program.checks.push(check);
        }
    }
}

/// What an array becomes at events, and what it keeps or becomes without: a spike and its reset.
fn reaction(g: &mut Generator, program: &mut Program, masks: &[ValueId], array: ArrayId) -> ValueId {
    let ty = TYPES[array.0 as usize];
    let other = operand(g, program, Ty::Bool);
    let mask = g.pick(masks);
    let (op, at_event) = match g.below(5) {
        0 => (Op::And(mask, other), true),
        1 => (Op::Or(mask, other), true),
        2 => (Op::Not(mask), false),
        _ => (Op::Or(mask, mask), true),
    };
    let mask = program.push(op, Ty::Bool);
    let value = operand(g, program, ty);
    let kept = match g.chance(60) {
        true => program.push(Op::Load(Side::Own, array), ty),
        false => operand(g, program, ty),
    };
    let (a, b) = if at_event { (value, kept) } else { (kept, value) };
    program.push(Op::Select(mask, a, b), ty)
}
