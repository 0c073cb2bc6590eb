//! Random kernel programs, for tests: two engines, or a program and its transformed twin, must agree on
//! every one of them.
//!
//! In: a seed and a population. Out: a verified program that uses every operation sooner or later, on
//! numbers that are sometimes nasty (zeros of both signs, infinities, large and tiny ones).

use circ_plan::ir::*;
use circ_plan::plan::*;

use super::verify::Purpose;

/// A small population with arrays and slots of every type and role, two ports, two events and two keys.
/// It has no programs yet: its dynamics are an empty list of spike times.
pub fn population(precision: Precision, cells: u32) -> PopulationPlan {
    use Role::*;
    let array = |(name, ty, role): (&str, Ty, Role)| ArrayPlan { name: name.into(), ty, role };
    let slot =
        |(name, ty, value): (&str, Ty, f64)| UniformPlan { name: name.into(), ty, role: Parameter, value };
    PopulationPlan {
        path: "P".into(),
        cells,
        precision,
        arrays: [
            ("tau", Ty::Float, Parameter),
            ("gain", Ty::Float, Parameter),
            ("kind", Ty::Int, Parameter),
            ("flag", Ty::Bool, Parameter),
            ("v", Ty::Float, State),
            ("w", Ty::Float, State),
            ("count", Ty::Int, State),
            ("above", Ty::Bool, Memory),
            ("until", Ty::Tick, Mode),
        ]
        .map(array)
        .into(),
        uniforms: [
            ("E_L", Ty::Float, -65.0),
            ("tau_m", Ty::Float, 20.0),
            ("n", Ty::Int, 3.0),
            ("on", Ty::Bool, 1.0),
        ]
        .map(slot)
        .into(),
        keys: vec![[1, 2], [3, 4]],
        ports: ["exc", "inh"].map(|name| PortPlan { name: name.into() }).into(),
        events: ["spike", "calcium"].map(|name| EventPlan { name: name.into() }).into(),
        dynamics: Dynamics::SpikeTimes { times: vec![], traces: None },
        observables: vec![],
        place: 0,
    }
}

/// A table for the programs of [`program`].
pub fn table() -> Table {
    Table { name: "x".into(), rows: 2, columns: 3, data: vec![1.5, -2.0, 0.0, 1e-3, 40.0, -0.0] }
}

/// A program of about `size` operations for a population, a kernel or a reference. Reads no derived
/// slot or array; may read table 0.
pub fn program(seed: u64, population: &PopulationPlan, purpose: Purpose, size: usize) -> Program {
    let name = format!("P.{purpose:?}");
    let mut generator = Generator { random: Random(seed), program: Program::new(name, population.precision) };
    generator.leaves(population);
    while generator.program.ops.len() < size {
        generator.operation(population, purpose);
    }
    generator.roots(population);
    generator.program
}

/// A random number generator of 64 bits (SplitMix64; Steele, Lea & Flood 2014).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `count`, which is not 0.
    pub fn below(&mut self, count: usize) -> usize {
        (self.bits() % count as u64) as usize
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A float: mostly a tame one, sometimes not.
    pub fn float(&mut self) -> f64 {
        const NASTY: [f64; 10] =
            [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, 1e30, 1e-30, 3.5, 2_147_483_648.0];
        match self.below(4) {
            0 => self.one_of(&NASTY),
            1 => (self.bits() >> 11) as f64 / (1u64 << 53) as f64,
            _ => ((self.bits() >> 11) as f64 / (1u64 << 52) as f64 - 1.0) * 100.0,
        }
    }

    /// A value of a type.
    pub fn number(&mut self, ty: Ty) -> f64 {
        match ty {
            Ty::Float => self.float(),
            Ty::Int => self.below(41) as f64 - 20.0,
            Ty::Tick => self.below(2000) as f64,
            Ty::Bool => self.below(2) as f64,
        }
    }
}

struct Generator {
    random: Random,
    program: Program,
}

