"""The network of examples/cobahh.circ for NEST: Brette et al. (2007), benchmark 3. NEST's model of this cell integrates
with an adaptive Runge-Kutta method. It has no initial values for conductances: one spike to each cell at the begin makes them."""

import math

import nest

from common import run, set_up

set_up()
neuron = {"C_m": 200.0, "g_L": 10.0, "E_L": -60.0, "g_Na": 20000.0, "E_Na": 50.0, "g_K": 6000.0, "E_K": -90.0, "V_T": -63.0,
          "E_ex": 0.0, "E_in": -80.0, "tau_syn_ex": 5.0, "tau_syn_in": 10.0, "t_ref": 3.0,
          "V_m": nest.random.normal(-65.0, 5.0)}
E = nest.Create("hh_cond_exp_traub", 3200, neuron)
I = nest.Create("hh_cond_exp_traub", 800, neuron)
rule = {"rule": "pairwise_bernoulli", "p": 0.02}
nest.Connect(E, E + I, rule, {"weight": 6.0, "delay": 0.1})
nest.Connect(I, E + I, rule, {"weight": -67.0, "delay": 0.1})
begin = nest.Create("spike_generator", params={"spike_times": [0.1]})
exc = nest.math.redraw(nest.random.normal(40.0, 15.0), min=0.0, max=math.inf)
inh = nest.math.redraw(nest.random.normal(-200.0, 120.0), min=-math.inf, max=0.0)
nest.Connect(begin, E + I, syn_spec={"weight": exc, "delay": 0.1})
nest.Connect(begin, E + I, syn_spec={"weight": inh, "delay": 0.1})
run({"E": E, "I": I}, inputs=8000)
