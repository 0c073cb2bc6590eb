//! Rules: places of what they hold, and their programs as they are printed.

use super::*;
use crate::plan_print::print_plan;
use circ_plan::learning::When;

#[test]
fn pair_stdp() {
    let source = r#"
plasticity Additive {
  param tau_plus = 20 ms
  param tau_minus = 20 ms
  param a_plus = 0.005
  param a_minus = 0.00525
  param w_max: weight
  pre x = trace(tau_plus)
  post y = trace(tau_minus)
  on pre { w -= w_max * a_minus * y }
  on post { w += w_max * a_plus * x }
  bounds w in 0 .. w_max
}
cell C {
  port exc: excitatory voltage via exponential(5 ms)
  state v: voltage = 0 mV
  20 ms * v' = exc - v
  spike when v >= 10 mV { v = 0 mV }
}
circuit K {
  population S: SpikeTimes[1] { events = [(1 ms, 0)] }
  population P: C[1]
  projection p: S -> P.exc { connect all_to_all; weight 1 mV; delay 1 ms; dendritic 0.5 ms; back 0.2 ms; plasticity Additive(w_max = 2 mV) }
}
experiment Main of K { dt 0.1 ms; run 1 ms }
"#;
    let lowered = lowered(source);
    let learning = lowered.plan.projections[0].learning.as_ref().expect("a rule");
    let names: Vec<&str> = learning.arrays.iter().map(|array| &*array.name).collect();
    assert_eq!(names, ["w"]);
    // What traces are made of is no slot: a `set` could not reach them.
    let slots: Vec<&str> = learning.uniforms.iter().map(|slot| &*slot.name).collect();
    assert_eq!(slots, ["learns", "a_plus", "a_minus", "w_max"]);
    let whens: Vec<&When> = learning.hooks.iter().map(|hook| &hook.when).collect();
    assert_eq!(whens, [&When::Pre, &When::Post(vec![EventId(0)])]);
    assert!(matches!(learning.dendritic, Quantity::Constant(0.5)));
    assert!(matches!(learning.back, Some(Quantity::Constant(0.2))));
    let text = print_plan(&lowered.plan);
    // The trace of the source is kept by cells of which the spikes are given.
    for line in [
        "array 0 spikes: Bool, Memory\n  array 1 Additive.x: Float, Memory\n  array 2 Additive.x seen: Float, Seen",
        "array 2 Additive.y: Float, Memory\n  array 3 Additive.y seen: Float, Seen",
        "pre column 0: array 2 of population 0\n    post column 0: array 3 of population 1",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
}
