"""The network of examples/microcircuit.circ for Brian2 at a scale: Potjans & Diesmann (2014)."""

import brian2 as b
import numpy as np
from brian2 import Hz, ms, mV, pA, pF

from common import SCALE, run, set_up
import microcircuit_numbers as numbers

set_up()
sizes = numbers.sizes(SCALE)
first = np.concatenate([[0], np.cumsum(sizes)])
cells = b.NeuronGroup(
    first[-1],
    """dv/dt = (-65*mV - v) / (10*ms) + (exc - inh + rest) / (250*pF) : volt (unless refractory)
       dexc/dt = -exc / (0.5*ms) : amp
       dinh/dt = -inh / (0.5*ms) : amp
       rest : amp (constant)""",
    threshold="v >= -50*mV", reset="v = -65*mV", refractory=2 * ms, method="exact")
cells.v = "-58*mV + 10*mV * randn()"
rest = numbers.missing_current(SCALE)
cells.rest = np.repeat(rest, sizes) * pA
parts = [cells[first[k]:first[k + 1]] for k in range(8)]
weight = numbers.J / np.sqrt(SCALE)
external = [b.PoissonInput(part, "exc", round(numbers.INPUTS[k] * SCALE), 8 * Hz, weight * pA) for k, part in enumerate(parts)]

generator = np.random.default_rng(1)
projections = []
for kind, port, delay in [(0, "exc", 1.5), (1, "inh", 0.75)]:
    pairs = [(target, source) for target in range(8) for source in range(kind, 8, 2)]
    counts = [numbers.synapses(SCALE, *pair) for pair in pairs]
    means = np.repeat([weight * numbers.strength(*pair) for pair in pairs], counts)
    synapses = b.Synapses(cells, cells, "w : amp (constant)", on_pre=f"{port}_post += w")
    synapses.connect(
        i=np.concatenate([first[source] + generator.integers(sizes[source], size=n) for (_, source), n in zip(pairs, counts)]),
        j=np.concatenate([first[target] + generator.integers(sizes[target], size=n) for (target, _), n in zip(pairs, counts)]))
    synapses.w = means * numbers.redraw(generator, 1, 0.1, 0, np.inf, len(means)) * pA
    synapses.delay = numbers.redraw(generator, delay, delay / 2, 0.1, 10, len(means)) * ms
    projections.append(synapses)
run({name: parts[k] for k, name in enumerate(numbers.NAMES)}, projections, [cells, *external])
