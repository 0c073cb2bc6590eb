//! Bad input: a clear message, an exit code, no panic.

mod common;

use common::{Bench, SMALL};

/// Checks and runs a program that is rejected with this rule.
#[track_caller]
fn rejected(text: &str, rule: &str) {
    let bench = Bench::new();
    bench.file("a.circ", text);
    bench.circ(&["run", "a.circ"]).exits(1).complains(rule);
    let json = bench.circ(&["check", "a.circ", "--json"]).exits(1).json();
    let found: Vec<&str> =
        json.as_array().expect("an array").iter().filter_map(|it| it["rule"].as_str()).collect();
    assert!(found.contains(&rule), "no `{rule}` in {found:?}");
}

fn with_circuit(items: &str) -> String {
    format!("{SMALL}\ncircuit Net {{\n{items}\n}}\nexperiment Main of Net {{ run 1 ms }}\n")
}

const WIRED: &str = r#"
cell Lif {
  port exc: excitatory voltage via delta(v)
  state v: voltage = 0 mV
  10 ms * v' = -v
  spike when v >= 10 mV { v = 0 mV }
}
"#;

fn with_projection(clauses: &str) -> String {
    format!(
        "{WIRED}\ncircuit Net {{\n  population E: Lif[10]\n  projection p: E -> E.exc {{ {clauses} }}\n}}\n\
         experiment Main of Net {{ run 1 ms }}\n"
    )
}

#[test]
fn an_empty_file() {
    rejected("", "empty-file");
    rejected(" \n\n", "empty-file");
}

#[test]
fn a_binary_file() {
    let bench = Bench::new();
    bench.file("a.circ", [0x7f, b'E', b'L', b'F', 0, 1, 0xff, 0xfe]);
    bench.circ(&["run", "a.circ"]).exits(4).complains("not a text file");
    bench.circ(&["check", "a.circ"]).exits(4).complains("not a text file");
}

#[test]
fn a_missing_file() {
    let bench = Bench::new();
    bench.circ(&["run", "nowhere.circ"]).exits(4).complains("there is no file `nowhere.circ`");
    let said = bench.circ(&["run", "nowhere.circ", "--json"]).exits(4);
    assert!(said.out.contains("there is no file `nowhere.circ`"), "{}", said.out);
    bench.circ(&["fmt", "nowhere.circ"]).exits(4).complains("there is no file");
    bench.circ(&["verify", "nowhere.json"]).exits(4).complains("there is no file");
}

#[test]
fn a_directory() {
    let bench = Bench::new();
    bench.circ(&["run", "."]).exits(4).complains("is a folder");
}

#[test]
fn a_thousand_parentheses() {
    for depth in [1_000, 100_000] {
        let bench = Bench::new();
        bench.file("a.circ", format!("let x = {}1{}\n", "(".repeat(depth), ")".repeat(depth)));
        bench.circ(&["check", "a.circ"]).exits(1);
        bench.file("b.circ", format!("let x = {}\n", "(".repeat(depth)));
        bench.circ(&["check", "b.circ"]).exits(1);
    }
}

#[test]
fn a_very_long_sum() {
    let bench = Bench::new();
    bench.file("a.circ", format!("let x = 1{}\n", " + 1".repeat(200_000)));
    let code = bench.circ(&["check", "a.circ"]).code;
    assert!(code == 0 || code == 1, "{code}");
}

#[test]
fn a_unit_that_does_not_exist() {
    let bench = Bench::new();
    bench.file("a.circ", "let tau = 20 mz\n");
    let said = bench.circ(&["check", "a.circ"]).exits(1);
    assert!(said.err.contains("mz"), "{}", said.err);
}

#[test]
fn adding_millivolts_and_milliseconds() {
    rejected(&with_circuit("let x = 1 mV + 1 ms\n population E: Clock"), "unit-mismatch");
}

#[test]
fn a_name_one_letter_off() {
    let bench = Bench::new();
    bench.file("a.circ", with_circuit("population E: Clok[3]"));
    bench.circ(&["check", "a.circ"]).exits(1).complains("did you mean `Clock`");
}

