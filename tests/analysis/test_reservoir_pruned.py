from dataclasses import replace

import numpy as np

from hrsnn_edge.analysis.reservoir import draw_reservoir, memory_recipe
from hrsnn_edge.network import SparseRows
from hrsnn_edge.prune.graph import keep_neurons


def test_fewer_neurons_keep_what_they_had():
    """Kept neurons have their own bias, input and filters; unconnected they fire as before."""
    whole = draw_reservoir(memory_recipe(40), 1, 0)
    none = SparseRows(np.zeros(41, np.int64), np.zeros(0, np.int32), np.zeros(0), 40)
    whole = whole.with_network(replace(whole.net, w_rec=none))
    kept = np.arange(40) % 3 > 0
    part = whole.with_network(keep_neurons(whole.net, kept), kept)
    x = np.random.default_rng(0).uniform(-1, 1, (30, 1))
    assert np.array_equal(part.run(x).counts, whole.run(x).counts[:, kept])
    assert part.decay.shape == (1, kept.sum())


def test_operations_by_hand():
    """Operations of a sample are mean spikes times fan-out, summed over neurons."""
    net = draw_reservoir(memory_recipe(40), 1, 0)
    x = np.random.default_rng(0).uniform(-1, 1, (30, 1))
    total = sum(
        int(count) * int(fan) for row in net.run(x).counts
        for count, fan in zip(row, net.net.w_rec.fan_out, strict=True)
    )  # fmt: skip
    assert net.operations(x) == total / 30
