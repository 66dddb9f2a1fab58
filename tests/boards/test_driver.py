"""The host driver: on the model of the device, on the simulated design, and on bad lines."""

import os
import threading
from collections import deque
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hrsnn_boards.driver import HrsnnDevice
from hrsnn_boards.link import Link, read_answer, request_frame
from hrsnn_boards.transport import SerialTransport
from hrsnn_rtl.bursts import model_mark
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.interfaces import Select
from hrsnn_rtl.registers import BY_NAME, Op
from hrsnn_sim.pins import CompiledLine

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.errors import CapacityError, LinkError
from hrsnn_edge.network import Counts
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network
from tests.link import vectors
from tests.link.fixtures import READOUTS, library, readout_library, readout_network
from tests.link.model import ModelLine, device_model

#: What a host sees of the shared core: not whether its lanes stand still without work.
SEEN = replace(vectors.configuration(), halt=False)


def model_line(seed: int = vectors.SEED) -> ModelLine:
    return ModelLine(device_model(vectors.network(seed)[0], vectors.configuration()))


def check_runs(device, seed: int = vectors.SEED, **options) -> None:
    net, raster = vectors.network(seed)
    expected = run(net, raster)
    result = device.run(EventBatch.from_rasters([raster]), **options)
    assert result.outputs.tolist() == expected.out[-1].tolist()
    assert result.prediction == expected.prediction
    assert result.counts == expected.total
    if options.get("spikes"):
        assert (result.spikes == expected.spikes).all()
    else:
        assert result.spikes is None


def test_frames_by_hand():
    """A frame is its bytes, words low byte first, and the CRC high byte first."""
    assert request_frame(7, Op.SYNC).hex() == "a507000000d5ed"
    assert request_frame(4, Op.WRITE, 0x20, 1, [1])[:9].hex() == "a50401200101000000"


def test_runs_the_model():
    """Identify, load and run give configuration, outputs, class, counts and spikes exactly."""
    device = HrsnnDevice(model_line())
    assert device.identify() == SEEN
    device.load(vectors.network()[0])
    check_runs(device)
    check_runs(device, spikes=True)
    check_runs(device)


@pytest.mark.tools
def test_runs_the_rtl():
    """On the pins of the design, ten networks one after the other compute what they must."""
    device = HrsnnDevice(CompiledLine(library()))
    assert device.identify() == SEEN
    for seed in range(vectors.SEED, vectors.SEED + 10):
        device.load(vectors.network(seed)[0])
        check_runs(device, seed, spikes=True)
        check_runs(device, seed)


@pytest.mark.tools
@pytest.mark.parametrize("kind", READOUTS)
def test_other_readouts_on_the_rtl(kind):
    """Readouts that are computed when asked: sizes from the registers, outputs, counts, class."""
    net, raster = readout_network(kind)
    device = HrsnnDevice(CompiledLine(readout_library(kind)))
    config = CoreConfig.for_network(net, n_steps=len(raster))
    assert device.identify() == replace(config, block_ram="", distributed=())
    device.load(net)
    batch, expected = EventBatch.from_rasters([raster]), run(net, raster)
    result = device.run(batch)
    assert result.outputs.tolist() == expected.out[-1].tolist()
    assert (result.prediction, result.counts) == (expected.prediction, expected.total)
    device.clear()
    assert not device.outputs().any(), "outputs must be 0 until they are asked for"
    if kind == "mlp":
        with pytest.raises(ValueError, match="that goes on must be 'traces', not 'mlp'"):
            device.run(batch, go_on=True)
    else:
        parts = [run(net, raster, state=None)]
        parts.append(run(net, raster[::-1], state=parts[0].state))
        device.run(batch)
        result = device.run(EventBatch.from_rasters([raster[::-1]]), go_on=True)
        assert result.outputs.tolist() == parts[1].out[-1].tolist()


def test_samples_of_a_batch():
    """A sample of a batch is chosen by its number, and samples do not see each other."""
    net, raster = vectors.network()
    device = HrsnnDevice(model_line())
    device.load(net)
    batch = EventBatch.from_rasters([~raster[:4], raster, raster[2:]])
    for sample, events in enumerate((~raster[:4], raster, raster[2:])):
        result = device.run(batch, sample, spikes=True)
        assert (result.spikes == run(net, events).spikes).all()


