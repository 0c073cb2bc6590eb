//! The forms in which messages are printed, and what is done about them.

mod common;

use common::Bench;

/// A mistake behind a tab and two characters of two bytes, on a line that ends with CR LF.
const FAR: &str = "let a = 1\r\n\tlet b = /* \u{b5}\u{3a9} */ 20 mV + 3 ms\r\n";

#[test]
fn every_form_speaks_of_the_same_place() {
    let bench = Bench::new();
    bench.file("a.circ", FAR);
    let plain = bench.circ(&["check", "a.circ", "--format=plain"]).exits(1);
    assert!(plain.out.starts_with("a.circ:2:19-2:31: error[unit-mismatch]: "), "{}", plain.out);
    let json = bench.circ(&["check", "a.circ", "--format=json"]).exits(1).json();
    assert_eq!((&json[0]["start"]["line"], &json[0]["start"]["column"]), (&2.into(), &19.into()));
    assert_eq!(json[0]["start"]["byte"], FAR.find("20 mV").expect("there"));
    assert_eq!(json[0]["labels"].as_array().map(Vec::len), Some(2));
    let human = bench.circ(&["check", "a.circ"]).exits(1);
    assert!(human.err.contains("a.circ:2:19 "), "{}", human.err);
}

#[test]
fn a_line_says_all_in_the_form_for_editors() {
    let bench = Bench::new();
    bench.file("a.circ", "let tau_m = 20 ms\nlet b = tau_n\n");
    let said = bench.circ(&["check", "a.circ", "--format=plain"]).exits(1);
    assert_eq!(
        said.out,
        "a.circ:2:9-2:14: error[unknown-name]: there is no `tau_n` here\n  a.circ:2:9-2:14: not declared\n  help: did you mean `tau_m`?\n"
    );
}

#[test]
fn every_mistake_of_several_files_is_said_in_one_go() {
    let bench = Bench::new();
    bench.file(
        "cells.circ",
        "cell Lif {\n  param tau = 20 mV\n  state v = 1 mV\n  tau * v' = -v\n}\nlet a = b\n",
    );
    bench.file("sheet.circ", "use cells.Lif\ncircuit Sheet() {\n  population A: Lif[5 ms]\n}\n");
    bench.file(
        "main.circ",
        "use sheet.Sheet\nlet x = 3 mV + 2 ms\ncircuit All() {\n  part s: Shet()\n}\nexperiment Main of All { run 1 }\n",
    );
    let said = bench.circ(&["check", "main.circ", "--format=plain"]).exits(1);
    let firsts: Vec<&str> = said.out.lines().filter(|line| !line.starts_with(' ')).collect();
    let places: Vec<&str> = firsts.iter().filter_map(|line| line.split('-').next()).collect();
    let due = [
        "main.circ:2:9",
        "main.circ:4:11",
        "main.circ:6:30",
        "./sheet.circ:3:21",
        "./cells.circ:2:15",
        "./cells.circ:6:9",
    ];
    for place in due {
        assert!(places.iter().filter(|it| **it == place).count() == 1, "{place} in {}", said.out);
    }
    assert_eq!(places.len(), due.len(), "{}", said.out);
}

#[test]
fn a_file_that_is_not_there_is_a_message_too() {
    let json = Bench::new().circ(&["check", "nowhere.circ", "--json"]).exits(4).json();
    assert_eq!(json[0]["message"], "there is no file `nowhere.circ`");
}

#[test]
fn what_is_certain_is_mended_in_the_file() {
    let bench = Bench::new();
    let path = bench.file("a.circ", "let tau_m = 20. ms\nlet b = tau_n\nlet c = nothing\n");
    let said = bench.circ(&["check", "a.circ", "--fix"]).exits(1);
    assert!(said.err.contains("mended a.circ:1:13: write `20.0 ms`"), "{}", said.err);
    let text = std::fs::read_to_string(&path).expect("text");
    assert_eq!(text, "let tau_m = 20.0 ms\nlet b = tau_m\nlet c = nothing\n");
    assert_eq!(
        bench.circ(&["check", "a.circ", "--fix", "--json"]).exits(1).json()[0]["rule"],
        "unknown-name"
    );
    assert_eq!(std::fs::read_to_string(&path).expect("text"), text);
}

#[test]
fn data_outside_is_read_only_if_that_is_allowed() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("inner")).expect("a folder");
    bench.file("data.csv", "x\n1\n2\n");
    bench.file("inner/a.circ", "data x: real[2] = load(\"../data.csv\")\ncircuit C { let y = x[0] }\n");
    let said = bench.circ(&["check", "inner/a.circ"]).exits(1);
    assert!(said.err.contains("--allow-read"), "{}", said.err);
    for allowed in ["data.csv", "."] {
        bench.circ(&["check", "inner/a.circ", "--allow-read", allowed]).exits(0);
    }
    bench.circ(&["check", "inner/a.circ", "--allow-read", "inner"]).exits(1);
}

#[cfg(unix)]
#[test]
fn a_link_leads_no_further_than_a_path() {
    let bench = Bench::new();
    bench.file("data.csv", "x\n1\n2\n");
    let inner = bench.path("inner");
    std::fs::create_dir(&inner).expect("a folder");
    bench.file("inner/a.circ", "data x: real[2] = load(\"link.csv\")\ncircuit C { let y = x[0] }\n");
    std::os::unix::fs::symlink(bench.path("data.csv"), inner.join("link.csv")).expect("a link");
    let said = bench.circ(&["check", "inner/a.circ"]).exits(1);
    assert!(said.err.contains("leads out of the folder"), "{}", said.err);
    bench.circ(&["check", "inner/a.circ", "--allow-read", "data.csv"]).exits(0);
}

#[test]
fn a_warning_is_said_once_where_the_network_can_not_be_built() {
    let bench = Bench::new();
    let program = "cell Cell {
  param idle = 1
  port exc: excitatory voltage via delta(v)
  state v = 0 mV
  10 ms * v' = -v
  spike when v >= 10 mV { v = 0 mV }
}
circuit C() {
  population A: Cell[100]
  projection p: A -> A.exc { connect probability 0.1; weight 2 mV }
  constraints { require in_degree(A -> A) in 90 .. 100 }
}
experiment Main of C { run 1 ms }
";
    bench.file("a.circ", program);
    let said = bench.circ(&["run", "a.circ"]).exits(1);
    let count = |rule: &str| said.err.matches(rule).count();
    assert_eq!((count("[unused-parameter]"), count("[require-fails]")), (1, 1), "{}", said.err);
    let json = bench.circ(&["run", "a.circ", "--json"]).exits(1).json();
    assert_eq!(json["diagnostics"].as_array().map(Vec::len), Some(2));
}
