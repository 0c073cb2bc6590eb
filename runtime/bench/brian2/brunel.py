"""The network of examples/brunel.circ for Brian2: Brunel (2000), model A, in degrees without multapses."""

import brian2 as b
from brian2 import Hz, ms, mV

from common import run, set_up

set_up()
N_EXC, N_INH, C_EXC, C_INH = 10_000, 2_500, 1000, 250
cells = b.NeuronGroup(N_EXC + N_INH, "dv/dt = -v / (20*ms) : volt (unless refractory)", threshold="v >= 20*mV",
                      reset="v = 10*mV", refractory=2 * ms, method="exact")
E, I = cells[:N_EXC], cells[N_EXC:]
# Twice the rate that alone would bring the mean to threshold: 20 Hz for each of 1000 inputs.
external = b.PoissonInput(cells, "v", C_EXC, 20 * Hz, 0.1 * mV)
from_E = b.Synapses(E, cells, on_pre="v_post += 0.1*mV", delay=1.5 * ms)
from_E.connect(i="k for k in sample(N_pre, size=1000)")
from_I = b.Synapses(I, cells, on_pre="v_post -= 0.5*mV", delay=1.5 * ms)
from_I.connect(i="k for k in sample(N_pre, size=250)")
run({"E": E, "I": I}, [from_E, from_I], [cells, external])
