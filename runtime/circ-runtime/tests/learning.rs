//! Synapses that learn, against the naive engine: rules made up at random, on any number of threads.

mod common;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use circ_numerics::Distribution;
use circ_numerics::random::{Counter, Stream, key};
use circ_plan::abi::{KernelArgs, KernelFn};
use circ_plan::engine::{Engine, Stop};
use circ_plan::ir::*;
use circ_plan::learning::*;
use circ_plan::plan::*;
use circ_runtime::{RuleKernel, rule_programs};
use common::*;

/// Makes things up.
struct Dice(Stream);

impl Dice {
    fn new(seed: u32) -> Dice {
        Dice(Stream::new([seed, 77], Counter { entity: 0, partner: 0, tick: 0, salt: 0 }))
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0.below(n)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn precision(&mut self) -> Precision {
        self.pick(&[Precision::F32, Precision::F64, Precision::F64])
    }

    /// From `lo` to `hi` tenths of a millisecond: one number, or a draw for every synapse.
    fn delay(&mut self, lo: u64, hi: u64) -> Quantity {
        if self.chance(50) {
            return Quantity::Constant((lo + self.below(hi - lo + 1)) as f64 * 0.1);
        }
        drawn(Distribution::Uniform, lo as f64 * 0.1, hi as f64 * 0.1)
    }
}

/// What a program may read.
#[derive(Clone, Copy)]
struct Leaves {
    arrays: u64,
    pre: bool,
    post: bool,
    modulator: bool,
    before: bool,
}

struct Writer<'d> {
    program: Program,
    dice: &'d mut Dice,
}

impl Writer<'_> {
    fn push(&mut self, op: Op) -> ValueId {
        let ty = if matches!(op, Op::Index(_)) { Ty::Int } else { Ty::Float };
        self.program.push(op, ty)
    }

    fn leaf(&mut self, leaves: Leaves) -> ValueId {
        match self.dice.below(8) {
            0 | 1 if leaves.pre => self.push(Op::Load(Side::Pre, ArrayId(0))),
            2 if leaves.post => self.push(Op::Load(Side::Post, ArrayId(0))),
            3 if leaves.modulator => self.push(Op::Load(Side::Post, ArrayId(1))),
            4 => self.push(Op::Uniform(UniformId(0))),
            5 => {
                let side = self.dice.pick(&[Side::Pre, Side::Post]);
                let index = self.push(Op::Index(side));
                self.push(Op::ToFloat(index))
            }
            6 => {
                let (lo, hi) = (self.push(Op::Float(-0.5)), self.push(Op::Float(0.5)));
                let salt = self.dice.below(40) as u32;
                let distribution = Distribution::Uniform;
                self.push(Op::Draw { distribution, args: vec![lo, hi], key: KeyId(0), salt })
            }
            7 if leaves.before => self.push(Op::Load(Side::Post, ArrayId(2))),
            _ => {
                let array = self.dice.below(leaves.arrays) as u32;
                self.push(Op::Load(Side::Own, ArrayId(array)))
            }
        }
    }

    /// Something between -1 and 1, mostly.
    fn expression(&mut self, leaves: Leaves, depth: u32) -> ValueId {
        if depth == 0 {
            let leaf = self.leaf(leaves);
            let factor = self.dice.pick(&[0.1, -0.2, 0.37]);
            let factor = self.push(Op::Float(factor));
            return self.push(Op::Mul(leaf, factor));
        }
        let a = self.expression(leaves, depth - 1);
        let b = self.expression(leaves, depth - 1);
        let op = self.dice.pick(&[Op::Add, Op::Sub, Op::Mul, Op::Min, Op::Max]);
        self.push(op(a, b))
    }

    /// Stays within bounds, as `bounds` would have it.
    fn bounded(&mut self, leaves: Leaves, lo: f64, hi: f64) -> ValueId {
        let value = self.expression(leaves, 2);
        let (lo, hi) = (self.push(Op::Float(lo)), self.push(Op::Float(hi)));
        let least = self.push(Op::Max(value, lo));
        self.push(Op::Min(least, hi))
    }
}

fn program(dice: &mut Dice, precision: Precision, write: impl FnOnce(&mut Writer) -> Vec<Output>) -> Program {
    let mut writer = Writer { program: Program::new("made up", precision), dice };
    writer.program.outputs = write(&mut writer);
    writer.program
}

