"""The C library: its own tests, and the library itself on the pins of the simulated design."""

import csv
import ctypes
import io
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hrsnn_rtl.bursts import model_mark
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.interfaces import ASK, Select
from hrsnn_rtl.placer import place
from hrsnn_rtl.registers import BY_NAME, COUNTERS
from hrsnn_rtl.soc_program import STACK_BYTES
from hrsnn_rtl.top import SpiTop
from hrsnn_sim.commands import command_words
from hrsnn_sim.pins import CompiledLine

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.reference.network import run
from hrsnn_edge.tools import tool_environment
from tests.link import vectors
from tests.link.fixtures import READOUTS, library, readout_library, readout_network
from tests.link.spi import CompiledSpi, compiled

pytestmark = pytest.mark.tools

ROOT = Path(__file__).parents[2]
#: Compilers the library is held to, as Make's CC.
COMPILERS = {"gcc": "gcc", "zig": f"{sys.executable} -m ziglang cc"}
#: Room for an `hrsnn_t` or an `hrsnn_frames_t`, of which Python need not know more.
DEVICE_BYTES = 4096
#: ``HRSNN_E_SPIKES``.
SPIKES = -8


def make(target: str, compiler: str) -> Path:
    """Make a target of the firmware and return its build folder."""
    if compiler == "gcc" and not shutil.which("gcc"):
        pytest.skip("needs gcc")
    build = f"../build/firmware-{compiler}"
    command = ["make", "-s", target, f"CC={COMPILERS[compiler]}", f"BUILD={build}"]
    done = subprocess.run(
        command, cwd=ROOT / "firmware", env=tool_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "build" / f"firmware-{compiler}"


@pytest.mark.parametrize("compiler", COMPILERS)
def test_own_tests(compiler):
    """The library compiles without a warning and passes its tests and the shared vectors."""
    make("test", compiler)


def test_sizes():
    """``sizes.csv`` is what the compiler makes of library and program for small processors."""
    command = [sys.executable, "-c", "import sizes; print(sizes.text(), end='')"]
    done = subprocess.run(
        command, cwd=ROOT / "firmware", env=tool_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (ROOT / "firmware/sizes.csv").read_text(), "Run `make sizes`."
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    (soc,) = (row for row in rows if row["program"] == "system on chip")
    assert int(soc["stack_bytes"]) < STACK_BYTES
    for program in ("library over frames", "library over SPI", "library over a bus"):
        targets = {row["target"] for row in rows if row["program"] == program}
        assert {"rv32i", "cortex-m0plus"} <= targets


TRANSFER = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_uint8),
    ctypes.c_size_t,
    ctypes.POINTER(ctypes.c_uint8),
    ctypes.c_size_t,
)
WAIT = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Port(ctypes.Structure):
    """`hrsnn_port_t`."""

    _fields_ = (("transfer", TRANSFER), ("wait", WAIT), ("context", ctypes.c_void_p))


class Image(ctypes.Structure):
    """`hrsnn_image_t`."""

    _fields_ = (
        ("select", ctypes.c_uint8),
        ("lane", ctypes.c_uint8),
        ("address", ctypes.c_uint16),
        ("words", ctypes.POINTER(ctypes.c_uint32)),
        ("count", ctypes.c_size_t),
    )


EXCHANGE = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_uint8),
    ctypes.POINTER(ctypes.c_uint8),
    ctypes.c_size_t,
)


class Spi(ctypes.Structure):
    """`hrsnn_spi_t`."""

    _fields_ = (
        ("exchange", EXCHANGE),
        ("context", ctypes.c_void_p),
        ("patience", ctypes.c_uint32),
    )


def byte_port(line) -> Port:
    """Return a port whose bytes a transport of the host driver carries."""

    def transfer(_, request, request_size, answer, answer_size):
        if request_size:
            line.write(bytes(request[:request_size]))
        got = line.read(answer_size)
        ctypes.memmove(answer, got, len(got))
        return len(got)

    return Port(TRANSFER(transfer), WAIT(lambda _: line.drain()), None)


def spi_port(library: ctypes.CDLL, exchange) -> tuple[Port, Spi]:
    """Return the library's own port over an SPI controller, and the controller, to be kept."""

    def clock(_, out, received, size):
        got = exchange(bytes(out[:size]) if out else bytes(size))
        if received:
            ctypes.memmove(received, got, size)
        return 0

    port, controller = Port(), Spi(EXCHANGE(clock), None, 4096)
    assert library.hrsnn_spi_port(ctypes.byref(port), ctypes.byref(controller)) == 0
    return port, controller


class CDevice:
    """The C library on a line; methods are its functions without ``hrsnn_``.

    Parameters
    ----------
    line : Transport or CompiledSpi
        Where its frames go; on the pins of SPI through the library's own port.
    """

    def __init__(self, line):
        self._library = ctypes.CDLL(str(make("lib", "zig") / "libhrsnn.so"))
        self._device = ctypes.create_string_buffer(DEVICE_BYTES)
        if isinstance(line, CompiledSpi):
            self._port, self._controller = spi_port(self._library, line)
        else:
            self._port = byte_port(line)
        self._frames = ctypes.create_string_buffer(DEVICE_BYTES)
        self.init(self._frames, ctypes.byref(self._port))
        self.identify(ctypes.create_string_buffer(DEVICE_BYTES))

    def call(self, name, *arguments) -> int:
        """Call a function of the library and return its status."""
        return getattr(self._library, f"hrsnn_{name}")(self._device, *arguments)

    def function(self, name):
        """Return a function of the library that takes no device."""
        return getattr(self._library, f"hrsnn_{name}")

    def __getattr__(self, name):
        def succeed(*arguments):
            assert self.call(name, *arguments) == 0, name

        return succeed


