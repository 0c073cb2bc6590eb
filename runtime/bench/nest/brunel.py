"""The network of examples/brunel.circ for NEST: Brunel (2000), model A, in degrees without multapses."""

import nest

from common import run, set_up

set_up()
neuron = {"C_m": 1.0, "tau_m": 20.0, "E_L": 0.0, "V_th": 20.0, "V_reset": 10.0, "V_m": 0.0, "t_ref": 2.0, "I_e": 0.0}
E = nest.Create("iaf_psc_delta", 10_000, neuron)
I = nest.Create("iaf_psc_delta", 2_500, neuron)
# Twice the rate that alone would bring the mean to threshold: 20 Hz for each of 1000 inputs.
external = nest.Create("poisson_generator", params={"rate": 20_000.0})
nest.Connect(external, E + I, syn_spec={"weight": 0.1, "delay": 0.1})
fixed = {"rule": "fixed_indegree", "allow_multapses": False, "allow_autapses": True}
nest.Connect(E, E + I, fixed | {"indegree": 1000}, {"weight": 0.1, "delay": 1.5})
nest.Connect(I, E + I, fixed | {"indegree": 250}, {"weight": -0.5, "delay": 1.5})
run({"E": E, "I": I}, inputs=12_500)
