//! Machine code against a scalar evaluation of the same programs, bit for bit, on generated programs over all
//! operations: both precisions, any number of cells, branches, events, checks.

#[path = "support/mod.rs"]
mod support;

use circ_codegen::{CodegenError, Fma, Options, Schedule, compile};
use circ_plan::ir::*;
use support::evaluate::Shard;
use support::generate::{Generator, generate, generate_long, many_cells};

/// Compiles, runs both ways, compares everything that a kernel may change.
#[track_caller]
fn compare(program: &Program, shard: &Shard, (fma, schedule): (Fma, Schedule)) {
    let compiled = match compile(&[program], &Options { fma, schedule, ..Options::default() }) {
        Ok(compiled) => compiled,
        Err(error) => panic!("{error}\n{program:#?}"),
    };
    let (mut expected, mut found) = (shard.clone(), shard.clone());
    let failed = expected.evaluate(program);
    let returned = found.call(compiled.kernel(0));
    if let Some(difference) = expected.difference(&found, failed, returned, program) {
        panic!("{difference}\ncells {}\n{program:#?}", shard.cells);
    }
}

#[test]
fn generated_programs_have_the_same_bits() {
    for seed in 0..2400 {
        let mut generator = Generator::new(seed);
        let (program, shard) = generate(&mut generator);
        let result = std::panic::catch_unwind(|| compare(&program, &shard, (Fma::Detect, Schedule::Loop)));
        assert!(result.is_ok(), "seed {seed}");
    }
}

#[test]
fn long_programs_have_the_same_bits() {
    for seed in 200_000..200_200 {
        let mut generator = Generator::new(seed);
        let (program, shard) = generate_long(&mut generator);
        let result = std::panic::catch_unwind(|| compare(&program, &shard, (Fma::Detect, Schedule::Loop)));
        assert!(result.is_ok(), "seed {seed}");
    }
}

#[test]
fn without_fused_multiply_add_the_bits_are_the_same() {
    for seed in 100_000..100_300 {
        let mut generator = Generator::new(seed);
        let (program, shard) = generate(&mut generator);
        let result = std::panic::catch_unwind(|| compare(&program, &shard, (Fma::Emulate, Schedule::Loop)));
        assert!(result.is_ok(), "seed {seed}");
    }
}

/// Blocks of 64 to 256 cells: shards of less than one to several of them.
#[test]
fn blocks_have_the_same_bits() {
    let (mut blocks, mut deep) = (0, 0);
    for seed in 300_000..300_700 {
        let mut generator = Generator::new(seed);
        let (program, _) =
            if seed % 3 != 0 { generate_long(&mut generator) } else { generate(&mut generator) };
        let shard = many_cells(&mut generator, &program);
        for fma in [Fma::Detect, Fma::Emulate] {
            if fma == Fma::Emulate && seed % 8 != 0 {
                continue;
            }
            let how = (fma, Schedule::Blocks);
            let result = std::panic::catch_unwind(|| compare(&program, &shard, how));
            assert!(result.is_ok(), "seed {seed}, {fma:?}");
        }
        let options = Options { schedule: Schedule::Blocks, ..Options::default() };
        let planned = circ_codegen::planned(&program, &options).expect("it compiles");
        blocks += u32::from(planned.blocks.is_some());
        deep += u32::from(planned.blocks.is_some_and(|it| 3 < it.passes));
    }
    assert!(250 < blocks && 50 < deep, "{blocks} programs with blocks, {deep} in many passes");
}