#[test]
fn a_population_of_none() {
    rejected(&with_circuit("population E: Clock[0]"), "population-size");
}

#[test]
fn a_population_of_far_too_many() {
    rejected(&with_circuit("population E: Clock[1000000000000]"), "population-size");
}

#[test]
fn a_delay_of_nothing() {
    rejected(&with_projection("connect all_to_all; weight 1 mV; delay 0 ms"), "delay-below-tick");
}

#[test]
fn a_step_of_nothing() {
    let bench = Bench::new();
    bench.small("dt 0 ms\nrun 1 ms");
    bench.circ(&["run", "small.circ"]).exits(1).complains("time-step");
}

#[test]
fn a_rate_below_zero_of_some_cells() {
    let drive = "population E: Lif[4]\n drive d: poisson(100 Hz - i * 100 Hz) -> E.exc { weight 1 mV }";
    let bench = Bench::new();
    let program = format!("{WIRED}\ncircuit Net {{ {drive} }}\nexperiment Main of Net {{ run 1 ms }}\n");
    bench.file("a.circ", program);
    let run = bench.circ(&["run", "a.circ"]).exits(1);
    run.complains("negative-rate").complains("can be -200 Hz");
}

#[test]
fn a_probability_above_one() {
    rejected(&with_projection("connect probability 1.5; weight 1 mV; delay 1 ms"), "probability-range");
}

#[test]
fn more_memory_than_there_is() {
    let text = with_projection("connect all_to_all; weight uniform(0 mV, 1 mV); delay 1 ms")
        .replace("Lif[10]", "Lif[2000000]");
    let bench = Bench::new();
    bench.file("a.circ", text);
    bench.circ(&["run", "a.circ"]).exits(1).complains("memory");
}

#[test]
fn a_folder_that_can_not_be_written() {
    let bench = Bench::new();
    bench.small("run 1 ms");
    bench.circ(&["run", "small.circ", "--out", "small.circ/out"]).exits(4).complains("could not be written");
    bench.circ(&["run", "small.circ", "--out", "small.circ"]).exits(4).complains("could not be written");
}

/// On one line and on many: both the number of messages and the lines that they show are bounded.
#[test]
fn more_mistakes_than_anyone_reads() {
    for end in ["; ", "\n"] {
        let bench = Bench::new();
        bench.file("a.circ", format!("let x = 1{end}").repeat(20_000));
        let output = bench.circ(&["check", "a.circ"]).exits(1);
        output.complains("19949 more messages are not shown");
    }
}

/// Beside a syntax error too, and where every line has a name that is nowhere.
#[test]
fn all_that_are_not_shown_are_counted() {
    let lines: String = (0..5_000).map(|k| format!("let x{k} = zz{k}\n")).collect();
    let bench = Bench::new();
    for (head, hidden) in [("", 4_950), ("cell C { param a = }\n", 4_951)] {
        bench.file("a.circ", format!("{head}{lines}"));
        let output = bench.circ(&["check", "a.circ"]).exits(1);
        output.complains(&format!("{hidden} more messages are not shown"));
    }
}

#[test]
fn three_mistakes_give_three_messages() {
    let bench = Bench::new();
    let text = "cell A {\n  param x = = 3\n  state v = 0\n}\ncircuit B {\n  population : A[3]\n}\n\nexperiment C of B {\n  run run\n}\n";
    bench.file("a.circ", text);
    let json = bench.circ(&["check", "a.circ", "--json"]).exits(1).json();
    let lines: Vec<u64> =
        json.as_array().expect("an array").iter().filter_map(|it| it["start"]["line"].as_u64()).collect();
    assert!([2, 6, 10].iter().all(|line| lines.contains(line)), "{json:#}");
}

#[test]
fn a_declaration_that_is_lost_gives_one_message() {
    let bench = Bench::new();
    let text = WIRED.replace("state v: voltage = 0 mV", "state v: voltage = (0 mV")
        + "circuit Net {\n  population E: Lif[10] +\n  projection p: E -> E.exc { connect all_to_all; weight 1 mV }\n}\n\
           experiment Main of Net { run 1 ms +\n expect rate(E) > 0 Hz }\n";
    bench.file("a.circ", text);
    let json = bench.circ(&["check", "a.circ", "--json"]).exits(1).json();
    let rules: Vec<&str> =
        json.as_array().expect("an array").iter().filter_map(|it| it["rule"].as_str()).collect();
    assert_eq!(rules, ["unclosed", "syntax", "syntax"], "{json:#}");
}

