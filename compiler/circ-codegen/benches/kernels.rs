//! Kernels in ns per cell and step, one thread, 4000 cells; and how long compiling takes.
//!
//! `cargo bench -p circ-codegen`. An item is a cell and a step. The leaky integrate-and-fire cell is bound by
//! the bandwidth of the caches, Hodgkin and Huxley's by arithmetic.

use circ_codegen::{Compiled, Options, Schedule, compile};
use circ_plan::abi::{BLOCK, KernelArgs};
use circ_plan::ir::*;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

const CELLS: usize = 4000;
/// Steps of a sample.
const STEPS: usize = 50;

fn main() {
    divan::main();
}

const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::F64];

const SCHEDULES: [Schedule; 3] = [Schedule::Loop, Schedule::Blocks, Schedule::Tiles];

/// 0: in one loop, 2: quiet tiles by a function.
#[divan::bench(args = PRECISIONS, consts = [0, 2])]
fn lif_two_currents<const SCHEDULE: usize>(bencher: Bencher, precision: Precision) {
    run(bencher, &lif(precision), SCHEDULES[SCHEDULE], &[-55.0, 0.1, -0.1, -1.0]);
}

/// 0: in one loop, 1: in blocks.
#[divan::bench(args = PRECISIONS, consts = [0, 1])]
fn hodgkin_huxley_ten_exps<const SCHEDULE: usize>(bencher: Bencher, precision: Precision) {
    let schedule = SCHEDULES[SCHEDULE];
    run(bencher, &hodgkin_huxley(precision), schedule, &[-65.0, 0.05, 0.6, 0.3, 1.0, 1.0]);
}

#[divan::bench(args = PRECISIONS)]
fn lif_with_noise(bencher: Bencher, precision: Precision) {
    run(bencher, &noisy(precision), Schedule::Cheapest, &[-55.0]);
}

#[divan::bench(args = PRECISIONS)]
fn compile_lif(bencher: Bencher, precision: Precision) {
    let program = lif(precision);
    bencher.bench(|| compile(&[black_box(&program)], &Options::default()).expect("it compiles"));
}

#[divan::bench(args = PRECISIONS)]
fn compile_hodgkin_huxley(bencher: Bencher, precision: Precision) {
    let program = hodgkin_huxley(precision);
    bencher.bench(|| compile(&[black_box(&program)], &Options::default()).expect("it compiles"));
}

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u8; 64]);

/// An array with this value everywhere.
fn array(precision: Precision, x: f64) -> Vec<Line> {
    let element = match precision {
        Precision::F32 => [(x as f32).to_le_bytes(); 2].concat(),
        Precision::F64 => x.to_le_bytes().to_vec(),
    };
    let mut line = Line([0; 64]);
    line.0.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&element));
    vec![line; CELLS.next_multiple_of(BLOCK) / 8 + 1]
}

fn run(bencher: Bencher, program: &Program, schedule: Schedule, initial: &[f64]) {
    let options = Options { schedule, ..Options::default() };
    let compiled: Compiled = compile(&[program], &options).expect("it compiles");
    let kernel = compiled.kernel(0);
    let mut arrays: Vec<Vec<Line>> = initial.iter().map(|x| array(program.precision, *x)).collect();
    let mut arrivals = [array(program.precision, 0.0), array(program.precision, 0.0)];
    let array_pointers: Vec<*mut u8> = arrays.iter_mut().map(|a| a.as_mut_ptr().cast()).collect();
    let arrival_pointers: Vec<*mut u8> = arrivals.iter_mut().map(|a| a.as_mut_ptr().cast()).collect();
    let mut list = vec![0_u32; CELLS.next_multiple_of(BLOCK)];
    let events = [list.as_mut_ptr()];
    let mut counts = [0_u32];
    let keys = [[1_u32, 2]];
    let mut args = KernelArgs {
        arrays: array_pointers.as_ptr(),
        uniforms: std::ptr::null(),
        arrivals: arrival_pointers.as_ptr(),
        events: events.as_ptr(),
        event_counts: counts.as_mut_ptr(),
        keys: keys.as_ptr(),
        tables: std::ptr::null(),
        first_cell: 0,
        cells: CELLS as i64,
        now: 0,
        time_start: 0.0,
        time_end: 0.1,
    };
    let fresh = arrays.clone();
    bencher.counter(ItemsCount::new(CELLS * STEPS)).bench_local(|| {
        // Else the currents would decay until they are subnormal, which no network's do for long.
        for (array, fresh) in arrays.iter_mut().zip(&fresh) {
            array.copy_from_slice(fresh);
        }
        for _ in 0..STEPS {
            args.now += 1;
            // SAFETY: all pointers live, and are as large as the program asks.
            let failed = unsafe { kernel(black_box(&args)) };
            assert_eq!(failed, -1);
            // SAFETY: the kernel is not running.
            unsafe { *args.event_counts = 0 };
        }
    });
}

