"""The searches over distributions: their boxes and the start for the most memory."""

import numpy as np
import pytest

from hrsnn_edge.analysis.memory import memory_capacity
from hrsnn_edge.analysis.reservoir import draw_reservoir, memory_recipe
from hrsnn_edge.reproduce.searched import NEAR_THRESHOLD, WIDE, space, threshold_recipe
from hrsnn_edge.tune.objectives import ReservoirScore


@pytest.mark.parametrize("ranges", [WIDE, NEAR_THRESHOLD])
def test_homogeneous_box_lacks_only_the_spreads(ranges):
    """Both kinds of neurons are searched in the same ranges, spreads of tau apart."""
    het, hom = space("het", ranges), space("hom", ranges)
    assert set(het.names) - set(hom.names) == {"network.tau_e_cv", "network.tau_i_cv"}
    for p in hom.parameters:
        assert (p.low, p.high) == ranges[p.name]


def test_both_kinds_start_at_the_same_point_of_the_box():
    """The start of 'hom' is that of 'het' without the spreads, and inside the box."""
    starts = {}
    for kind in ("hom", "het"):
        box = space(kind, NEAR_THRESHOLD)
        starts[kind] = ReservoirScore(threshold_recipe(50, kind)).settings(box.names)
        unit = box.encode(starts[kind])
        assert ((unit >= 0) & (unit <= 1)).all()
    assert starts["hom"].items() <= starts["het"].items()


def test_threshold_remembers_more():
    """At the edge of firing 100 neurons remember more than under the recipe of the papers' rule."""
    x = np.random.default_rng(0).uniform(-1, 1, (1700, 1))

    def capacity(config):
        run = draw_reservoir(config, 1, 1).run(x)
        return memory_capacity(run.traces[:, 0], x[:, 0], n_train=1000).above_chance

    assert capacity(threshold_recipe(100, "het")) > capacity(memory_recipe(100)) + 1
