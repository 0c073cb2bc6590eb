//! What is known of a cell's `let`s, as narrow as a person would say; and that no value that the interpreter
//! computes is outside.

use super::*;
use crate::check::check;
use crate::data::Files;
use crate::diagnose::Sink;
use crate::elaborate::{Settings, elaborate};
use crate::interpret::Interpreter;
use crate::lower::lower;
use crate::resolve::{Module, resolve};
use circ_grammar::ast::FileId;
use circ_plan::engine::Engine;
use circ_plan::ir::ArrayId;
use std::fmt::Write;
use std::sync::atomic::AtomicBool;

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("there is no `{path}`"))
    }
}

struct Built {
    hir: Hir,
    types: Types,
    net: Net,
}

fn build(source: &str) -> Built {
    let parsed = circ_grammar::parse(FileId(0), source);
    assert!(parsed.errors.is_empty(), "{source}\n{:?}", parsed.errors);
    let mut sink = Sink::default();
    let hir = resolve(&[Module { path: vec![], file: parsed.file }], &mut sink);
    let types = check(&hir, &mut sink);
    let settings = Settings { experiment: Some(0), ..Settings::default() };
    let net = elaborate(&hir, &types, &settings, &NoFiles, &mut sink);
    let messages: Vec<String> = sink.into_sorted().iter().map(|d| d.message.clone()).collect();
    assert!(messages.is_empty(), "{source}\n{messages:?}");
    Built { hir, types, net }
}

/// The bounds of `let r` in a cell with these lines, in a population of four, with these statements.
fn bounds_of(lines: &str, statements: &str) -> Estimate {
    let source = format!(
        "cell C {{ {lines} }}\ncircuit N {{ population A: C[4] }}\nexperiment Main of N {{ {statements} }}"
    );
    let Built { hir, types, net } = build(&source);
    let cell = hir.cell(net.populations[0].cell);
    let r = cell.vars.iter().position(|var| &*var.name == "r").expect("a variable `r`");
    Bounds::new(&hir, &types, &net).variable(0, VarId(r as u32))
}

#[track_caller]
fn check_bounds(lines: &str, lo: f64, hi: f64) {
    let found = bounds_of(lines, "run 1 ms");
    let near = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-9 * (1.0 + b.abs());
    let Interval { lo: l, hi: h, .. } = found.interval;
    assert!(near(l, lo) && near(h, hi) && !found.open, "{lines}: {found:?}");
}

#[test]
fn names_are_followed() {
    check_bounds("param a = 2; let b = 3 * a; let r = b + 1", 7.0, 7.0);
    check_bounds("param a in 1 .. 3 = 2; let r = 10 / a", 10.0 / 3.0, 10.0);
    check_bounds("param a = i; let r = a / size", 0.0, 0.75);
    check_bounds("param a = uniform(1, 2); let r = a ^ 2", 1.0, 4.0);
    check_bounds("state s in 0 .. 1 = 0; let r = 1 - s", 0.0, 1.0);
    check_bounds("fn f(x: real) = max(x, 0) + 1; param a = uniform(-2, 2); let r = f(a)", 1.0, 3.0);
    check_bounds("param k: real[3] = [1, 5, 2]; let r = max(k)", 1.0, 5.0);
    check_bounds("let r = sum(q + 1 for q in 0 .. 4)", 10.0, 10.0);
    check_bounds("param a = uniform(0, 1); let r = exprel(a) * 0", 0.0, 0.0);
}

#[test]
fn conditions_narrow() {
    check_bounds("param a = uniform(-1, 2); let r = if a > 0.5 then 1 / a else 0", 0.0, 2.0);
    check_bounds("param a = uniform(-1, 2); let r = if a < 0 then -a else a", 0.0, 2.0);
    check_bounds("param a = uniform(-1, 2); let r = if a in 0.5 .. 1 then a else 1", 0.5, 1.0);
    check_bounds("param a = 3; let r = if a > 2 then 1 else 1 / 0", 1.0, 1.0);
    check_bounds("param a = uniform(-1, 2); let r = if not (a <= 1) and a < 1.5 then a else 1", 1.0, 1.5);
}

#[test]
fn what_is_set_is_part_of_a_parameter() {
    let lines = "param a = 2; let r = a";
    assert_eq!(bounds_of(lines, "run 1 ms; set A.a = 5").interval, Interval::new(2.0, 5.0));
    assert_eq!(bounds_of(lines, "set A[1].a = -1; set A.a = 2 * i").interval, Interval::new(-1.0, 6.0));
    let let_of_experiment = "let g = 3; run 1 ms; set A.a = g + 1";
    assert_eq!(bounds_of(lines, let_of_experiment).interval, Interval::new(2.0, 4.0));
    let that_changes = "let g = 3; g += 1; set A.a = g";
    assert_eq!(bounds_of(lines, that_changes).interval, Interval::point(2.0));
}

#[test]
fn states_without_a_range_leave_it_open() {
    assert!(bounds_of("state s = 0; let r = 1 / s", "run 1 ms").open);
    assert!(bounds_of("state s = 0; let r = s", "run 1 ms").open);
    assert!(!bounds_of("state s = 0; let r = clamp(s, 0, 1)", "run 1 ms").open);
    assert!(!bounds_of("state s = 0; let r = 0 * 3", "run 1 ms").open);
}

/// A chain of names in the wrong order, and a chain of operators: nothing is known, and nothing overflows.
#[test]
fn long_ways_end() {
    let mut lines = String::new();
    for k in 0..2000 {
        let _ = writeln!(lines, "let x{k} = x{} + 1", k + 1);
    }
    lines += "let x2000 = 1; let r = x0";
    bounds_of(&lines, "run 1 ms");
}