/// A program with shorthands.
struct Builder(Program);

impl Builder {
    fn new(name: &str, precision: Precision) -> Builder {
        Builder(Program::new(name, precision))
    }
    fn op(&mut self, op: Op) -> ValueId {
        self.0.push(op, Ty::Float)
    }
    fn c(&mut self, x: f64) -> ValueId {
        self.op(Op::Float(x))
    }
    fn load(&mut self, array: u32) -> ValueId {
        self.op(Op::Load(Side::Own, ArrayId(array)))
    }
    fn store(&mut self, array: u32, value: ValueId) {
        self.0.outputs.push(Output::Array(ArrayId(array), value));
        self.0.checks.push(Check { kind: CheckKind::Finite, value, place: 0 });
    }
    fn fma(&mut self, a: ValueId, b: ValueId, c: ValueId) -> ValueId {
        self.op(Op::Fma(a, b, c))
    }
    fn mul(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.op(Op::Mul(a, b))
    }
    fn add(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.op(Op::Add(a, b))
    }
    /// `scale * x + offset`
    fn line(&mut self, x: ValueId, scale: f64, offset: f64) -> ValueId {
        let (scale, offset) = (self.c(scale), self.c(offset));
        self.fma(scale, x, offset)
    }
    /// `exp((x - at) / width)`
    fn exp(&mut self, x: ValueId, at: f64, width: f64) -> ValueId {
        let argument = self.line(x, 1.0 / width, -at / width);
        self.op(Op::Call1(Function::Exp, argument))
    }
    /// Threshold, reset, refractory time, as in a cell with one mode.
    fn spike(&mut self, v: ValueId, old: ValueId, until: u32) -> ValueId {
        let (threshold, reset) = (self.c(-50.0), self.c(-60.0));
        let until_tick = self.0.push(Op::Load(Side::Own, ArrayId(until)), Ty::Tick);
        let now = self.0.push(Op::Now, Ty::Tick);
        let resting = self.0.push(Op::Compare(Compare::Ge, until_tick, now), Ty::Bool);
        let v = self.op(Op::Select(resting, old, v));
        let above = self.0.push(Op::Compare(Compare::Ge, v, threshold), Ty::Bool);
        let awake = self.0.push(Op::Not(resting), Ty::Bool);
        let spikes = self.0.push(Op::And(above, awake), Ty::Bool);
        let v = self.op(Op::Select(spikes, reset, v));
        let duration = self.0.push(Op::Tick(50), Ty::Tick);
        let end = self.0.push(Op::TickAdd(now, duration), Ty::Tick);
        let end = self.0.push(Op::Select(spikes, end, until_tick), Ty::Tick);
        self.0.outputs.push(Output::Array(ArrayId(until), end));
        self.0.outputs.push(Output::Event(EventId(0), spikes));
        v
    }
}

/// Exact propagators of `v' = (E - v + ge + gi) / tau` with two decaying currents, refractory.
fn lif(precision: Precision) -> Program {
    let mut b = Builder::new("lif.step", precision);
    let (v, ge, gi) = (b.load(0), b.load(1), b.load(2));
    let (pv, pe, pi) = (b.c(0.995), b.c(0.0049), b.c(0.0048));
    let offset = b.c(-0.2450);
    let x = b.fma(gi, pi, offset);
    let x = b.fma(ge, pe, x);
    let next = b.fma(v, pv, x);
    let (de, di) = (b.c(0.98), b.c(0.99));
    let (ae, ai) = (b.op(Op::Arrival(PortId(0))), b.op(Op::Arrival(PortId(1))));
    // As the compiler has them: what arrives is added to what is left.
    let (ge, gi) = (b.mul(ge, de), b.mul(gi, di));
    let (ge, gi) = (b.add(ge, ae), b.add(gi, ai));
    let v = b.spike(next, v, 3);
    b.store(0, v);
    b.store(1, ge);
    b.store(2, gi);
    b.0
}

