//! `circ run`: what it prints, what it writes, how it ends.

mod common;

use common::{Bench, SMALL, example, said};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

#[test]
fn well() {
    let bench = Bench::new();
    bench.small("run 100 ms\nreport rate(E)\nexpect rate(E) > 100 Hz");
    let said = bench.circ(&["run", "small.circ"]).exits(0).says("Main: 10 cells in 1 population");
    assert!(said.out.contains("✓ rate(E) > 100 Hz: "), "{}", said.out);
    assert!(!said.out.contains('\x1b'), "colour without a terminal");
}

#[test]
fn an_expectation_that_does_not_hold() {
    let bench = Bench::new();
    bench.small("run 100 ms\nexpect rate(E) < 1 Hz");
    bench.circ(&["run", "small.circ"]).exits(6).says("✗ rate(E) < 1 Hz: ");
    bench.circ(&["run", "small.circ", "--quiet"]).exits(6).says("✗");
    bench.circ(&["test", "small.circ"]).exits(6).says("✗");
}

#[test]
fn usage() {
    let bench = Bench::new();
    bench.small("run 1 ms");
    bench.circ(&["run"]).exits(2);
    bench.circ(&["jump"]).exits(2);
    bench.circ(&["run", "small.circ", "--set", "n"]).exits(2);
    bench.circ(&["run", "small.circ", "Other"]).exits(2).complains("it has `Main`");
}

#[test]
fn several_experiments_are_listed() {
    let bench = Bench::new();
    let text =
        format!("{SMALL}\nexperiment A of Small {{ run 1 ms }}\nexperiment B of Small {{ run 1 ms }}\n");
    bench.file("a.circ", text);
    bench.circ(&["run", "a.circ"]).exits(2).complains("`A`, `B`");
    bench.circ(&["run", "a.circ", "B"]).exits(0).says("B: 10 cells");
    bench.file("b.circ", SMALL);
    bench.circ(&["run", "b.circ"]).exits(2).complains("no experiment");
}

#[test]
fn a_state_that_runs_away() {
    let bench = Bench::new();
    let cell = "cell Runaway { state v: voltage = 1 mV; v' = v * v / (1 mV * 1 ms) }";
    bench.file("a.circ", format!("{cell}\ncircuit C {{ population E: Runaway[2] }}\nexperiment Main of C {{ record E.v\nrun 1 s }}\n"));
    let said = bench.circ(&["run", "a.circ", "--out", "out"]).exits(3).complains("not-finite");
    assert!(said.err.contains("E[0]") && said.err.contains("went in"), "{}", said.err);
    let traces = std::fs::read_to_string(bench.path("out/traces.csv")).expect("what was recorded is kept");
    assert!(10 < traces.lines().count());
    // Of a run that stopped half way through a tick there is no state to compare.
    let json = bench.circ(&["run", "a.circ", "--json"]).exits(3).json();
    assert_eq!(json["digest"], "");
}

#[test]
fn one_object_of_json_and_nothing_else() {
    let bench = Bench::new();
    bench.small("run 100 ms\nreport rate(E), count(E)\nexpect rate(E) in 1 Hz .. 1 kHz\nprint \"hello\"");
    let json = bench.circ(&["run", "small.circ", "--json", "--seed", "7"]).exits(0).json();
    let population = &json["populations"][0];
    assert_eq!(population["path"], "E");
    assert_eq!(population["cells"], 10);
    let spikes = population["spikes"].as_u64().expect("a count");
    assert!(0 < spikes);
    assert_eq!(population["rate_hz"].as_f64(), Some(spikes as f64));
    assert_eq!(json["seed"], 7);
    assert_eq!(json["engine"], "jit");
    assert_eq!(json["precision"], "f64");
    assert_eq!(json["synapses"], 0);
    assert_eq!(json["reports"][0]["unit"], "Hz");
    assert_eq!(json["reports"][0]["value"], population["rate_hz"]);
    assert_eq!(json["expectations"][0]["text"], "rate(E) in 1 Hz .. 1 kHz");
    assert_eq!(json["expectations"][0]["holds"], true);
    assert_eq!(json["prints"][0], "hello");
    assert_eq!(json["digest"].as_str().map(str::len), Some(64));
    for stage in ["check_ms", "compile_ms", "build_ms", "run_ms"] {
        assert!(json["timing"][stage].as_f64().is_some(), "{stage}");
    }
    let refused = bench.circ(&["run", "small.circ", "Other", "--json"]).exits(2).json();
    assert!(refused["error"].as_str().is_some_and(|text| text.contains("Main")));
}

