//! Passes over random programs: what is printed reads back, what is simplified or split computes the
//! same bits.

use circ_plan::ir::*;
use circ_plan::plan::*;

use super::build::Builder;
use super::fold::split;
use super::generate::{self, Random};
use super::parse::parse;
use super::print::{print, print_with_names};
use super::verify::{Context, Purpose, verify};
use crate::interpret::apply::Value;
use crate::interpret::scalar::evaluate;
use crate::interpret::state::{State, failed_check};

const PROGRAMS: u64 = 150;
const CELLS: u32 = 5;

/// Every case: a seed, a population, and a reference program for it.
fn cases(mut check: impl FnMut(u64, &PopulationPlan, &Program)) {
    for seed in 0..PROGRAMS {
        for precision in [Precision::F64, Precision::F32] {
            let population = generate::population(precision, CELLS);
            let size = 30 + Random(seed).below(150);
            check(seed, &population, &generate::program(seed, &population, Purpose::Reference, size));
        }
    }
}

fn empty_plan() -> Plan {
    Plan {
        dt: 0.1,
        seed: 1,
        populations: vec![],
        drives: vec![],
        projections: vec![],
        order: vec![],
        tables: vec![generate::table()],
        places: vec![Place { file: 0, start: 0, end: 0, what: "a place".into() }],
    }
}

/// A state of this population with random numbers in every array.
fn random_state(plan: &Plan, population: &PopulationPlan, seed: u64) -> State {
    let mut random = Random(seed);
    let mut state = State::new(plan, population);
    for (array, values) in population.arrays.iter().zip(&mut state.arrays) {
        for value in values {
            *value = Value::from_number(array.ty, population.precision, random.number(array.ty));
        }
    }
    state
}

/// The bits of all outputs of all cells, NaNs made equal, and whether a check failed.
fn outcome(
    program: &Program,
    plan: &Plan,
    population: &PopulationPlan,
    state: &State,
    seed: u64,
) -> Vec<(u64, bool)> {
    let mut random = Random(seed);
    let ports = population.ports.len();
    let arrivals: Vec<Vec<f64>> =
        (0..ports).map(|_| (0..CELLS).map(|_| random.number(Ty::Int)).collect()).collect();
    let mut values = vec![];
    let mut outcome = vec![];
    for index in 0..CELLS as usize {
        evaluate(program, &state.cell(plan, &arrivals, index, 17), &mut values);
        let failed = failed_check(program, &values).is_some();
        for output in &program.outputs {
            let bits = match values[super::ops::output_value(output).0 as usize] {
                Value::Float(x) if x.is_nan() => f64::NAN.to_bits(),
                Value::Float(x) => x.to_bits(),
                other => other.number().to_bits(),
            };
            outcome.push((bits, failed));
        }
    }
    outcome
}

#[test]
fn random_programs_verify() {
    cases(|seed, population, program| {
        let context = Context::population(population, Purpose::Reference).within(&empty_plan());
        assert_eq!(verify(program, &context), Ok(()), "seed {seed}\n{}", print(program));
    });
}

#[test]
fn what_is_printed_reads_back() {
    cases(|seed, population, program| {
        for text in [print(program), print_with_names(program, population)] {
            assert_eq!(parse(&text).as_ref(), Ok(program), "seed {seed}\n{text}");
        }
    });
}

#[test]
fn building_again_keeps_the_bits() {
    let mut regions = 0;
    cases(|seed, population, program| {
        let mut builder = Builder::new(program.name.clone(), program.precision);
        let ids = builder.append(program, |_, _| None);
        let to = |v: ValueId| ids[v.0 as usize];
        let outputs = program.outputs.iter().map(|output| super::ops::map_output(output, to)).collect();
        let checks = program.checks.iter().map(|c| Check { value: to(c.value), ..c.clone() }).collect();
        let built = builder.finish(outputs, checks);
        regions += built.regions.len();
        let plan = empty_plan();
        let context = Context::population(population, Purpose::Reference).within(&plan);
        assert_eq!(verify(&built, &context), Ok(()), "seed {seed}\n{}", print(&built));
        let state = random_state(&plan, population, seed);
        let of = |program| outcome(program, &plan, population, &state, seed);
        assert_eq!(of(program), of(&built), "seed {seed}\n{}\n{}", print(program), print(&built));
    });
    assert!(0 < regions, "some programs hold something to branch around");
}

#[test]
fn splitting_keeps_the_bits() {
    let (mut slots, mut arrays) = (0, 0);
    cases(|seed, population, reference| {
        let plan = empty_plan();
        let other = generate::program(seed + 1000, population, Purpose::Reference, 60);
        let mut folded = population.clone();
        let split = split(&[reference, &other], &mut folded);
        let nothing = Program::new("nothing", population.precision);
        for kernel in &split.programs {
            let context = Context::population(&folded, Purpose::Kernel).within(&plan);
            assert_eq!(verify(kernel, &context), Ok(()), "seed {seed}\n{}", print(kernel));
        }
        let derivations =
            [(&split.derive_uniforms, Purpose::DeriveUniforms), (&split.derive_cells, Purpose::DeriveCells)];
        for (program, purpose) in derivations {
            let context = Context::population(&folded, purpose).within(&plan);
            assert_eq!(verify(program, &context), Ok(()), "seed {seed}\n{}", print(program));
        }
        slots += folded.uniforms.len() - population.uniforms.len();
        arrays += folded.arrays.len() - population.arrays.len();

        let before = random_state(&plan, population, seed);
        folded.dynamics = Dynamics::Cells(Box::new(CellPrograms {
            derive_uniforms: split.derive_uniforms.clone(),
            init_params: nothing.clone(),
            derive_cells: split.derive_cells.clone(),
            init_states: nothing.clone(),
            start: nothing.clone(),
            step: nothing.clone(),
            reference_start: nothing.clone(),
            reference_step: nothing,
        }));
        let mut after = State::new(&plan, &folded);
        for (to, from) in after.arrays.iter_mut().zip(&before.arrays) {
            to.clone_from(from);
        }
        after.derive(&plan, &folded);
        for (reference, kernel) in [reference, &other].into_iter().zip(&split.programs) {
            assert_eq!(
                outcome(reference, &plan, population, &before, seed),
                outcome(kernel, &plan, &folded, &after, seed),
                "seed {seed}\n{}\n{}",
                print(reference),
                print(kernel)
            );
        }
    });
    assert!(0 < slots && 0 < arrays, "the programs hold something to move");
}

