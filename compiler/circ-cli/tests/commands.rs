//! `circ check`, `test`, `fmt`, `explain`.

mod common;

use common::{Bench, SMALL, example};

#[test]
fn check_says_that_nothing_is_wrong() {
    let bench = Bench::new();
    bench.small("run 1 ms");
    bench.circ(&["check", "small.circ"]).exits(0);
    let json = bench.circ(&["check", "small.circ", "--json"]).exits(0).json();
    assert!(json.as_array().is_some_and(|all| all.iter().all(|it| it["level"] != "error")), "{json}");
}

#[test]
fn a_message_has_its_place() {
    let bench = Bench::new();
    bench.file("a.circ", "// µ\nlet x = 1 mV + 2 ms\n");
    let json = bench.circ(&["check", "a.circ", "--json"]).exits(1).json();
    let first = &json[0];
    assert_eq!(first["file"], "a.circ");
    assert_eq!(first["level"], "error");
    assert_eq!(first["start"]["line"], 2);
    assert!(first["message"].as_str().is_some_and(|text| !text.is_empty()));
}

/// A cell with a parameter that nothing reads.
const SPARE: &str = "cell C { param spare = 1; state v = 0; 10 ms * v' = -v }
circuit N { population A: C }
experiment Main of N { record A.v; run 1 ms }
";

#[test]
fn warnings_are_shown_and_forbid_nothing() {
    let bench = Bench::new();
    bench.file("a.circ", SPARE);
    bench.circ(&["check", "a.circ"]).exits(0).says("a.circ: 1 warning").complains("unused-parameter");
    let json = bench.circ(&["check", "a.circ", "--json"]).exits(0).json();
    assert_eq!(json[0]["level"], "warning");
    bench.circ(&["run", "a.circ"]).exits(0).complains("unused-parameter");
    assert!(bench.circ(&["run", "a.circ", "--quiet"]).exits(0).err.is_empty());
    let json = bench.circ(&["run", "a.circ", "--json"]).exits(0).json();
    assert_eq!(json["diagnostics"][0]["rule"], "unused-parameter");
    let tested = bench.circ(&["test", "a.circ"]).exits(0).says("1 warning, see `circ run`");
    assert!(tested.err.is_empty());
}

/// What seems unused beside a misspelt name may be what was meant; beside a wrong value it is unused.
#[test]
fn warnings_do_not_follow_from_errors() {
    let bench = Bench::new();
    bench.file("a.circ", "cell C { param tau_m = 10 ms; state v = 0 mV; tau_n * v' = -v }\n");
    let said = bench.circ(&["check", "a.circ"]).exits(1).complains("there is no `tau_n` here");
    assert_eq!(said.out.trim(), "a.circ: 1 error");
    bench.file("b.circ", SPARE.replace("A: C", "A: C[0]"));
    let said = bench.circ(&["check", "b.circ"]).exits(1).complains("unused-parameter");
    assert_eq!(said.out.trim(), "b.circ: 1 error, 1 warning");
}

#[test]
fn many_warnings_hide_no_error() {
    let bench = Bench::new();
    let spare: String = (0..99).map(|k| format!("param p{k} = 1; ")).collect();
    bench.file("a.circ", format!("cell C {{ {spare} state v = 0; 10 ms * v' = -v }}\n"));
    bench.circ(&["check", "a.circ"]).exits(0).complains("49 more messages are not shown");
    bench.file(
        "b.circ",
        format!("cell C {{ {spare} state v = 0; 10 ms * v' = -v }}\ncircuit N {{ population A: C[0] }}\n"),
    );
    bench.circ(&["check", "b.circ"]).exits(1).complains("population-size").says("1 error, 49 warnings");
}

#[test]
fn every_form_prints() {
    let bench = Bench::new();
    let file = example("cuba.circ");
    for form in ["ast", "hir", "types", "net", "kernel", "plan", "clif", "asm"] {
        let said = bench.circ(&["check", file.to_str().expect("a path"), &format!("--emit={form}")]).exits(0);
        assert!(!said.out.trim().is_empty(), "{form}");
    }
}

