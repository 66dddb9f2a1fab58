"""The system on chip from its host's side: messages to its program, lines back.

``docs/soc.md`` describes both.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hrsnn_rtl.bursts import model_mark
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.crc import crc16
from hrsnn_rtl.image import MemoryImage
from hrsnn_rtl.placer import Placement
from hrsnn_rtl.registers import BY_NAME
from hrsnn_sim.commands import command_words

from hrsnn_boards.transport import Transport
from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import CapacityError, LinkError

#: Words of a message, at most.
MESSAGE_WORDS = 64
#: Silences of the transport in a line, at most: a message of many steps has many spikes to read.
PATIENCE = 60
#: Characters of a line, at most.
LINE_LENGTH = 2000
#: Counters of a sample's line, by their names in `Counts` where they have one there.
COUNTERS = ("input_events", "spikes", "sop_in", "sop_rec", "sop_out", "skipped_rows", "steps")


@dataclass(frozen=True)
class SocReport:
    """What the program says of one sample.

    Attributes
    ----------
    prediction : int
        Class: the lowest index among the greatest outputs.
    outputs : tuple of int
        Readout accumulators.
    counters : dict of str to int
        `COUNTERS`.
    items : tuple of int
        The spike stream: number of items, their sum, and the sum of the sums after each; the last
        two modulo 2^32.
    busy_cycles, cycles : int
        Clock cycles in which the core worked, and from the start of the sample to its end.
    """

    prediction: int
    outputs: tuple[int, ...]
    counters: dict[str, int]
    items: tuple[int, int, int]
    busy_cycles: int
    cycles: int

    @classmethod
    def from_line(cls, line: str) -> SocReport:
        """Return the report in a line."""
        name, _, rest = line.partition(" ")
        pairs = rest.split()
        values = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        try:
            if name != "sample":
                raise ValueError(name)
            return cls(
                int(values["class"]),
                tuple(int(value) for value in values["outputs"].split(",") if value),
                {counter: int(values[counter]) for counter in COUNTERS},
                (int(values["items"]), int(values["sum"]), int(values["sums"])),
                int(values["busy_cycles"]),
                int(values["cycles"]),
            )
        except (KeyError, ValueError) as error:
            raise LinkError(f"Line must be the report of a sample, not {line!r}") from error


def message(kind: str, words: Sequence[int] = ()) -> bytes:
    """Return the bytes of a message.

    >>> message("S", [1]).hex()
    '5301010000008fc5'
    """
    if len(words) > MESSAGE_WORDS:
        raise ValueError(f"Message must be at most {MESSAGE_WORDS} words, not {len(words)}")
    body = kind.encode() + bytes([len(words)]) + struct.pack(f"<{len(words)}I", *words)
    return body + crc16(body).to_bytes(2, "big")


class SocHost:
    """A system on chip at the other end of a transport; begin with `identify`.

    Every method raises `LinkError` when it answers wrongly or not at all.

    Attributes
    ----------
    transport : Transport
        The bytes.
    """

    def __init__(self, transport: Transport):
        self.transport = transport

    def identify(self) -> dict[str, int]:
        """Return what the core was built for, and the mark of its network, by name."""
        self.transport.drain()
        line = self._ask("I")
        name, _, rest = line.partition(" ")
        if name != "hrsnn":
            raise LinkError(
                f"Program must answer with its name, not {line!r}. Check the bitstream."
            )
        return {key: int(value) for key, value in (pair.split("=") for pair in rest.split())}

    def load(self, images: Sequence[MemoryImage], n_neurons: int) -> None:
        """Load memory images, in place of whatever the core holds.

        Raises
        ------
        CapacityError
            A word has more than 32 bits.
        """
        for image in images:
            widest = int(image.words.max(initial=0))
            if widest >> 32:
                raise CapacityError(
                    f"Words of {image.select.name} must be at most 32 bits, not "
                    f"{widest.bit_length()}. Put the network into the bitstream."
                )
            step = MESSAGE_WORDS - 1
            for start in range(0, image.words.size, step):
                words = image.words[start : start + step].tolist()
                self._do("L", [_place(image, start), *words])
        self._do("M", [model_mark(images), n_neurons])

    def run(
        self, batch: EventBatch, sample: int, n_bins: int, *, spikes: bool, asked=None
    ) -> SocReport:
        """Run one sample from the cleared state.

        Parameters
        ----------
        batch : EventBatch
            Samples.
        sample : int
            Which of them.
        n_bins : int
            Readout bins of the loaded network.
        spikes : bool
            Also look at the spikes; the core must have been built with its spike stream.
        asked : (T,) bool, optional
            Which steps ask for the outputs, as of `command_words`.
        """
        commands = command_words(batch.select([sample]), max(1, n_bins), asked)[1:]
        pairs = np.zeros((len(commands) + 1) // 2 * 2, np.uint32)
        pairs[: len(commands)] = commands
        words = (pairs[0::2] | pairs[1::2] << np.uint32(16)).tolist()
        self._do("S", [int(spikes)])
        for start in range(0, len(words), MESSAGE_WORDS):
            self._do("C", words[start : start + MESSAGE_WORDS])
        return SocReport.from_line(self._ask("R"))

    def _do(self, kind: str, words: Sequence[int]) -> None:
        answer = self._ask(kind, words)
        if answer != "ok":
            raise LinkError(f"Message {kind} must be answered ok, not {answer!r}")

    def _ask(self, kind: str, words: Sequence[int] = ()) -> str:
        """Send a message and return the line that answers it."""
        self.transport.write(message(kind, words))
        line, silent = b"", 0
        while not line.endswith(b"\n"):
            byte = self.transport.read(1)
            silent += not byte
            if silent > PATIENCE or len(line) > LINE_LENGTH:
                raise LinkError(f"Message {kind} must be answered with a line, not {line!r}")
            line += byte
        return line.decode("ascii", "replace").strip()


def _place(image: MemoryImage, start: int) -> int:
    """Return the `MEM_ADDRESS` of a word of an image."""
    register = BY_NAME["MEM_ADDRESS"]
    values = {"address": image.base + start, "lane": image.lane, "select": int(image.select)}
    return sum(register.field(name).put(value) for name, value in values.items())


def stream_sums(
    spikes: np.ndarray, config: CoreConfig, placement: Placement
) -> tuple[int, int, int]:
    """Return the `SocReport.items` that a (T, N) raster of spikes must give."""
    # One more column a step, which always "fires", is the item that ends it.
    fired = np.zeros((len(spikes), config.n_hw + 1), bool)
    fired[:, placement.index] = spikes
    fired[:, -1] = True
    index = np.nonzero(fired)[1]
    last = BY_NAME["SPIKE"].field("last").mask
    sums = np.cumsum(np.where(index == config.n_hw, last, index).astype(np.uint64))
    total = int(sums[-1]) if sums.size else 0
    return sums.size, total % (1 << 32), int(sums.sum()) % (1 << 32)
