"""Delivery over sparse rows."""

import numpy as np
from hypothesis import given

from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import SparseRows
from hrsnn_edge.reference.synapse import deliver
from tests.strategies import network_cases


def test_hand_worked():
    """Rows 0 and 2 fire: (1, 0, -3) and (0, 5, 2) << 1 add up to (1, 10, 1)."""
    rows = SparseRows.from_dense(np.array([[1, 0, -3], [9, 9, 9], [0, 5, 2]]))
    shift, fired = np.array([0, 3, 1]), np.array([True, False, True])
    assert deliver(rows, shift, fired).tolist() == [1, 10, 1]


@given(network_cases())
def test_equals_matrix_product(case):
    """A delivery equals the product with the dense, shifted matrix."""
    net, raster = case
    dense = net.w_in.to_dense().astype(np.int64) << net.shift_in[:, None]
    for events in raster[:5]:
        expected = events.astype(np.int64) @ dense
        assert deliver(net.w_in, net.shift_in, events).tolist() == expected.tolist()


@given(network_cases())
def test_sum_width_holds_the_worst_case(case):
    """No choice of events leaves sum_width, and the worst choice needs all its bits."""
    net, _ = case
    dense = np.concatenate(
        [
            net.w_in.to_dense().astype(np.int64) << net.shift_in[:, None],
            net.w_rec.to_dense().astype(np.int64) << net.shift_rec[:, None],
        ]
    )
    worst = np.minimum(dense, 0).sum(axis=0).min(), np.maximum(dense, 0).sum(axis=0).max()
    low, high = signed_range(net.sum_width)
    assert low <= worst[0] and worst[1] <= high
    if net.sum_width > 1:
        low, high = signed_range(net.sum_width - 1)
        assert worst[0] < low or worst[1] > high