impl Generator {
    /// Constants and leaves, so that every type has values.
    fn leaves(&mut self, population: &PopulationPlan) {
        for _ in 0..3 {
            let x = self.random.float();
            self.push(Op::Float(crate::interpret::apply::round_to(population.precision, x)), Ty::Float);
            let x = self.random.number(Ty::Int) as i64;
            self.push(Op::Int(x), Ty::Int);
        }
        let truth = self.random.below(2) == 0;
        self.push(Op::Bool(truth), Ty::Bool);
        self.push(Op::Tick(100), Ty::Tick);
        for (at, array) in population.arrays.iter().enumerate() {
            if array.role != Role::Derived {
                self.push(Op::Load(Side::Own, ArrayId(at as u32)), array.ty);
            }
        }
        for (at, slot) in population.uniforms.iter().enumerate() {
            if slot.role != Role::Derived {
                self.push(Op::Uniform(UniformId(at as u32)), slot.ty);
            }
        }
        for port in 0..population.ports.len() {
            self.push(Op::Arrival(PortId(port as u32)), Ty::Float);
        }
        self.push(Op::Index(Side::Own), Ty::Int);
        self.push(Op::Now, Ty::Tick);
        self.push(Op::Time(Moment::Start), Ty::Float);
        self.push(Op::Time(Moment::End), Ty::Float);
    }

    fn operation(&mut self, population: &PopulationPlan, purpose: Purpose) {
        let (op, ty) = match self.random.below(10) {
            0..4 => (self.arithmetic(), Ty::Float),
            4 => (self.function(), Ty::Float),
            5 => self.integer(),
            6 => (self.condition(), Ty::Bool),
            7 => {
                let ty = self.random.one_of(&[Ty::Float, Ty::Float, Ty::Int, Ty::Bool, Ty::Tick]);
                (Op::Select(self.value(Ty::Bool), self.value(ty), self.value(ty)), ty)
            }
            8 => self.conversion(),
            _ => (self.special(population, purpose), Ty::Float),
        };
        self.push(op, ty);
    }

    fn arithmetic(&mut self) -> Op {
        let (a, b) = (self.value(Ty::Float), self.value(Ty::Float));
        match self.random.below(13) {
            0 => Op::Neg(a),
            1 => Op::Abs(a),
            2 => Op::Sqrt(a),
            3 => Op::Floor(a),
            4 => Op::Ceil(a),
            5 => Op::Round(a),
            6 => Op::Add(a, b),
            7 => Op::Sub(a, b),
            8 => Op::Mul(a, b),
            9 => Op::Div(a, b),
            10 => Op::Min(a, b),
            11 => Op::Max(a, b),
            _ => Op::Fma(a, b, self.value(Ty::Float)),
        }
    }

    fn function(&mut self) -> Op {
        let function = self.random.one_of(&Function::ALL);
        let a = self.value(Ty::Float);
        if function.arity() == 1 {
            Op::Call1(function, a)
        } else {
            Op::Call2(function, a, self.value(Ty::Float))
        }
    }

    fn integer(&mut self) -> (Op, Ty) {
        let (a, b) = (self.value(Ty::Int), self.value(Ty::Int));
        match self.random.below(11) {
            0 => (Op::Add(a, b), Ty::Int),
            1 => (Op::Sub(a, b), Ty::Int),
            2 => (Op::Mul(a, b), Ty::Int),
            3 => (Op::Min(a, b), Ty::Int),
            4 => (Op::Max(a, b), Ty::Int),
            5 => (Op::IntDiv(a, b), Ty::Int),
            6 => (Op::IntMod(a, b), Ty::Int),
            7 => (Op::AddOverflows(a, b), Ty::Bool),
            8 => (Op::SubOverflows(a, b), Ty::Bool),
            9 => (Op::MulOverflows(a, b), Ty::Bool),
            // `Now` is at least 0 and so is every sum of ticks with it; see `Op::TickAdd`.
            _ => (Op::TickAdd(self.value(Ty::Tick), self.value(Ty::Tick)), Ty::Tick),
        }
    }

    fn condition(&mut self) -> Op {
        let compare = self.random.one_of(&[
            Compare::Eq,
            Compare::Ne,
            Compare::Lt,
            Compare::Le,
            Compare::Gt,
            Compare::Ge,
        ]);
        match self.random.below(5) {
            0 => Op::Not(self.value(Ty::Bool)),
            1 => Op::And(self.value(Ty::Bool), self.value(Ty::Bool)),
            2 => Op::Or(self.value(Ty::Bool), self.value(Ty::Bool)),
            _ => {
                let ty = self.random.one_of(&[Ty::Float, Ty::Float, Ty::Int, Ty::Tick]);
                Op::Compare(compare, self.value(ty), self.value(ty))
            }
        }
    }