class BadLine:
    """A transport that loses, alters and repeats what goes through it, both ways."""

    def __init__(self, line, seed: int, rate: float):
        self._line, self._rng, self._rate = line, Random(seed), rate
        self.faults = 0

    def _spoil(self, data: bytes) -> bytes:
        rng, k = self._rng, self._rng.randrange(max(1, len(data)))
        if rng.random() >= self._rate or not data:
            return data
        self.faults += 1
        return rng.choice(
            [
                b"",
                data[:k],
                data[:k] + data[k + 1 :],
                data[:k] + bytes([data[k] ^ 1 << rng.randrange(8)]) + data[k + 1 :],
                rng.randbytes(3) + data,
                data + data,
            ]
        )

    def write(self, data: bytes) -> None:
        self._line.write(self._spoil(data))

    def read(self, count: int) -> bytes:
        return self._spoil(self._line.read(count))[:count]

    def drain(self) -> None:
        self._line.drain()


@pytest.mark.parametrize("rtl", [False, pytest.param(True, marks=pytest.mark.tools)])
def test_bad_line(rtl):
    """Over a line that spoils one transfer in seven, all is exact: each request is done once."""
    line = BadLine(CompiledLine(library()) if rtl else model_line(), seed=3, rate=0.15)
    device = HrsnnDevice(line, retries=20)
    device.load(vectors.network()[0])
    for _ in range(4):
        check_runs(device, spikes=True)
    assert line.faults > 40


class DyingLine:
    """A transport whose host is stopped in the middle of a frame."""

    def __init__(self, line, stop: int):
        self._line, self._left = line, stop
        self.read, self.drain = line.read, line.drain

    def write(self, data: bytes) -> None:
        self._left -= 1
        self._line.write(data if self._left else data[: len(data) // 2])
        if not self._left:
            raise KeyboardInterrupt


def test_load_that_stops():
    """A load that stops half-way is never run: the network has no mark until it is loaded anew."""
    net, _ = vectors.network()
    line = model_line()
    device = HrsnnDevice(line)
    device.load(net)
    for stop in (3, 10, 30):
        with pytest.raises(KeyboardInterrupt):
            HrsnnDevice(DyingLine(line, stop)).load(net)
        survivor = HrsnnDevice(line)
        survivor.identify()
        if stop > 5:
            with pytest.raises(LinkError, match=r"Loaded network must have mark .*not 0x00000000"):
                survivor.attach(net)
            with pytest.raises(LinkError, match="A network must be loaded before a run"):
                survivor.run(EventBatch.from_rasters([vectors.network()[1]]))
        survivor.load(net)
        check_runs(survivor)


def test_attach():
    """A second host uses what the first has loaded, and refuses what it has not."""
    net, _ = vectors.network()
    line = model_line()
    HrsnnDevice(line).load(net)
    second = HrsnnDevice(line)
    second.attach(net)
    check_runs(second)
    with pytest.raises(LinkError, match="Load it again"):
        second.attach(vectors.network(5)[0])


@pytest.mark.tools
def test_host_dies_in_a_run():
    """A run abandoned with spikes unread is over when the next host has identified the device."""
    net, _ = vectors.network()
    line = CompiledLine(library())
    HrsnnDevice(line).load(net)
    link = Link(line)
    link.sync()
    link.write("CONTROL", [BY_NAME["CONTROL"].field("spike_stream").put(1)])
    sections = vectors.read(vectors.PATH.read_text())
    link.write("COMMAND", sections["run"].value("commands"))
    line.write(request_frame(1, Op.READ, 0, 1)[:4])
    device = HrsnnDevice(line)
    device.attach(net)
    check_runs(device, spikes=True)
    check_runs(device)


def test_power_cycle():
    """A device that has lost its power refuses the next request; it must be loaded again."""
    net, _ = vectors.network()
    line = model_line()
    device = HrsnnDevice(line)
    device.load(net)
    line.model = model_line().model
    with pytest.raises(LinkError, match="must be answered OK, not OUT_OF_ORDER"):
        device.counters()
    device.identify()
    with pytest.raises(LinkError, match="not 0x00000000"):
        device.attach(net)


class Script:
    """A device that gives listed answers, whatever it is asked."""

    def __init__(self, *answers: bytes):
        self._answers, self._now = deque(answers), b""
        self.requests: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.requests.append(data)
        self._now = self._answers.popleft() if self._answers else b""

    def read(self, count: int) -> bytes:
        out, self._now = self._now[:count], self._now[count:]
        return out

    def drain(self) -> None:
        self._now = b""


def test_silent_device():
    """A device that never answers is named as such after the retries, with what to check."""
    line = Script()
    with pytest.raises(LinkError, match=r"not sent 3 times. Check port, speed and power"):
        HrsnnDevice(line, retries=2).identify()
    assert line.requests == [request_frame(0, Op.SYNC)] * 3


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "silence"),
        ("5a0180", "cut in the head"),
        ("5a01800100", "cut in the payload"),
        ("000000000000", "no start"),
        ("5a0000000000", "wrong CRC"),
        ("5a000800d100", "unknown status"),
    ],
)
def test_no_answer(answer, why):
    """What is no whole right frame is no answer."""
    line = Script(bytes.fromhex(answer))
    line.write(b"")
    assert read_answer(line) is None, why


