"""The whole design through its UART pins."""

from random import Random

import pytest
from hrsnn_boards.driver import HrsnnDevice
from hrsnn_boards.link import Link, request_frame
from hrsnn_rtl.bursts import model_mark
from hrsnn_rtl.crc import crc16
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.registers import BY_NAME, COUNTERS, Op, Status
from hrsnn_sim.pins import CompiledLine

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import LinkError
from hrsnn_edge.reference.network import run
from tests.link import vectors
from tests.link.fixtures import library, make_top, reset_library
from tests.link.fuzz import Fuzzer
from tests.link.lines import DIVISOR, SimulatedLine
from tests.link.model import CYCLE_COUNTERS, device_model

SECTIONS = vectors.read(vectors.PATH.read_text())


def masked(answer: bytes) -> bytes:
    """Return an answer of all counters without those of clock cycles and the CRC."""
    words = [answer[4 + 4 * k :][:4] for k in range(len(COUNTERS))]
    kept = zip(words, COUNTERS, strict=True)
    return answer[:4] + b"".join(word for word, r in kept if r.name not in CYCLE_COUNTERS)


def replay(line, section) -> None:
    for k, (request, expected, has_cycles) in enumerate(section.exchanges):
        line.write(request)
        answer = line.read(len(expected))
        assert not crc16(answer[1:]), f"exchange {k}: {answer.hex()}"
        if has_cycles:
            answer, expected = masked(answer), masked(expected)
        assert answer == expected, f"exchange {k}: {request.hex()}"


def test_vectors_are_those_of_the_driver():
    """The committed vectors are what driver and model make now."""
    assert vectors.PATH.read_text() == vectors.text(vectors.make())


def test_amaranth_simulator():
    """In Amaranth's simulator the design answers the first vectors bit by bit."""
    replay(SimulatedLine(make_top()), SECTIONS["identify"])


@pytest.mark.tools
def test_compiled_design_answers_all_vectors():
    """The compiled design answers every byte of every vector."""
    line = CompiledLine(library())
    for section in SECTIONS.values():
        replay(line, section)


def loaded(line) -> HrsnnDevice:
    device = HrsnnDevice(line)
    device.identify()
    device.load(vectors.network()[0])
    return device


def check_runs(device) -> None:
    """Check that the device computes what the reference computes, spikes and counts included."""
    net, raster = vectors.network()
    expected = run(net, raster)
    result = device.run(EventBatch.from_rasters([raster]), spikes=True)
    assert (result.spikes == expected.spikes).all()
    assert result.outputs.tolist() == expected.out[-1].tolist()
    assert result.counts == expected.total


@pytest.mark.tools
def test_counts_of_cycles():
    """Busy, stalled and idle cycles are every cycle; stalls come from spikes nobody reads."""
    line = CompiledLine(library())
    device = loaded(line)
    device.clear_counters()
    first = device.counters()
    check_runs(device)
    line.advance(10_000)
    second = device.counters()
    cycles = [second[name] - first[name] for name in CYCLE_COUNTERS]
    assert min(cycles) > 0
    # What passed between the two reads is all frames and answers, and the cycles idled away.
    assert cycles[2] >= 10_000
    line.advance(5_000)
    third = device.counters()
    frame = (7 + 6 + 4 * len(COUNTERS)) * 10 * DIVISOR
    passed = sum(third[name] - second[name] for name in CYCLE_COUNTERS)
    assert 5_000 + frame <= passed <= 5_000 + frame + 400


@pytest.mark.tools
def test_noise_on_the_line():
    """Levels of no meaning leave the link as it was: later requests are executed, once."""
    line, rng = CompiledLine(library()), Random(5)
    device = loaded(line)
    for _ in range(20):
        line.put(rng.getrandbits(1) for _ in range(rng.randrange(400)))
        line.drain()
        # Levels may have held a byte or two, never a request.
        device.clear()
    check_runs(device)


