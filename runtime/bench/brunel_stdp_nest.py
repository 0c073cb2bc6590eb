#!/usr/bin/env python3
"""The network of brunel_stdp.circ for NEST (3.10, one thread).

    pip install nest-simulator && python3 brunel_stdp_nest.py [SECONDS]

NEST takes the delay of a synapse that learns as dendritic; the network is else the same. Prints the time of
`Simulate`, after 0.1 ms that prepare the run, and the rate."""

import sys
import time
import nest

N_EXC, N_INH, C_EXC, C_INH = 10_000, 2_500, 1000, 250
J, G, ETA, DELAY = 0.1, 5, 2, 1.5
DURATION = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0

nest.verbosity = nest.VerbosityLevel.ERROR
nest.SetKernelStatus({"resolution": 0.1, "local_num_threads": 1, "rng_seed": 1, "print_time": False})
neuron = {"C_m": 1.0, "tau_m": 20.0, "E_L": 0.0, "V_th": 20.0, "V_reset": 10.0, "V_m": 0.0, "t_ref": 2.0,
          "I_e": 0.0, "tau_minus": 20.0}
exc = nest.Create("iaf_psc_delta", N_EXC, neuron)
inh = nest.Create("iaf_psc_delta", N_INH, neuron)
rate = 1000 * ETA * 20 / (J * C_EXC * 20) * C_EXC
external = nest.Create("poisson_generator", params={"rate": rate})
nest.CopyModel("stdp_synapse", "plastic", {"tau_plus": 20.0, "lambda": 0.001, "alpha": 1.0, "mu_plus": 1.0,
                                           "mu_minus": 1.0, "Wmax": 2 * J})
fixed = {"rule": "fixed_indegree", "allow_multapses": False}
started = time.time()
nest.Connect(external, exc + inh, syn_spec={"weight": J, "delay": 0.1})
nest.Connect(exc, exc, fixed | {"indegree": C_EXC, "allow_autapses": False},
             {"synapse_model": "plastic", "weight": J, "delay": DELAY})
nest.Connect(exc, inh, fixed | {"indegree": C_EXC}, {"weight": J, "delay": DELAY})
nest.Connect(inh, exc + inh, fixed | {"indegree": C_INH}, {"weight": -G * J, "delay": DELAY})
built = time.time()
recorder = nest.Create("spike_recorder")
nest.Connect(exc, recorder)
nest.Simulate(0.1)
begin = time.time()
nest.Simulate(DURATION * 1000)
took = time.time() - begin
print(f"{recorder.n_events / N_EXC / DURATION:.2f} Hz; build {built - started:.1f} s; loop {took:.3f} s")
