"""What learning cores are shown to do in bulk: random networks, coverage, netlists."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hrsnn_sim import learning_runs
from hrsnn_sim.design import cover_points
from hrsnn_sim.learning import CoreLearner
from hrsnn_sim.learning_runs import (
    LEARNING_POINTS,
    learner,
    learning_met,
    learning_netlist_rung,
    learning_rung,
    step_difference,
)
from hrsnn_sim.learning_shapes import LEARNING_SHAPES, random_learning

from tests.rtl.test_plastic_core import by_hand

BUILD = Path(__file__).parents[2] / "build/sim"


def test_points():
    """Every point inside a core that learns is one of those that have to be met."""
    inside = {name for config in LEARNING_SHAPES.values() for name, _ in cover_points(config)}
    assert inside < set(LEARNING_POINTS)


def test_met_by_hand():
    """An input that fires with its neuron in three steps of four falls from 12 to 0."""
    net, stdp = by_hand(eta_plus=np.zeros(2, np.int32))
    raster = np.array([1, 1, 1, 1], bool)[:, None]
    batch = learning_runs.EventBatch.from_rasters([raster, raster])
    met = learning_met(LEARNING_SHAPES["learning"], net, stdp, batch)
    assert met["magnitude falls to 0"] == 1 and met["magnitude rises to its limit"] == 0
    assert met["traces forgotten between samples"] == 1
    # In the fourth step the weight is 2 >> 2, which fires nobody any more.
    assert met["event and spike in one step"] == 3


@pytest.mark.tools
def test_one_shape(monkeypatch):
    """The rung compares networks, and a point that was never met is a failure."""
    monkeypatch.setattr(learning_runs, "LEARNING_SHAPES", {"learning": LEARNING_SHAPES["learning"]})
    rung = learning_rung(BUILD, 12)
    assert rung.passed, rung.failures
    monkeypatch.setattr(learning_runs, "LEARNING_POINTS", ("nothing meets this",))
    assert learning_rung(BUILD, 1).failures == ("nothing meets this: must be met, not never",)


@pytest.mark.tools
def test_step_difference():
    """Weights are compared after every step, and the first step that differs is named."""
    core = learner("learning", BUILD)
    net, stdp, batch = random_learning(core.model.config, 1)
    raster = batch.raster(0)[:6]
    assert step_difference(core, net, stdp, raster) == ""

    class Wrong(CoreLearner):
        def learn(self, net, stdp, *args, **options):
            none = np.zeros_like(stdp.eta_minus)
            return super().learn(net, replace(stdp, eta_minus=none), *args, **options)

    wrong = Wrong(BUILD, model=core.model)
    cases = [random_learning(core.model.config, seed) for seed in range(6)]
    found = [step_difference(wrong, net, stdp, batch.raster(0)[:6]) for net, stdp, batch in cases]
    assert any(text.startswith("step ") and "(reference), not" in text for text in found)


@pytest.mark.slow
@pytest.mark.tools
def test_every_shape():
    """Every core that learns equals the reference on random networks that meet every point."""
    rung = learning_rung(BUILD, 30)
    assert rung.passed, rung.failures


@pytest.mark.slow
@pytest.mark.tools
def test_netlists():
    """So do the netlists of both families, weights compared after every step."""
    rung = learning_netlist_rung(BUILD, 2)
    assert rung.passed, rung.failures
