"""The Wishbone front: the design behind it computes the link's vectors."""

from __future__ import annotations

import numpy as np
import pytest
from hrsnn_boards.driver import HrsnnDevice
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.registers import BY_NAME, IDENTITY, Op, burst_allowed
from hrsnn_rtl.top import WishboneTop
from hrsnn_sim.commands import command_words

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.network import SparseRows
from hrsnn_edge.reference.network import run
from tests.link import vectors
from tests.link.model import LinkModel, ModelLine
from tests.link.wishbone import WishboneBank
from tests.rtl.test_core import plain_network
from tests.rtl.test_top import replay

SECTIONS = vectors.read(vectors.PATH.read_text())
#: Sections of right requests; what is wrong with a frame does not exist on a bus.
RIGHT = ("identify", "load", "run", "read_memory", "clear", "clear_counters")


def connect(seed: int = 1) -> WishboneBank:
    return WishboneBank(WishboneTop(config=vectors.configuration(), poison=True), seed)


def at(name: str) -> int:
    return BY_NAME[name].address


def status(bank, field: str) -> int:
    return BY_NAME["STATUS"].field(field).get(bank.access(at("STATUS")))


class PatientLine(ModelLine):
    """A line as slow as the core: it waits with each request, as a UART does by itself."""

    def write(self, data: bytes) -> None:
        while not self.model.bank.idle:
            pass
        super().write(data)


def test_answers_all_vectors():
    """Frames taken apart in Python and executed on the bus give every byte of the vectors."""
    line = PatientLine(LinkModel(connect()))
    for name in RIGHT:
        replay(line, SECTIONS[name])


def test_driver_runs_with_spikes():
    """The host driver, over the bus, reads the spikes, outputs and counts of the reference."""
    net, raster = vectors.network()
    expected = run(net, raster)
    device = HrsnnDevice(ModelLine(LinkModel(connect(2))))
    device.load(net)
    result = device.run(EventBatch.from_rasters([raster]), spikes=True)
    assert (result.spikes == expected.spikes).all()
    assert result.outputs.tolist() == expected.out[-1].tolist()
    assert result.counts == expected.total


def test_events_faster_than_the_core():
    """Where events come faster than their rows are delivered the bus waits, and none is lost."""
    n = 40
    rows = SparseRows.from_dense(np.ones((n, n), np.int32))
    net = plain_network(rows, rows)
    raster = np.ones((2, n), bool)
    config = CoreConfig.for_network(net, n_steps=2, queue_depth=32)
    bank = WishboneBank(WishboneTop(config=config, images=memory_images(net, config), poison=True))
    while not bank.idle:
        pass
    words = command_words(EventBatch.from_rasters([raster]), 1)
    words = np.append(words, np.zeros(len(words) % 2, words.dtype)).astype(np.uint32)
    waited = [
        bank.cycles_of(at("COMMAND"), int(low | high << 16)) for low, high in words.reshape(-1, 2)
    ]
    # An access takes 8 cycles at most; a row takes 40, and 32 of them and a few more fit the queue.
    assert max(waited[: len(waited) // 4]) <= 20 < max(waited)
    while not bank.idle:
        pass
    counts = run(net, raster).total
    for name in ("input_events", "spikes", "sop_in", "sop_rec"):
        assert bank.access(at(name.upper())) == getattr(counts, name), name


@pytest.mark.parametrize("op", [Op.READ, Op.WRITE])
def test_directions(op):
    """An access ends in err exactly where a burst of one word is refused, and is counted."""
    bank = connect()
    bank.access(at("CONTROL"), 2)
    wrong = 0
    for address in (*range(0, 0x40, 7), 0x1F, 0x20, 0x3F, *range(0x40, 0x44), 0x7F):
        found = bank.access(address, 0 if op == Op.WRITE else None) is not None
        assert found == burst_allowed(op, address, 1), hex(address)
        if address != at("STATUS"):
            assert status(bank, "refused") == (not found)
        wrong += not found
        if address == at("CONTROL") and op == Op.WRITE:
            bank.access(at("CONTROL"), 2)
    assert 0 < bank.access(at("LINK_ERRORS")) <= wrong


def test_only_whole_words():
    """A write of some bytes changes nothing and ends in err; a read of some bytes is a read."""
    bank = connect()
    bank.access(at("SCRATCH"), 0x12345678)
    for sel in range(15):
        assert bank.access(at("SCRATCH"), 0, sel=sel) is None
        assert status(bank, "refused")
        assert bank.access(at("SCRATCH"), sel=sel) == 0x12345678
        assert not status(bank, "refused")


def test_spikes_before_commands():
    """Where spikes wait for the processor a command ends in err, is not taken, and is not lost."""
    bank = connect()
    net, raster = vectors.network()
    HrsnnDevice(ModelLine(LinkModel(bank))).load(net)
    assert BY_NAME["SPIKE"].field("none").get(bank.access(at("SPIKE")))
    bank.access(at("CONTROL"), BY_NAME["CONTROL"].field("spike_stream").put(1))
    words = SECTIONS["run"].value("commands")
    refused, items = 0, []
    for word in words:
        while bank.access(at("COMMAND"), word) is None:
            refused += 1
            assert status(bank, "refused")
            assert bank.access(at("MEM_DATA")) is None, "the memories are not free"
            while (item := bank.read(at("SPIKE"))) is not None:
                items.append(item)
                if not status(bank, "spike"):
                    break
    while (item := bank.read(at("SPIKE"))) is not None:
        items.append(item)
    assert refused
    last = BY_NAME["SPIKE"].field("last")
    assert sum(last.get(item) for item in items) == len(raster)
    assert len(items) - len(raster) == run(net, raster).total.spikes
    assert status(bank, "idle")


def test_given_up():
    """An access given up at any cycle is finished once or not begun, and the next is answered."""
    bank = connect()
    for patience in range(1, 9):
        bank.access(at("SCRATCH"), 1000)
        bank.access(at("SCRATCH"), patience, patience=patience)
        assert bank.access(at("IDENTITY")) == IDENTITY
        assert bank.access(at("SCRATCH")) == patience
