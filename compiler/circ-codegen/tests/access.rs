//! Kernels whose arrays lie in their own ways: straight, listed, one for all, in either precision, against a loop.

use circ_codegen::{CodegenError, Options, Source, compile, compile_sources};
use circ_plan::abi::{Access, KernelArgs, List};
use circ_plan::ir::*;

/// Elements that are there; some of them are on lists.
const ALL: usize = 64;

/// Numbers held in a precision.
#[derive(Clone, Debug, PartialEq)]
enum Held {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Held {
    fn new(precision: Precision, numbers: impl Iterator<Item = f64>) -> Held {
        match precision {
            Precision::F32 => Held::Single(numbers.map(|x| x as f32).collect()),
            Precision::F64 => Held::Double(numbers.collect()),
        }
    }
    fn get(&self, at: usize) -> f64 {
        match self {
            Held::Single(x) => f64::from(x[at]),
            Held::Double(x) => x[at],
        }
    }
    fn set(&mut self, at: usize, value: f64) {
        match self {
            Held::Single(x) => x[at] = value as f32,
            Held::Double(x) => x[at] = value,
        }
    }
    fn pointer(&mut self, first: usize) -> *mut u8 {
        match self {
            Held::Single(x) => x[first..].as_mut_ptr().cast(),
            Held::Double(x) => x[first..].as_mut_ptr().cast(),
        }
    }
}

/// `w = max(w - w * y + x, 0)`, of numbers that are finite.
fn program(precision: Precision) -> Program {
    let mut program = Program::new("hook", precision);
    let [w, x, y] = [0, 1, 2].map(|array| program.push(Op::Load(Side::Own, ArrayId(array)), Ty::Float));
    let product = program.push(Op::Mul(w, y), Ty::Float);
    let less = program.push(Op::Sub(w, product), Ty::Float);
    let sum = program.push(Op::Add(less, x), Ty::Float);
    let zero = program.push(Op::Float(0.0), Ty::Float);
    let value = program.push(Op::Max(sum, zero), Ty::Float);
    program.outputs.push(Output::Array(ArrayId(0), value));
    program.checks.push(Check { kind: CheckKind::Finite, value: sum, place: 0 });
    program
}

/// That, in its precision.
fn step(precision: Precision, w: f64, x: f64, y: f64) -> f64 {
    match precision {
        Precision::F32 => {
            let (w, x, y) = (w as f32, x as f32, y as f32);
            f64::from((w - w * y + x).max(0.0))
        }
        Precision::F64 => (w - w * y + x).max(0.0),
    }
}

/// Where element `k` is.
fn place(access: Access, lists: &[Vec<u32>; 2], k: usize) -> usize {
    match access {
        Access::Block | Access::Straight(_) => k,
        Access::Listed(_, list) => lists[list.pointer as usize - 3][k] as usize,
        Access::One(_) => 0,
    }
}

fn call(kernel: circ_plan::abi::KernelFn, pointers: &[*mut u8], cells: usize) -> i64 {
    let args = KernelArgs {
        arrays: pointers.as_ptr(),
        uniforms: std::ptr::null(),
        arrivals: std::ptr::null(),
        events: std::ptr::null(),
        event_counts: std::ptr::null_mut(),
        keys: std::ptr::null(),
        tables: std::ptr::null(),
        first_cell: 0,
        cells: cells as i64,
        now: 0,
        time_start: 0.0,
        time_end: 0.0,
    };
    // SAFETY: the program has three arrays and two lists, which are as long as is read, and nothing else.
    unsafe { kernel(&raw const args) }
}

#[test]
fn arrays_are_read_and_written_where_they_are() {
    use Precision::{F32, F64};
    let list = |pointer: u32, near: bool| List { pointer: pointer + 3, near };
    let mut cases = vec![];
    for precision in [F32, F64] {
        for held in [F32, F64] {
            for w in [Access::Straight(held), Access::Listed(held, list(0, held == precision))] {
                for x in [Access::One(F64), Access::Straight(F64), Access::Listed(F64, list(1, true))] {
                    for y in [Access::Listed(F64, list(1, true)), Access::One(F32), Access::Straight(F32)] {
                        cases.push((precision, w, [w, x, y]));
                    }
                }
            }
        }
    }
    for (precision, w, access) in cases {
        let program = program(precision);
        let compiled = compile_sources(&[Source { program: &program, access: &access }], &Options::default());
        let compiled = compiled.expect("it compiles");
        // Straight arrays have no padding; those with lists may end anywhere, and have it.
        let counts: &[usize] = if matches!(w, Access::Straight(_)) { &[0, 16, 48] } else { &[1, 7, 16, 33] };
        for &cells in counts {
            // Each element once, padding another one; a list that is only read may have the same twice.
            let last = ALL as u32 - 1;
            let own = |k: usize| if k < cells { (k as u32 * 23) % last } else { last };
            let lists: [Vec<u32>; 2] =
                [(0..ALL).map(own).collect(), (0..ALL as u32).map(|k| (k * k + 5) % 40).collect()];
            let near: Vec<Vec<u16>> =
                lists.iter().map(|list| list.iter().map(|k| *k as u16).collect()).collect();
            let held = |access| match access {
                Access::Block => precision,
                Access::Straight(held) | Access::Listed(held, _) | Access::One(held) => held,
            };
            let numbers = |n: usize| (0..ALL).map(move |k| ((k * 37 + n * 11) % 100) as f64 * 0.013 + 0.1);
            let mut arrays = [0, 1, 2].map(|n| Held::new(held(access[n]), numbers(n)));
            let mut expected = arrays.clone();
            for k in 0..cells {
                let [x, y] = [1, 2].map(|n| arrays[n].get(place(access[n], &lists, k)));
                let at = place(w, &lists, k);
                expected[0].set(at, step(precision, arrays[0].get(at), x, y));
            }
            let mut pointers = [std::ptr::null_mut(); 5];
            arrays.iter_mut().zip(&mut pointers).for_each(|(array, pointer)| *pointer = array.pointer(0));
            for which in 0..2 {
                let is_near = access.iter().any(|access| match access {
                    Access::Listed(_, list) => list.pointer == which as u32 + 3 && list.near,
                    _ => false,
                });
                pointers[3 + which] = match is_near {
                    true => near[which].as_ptr().cast_mut().cast(),
                    false => lists[which].as_ptr().cast_mut().cast(),
                };
            }
            assert_eq!(call(compiled.kernel(0), &pointers, cells), -1);
            if let Access::Listed(..) = w {
                // What stands for padding is nobody's.
                let padding = arrays[0].get(last as usize);
                expected[0].set(last as usize, padding);
            }
            assert_eq!(arrays, expected, "{precision:?}, {access:?}, {cells} cells");
        }
    }
}

#[test]
fn what_comes_before_a_group_that_fails_is_done() {
    let program = program(Precision::F64);
    let access = [Access::Straight(Precision::F32), Access::One(Precision::F64), Access::One(Precision::F64)];
    let compiled = compile_sources(&[Source { program: &program, access: &access }], &Options::default());
    let compiled = compiled.expect("it compiles");
    for bad in 0..16 {
        let mut w = vec![1.0_f32; 16];
        w[bad] = f32::INFINITY;
        let (mut x, mut y) = (0.25_f64, 0.5_f64);
        let pointers = [w.as_mut_ptr().cast(), (&raw mut x).cast(), (&raw mut y).cast()];
        assert_eq!(call(compiled.kernel(0), &pointers, 16), bad as i64);
        let group = bad / 2 * 2;
        assert!(w[..group].iter().all(|w| *w == 0.75), "{bad}: {w:?}");
        assert!(w[group..].iter().all(|w| *w == 1.0 || *w == f32::INFINITY), "{bad}: {w:?}");
    }
}

#[test]
fn what_can_not_lie_so_is_refused() {
    let program = program(Precision::F64);
    let error = |access: &[Access]| match compile_sources(
        &[Source { program: &program, access }],
        &Options::default(),
    ) {
        Err(CodegenError::Malformed(name, _)) => name,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it compiles"),
    };
    // It is written.
    assert_eq!(error(&[Access::One(Precision::F64)]), "hook");
    let mut ticks = Program::new("ticks", Precision::F64);
    let tick = ticks.push(Op::Load(Side::Own, ArrayId(0)), Ty::Tick);
    ticks.outputs.push(Output::Array(ArrayId(1), tick));
    let straight = [Access::Straight(Precision::F64)];
    let refused = compile_sources(&[Source { program: &ticks, access: &straight }], &Options::default());
    assert!(matches!(refused, Err(CodegenError::Malformed(..))));
    assert!(compile(&[&ticks], &Options::default()).is_ok());
}