    fn conversion(&mut self) -> (Op, Ty) {
        match self.random.below(4) {
            0 => (Op::ToFloat(self.value(Ty::Int)), Ty::Float),
            1 => (Op::ToFloat(self.value(Ty::Tick)), Ty::Float),
            2 => (Op::ToInt(self.value(Ty::Float)), Ty::Int),
            // A duration, as kernels make them: not negative.
            _ => {
                let duration = self.value(Ty::Float);
                let duration = self.push(Op::Abs(duration), Ty::Float);
                (Op::ToTick(duration), Ty::Tick)
            }
        }
    }

    fn special(&mut self, population: &PopulationPlan, purpose: Purpose) -> Op {
        match self.random.below(3) {
            0 => {
                let (row, column) = (self.within(2), self.within(3));
                Op::Table(TableId(0), row, column)
            }
            1 if purpose == Purpose::Reference => self.matrix(population),
            _ => {
                let distribution = self.random.one_of(&Distribution::ALL);
                let args = (0..distribution.arity()).map(|_| self.tame()).collect();
                let key = KeyId(self.random.below(population.keys.len()) as u32);
                let salt = self.random.below(super::MAX_SALT as usize) as u32;
                match self.random.below(4) {
                    0 => {
                        let within = [self.tame(), self.tame()];
                        Op::Redraw { distribution, args, within, key, salt }
                    }
                    _ => Op::Draw { distribution, args, key, salt },
                }
            }
        }
    }

    /// Kernels never hold an `Expm`, so in references it is of parameters only.
    fn matrix(&mut self, population: &PopulationPlan) -> Op {
        let parameter = |op: &Op| match op {
            Op::Float(x) => x.is_finite() && x.abs() < 100.0,
            Op::Uniform(uniform) => population.uniforms[uniform.0 as usize].ty == Ty::Float,
            Op::Load(_, array) => {
                let array = &population.arrays[array.0 as usize];
                array.ty == Ty::Float && array.role == Role::Parameter
            }
            _ => false,
        };
        let ops = self.program.ops.iter().enumerate();
        let choices: Vec<ValueId> =
            ops.filter(|(_, op)| parameter(op)).map(|(at, _)| ValueId(at as u32)).collect();
        let entries = (0..4).map(|_| self.random.one_of(&choices)).collect();
        Op::Expm { n: 2, entries, row: self.random.below(2) as u8, column: self.random.below(2) as u8 }
    }

    /// An index in `0 .. count`.
    fn within(&mut self, count: i64) -> ValueId {
        let value = self.value(Ty::Int);
        let count = self.push(Op::Int(count), Ty::Int);
        self.push(Op::IntMod(value, count), Ty::Int)
    }

    /// A number in `[0.5, 1.5]`, which every distribution takes; `binomial` rounds its count itself.
    fn tame(&mut self) -> ValueId {
        let value = self.value(Ty::Float);
        let (lo, hi) = (self.push(Op::Float(0.5), Ty::Float), self.push(Op::Float(1.5), Ty::Float));
        let above = self.push(Op::Max(value, lo), Ty::Float);
        self.push(Op::Min(above, hi), Ty::Float)
    }

    /// Every state, both events, and some checks; fewer checks than would fail in every cell.
    fn roots(&mut self, population: &PopulationPlan) {
        for (at, array) in population.arrays.iter().enumerate() {
            if !matches!(array.role, Role::Parameter | Role::Derived) {
                let value = self.value(array.ty);
                self.program.outputs.push(Output::Array(ArrayId(at as u32), value));
            }
        }
        for event in 0..population.events.len() {
            let mask = self.value(Ty::Bool);
            self.program.outputs.push(Output::Event(EventId(event as u32), mask));
        }
        let value = self.value(Ty::Float);
        self.program.checks.push(Check { kind: CheckKind::Finite, value, place: 0 });
    }

    fn push(&mut self, op: Op, ty: Ty) -> ValueId {
        self.program.push(op, ty)
    }

    /// A value of a type, one of the later ones by preference: programs become deep.
    fn value(&mut self, ty: Ty) -> ValueId {
        let types = self.program.types.iter().enumerate();
        let all: Vec<ValueId> = types.filter(|(_, t)| **t == ty).map(|(at, _)| ValueId(at as u32)).collect();
        let from = if self.random.below(2) == 0 { all.len() / 2 } else { 0 };
        self.random.one_of(&all[from..])
    }
}
