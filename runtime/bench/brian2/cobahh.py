"""The network of examples/cobahh.circ for Brian2: Brette et al. (2007), benchmark 3, exponential Euler."""

import brian2 as b
from brian2 import ms, mV, nS, pF, siemens, uS

from common import run, set_up

set_up()
# Rates of the gates with `exprel`, as Brian2's own example of this benchmark writes them.
cells = b.NeuronGroup(
    4000,
    """dv/dt = (g_l*(E_l - v) + exc*(E_exc - v) + inh*(E_inh - v) - g_na*m**3*h*(v - E_na) - g_k*n**4*(v - E_k)) / C_m : volt
       dm/dt = alpha_m*(1 - m) - beta_m*m : 1
       dn/dt = alpha_n*(1 - n) - beta_n*n : 1
       dh/dt = alpha_h*(1 - h) - beta_h*h : 1
       dexc/dt = -exc / (5*ms) : siemens
       dinh/dt = -inh / (10*ms) : siemens
       u = v + 63*mV : volt
       alpha_m = 0.32*4/ms / exprel((13*mV - u) / (4*mV)) : Hz
       beta_m = 0.28*5/ms / exprel((u - 40*mV) / (5*mV)) : Hz
       alpha_h = 0.128/ms * exp((17*mV - u) / (18*mV)) : Hz
       beta_h = 4/ms / (1 + exp((40*mV - u) / (5*mV))) : Hz
       alpha_n = 0.032*5/ms / exprel((15*mV - u) / (5*mV)) : Hz
       beta_n = 0.5/ms * exp((10*mV - u) / (40*mV)) : Hz""",
    threshold="v > -20*mV", refractory=3 * ms, method="exponential_euler",
    namespace={"C_m": 200 * pF, "g_l": 10 * nS, "E_l": -60 * mV, "g_na": 20 * uS, "E_na": 50 * mV, "g_k": 6 * uS,
               "E_k": -90 * mV, "E_exc": 0 * mV, "E_inh": -80 * mV})
cells.v = "-65*mV + 5*mV * randn()"
cells.exc = "(40 + 15*randn()) * nS"
cells.inh = "(200 + 120*randn()) * nS"
E, I = cells[:3200], cells[3200:]
from_E = b.Synapses(E, cells, on_pre="exc_post += 6*nS", delay=0.1 * ms)
from_E.connect(p=0.02)
from_I = b.Synapses(I, cells, on_pre="inh_post += 67*nS", delay=0.1 * ms)
from_I.connect(p=0.02)
run({"E": E, "I": I}, [from_E, from_I], [cells])
