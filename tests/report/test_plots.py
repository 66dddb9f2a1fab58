"""Plots show every spike and every value, and stay small."""

import re

import numpy as np
import pytest

from hrsnn_edge.report import plots
from hrsnn_edge.report.record import Tune
from hrsnn_edge.report.traces import RunTraces
from tests.report.demo import demo_record, demo_traces


def test_raster_has_one_mark_a_spike():
    """Every spike of both rasters is one dash."""
    traces = demo_traces()
    spikes = np.count_nonzero(traces.input_raster) + np.count_nonzero(traces.recurrent_raster)
    marks = re.findall(r"M\d+ \d+\.5h", plots.raster(traces))
    assert len(marks) == spikes


def test_raster_by_hand():
    """A spike of neuron 2 in step 4 lies at (4, 2.5); an inhibitory one has its own colour."""
    recurrent = np.zeros((6, 3), bool)
    recurrent[4, 2] = True
    traces = RunTraces(
        input_raster=np.zeros((6, 2), bool),
        recurrent_raster=recurrent,
        inhibitory=np.array([False, False, True]),
    )
    assert '<path class="spike inhibitory" d="M4 2.5h' in plots.raster(traces)
    assert 'class="spike"' not in plots.raster(traces)


def test_a_dense_raster_is_thinned_and_says_so():
    """Above the limit only every k-th row is drawn, so that the file stays small."""
    dense = np.ones((200, 1000), bool)
    drawn = plots.raster(RunTraces(input_raster=dense[:, :4], recurrent_raster=dense))
    assert "every 10th row shown" in drawn
    assert len(drawn) < 600_000


def test_whole_numbers_get_whole_bins():
    """Integer weights fall into bins centred on integers, each value in one bin."""
    values = np.array([-2, -2, 0, 3], np.int32)
    edges = plots._edges([values])
    assert edges[0] == -2.5
    assert np.all((edges * 2) % 2 == 1)
    assert np.histogram(values, edges)[0].sum() == 4


def test_constant_values_have_a_histogram():
    """A homogeneous network has one bar, not an error."""
    assert "<svg" in plots.histogram(np.full(9, 10.0), None, "tau", "neurons")
    assert plots.histogram(None, np.zeros(0), "tau", "neurons") is None


def test_tuning_marks_the_best():
    """Every evaluation has a dot, the best a second, larger one."""
    tune = demo_record().tune
    drawn = plots.tuning(tune)
    assert drawn.count("<circle") == len(tune.history) + 1
    assert f"evaluation {tune.best + 1}: " in drawn


def test_tuning_of_equal_scores():
    """Scores that never change still have a range."""
    points = [{"values": (), "score": 0.5}] * 3
    tune = Tune.model_validate({"parameters": (), "history": points, "metric": "m"})
    assert "nan" not in plots.tuning(tune).lower()


def test_tuning_leaves_failures_out():
    """An evaluation without a score has no dot; without any score there is no plot."""
    points = [{"values": (), "score": s} for s in (0.5, None, 0.7)]
    tune = Tune.model_validate({"parameters": (), "history": points, "metric": "m"})
    drawn = plots.tuning(tune)
    assert drawn.count("<circle") == 3
    assert "evaluation 3: 0.7" in drawn and "evaluation 2:" not in drawn
    assert plots.tuning(tune.model_copy(update={"history": tune.history[1:2]})) is None


@pytest.mark.parametrize("plot", [plots.raster, plots.membranes, plots.rates])
def test_a_plot_without_arrays_is_left_out(plot):
    """Nothing is drawn for arrays that are not there."""
    assert plot(RunTraces()) is None


def test_silent_and_flat_traces_are_drawn():
    """A silent network and a membrane at rest are still a picture."""
    traces = RunTraces(
        input_raster=np.zeros((5, 2), bool),
        recurrent_raster=np.zeros((5, 3), bool),
        membranes=np.zeros((5, 1), np.int32),
        membrane_neurons=np.array([1]),
        membrane_thresholds=np.array([0]),
        rates_float=np.zeros(3),
        rates_integer=np.zeros(3),
    )
    for plot in (plots.raster, plots.membranes, plots.rates):
        assert "nan" not in plot(traces)


def test_spectrum_by_hand():
    """Two exponents of one network are two dots with their values; none are no plot."""
    drawn = plots.spectrum(RunTraces(lyapunov_pruned=np.array([0.02, -0.5])))
    assert drawn.count("<circle") == 2
    assert "exponent 1: 0.02 /ms" in drawn and "exponent 2: -0.5 /ms" in drawn
    assert plots.spectrum(RunTraces()) is None
    assert plots.spectrum(demo_traces()).count("<circle") == 24


def test_evolution_needs_two_rounds():
    """Every quantity that each round has is one plot with a dot a round."""
    rounds = demo_record().prune.rounds
    drawn = plots.evolution(rounds)
    assert len(drawn) == 4
    assert all(plot.count("<circle") == len(rounds) for plot in drawn)
    assert "recurrent synapses over 7 rounds, from 5200 to 1311" in drawn[0]
    assert len(plots.evolution(tuple(r.model_copy(update={"neurons": None}) for r in rounds))) == 3
    assert plots.evolution(rounds[:1]) == []