/// A program that writes one or two arrays; where delays are learned, sometimes the delay.
fn hook(dice: &mut Dice, precision: Precision, leaves: Leaves, learned: bool) -> Program {
    program(dice, precision, |writer| {
        let array = writer.dice.below(2) as u32;
        let value = writer.bounded(leaves, if array == 0 { 0.02 } else { -1.0 }, 0.6);
        let mut outputs = vec![Output::Array(ArrayId(array), value)];
        if learned && writer.dice.chance(60) {
            let value = writer.bounded(leaves, 0.0, 0.9);
            outputs.push(Output::Array(ArrayId(2), value));
        }
        outputs
    })
}

/// Replaces `writer.program.outputs` after the operations are there.
fn transmit(dice: &mut Dice, precision: Precision, leaves: Leaves) -> Program {
    program(dice, precision, |writer| {
        let value = writer.bounded(leaves, -0.1, 0.3);
        vec![Output::Result(value)]
    })
}

fn learn(dice: &mut Dice, plan: &mut Plan) {
    let populations = plan.populations.len() as u64;
    let view = |dice: &mut Dice, spiking: bool| {
        let first = if spiking { dice.below(populations) } else { dice.below(populations - 1) } as u32;
        let mut of = vec![first];
        if dice.chance(30) {
            of.push((first + 1) % (populations as u32 - u32::from(!spiking)));
        }
        all(plan, &of)
    };
    let (source, target) = (view(dice, true), view(dice, false));
    let precisions: Vec<Precision> =
        target.segments.iter().map(|s| plan.populations[s.population as usize].precision).collect();
    let precision =
        if precisions.iter().all(|p| *p == precisions[0]) { precisions[0] } else { Precision::F64 };
    let column = |view: &View| -> Vec<Column> {
        let of = |s: &Segment| match plan.populations[s.population as usize].arrays.is_empty() {
            true => Column::Constant(0.3),
            false => Column::Array(s.population, ArrayId(0)),
        };
        view.segments.iter().map(of).collect()
    };
    let learned = dice.chance(20);
    let (lowest_a, lowest_b) = dice.pick(&[(1, 0), (0, 1), (1, 0), (3, 2), (4, 0), (0, 5)]);
    let same_view = dice.chance(50);
    let modulator = if same_view {
        target.clone()
    } else {
        View { segments: vec![Segment { population: 0, cells: Indices::Range(1, 2) }] }
    };
    let spikes = |view: &View| vec![EventId(0); view.segments.len()];
    let store = |dice: &mut Dice, name: &str| SynapseArray {
        name: name.into(),
        ty: Ty::Float,
        store: dice.precision(),
        parameter: false,
    };
    let crossed = lowest_b == 0 && dice.chance(30);
    let (dendritic, back) = match crossed {
        true => (of_target(0.0, 0.1), Some(of_target(0.1, -0.1))),
        false => {
            let dendritic = dice.delay(lowest_b, lowest_b + dice_span(lowest_b));
            (dendritic, dice.chance(50).then(|| dice.delay(0, 4)))
        }
    };
    let modulated = dice.chance(40);
    let before = dice.chance(40);
    let leaves =
        |post, modulator| Leaves { arrays: 2, pre: true, post, modulator: modulator && modulated, before };
    let events = spikes(&target);
    let mut hooks = vec![];
    for _ in 0..1 + dice.below(4) {
        let when = match dice.below(12) {
            0 => When::Tick,
            1..=4 => When::Pre,
            5..=8 => When::Post(events.clone()),
            9 => When::Every(1 + dice.below(9) as i64),
            _ => When::Modulator(modulator.clone(), spikes(&modulator)),
        };
        hooks.push(Hook { when, program: hook(dice, precision, leaves(true, true), learned) });
    }
    // What is sent at once can not depend on the target or a modulator as they are in that very tick.
    let sends_later = 0 < lowest_b;
    let sees_target = sends_later || crossed;
    let both = dice.chance(40).then(|| Both {
        events: events.clone(),
        program: hook(dice, precision, leaves(true, true), learned),
        transmit: (sees_target && dice.chance(50))
            .then(|| transmit(dice, precision, leaves(true, sends_later))),
    });
    let mut arrays = vec![store(dice, "w"), store(dice, "e")];
    if learned {
        arrays.push(SynapseArray { store: Precision::F64, ..store(dice, "d") });
    }
    let init = program(dice, precision, |writer| {
        let value = writer.bounded(
            Leaves { arrays: 1, pre: false, post: false, modulator: false, before: false },
            -1.0,
            1.0,
        );
        vec![Output::Array(ArrayId(1), value)]
    });
    let learning = Learning {
        rule: "Made up".into(),
        precision,
        arrays,
        delay: learned.then_some(ArrayId(2)),
        longest: learned.then_some(1.2),
        dendritic,
        back,
        uniforms: vec![UniformPlan { name: "u".into(), ty: Ty::Float, role: Role::Parameter, value: 0.25 }],
        keys: vec![key(7, "rule")],
        pre: vec![column(&source)],
        post: vec![
            Signal::Target(column(&target)),
            Signal::Modulator(Cells { columns: column(&modulator), view: modulator.clone() }),
            Signal::Before(Cells { columns: column(&modulator), view: modulator }),
        ],
        init,
        transmit: dice.chance(60).then(|| transmit(dice, precision, leaves(sees_target, sends_later))),
        hooks,
        both,
        rewire: None,
        settle: Program::new("settle", precision),
        shared: None,
        observables: vec![],
    };
    let connect = match dice.below(4) {
        0 => Connect::AllToAll,
        1 => Connect::InDegree(5),
        2 => Connect::Probability(Quantity::Constant(0.2)),
        _ => Connect::Total(150),
    };
    let multiple = matches!(connect, Connect::InDegree(_) | Connect::Total(_)) && dice.chance(40);
    let port = dice.below(2) as u32;
    // The whole delay is at least the dendritic one.
    let whole = (lowest_a + lowest_b + dice_span(lowest_b)).max(1);
    let delay = dice.delay(whole, whole + 5);
    let store = learning.arrays[0].store;
    let projection = project(plan, source, target, port, connect);
    projection.allow_multiple = multiple;
    projection.store = store;
    projection.delay = delay;
    projection.weight = drawn(Distribution::Uniform, 0.02, 0.4);
    projection.learning = Some(Box::new(learning));
}

