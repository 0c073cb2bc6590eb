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
    let compiled = match compile(&[program], &Options { keep_text: false, fma, schedule }) {
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
