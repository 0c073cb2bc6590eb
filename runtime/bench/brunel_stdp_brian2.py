#!/usr/bin/env python3
"""The network of brunel_stdp.circ for Brian2 (2.9, C++ standalone, one thread).

    pip install brian2 && python3 brunel_stdp_brian2.py FOLDER [SECONDS]

Prints Brian2's own time for its loop, rates and the mean weight."""

import sys
import numpy as np
import brian2 as b
from brian2 import ms, mV, second

N_EXC, N_INH, C_EXC, C_INH = 10_000, 2_500, 1000, 250
J, G, ETA, DELAY = 0.1 * mV, 5, 2, 1.5 * ms
DURATION = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0

b.set_device("cpp_standalone", directory=sys.argv[1], build_on_run=False)
b.prefs.devices.cpp_standalone.openmp_threads = 0
b.defaultclock.dt = 0.1 * ms
b.seed(1)

cells = b.NeuronGroup(N_EXC + N_INH, "dv/dt = -v/(20*ms) : volt (unless refractory)", threshold="v >= 20*mV",
                      reset="v = 10*mV", refractory=2 * ms, method="exact")
exc, inh = cells[:N_EXC], cells[N_EXC:]
external = b.PoissonInput(cells, "v", C_EXC, ETA * 20 * mV / (J * C_EXC * 20 * ms), J)


def fixed_in_degree(sources, targets, degree, generator, no_self):
    """Pairs: every target has `degree` different sources."""
    pre = np.empty((targets, degree), dtype=np.int32)
    for k in range(targets):
        drawn = generator.choice(sources - 1 if no_self else sources, degree, replace=False)
        pre[k] = drawn + (drawn >= k) if no_self else drawn
    return pre.ravel(), np.repeat(np.arange(targets, dtype=np.int32), degree)


generator = np.random.default_rng(1)
w_max, lam = 2 * J, 0.001
plastic = b.Synapses(
    exc, exc,
    """w : volt
       dx/dt = -x/(20*ms) : 1 (event-driven)
       dy/dt = -y/(20*ms) : 1 (event-driven)""",
    on_pre="""v_post += w
              x += 1
              w = clip(w - lam*w*y, 0*mV, w_max)""",
    on_post="""y += 1
               w = clip(w + lam*(w_max - w)*x, 0*mV, w_max)""",
    delay={"pre": DELAY}, namespace={"lam": lam, "w_max": w_max})
i, j = fixed_in_degree(N_EXC, N_EXC, C_EXC, generator, True)
plastic.connect(i=i, j=j)
plastic.w = J
to_inh = b.Synapses(exc, inh, on_pre="v_post += 0.1*mV", delay=DELAY)
i, j = fixed_in_degree(N_EXC, N_INH, C_EXC, generator, False)
to_inh.connect(i=i, j=j)
from_inh = b.Synapses(inh, cells, on_pre="v_post -= 0.5*mV", delay=DELAY)
i, j = fixed_in_degree(N_INH, N_EXC + N_INH, C_INH, generator, False)
from_inh.connect(i=i, j=j)

spikes = b.SpikeMonitor(exc, record=False)
b.run(DURATION * second)
b.device.build(directory=sys.argv[1], run=True)

took = b.device._last_run_time
print(f"{spikes.num_spikes / N_EXC / DURATION:.2f} Hz; mean weight {np.mean(plastic.w / mV):.5f} mV; loop {took:.3f} s")
