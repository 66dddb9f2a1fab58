"""The accelerator core: lanes, scheduler and readout, with the ports of ``docs/accelerator.md``."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import wiring

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.interfaces import CoreSignature


class Core(wiring.Component):
    """A heterogeneous recurrent network of LIF neurons, bit-exact with the numeric contract.

    Parameters
    ----------
    config : CoreConfig
        Capacities and widths.
    images : sequence of MemoryImage
        Contents at start, as of `hrsnn_rtl.image.memory_images`; none leaves every memory 0.
    vendor_cells : bool
        With ``synapse_memory="spram"``: instantiate the vendor's cell (synthesis, or simulation
        with its model) instead of a model of ours.
    poison : bool
        Make every memory word that must not be used wrong; for simulation, see `Ram`.

    Members
    -------
    As `CoreSignature`.
    """

    def __init__(self, *, config: CoreConfig, images=(), vendor_cells=False, poison=False):
        self._config, self._images = config, tuple(images)
        self._vendor_cells, self._poison = vendor_cells, poison
        super().__init__(CoreSignature(config))

    @property
    def config(self) -> CoreConfig:
        """The generator values."""
        return self._config

    def elaborate(self, platform):
        """Build the circuit."""
        return Module()
