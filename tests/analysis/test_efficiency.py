import numpy as np
import pytest

from hrsnn_edge.analysis.efficiency import (
    classification_efficiency,
    prediction_efficiency,
    sop_ratio,
    spike_efficiency,
    spikes_until_first,
)
from hrsnn_edge.errors import TrainingError
from hrsnn_edge.network import Counts


def test_worked():
    """Hand-worked: 3 at 1.5 spikes a neuron is 2; 0.9 at 3 is 0.3; 1 / (0.5 * 4) is 0.5."""
    assert spike_efficiency(3.0, [0, 1, 2, 3]) == 2
    assert classification_efficiency(0.9, 3) == pytest.approx(0.3)
    assert prediction_efficiency(0.5, 4) == 0.5


def test_zero_spikes_are_named():
    """No spikes in the denominator is an error that says the network is silent."""
    for call in (
        lambda: spike_efficiency(1.0, np.zeros(4)),
        lambda: classification_efficiency(0.5, 0),
        lambda: prediction_efficiency(0.5, 0),
    ):
        with pytest.raises(TrainingError, match=r"must be above 0, not 0\. The network is silent"):
            call()
    with pytest.raises(ValueError, match="NRMSE must be above 0, not 0"):
        prediction_efficiency(0, 1)


def test_window_ends_with_the_first_answer():
    """Spikes count up to the step of the first readout spike, and all without one."""
    raster = np.array([[1, 0], [1, 1], [0, 1]])
    assert spikes_until_first(raster, np.array([[0], [1], [1]])).tolist() == [2, 1]
    assert spikes_until_first(raster, np.zeros((3, 1))).tolist() == [2, 2]
    with pytest.raises(ValueError, match="must have 3 steps like the other, not 2"):
        spikes_until_first(raster, np.zeros((2, 1)))


def test_sop_ratio():
    """Hand-worked: 30 + 70 operations over 5 + 15 are 5; the readout does not count."""
    dense = Counts(sop_in=30, sop_rec=70, sop_out=1000)
    assert sop_ratio(dense, Counts(sop_in=5, sop_rec=15, sop_out=9)) == 5
    with pytest.raises(TrainingError, match="must be at least 1, not 0"):
        sop_ratio(dense, Counts(sop_out=3))
