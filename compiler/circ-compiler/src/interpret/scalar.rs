//! Evaluates a kernel program for one cell or one synapse: its meaning.
//!
//! In: a verified program and the [`World`] around the cell. Out: one value for each operation, in
//! order. No branch, no short cut: a program is a list of pure operations.

use circ_numerics::random::{Counter, draw, redraw};
use circ_plan::ir::*;
use circ_plan::plan::Table;

use super::apply::{Value, apply, round_to};

/// What the leaves of a program ask for. Floats are rounded to the program's precision by
/// [`evaluate`], which changes nothing for those that have it.
pub trait World {
    /// An element of an array, or a column on a side of a synapse.
    fn load(&self, side: Side, array: ArrayId) -> Value;
    fn uniform(&self, uniform: UniformId) -> Value;
    /// The sum of what arrives in this tick.
    fn arrival(&self, port: PortId) -> f64;
    fn index(&self, side: Side) -> i64;
    /// The tick being made.
    fn now(&self) -> i64;
    /// In ms.
    fn time(&self, moment: Moment) -> f64;
    /// An element of a table; indices outside are clamped to it.
    fn table(&self, table: TableId, row: i64, column: i64) -> f64;
    /// An entry of this synapse's row of the connection table.
    fn edge(&self, column: u32) -> f64;
    /// The weight of this synapse.
    fn weight(&self) -> f64 {
        panic!("a verified program reads the weight only in what flows")
    }
    /// The key and, for salt 0, the counter of a draw. Its own salt is added.
    fn draw(&self, key: KeyId) -> ([u32; 2], Counter);
}

/// The value of every operation of a program, into `values` (whose former content is dropped).
pub fn evaluate(program: &Program, world: &impl World, values: &mut Vec<Value>) {
    values.clear();
    for op in &program.ops {
        let value = value_of(program.precision, op, values, world);
        values.push(value);
    }
}

/// The value of an operation, given those of the operations before it.
pub fn value_of(precision: Precision, op: &Op, values: &[Value], world: &impl World) -> Value {
    let operand = |v: ValueId| values[v.0 as usize];
    apply(precision, op, &operand)
        .or_else(|| draw_of(precision, op, &operand, world))
        .unwrap_or_else(|| leaf(precision, op, &operand, world))
}

/// The first `Result` of an expression as a number. Panics if there is none: it was not verified.
pub fn result(program: &Program, world: &impl World) -> f64 {
    result_with(program, world, &mut vec![])
}

/// Likewise, for those who ask often, with memory of theirs.
pub fn result_with(program: &Program, world: &impl World, values: &mut Vec<Value>) -> f64 {
    evaluate(program, world, values);
    let result = program.outputs.iter().find_map(|output| match output {
        Output::Result(value) => Some(values[value.0 as usize].number()),
        _ => None,
    });
    result.expect("a verified expression has a result")
}

fn leaf(precision: Precision, op: &Op, operand: &impl Fn(ValueId) -> Value, world: &impl World) -> Value {
    let float = |x: f64| Value::Float(round_to(precision, x));
    match op {
        Op::Load(side, array) => world.load(*side, *array),
        Op::Uniform(uniform) => world.uniform(*uniform),
        Op::Arrival(port) => float(world.arrival(*port)),
        Op::Index(side) => Value::Int(world.index(*side)),
        Op::Now => Value::Tick(world.now()),
        Op::Time(moment) => float(world.time(*moment)),
        Op::Table(table, row, column) => {
            float(world.table(*table, operand(*row).integer(), operand(*column).integer()))
        }
        Op::Edge(column) => float(world.edge(*column)),
        Op::Weight => float(world.weight()),
        other => panic!("`apply` and draws give all other operations a value, {other:?} too"),
    }
}

fn draw_of(
    precision: Precision,
    op: &Op,
    operand: &impl Fn(ValueId) -> Value,
    world: &impl World,
) -> Option<Value> {
    let (Op::Draw { distribution, args, key, salt } | Op::Redraw { distribution, args, key, salt, .. }) = op
    else {
        return None;
    };
    let mut numbers = [0.0; 2];
    for (number, arg) in numbers.iter_mut().zip(args) {
        *number = operand(*arg).float();
    }
    let (key, counter) = world.draw(*key);
    let at = Counter { salt: counter.salt.wrapping_add(*salt), ..counter };
    let narrow = |numbers: [f64; 2]| numbers.map(|x| x as f32);
    let value = match (op, precision) {
        (Op::Redraw { within, .. }, _) => {
            let within = within.map(|bound| operand(bound).float());
            match precision {
                Precision::F32 => f64::from(redraw(*distribution, narrow(numbers), narrow(within), key, at)),
                Precision::F64 => redraw(*distribution, numbers, within, key, at),
            }
        }
        (_, Precision::F32) => f64::from(draw(*distribution, narrow(numbers), key, at)),
        (_, Precision::F64) => draw(*distribution, numbers, key, at),
    };
    Some(Value::Float(value))
}

