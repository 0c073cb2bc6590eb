//! Constraints, held against the weights of the built network: read back, and added up here.

use circ::compile::{Options, compile};
use circ::results::Ended;
use circ::run::{Digest, EngineKind, RunOptions, Silent, Simulation};
use circ::sources;
use circ_suite::oracle;
use std::path::Path;
use std::sync::atomic::AtomicBool;

fn build(text: &str, on: oracle::Configuration) -> Simulation {
    let program = sources::parse("example.circ", text.to_string(), Path::new("."));
    let compiled = compile(program, &Options::default()).unwrap_or_else(|it| panic!("{}", oracle::show(&it)));
    let options =
        RunOptions { engine: on.0, threads: Some(on.1), digest: Digest::Leave, ..RunOptions::default() };
    Simulation::build(compiled, &options).unwrap_or_else(|it| panic!("{}", oracle::show(&it)))
}

/// Sums of the weights of a projection at each cell of a population.
fn sums(simulation: &Simulation, projection: &str, population: u32, cells: usize) -> Vec<f64> {
    let mut sums = vec![0.0; cells];
    for synapse in simulation.synapses(projection).expect("a list of synapses") {
        if synapse.target.0 == population {
            sums[synapse.target.1 as usize] += synapse.weight;
        }
    }
    sums
}

#[test]
fn the_balanced_example_has_the_ratio_in_every_cell() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/balanced.circ");
    let text = std::fs::read_to_string(path).expect("the example");
    for on in [(EngineKind::Interpreter, 1), (EngineKind::Jit, 1), (EngineKind::Jit, 3)] {
        let simulation = build(&text, on);
        for (population, cells) in [(0, 2000), (1, 500)] {
            let excitation = sums(&simulation, "from_E", population, cells);
            let inhibition = sums(&simulation, "from_I", population, cells);
            for (cell, (e, i)) in excitation.iter().zip(&inhibition).enumerate() {
                assert!((i / e / 2.0 - 1.0).abs() < 1e-6, "{on:?}: cell {cell} has {i} against {e}");
            }
        }
    }
}

#[test]
fn what_is_not_enforced_keeps_its_weights() {
    let net = |constraint: &str| {
        format!(
            "cell Cell {{ port exc: excitatory voltage via exponential(2 ms); state v = 0 mV; 10 ms * v' = exc - v
               spike when v >= 5 mV {{ v = 0 mV }} }}
             circuit Net {{
               population A: excitatory Cell[30]
               projection p: A -> A.exc {{ connect in_degree 5; weight uniform(1 mV, 2 mV); delay uniform(1 ms, 4 ms) }}
               constraints {{ {constraint} }}
             }}
             experiment Main of Net {{ run 1 ms }}"
        )
    };
    let (free, kept) = (net("dale"), net("enforce weight_sum(A[0 .. 10].exc) == 3 mV"));
    let free = build(&free, (EngineKind::Jit, 1)).synapses("p").expect("synapses");
    for on in oracle::ALL {
        let kept = build(&kept, on).synapses("p").expect("synapses");
        assert_eq!(free.len(), kept.len());
        for (free, kept) in free.iter().zip(&kept) {
            assert_eq!(
                (free.source, free.target, free.delay_ticks),
                (kept.source, kept.target, kept.delay_ticks)
            );
            assert_eq!(kept.target.1 < 10, free.weight != kept.weight);
        }
    }
}

#[test]
fn a_monitor_that_stops_ends_the_run_at_its_tick() {
    let text = "cell Cell { state v = 0 mV; v' = 1 mV/ms; spike when v >= 5 mV { v = 0 mV } }
      circuit Net { population A: Cell[2]; constraints { monitor rate(A over 4 ms) < 1 Hz else stop } }
      experiment Main of Net { run 100 ms; expect count(A) == 0 }";
    for on in oracle::ALL {
        let finished = build(text, on).run(&AtomicBool::new(false), &mut Silent);
        assert_eq!(finished.results.ended, Ended::Stopped);
        assert_eq!(finished.results.simulated_ms, 8.0, "{on:?}");
        assert_eq!(finished.results.expectations, []);
        assert_eq!(finished.results.monitors[0].breaches[0].time_ms, 8.0);
        assert_eq!(finished.spikes[0].spikes.len(), 2);
    }
}