def words_of(values) -> ctypes.Array:
    return (ctypes.c_uint32 * len(values))(*(int(value) for value in values))


def load(device, net, config) -> None:
    images = memory_images(net, config)
    words = [words_of(image.words) for image in images]
    listed = (Image * len(images))(
        *(
            Image(int(i.select), i.lane, i.base, ctypes.cast(w, Image._fields_[3][1]), len(w))
            for i, w in zip(images, words, strict=True)
        )
    )
    device.load(listed, ctypes.c_size_t(len(images)), model_mark(images), net.n_neurons)


def read_words(function, count: int, *before) -> list[int]:
    words = words_of([0] * count)
    function(*before, words, ctypes.c_size_t(count))
    return list(words)


#: A way of bytes to a new device of each front.
LINES = {
    "uart": lambda: CompiledLine(library()),
    "spi": lambda: CompiledSpi(Random(1)),
}


def check_sample(device, net, raster) -> None:
    """Check outputs and counts of one sample against the reference's."""
    expected = run(net, raster)
    device.clear_counters()
    device.clear()
    asked = ASK * net.readout.asked_steps(len(raster))
    for t, events in enumerate(raster):
        channels = np.flatnonzero(events).astype(np.uint16)
        device.step(
            channels.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(channels.size),
            int(t * net.readout.n_bins // len(raster) | asked[t]),
        )
    device.wait_idle(100)

    outputs = (ctypes.c_int32 * net.readout.n_out)()
    device.read_outputs(outputs, ctypes.c_size_t(len(outputs)))
    assert list(outputs) == expected.out[-1].tolist()
    best = ctypes.c_size_t(99)
    assert not device.function("argmax")(outputs, ctypes.c_size_t(len(outputs)), ctypes.byref(best))
    assert best.value == int(np.argmax(expected.out[-1]))

    counters = words_of([0] * len(COUNTERS))
    device.read_counters(counters)
    got = dict(zip((r.name.lower() for r in COUNTERS), counters, strict=True))
    for name in ("input_events", "spikes", "sop_in", "sop_rec", "sop_out", "skipped_rows"):
        assert got[name] == getattr(expected.total, name), name
    assert got["steps"] == len(raster)
    assert got["link_errors"] == 0


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_library_runs_the_rtl(line):
    """Driven by the C library through its pins, the RTL computes what the reference computes."""
    net, raster = vectors.network()
    config = vectors.configuration()
    device = CDevice(line())
    load(device, net, config)
    check_sample(device, net, raster)
    for lane in range(config.lanes):
        state = read_words(device.read_memory, config.n_slots, int(Select.V), lane, 0)
        assert len(state) == config.n_slots


@pytest.mark.parametrize("kind", READOUTS)
def test_library_asks_for_outputs(kind):
    """It runs a core whose readout is computed in the steps that ask."""
    net, raster = readout_network(kind)
    device = CDevice(CompiledLine(readout_library(kind)))
    load(device, net, CoreConfig.for_network(net, n_steps=len(raster)))
    check_sample(device, net, raster)


@pytest.mark.slow
def test_library_classifies_over_spi(tmp_path):
    """Over SPI the C library loads a trained network, and its answers are the reference's."""
    from tests.boards.test_soc import in_folder

    net, test = in_folder(tmp_path, 'name = "digits"\nn_steps = 8')
    config = CoreConfig.for_network(net, n_steps=8)
    design = compiled(SpiTop(config=config))
    device = CDevice(CompiledSpi(Random(2), design=design))
    load(device, net, config)
    for k in range(4):
        check_sample(device, net, test.events.raster(k))


def test_library_reads_spikes_of_the_rtl():
    """A command burst that meets waiting spikes is sent on after they were read; none is lost."""
    net, raster = vectors.network()
    config = vectors.configuration()
    device = CDevice(CompiledLine(library()))
    load(device, net, config)
    commands = command_words(EventBatch.from_rasters([raster]), net.readout.n_bins)
    device.keep_spikes(True)

    items, start, interruptions = [], 0, 0
    room, count, sent = words_of([0] * 100), ctypes.c_size_t(), ctypes.c_size_t()
    while start < len(commands):
        rest = np.ascontiguousarray(commands[start:])
        status = device.call(
            "send",
            rest.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(rest.size),
            ctypes.byref(sent),
        )
        assert status in (0, SPIKES)
        interruptions += status == SPIKES
        start += sent.value
        device.read_spikes(room, ctypes.c_size_t(len(room)), ctypes.byref(count))
        items += room[: count.value]

    last = BY_NAME["SPIKE"].field("last").mask
    neuron = place(net, config.lanes, config.n_slots).neuron
    got = np.zeros((len(raster), net.n_neurons), bool)
    t = 0
    for item in items:
        if item == last:
            t += 1
        else:
            got[t, neuron[item]] = True
    assert interruptions > 0, "the burst must have met spikes"
    assert t == len(raster)
    assert (got == run(net, raster).spikes).all()
