"""A driven network in integers, and what is measured on it."""

from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.analysis.reservoir import Reservoir, draw_reservoir, memory_recipe
from hrsnn_edge.data.planes import Planes
from hrsnn_edge.engine.float_current import trace_decays
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.network import FloatNetwork, IntFormat, SparseRows
from hrsnn_edge.quantise.driven import HELD, IntegerDrive, round_reservoir
from hrsnn_edge.reference.network import run
from hrsnn_edge.tune.objectives import MEASURES, ReservoirScore, float_drive

WIDE = IntFormat(v_width=24, decay_width=12, weight_width=8, shift_width=3)
NARROW = IntFormat(v_width=8, decay_width=4, weight_width=3, shift_width=0)
SMALL = memory_recipe(100)
SIZES = {"n_samples": 1200, "n_train": 700, "n_delays": 20}


def by_hand() -> Reservoir:
    """Return one neuron of decay 1/2 that is driven by ``1/2 + x / 4``, two steps a sample."""
    net = FloatNetwork(
        w_in=SparseRows(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0), 1),
        w_rec=SparseRows.from_dense(np.zeros((1, 1))),
        inhibitory=np.zeros(1, bool),
        tau_mem=np.full(1, 1 / np.log(2)),
        v_threshold=np.full(1, 0.9),
        v_reset=np.zeros(1),
        refractory_steps=np.zeros(1, int),
        dt=1.0,
        gain_mode="jump",
    )
    return Reservoir(net, np.array([0.5]), np.array([[0.25]]), 2, trace_decays(net))


@pytest.mark.parametrize("drive", [float_drive, IntegerDrive(WIDE)])
def test_worked_by_hand(drive):
    """One sample after the other: 3/4, then 1.125 fires; 1/4, 3/8; 3/4 + 3/16 fires, then 3/4."""
    driven = drive(by_hand(), np.array([[1.0], [-1.0], [1.0]]))
    np.testing.assert_allclose(driven.features[:, 0], [1, 0.25, 0.5 + 0.0625], atol=1e-3)
    assert driven.spikes.tolist() == [2 / 3]
    np.testing.assert_allclose(driven.net.alpha, 0.5)
    # Its input in thresholds is the current, whatever an LSB is worth.
    np.testing.assert_allclose(
        driven.current(2) / driven.net.v_threshold, np.array([[3, 3, 1, 1]]).T / 4 / 0.9, rtol=0.01
    )


@pytest.mark.parametrize("measure", MEASURES)
def test_wide_integers_measure_what_floats_do(measure):
    """In the widest format a measure is that of floats but for rounding, not in a narrow one."""
    exact, wide, narrow = (
        ReservoirScore(SMALL, measure, (3, 4, 5), drive=drive, **SIZES)({})[0]
        for drive in (float_drive, IntegerDrive(WIDE), IntegerDrive(NARROW))
    )
    scale = 1e-3 if measure == "lyapunov" else abs(exact)
    assert wide == pytest.approx(exact, abs=0.03 * scale)
    assert abs(narrow - exact) > abs(wide - exact)


def test_states_are_those_of_the_reference():
    """Spikes and filters that are measured are those of the definition, to the bit."""
    reservoir, x = draw_reservoir(SMALL, 1, 5), np.random.default_rng(5).uniform(-1, 1, (30, 1))
    driven = IntegerDrive(NARROW)(reservoir, x)
    rounded = round_reservoir(reservoir, x, NARROW, HELD)
    found = run(rounded.net, rounded.events(x).raster(0))
    assert (driven.spikes * len(x)).round().tolist() == found.spikes.sum(axis=0).tolist()
    assert found.spikes.any()


def test_a_silent_network_is_a_failed_point():
    """A format that rounds all drive away is refused with the rate, not scored."""
    quiet = replace(SMALL, bias_mean=0.05, bias_spread=0.0, input_gain=0.01)
    with pytest.raises(TrainingError, match=r"rate must be between 0.1 and 200 Hz, not 0"):
        ReservoirScore(quiet, seeds=(0,), drive=IntegerDrive(NARROW), **SIZES)({})


def test_coarser_input_is_a_choice():
    """With two bits of input the spikes are others than with twelve."""
    reservoir, x = draw_reservoir(SMALL, 1, 5), np.random.default_rng(5).uniform(-1, 1, (99, 1))
    fine, coarse = (IntegerDrive(WIDE, p)(reservoir, x) for p in (Planes(12, 10), Planes(2, 1)))
    assert (fine.spikes != coarse.spikes).any()
