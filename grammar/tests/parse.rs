//! Programs that parse.

use circ_grammar::ast::FileId;
use circ_grammar::parse;

const CUBA: &str = r#"//! Sparse random network of Vogels & Abbott (2005), current-based.

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

#[test]
fn the_first_program_of_the_language_parses() {
    let parsed = parse(FileId(0), CUBA);
    assert!(parsed.errors.is_empty(), "{:#?}", parsed.errors);
    assert_eq!(parsed.file.items.len(), 3);
}
