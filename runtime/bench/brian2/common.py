"""What the programs for Brian2 share: how they are set up, and the line that they end with."""

import json
import sys
from pathlib import Path

import brian2 as b
from brian2 import ms, second

# Numbers that programs for several simulators share.
sys.path.append(str(Path(__file__).parents[1]))

FOLDER = sys.argv[1]
DURATION = float(sys.argv[2])
# Factor of the size of the network, where a model has one.
SCALE = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0


def set_up():
    """C++ standalone on one thread, without OpenMP: what its documentation recommends for long runs."""
    b.set_device("cpp_standalone", directory=FOLDER, build_on_run=False)
    b.prefs.devices.cpp_standalone.openmp_threads = 0
    b.defaultclock.dt = 0.1 * ms
    b.seed(1)


def run(populations, synapses, others, **more):
    """Runs a network. `populations`: groups of cells whose rates are told, by name; `synapses`: all `Synapses`; `others`: what
    else it has; `more`: functions that give what else is to be said, when the run is over."""
    monitors = {name: b.SpikeMonitor(cells, record=False) for name, cells in populations.items()}
    everything = b.Network(*others, *synapses, *monitors.values())
    everything.run(DURATION * second)
    b.device.build(directory=FOLDER, run=True)
    print(json.dumps({
        "run": b.device._last_run_time,
        "synapses": sum(len(group) for group in synapses),
        "rates": {name: monitors[name].num_spikes / len(cells) / DURATION for name, cells in populations.items()},
        **{name: value() for name, value in more.items()},
    }))
