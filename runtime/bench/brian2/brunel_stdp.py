"""The network of brunel_stdp.circ for Brian2, traces `event-driven`, as its documentation recommends."""

import brian2 as b
import numpy as np
from brian2 import Hz, ms, mV

from common import run, set_up

set_up()
N_EXC, N_INH, C_EXC, C_INH = 10_000, 2_500, 1000, 250
J, DELAY = 0.1 * mV, 1.5 * ms
cells = b.NeuronGroup(N_EXC + N_INH, "dv/dt = -v / (20*ms) : volt (unless refractory)", threshold="v >= 20*mV",
                      reset="v = 10*mV", refractory=2 * ms, method="exact")
E, I = cells[:N_EXC], cells[N_EXC:]
external = b.PoissonInput(cells, "v", C_EXC, 20 * Hz, J)


def fixed_in_degree(sources, targets, degree, generator, no_self):
    """Pairs: every target has `degree` different sources."""
    pre = np.empty((targets, degree), dtype=np.int32)
    for k in range(targets):
        drawn = generator.choice(sources - 1 if no_self else sources, degree, replace=False)
        pre[k] = drawn + (drawn >= k) if no_self else drawn
    return {"i": pre.ravel(), "j": np.repeat(np.arange(targets, dtype=np.int32), degree)}


generator = np.random.default_rng(1)
EE = b.Synapses(
    E, E,
    """w : volt
       dx/dt = -x / (20*ms) : 1 (event-driven)
       dy/dt = -y / (20*ms) : 1 (event-driven)""",
    on_pre="""v_post += w
              x += 1
              w = clip(w - rate*w*y, 0*mV, w_max)""",
    on_post="""y += 1
               w = clip(w + rate*(w_max - w)*x, 0*mV, w_max)""",
    delay={"pre": DELAY}, namespace={"rate": 0.001, "w_max": 2 * J})
EE.connect(**fixed_in_degree(N_EXC, N_EXC, C_EXC, generator, True))
EE.w = J
EI = b.Synapses(E, I, on_pre="v_post += 0.1*mV", delay=DELAY)
EI.connect(**fixed_in_degree(N_EXC, N_INH, C_EXC, generator, False))
from_I = b.Synapses(I, cells, on_pre="v_post -= 0.5*mV", delay=DELAY)
from_I.connect(**fixed_in_degree(N_INH, N_EXC + N_INH, C_INH, generator, False))
run({"E": E}, [EE, EI, from_I], [cells, external], mean_w=lambda: float(np.mean(EE.w / mV)))