/// Exponential Euler for the gates, six rates with nine exps, and one for the membrane.
fn hodgkin_huxley(precision: Precision) -> Program {
    let mut b = Builder::new("hh.step", precision);
    let (v, m, h, n, ge, gi) = (b.load(0), b.load(1), b.load(2), b.load(3), b.load(4), b.load(5));
    let mut gates = vec![];
    for (state, at, width) in [(m, -40.0, 10.0), (h, -65.0, 20.0), (n, -55.0, 15.0)] {
        let rise = b.line(v, 0.1, -0.1 * at);
        let fall = b.exp(v, at, -width);
        let one = b.c(1.0);
        let sum = b.add(fall, one);
        let alpha = b.op(Op::Div(rise, sum));
        let alpha = b.op(Op::Abs(alpha));
        let beta = b.exp(v, at - 20.0, -1.8 * width);
        let rate = b.add(alpha, beta);
        let target = b.op(Op::Div(alpha, rate));
        let exponent = b.line(rate, -0.1, 0.0);
        let keep = b.op(Op::Call1(Function::Exp, exponent));
        let distance = b.op(Op::Sub(state, target));
        gates.push(b.fma(distance, keep, target));
    }
    let [m, h, n] = gates[..] else { panic!("three gates") };
    let m2 = b.mul(m, m);
    let m3h = b.mul(m, h);
    let m3h = b.mul(m2, m3h);
    let n2 = b.mul(n, n);
    let n4 = b.mul(n2, n2);
    let (g_na, g_k) = (b.line(m3h, 120.0, 0.0), b.line(n4, 36.0, 0.0));
    let leak = b.c(0.3);
    let total = b.add(g_na, g_k);
    let total = b.add(total, leak);
    let total = b.add(total, ge);
    let total = b.add(total, gi);
    let currents = b.line(g_na, 50.0, -16.0);
    let e_k = b.c(-77.0);
    let currents = b.fma(g_k, e_k, currents);
    let e_i = b.c(-80.0);
    let currents = b.fma(gi, e_i, currents);
    let target = b.op(Op::Div(currents, total));
    let exponent = b.line(total, -0.1, 0.0);
    let keep = b.op(Op::Call1(Function::Exp, exponent));
    let distance = b.op(Op::Sub(v, target));
    let v_next = b.fma(distance, keep, target);
    let (de, di) = (b.c(0.98), b.c(0.99));
    let (ae, ai) = (b.op(Op::Arrival(PortId(0))), b.op(Op::Arrival(PortId(1))));
    let ge = b.fma(ge, de, ae);
    let gi = b.fma(gi, di, ai);
    let threshold = b.c(0.0);
    let above = b.0.push(Op::Compare(Compare::Ge, v_next, threshold), Ty::Bool);
    let below = b.0.push(Op::Compare(Compare::Lt, v, threshold), Ty::Bool);
    let spikes = b.0.push(Op::And(above, below), Ty::Bool);
    b.0.outputs.push(Output::Event(EventId(0), spikes));
    for (array, value) in [v_next, m, h, n, ge, gi].into_iter().enumerate() {
        b.store(array as u32, value);
    }
    b.0
}

/// A leaky membrane with a normal draw in every step.
fn noisy(precision: Precision) -> Program {
    let mut b = Builder::new("noisy.step", precision);
    let v = b.load(0);
    let (mean, sd) = (b.c(0.0), b.c(0.3));
    let draw = Op::Draw { distribution: Distribution::Normal, args: vec![mean, sd], key: KeyId(0), salt: 0 };
    let noise = b.op(draw);
    let drift = b.line(v, 0.99, -0.55);
    let next = b.add(drift, noise);
    b.store(0, next);
    b.0
}
