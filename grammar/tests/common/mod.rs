//! Programs that hold every construct of the language.
#![allow(dead_code)]

use circ_grammar::ast::FileId;
use circ_grammar::{SyntaxError, parse};
use std::fmt::Write;

/// The mistakes in `text`, a line each: place, rule, message, help.
pub fn report(text: &str) -> String {
    let mut out = String::new();
    for error in parse(FileId(0), text).errors {
        let _ = write!(out, "{} [{}] {}", place(text, &error), error.rule, error.message);
        if let Some(help) = &error.help {
            let _ = write!(out, " | {help}");
        }
        out.push('\n');
    }
    out
}

fn place(text: &str, error: &SyntaxError) -> String {
    let of = |byte: u32| {
        let before = &text[..byte as usize];
        let line = before.matches('\n').count() + 1;
        format!("{line}:{}", before.chars().rev().take_while(|letter| *letter != '\n').count() + 1)
    };
    format!("{}-{}", of(error.span.start), of(error.span.end))
}

/// Every program below.
pub const PROGRAMS: [&str; 6] = [CUBA, CELLS, RULES, CIRCUITS, EXPERIMENTS, ODDITIES];

pub const CUBA: &str = r#"//! Sparse random network of Vogels & Abbott (2005), current-based.

/// Leaky integrate-and-fire cell with two exponential synaptic drives.
cell Lif {
  param tau_m   = 20 ms
  param E_L     = -49 mV
  param V_th    = -50 mV
  param V_reset = -60 mV
  param t_ref   = 5 ms

  port exc: excitatory voltage via exponential(5 ms)
  port inh: inhibitory voltage via exponential(10 ms)

  state v: voltage = uniform(V_reset, V_th)
  tau_m * v' = E_L - v + exc - inh

  spike when v >= V_th {
    v = V_reset
    refractory t_ref hold v
  }
}

circuit Cuba(n_exc: int = 3200, n_inh: int = 800, p = 0.02) {
  population E: excitatory Lif[n_exc]
  population I: inhibitory Lif[n_inh]

  projection from_E: E -> (E, I).exc {
    connect probability p
    weight  1.62 mV
    delay   0.1 ms
  }
  projection from_I: I -> (E, I).inh {
    connect probability p
    weight  9 mV
    delay   0.1 ms
  }

  constraints {
    dale
    require size(E) == 4 * size(I)
    monitor rate(E) in 0.5 Hz .. 50 Hz
  }
}

experiment Main(duration = 1 s) of Cuba {
  dt   0.1 ms
  seed 42
  record E.spike, I.spike
  record E[0..5].v every 1 ms
  run duration
  expect rate(E) in 3 Hz .. 15 Hz
  expect cv_isi(E) > 0.5
}
"#;

pub const CELLS: &str = r#"use std.cells.{Lif, AdEx}
use columns.Column                       // columns.circ beside this file
use std.cells
use std.plasticity.{Oja, Bcm}
use std.cell
let K: int[2] = [1600, 1500]             // constants and tables at top level
data x: real[1797, 64] = load("digits.npy")
fn gate(v: voltage, slope: voltage = 5 mV) -> real = 1 / (1 + exp(-v / slope))

