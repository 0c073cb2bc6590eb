"""What the programs for NEST share: how they are set up, and the line that they end with."""

import json
import sys
import time
from pathlib import Path

import nest

# Numbers that programs for several simulators share.
sys.path.append(str(Path(__file__).parents[1]))

DURATION = float(sys.argv[1])
THREADS = int(sys.argv[2])
# Factor of the size of the network, where a model has one.
SCALE = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0


def set_up():
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.SetKernelStatus({"resolution": 0.1, "local_num_threads": THREADS, "rng_seed": 1, "print_time": False})


def run(populations, inputs=0):
    """Runs what was made. The time is that of `Simulate`, after one step that prepares it. `inputs`: connections that are
    no synapses of the model, such as those of generators."""
    recorders = {name: nest.Create("spike_recorder") for name in populations}
    for name, cells in populations.items():
        nest.Connect(cells, recorders[name])
    recorded = sum(len(cells) for cells in populations.values())
    nest.Simulate(0.1)
    begin = time.perf_counter()
    nest.Simulate(DURATION * 1000)
    took = time.perf_counter() - begin
    print(json.dumps({
        "run": took,
        "synapses": nest.num_connections - recorded - inputs,
        "rates": {name: recorders[name].n_events / len(cells) / DURATION for name, cells in populations.items()},
    }))