/// Random expressions of the language, as text.
struct Gen(u64);

impl Gen {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len() as u64) as usize]
    }

    fn number(&mut self) -> String {
        match self.below(3) {
            0 => self.pick(&["0", "1", "2", "0.5", "10", "-1", "-3"]).to_string(),
            _ => format!("{}", self.below(400) as f64 / 100.0 - 2.0),
        }
    }

    fn leaf(&mut self) -> String {
        match self.below(4) {
            0 => self.number(),
            1 => self.pick(&["i", "size", "(t / 1 ms)", "K[1]", "s"]).to_string(),
            _ => self.pick(&["a", "b", "c", "u", "v"]).to_string(),
        }
    }

    fn expression(&mut self, depth: u64) -> String {
        if depth == 0 {
            return self.leaf();
        }
        let sub = |this: &mut Gen| {
            let depth = this.below(depth);
            this.expression(depth)
        };
        match self.below(15) {
            0..=3 => format!("({} {} {})", sub(self), self.pick(&["+", "-", "*", "/"]), sub(self)),
            4 => format!("({}) ^ {}", sub(self), self.pick(&["2", "3", "0.5", "-1", "4"])),
            5..=7 => {
                let function = self.pick(&[
                    "exp", "log", "log10", "sqrt", "abs", "sign", "sin", "cos", "tan", "tanh", "sinh",
                    "cosh", "atan", "sigmoid", "relu", "step", "exprel", "lgamma", "erf", "g",
                ]);
                format!("{function}({})", sub(self))
            }
            8 => format!("{}({}, {})", self.pick(&["min", "max", "mod"]), sub(self), sub(self)),
            9 => format!("clamp({}, -1, {})", sub(self), self.number()),
            10 | 11 => {
                let op = self.pick(&["<", "<=", ">", ">=", "==", "!="]);
                let condition = format!("{} {op} {}", sub(self), sub(self));
                let name = self.pick(&["a", "b", "u"]);
                let other = format!("{name} > {}", self.number());
                let condition = match self.below(4) {
                    0 => format!("{condition} and {other}"),
                    1 => format!("not ({condition} or {other})"),
                    2 => other,
                    _ => condition,
                };
                format!("(if {condition} then {} else {})", sub(self), sub(self))
            }
            12 => format!("sum(q * {} for q in 0 .. 3)", sub(self)),
            13 => {
                let distribution = self.pick(&[
                    "normal(0.5, 0.5)",
                    "uniform(-1, 2)",
                    "lognormal(1, 0.5)",
                    "gamma(2, 0.5)",
                    "exponential(2)",
                    "beta(2, 3)",
                    "binomial(5, 0.3)",
                    "poisson(3)",
                    "redraw(normal(0, 1), -1, 2)",
                ]);
                format!("({distribution} + {})", sub(self))
            }
            _ => format!("mean([{}, {}])", sub(self), sub(self)),
        }
    }
}

/// A program whose cells read one random expression, with parameters that are numbers, drawn, by index, or ranged.
fn program(seed: u64) -> String {
    let mut g = Gen(seed);
    let depth = 1 + g.below(5);
    let (a, b) = (g.number(), g.number());
    let expression = g.expression(depth);
    format!(
        "let K: real[2] = [0.25, -1.5]
fn g(x: real) = x / (1 + x * x)
cell C {{
  param a = {a}
  param b = uniform(-1, {b}.max)
  param c = normal(0, 1)
  param u = i - 1
  param v in -2 .. 2 = 1
  state s in -1 .. 1 = 0.5
  state out = 0
  let r = {expression}
  on tick {{ out = r; s = sin(t / 1 ms) }}
}}
circuit N {{ population A: C[4] }}
experiment Main of N {{ run 1 ms }}"
    )
    .replace(&format!("{b}.max"), &format!("max(0, {b})"))
}

/// Steps one program, and compares what its cells computed; returns how many values.
fn check_program(seed: u64) -> usize {
    let source = program(seed);
    let Built { hir, types, net } = build(&source);
    let cell = hir.cell(net.populations[0].cell);
    let r = cell.vars.iter().position(|var| &*var.name == "r").expect("a variable `r`");
    let found = Bounds::new(&hir, &types, &net).variable(0, VarId(r as u32)).interval;
    let mut sink = Sink::default();
    let Some(lowered) = lower(&hir, &types, &net, &mut sink) else { return 0 };
    let plan = std::sync::Arc::new(lowered.plan);
    let arrays = &plan.populations[0].arrays;
    let out = arrays.iter().position(|array| array.name == "out").expect("an array") as u32;
    let mut engine = Interpreter::new(plan.clone(), vec![]);
    let mut compared = 0;
    for tick in 0..3 {
        // A value that is no finite number ends the run.
        if engine.advance(tick, &AtomicBool::new(false)).is_err() {
            break;
        }
        for x in engine.array(0, ArrayId(out)) {
            assert!(found.contains(x), "seed {seed}: {x} is outside {found:?}\n{source}");
            compared += 1;
        }
    }
    compared
}

/// `CIRC_BOUND_PROGRAMS` says how many instead of hundreds.
#[test]
fn no_value_of_a_run_leaves_its_bounds() {
    let wanted = std::env::var("CIRC_BOUND_PROGRAMS").ok().and_then(|n| n.parse().ok());
    let count: u64 = wanted.unwrap_or(1000);
    let compared: usize = (0..count).map(check_program).sum();
    println!("{count} programs, {compared} values, seeds 0 to {}", count - 1);
    assert!(count as usize * 4 < compared, "most programs have values: {compared}");
}