fn lif() -> (PopulationPlan, Program) {
    let mut population = generate::population(Precision::F64, 2);
    population.path = "E".into();
    let text = "program \"E.reference_step\" f64 {
      v0: float = uniform u1
      v1: float = -0.1
      v2: float = div v1, v0
      v3: float = exp v2
      v4: float = load own a4
      v5: float = mul v4, v3
      v6: float = load own a0
      v7: float = div v1, v6
      v8: float = exp v7
      v9: float = load own a1
      v10: float = mul v8, v9
      v11: float = add v5, v10
      v12: float = add v9, v11
      array a4 = v12
      check finite v12 place 0
    }";
    (population, parse(text).expect("the test's program reads"))
}

#[test]
fn a_decay_of_shared_parameters_becomes_a_slot_and_of_cells_an_array() {
    let (mut population, reference) = lif();
    let split = split(&[&reference], &mut population);
    let texts = [&split.derive_uniforms, &split.derive_cells, &split.programs[0]];
    let text: String = texts.map(|program| print_with_names(program, &population)).concat();
    insta::assert_snapshot!(text, @r#"
    program "E.derive_uniforms" f64 {
      v0: float = uniform u1                       // tau_m
      v1: float = -0.1
      v2: float = div v1, v0
      v3: float = exp v2
      uniform u4 = v3                              // derived 4
    }
    program "E.derive_cells" f64 {
      v0: float = -0.1
      v1: float = load own a0                      // tau
      v2: float = div v0, v1
      v3: float = exp v2
      v4: float = load own a1                      // gain
      v5: float = mul v3, v4
      array a9 = v5                                // derived 9
    }
    program "E.step" f64 {
      v0: float = uniform u4                       // derived 4
      v1: float = load own a4                      // v
      v2: float = mul v1, v0
      v3: float = load own a1                      // gain
      v4: float = load own a9                      // derived 9
      v5: float = add v2, v4
      v6: float = add v3, v5
      array a4 = v6                                // v
      check finite v6 place 0
    }
    "#);
}

#[test]
fn the_reader_says_where_it_stopped() {
    #[track_caller]
    fn check(text: &str, message: &str) {
        let error = parse(text).expect_err("this does not read");
        assert_eq!(error.to_string(), message);
    }
    check("", "line 1: there is no program");
    check("program \"x\" f64 {", "line 1: the closing `}` is missing");
    check("program \"x f64 {", "line 1: the closing quote is missing");
    check("program \"x\" f16 {\n}", "line 1: a precision is due here, not `f16`");
    check("program \"x\" f64 {\n v1: float = 1.0\n}", "line 2: `v1` is defined, but the next value is `v0`");
    check("program \"x\" f64 {\n v0: float = sine v1\n}", "line 2: there is no operation `sine`");
    check("program \"x\" f64 {\n v0: float = sin v0\n}", "line 2: `v0` is used before it is made");
    check("program \"x\" f64 {\n v0: int = 1.5\n}", "line 2: `1.5` is not a constant of type int");
    check("program \"x\" f64 {\n v0: int = 1 2\n}", "line 2: `2` follows where the line should end");
    check("program \"x\" f64 {\n\n check finite\n}", "line 3: a value is due here, not the end of the line");
    check("program \"x\" f64 {\n}\n}", "line 3: the program has ended, but text follows");
}

#[test]
fn the_reader_survives_any_damage() {
    let (_, program) = lif();
    let text = print(&program);
    let mut random = Random(1);
    for _ in 0..2000 {
        let mut damaged: Vec<char> = text.chars().collect();
        for _ in 0..1 + random.below(4) {
            let at = random.below(damaged.len());
            damaged[at] = random.one_of(&['v', '0', '9', ' ', '\n', '"', '\\', '(', '}', 'µ', '-']);
        }
        // Whatever comes out, nothing panics.
        let _ = parse(&damaged.into_iter().collect::<String>());
    }
}

#[test]
fn odd_names_and_numbers_read_back() {
    let mut program = Program::new("a \"b\" \\ \n // µ", Precision::F64);
    for x in [0.1, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 5e-324, f64::MAX, 1e21] {
        program.push(Op::Float(x), Ty::Float);
    }
    program.push(Op::Int(i64::MIN), Ty::Int);
    let read = parse(&print(&program)).expect("it reads");
    assert_eq!(read, program);
    assert_eq!(print(&read), print(&program), "-0 is not 0");
    let nan = f64::from_bits(0x7ff8_0000_0000_00ff);
    program.push(Op::Float(nan), Ty::Float);
    assert_eq!(print(&parse(&print(&program)).expect("it reads")), print(&program));
}
