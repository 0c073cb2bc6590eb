"""The network of examples/cuba.circ for NEST: Brette et al. (2007), benchmark 2, exact integration.

A capacity of 20 pF makes a current of 1 pA what 1 mV is there. The size is a factor of 4000 cells; each keeps the inputs
that it has there, on average."""

import nest

from common import SCALE, run, set_up

set_up()
neuron = {"C_m": 20.0, "tau_m": 20.0, "E_L": -49.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 5.0, "tau_syn_ex": 5.0,
          "tau_syn_in": 10.0, "I_e": 0.0, "V_m": nest.random.uniform(-60.0, -50.0)}
E = nest.Create("iaf_psc_exp", round(3200 * SCALE), neuron)
I = nest.Create("iaf_psc_exp", round(800 * SCALE), neuron)
rule = {"rule": "pairwise_bernoulli", "p": 0.02 / SCALE}
nest.Connect(E, E + I, rule, {"weight": 1.62, "delay": 0.1})
nest.Connect(I, E + I, rule, {"weight": -9.0, "delay": 0.1})
run({"E": E, "I": I})