/// In ms: `first` for the first target, `first + more` for all others.
fn of_target(first: f64, more: f64) -> Quantity {
    let mut program = Program::new("of_target", Precision::F64);
    let index = program.push(Op::Index(Side::Post), Ty::Int);
    let index = program.push(Op::ToFloat(index), Ty::Float);
    let one = program.push(Op::Float(1.0), Ty::Float);
    let others = program.push(Op::Min(index, one), Ty::Float);
    let more = program.push(Op::Float(more), Ty::Float);
    let first = program.push(Op::Float(first), Ty::Float);
    let value = program.push(Op::Fma(others, more, first), Ty::Float);
    program.outputs = vec![Output::Result(value)];
    Quantity::Program(Box::new(program))
}

/// How much longer than the shortest a dendritic delay may be.
fn dice_span(lowest: u64) -> u64 {
    lowest.min(2) * 2
}

fn case(seed: u32) -> Plan {
    let mut dice = Dice::new(seed);
    let sizes = [("A", 37), ("B", 20)];
    let mut populations: Vec<PopulationPlan> =
        sizes.iter().map(|(name, n)| population(name, *n, dice.precision())).collect();
    let times: Vec<(i64, u32)> = (0..60).map(|k| (k, (k * 7 % 11) as u32)).collect();
    populations.push(spike_times("S", 11, &times));
    let mut plan = plan(populations);
    let targets = all(&plan, &[0, 1]);
    drive(&mut plan, targets.clone(), 0, DriveKind::Poisson(Quantity::Constant(0.6))).weight =
        Quantity::Constant(0.2);
    let others = all(&plan, &[1]);
    let plain = project(&mut plan, targets, others, 0, Connect::Probability(Quantity::Constant(0.1)));
    plain.delay = drawn(Distribution::Uniform, 0.6, 1.1);
    for _ in 0..1 + dice.below(2) {
        learn(&mut dice, &mut plan);
    }
    plan
}

#[test]
fn made_up_rules_learn_the_same_as_naively() {
    let mut learned = 0;
    for seed in 0..60 {
        println!("seed {seed}");
        let naive = agree(case(seed), 60);
        let first = naive.rules[0].arrays[0].clone();
        learned += usize::from(first.iter().any(|w| *w != first[0]));
    }
    assert!(30 < learned, "weights have to differ in most cases, and do in {learned}");
}

