"""The network of song_stdp.circ for Brian2, traces `event-driven`, as its documentation recommends."""

import brian2 as b
import numpy as np
from brian2 import Hz, ms, mV

from common import run, set_up

set_up()
inputs = b.PoissonGroup(1000, 15 * Hz)
cells = b.NeuronGroup(
    1000,
    """dv/dt = (-70*mV - v + g*(0*mV - v)) / (20*ms) : volt
       dg/dt = -g / (5*ms) : 1""",
    threshold="v >= -54*mV", reset="v = -60*mV", method="exponential_euler")
cells.v = -60 * mV
synapses = b.Synapses(
    inputs, cells,
    """w : 1
       dx/dt = -x / (20*ms) : 1 (event-driven)
       dy/dt = -y / (20*ms) : 1 (event-driven)""",
    on_pre="""g_post += w
              x += 1
              w = clip(w - w_max*0.00525*y, 0, w_max)""",
    on_post="""y += 1
               w = clip(w + w_max*0.005*x, 0, w_max)""",
    namespace={"w_max": 0.01})
synapses.connect()
synapses.w = "rand() * w_max"
run({"inputs": inputs, "cells": cells}, [synapses], [inputs, cells], mean_w=lambda: float(np.mean(synapses.w[:])))
