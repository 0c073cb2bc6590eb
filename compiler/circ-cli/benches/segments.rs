//! Cells with dendrites, one thread: `cargo bench -p circ-cli --bench segments`. An item is a segment and a step.
//!
//! The same 10,000 cells of 20 segments are written with segments and as a point cell with numbered variables. A
//! segment decays exactly and passes through a sigmoid, so that it is bound by arithmetic. `segments_brian2.py` beside
//! this file is the same for Brian2.

use circ::compile::{Options, compile};
use circ::run::{Digest, RunOptions, Silent, Simulation};
use circ::sources;
use divan::Bencher;
use divan::counter::ItemsCount;
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;

const CELLS: usize = 10_000;
const SEGMENTS: usize = 20;
const STEPS: usize = 1000;

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 5)]
fn segments(bencher: Bencher) {
    let segment = "
          segment d[20] {
            param tau_d: time = uniform(20 ms, 40 ms)
            param drive: voltage = uniform(0 mV, 40 mV)
            state u: voltage = 0 mV
            tau_d * u' = drive - u
            let out: real = 1 / (1 + exp((k_half - u) / 4 mV))
          }";
    run(bencher, &program(segment, "sum(d.out)"));
}

#[divan::bench(sample_count = 5)]
fn numbered_variables(bencher: Bencher) {
    let mut variables = String::new();
    for k in 0..SEGMENTS {
        write!(
            variables,
            "
          param tau_{k}: time = uniform(20 ms, 40 ms)
          param drive_{k}: voltage = uniform(0 mV, 40 mV)
          state u_{k}: voltage = 0 mV
          tau_{k} * u_{k}' = drive_{k} - u_{k}
          let out_{k}: real = 1 / (1 + exp((k_half - u_{k}) / 4 mV))"
        )
        .expect("a string takes all");
    }
    let sum: Vec<String> = (0..SEGMENTS).map(|k| format!("out_{k}")).collect();
    run(bencher, &program(&variables, &format!("({})", sum.join(" + "))));
}

/// The program with a dendrite, and its sum.
fn program(dendrite: &str, sum: &str) -> String {
    format!(
        "
        cell Dendritic {{
          param tau = 20 ms
          param k_half = 20 mV
          {dendrite}
          state v: voltage = 0 mV
          tau * v' = -v + 2.5 mV * {sum}
          spike when v >= 20 mV {{ v = 0 mV }}
        }}
        circuit Bench {{ population cells: Dendritic[{CELLS}] }}
        experiment Main of Bench {{ run {STEPS} * dt }}
        "
    )
}

fn run(bencher: Bencher, text: &str) {
    let options = RunOptions { threads: Some(1), digest: Digest::Leave, ..RunOptions::default() };
    let built = || {
        let program = sources::parse("bench.circ", text.to_string(), Path::new("."));
        let compiled = compile(program, &Options::default()).expect("a program without mistakes");
        Simulation::build(compiled, &options).expect("enough memory")
    };
    bencher.counter(ItemsCount::new(CELLS * SEGMENTS * STEPS)).with_inputs(built).bench_local_values(
        |mut simulation| {
            let finished = simulation.run(&AtomicBool::new(false), &mut Silent);
            assert!(0 < finished.results.populations[0].spikes, "the cells fire");
            (simulation, finished)
        },
    );
}
