from functools import partial

import numpy as np
import pytest

from hrsnn_edge.prune.algorithm import LnpSchedule, lnp
from hrsnn_edge.prune.edges import AddRule
from hrsnn_edge.prune.nodes import NodeRule
from hrsnn_edge.prune.record import LnpConfig
from hrsnn_edge.prune.repeats import repeat_lnp
from tests.prune.networks import make_network

SHORT = LnpSchedule(0.5, 3, LnpConfig(node_exponents="leak"), NodeRule(0.03, 10), AddRule())


def make(seed, n=40):
    """The network of a seed."""
    return make_network(n=n, density=0.3, seed=seed)


def test_spread_is_that_of_single_runs():
    """Mean and deviation of a round are those of the runs one by one."""
    seeds = (1, 2, 5)
    found = repeat_lnp(make, SHORT, seeds)
    alone = [lnp(make(seed), SHORT, seed) for seed in seeds]
    synapses = [r.rounds[0].graph.n_synapses for r in alone]
    assert found.mean["synapses"][0] == pytest.approx(np.mean(synapses))
    assert found.sd["synapses"][0] == pytest.approx(np.std(synapses, ddof=1))
    assert found.n_runs[0] == 3
    assert [r.rounds for r in found.results] == [r.rounds for r in alone]
    assert np.isfinite(found.mean["ipr_slow"]).all()


def test_runs_of_different_length():
    """A run that ends early counts in the rounds it reached; a single one has no deviation."""
    sizes = {0: 0.3, 1: 0.03}

    def uneven(seed):
        return make_network(n=60, density=sizes[seed], seed=5)

    schedule = LnpSchedule(0.9, 8, LnpConfig(node_exponents="leak"), None, None)
    found = repeat_lnp(uneven, schedule, (0, 1))
    short, long = sorted(len(r.rounds) for r in found.results)
    assert short < long
    assert found.n_runs.tolist() == [2] * short + [1] * (long - short)
    assert np.isnan(found.sd["neurons"]).tolist() == [False] * short + [True] * (long - short)


def test_no_seeds_are_refused():
    """Repeats of nothing are a wrong call."""
    with pytest.raises(ValueError, match="Seeds must be 1 or more, not 0"):
        repeat_lnp(make, SHORT, ())


@pytest.mark.slow
def test_processes_change_nothing():
    """Two processes give the runs of one."""
    found = [repeat_lnp(partial(make, n=30), SHORT, (0, 1), n_jobs=k) for k in (1, 2)]
    assert found[0].results[1].rounds == found[1].results[1].rounds
