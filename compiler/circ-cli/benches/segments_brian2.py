#!/usr/bin/env python3
"""The cells of segments.rs for Brian2 (2.9, C++ standalone, one thread), with the dendrite written as numbered variables.

    pip install brian2 && python3 segments_brian2.py FOLDER

Prints Brian2's own time for its loop, and with it millions of segments and steps in a second."""

import sys
import brian2 as b

CELLS, SEGMENTS, STEPS = 10_000, 20, 1000

b.set_device("cpp_standalone", directory=sys.argv[1])
b.prefs.devices.cpp_standalone.openmp_threads = 0
b.defaultclock.dt = 0.1 * b.ms

total = " + ".join(f"out_{k}" for k in range(SEGMENTS))
equations = [f"dv/dt = (-v + 2.5*mV*({total}))/tau : volt"]
for k in range(SEGMENTS):
    equations += [
        f"du_{k}/dt = (drive_{k} - u_{k})/tau_{k} : volt",
        f"tau_{k} : second (constant)",
        f"drive_{k} : volt (constant)",
        f"out_{k} = 1/(1 + exp((20*mV - u_{k})/(4*mV))) : 1",
    ]
cells = b.NeuronGroup(CELLS, "\n".join(equations), threshold="v >= 20*mV", reset="v = 0*mV",
                      method="exponential_euler", namespace={"tau": 20 * b.ms})
for k in range(SEGMENTS):
    setattr(cells, f"tau_{k}", "20*ms + 20*ms*rand()")
    setattr(cells, f"drive_{k}", "40*mV*rand()")
spikes = b.SpikeMonitor(cells, record=False)
b.run(STEPS * b.defaultclock.dt)

took = b.device._last_run_time
print(f"{spikes.num_spikes} spikes; {took:.3f} s, {CELLS * SEGMENTS * STEPS / took / 1e6:.0f} M segments and steps a second")
