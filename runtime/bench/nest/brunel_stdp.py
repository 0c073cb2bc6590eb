"""The network of brunel_stdp.circ for NEST. NEST takes the delay of a synapse that learns as dendritic; the network is
else the same."""

import nest

from common import run, set_up

set_up()
neuron = {"C_m": 1.0, "tau_m": 20.0, "E_L": 0.0, "V_th": 20.0, "V_reset": 10.0, "V_m": 0.0, "t_ref": 2.0, "I_e": 0.0,
          "tau_minus": 20.0}
E = nest.Create("iaf_psc_delta", 10_000, neuron)
I = nest.Create("iaf_psc_delta", 2_500, neuron)
external = nest.Create("poisson_generator", params={"rate": 20_000.0})
nest.Connect(external, E + I, syn_spec={"weight": 0.1, "delay": 0.1})
nest.CopyModel("stdp_synapse", "plastic", {"tau_plus": 20.0, "lambda": 0.001, "alpha": 1.0, "mu_plus": 1.0,
                                           "mu_minus": 1.0, "Wmax": 0.2})
fixed = {"rule": "fixed_indegree", "allow_multapses": False}
nest.Connect(E, E, fixed | {"indegree": 1000, "allow_autapses": False},
             {"synapse_model": "plastic", "weight": 0.1, "delay": 1.5})
nest.Connect(E, I, fixed | {"indegree": 1000}, {"weight": 0.1, "delay": 1.5})
nest.Connect(I, E + I, fixed | {"indegree": 250}, {"weight": -0.5, "delay": 1.5})
run({"E": E}, inputs=12_500)
