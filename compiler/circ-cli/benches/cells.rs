//! Cells of the library, one thread: `cargo bench -p circ-cli --bench cells`. An item is a cell and a step of 0.1 ms.
//!
//! 4000 cells each, driven by a constant current that differs from cell to cell, in both precisions: leaky
//! integrate-and-fire, adaptive exponential, Izhikevich's, Hodgkin and Huxley's, and two compartments (a soma with a
//! dendrite of one).

use circ::compile::{Options, compile};
use circ::run::{Digest, RunOptions, Silent, Simulation};
use circ::{Precision, sources};
use divan::Bencher;
use divan::counter::ItemsCount;
use std::path::Path;
use std::sync::atomic::AtomicBool;

const CELLS: usize = 4000;
const STEPS: usize = 1000;
const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::F64];

fn main() {
    divan::main();
}

#[divan::bench(args = PRECISIONS, sample_count = 10)]
fn lif(bencher: Bencher, precision: Precision) {
    run(bencher, precision, "cells.LifCurrent", "", "600 pA");
}

#[divan::bench(args = PRECISIONS, sample_count = 10)]
fn adex(bencher: Bencher, precision: Precision) {
    run(bencher, precision, "cells.AdEx", "", "1000 pA");
}

#[divan::bench(args = PRECISIONS, sample_count = 10)]
fn izhikevich(bencher: Bencher, precision: Precision) {
    run(bencher, precision, "cells.RegularSpiking", "", "10 mV/ms");
}

#[divan::bench(args = PRECISIONS, sample_count = 10)]
fn hodgkin_huxley(bencher: Bencher, precision: Precision) {
    run(bencher, precision, "cells.HodgkinHuxley", "", "300 pA");
}

#[divan::bench(args = PRECISIONS, sample_count = 10)]
fn two_compartments(bencher: Bencher, precision: Precision) {
    run(bencher, precision, "dendrites.BallAndStick", "n = 1", "200 pA");
}

fn run(bencher: Bencher, precision: Precision, cell: &str, parameter: &str, current: &str) {
    let name = cell.rsplit('.').next().unwrap_or(cell);
    let text = format!(
        "use std.{cell}
        circuit Bench {{
          population P: excitatory {name}[{CELLS}] {{ {parameter} }}
          drive current: {current} * (0.9 + 0.0001 * i) -> P.I
        }}
        experiment Main of Bench {{ dt 0.1 ms; record P.spike; run {STEPS} * dt }}
        "
    );
    let options = RunOptions { threads: Some(1), digest: Digest::Leave, ..RunOptions::default() };
    let built = || {
        let program = sources::parse("bench.circ", text.clone(), Path::new("."));
        let options_of = Options { precision: Some(precision), ..Options::default() };
        let compiled = compile(program, &options_of).expect("a program without mistakes");
        Simulation::build(compiled, &options).expect("enough memory")
    };
    bencher.counter(ItemsCount::new(CELLS * STEPS)).with_inputs(built).bench_local_values(
        |mut simulation| {
            let finished = simulation.run(&AtomicBool::new(false), &mut Silent);
            assert!(0 < finished.results.populations[0].spikes, "the cells fire");
            (simulation, finished)
        },
    );
}