/// Runs a cell of 100 that is rejected once its parameters are drawn, or set.
#[track_caller]
fn rejected_when_built(cell: &str, statements: &str, text: &str) {
    let bench = Bench::new();
    bench.file(
        "a.circ",
        format!("cell C {{ {cell} }}\ncircuit N {{ population A: C[100] }}\nexperiment Main of N {{ {statements} }}"),
    );
    for engine in ["jit", "interpreter"] {
        bench.circ(&["run", "a.circ", "--engine", engine]).exits(1).complains(text);
    }
}

#[test]
fn a_parameter_that_is_not_what_it_must_be_in_some_cell() {
    let ranged = "param a in 0 .. 1 = normal(0.5, 1); state v = a; 10 ms * v' = a - v";
    rejected_when_built(ranged, "run 1 ms", "`a` must lie in 0 .. 1");
    let by_index = "param top = i; param a in 0 .. top = 50; state v = a; 10 ms * v' = a - v";
    rejected_when_built(by_index, "run 1 ms", "at `A[0]`");
    let elements = "param a: real[2] in 0 .. 1 = [0.5, i]; state v = 0; 10 ms * v' = a[1] - v";
    rejected_when_built(elements, "run 1 ms", "`a` must lie in 0 .. 1, but can be 99");
    let logarithm = "param a = log(50 - i); state v = 0; 10 ms * v' = a - v";
    rejected_when_built(logarithm, "run 1 ms", "a logarithm is taken of must be above 0, but can be -49");
    let factor = "param tau = i * 1 ms; state v = 0; tau * v' = 1 - v";
    rejected_when_built(factor, "run 1 ms", "the time constant of `v` must be above 0 ms, but can be 0 ms");
    let constant = "param tau = (5 - i) * 1 ms; port p: voltage via exponential(tau)";
    rejected_when_built(constant, "run 1 ms", "a time constant of `p` must be above 0 ms, but can be -94 ms");
}

/// What only the run knows is looked at when it is set.
#[test]
fn a_set_of_what_the_run_computes() {
    let cell = "param tau = 1 ms; state v = 0; tau * v' = -v";
    rejected_when_built(cell, "run 1 ms; set A.tau = mean(A.v) * 1 ms", "the factor of `v'` is 0");
    let port = "param tau = 1 ms; port p: real via exponential(tau); state v = 0; 1 ms * v' = p - v";
    rejected_when_built(port, "run 1 ms; set A.tau = mean(A.v) * 1 ms", "a time constant of `p`");
    let range = "param a in 1 .. 2 = 1; state v = 0; 1 ms * v' = a - v";
    rejected_when_built(range, "run 1 ms; set A.a = mean(A.v) - 1", "`a` must lie in 1 .. 2");
    let end = "param top = 9; param a in 1 .. top = 5; state v = 0; 1 ms * v' = a - v";
    rejected_when_built(end, "run 1 ms; set A.top = mean(A.v) - 1", "`a` must lie in 1 .. ");
    let deviation = "param sd = 1; state v = 0; on tick { v += normal(0, sd) }";
    let words = "the standard deviation of `normal` must be at least 0, but is -1";
    rejected_when_built(deviation, "run 1 ms; set A.sd = 0 * mean(A.v) - 1", words);
    let divisor = "param a = 1; param b = 2; state v = 0; let r = 1 / (a - b); 1 ms * v' = r - v";
    rejected_when_built(divisor, "run 1 ms; set A.a = 0 * mean(A.v) + 2", "this divides by 0");
}

