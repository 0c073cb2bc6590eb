//! What a user sees of resolving and checking: text in, messages or the resolved program out.

use circ_compiler::check::check;
use circ_compiler::diagnose::{Source, Sources, render, rules};
use circ_compiler::resolve::{Module, resolve};
use circ_compiler::{diagnose::Sink, hir_print};
use circ_grammar::ast::FileId;
use circ_grammar::parse::parse;

/// Main file first, then modules by dotted path. Gives the report, the program and its types.
fn compile(files: &[(&str, &str)]) -> (String, String, String) {
    let mut sources = Sources::default();
    let mut modules = vec![];
    let mut syntax = String::new();
    for (at, (path, text)) in files.iter().enumerate() {
        let name = if path.is_empty() { "main" } else { path };
        sources.files.push(Source { name: format!("{name}.circ"), text: (*text).to_owned() });
        let parsed = parse(FileId(at as u32), text);
        parsed.errors.iter().for_each(|error| {
            syntax += &format!(
                "[{}] Error: {}
",
                error.rule, error.message
            )
        });
        let path = path.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        modules.push(Module { path, file: parsed.file });
    }
    let mut sink = Sink::default();
    let hir = resolve(&modules, &mut sink);
    let types = check(&hir, &mut sink);
    (
        syntax + &render(&sink.into_sorted(), &sources, false),
        hir_print::print(&hir),
        hir_print::print_types(&hir, &types),
    )
}

#[track_caller]
fn report(source: &str) -> String {
    compile(&[("", source)]).0
}

#[track_caller]
fn accepted(source: &str) -> (String, String) {
    let (report, hir, types) = compile(&[("", source)]);
    assert_eq!(report, "", "{source}");
    (hir, types)
}

const CUBA: &str = include_str!("cuba.circ");

