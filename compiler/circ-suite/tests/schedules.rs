//! Machine code makes the operations of cells in several orders (`circ::run::Schedule`): one loop, passes over blocks of
//! cells, or quiet tiles first. All give the bits of the interpreter, on 1, 2 and 3 threads.

use circ::compile::{Compiled, Options, compile};
use circ::explain::explain;
use circ::results::Results;
use circ::run::{EngineKind, RunOptions, Schedule};
use circ::sources;
use circ_suite::generate::{folder, generate};
use circ_suite::oracle::{carry_out, carry_out_as, compare, show};

const SCHEDULES: [Schedule; 3] = [Schedule::Loop, Schedule::Blocks, Schedule::Tiles];

fn compiled(name: &str, text: &str) -> Compiled {
    let program = sources::parse(name, text.to_string(), &folder());
    compile(program, &Options::default()).unwrap_or_else(|rejection| panic!("{}\n{text}", show(&rejection)))
}

fn on(text: &str, schedule: Schedule, threads: usize) -> Result<Results, String> {
    let run = RunOptions { threads: Some(threads), schedule, ..RunOptions::default() };
    carry_out_as(compiled("schedules.circ", text), &run)
}

/// Compares all schedules with the meaning; says whether some population could be made in blocks.
#[track_caller]
fn all_agree(what: &str, text: &str) -> bool {
    let meaning = carry_out(compiled("schedules.circ", text), (EngineKind::Interpreter, 1));
    let meaning = meaning.unwrap_or_else(|error| panic!("{what}: {error}\n{text}"));
    for schedule in SCHEDULES {
        for threads in 1..=3 {
            let found = on(text, schedule, threads).unwrap_or_else(|error| panic!("{what}: {error}\n{text}"));
            if let Err(error) = compare(&meaning, &found) {
                panic!("{what}, {schedule:?}: {error}\n{text}");
            }
        }
    }
    explain(&compiled("schedules.circ", text)).contains(" in blocks")
}

#[test]
fn generated_programs_agree_in_every_schedule() {
    let blocks = (5000..5030).filter(|seed| all_agree(&format!("seed {seed}"), &generate(*seed))).count();
    assert!(8 < blocks, "{blocks} programs with blocks");
}

/// Two populations of cells that excite and inhibit each other; some hundred, so that blocks have ends.
fn network(cell: &str, parameters: &str, weights: [&str; 2], precision: &str) -> String {
    let [exc, inh] = weights;
    let population = |name: &str, kind: &str, cells: u32| {
        format!(
            "  population {name}: {kind} {cell}[{cells}] {{\n    v = normal(-62 mV, 6 mV)\n    {parameters}\n  }}\n"
        )
    };
    format!(
        "use std.cells.{cell}\n\
         circuit Net {{\n{}{}  \
         projection from_E: E -> (E, I).exc {{ connect probability 0.05; weight {exc}; delay 0.5 ms }}\n  \
         projection from_I: I -> (E, I).inh {{ connect probability 0.1; weight {inh}; delay 0.3 ms }}\n}}\n\
         experiment Main of Net {{\n  dt 0.1 ms\n  seed 3\n  precision {precision}\n  \
         record E.spike, I.spike, E.v every 1 ms\n  run 60 ms\n  expect rate(E) > 1 Hz\n}}\n",
        population("E", "excitatory", 277),
        population("I", "inhibitory", 70),
    )
}

#[test]
fn cells_of_the_library_agree_in_every_schedule() {
    for precision in ["f64", "f32"] {
        for (cell, parameters, weights) in [
            ("HodgkinHuxley", "", ["6 nS", "67 nS"]),
            ("AdEx", "E_L = -45 mV\n    t_ref = 1 ms", ["4 nS", "10 nS"]),
            ("LifConductance", "E_L = -49 mV", ["6 nS", "67 nS"]),
        ] {
            let text = network(cell, parameters, weights, precision);
            assert!(all_agree(cell, &text), "{cell} has functions for blocks");
        }
    }
}

#[test]
fn linear_cells_of_the_library_agree_in_every_schedule() {
    for precision in ["f64", "f32"] {
        for (cell, weights) in [("LifCurrent", ["60 pA", "300 pA"]), ("LifDelta", ["1 mV", "5 mV"])] {
            let rest = if cell == "LifCurrent" { "E_L = -49 mV" } else { "E_L = 40 mV" };
            let text = network(cell, rest, weights, precision);
            all_agree(cell, &text);
        }
    }
}

/// Of two currents one that nothing reaches, which then only decays.
#[test]
fn cells_with_a_port_that_nothing_reaches_agree_in_every_schedule() {
    for precision in ["f64", "f32"] {
        let text = format!(
            "use std.cells.LifCurrent\n\
             circuit Net {{\n  population E: excitatory LifCurrent[277] {{\n    v = normal(-52 mV, 6 mV)\n    inh = 90 pA\n    \
             tau_inh = 20 ms\n  }}\n  \
             projection P: E -> E.exc {{ connect probability 0.05; weight 300 pA; delay 0.5 ms }}\n}}\n\
             experiment Main of Net {{\n  dt 0.1 ms\n  seed 3\n  precision {precision}\n  \
             record E.spike, E.v, E.inh every 1 ms\n  run 60 ms\n  expect rate(E) > 1 Hz\n}}\n",
        );
        all_agree("a port that nothing reaches", &text);
    }
}
