"""The learning rule: cases worked by hand and its bounds."""

import re

import numpy as np
import pytest
from hypothesis import given

from hrsnn_edge.errors import QuantisationError
from hrsnn_edge.network import IntFormat, IntNetwork, IntStdp, LinearReadout, SparseRows
from hrsnn_edge.plastic import Magnitudes, check_stdp, initial_magnitudes
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.stdp import bump_traces, decay_traces, plasticity_step
from tests.strategies import learning_cases


def constants(sources=3, neurons=1, **changed):
    """Traces that halve in a step, changes of a quarter of a trace, magnitudes up to 200."""
    values = {
        "plastic_in": True,
        "plastic_rec": False,
        "learn_shift": 2,
        "trace_width": 6,
        "trace_step": 40,
        "decay_width": 4,
        "decay_plus": np.full(sources, 8),
        "eta_plus": np.full(sources, 1),
        "magnitude_max": np.full(sources, 60),
        "decay_minus": np.full(neurons, 8),
        "eta_minus": np.full(neurons, 1),
        "eta_shift": 2,
    }
    return IntStdp(**{**values, **changed})


def two_inputs(weights=(10, 10)):
    """Two inputs onto one neuron that fires when any of them does."""
    n = np.array
    return IntNetwork(
        w_in=SparseRows.from_dense(n([[weights[0]], [weights[1]]], np.int32)),
        w_rec=SparseRows.from_dense(np.zeros((1, 1), np.int32)),
        shift_in=n([0, 0]),
        shift_rec=n([0]),
        inhibitory=n([False]),
        decay=n([0]),
        v_threshold=n([5]),
        v_reset=n([0]),
        refractory_steps=n([0]),
        readout=LinearReadout(np.zeros((1, 1, 1), np.int32), np.zeros(1, np.int32)),
        fmt=IntFormat(),
    )


def test_traces_by_hand():
    """A trace of 63 with decay 9/16 becomes 35 (35.4 rounded down), then 63: 75 saturates."""
    stdp = constants()
    decayed = decay_traces(np.array([63, 63, 0]), np.array([9, 0, 9]), 4)
    assert decayed.tolist() == [35, 0, 0]
    bumped = bump_traces(decayed, np.array([True, True, False]), stdp)
    assert bumped.tolist() == [63, 40, 0]


def test_step_by_hand():
    """Potentiation by eta * x, then depression by eta * y, both clipped and counted."""
    rows = SparseRows.from_dense(np.array([[1, 1], [1, 0]]))  # 0->0, 0->1, 1->0
    stdp = constants(sources=4, neurons=2)
    x, y = np.array([40, 20, 0, 0]), np.array([12, 30])
    after, updates = plasticity_step(
        rows,
        np.array([30, 5, 58]),
        0,
        np.array([True, False]),
        np.array([True, False]),
        x,
        y,
        stdp,
    )
    # 0->0: 30 + 10 - 3; 0->1: 5 - 7 clips at 0; 1->0: 58 + 5 clips at 60.
    assert after.tolist() == [37, 0, 60]
    assert updates == 4


def test_run_by_hand():
    """Input 0 fires at step 0, input 1 at step 1; the neuron fires at both.

    Step 0 changes nothing: no trace is older than the step. Step 1: the traces of input 0 and of
    the neuron have halved to 20; the neuron fired, so 0 gains 20 / 4; input 1 fired, so it loses
    20 / 4. Then both spikes of step 1 add 40.
    """
    raster = np.eye(2, dtype=bool)
    trace = run(two_inputs(), raster, constants())
    assert trace.spikes.ravel().tolist() == [True, True]
    assert trace.magnitudes.w_in.tolist() == [45, 35]
    assert trace.x.tolist() == [20, 40, 60]
    assert trace.y.tolist() == [60]
    assert [c.weight_updates for c in trace.counts] == [0, 2]


def test_weights_are_those_after_the_step_before():
    """A magnitude below one weight LSB delivers 0; after one potentiation it delivers again."""
    net = two_inputs((20, 1))
    start = Magnitudes(np.array([60, 3]), np.zeros(0, np.int64))
    raster = np.array([[0, 1], [1, 0], [0, 1]], bool)
    trace = run(net, raster, constants(), start)
    assert trace.syn_sum[:, 0].tolist() == [0, 15, 2]  # 3 + (20 >> 2) = 8, and 8 >> 2 = 2


@given(learning_cases())
def test_bounds(case):
    """Magnitudes stay within 0 and their source's greatest, traces within their width."""
    net, raster, stdp = case
    trace = run(net, raster, stdp)
    top = (1 << stdp.trace_width) - 1
    assert min(trace.x.min(), trace.y.min()) >= 0 and max(trace.x.max(), trace.y.max()) <= top
    for plastic, values, rows, first in (
        (stdp.plastic_in, trace.magnitudes.w_in, net.w_in, 0),
        (stdp.plastic_rec, trace.magnitudes.w_rec, net.w_rec, net.n_inputs),
    ):
        if plastic:
            assert np.all(values >= 0)
            assert np.all(values <= stdp.magnitude_max[first + rows.pre_idx])


@given(learning_cases())
def test_not_plastic_is_untouched(case):
    """A projection that does not learn keeps its magnitudes."""
    net, raster, stdp = case
    before, after = initial_magnitudes(net, stdp), run(net, raster, stdp).magnitudes
    if not stdp.plastic_in:
        assert np.array_equal(before.w_in, after.w_in)
    if not stdp.plastic_rec:
        assert np.array_equal(before.w_rec, after.w_rec)


@pytest.mark.parametrize(
    ("net", "changed", "message"),
    [
        (two_inputs((10, 20)), {}, "w_in, synapse 1 -> 0: magnitude must be between 0 and 60"),
        (two_inputs((10, -1)), {}, "w_in, synapse 1 -> 0: weight must have its source's sign"),
        (
            two_inputs(),
            {"magnitude_max": np.array([60, 128, 60])},
            "w_in sources, sign * (magnitude_max >> learn_shift), element 1: must be between -32",
        ),
    ],
)
def test_refuses_what_could_leave_the_formats(net, changed, message):
    """Constants that could leave the formats are refused with the place."""
    stdp = constants(**changed)
    with pytest.raises(QuantisationError, match=re.escape(message)):
        check_stdp(net, stdp, initial_magnitudes(net, stdp))


def test_wrong_number_of_constants():
    """Constants of another network are refused."""
    stdp = constants(sources=4)
    with pytest.raises(ValueError, match="decay_plus must have 3 values"):
        run(two_inputs(), np.eye(2, dtype=bool), stdp)
