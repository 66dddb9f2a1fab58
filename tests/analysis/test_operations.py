from dataclasses import replace

import numpy as np

from hrsnn_edge.analysis.operations import count_operations, source_activity
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import (
    Counts,
    DenseLayer,
    FloatNetwork,
    LinearReadout,
    MlpReadout,
    SparseRows,
)


def test_worked_counts():
    """Hand-worked: two events reach neuron 0, whose two spikes reach neuron 1, which has no row."""
    net = FloatNetwork(
        SparseRows.from_dense(np.array([[1.0, 0.0], [0.0, 0.0]])),
        SparseRows.from_dense(np.array([[0.0, 1.0], [0.0, 0.0]])),
        np.zeros(2, bool), np.full(2, 10.0), np.ones(2), np.zeros(2), np.zeros(2, int),
        readout=LinearReadout(np.ones((1, 2, 3)), np.zeros(3)),
    )  # fmt: skip
    # Channel 0 at steps 0 and 1, channel 1 (an empty row) at step 1; neuron 1 fires at 1 and 2.
    events = EventBatch.from_rasters([np.array([[1, 0], [1, 1], [0, 0]])])
    assert count_operations(net, events) == Counts(
        input_events=3, spikes=4, sop_in=2, sop_rec=2, sop_out=12, neuron_updates=6, skipped_rows=3
    )
    mlp = MlpReadout(np.array([1]), 1, (DenseLayer(np.ones((1, 3)), np.zeros(3)),))
    assert count_operations(replace(net, readout=mlp), events).sop_out == 3
    activity = source_activity(net, events)
    assert activity["in"].tolist() == [2 / 3, 1 / 3]
    assert activity["rec"].tolist() == [2 / 3, 2 / 3]