def test_stranger():
    """Something that answers but is no accelerator of this version is refused."""
    line = model_line()
    line.model.bank.words[1] = 2
    with pytest.raises(LinkError, match="must be 0x4e535248 version 1, not 0x4e535248 version 2"):
        HrsnnDevice(line).identify()


def test_refused_request():
    """A refused request raises with the status's name, and the link goes on."""
    link = Link(model_line())
    with pytest.raises(LinkError, match="WRITE of STATUS must be answered OK, not BAD_ADDR"):
        link.write("STATUS", [0])
    with pytest.raises(LinkError, match="READ of COMMAND must be answered OK, not BAD_ADDR"):
        link.read("COMMAND", 1)
    with pytest.raises(ValueError, match="Burst must be 1 to 64 words, not 65"):
        link.read("SCRATCH", 65)
    link.write("SCRATCH", [5])
    assert link.read("SCRATCH", 1) == (5,)


def test_wrong_calls():
    """Samples of another width and networks too large are refused before anything is sent."""
    net, _ = vectors.network()
    device = HrsnnDevice(model_line())
    device.load(net)
    with pytest.raises(ValueError, match="Samples must have 5 channels, not 6"):
        device.run(EventBatch.from_rasters([np.zeros((3, 6), bool)]))
    large, _ = random_network(1, 9, 5, 6, fmt=net.fmt)
    with pytest.raises(CapacityError, match="Slots a lane must be at least 5"):
        device.load(large)
    check_runs(device)


def test_spikes_need_a_stream():
    """Spikes are not recorded on a core built without their stream."""
    net, raster = vectors.network()
    config = replace(vectors.configuration(), spike_stream=False)
    device = HrsnnDevice(ModelLine(device_model(net, config)))
    device.load(net)
    check_runs(device)
    with pytest.raises(LinkError, match="Core must have a spike stream"):
        device.run(EventBatch.from_rasters([raster]), spikes=True)


def test_wide_words():
    """Words of more than 32 bits go through MEM_HIGH, each with its own upper part."""
    net, _ = vectors.network()
    model = device_model(net, replace(vectors.configuration(), out_width=36))
    device = HrsnnDevice(ModelLine(model))
    words = [3, 5 << 32 | 7, 5 << 32 | 9, 0xF00000001]
    device.write_memory(Select.OUT_BIAS, 2, words)
    memory = model.bank.core.memory
    assert [memory[Select.OUT_BIAS, 0, 2 + k] for k in range(4)] == words
    device.load(net)
    check_runs(device)
    device.clear()
    assert device.outputs().tolist() == net.readout.bias.tolist()


def test_counters():
    """Counters add up over runs until they are cleared."""
    net, raster = vectors.network()
    device = HrsnnDevice(model_line())
    device.load(net)
    check_runs(device)
    check_runs(device)
    expected = run(net, raster).total
    assert device.counters()["SPIKES"] == 2 * expected.spikes
    assert expected != Counts()
    device.clear_counters()
    assert set(device.counters().values()) == {0}


def test_mark():
    """The mark of a network depends on every word and place of its images, and is never 0."""
    images = memory_images(vectors.network()[0], vectors.configuration())
    words = images[0].words.copy()
    words[-1] ^= 1
    others = [replace(images[0], words=words), replace(images[0], base=1)]
    marks = {model_mark([image, *images[1:]]) for image in (images[0], *others)}
    assert len(marks) == 3
    assert model_mark([]) == 1


def test_serial_port():
    """The serial transport carries the frames through a terminal of the operating system."""
    if not hasattr(os, "openpty"):
        pytest.skip("needs a pseudo-terminal")
    net, _ = vectors.network()
    model = device_model(net, vectors.configuration())
    host, slave = os.openpty()

    def serve():
        while data := os.read(host, 4096):
            os.write(host, model.feed(data))

    port = SerialTransport(os.ttyname(slave), 115200)
    threading.Thread(target=serve, daemon=True).start()
    device = HrsnnDevice(port)
    device.load(net)
    check_runs(device)
    port.close()


def test_no_port():
    """A port that does not exist is named."""
    with pytest.raises(LinkError, match="Serial port /dev/no-such-port must open at 1000000 baud"):
        SerialTransport("/dev/no-such-port", 1_000_000)
