"""Table 5 of Potjans & Diesmann (2014), and what a network of fewer cells is given for the inputs that it lacks (van Albada
et al. 2015): the same formulas as in examples/microcircuit.circ, for the programs of its peers.

Populations go E and I of layer 2/3, then of 4, 5 and 6. Rows of PROBABILITY are targets, columns sources."""

import math

import numpy as np

NAMES = ["E[0]", "I[0]", "E[1]", "I[1]", "E[2]", "I[2]", "E[3]", "I[3]"]
CELLS = [20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948]
INPUTS = [1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100]
RATES = [0.90, 2.99, 4.42, 5.89, 7.71, 8.65, 1.12, 7.85]
PROBABILITY = [
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0000, 0.0076, 0.0000],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0000, 0.0042, 0.0000],
    [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0000],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0000, 0.1057, 0.0000],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0000],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0000],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443],
]
# Current of a synapse in pA; how much stronger inhibition is.
J, G = 87.8, 4


def sizes(scale):
    return [math.floor(scale * cells + 0.5) for cells in CELLS]


def synapses(scale, target, source):
    """Synapses of a projection, several of which may join a pair."""
    pairs = CELLS[target] * CELLS[source]
    return math.floor(scale**2 * math.log1p(-PROBABILITY[target][source]) / math.log1p(-1 / pairs) + 0.5)


def strength(target, source):
    """Weight relative to J: inhibition is stronger, and so is layer 4 onto layer 2/3."""
    return G if source % 2 else 2 if (target, source) == (0, 2) else 1


def missing_current(scale):
    """Current in pA to each population whose inputs are fewer but stronger."""
    def mean(target):
        own = sum(
            (-1 if source % 2 else 1) * strength(target, source) * synapses(1, target, source) * RATES[source]
            for source in range(8)) / CELLS[target]
        return own + 8 * INPUTS[target]
    # J in pA, tau of 0.5 ms, rates in Hz.
    return [(1 - math.sqrt(scale)) * 0.5e-3 * J * mean(target) for target in range(8)]


def redraw(generator, mean, deviation, low, high, count):
    """Normal numbers, drawn again while they are not between `low` and `high`."""
    drawn = generator.normal(mean, deviation, count)
    while True:
        wrong = (drawn < low) | (drawn > high)
        if not wrong.any():
            return drawn
        drawn[wrong] = generator.normal(mean, deviation, wrong.sum())