/// What is known before the run is said before it, at the statement.
#[test]
fn a_set_of_what_is_known() {
    let bench = Bench::new();
    let cell = "cell C { param top = 9; param a in 1 .. top = 5; param sd = 1; state v = normal(0, sd)\n\
                on tick { v += a + normal(0, sd) } }";
    for (set, words) in [
        ("A.top = 4", "`a` must lie in 1 .. 4, but is 5"),
        ("A.a = 10", "`a` must lie in 1 .. 9, but is 10"),
        ("A.sd = lowest", "the standard deviation of `normal` must be at least 0, but is -2"),
    ] {
        let text = format!(
            "{cell}\ncircuit N {{ population A: C[3] }}\n\
             experiment Main(lowest = -2) of N {{ run 1 ms\nset {set}\nrun 1 ms }}"
        );
        bench.file("a.circ", text);
        bench.circ(&["check", "a.circ"]).exits(1).complains(words).complains("a.circ:5:");
    }
}

#[test]
fn a_set_that_leaves_what_a_parameter_must_be() {
    let cell = "param tau in 0 ms .. 1 s = 1 ms; state v = 0; tau * v' = 1 - v";
    rejected_when_built(cell, "run 1 ms; set A.tau = 2 s; run 1 ms", "`tau` must lie in 0 ms .. 1 s");
    rejected_when_built(cell, "run 1 ms; set A.tau = i * 20 ms; run 1 ms", "`tau` must lie in");
    rejected_when_built(cell, "run 1 ms; set A.tau = 0 ms; run 1 ms", "the factor of `v'` is 0");
}

#[test]
fn a_redraw_that_can_not_succeed() {
    let weight = "connect all_to_all; weight redraw(normal(1 mV, 1 mV), 50 mV, 51 mV); delay 1 ms";
    let bench = Bench::new();
    bench.file("w.circ", with_projection(weight));
    bench.circ(&["run", "w.circ"]).exits(1).complains("`p` has a weight that is not a number");
    rejected_when_built(
        "param r = redraw(normal(0, 1), 50, 51)",
        "run 1 ms",
        "found nothing within its bounds",
    );
    let bench = Bench::new();
    bench.file(
        "a.circ",
        "cell C { let r = redraw(normal(0, 1), 50, 51)\n state s = 0\n on tick { s += r } }
circuit N { population A: C[3] }
experiment Main of N { run 1 ms }",
    );
    for engine in ["jit", "interpreter"] {
        let run = bench.circ(&["run", "a.circ", "--engine", engine]);
        run.exits(3).complains("the `redraw` of `A[0]` found no draw within its bounds");
    }
}

/// What is proved of a program is proved of it with the values of `--set`.
#[test]
fn what_is_set_on_the_command_line_is_held_to_what_is_proved() {
    let program = "cell L {
  param tau in 1 ms .. 50 ms = 10 ms
  port exc: excitatory voltage via delta(v)
  state v = 0 mV
  tau * v' = -v
  spike when v >= 10 mV { v = 0 mV }
}
circuit C(w = 1 mV, d = 1 ms, p = 0.5, tau = 10 ms, sd = 0.1 mV) {
  population E: excitatory L[4] { tau = tau }
  projection q: E -> E.exc { connect probability p; weight w; delay d }
  projection r: E -> E.exc { connect all_to_all; weight redraw(normal(2 mV, sd), 0 mV, inf); delay 1 ms }
  constraints { dale }
}
experiment Main of C { run 1 ms; set E.tau = 20 ms; run 1 ms; record E.spike }
";
    let bench = Bench::new();
    bench.file("a.circ", program);
    for (set, rule) in [
        ("w=-1mV", "weight-sign"),
        ("d=0.01ms", "delay-below-tick"),
        ("p=2", "probability-range"),
        ("tau=-1ms", "out-of-range"),
        ("sd=-1mV", "out-of-range"),
    ] {
        let said = bench.circ(&["run", "a.circ", "--set", set]).exits(1);
        assert_eq!(said.err.matches("] Error: ").count(), 1, "{set}: {}", said.err);
        assert!(said.err.contains(&format!("[{rule}] Error: ")), "{set}: {}", said.err);
    }
    for set in ["w=0mV", "d=0.1ms", "p=1", "tau=50ms", "sd=1mV"] {
        bench.circ(&["run", "a.circ", "--set", set]).exits(0);
    }
}
