"""The random cases that verification draws."""

from collections import Counter

import numpy as np

from hrsnn_edge.fixed import signed_range
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network, random_stdp


def test_same_seed_same_case():
    """The same seed gives the same network, raster and constants; another seed another."""
    (a, raster_a), (b, raster_b), (c, _) = (random_network(s, 20, 10, 10) for s in (5, 5, 6))
    assert np.array_equal(raster_a, raster_b)
    assert np.array_equal(a.w_rec.weights, b.w_rec.weights)
    assert not np.array_equal(a.v_threshold, c.v_threshold)
    left, right = random_stdp(1, a)[1], random_stdp(1, b)[1]
    assert np.array_equal(left.eta_plus, right.eta_plus)


def test_cases_cover_the_edges():
    """Among 150 seeds every edge that the generator promises does occur."""
    seen = Counter()
    for seed in range(150):
        net, raster = random_network(seed)
        trace = run(net, raster)
        low, high = signed_range(net.fmt.v_width)
        weight_low, weight_high = signed_range(net.fmt.weight_width)
        seen.update(
            {
                "empty row": (net.w_rec.fan_out == 0).any(),
                "full row": (net.w_rec.fan_out == net.n_neurons).any() and net.n_neurons > 4,
                "silent step": (raster.sum(axis=1) == 0).any(),
                "full step": raster.all(axis=1).any() and net.n_inputs > 4,
                "silent run": not trace.spikes.any(),
                "always firing": trace.spikes.all(axis=0).any() and len(raster) > 10,
                "saturated below": (trace.v == low).any(),
                "saturated above": (trace.syn_sum << net.fmt.v_shift).max() > high,
                "subtractive": net.reset == "subtract",
                "left above threshold": (trace.spikes & (trace.v >= net.v_threshold)).any(),
                "reset": (net.v_reset != 0).any(),
                "negative threshold": (net.v_threshold < 0).any(),
                "lowest weight": (net.w_rec.weights == weight_low).any(),
                "greatest weight": (net.w_rec.weights == weight_high).any(),
                "shift": net.shift_rec.any(),
                "refractory": trace.refractory.any(),
                "decay 0": (net.decay == 0).any(),
                "decay top": (net.decay == (1 << net.fmt.decay_width) - 1).any(),
                "skipped row": trace.total.skipped_rows > 0,
                "one neuron": net.n_neurons == 1,
                "bins": net.readout.n_bins > 1,
            }
        )
    assert min(seen.values()) > 0, seen
