"""The membrane step: cases worked by hand and the properties of the contract."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.fixed import signed_range
from hrsnn_edge.reference.lif import LifParams, lif_step


def neuron(decay=128, v_threshold=100, v_reset=0, refractory_steps=0, v_width=8, v_shift=0):
    """One neuron with 8 decay bits; 128 halves the membrane in a step."""
    arrays = (np.array([x]) for x in (decay, v_threshold, v_reset, refractory_steps))
    return LifParams(*arrays, v_width=v_width, decay_width=8, v_shift=v_shift)


def step(params, v, syn_sum, refractory=0):
    """One step of one neuron, in Python integers."""
    v, counter, spike = lif_step(np.array([v]), np.array([refractory]), np.array([syn_sum]), params)
    return int(v[0]), int(counter[0]), bool(spike[0])


@pytest.mark.parametrize(
    ("v", "syn_sum", "expected"),
    [
        (21, 0, (10, 0, False)),  # 21 * 128 / 256 = 10.5, toward zero
        (-21, 0, (-10, 0, False)),
        (-1, 0, (0, 0, False)),
        (40, 79, (99, 0, False)),  # 20 + 79, one below the threshold
        (40, 80, (0, 0, True)),  # at the threshold
        (-100, -79, (-128, 0, False)),  # -129 saturates
        (120, 500, (0, 0, True)),  # fires, whether or not 560 was saturated
    ],
)
def test_hand_worked(v, syn_sum, expected):
    """Leak, sum, threshold and saturation give the values worked out by hand."""
    assert step(neuron(), v, syn_sum) == expected


def test_shift():
    """The sum is shifted before it is added: 10 + (7 << 2) = 38."""
    assert step(neuron(v_shift=2), 20, 7) == (38, 0, False)


def test_refractory_period():
    """A neuron with refractory_steps = 2 that always gets enough fires every third step."""
    params, v, counter, fired = neuron(refractory_steps=2, v_reset=-5), 0, 0, []
    for _ in range(7):
        v, counter, spike = step(params, v, 110, counter)
        fired.append(spike)
        assert v == -5
    assert fired == [True, False, False, True, False, False, True]


def test_subtractive_reset():
    """127 over a threshold of 100 leaves 27; what is left is saturated; a held neuron stays."""
    params = LifParams(**{**vars(neuron(decay=0, refractory_steps=1)), "subtracts": True})
    assert step(params, 0, 127) == (27, 1, True)
    assert step(params, 0, 99) == (99, 0, False)
    assert step(params, 0, 227) == (127, 1, True)
    assert step(params, 0, 300) == (127, 1, True)
    assert step(params, 27, 127, 1) == (27, 0, False)
    lower = LifParams(**{**vars(params), "v_reset": np.array([-50])})
    assert step(lower, 0, 127) == (-23, 1, True)


def test_subtractive_reset_keeps_the_mean_rate():
    """Without a leak the spikes of a run are the input over the threshold, to within one."""
    params = LifParams(
        np.array([2**12 - 1]), np.array([1000]), np.array([0]), np.array([0]), 24, 12, 0, True
    )
    v, counter, spikes = np.array([0]), np.array([0]), 0
    for _ in range(100):
        v, counter, fired = lif_step(v, counter, np.array([370]), params)
        spikes += int(fired[0])
    assert spikes == 37 - 1  # the leak of 2**-12 a step costs the last one


def test_threshold_below_zero():
    """A neuron whose threshold is negative fires without input, unless it is inhibited."""
    params = neuron(v_threshold=-127, v_reset=-128, decay=0)
    assert step(params, 0, 0) == (-128, 0, True)
    assert step(params, 0, -127) == (-128, 0, True)
    assert step(params, 0, -128) == (-128, 0, False)


@given(st.integers(8, 24), st.integers(0, 255), st.data())
def test_reaches_zero(v_width, decay, data):
    """Without input a membrane never grows and never changes its sign."""
    low, high = signed_range(v_width)
    v = data.draw(st.integers(low, high))
    after, _, _ = step(neuron(decay, high, v_width=v_width), v, 0)
    assert abs(after) <= abs(v) and after * v >= 0
    assert after != v or v == 0
