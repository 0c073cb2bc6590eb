//! Cells of the library and shapes of ports, against closed forms.

use super::*;
use circ_numerics::math::{exp, log};

const LIF: &str = "
  param tau_m = 20 ms
  param E_L = -49 mV
  param V_th = -50 mV
  param V_reset = -60 mV
  param t_ref = 5 ms
  port exc: excitatory voltage via exponential(5 ms)
  port inh: inhibitory voltage via exponential(10 ms)
  state v: voltage = V_reset
  tau_m * v' = E_L - v + exc - inh
  spike when v >= V_th { v = V_reset; refractory t_ref hold v }
";

#[test]
fn a_membrane_is_exact_and_fires_on_time() {
    let mut run = Run::new(&one_cell(LIF, 1, ""));
    assert_eq!(run.methods(), ["exc: exact", "inh: exact", "v: exact"]);
    near(run.to(100).value("v"), -49.0 - 11.0 * exp(-0.5), 1e-12);
    // From -60 mV to -50 mV: 20 ms * log(11) = 47.96 ms, so at tick 480; then ticks 481 .. 530 are silent.
    run.to(530);
    assert_eq!(run.ticks("spike"), [480]);
    assert_eq!(run.value("v"), -60.0);
    assert!(-60.0 < run.to(531).value("v"));
    run.to(480 + 50 + 480);
    assert_eq!(run.ticks("spike"), [480, 1010]);
}

#[test]
fn what_is_constant_is_not_computed_in_the_step() {
    let drives =
        "drive a: poisson(1 kHz) -> P.exc { weight 1 mV }\ndrive b: poisson(1 kHz) -> P.inh { weight 1 mV }";
    let run = Run::new(&one_cell(LIF, 1, drives));
    let ops = &run.programs().step.ops;
    let dear =
        ops.iter().filter(|op| matches!(op, Op::Expm { .. } | Op::Call1(..) | Op::Div(..) | Op::Round(_)));
    assert_eq!(dear.count(), 0);
    assert!(ops.len() < 34, "{}", ops.len());
}

#[test]
fn ports_peak_at_one_unit() {
    let peak = 6.0 * 2.0 / (6.0 - 2.0) * log(3.0);
    for (shape, at_tick, tolerance) in [
        ("exponential(4 ms)", 0, 1e-15),
        ("alpha(4 ms)", 40, 1e-12),
        ("biexponential(4 ms, 4 ms)", 40, 1e-12),
        // The peak lies 0.004 ms before the tick.
        ("biexponential(2 ms, 6 ms)", (peak * 10.0).round() as i64, 1e-4),
        ("biexponential(6 ms, 2 ms)", (peak * 10.0).round() as i64, 1e-4),
    ] {
        let cell = format!("port g: real via {shape}");
        let mut run = Run::new(&one_cell(&cell, 1, "drive d: times([1 ms]) -> P.g { weight 3 }"));
        near(run.to(10 + at_tick).value("g"), 3.0, tolerance);
    }
}

#[test]
fn assigning_a_port_sets_its_value_and_ends_its_rise() {
    let cell = "port g: real via alpha(4 ms)\nevent half when t >= 3 ms and t < 3.05 ms { g = 1 }";
    let mut run = Run::new(&one_cell(cell, 1, "drive d: times([1 ms]) -> P.g { weight 3 }"));
    near(run.to(30).value("g"), 1.0, 0.0);
    near(run.to(70).value("g"), exp(-1.0), 1e-12);
}

#[test]
fn arrivals_at_a_held_state_are_lost() {
    let cell = "
      port up: voltage via delta(v)
      port down: voltage via delta(-v)
      state v: voltage = 0 mV
      20 ms * v' = -v
      spike when v >= 10 mV { v = 0 mV; refractory 2 ms hold v }";
    let drives = "drive a: times([1 ms]) -> P.up { weight 12 mV }
      drive b: times([2 ms]) -> P.up { weight 5 mV }
      drive c: times([4 ms]) -> P.down { weight 5 mV }";
    let mut run = Run::new(&one_cell(cell, 1, drives));
    run.to(10);
    assert_eq!(run.ticks("spike"), [10]);
    assert_eq!(run.to(30).value("v"), 0.0);
    assert_eq!(run.to(40).value("v"), -5.0);
}

/// One cell of the library with a constant current.
fn library(cell: &str, settings: &str, current: &str) -> Run {
    Run::new(&format!(
        "use std.cells.{cell}\ncircuit K {{\npopulation P: {cell} {{ {settings} }}\ndrive d: {current} -> P.I\n}}\nexperiment Main of K {{ dt 0.1 ms; run 1 ms }}\n"
    ))
}

