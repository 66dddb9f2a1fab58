"""Whole cores that learn, compiled, under random pauses: equal to the reference and the engine."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hrsnn_sim.bulk import BulkModel, Gaps
from hrsnn_sim.design import core_design
from hrsnn_sim.learning import CoreLearner
from hrsnn_sim.learning_shapes import (
    LEARNING_SHAPES,
    hurried_difference,
    learning_difference,
    random_learning,
)

from hrsnn_edge.artifact.io import read_artifact
from hrsnn_edge.engine.int_learn import learn
from hrsnn_edge.engine.int_run import run_batch
from hrsnn_edge.flow.chip_learning import bench_learning
from hrsnn_edge.flow.experiment import load_experiment
from hrsnn_edge.plastic import initial_magnitudes

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build/sim"
pytestmark = pytest.mark.tools


def learner(name: str) -> CoreLearner:
    """Return a core that learns, compiled once."""
    config = LEARNING_SHAPES[name]
    return CoreLearner(BUILD, model=BulkModel(core_design(config), config, BUILD / "models"))


def check_random(name: str, first: int, count: int) -> None:
    """Compare random networks on a core with the reference, and see that they learnt."""
    core = learner(name)
    for seed in range(first, first + count):
        net, stdp, batch = random_learning(core.model.config, seed)
        core.gaps = Gaps(0.3 * (seed % 3), 0.0, seed + 1, wait_steps=seed % 5 == 0)
        assert learning_difference(core, net, stdp, batch) == "", f"core {name}, seed {seed}"
        assert hurried_difference(core, net, stdp, batch) == "", f"core {name}, seed {seed}"
    assert core.work.weight_updates > 100 * count


def test_random_networks():
    """Random networks on one lane learn what the reference learns, sample after sample."""
    check_random("learning", 0, 12)


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNING_SHAPES)
def test_many_random_networks(name):
    """So do more of them on every core: lanes, either projection, single-port memory."""
    check_random(name, 100, 60)


def test_kept_sums():
    """With upkeep between samples the core's magnitudes, spikes and counts are the engine's."""
    core = learner("learning")
    net, stdp, batch = random_learning(core.model.config, 3)
    start = initial_magnitudes(net, stdp)
    want = learn(net, stdp, batch, start, keep_sums=start)
    got = core.learn(net, stdp, batch, start, keep_sums=start)
    assert (got.magnitudes.w_in == want.magnitudes.w_in).all()
    assert (got.magnitudes.w_rec == want.magnitudes.w_rec).all()
    assert (got.spike_counts == want.spike_counts).all()
    assert got.counts == want.counts


def test_difference_is_named():
    """A core that holds other constants than the reference is told where it first differs."""
    core = learner("learning")

    class Wrong(CoreLearner):
        def learn(self, net, stdp, *args, **options):
            other = replace(stdp, eta_plus=np.zeros_like(stdp.eta_plus))
            return super().learn(net, other, *args, **options)

    wrong = Wrong(BUILD, model=core.model)
    cases = [random_learning(core.model.config, seed) for seed in range(6)]
    found = [text for text in (learning_difference(wrong, *case) for case in cases) if text]
    assert found
    assert all(text.startswith("sample ") and "(reference), not" in text for text in found)


@pytest.mark.slow
def test_learns_digits(tmp_path):
    """A network of 256 neurons learns digits on the core: weights and accuracy of the software."""
    experiment = load_experiment(ROOT / "experiments/digits.toml")
    output = tmp_path / "chip.hrsnn"
    found = bench_learning(experiment, samples=50, root=BUILD, output=output)
    learned = read_artifact(output)
    assert learned.stdp is not None
    data = experiment.data.load(experiment.seed)
    accuracy = run_batch(learned.network, data.test.events).predictions == data.test.labels
    assert accuracy.mean() == found["accuracy"]["software"]
    assert found["equal"]
    assert found["accuracy"]["core"] == found["accuracy"]["software"] > 0.85
    assert found["cycles_per_touched_synapse"] <= 1.5