@pytest.mark.tools
def test_memory_while_busy():
    """A memory request that overtakes the core's work is answered BUSY and changes nothing."""
    line = CompiledLine(library())
    loaded(line)
    link = Link(line)
    link.sync()
    # Spikes that nobody reads keep the core at work.
    link.write("CONTROL", [BY_NAME["CONTROL"].field("spike_stream").put(1)])
    link.write("COMMAND", SECTIONS["run"].value("commands"))
    with pytest.raises(LinkError, match="WRITE of MEM_DATA must be answered OK, not BUSY"):
        link.write("MEM_DATA", [0])
    device = HrsnnDevice(line)
    device.identify()
    device.attach(vectors.network()[0])
    check_runs(device)


def fuzz(seed: int, count: int) -> None:
    line = CompiledLine(library())
    loaded(line)
    net, _ = vectors.network()
    model = device_model(net, vectors.configuration(), loaded=True)
    # Registers and counters of both start equal.
    start = [request_frame(0, Op.SYNC), request_frame(1, Op.WRITE, 0x20, 1, [2])]
    start += [request_frame(2, Op.WRITE, 0x21, 5, [0] * 5)]
    for frame in start:
        line.write(frame)
        line.read(6)
        model.feed(frame)
    fuzzer = Fuzzer(seed, model, line)
    fuzzer.run(count)
    link = Link(line)
    link.sync()
    link.write("MODEL", [model_mark(memory_images(net, vectors.configuration()))])
    device = HrsnnDevice(line)
    device.identify()
    device.attach(net)
    check_runs(device)
    print(f"seed {seed}: {fuzzer.seen}")
    assert {status for status, _ in fuzzer.seen} >= set(Status) - {Status.BUSY}


@pytest.mark.tools
@pytest.mark.parametrize("seed", [1, 2])
def test_fuzz(seed):
    """400 random and mutated frames are answered as the model does; then the network still runs."""
    fuzz(seed, 400)


@pytest.mark.slow
@pytest.mark.tools
@pytest.mark.parametrize("seed", range(10, 20))
def test_fuzz_long(seed, record_property):
    """10,000 random and mutated frames in all are answered as the model does."""
    record_property("frames", 1000)
    fuzz(seed, 1000)


class CutLine:
    """A line that breaks after some bytes of the host."""

    def __init__(self, line, count: int):
        self._line, self._left, self.sent = line, count, 0

    def write(self, data: bytes) -> None:
        sent, self._left = data[: self._left], max(0, self._left - len(data))
        self._line.write(sent)
        self.sent += len(sent)
        if len(sent) < len(data):
            raise ConnectionError("the host stops here")

    def __getattr__(self, name):
        return getattr(self._line, name)


@pytest.mark.tools
def test_host_stops_mid_load(record_property):
    """After a load cut anywhere the device has no network, takes one, and computes rightly."""
    line, rng, cuts = CompiledLine(library()), Random(3), 12
    net = vectors.network()[0]
    whole = CutLine(line, 1 << 30)
    device = HrsnnDevice(whole)
    device.identify()
    before = whole.sent
    device.load(net)
    for _ in range(cuts):
        device = HrsnnDevice(CutLine(line, rng.randrange(before + 1, whole.sent)))
        device.identify()
        with pytest.raises(ConnectionError):
            device.load(net)
        device = HrsnnDevice(line)
        device.identify()
        with pytest.raises(LinkError, match="Loaded network must have mark"):
            device.attach(net)
        device.load(net)
        check_runs(device)
    record_property("loads cut short", cuts)


@pytest.mark.slow
@pytest.mark.tools
def test_reset_at_any_cycle(record_property):
    """After a reset in any cycle, of a load, a run or an answer, the device can be used again."""
    line, rng, resets = CompiledLine(reset_library()), Random(4), 60
    net = vectors.network()[0]
    loaded(line)
    for _ in range(resets):
        link = Link(line)
        link.sync()
        line.write(request_frame(2, Op.WRITE, BY_NAME["CONTROL"].address, 1, [0]))
        section = SECTIONS[rng.choice(["load", "run"])]
        for request, _, _ in rng.sample(section.exchanges, min(4, len(section.exchanges))):
            line.write(request)
        line.advance(rng.randrange(12_000))
        line.reset(rng.choice([1, 1, 2, 50]))
        # What was on its way in either direction is of no use any more.
        line.drain()
        device = HrsnnDevice(line)
        device.identify()
        device.load(net)
        device.clear_counters()
        check_runs(device)
    record_property("resets", resets)