#[test]
fn cells_of_the_library_take_the_methods_that_suit_them() {
    let coba = library("LifConductance", "", "0 pA");
    assert_eq!(coba.methods(), ["exc: exact", "inh: exact", "v: exponential Euler"]);
    let current = library("LifAlpha", "", "0 pA");
    assert_eq!(current.methods(), ["exc: exact", "inh: exact", "v: exact"]);
    let hh = library("HodgkinHuxley", "", "0 pA");
    let gates =
        ["v: exponential Euler", "m: exponential Euler", "h: exponential Euler", "n: exponential Euler"];
    assert_eq!(hh.methods(), [&["exc: exact", "inh: exact"], &gates[..]].concat());
    let rk2 = "Runge–Kutta of order 2";
    let adex = library("AdEx", "", "0 pA");
    assert_eq!(adex.methods()[2..], [format!("v: {rk2}"), format!("w: {rk2}")]);
    let izhikevich = library("Izhikevich", "", "0 mV/ms");
    assert_eq!(izhikevich.methods(), [format!("v: {rk2}"), format!("u: {rk2}")]);
    let gif = library("Gif", "", "0 pA");
    assert!(gif.methods().iter().all(|m| m.ends_with(": exact")), "{:?}", gif.methods());
}

#[test]
fn cells_of_the_library_fire() {
    // Spikes in a second: HH 71, AdEx 31 by an independent Euler integration with steps of 0.5 us;
    // Izhikevich 23 (figure 2 of 2003). Steps of 0.1 ms, as here, cost Hodgkin–Huxley a few.
    for (cell, current, least, most) in [
        ("HodgkinHuxley", "400 pA", 64, 73),
        ("AdEx", "1000 pA", 30, 32),
        ("Izhikevich", "10 mV/ms", 22, 24),
        ("LifCurrent", "500 pA", 30, 90),
    ] {
        let mut run = library(cell, "", current);
        run.to(10_000);
        let spikes = run.ticks("spike").len();
        assert!((least..=most).contains(&spikes), "{cell}: {spikes} spikes");
    }
}

#[test]
fn a_current_step_moves_a_linear_cell_exactly() {
    // C v' = C / tau (E - v) + I: v = E + R I (1 - exp(-t / tau)), R = tau / C = 40 MOhm.
    let mut run = library("LifCurrent", "", "200 pA");
    near(run.to(50).value("v"), -65.0 + 8.0 * (1.0 - exp(-0.5)), 1e-12);
}

#[test]
fn parameters_are_slots_or_arrays() {
    let cell = "
      param a = 2
      param b = 3 * a
      param c = uniform(0, 1)
      param d = 2 * c
      param e = b + i
      state x = d + e";
    let mut run = Run::new(&one_cell(cell, 3, ""));
    run.to(0);
    let roles: Vec<&str> = run.lowered.plan.populations[0].uniforms.iter().map(|u| u.name.as_str()).collect();
    assert_eq!(roles, ["a", "b"]);
    assert_eq!(run.all("e"), [6.0, 7.0, 8.0]);
    let (c, x) = (run.all("c"), run.all("x"));
    for k in 0..3 {
        near(x[k], 2.0 * c[k] + 6.0 + k as f64, 1e-15);
        let counter = circ_numerics::random::Counter { entity: k as u32, partner: 0, tick: 0, salt: 0 };
        let key = circ_numerics::random::key(0, "P.c");
        assert_eq!(c[k], circ_numerics::random::draw(Distribution::Uniform, [0.0, 1.0], key, counter));
    }
}

#[test]
fn rows_and_columns_count_row_major() {
    let source = "cell C { param r = row; param q = col; param n = size; state x = 0 }
      circuit K { population P: C[2, 3] }
      experiment Main of K { run 1 ms }";
    let mut run = Run::new(source);
    run.to(0);
    assert_eq!(run.all("r"), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    assert_eq!(run.all("q"), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
    assert_eq!(run.all("n"), [6.0; 6]);
}

#[test]
fn single_precision_is_single() {
    let source = one_cell(LIF, 1, "").replace("dt 0.1 ms", "dt 0.1 ms; precision f32");
    let mut run = Run::new(&source);
    let v = run.to(100).value("v");
    assert_eq!(v, f64::from(v as f32));
    near(v, -49.0 - 11.0 * exp(-0.5), 1e-3);
}

#[test]
fn noise_with_one_source_is_one_noise() {
    let cell = "
      state x = 0
      state y = 0
      state z = 0
      10 ms * x' = -x + sqrt(20 ms) * xi
      10 ms * y' = -y + 2 * sqrt(20 ms) * xi
      10 ms * z' = -z + sqrt(20 ms) * xi(1)";
    let mut run = Run::new(&one_cell(cell, 2, ""));
    assert_eq!(run.methods().len(), 3);
    run.to(20);
    near(run.value("y"), 2.0 * run.value("x"), 1e-14);
    assert_ne!(run.value("z"), run.value("x"));
    assert_ne!(run.all("x")[0], run.all("x")[1]);
}