/// A cell
/// with everything.
@allow(unused-parameter, unused-state)
cell All: Lif {
  param a: time in 1 ms .. 100 ms = 20 ms
  param b in 0 .. 1 = 0.5
  param g: conductance / area = 10 nS/cm^2
  param q: real[2, 3] = [[1, 2, 3], [4, 5, 6]]
  state n: int = 0
  state u
  state z: real in 0 .. 1 = 0; state on = false
  let k1 = 0.04 mV^-1/ms * 10 mV/tau
  let xi2: time^-1 = 60 Hz*x
  fn f(x: real, y: current^2 * time) = x + y * 5 %
  C * v' = -g * (v - E_L) + I
  60 ms * plateau' = -plateau
  v' = (E_L - v) / tau
  port p: modulatory real via sum
  port w: weight via delta(-v)
  spike when v > 0 mV and not (v > 30 mV or n == 3)
  event ca when rising(v) { n += 1 }
  event silent
  on tick { n = n + 1; if n > 3 { n = 0 } else if n == 2 { emit silent } else { leave plateau } }
  on end plateau { v -= 1 mV; u *= 2 }
  on spike and ca { let jump = 3 mV; v += jump; enter plateau }
  on distal.nmda { predictive += 1 }                  // once per event
  mode plateau for 60 ms { tau_up * v' = E_plateau - v; let r = v; hold v, u; drop exc; no spike, nmda }
  mode endless { }
  segment tuft { state v: voltage = 0 mV }
  segment distal[20] {
    param theta = 12
    port syn: excitatory real via exponential(5 ms)   // coincidence window
    event nmda when syn >= theta {                    // dendritic spike
      syn = 0
      plateau = 1
      refractory 50 ms hold v, u drop exc, inh
    }
    segment inner[n] { }
  }
  couple v <-> tuft.v by g_c
  for q in 0 .. n - 1 { couple dend[q].v <-> dend[q + 1].v by g_a }
  method exponential_euler
  precision f32
}
"#;

pub const RULES: &str = r#"/// Pair-based STDP gated by a neuromodulator (Izhikevich 2007).
plasticity RewardStdp {
  modulator m: real
  param tau_plus = 20 ms;  param tau_minus = 20 ms;  param tau_e = 1 s
  param a_plus = 0.01;     param a_minus = 0.0105
  param w_max: weight

  pre  x = trace(tau_plus)            // one per presynaptic cell: +1 at each spike, decays
  post y = trace(tau_minus)
  synapse e: real = 0                 // eligibility, one per synapse
  tau_e * e' = -e

  on pre  { e -= a_minus * y }
  on post { e += a_plus  * x }
  w' = w_max * m * e / 1 s
  bounds w in 0 .. w_max
}

plasticity Other: RewardStdp {
  post um: voltage = v { tau_m * um' = v - um }
  pre x = 0 { tau * x' = -x; on spike { x += 1 - x } }
  on pre and post { transmit w * u * r }
  every 100 ms { w *= 0.5 }
  store w as f32
  store d
  let q = w
  fn f(a: real) = a
  rewire every 1 s { prune lowest 10 % by w; prune lowest by w; prune where w < 1; grow pruned highest by pre.a * post.b; grow 5 random; grow K where w; grow 3 }
}
"#;

pub const CIRCUITS: &str = r#"circuit Sheet(k_max: int = 10, lateral = true, p: real in 0 .. 1 = 0.5) {
  population E: excitatory Lif[3200] { V_th = normal(-50 mV, 1 mV); distal.theta = uniform(-60 mV, -50 mV) }
  population G: Grid[50, 50] { at grid(20 um) }              // or `at (x, y, z)`, of `i`
  pub population S: SpikeTimes[3] { events = [(0 ms, 0), (5 ms, 2)] }
  population one: Lif
  drive background: poisson(8 kHz) -> E.exc { weight 0.1 mV }
  drive pattern: choose(32, every = 1 tick) -> C.go
  drive step: 200 pA -> E[0..10].I { from 100 ms to 300 ms; delay 1 ms }
  drive image: table(x, every = 10 ms) -> E.I
  for a in 0 .. k_max { part col: Column(n = 100, drive_rate = 8 Hz * K[mod(a, 2)]) }
  if lateral {
    for a in 0 .. k_max - 1 {
      projection side: col[a].E -> col[a + 1].E.exc { connect in_degree 10; weight 0.5 nS; delay 2 ms }
    }
  } else if p > 0.5 { part x: Other } else { let y = 3 }
  pub projection all: E[where mod(i, 2) == 0] <-> (E, I)[[0, 1, 8]].inh {
    connect where pre.i != post.i
    connect from load("edges.csv")
    connect all_to_all
    allow self, multiple, corelease
    dendritic 1 ms; back 2 ms
    polarity inhibitory
    onto mod(pre.i, 20)
    share by pre.i - post.i
    plasticity RewardStdp(m = DA.level, w_max = 2 nS)
    continuous w * (pre.v - post.v)
    store w as f64
  }
  let torque = md.r - mv.r
  pub let t2 = 3
  pub data y: int[1797] = load("labels.npy")
  fn g(a) = a'
  constraints {
    dale of E, I
    require in_degree(I -> E) in 15 .. 25                  // per cell
    enforce weight_sum(E.inh) == 4 * weight_sum(E.exc)
    enforce weight_sum(E.exc) == 10 nS every 100 ms
    monitor rate(E over 1 s) in 1 Hz .. 20 Hz
    monitor balance(E) > 0.8 else stop
  }
}
"#;

pub const EXPERIMENTS: &str = r#"experiment Train(samples: int = 1297) of Digits(n = 100) {
  dt 0.5 ms
  seed 3; precision f64; method rk4
  for epoch in 0 .. 3 {
    for k in 0 .. samples {
      set image.rate = x[k] * 160 Hz
      run 250 ms
      reset except E.theta
      enforce weight_sum(E.exc) == 12.8
    }
  }
  freeze plasticity
  thaw plasticity of P, Q
  let correct = 0
  trials k in samples .. 1797 {
    if argmax(count(each out)) == y[k] { correct += 1 }
  }
  report correct / (1797 - samples)
  expect correct / (1797 - samples) > 0.84
  run 60 s until max(abs(N.v')) < 1e-6 mV/ms
  set P.w where pre in E[0..400] = 5 * w
  set P.w = w0
  fire E[0..3], I
  clamp E.v = -70 mV
  release
  release E, I
  silence E
  freeze E.theta
  save "state.bin"; load "state.bin"
  print "a \"quoted\" text", rate(E over 1 s .. 2 s)
  plot E.v
  repeat { run 10 ms } until rate(E) > 5 Hz
  reset; reset E, I except E.theta, Astro
  record rate(E) every 5 ms
  sweep g in [3, 4, 5], eta in linspace(0.5, 4, 8), seed in 0 .. 5, (a, b) in [(3, 2), (5, 2)]
  r[3] = 1
  E.v[2] = 3 mV
  weight = if a then b else if c then d else e
  drive extra: times([5 ms, 9 ms]) -> E.exc { weight 2 mV }
  data y2: int[3] = load("y.csv")
  fn f(a) = sum(a[q] for q in 0 .. 3)
}
"#;

/// Comments, lines and words in every place.
pub const ODDITIES: &str = "/* first */ let a = (1 + /* inner */ 2) // last\n\
let b = [\n  1, // one\n  // two\n  2,\n  3\n]\n\
let c = 1 +\n  2 *\n  3\n\
@allow(rule-one)\n/// Documented.\nlet weight = delay ^ -seed ^ 2 - -run\n\n\n\n\
let d = ((a)) + (b * c) - (d - e) / (f / g) and (h or (i and j)) or not (not k)\n\
let e2 = (if a then b else c) + -(2) ^ 2 - (-3)\n\
let f = (5 ms) ^ 2 + (5 ms).x + -(a ^ 2) + (a and b == (c < d))\n\
use a.{\n  b,\n  c\n}\n\
cell X { // open\n\n  // own line\n\n  param p = 1 // trailing\n\n\n  /* block */ param q = 2; param r = 3\n  // end\n}\n\
cell Y { }\ncell Z {\n}\n\
experiment M { run 1 ms; if a { print b } else {\n print c } }\n\
experiment Long { if some_long_condition_name > another_long_name { print first_value, second_value } else { print third_value } }\n\
// the very end";
