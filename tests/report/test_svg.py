"""Charts put data where it belongs."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.report import svg
from hrsnn_edge.report.svg import Axes, bars, dots, drawing, tick_labels, ticks


def test_examples():
    """The examples in the docstrings are right."""
    assert doctest.testmod(svg).failed == 0


@given(
    low=st.floats(-1e6, 1e6),
    span=st.floats(1e-3, 1e6),
    count=st.integers(2, 10),
)
def test_ticks_are_few_and_inside(low, span, count):
    """Ticks rise, stay inside the range, and are at most one more than asked for."""
    got = ticks(low, low + span, count)
    assert len(got) <= count + 1
    assert all(low - 1e-6 * span <= t <= low + span * (1 + 1e-6) for t in got)
    assert np.all(np.diff(got) > 0)
    assert len(set(tick_labels(got))) == len(got) if got else True


def test_axes_by_hand():
    """The ends of a range lie on the margins, y upwards."""
    axes = Axes((0, 10), (0, 2), width=100, height=60, left=20, right=10, top=5, bottom=15)
    assert (axes.x(0), axes.x(10), axes.x(5)) == (20, 90, 55)
    assert (axes.y(0), axes.y(2), axes.y(1)) == (45, 5, 25)


def test_bars_by_hand():
    """A histogram is one outline that starts and ends on the baseline."""
    axes = Axes((0, 2), (0, 4), width=40, height=40, left=0, right=0, top=0, bottom=0)
    path = bars(axes, [0, 1, 2], [4, 1], "after")
    assert path == '<path class="after" d="M0.0 40.0V0.0H20.0V30.0H40.0V40.0Z"/>'


def test_dots_escape_their_titles():
    """A tooltip may hold anything."""
    axes = Axes((0, 1), (0, 1))
    assert "<b>" not in dots(axes, [0.5], [0.5], "mark", titles=["<b>"])
    assert '"x' not in drawing(1, 1, "", '"x').replace('"x"', "")


@pytest.mark.parametrize("low_high", [(0.0, 0.0), (3.0, 3.0)])
def test_a_range_without_width_has_one_tick(low_high):
    """Equal ends do not divide by zero."""
    assert tick_labels(ticks(*low_high)) in (["0"], ["3"])