/// A leaky integrator: `currents` that decay, to the first `reached` of which something arrives, and what jumps to it,
/// refractory or not.
fn integrator(precision: Precision, currents: u32, reached: u32, jumps: u32, refractory: bool) -> Program {
    let mut program = Program::new("integrator", precision);
    let mut push = |op: Op, ty: Ty| program.push(op, ty);
    let v = push(Op::Load(Side::Own, ArrayId(currents)), Ty::Float);
    let until = push(Op::Load(Side::Own, ArrayId(currents + 1)), Ty::Tick);
    let now = push(Op::Now, Ty::Tick);
    let held = push(Op::Compare(Compare::Ge, until, now), Ty::Bool);
    let free = push(Op::Not(held), Ty::Bool);
    let mut membrane = push(Op::Float(-0.4), Ty::Float);
    let mut decayed = vec![];
    for k in 0..currents {
        let current = push(Op::Load(Side::Own, ArrayId(k)), Ty::Float);
        let [factor, part] = [0.9, 0.01].map(|x| push(Op::Float(x + f64::from(k) * 0.03), Ty::Float));
        membrane = push(Op::Fma(part, current, membrane), Ty::Float);
        let less = push(Op::Mul(factor, current), Ty::Float);
        decayed.push(less);
        if k < reached {
            let arrived = push(Op::Arrival(PortId(k)), Ty::Float);
            decayed[k as usize] = push(Op::Add(less, arrived), Ty::Float);
        }
    }
    let leak = push(Op::Float(0.98), Ty::Float);
    membrane = push(Op::Fma(leak, v, membrane), Ty::Float);
    for k in 0..jumps {
        let arrived = push(Op::Arrival(PortId(k)), Ty::Float);
        let op = if k == 0 { Op::Add(membrane, arrived) } else { Op::Sub(membrane, arrived) };
        membrane = push(op, Ty::Float);
        if refractory {
            membrane = push(Op::Select(held, v, membrane), Ty::Float);
        }
    }
    if refractory && jumps == 0 {
        membrane = push(Op::Select(held, v, membrane), Ty::Float);
    }
    let threshold = push(Op::Float(3.0), Ty::Float);
    let reached = push(Op::Compare(Compare::Ge, membrane, threshold), Ty::Bool);
    let spike = if refractory { push(Op::And(free, reached), Ty::Bool) } else { reached };
    let reset = push(Op::Float(-1.0), Ty::Float);
    let after = push(Op::Select(spike, reset, membrane), Ty::Float);
    let length = push(Op::Tick(20), Ty::Tick);
    let end = push(Op::TickAdd(now, length), Ty::Tick);
    let end = push(Op::Select(spike, end, until), Ty::Tick);
    for (k, value) in decayed.iter().enumerate() {
        program.outputs.push(Output::Array(ArrayId(k as u32), *value));
    }
    program.outputs.push(Output::Array(ArrayId(currents), after));
    program.outputs.push(Output::Array(ArrayId(currents + 1), end));
    program.outputs.push(Output::Event(EventId(0), spike));
    let checked = decayed.iter().chain([&membrane]);
    program.checks =
        checked.map(|value| Check { kind: CheckKind::Finite, value: *value, place: 0 }).collect();
    program
}

/// Tiles without events by a function, all others in the loop: from no whole tile to several calls for one shard.
#[test]
fn tiles_have_the_same_bits() {
    let mut generator = Generator::new(17);
    for precision in [Precision::F32, Precision::F64] {
        for (currents, jumps, refractory, cells) in [0, 1, 2]
            .into_iter()
            .flat_map(|currents| [0, 1, 2].map(|jumps| (currents, jumps)))
            .filter(|(currents, jumps)| currents * jumps == 0)
            .flat_map(|(currents, jumps)| [(currents, jumps, false), (currents, jumps, true)])
            .flat_map(|(a, b, c)| [1, 7, 16, 100, 511, 513, 2100].map(|cells| (a, b, c, cells)))
        {
            let reached = if cells % 2 == 0 { currents / 2 } else { currents };
            let program = integrator(precision, currents, reached, jumps, refractory);
            let options = Options { schedule: Schedule::Tiles, ..Options::default() };
            let planned = circ_codegen::planned(&program, &options).expect("it compiles");
            let wide = 128 < circ_numerics::math::rows::row_bits();
            assert!(!wide || planned.tiles.is_some(), "{currents} currents and {jumps} jumps are chains");
            let mut shard = Shard::new(&program, cells);
            shard.now = 30;
            shard.types = [vec![Ty::Float; currents as usize + 1], vec![Ty::Tick]].concat();
            for turn in 0..3 {
                let mut float = |wild: bool| {
                    let x = if wild { generator.float(1) } else { generator.float(0) };
                    support::evaluate::float_bits(precision, x)
                };
                // Few events and failures at first, then many.
                let wild = turn == 2;
                let arrays = &mut shard.arrays;
                arrays.iter_mut().take(currents as usize + 1).flatten().for_each(|x| *x = float(wild));
                shard.arrivals.iter_mut().flatten().for_each(|x| *x = float(wild));
                let until = &mut shard.arrays[currents as usize + 1];
                until.iter_mut().for_each(|x| *x = generator.below(60) as u64);
                for schedule in [Schedule::Tiles, Schedule::Cheapest] {
                    compare(&program, &shard, (Fma::Detect, schedule));
                }
            }
        }
    }
}

/// Values that are all there before the first is read: registers do not suffice, of vectors nor of masks.
#[test]
fn more_values_than_registers_have_the_same_bits() {
    for precision in [Precision::F32, Precision::F64] {
        let mut program = Program::new("many", precision);
        let x = program.push(Op::Load(Side::Own, ArrayId(0)), Ty::Float);
        let (mut values, mut masks) = (vec![], vec![]);
        for k in 0..60 {
            let (scale, limit) = (f64::from(k) * 0.01, f64::from(k) * 3.0 - 90.0);
            let scale = program.push(Op::Float(scale), Ty::Float);
            let product = program.push(Op::Mul(x, scale), Ty::Float);
            values.push(program.push(Op::Call1(Function::Tanh, product), Ty::Float));
            let limit = program.push(Op::Float(limit), Ty::Float);
            masks.push(program.push(Op::Compare(Compare::Lt, x, limit), Ty::Bool));
        }
        // Twice from the end to the beginning: no order makes this with few of them at a time.
        let mut sum = x;
        for k in (0..120).rev() {
            let all = program.push(Op::Add(sum, values[k % 60]), Ty::Float);
            sum = program.push(Op::Select(masks[k * 7 % 60], all, sum), Ty::Float);
        }
        program.outputs.push(Output::Array(ArrayId(1), sum));
        let mut generator = Generator::new(11);
        let mut shard = Shard::new(&program, 333);
        for x in &mut shard.arrays[0] {
            *x = support::evaluate::float_bits(precision, generator.float(2));
        }
        for schedule in [Schedule::Loop, Schedule::Blocks] {
            compare(&program, &shard, (Fma::Detect, schedule));
        }
    }
}