/// The world of a cell of a population, or of a target of a drive (which has no arrays).
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// By `ArrayId`, then cell.
    pub arrays: &'a [Vec<Value>],
    /// By `UniformId`.
    pub uniforms: &'a [Value],
    /// By `PortId`, then cell.
    pub arrivals: &'a [Vec<f64>],
    pub keys: &'a [[u32; 2]],
    pub tables: &'a [Table],
    /// In the population; for a drive the position in its view.
    pub index: usize,
    /// The tick being made.
    pub tick: i64,
    /// The step in ms.
    pub dt: f64,
}

impl World for Cell<'_> {
    fn load(&self, _: Side, array: ArrayId) -> Value {
        self.arrays[array.0 as usize][self.index]
    }
    fn uniform(&self, uniform: UniformId) -> Value {
        self.uniforms[uniform.0 as usize]
    }
    fn arrival(&self, port: PortId) -> f64 {
        self.arrivals[port.0 as usize][self.index]
    }
    fn index(&self, _: Side) -> i64 {
        self.index as i64
    }
    fn now(&self) -> i64 {
        self.tick
    }
    fn time(&self, moment: Moment) -> f64 {
        let tick = match moment {
            // Before tick 0 there is no step: what tick 0 starts from is at time 0 too.
            Moment::Start => (self.tick - 1).max(0),
            Moment::End => self.tick,
        };
        tick as f64 * self.dt
    }
    fn table(&self, table: TableId, row: i64, column: i64) -> f64 {
        element(&self.tables[table.0 as usize], row, column)
    }
    fn edge(&self, _: u32) -> f64 {
        panic!("a verified program of a cell reads no connection table")
    }
    fn draw(&self, key: KeyId) -> ([u32; 2], Counter) {
        let at = Counter { entity: self.index as u32, partner: 0, tick: self.tick as u32, salt: 0 };
        (self.keys[key.0 as usize], at)
    }
}

/// The world of a synapse, or of a pair that may become one.
#[derive(Clone, Copy, Debug)]
pub struct Synapse<'a> {
    /// The columns of the source and of the target.
    pub pre: &'a [Value],
    pub post: &'a [Value],
    /// Positions in the views.
    pub source: u32,
    pub target: u32,
    /// Which synapse of this pair: 0 for the first.
    pub occurrence: u32,
    /// The row of the connection table.
    pub edges: &'a [f64],
    pub keys: &'a [[u32; 2]],
    pub tables: &'a [Table],
}

impl World for Synapse<'_> {
    fn load(&self, side: Side, array: ArrayId) -> Value {
        match side {
            Side::Own | Side::Post => self.post[array.0 as usize],
            Side::Pre => self.pre[array.0 as usize],
        }
    }
    fn uniform(&self, _: UniformId) -> Value {
        panic!("a verified program of a synapse reads shared values as columns")
    }
    fn arrival(&self, _: PortId) -> f64 {
        panic!("nothing arrives while a network is built")
    }
    fn index(&self, side: Side) -> i64 {
        i64::from(match side {
            Side::Own | Side::Post => self.target,
            Side::Pre => self.source,
        })
    }
    fn now(&self) -> i64 {
        0
    }
    fn time(&self, _: Moment) -> f64 {
        0.0
    }
    fn table(&self, table: TableId, row: i64, column: i64) -> f64 {
        element(&self.tables[table.0 as usize], row, column)
    }
    fn edge(&self, column: u32) -> f64 {
        self.edges[column as usize]
    }
    fn draw(&self, key: KeyId) -> ([u32; 2], Counter) {
        let at = Counter { entity: self.source, partner: self.target, tick: self.occurrence, salt: 0 };
        (self.keys[key.0 as usize], at)
    }
}

/// NaN for a table without elements, which the next `Finite` check reports.
pub(super) fn element(table: &Table, row: i64, column: i64) -> f64 {
    let within = |index: i64, count: usize| index.clamp(0, (count as i64 - 1).max(0)) as usize;
    let at = within(row, table.rows) * table.columns + within(column, table.columns);
    table.data.get(at).copied().unwrap_or(f64::NAN)
}
