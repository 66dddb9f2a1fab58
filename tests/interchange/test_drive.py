"""Events with the channels and steps that an imported network needs."""

import numpy as np
import pytest

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import DataError
from hrsnn_edge.interchange.drive import driven, driven_raster

DRIVE = {"channels": 2, "always_on": [[2, 0], [3, 1]], "latency_steps": 1}


def test_by_hand():
    """Two steps more than the events have channels for: constants start when they should."""
    raster = np.array([[1, 0], [0, 1]], bool)
    want = [[1, 0, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]
    assert driven_raster(raster, DRIVE).astype(int).tolist() == want
    batch = driven(EventBatch.from_rasters([raster, ~raster]), DRIVE)
    assert batch.raster(0).astype(int).tolist() == want
    assert batch.n_steps.tolist() == [3, 3]


def test_wrong_channels_are_refused():
    """Events of another input are no events for the network."""
    with pytest.raises(DataError, match="Events must have 2 channels like the imported"):
        driven_raster(np.zeros((3, 5), bool), DRIVE)