/// One function of one array into another.
fn function_program(precision: Precision, function: Function) -> Program {
    let mut program = Program::new("function", precision);
    let x = program.push(Op::Load(Side::Own, ArrayId(0)), Ty::Float);
    let y = program.push(Op::Call1(function, x), Ty::Float);
    program.outputs.push(Output::Array(ArrayId(1), y));
    program
}

#[test]
fn exp_and_its_like_in_line_have_the_bits_of_the_library() {
    use Function::{Exp, Expm1, Exprel, Sigmoid, Tanh};
    for precision in [Precision::F32, Precision::F64] {
        for function in [Exp, Expm1, Exprel, Sigmoid, Tanh] {
            let program = function_program(precision, function);
            let options = Options { schedule: Schedule::Loop, ..Options::default() };
            let compiled = compile(&[&program], &options).expect("it compiles");
            let mut generator = Generator::new(7);
            for turn in 0..40 {
                let mut shard = Shard::new(&program, 10_000);
                for x in &mut shard.arrays[0] {
                    *x = support::evaluate::float_bits(precision, generator.float(turn));
                }
                let mut expected = shard.clone();
                expected.evaluate(&program);
                let returned = shard.call(compiled.kernel(0));
                assert_eq!(
                    expected.difference(&shard, None, returned, &program),
                    None,
                    "{function:?} {precision}"
                );
            }
        }
    }
}

#[test]
fn the_first_real_cell_that_fails_is_returned_and_its_group_is_kept() {
    let mut program = Program::new("check", Precision::F64);
    let x = program.push(Op::Load(Side::Own, ArrayId(0)), Ty::Float);
    let one = program.push(Op::Float(1.0), Ty::Float);
    let y = program.push(Op::Add(x, one), Ty::Float);
    program.outputs.push(Output::Array(ArrayId(0), y));
    program.checks.push(Check { kind: CheckKind::Finite, value: y, place: 0 });
    let compiled = compile(&[&program], &Options::default()).expect("it compiles");
    let mut shard = Shard::new(&program, 11);
    shard.arrays[0].fill(0);
    shard.arrays[0][11] = f64::NAN.to_bits(); // padding
    assert_eq!(shard.call(compiled.kernel(0)), -1);
    shard.arrays[0][9] = f64::INFINITY.to_bits();
    shard.arrays[0][10] = f64::NAN.to_bits();
    assert_eq!(shard.call(compiled.kernel(0)), 9);
    assert_eq!(shard.arrays[0][7], 2.0_f64.to_bits());
    assert_eq!(shard.arrays[0][8], 1.0_f64.to_bits());
}

#[test]
fn what_is_no_kernel_is_refused() {
    let error = |program: &Program| match compile(&[program], &Options::default()) {
        Ok(_) => panic!("{program:?} compiled"),
        Err(error) => error,
    };
    let mut program = Program::new("p", Precision::F64);
    program.push(Op::Edge(0), Ty::Float);
    assert!(matches!(error(&program), CodegenError::Unsupported(..)));
    let mut program = Program::new("p", Precision::F64);
    program.push(Op::Neg(ValueId(0)), Ty::Float);
    assert!(matches!(error(&program), CodegenError::Malformed(..)));
    let mut program = Program::new("p", Precision::F64);
    let a = program.push(Op::Int(1), Ty::Int);
    program.push(Op::Sqrt(a), Ty::Float);
    assert!(matches!(error(&program), CodegenError::Malformed(..)));
    let mut program = Program::new("p", Precision::F64);
    let a = program.push(Op::Float(1.0), Ty::Float);
    program.outputs.push(Output::Result(a));
    assert!(matches!(error(&program), CodegenError::Unsupported(..)));
}

#[test]
fn an_empty_program_and_no_programs_compile() {
    let program = Program::new("empty", Precision::F32);
    let compiled =
        compile(&[&program], &Options { keep_text: true, ..Options::default() }).expect("it compiles");
    assert_eq!(Shard::new(&program, 5).call(compiled.kernel(0)), -1);
    assert!(compiled.clif(0).contains("function") && !compiled.asm(0).is_empty());
    assert!(compile(&[], &Options::default()).is_ok());
}
