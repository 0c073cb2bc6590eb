//! What a closed loop costs: writing an input, one tick, and reading, of a circuit of few cells.

#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use circ::embed::{Live, Setup};
use circ::run::RunOptions;
use std::time::Instant;

const TICKS: u32 = 300_000;

fn main() {
    let text = "
        cell Unit { param x = 0; state v = 0; 10 ms * v' = x - v; spike when v >= 1 { v = 0 } }
        circuit One { population P: Unit[8] }
        experiment Host of One { dt 0.1 ms }
    ";
    let circuit = Setup::text(text).sets("P.x").compile().expect("a program without mistakes");
    let mut live = circuit.start(&RunOptions { threads: Some(1), ..RunOptions::default() }).expect("memory");
    let input = live.input("P.x", 0.0..=2.0).expect("an input");
    let (v, spikes) = (live.variable("P.v").expect("a state"), live.events("P.spike").expect("an event"));
    let mut step = |what: &str, turn: &mut dyn FnMut(&mut Live)| {
        let started = Instant::now();
        (0..TICKS).for_each(|_| turn(&mut live));
        println!("{what}: {:.3} us a tick", started.elapsed().as_secs_f64() * 1e6 / f64::from(TICKS));
    };
    step("step", &mut |live| live.step(1).expect("a tick"));
    step("write, step, read a slice", &mut |live| {
        live.write(&input, &[1.5; 8]).expect("written");
        live.step(1).expect("a tick");
        std::hint::black_box(live.slices(&v));
    });
    step("write, step, take events", &mut |live| {
        live.write(&input, &[1.5; 8]).expect("written");
        live.step(1).expect("a tick");
        std::hint::black_box(live.events_after(&spikes, live.tick() - 1));
    });
    let started = Instant::now();
    live.step(TICKS).expect("ticks");
    println!("many at once: {:.3} us a tick", started.elapsed().as_secs_f64() * 1e6 / f64::from(TICKS));
}
