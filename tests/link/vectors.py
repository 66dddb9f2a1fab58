"""The frames that C library, Python driver and RTL are all held to; ``vectors.txt`` beside it.

``python -m tests.link.vectors`` writes the file anew from the Python driver and the model of the
device. A line starts with what it is: ``[name]`` a section, ``>`` the bytes of a request, ``<`` of
its answer, ``~`` an answer that holds clock cycles (0 here, whatever they are in the RTL), ``=`` a
value that the calls of the section take or give.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from hrsnn_boards.driver import HrsnnDevice
from hrsnn_boards.link import request_frame
from hrsnn_rtl.bursts import model_mark
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.interfaces import Select
from hrsnn_rtl.registers import BY_NAME, COUNTERS, Op
from hrsnn_sim.commands import command_words

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import IntFormat
from hrsnn_edge.reference.random import random_network
from tests.link.model import CYCLE_COUNTERS, ModelLine, device_model

PATH = Path(__file__).with_name("vectors.txt")
SEED, N_STEPS = 12, 6


def network(seed: int = SEED):
    """Return a network and a (T, K) raster that the core of `configuration` can run."""
    fmt = IntFormat(v_width=12, decay_width=6, weight_width=5, refractory_width=2)
    return random_network(
        seed, 7, 5, N_STEPS, fmt=fmt, n_out=3, n_bins=2, has_reset=True, density=0.5, reset="hard"
    )


def configuration() -> CoreConfig:
    """Return the configuration of the core that all compiled tests of the link share."""
    return CoreConfig.for_network(
        network()[0],
        lanes=2,
        n_steps=N_STEPS,
        spike_stream=True,
        synapse_depth=64,
        sum_width=10,
        out_width=20,
        has_reset=True,
        halt=True,
    )


@dataclass
class Section:
    """Exchanges and values of a part of the vectors."""

    exchanges: list[tuple[bytes, bytes, bool]] = field(default_factory=list)
    values: list[tuple[str, list[int]]] = field(default_factory=list)

    def value(self, name: str) -> list[int]:
        """Return the only value `name`."""
        (found,) = (numbers for key, numbers in self.values if key == name)
        return found


class Recorder:
    """A transport that notes what goes to and comes from another."""

    def __init__(self, line):
        self._line = line
        self.exchanges: list[tuple[bytes, bytes, bool]] = []

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._line.write(data)
        self.exchanges.append((data, b"", _reads_cycles(data)))

    def read(self, count: int) -> bytes:
        """Return received bytes."""
        data = self._line.read(count)
        request, answer, cycles = self.exchanges[-1]
        self.exchanges[-1] = request, answer + data, cycles
        return data

    def drain(self) -> None:
        """Drop what has come."""
        self._line.drain()


def _reads_cycles(frame: bytes) -> bool:
    """Return whether a request reads a counter of clock cycles."""
    if len(frame) < 5 or frame[2] != Op.READ:
        return False
    return any(frame[3] <= BY_NAME[name].address < frame[3] + frame[4] for name in CYCLE_COUNTERS)


def make() -> dict[str, Section]:
    """Return all sections."""
    net, raster = network()
    config = configuration()
    line = Recorder(ModelLine(device_model(net, config)))
    device = HrsnnDevice(line)
    sections = {}

    def close(name: str, **values) -> None:
        listed = [(key, [int(x) for x in np.ravel(value)]) for key, value in values.items()]
        sections[name] = Section(line.exchanges, listed)
        line.exchanges = []

    device.identify()
    close("identify", out_width=config.out_width, lanes=config.lanes, inputs=config.n_inputs)

    images = memory_images(net, config)
    device.load(net)
    close("load", mark=model_mark(images), neurons=net.n_neurons)
    sections["load"].values += [
        ("image", [int(i.select), i.lane, i.base, *i.words.tolist()]) for i in images
    ]

    batch = EventBatch.from_rasters([raster])
    result = device.run(batch)
    counts = [getattr(result.counts, r.name.lower(), 0) for r in COUNTERS]
    counts[[r.name for r in COUNTERS].index("STEPS")] = N_STEPS
    close(
        "run",
        commands=command_words(batch, net.readout.n_bins),
        outputs=result.outputs,
        prediction=result.prediction,
        counters=counts,
    )

    state = device.read_memory(Select.V, 0, config.n_slots, lane=1)
    close("read_memory", words=state)
    device.clear()
    close("clear")
    device.clear_counters()
    close("clear_counters")

    for frame in _wrong_frames():
        line.write(frame)
        line.read(262)
    close("wrong")
    return sections


def _wrong_frames() -> list[bytes]:
    """Return frames that are refused, and some right ones between them; SYNC comes first."""
    scratch, status = BY_NAME["SCRATCH"].address, BY_NAME["STATUS"].address
    command, spike = BY_NAME["COMMAND"].address, BY_NAME["SPIKE"].address
    right = request_frame(41, Op.WRITE, scratch, 1, [0xA5A5A5A5])
    spoiled = bytearray(request_frame(42, Op.WRITE, scratch, 1, [7]))
    spoiled[7] ^= 0x10
    return [
        request_frame(40, Op.SYNC),
        right,
        right,
        bytes(spoiled),
        request_frame(42, Op.READ, scratch, 1),
        request_frame(44, Op.READ, scratch, 1),
        request_frame(41, Op.READ, scratch, 1),
        request_frame(43, 3, scratch, 1),
        request_frame(43, Op.READ, scratch, 0),
        request_frame(43, Op.READ, scratch, 65),
        request_frame(43, Op.READ, status, 34),
        request_frame(43, Op.WRITE, status, 1, [0]),
        request_frame(43, Op.READ, command, 1),
        request_frame(43, Op.WRITE, spike, 1, [0]),
        request_frame(43, Op.READ, 0x43, 1),
        request_frame(43, Op.WRITE, scratch, 2, [1, 2])[:-4],
        b"\x00\x5a\xff" + request_frame(43, Op.READ, scratch, 1),
        request_frame(44, Op.READ, spike, 3),
        request_frame(44, Op.READ, spike, 3),
        request_frame(255, Op.SYNC),
        request_frame(0, Op.READ, BY_NAME["LINK_ERRORS"].address, 1),
    ]


def text(sections: dict[str, Section]) -> str:
    """Return the text of ``vectors.txt``."""
    lines = ["# Written by `python -m tests.link.vectors`; see there what the lines mean."]
    for name, section in sections.items():
        lines += ["", f"[{name}]"]
        lines += [f"= {key} {' '.join(map(str, numbers))}" for key, numbers in section.values]
        for request, answer, cycles in section.exchanges:
            lines += [f"> {request.hex()}", f"{'~' if cycles else '<'} {answer.hex()}"]
    return "\n".join([*lines, ""])


def read(source: str) -> dict[str, Section]:
    """Return the sections of a text: the inverse of `text`."""
    sections: dict[str, Section] = {}
    for line in source.splitlines():
        kind, _, rest = line.partition(" ")
        if kind.startswith("["):
            section = sections.setdefault(kind.strip("[]"), Section())
        elif kind == "=":
            key, *numbers = rest.split()
            section.values.append((key, [int(number) for number in numbers]))
        elif kind == ">":
            request = bytes.fromhex(rest)
        elif kind in ("<", "~"):
            section.exchanges.append((request, bytes.fromhex(rest), kind == "~"))
    return sections


if __name__ == "__main__":
    PATH.write_text(text(make()))
