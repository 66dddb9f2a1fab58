"""The values that the stations hand over."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hrsnn_edge.errors import QuantisationError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import (
    Counts,
    FloatNetwork,
    IntFormat,
    IntStdp,
    LinearReadout,
    SparseRows,
)
from hrsnn_edge.plastic import check_stdp, initial_magnitudes
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network, random_stdp
from tests.strategies import network_cases

matrices = hnp.arrays(
    np.int32, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(-2, 2)
)


def float_network(**changed):
    """A float network of three neurons and two inputs."""
    values = {
        "w_in": SparseRows.from_dense(np.array([[1.0, 0, 2], [0, 0.5, 0]])),
        "w_rec": SparseRows.from_dense(np.array([[0, 1.0, 0], [0, 0, 1], [-1, 0, 0]])),
        "inhibitory": np.array([False, False, True]),
        "tau_mem": np.array([10.0, 20, 30]),
        "v_threshold": np.ones(3),
        "v_reset": np.zeros(3),
        "refractory_steps": np.zeros(3, np.int64),
    }
    return FloatNetwork(**{**values, **changed})


def test_tau_syn_is_checked():
    """Synaptic time constants are one a neuron and above 0; without any, currents do not last."""
    assert float_network().beta.tolist() == [0, 0, 0]
    assert float_network(tau_syn=np.full(3, 1 / np.log(2))).beta == pytest.approx([0.5] * 3)
    with pytest.raises(ValueError, match="tau_syn must have 3 values"):
        float_network(tau_syn=np.ones(2))
    with pytest.raises(QuantisationError, match="tau_syn, neuron 1: must be above 0, not 0.0"):
        float_network(tau_syn=np.array([1.0, 0, 2]))


def test_rows_by_hand():
    """The rows of a small matrix, its empty row among them, are as written out by hand."""
    rows = SparseRows.from_dense(np.array([[0, 7, 0], [0, 0, 0], [3, 0, -1]]))
    assert rows.row_ptr.tolist() == [0, 1, 1, 3]
    assert rows.col_idx.tolist() == [1, 0, 2]
    assert rows.weights.tolist() == [7, 3, -1]
    assert rows.fan_out.tolist() == [1, 0, 2]
    assert rows.fan_in.tolist() == [1, 1, 1]
    assert rows.pre_idx.tolist() == [0, 2, 2]


@given(matrices)
def test_dense_and_back(matrix):
    """A matrix survives the way to sparse rows and back."""
    assert np.array_equal(SparseRows.from_dense(matrix).to_dense(), matrix)


@given(matrices, st.randoms(use_true_random=False))
def test_keep(matrix, random):
    """Keeping a mask of synapses equals masking the dense matrix, and never adds one."""
    rows = SparseRows.from_dense(matrix)
    mask = np.array([random.random() < 0.5 for _ in range(rows.nnz)], bool)
    expected = np.zeros_like(matrix)
    expected[rows.pre_idx[mask], rows.col_idx[mask]] = rows.weights[mask]
    kept = rows.keep(mask)
    assert kept.nnz <= rows.nnz
    assert np.array_equal(kept.to_dense(), expected)


@pytest.mark.parametrize(
    ("row_ptr", "col_idx", "message"),
    [
        ([1, 2], [0, 1], "must be a vector that starts at 0"),
        ([0, 2, 1], [0, 1], "Row pointer must rise"),
        ([0, 1], [0, 1], "Row pointer must rise to 2, not to 1"),
        ([0, 2], [0, 3], "Targets must be between 0 and 2"),
        ([0, 2], [1, 1], "Targets must rise strictly"),
        ([0, 1, 1, 3], [0, 2, 1], "Targets must rise strictly"),
    ],
)
def test_wrong_rows(row_ptr, col_idx, message):
    """Rows that are not sparse rows are refused."""
    with pytest.raises(ValueError, match=message):
        SparseRows(np.array(row_ptr), np.array(col_idx), np.ones(len(col_idx)), 3)


def test_arrays_are_read_only():
    """The arrays of a network cannot be changed in place."""
    net = float_network()
    with pytest.raises(ValueError, match="read-only"):
        net.tau_mem[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        net.w_in.weights[0] = 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_float_network_refuses_what_is_not_finite(value):
    """A weight or threshold that is not finite is refused by name."""
    net = float_network()
    weights = net.w_rec.weights.copy()
    weights[2] = value
    with pytest.raises(QuantisationError, match="w_rec, synapse 2 -> 0: weight must be finite"):
        float_network(w_rec=net.w_rec.with_weights(weights))
    with pytest.raises(QuantisationError, match="v_threshold, neuron 1: must be finite"):
        float_network(v_threshold=np.array([1, value, 1]))


def test_alpha():
    """alpha is exp(-dt / tau): 0.9048 for 10 ms and 1 ms steps."""
    assert float_network().alpha[0] == pytest.approx(0.904837418)


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("v_width", 40, ValueError, "Membrane width must be between 8 and 24, not 40"),
        ("decay_width", 0, ValueError, "Decay width must be between 4 and 12, not 0"),
        ("v_width", 12.0, TypeError, "Membrane width must be an integer, not 12.0"),
    ],
)
def test_format_limits(name, value, error, message):
    """A width outside its limits is refused in the words of the style guide."""
    with pytest.raises(error, match=message):
        IntFormat(**{name: value})


@pytest.mark.parametrize("name", ["decay", "v_threshold", "v_reset", "refractory_steps"])
def test_int_network_refuses_values_outside_the_format(name):
    """A value one above its format is refused by name."""
    net, _ = random_network(1, 6, 4, 5, fmt=IntFormat())
    values = getattr(net, name).copy()
    values[3] = 1 << 20
    with pytest.raises(QuantisationError, match=f"{name}, element 3: must be between"):
        replace(net, **{name: values})


def test_a_row_may_have_both_signs_unless_it_learns():
    """A recurrent row against Dale's law is a network, but not one that learns."""
    net, raster = random_network(2, 8, 4, 5, fmt=IntFormat(), density=0.9)
    net = replace(net, w_rec=net.w_rec.with_weights(np.maximum(net.w_rec.weights, -31)))
    _, stdp = random_stdp(1, net)
    stdp = replace(stdp, plastic_in=False, plastic_rec=True)
    stdp = replace(stdp, magnitude_max=np.full(net.n_inputs + 8, 31 << stdp.learn_shift, np.int32))
    mixed = replace(net, inhibitory=~net.inhibitory)
    assert np.array_equal(run(mixed, raster).v, run(net, raster).v)
    with pytest.raises(QuantisationError, match="weight must have its source's sign"):
        check_stdp(mixed, stdp, initial_magnitudes(mixed, stdp))


@given(network_cases())
def test_out_width_holds_every_run(case):
    """The accumulators of a run stay within out_width."""
    net, raster = case
    low, high = signed_range(net.out_width(len(raster)))
    out = run(net, raster).out
    assert low <= out.min() and out.max() <= high


def test_readout_shapes():
    """A bias of another length than the outputs is refused."""
    with pytest.raises(ValueError, match="Readout weights must be"):
        LinearReadout(np.zeros((1, 3, 2)), np.zeros(3))


def test_counts_add():
    """Counts add field by field."""
    assert Counts(1, 2, sop_in=3) + Counts(10, spikes=1) == Counts(11, 3, sop_in=3)


def test_stdp_ranges():
    """A trace step that does not fit the trace is refused."""
    values = dict.fromkeys(
        ("decay_plus", "eta_plus", "magnitude_max", "decay_minus", "eta_minus"), np.zeros(1, int)
    )
    with pytest.raises(ValueError, match="trace_step must be between 1 and 15, not 16"):
        IntStdp(True, True, 0, 4, 16, 8, eta_shift=0, **values)