#[test]
fn fmt_is_stable() {
    let bench = Bench::new();
    let messy = "let   x=1+2 // three\ncell A{state v=0\n10 ms*v' = -v}\n";
    bench.file("a.circ", messy);
    bench.circ(&["fmt", "a.circ", "--check"]).exits(1).says("a.circ would change");
    assert_eq!(std::fs::read_to_string(bench.path("a.circ")).expect("a file"), messy);
    bench.circ(&["fmt", "a.circ"]).exits(0);
    bench.circ(&["fmt", "a.circ", "--check"]).exits(0);
    let formatted = std::fs::read_to_string(bench.path("a.circ")).expect("a file");
    assert!(formatted.contains("// three"), "{formatted}");
    bench.file("b.circ", "let x = = 1\n");
    bench.circ(&["fmt", "b.circ"]).exits(1);
    assert_eq!(std::fs::read_to_string(bench.path("b.circ")).expect("a file"), "let x = = 1\n");
}

#[test]
fn explain_a_rule_or_a_program() {
    let bench = Bench::new();
    bench.circ(&["explain", "empty-file"]).exits(0).says("# empty-file");
    bench.circ(&["explain", "empty-fil"]).exits(2).complains("did you mean `empty-file`?");
    bench.small("run 1 ms");
    bench.circ(&["explain", "small.circ"]).exits(0).says("v");
    bench.circ(&["explain", "other.circ"]).exits(4);
}

#[test]
fn explain_says_in_which_order_values_flow() {
    let bench = Bench::new();
    bench.file(
        "flows.circ",
        "cell A { port inn: real via sum; state x = 0; let y = x + inn; 10 ms * x' = y - x }
circuit N {
  population P: A[3]
  population Q: A[3]
  population R: A[3]
  projection second: Q -> R.inn { connect all_to_all; weight normal(0, 1); continuous w * pre.y }
  projection first: P -> Q.inn { connect all_to_all; weight 0.1; continuous w * pre.y }
  projection gap: P -> R.inn { connect all_to_all; continuous pre.x - post.x }
}
experiment Main of N { run 1 ms; expect mean(R.y) >= 0 }
",
    );
    let order = "Flows, one stage after the other at the end of each step\n  1: first, gap\n  2: second\n";
    let page = bench.circ(&["explain", "flows.circ"]).exits(0).says(order);
    page.says("second: all to all, delay 0 ms, a matrix, 4 bytes a synapse")
        .says("first: all to all, delay 0 ms, one sum for all targets")
        .says("gap: all to all, delay 0 ms, a matrix, 0 bytes a synapse");
}

#[test]
fn test_runs_every_experiment() {
    let bench = Bench::new();
    let experiments = "experiment A of Small { run 50 ms; expect count(E) > 0 }\nexperiment B of Small { run 1 ms; expect count(E) > 0 }\n";
    bench.file("a.circ", format!("{SMALL}\n{experiments}"));
    let said = bench.circ(&["test", "a.circ"]).exits(6);
    assert!(said.out.contains("✓ a.circ A") && said.out.contains("✗ a.circ B"), "{}", said.out);
    bench.file("b.circ", SMALL);
    bench.circ(&["test", "b.circ"]).exits(2);
    bench.circ(&["test", "b.circ", "nowhere.circ", "a.circ"]).exits(2);
}

#[test]
fn files_are_used_from_beside_and_from_the_library() {
    let bench = Bench::new();
    bench.file("cells.circ", SMALL);
    bench.file("a.circ", "use cells.Small\nexperiment Main of Small { run 1 ms }\n");
    bench.circ(&["run", "a.circ"]).exits(0);
    bench.file("b.circ", "use cels.Small\nexperiment Main of Small { run 1 ms }\n");
    bench.circ(&["run", "b.circ"]).exits(1).complains("unknown-file");
    bench.file("c.circ", "use std.cells.LifDelta\ncircuit N { population E: LifDelta[2] }\nexperiment Main of N { run 1 ms }\n");
    bench.circ(&["run", "c.circ"]).exits(0);
}
