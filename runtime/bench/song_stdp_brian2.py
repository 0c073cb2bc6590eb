#!/usr/bin/env python3
"""The network of song_stdp.circ for Brian2 (2.9, C++ standalone, one thread).

    pip install brian2 && python3 song_stdp_brian2.py FOLDER [SECONDS]

Prints Brian2's own time for its loop, rates and the mean weight."""

import sys
import numpy as np
import brian2 as b
from brian2 import Hz, ms, mV, second

INPUTS, CELLS = 1000, 1000
DURATION = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0

b.set_device("cpp_standalone", directory=sys.argv[1], build_on_run=False)
b.prefs.devices.cpp_standalone.openmp_threads = 0
b.defaultclock.dt = 0.1 * ms
b.seed(1)

inputs = b.PoissonGroup(INPUTS, 15 * Hz)
cells = b.NeuronGroup(
    CELLS, """dv/dt = (-70*mV - v + g*(0*mV - v))/(20*ms) : volt
              dg/dt = -g/(5*ms) : 1""",
    threshold="v >= -54*mV", reset="v = -60*mV", method="exponential_euler")
cells.v = -60 * mV
plastic = b.Synapses(
    inputs, cells,
    """w : 1
       dx/dt = -x/(20*ms) : 1 (event-driven)
       dy/dt = -y/(20*ms) : 1 (event-driven)""",
    on_pre="""g_post += w
              x += 1
              w = clip(w - w_max*0.00525*y, 0, w_max)""",
    on_post="""y += 1
               w = clip(w + w_max*0.005*x, 0, w_max)""",
    namespace={"w_max": 0.01})
plastic.connect()
plastic.w = "rand()*w_max"
spikes_in, spikes_out = b.SpikeMonitor(inputs, record=False), b.SpikeMonitor(cells, record=False)
b.run(DURATION * second)
b.device.build(directory=sys.argv[1], run=True)

took = b.device._last_run_time
print(f"in {spikes_in.num_spikes / INPUTS / DURATION:.2f} Hz, out {spikes_out.num_spikes / CELLS / DURATION:.2f} Hz; "
      f"mean weight {np.mean(plastic.w[:]):.6f}; loop {took:.3f} s")
