"""The network of examples/microcircuit.circ for NEST at a scale: Potjans & Diesmann (2014)."""

import math

import nest

from common import SCALE, run, set_up
import microcircuit_numbers as numbers

set_up()
rest = numbers.missing_current(SCALE)
weight = numbers.J / math.sqrt(SCALE)
parts = []
for k, size in enumerate(numbers.sizes(SCALE)):
    cells = nest.Create("iaf_psc_exp", size, {
        "C_m": 250.0, "tau_m": 10.0, "E_L": -65.0, "V_th": -50.0, "V_reset": -65.0, "t_ref": 2.0, "tau_syn_ex": 0.5,
        "tau_syn_in": 0.5, "I_e": rest[k], "V_m": nest.random.normal(-58.0, 10.0)})
    external = nest.Create("poisson_generator", params={"rate": 8.0 * numbers.INPUTS[k] * SCALE})
    nest.Connect(external, cells, syn_spec={"weight": weight, "delay": 0.1})
    parts.append(cells)
for target in range(8):
    for source in range(8):
        count = numbers.synapses(SCALE, target, source)
        if count == 0:
            continue
        mean = weight * numbers.strength(target, source)
        inhibitory = source % 2 == 1
        delay = 0.75 if inhibitory else 1.5
        normal = nest.math.redraw(nest.random.normal(-mean if inhibitory else mean, 0.1 * mean),
                                  **({"min": -math.inf, "max": 0.0} if inhibitory else {"min": 0.0, "max": math.inf}))
        nest.Connect(parts[source], parts[target], {"rule": "fixed_total_number", "N": count}, {
            "weight": normal, "delay": nest.math.redraw(nest.random.normal(delay, delay / 2), min=0.1, max=10.0)})
run(dict(zip(numbers.NAMES, parts)), inputs=sum(len(cells) for cells in parts))
