"""The compiled core as a stream: outputs of a run that goes on, sample after sample."""

from __future__ import annotations

import numpy as np
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.interfaces import Select

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import IntNetwork
from hrsnn_sim.bulk import BulkModel, Gaps


class CoreStream:
    """A `hrsnn_edge.reference.loop.Stream` that the core computes, from its cleared state.

    Parameters
    ----------
    model : BulkModel
        The core; the network is loaded into it.
    net : IntNetwork
        With a trace readout.
    gaps : Gaps, optional
        Pauses of the host.
    """

    def __init__(self, model: BulkModel, net: IntNetwork, gaps: Gaps | None = None):
        self._model, self._net, self._gaps, self._t = model, net, gaps, 0
        model.load(memory_images(net, model.config))

    def __call__(self, raster) -> np.ndarray:
        """Return the (n_out,) int64 outputs after the next (T, n_inputs) bool steps."""
        readout, model = self._net.readout, self._model
        asked = readout.asked_steps(len(raster), self._t)
        batch = EventBatch.from_rasters([np.asarray(raster, bool)])
        model.run(batch, readout.n_bins, self._gaps, asked, go_on=self._t > 0)
        self._t += len(raster)
        words = model.read(Select.OUT, 0, 0, readout.n_out)
        sign = np.int64(1) << (model.config.out_width - 1)
        return (words & (2 * sign - 1) ^ sign) - sign