#[test]
fn the_first_page_of_the_language_is_understood() {
    let (hir, types) = accepted(CUBA);
    insta::assert_snapshot!(hir, @r#"
    cell Lif {
      param tau_m = 20 ms
      param E_L = -49 mV
      param V_th = -50 mV
      param V_reset = -60 mV
      param t_ref = 5 ms
      port exc: excitatory voltage via exponential(5 ms)
      port inh: inhibitory voltage via exponential(10 ms)
      state v: voltage = ~uniform(V_reset, V_th)
      tau_m * v' = (((E_L - v) + exc) - inh)
      event spike when (v >= V_th) {
        v = V_reset
        enter refractory#0 for t_ref
      }
      mode refractory#0 {
        hold v
        no spike
      }
    }
    circuit Cuba(n_exc: int = 3200, n_inh: int = 800, p = 0.02) {
      population E: excitatory Lif[n_exc]
      population I: inhibitory Lif[n_inh]
      projection from_E: E -> (E, I).exc {
        connect probability p
        weight 1.62 mV
        delay 0.1 ms
      }
      projection from_I: I -> (E, I).inh {
        connect probability p
        weight 9 mV
        delay 0.1 ms
      }
      dale
      require (@size(E) == (4 * @size(I)))
      monitor (@rate(E) in 0.5 Hz .. 50 Hz)
    }
    experiment Main(duration = 1 s) of Cuba() {
      dt 0.1 ms
      seed 42
      record circuit.E.spike, circuit.I.spike
      record circuit.E[0 .. 5].v every 1 ms
      run duration
      expect (@rate(circuit.E) in 3 Hz .. 15 Hz)
      expect (@cv_isi(circuit.E) > 0.5)
    }
    "#);
    insta::assert_snapshot!(types, @r#"
    Lif.tau_m: time
    Lif.E_L: voltage
    Lif.V_th: voltage
    Lif.V_reset: voltage
    Lif.t_ref: time
    Lif.exc: voltage
    Lif.inh: voltage
    Lif.v: voltage
    Cuba.n_exc: int
    Cuba.n_inh: int
    Cuba.p: real
    Cuba.E: view
    Cuba.I: view
    Cuba.from_E: projection
    Cuba.from_I: projection
    Main.duration: time
    "#);
}

/// The library and every example are accepted as they are.
#[test]
fn the_library_and_the_examples_are_accepted() {
    let library = include_str!("../../../stdlib/cells.circ");
    let examples = [
        include_str!("../../../examples/adex.circ"),
        include_str!("../../../examples/brunel.circ"),
        include_str!("../../../examples/coba.circ"),
        include_str!("../../../examples/cobahh.circ"),
        include_str!("../../../examples/cuba.circ"),
        include_str!("../../../examples/izhikevich.circ"),
    ];
    for example in examples {
        assert_eq!(compile(&[("", example), ("std.cells", library)]).0, "");
    }
}

/// Every page shows a program that its rule rejects and a neighbour that is accepted.
#[test]
fn every_page_is_true() {
    for rule in rules() {
        let programs: Vec<&str> =
            rule.page.split("```circ\n").skip(1).filter_map(|part| part.split("```").next()).collect();
        if programs.len() != 2 || !FRONT.contains(&rule.name) {
            continue;
        }
        let modules = [("", programs[0]), ("columns", "cell Column { }")];
        let rejected = compile(&modules).0;
        assert!(rejected.contains(&format!("[{}]", rule.name)), "{}: {rejected}", rule.name);
        assert_eq!(rejected.matches("] Error:").count(), 1, "{}: {rejected}", rule.name);
        let accepted = compile(&[("", programs[1]), ("columns", "cell Column { }")]).0;
        assert_eq!(accepted, "", "{}", rule.name);
    }
}

/// The rules of these passes; `too-deep` has a test of its own.
const FRONT: &[&str] = &[
    "unknown-name",
    "duplicate-name",
    "unknown-unit",
    "unknown-file",
    "cyclic-let",
    "cyclic-function",
    "cyclic-circuit",
    "cyclic-cell",
    "out-of-place",
    "wrong-kind",
    "not-public",
    "not-yet",
    "polarity",
    "missing-clause",
    "duplicate-clause",
    "value-port",
    "missing-port",
    "wrong-arguments",
    "missing-type",
    "missing-value",
    "not-a-state",
    "not-constant",
    "number-too-large",
    "unit-mismatch",
    "wrong-type",
    "not-whole",
    "changed-type",
    "wrong-side",
    "transmits-twice",
    "delay-without-bounds",
    "grow-budget",
];

#[test]
fn every_rule_of_these_passes_is_listed() {
    let known: Vec<&str> = rules().iter().map(|rule| rule.name).collect();
    for name in FRONT {
        assert!(known.contains(name), "{name}");
    }
}

#[test]
fn messages_show_both_sides() {
    let wrong = "cell Lif {
  param tau = 20 mV
  param E_L = -65 mV
  param V_th = -50 mV
  port exc: excitatory voltage via exponential(5 ms)
  port inh: inhibitory voltage via exponential(10 ms)
  state v: voltage = E_L
  let drive = 3 pA + exc
  v' = (E_L - v) / tau
  spike when v >= V_Th { v = 3 ms; refractory 5 hold v }
}
circuit Net(n = 100) {
  population E: excitatory Lif[n]
  population I: inhibitory Lif[200]
  projection from_I: I -> E.exc { connect all_to_all; weight 4 mV; delay 1 mV }
  projection from_E: E -> I { connect probabilty 0.1; weight 4 mV }
}
experiment Main of Net { run 1 s; expect rate(E.spkie) > 3; expect mean(E.v) > 1 pA }
";
    insta::assert_snapshot!(report(wrong), @r#"
    [unit-mismatch] Error: `tau` must be a time, but `20 mV` is a voltage
       ╭─[ main.circ:2:15 ]
       │
     2 │   param tau = 20 mV
       │               ──┬──
       │                 ╰──── a voltage
       │
     9 │   v' = (E_L - v) / tau
       │                    ─┬─
       │                     ╰─── divides to give `v'`, so it must be a time
       │
       │ Help: did you mean `20 ms`?
    ───╯
    [unit-mismatch] Error: a current can not be added to a voltage
       ╭─[ main.circ:8:15 ]
       │
     8 │   let drive = 3 pA + exc
       │               ──┬─   ─┬─
       │                 ╰───────── a current
       │                       │
       │                       ╰─── a voltage
    ───╯
    [unknown-name] Error: there is no `V_Th` here
        ╭─[ main.circ:10:19 ]
        │
     10 │   spike when v >= V_Th { v = 3 ms; refractory 5 hold v }
        │                   ──┬─
        │                     ╰─── not declared
        │
        │ Help: did you mean `V_th`?
    ────╯
    [unit-mismatch] Error: `v` must be a voltage, but this is a time
        ╭─[ main.circ:10:30 ]
        │
      7 │   state v: voltage = E_L
        │         ┬
        │         ╰── a voltage
        │
     10 │   spike when v >= V_Th { v = 3 ms; refractory 5 hold v }
        │                              ──┬─
        │                                ╰─── a time
        │
        │ Help: did you mean `3 mV`?
    ────╯
    [unit-mismatch] Error: the refractory time must be a time, but this is a plain number
        ╭─[ main.circ:10:47 ]
        │
     10 │   spike when v >= V_Th { v = 3 ms; refractory 5 hold v }
        │                                               ┬
        │                                               ╰── a plain number
        │
        │ Help: did you mean `5 ms`?
    ────╯
    [not-whole] Error: the size of a population must be a whole number, but this is a plain number
        ╭─[ main.circ:13:32 ]
        │
     12 │ circuit Net(n = 100) {
        │             ┬
        │             ╰── a real, as its type is not written
     13 │   population E: excitatory Lif[n]
        │                                ┬
        │                                ╰── a plain number
        │
        │ Help: declare it as `n: int`
    ────╯
    [polarity] Error: `I` is inhibitory, but `from_I` excites `E`
        ╭─[ main.circ:15:29 ]
        │
     14 │   population I: inhibitory Lif[200]
        │              ┬
        │              ╰── declared inhibitory here
     15 │   projection from_I: I -> E.exc { connect all_to_all; weight 4 mV; delay 1 mV }
        │                             ─┬─
        │                              ╰─── an excitatory port
        │
        │ Help: project to `E.inh`, or drop `inhibitory` from `I`
    ────╯
    [unit-mismatch] Error: a delay must be a time, but this is a voltage
        ╭─[ main.circ:15:74 ]
        │
     15 │   projection from_I: I -> E.exc { connect all_to_all; weight 4 mV; delay 1 mV }
        │                                                                          ──┬─
        │                                                                            ╰─── a voltage
        │
        │ Help: did you mean `1 ms`?
    ────╯
    [missing-port] Error: a projection needs a port of the target, as in `E.exc`
        ╭─[ main.circ:16:27 ]
        │
     16 │   projection from_E: E -> I { connect probabilty 0.1; weight 4 mV }
        │                           ┬
        │                           ╰── cells, but not which of their ports
        │
        │ Note: its ports are `.exc` and `.inh`
    ────╯
    [unknown-name] Error: there is no way to connect `probabilty`
        ╭─[ main.circ:16:39 ]
        │
     16 │   projection from_E: E -> I { connect probabilty 0.1; weight 4 mV }
        │                                       ─────┬────
        │                                            ╰────── not declared
        │
        │ Help: did you mean `probability`?
        │
        │ Note: the ways are `probability`, `in_degree`, `out_degree`, `total`, `one_to_one`, `all_to_all`, `where` and `from`
    ────╯
    [unit-mismatch] Error: a frequency can not be compared with a plain number
        ╭─[ main.circ:18:42 ]
        │
     18 │ experiment Main of Net { run 1 s; expect rate(E.spkie) > 3; expect mean(E.v) > 1 pA }
        │                                          ──────┬──────   ┬
        │                                                ╰──────────── a frequency
        │                                                          │
        │                                                          ╰── a plain number
    ────╯
    [unknown-name] Error: the cell `Lif` has no `spkie`
        ╭─[ main.circ:18:49 ]
        │
     18 │ experiment Main of Net { run 1 s; expect rate(E.spkie) > 3; expect mean(E.v) > 1 pA }
        │                                                 ──┬──
        │                                                   ╰──── not found there
        │
        │ Help: did you mean `spike`?
    ────╯
    [unit-mismatch] Error: a voltage can not be compared with a current
        ╭─[ main.circ:18:68 ]
        │
     18 │ experiment Main of Net { run 1 s; expect rate(E.spkie) > 3; expect mean(E.v) > 1 pA }
        │                                                                    ────┬────   ──┬─
        │                                                                        ╰───────────── a voltage
        │                                                                                  │
        │                                                                                  ╰─── a current
    ────╯
    "#);
}

#[test]
fn circles_are_shown() {
    let wrong = "cell A { let a = b + 1; let b = c; let c = 2 * a; state v = 0; v' = -v' / 1 ms }
fn f(x: real) = g(x)
fn g(x: real) = f(x)
";
    insta::assert_snapshot!(report(wrong), @r#"
    [cyclic-let] Error: `a`, `b` and `c` go in a circle: `a` → `b` → `c` → `a`
       ╭─[ main.circ:1:14 ]
       │
     1 │ cell A { let a = b + 1; let b = c; let c = 2 * a; state v = 0; v' = -v' / 1 ms }
       │              ┬              ┬          ┬
       │              ╰──────────────────────────── needs `b`
       │                             │          │
       │                             ╰───────────── needs `c`
       │                                        │
       │                                        ╰── needs `a`
    ───╯
    [cyclic-let] Error: `v'` needs its own value
       ╭─[ main.circ:1:64 ]
       │
     1 │ cell A { let a = b + 1; let b = c; let c = 2 * a; state v = 0; v' = -v' / 1 ms }
       │                                                                ───────┬───────
       │                                                                       ╰───────── leads back to itself
    ───╯
    [cyclic-function] Error: `f` and `g` go in a circle: `f` → `g` → `f`
       ╭─[ main.circ:2:4 ]
       │
     2 │ fn f(x: real) = g(x)
       │    ┬
       │    ╰── calls `g`
     3 │ fn g(x: real) = f(x)
       │    ┬
       │    ╰── calls `f`
       │
       │ Note: functions are inlined, so none may lead back to itself
    ───╯
    "#);
}

#[test]
fn values_and_dimensions_are_said_as_people_write_them() {
    use circ_compiler::types::Dimension;
    use circ_compiler::units::{dimension_text, dimension_words, show};
    let cases = [
        (20.0, Dimension::TIME),
        (0.05, Dimension::TIME),
        (1000.0, Dimension::TIME),
        (1.62, Dimension::VOLTAGE),
        (-65.0, Dimension::VOLTAGE),
        (0.0, Dimension::VOLTAGE),
        (5.3e-3, Dimension::FREQUENCY),
        (0.1 + 0.2, Dimension::REAL),
        (4000.0, Dimension::REAL),
        (2e-8, Dimension([0, -12, 12, -24, 0, 0, 0])),
        (3.0, Dimension([-24, 12, 0, 0, 0, 0, 0])),
        (f64::INFINITY, Dimension::TIME),
        (3.0, Dimension::AREA),
        (3.0, Dimension([-12, 12, 0, 0, 0, 0, 0])),
        (3.0, Dimension([-6, 0, 0, 0, 0, 0, 0])),
        (3.0, Dimension([-6, 12, 0, 0, 0, 0, 0])),
        (3.0, Dimension([-12, -12, 0, 0, 0, 0, 0])),
        (3.0, Dimension([0, 24, 0, 0, 0, 0, 0])),
        (3.0, Dimension([5, 0, 0, 0, 0, 0, 0])),
    ];
    let lines = cases
        .map(|(value, d)| format!("{} | {} | {}", show(value, d), dimension_words(d), dimension_text(d)));
    insta::assert_snapshot!(lines.join("\n"), @r#"
    20 ms | a time | time
    0.05 ms | a time | time
    1 s | a time | time
    1.62 mV | a voltage | voltage
    -65 mV | a voltage | voltage
    0 mV | a voltage | voltage
    5.3 Hz | a frequency | frequency
    0.3 | a plain number | real
    4000 | a plain number | real
    2 nS/cm^2 | a conductance per area | conductance / area
    3 mV/ms^2 | a voltage per time and time | voltage / time / time
    inf | a time | time
    3 um^2 | an area | area
    3 mV/ms | a voltage per time | voltage / time
    3 1/ms^(1/2) | one per root of time | 1/ms^(1/2)
    3 mV/ms^(1/2) | a voltage per root of time | mV/ms^(1/2)
    3 1/ms/mV | a frequency per voltage | frequency / voltage
    3 mV^2 | a voltage times voltage | voltage * voltage
    3 ms^(5/12) | a quantity in ms^(5/12) | ms^(5/12)
    "#);
}

#[test]
fn deep_nesting_is_refused_on_a_small_stack() {
    let deep = format!("let x = {}1", "1 + ".repeat(5000));
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(move || report(&deep));
    let text = thread.map(|thread| thread.join().unwrap_or_default()).unwrap_or_default();
    assert!(text.contains("too-deep]"), "{text}");
}

#[test]
fn a_rule_is_resolved_with_the_weight_as_a_type_of_its_own() {
    let (hir, types) = accepted(
        "plasticity Stdp {
           param w_max: weight
           param a = 0.01
           modulator m: real
           pre x = trace(20 ms)
           post um: voltage = v { 10 ms * um' = v - um; on spike { um = 0 } }
           synapse e: real = 0
           1 s * e' = -e
           fn kept(a: weight) -> weight = min(a, w_max)
           on pre { transmit kept(w) }
           on post.ca { let c = a * x; if c > 0.5 { e += c } }
           w' = w_max * m * e / 1 s
           bounds w in 0 .. w_max
           bounds d in 1 tick .. 20 ms
           rewire every 1 s { prune lowest 10 % by w; grow pruned random }
         }",
    );
    insta::assert_snapshot!(hir, @"
    plasticity Stdp {
      param w_max: weight
      param a = 0.01
      modulator m: real
      pre x = trace(20 ms)
      post um: voltage = post.v {
        10 ms * um' = (post.v - um)
        on spike {
          um = 0
        }
      }
      synapse e: real = 0
      fn kept(a: weight) -> weight = min(a, w_max)
      1 s * e' = -e
      w' = (((w_max * m) * e) / 1 s)
      on pre {
        transmit kept(w)
      }
      on post.ca {
        let c = (a * x)
        if (c > 0.5) {
          e += c
        }
      }
      bounds w in 0 .. w_max
      bounds d in (1 * dt) .. 20 ms
      rewire every 1 s {
        prune lowest 0.1 by w
        grow pruned random
      }
    }
    ");
    insta::assert_snapshot!(types, @"
    fn Stdp.kept(a: weight): weight
    Stdp.w_max: weight
    Stdp.a: real
    Stdp.m: real
    Stdp.x: real
    Stdp.um: voltage
    Stdp.e: real
    ");
}