#[test]
fn what_a_run_waited_for_is_said_and_repeated() {
    let bench = Bench::new();
    bench.small("run 1 s until count(E) >= 1\nrun 2 ms until count(E) >= 1000");
    let args = ["run", "small.circ", "--seed", "7"];
    let json = bench.circ(&[&args[..], &["--json"]].concat()).exits(0).json();
    let awaited = &json["awaited"];
    assert_eq!(awaited[0]["text"], "count(E) >= 1");
    assert_eq!(awaited[0]["met"], true);
    let met_ms = awaited[0]["time_ms"].as_f64().expect("a time");
    assert!(0.0 < met_ms && met_ms < 1000.0, "{met_ms}");
    assert_eq!(awaited[1]["met"], false);
    assert_eq!(awaited[1]["time_ms"], json["simulated_ms"]);
    let text = bench.circ(&[&args[..], &["--out", "results"]].concat()).exits(0).out;
    assert!(text.contains("until count(E) >= 1: at "), "{text}");
    assert!(text.contains("until count(E) >= 1000: not by "), "{text}");
    bench.circ(&["verify", "results/run.json"]).exits(0);
}

#[test]
fn engines_threads_and_seeds() {
    let bench = Bench::new();
    let file = example("cuba.circ");
    let file = file.to_str().expect("a path");
    let digest = |args: &[&str]| {
        let mut all = vec!["run", file, "--json", "--set", "duration=20ms"];
        all.extend(args);
        bench.circ(&all).json()["digest"].as_str().expect("a digest").to_string()
    };
    let reference = digest(&["--engine", "interpreter"]);
    for threads in ["1", "2", "3"] {
        assert_eq!(digest(&["--threads", threads]), reference, "{threads} threads");
    }
    assert_ne!(digest(&["--seed", "1"]), reference);
}

#[test]
fn parameters_are_set() {
    let bench = Bench::new();
    bench.small("run 1 ms");
    let json = bench.circ(&["run", "small.circ", "--json", "--set", "n=3"]).exits(0).json();
    assert_eq!(json["populations"][0]["cells"], 3);
    bench.circ(&["run", "small.circ", "--set", "m=3"]).exits(1).complains("`m`");
    bench.circ(&["run", "small.circ", "--set", "n=3 +"]).exits(1);
    bench.circ(&["run", "small.circ", "--set", "n=3 mV"]).exits(1);
}

#[test]
fn tables_and_a_manifest_that_repeats() {
    let bench = Bench::new();
    bench.small("record E.spike\nrecord E[0..2].v every 1 ms\nrun 50 ms\nreport rate(E)");
    bench.circ(&["run", "small.circ", "--out", "out", "--seed", "3"]).exits(0);
    let spikes = std::fs::read_to_string(bench.path("out/spikes.csv")).expect("spikes");
    assert!(spikes.starts_with("population,cell,time_ms\nE,0,"), "{spikes}");
    let traces = std::fs::read_to_string(bench.path("out/traces.csv")).expect("traces");
    assert!(
        traces.starts_with("population,cell,variable,unit,time_ms,value\nE,0,v,mV,0,0\nE,1,v,mV,0,0\n"),
        "{traces}"
    );
    assert_eq!(traces.lines().count(), 1 + 2 * 51);
    let left: Vec<_> = std::fs::read_dir(bench.path("out")).expect("a folder").collect();
    assert_eq!(left.len(), 7, "three files, and two pictures in two formats: {left:?}");

    bench.circ(&["verify", "out/run.json"]).exits(0).says("bit for bit");
    bench.circ(&["verify", "out/run.json", "--engine", "interpreter", "--threads", "2"]).exits(0);
    bench.small("record E.spike\nrun 51 ms");
    bench.circ(&["verify", "out/run.json"]).exits(6).complains("not the text");
    bench.file("out/run.json", "{}");
    bench.circ(&["verify", "out/run.json"]).exits(4).complains("not a manifest");
}

#[test]
fn later_runs_and_settings() {
    let bench = Bench::new();
    bench.small(
        "run 100 ms\nlet before = rate(E)\nset E.drive_to = 5 mV\nrun 100 ms\nexpect rate(E) == 0 Hz\n\
         expect before > 0 Hz\nset E.drive_to = 20 mV\nrecord E.v every 1 ms\nrun 100 ms\n\
         expect at(E[3].v, 201 ms) > 5 mV\nexpect rate(E over 0 ms .. 100 ms) == before",
    );
    bench.circ(&["run", "small.circ"]).exits(0);
    bench.circ(&["run", "small.circ", "--engine", "interpreter"]).exits(0);
}

#[test]
fn what_a_protocol_can_not_do() {
    let bench = Bench::new();
    for (statements, rule) in [
        ("run 0.15 ms", "off-grid"),
        ("run -1 ms", "negative-duration"),
        ("run 1000000 h", "duration-too-long"),
        ("report rate(E)", "window-outside"),
        ("run 1 ms\nreport rate(E over 5 ms)", "window-outside"),
        ("run 1 ms\nreport at(E[0].v, 1 ms)", "not-recorded"),
    ] {
        bench.small(statements);
        bench.circ(&["run", "small.circ"]).exits(1).complains(rule);
    }
}

