//! `circ run` where synapses learn: what is written of them.

mod common;

use common::Bench;

const LEARNS: &str = "cell Sink { port exc: excitatory voltage via exponential(5 ms)
  state v: voltage = 0 mV
  10 ms * v' = exc - v
  spike when v >= 1 V { v = 0 mV } }
plasticity Counts { param step: weight
  synapse seen: int = 0
  on pre { w += step; seen += 1 } }
circuit N {
  population S: excitatory SpikeTimes[2] { events = [(1 ms, 1), (2 ms, 1)] }
  population E: Sink[2]
  projection P: S -> E.exc {
    connect where pre.i <= post.i; weight 1 mV; delay 0.5 ms; plasticity Counts(step = 0.25 mV) } }
experiment Main of N {
  dt 0.5 ms
";

#[test]
fn synapses_are_recorded_by_their_number() {
    let bench = Bench::new();
    let protocol = "record P.w every 2 ms\nrecord P.seen[1 .. 3] every 1 ms\nrun 2.5 ms
      expect sum(at(P.w, 2 ms)) == 3.25 mV\nset P.w = 8 mV\nrun 2 ms\nexpect min(at(P.w, 4 ms)) == 8 mV }";
    bench.file("learns.circ", format!("{LEARNS}{protocol}"));
    let options = ["run", "learns.circ", "--engine", "interpreter", "--out", "out"];
    bench.circ(&options).exits(0);
    let traces = std::fs::read_to_string(bench.path("out/traces.csv")).expect("traces");
    let of = |start: &str| traces.lines().filter(|it| it.starts_with(start)).collect::<Vec<_>>();
    assert_eq!(of("P,2,w"), ["P,2,w,mV,0,1", "P,2,w,mV,2,1.25", "P,2,w,mV,4,8"]);
    assert_eq!(of("P,0,w"), ["P,0,w,mV,0,1", "P,0,w,mV,2,1", "P,0,w,mV,4,8"]);
    assert_eq!(of("P,0,seen"), Vec::<&str>::new());
    let seen = ["P,2,seen,,0,0", "P,2,seen,,1,0", "P,2,seen,,2,1", "P,2,seen,,3,2", "P,2,seen,,4,2"];
    assert_eq!(of("P,2,seen"), seen);
    let synapses = std::fs::read_to_string(bench.path("out/synapses.csv")).expect("synapses");
    let head = "projection,synapse,source,source_cell,target,target_cell";
    assert_eq!(synapses, format!("{head}\nP,0,S,0,E,0\nP,1,S,0,E,1\nP,2,S,1,E,1\n"));
    // Where nothing is recorded of synapses, the table of the run before is gone.
    bench.file("learns.circ", format!("{LEARNS}run 1 ms }}"));
    bench.circ(&options).exits(0);
    assert!(!bench.path("out/synapses.csv").exists());
}

#[test]
fn what_synapses_hold_belongs_to_the_digest() {
    let bench = Bench::new();
    let digest = |protocol: &str| {
        bench.file("learns.circ", format!("{LEARNS}{protocol} }}"));
        let options = ["run", "learns.circ", "--engine", "interpreter", "--json"];
        bench.circ(&options).exits(0).json()["digest"].as_str().expect("a digest").to_owned()
    };
    let as_it_is = digest("run 5 ms");
    assert_eq!(digest("run 2 ms\nrun 3 ms"), as_it_is);
    assert_ne!(digest("run 5 ms\nset P.seen where pre.i == 0 = 1"), as_it_is);
    assert_ne!(digest("run 5 ms\nset P.w where pre.i == 0 = 2 mV"), as_it_is);
}

#[test]
fn a_synapse_that_runs_away() {
    let bench = Bench::new();
    let squared = "seen += 1; grown = grown * grown";
    let learns =
        LEARNS.replace("seen += 1", squared).replace("int = 0\n", "int = 0\n  synapse grown = 1e200\n");
    bench.file("learns.circ", format!("{learns}run 5 ms }}"));
    let said = bench.circ(&["run", "learns.circ", "--engine", "interpreter"]).exits(3);
    let said = said.complains("not-finite");
    for part in ["of a synapse of `P`", "at 1.5 ms", "from `S[1]` to `E[1]`", "w = 1 mV", "grown = 1"] {
        assert!(said.err.contains(part), "{part} in {}", said.err);
    }
}

const MOVES: &str =
    "cell Sink { port exc: excitatory voltage via delta(v); state v: voltage = 0 mV; 10 ms * v' = -v
  spike when v >= 1 V { v = 0 mV } }
plasticity Moves { rewire every 1 ms { prune lowest 1 by w; grow pruned highest by pre.i + post.i } }
circuit N {
  population S: excitatory SpikeTimes[2] { events = [(1 ms, 1), (2 ms, 1)] }
  population E: Sink[2]
  projection P: S -> E.exc {
    connect where post.i == 0; weight 1 mV * (1 + pre.i); delay 0.5 ms; plasticity Moves } }
experiment Main of N {
  dt 0.5 ms
  record P.w every 0.5 ms
  run 2 ms
  plot P.w }
";

#[test]
fn synapses_that_come_and_go_are_recorded_by_pair() {
    let bench = Bench::new();
    bench.file("moves.circ", MOVES);
    bench.circ(&["run", "moves.circ", "--out", "out"]).exits(0);
    let traces = std::fs::read_to_string(bench.path("out/traces.csv")).expect("traces");
    let of = |start: &str| traces.lines().filter(|it| it.starts_with(start)).collect::<Vec<_>>();
    // 0 -> 0 becomes 1 -> 1 at 1 ms, and 1 -> 0 becomes 0 -> 1 at 2 ms, as the first of two equals.
    assert_eq!(of("P,0,w"), ["P,0,w,mV,0,1", "P,0,w,mV,0.5,1"]);
    assert_eq!(of("P,1,w"), ["P,1,w,mV,2,1"]);
    assert_eq!(of("P,2,w"), ["P,2,w,mV,0,2", "P,2,w,mV,0.5,2", "P,2,w,mV,1,2", "P,2,w,mV,1.5,2"]);
    assert_eq!(of("P,3,w"), ["P,3,w,mV,1,2", "P,3,w,mV,1.5,2", "P,3,w,mV,2,2"]);
    let synapses = std::fs::read_to_string(bench.path("out/synapses.csv")).expect("synapses");
    let head = "projection,synapse,source,source_cell,target,target_cell";
    assert_eq!(synapses, format!("{head}\nP,0,S,0,E,0\nP,1,S,0,E,1\nP,2,S,1,E,0\nP,3,S,1,E,1\n"));
    let drawn = std::fs::read_to_string(bench.path("out/plot-1.svg")).expect("a picture");
    assert!(drawn.contains("P[1 -&gt; 0]") || drawn.contains("P[1 -> 0]"), "{drawn}");
    // One report for all pairs that had a synapse.
    bench.circ(&["run", "moves.circ", "--out", "out", "--format", "sonata"]).exits(0);
    let files = std::fs::read_dir(bench.path("out")).expect("a folder");
    let names = files.map(|it| it.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut reports: Vec<String> = names.filter(|name| name.starts_with("traces.P")).collect();
    reports.sort();
    assert_eq!(reports, ["traces.P.w.h5"]);
}
