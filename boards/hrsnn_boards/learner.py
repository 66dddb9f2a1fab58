"""The host driver of an accelerator that learns: samples in, learned weights out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hrsnn_rtl.flush import UPDATE_ROWS
from hrsnn_rtl.interfaces import CommandKind, Select
from hrsnn_rtl.placer import Placement, place
from hrsnn_rtl.plastic_image import (
    constant_images,
    magnitude_images,
    plastic_images,
    read_magnitudes,
)
from hrsnn_rtl.plasticity import magnitude_layout
from hrsnn_sim.commands import command_word

from hrsnn_boards.driver import HrsnnDevice
from hrsnn_boards.transport import Transport
from hrsnn_edge.artifact.schema import Artifact
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import LinkError
from hrsnn_edge.network import IntNetwork, IntStdp
from hrsnn_edge.plastic import Magnitudes, learned_network


class LearningDevice(HrsnnDevice):
    """A `HrsnnDevice` whose core learns while it runs.

    After every sample all magnitudes are up to date, so the host may read, change and write them.

    Parameters
    ----------
    transport, retries
        As of `HrsnnDevice`.
    stdp : IntStdp
        The learning constants.
    """

    def __init__(self, transport: Transport, stdp: IntStdp, *, retries: int = 4):
        super().__init__(transport, retries=retries)
        self._stdp = stdp

    def load(self, net: IntNetwork, placement: Placement | None = None) -> None:
        """Load a network and its constants, in place of whatever the device holds."""
        # Nothing that an earlier network is owed may be paid to this one.
        self.clear()
        self._wait_idle()
        super().load(net, placement)

    def magnitudes(self) -> Magnitudes:
        """Return the magnitudes."""
        net, config = self._loaded(), self._known_config()
        self._send([command_word(CommandKind.CLEAR, UPDATE_ROWS)])
        self._wait_idle()
        wide = magnitude_layout(config).size > 32

        def read(select: Select, lane: int, address: int, count: int) -> np.ndarray:
            return self.read_memory(select, address, count, lane=lane, wide=wide)

        return read_magnitudes(read, net, self._stdp, config, self._placement)

    def write_magnitudes(self, magnitudes: Magnitudes) -> None:
        """Write other magnitudes between samples, as for the upkeep of the contract."""
        config = self._known_config()
        images = magnitude_images(self._loaded(), self._stdp, config, self._placement, magnitudes)
        for image in images:
            self.write_memory(image.select, image.base, image.words, lane=image.lane)

    def write_constants(self, stdp: IntStdp) -> None:
        """Write other learning constants between samples, as when the learning rates fall."""
        config, net = self._known_config(), self._loaded()
        config.plasticity.check_holds(stdp)
        for image in constant_images(net, stdp, config, self._placement):
            self.write_memory(image.select, image.base, image.words, lane=image.lane)
        self._stdp = stdp

    def learned(self, artifact: Artifact) -> Artifact:
        """Return the artifact of the loaded network with the weights that the device has now."""
        net = learned_network(self._loaded(), self._stdp, self.magnitudes())
        return replace(artifact, network=net, stdp=self._stdp)

    def _loaded(self) -> IntNetwork:
        if self._net is None:
            raise LinkError("A network must be loaded before it learns. Call load or attach.")
        return self._net

    def _images(self, net: IntNetwork, placement: Placement | None):
        config = self._known_config()
        placement = placement or place(net, config.lanes, config.n_slots)
        return placement, plastic_images(net, self._stdp, config, placement)

    def _sample_words(self, one: EventBatch, go_on: bool = False) -> np.ndarray:
        words = super()._sample_words(one, go_on)
        return np.append(words, np.uint16(command_word(CommandKind.CLEAR, UPDATE_ROWS)))