#[cfg(unix)]
#[test]
fn interrupted_in_the_middle() {
    for signal in ["-INT", "-TERM"] {
        let bench = Bench::new();
        bench.small("record E.spike\nprint \"begun\"\nrun 10000 s");
        let mut child = piped(bench.command(&["run", "small.circ", "--out", "out"]));
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        while line.trim() != "begun" {
            line.clear();
            assert!(out.read_line(&mut line).expect("text") > 0, "circ does not begin");
        }
        send(signal, &child);
        std::io::copy(&mut out, &mut std::io::sink()).expect("text");
        said(child.wait_with_output().expect("circ ends")).exits(5).complains("interrupted after");
        let spikes =
            std::fs::read_to_string(bench.path("out/spikes.csv")).expect("what was recorded is kept");
        assert!(spikes.starts_with("population,cell,time_ms\n"));
        let manifest = std::fs::read_to_string(bench.path("out/run.json")).expect("a manifest");
        assert!(manifest.contains("\"interrupted\""), "{manifest}");
        bench.circ(&["verify", "out/run.json"]).exits(2).complains("did not reach its end");
    }
}

/// Before a run there is nothing to keep, so the process ends at once, however long it would take to get there.
#[cfg(unix)]
#[test]
fn interrupted_before_anything_is_recorded() {
    for args in
        [&["check", "/dev/stdin"][..], &["run", "/dev/stdin", "--out", "out"], &["test", "/dev/stdin"]]
    {
        let bench = Bench::new();
        let mut child = piped(bench.command(args));
        let mut program = child.stdin.take().expect("a pipe");
        // More than a pipe holds: once it is written, circ is reading, and waits for the rest.
        program.write_all(&vec![b'\n'; 1 << 20]).expect("circ reads");
        send("-INT", &child);
        said(child.wait_with_output().expect("circ ends")).exits(5);
        assert!(!bench.path("out").exists());
        drop(program);
    }
}

#[cfg(unix)]
fn piped(mut command: Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("circ starts")
}

#[cfg(unix)]
fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

#[test]
fn a_run_that_comes_to_nothing_leaves_nothing() {
    let bench = Bench::new();
    bench.small("run 1 ms");
    bench.circ(&["run", "small.circ", "--set", "n=0", "--out", "out"]).exits(1);
    assert!(!bench.path("out").exists());
}

#[cfg(unix)]
#[test]
fn nobody_reads_on() {
    let bench = Bench::new();
    let file = bench.small("run 100 ms");
    let script = format!("'{}' run '{}' | true", env!("CARGO_BIN_EXE_circ"), file.display());
    let output =
        std::process::Command::new("bash").args(["-o", "pipefail", "-c", &script]).output().expect("a shell");
    let said = said(output);
    assert!(said.err.is_empty(), "{}", said.err);
}

#[test]
fn draws_of_a_parameter_keep_to_its_range() {
    let bench = Bench::new();
    let cells = "cell C { param a in 0 mV .. 10 mV = 3 mV }\n";
    for (value, code) in
        [("normal(5 mV, 3 mV)", 1), ("redraw(normal(5 mV, 3 mV), 0 mV, 10 mV)", 0), ("i * 1 mV", 1)]
    {
        let circuit = format!("circuit N {{ population A: C[40] {{ a = {value} }} }}\n");
        bench.file("a.circ", format!("{cells}{circuit}experiment Main of N {{ run 1 ms }}\n"));
        let ran = bench.circ(&["run", "a.circ", "--quiet"]).exits(code);
        if code != 0 {
            ran.complains("out-of-range");
        }
    }
}

#[test]
fn what_is_set_is_a_number_that_has_a_meaning() {
    let bench = Bench::new();
    let cells = "cell C { param g = 1\n port p: real via sum\n state n = 0\n on tick { n += g * p } }\n";
    let circuit = "circuit N { population A: C[2]\n drive d: poisson(5 Hz) -> A.p { weight 1 } }\n";
    for (set, rule) in [
        ("d = -5 Hz", "negative-rate"),
        ("d = 0 Hz / 0", "divide-by-zero"),
        ("A.g = 0 / 0", "divide-by-zero"),
        ("A.g = mean(A.n) / mean(A.n)", "not-a-number"),
    ] {
        bench.file("a.circ", format!("{cells}{circuit}experiment Main of N {{ set {set}\n run 1 ms }}\n"));
        bench.circ(&["run", "a.circ"]).exits(1).complains(rule);
    }
}