/// Machine code that says that its first synapse failed, and has spoilt the first array of its block.
unsafe extern "C" fn fails(args: *const KernelArgs) -> i64 {
    // SAFETY: a block has at least one array, of 8 bytes or 4 for each element.
    unsafe { (*(*args).arrays).write_bytes(0x55, 64) };
    0
}

/// Machine code that works on synapses where they are: it has not touched the group of the first, which failed.
unsafe extern "C" fn fails_at_once(_: *const KernelArgs) -> i64 {
    0
}

#[test]
fn where_machine_code_stops_the_program_is_evaluated_again() {
    for seed in 200..212 {
        println!("seed {seed}");
        let plan = Arc::new(case(seed));
        let naive = agree((*plan).clone(), 40);
        let code = |rule: RuleKernel| match rule.access[..] {
            [] => fails as KernelFn,
            _ => fails_at_once as KernelFn,
        };
        let rules = rule_programs(&plan).into_iter().map(|rule| rule.map(code));
        let mut machine = machine_with(&plan, 2, rules.collect());
        run(&mut machine, 40);
        naive.rules.iter().for_each(|rule| rule.compare(&machine, "code that fails"));
    }
}

/// A check that fails where the first thing that the program writes or sends is above a limit.
fn add_check(program: &mut Program, limit: f64, place: u32) {
    let value = match program.outputs[0] {
        Output::Array(_, value) | Output::Result(value) => value,
        _ => return,
    };
    // Squared it is beyond any number.
    let huge = if program.precision == Precision::F32 { 1e30 } else { 1e250 };
    let limit = program.push(Op::Float(limit), Ty::Float);
    let above = program.push(Op::Sub(value, limit), Ty::Float);
    let zero = program.push(Op::Float(0.0), Ty::Float);
    let above = program.push(Op::Max(above, zero), Ty::Float);
    let huge = program.push(Op::Float(huge), Ty::Float);
    let product = program.push(Op::Mul(above, huge), Ty::Float);
    let product = program.push(Op::Mul(product, huge), Ty::Float);
    program.checks.push(Check { kind: CheckKind::Finite, value: product, place });
}

#[test]
fn the_first_synapse_that_fails_is_found_on_any_number_of_threads() {
    let (mut failed, mut late) = (0, 0);
    for seed in 100..140 {
        println!("seed {seed}");
        let mut plan = case(seed);
        let mut dice = Dice::new(seed + 1000);
        for learning in plan.projections.iter_mut().filter_map(|p| p.learning.as_mut()) {
            let learning = &mut **learning;
            let hooks = learning.hooks.iter_mut().map(|hook| &mut hook.program);
            let both = learning.both.iter_mut().map(|both| &mut both.program);
            for (k, program) in hooks.chain(learning.transmit.as_mut()).chain(both).enumerate() {
                let limit = dice.pick(&[0.08, 0.15, 0.22, 0.3]);
                add_check(program, limit, k as u32);
            }
        }
        let plan = Arc::new(plan);
        let mut naive = Naive::new(&plan, &build(&plan, 1));
        naive.run(60);
        let expected = rules::NaiveRule::first_fault(&naive.rules);
        for threads in [1, 2, 3, 5] {
            let mut machine = machine(&plan, threads);
            let stopped = machine.advance(60, &AtomicBool::new(false));
            let found = match &stopped {
                Err(Stop::Synapse(fault)) => {
                    Some((fault.tick, fault.projection, fault.source, fault.target, fault.place))
                }
                other => {
                    assert_eq!(*other, Ok(()), "on {threads} threads");
                    None
                }
            };
            assert_eq!(found, expected, "on {threads} threads");
            let Some((tick, ..)) = expected else { continue };
            assert_eq!(machine.tick(), tick - 1, "nothing of the tick remains");
            let before: Vec<_> = naive.events[0].iter().copied().filter(|event| event.0 < tick).collect();
            assert_eq!(machine.events(0, EventId(0)), before, "on {threads} threads");
            assert_eq!(machine.advance(60, &AtomicBool::new(false)), stopped, "a fault stays");
        }
        failed += usize::from(expected.is_some());
        late += usize::from(expected.is_some_and(|fault| 3 < fault.0));
    }
    assert!(20 < failed && failed < 40 && 8 < late, "{failed} cases fail, {late} of them after some ticks");
}
