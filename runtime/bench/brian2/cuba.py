"""The network of examples/cuba.circ for Brian2: Brette et al. (2007), benchmark 2, exact integration.

The size is a factor of 4000 cells; each keeps the inputs that it has there, on average."""

import brian2 as b
from brian2 import ms, mV

from common import SCALE, run, set_up

set_up()
cells = b.NeuronGroup(
    round(4000 * SCALE),
    """dv/dt = (exc - inh - (v + 49*mV)) / (20*ms) : volt (unless refractory)
       dexc/dt = -exc / (5*ms) : volt
       dinh/dt = -inh / (10*ms) : volt""",
    threshold="v >= -50*mV", reset="v = -60*mV", refractory=5 * ms, method="exact")
cells.v = "-60*mV + rand() * 10*mV"
n_exc = round(3200 * SCALE)
E, I = cells[:n_exc], cells[n_exc:]
from_E = b.Synapses(E, cells, on_pre="exc_post += 1.62*mV", delay=0.1 * ms)
from_E.connect(p=0.02 / SCALE)
from_I = b.Synapses(I, cells, on_pre="inh_post += 9*mV", delay=0.1 * ms)
from_I.connect(p=0.02 / SCALE)
run({"E": E, "I": I}, [from_E, from_I], [cells])
