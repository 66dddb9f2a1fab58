"""The system on chip with its program, in simulation through its UART's pins."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hrsnn_boards.build_soc import build_soc, find_soc_board
from hrsnn_boards.soc import PATIENCE, SocHost, SocReport, message, stream_sums
from hrsnn_boards.verify_soc import compare_report, simulated_host, soc_library, verify_soc
from hrsnn_rtl.bursts import model_mark
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.image import memory_images
from hrsnn_rtl.placer import place
from hrsnn_sim.commands import command_words

from hrsnn_edge.cli import execute
from hrsnn_edge.cli.context import dataset_of, experiment_of
from hrsnn_edge.errors import LinkError
from tests.boards.test_build import network
from tests.experiments import PRUNED, small_experiment

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build/sim"
SHARED = Path(os.environ.get("HRSNN_DATA", ROOT.parent / "shared/data"))


def trained(folder: Path, data: str):
    """Return a trained and quantised network, and the test part of its data."""
    from hrsnn_edge.artifact.io import read_artifact

    (folder / "small.toml").write_text(small_experiment(PRUNED, data=data))
    for argv in (
        ["train", "small.toml", "-o", "float.hrsnn"],
        ["prune", "float.hrsnn", "-o", "pruned.hrsnn"],
        ["quantise", "pruned.hrsnn", "-o", "net.hrsnn"],
    ):
        assert execute([*argv, "-q"]) == 0, argv
    found = read_artifact(folder / "net.hrsnn")
    data = dataset_of(experiment_of(found, folder / "net.hrsnn", None), found)
    return found.network, data.test


def in_folder(folder: Path, data: str):
    """Return what `trained` does, in a folder with a store of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HRSNN_STORE", str(folder / "store"))
        patch.setenv("HRSNN_DATA", str(SHARED))
        return trained(folder, data)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A network trained on short digits, and their test part."""
    return in_folder(tmp_path_factory.mktemp("digits"), 'name = "digits"\nn_steps = 8')


@pytest.mark.tools
def test_digits(digits):
    """Loaded over its UART, the SoC gives the answers, spikes and counts of the engine."""
    net, test = digits
    batch = test.events.select(slice(0, 3))
    verdict, reports = verify_soc(net, batch, root=BUILD)
    verdict.require_equal()
    assert verdict.steps == 24
    assert len({report.items for report in reports}) == 3, "three samples, three streams"
    assert all(report.cycles > report.busy_cycles > 0 for report in reports)


@pytest.mark.tools
@pytest.mark.slow
@pytest.mark.parametrize("in_memory", [False, True])
def test_more_digits(tmp_path, in_memory):
    """So it does for a hundred images, the network loaded or there from the start."""
    net, test = in_folder(tmp_path, 'name = "digits"')
    verdict, _ = verify_soc(
        net, test.events.select(slice(0, 100)), lanes=2, root=BUILD, in_memory=in_memory
    )
    verdict.require_equal()


@pytest.mark.tools
@pytest.mark.slow
def test_spoken_digits(tmp_path):
    """So it does for spoken digits."""
    if not (SHARED / "fsdd").exists():
        pytest.skip(f"needs the recordings of FSDD in {SHARED}")
    net, test = in_folder(tmp_path, 'name = "fsdd"')
    verdict, _ = verify_soc(net, test.events.select(slice(0, 10)), root=BUILD)
    verdict.require_equal()


def ask(line, data: bytes) -> str:
    line.write(data)
    return line.read(2000).decode().strip()


@pytest.fixture(scope="module")
def library(digits):
    """The compiled SoC of `test_digits`, and what its core was built for."""
    config = CoreConfig.for_network(digits[0], n_steps=8, spike_stream=True)
    return soc_library(config, BUILD / "models"), config


@pytest.fixture
def machine(digits, library):
    """A network, its images, a sample, and a new SoC that has answered."""
    (net, test), (compiled, config) = digits, library
    host = simulated_host(compiled)
    assert host.identify() == {
        "lanes": 1, "slots": config.n_slots, "inputs": config.n_inputs, "outputs": config.n_out,
        "spike_stream": 1, "model": 0,
    }  # fmt: skip
    return net, memory_images(net, config), test.events.select([0]), host


@pytest.mark.tools
def test_program_survives(machine):
    """Messages that are damaged, cut, unknown or out of place are refused, and the next works."""
    line = machine[-1].transport
    right = message("S", [1])
    damaged = bytes([right[0], right[1], right[2] ^ 4, *right[3:]])
    assert ask(line, damaged) == "error -2"
    assert ask(line, message("X")) == "error -1"
    assert ask(line, message("S", [1, 2])) == "error -1"
    assert ask(line, message("L", [1 << 16, 1])) == "error -1", "no such lane"
    line.write(right[:4])
    line.advance(1_500_000)
    assert line.read(2000) == b"error -2\n", "a cut message is given up"
    assert ask(line, b"C\xff") == "error -2", "too long a message"
    assert ask(line, right) == "ok"


@pytest.mark.tools
def test_spikes_are_asked_for(machine):
    """Spikes that are not asked for are not looked at; all else of a sample is the same."""
    net, images, batch, host = machine
    host.load(images, net.n_neurons)
    assert host.identify()["model"] == model_mark(images)
    silent = host.run(batch, 0, net.readout.n_bins, spikes=False)
    heard = host.run(batch, 0, net.readout.n_bins, spikes=True)
    assert silent.items == (0, 0, 0)
    assert heard.counters == silent.counters and heard.outputs == silent.outputs
    assert heard.items[0] == heard.counters["spikes"] + heard.counters["steps"]
    assert heard.counters["spikes"] > 0


@pytest.mark.tools
def test_busy_core_is_not_loaded(machine):
    """While the core waits for spikes to be read, its memories are refused."""
    net, images, batch, host = machine
    host.load(images, net.n_neurons)
    line = host.transport
    assert ask(line, message("S", [1])) == "ok"
    # The last message of a sample leaves the spikes of its last steps unread.
    commands = command_words(batch, net.readout.n_bins)[1:]
    commands = np.append(commands, [0] * (commands.size % 2)).astype(np.uint32)
    assert ask(line, message("C", (commands[::2] | commands[1::2] << 16).tolist())) == "ok"
    assert ask(line, message("L", [0, 1])) == "error -6"
    assert ask(line, message("R")).startswith("sample class=")
    assert ask(line, message("M", [1, 1])) == "ok"


def test_stream_sums():
    """Two steps of two neurons, worked by hand: items 0, end, 0, 1, end with end = 65536."""
    net = network(n_neurons=2, n_inputs=2, density=1.0)
    config = CoreConfig.for_network(net, n_steps=2, spike_stream=True)
    placement = place(net, 1)
    raster = np.zeros((2, 2), bool)
    raster[:, placement.neuron[0]] = True
    raster[1, placement.neuron[1]] = True
    end = 65536
    # Sums: 0, end, end, end + 1, 2 end + 1.
    assert stream_sums(raster, config, placement) == (5, 2 * end + 1, 5 * end + 2)


REPORT = (
    "sample class=2 input_events=1 spikes=2 sop_in=3 sop_rec=4 sop_out=5 skipped_rows=6 steps=7 "
    "busy_cycles=8 cycles=9 items=10 sum=11 sums=12 outputs=-5,0,7"
)


class SlowLine:
    """A transport that is silent for some reads in front of every byte."""

    def __init__(self, line: bytes, silences: int):
        self._line, self._silences, self._left = line, silences, silences

    def write(self, data: bytes) -> None:
        pass

    def drain(self) -> None:
        pass

    def read(self, count: int) -> bytes:
        self._left -= 1
        if self._left >= 0:
            return b""
        self._left = self._silences
        out, self._line = self._line[:1], self._line[1:]
        return out


def test_patience():
    """A line may take long, since a message may be much work; one that never comes is an error."""
    assert SocHost(SlowLine(b"hrsnn lanes=1\n", 4)).identify() == {"lanes": 1}
    for never in (SlowLine(b"hrsnn", 0), SlowLine(b"x" * 5000, 0), SlowLine(b"ok\n", PATIENCE + 1)):
        with pytest.raises(LinkError, match="must be answered with a line"):
            SocHost(never).identify()


def test_report():
    """A line is read whole, or refused."""
    report = SocReport.from_line(REPORT)
    assert (report.prediction, report.outputs, report.items) == (2, (-5, 0, 7), (10, 11, 12))
    assert report.counters["sop_rec"] == 4 and (report.busy_cycles, report.cycles) == (8, 9)
    for wrong in ("error -6", "", REPORT.replace("sums", "sun"), REPORT.replace("=4", "=four")):
        with pytest.raises(LinkError, match="must be the report of a sample"):
            SocReport.from_line(wrong)


def test_differences_are_found():
    """Each value that differs is counted, and the first is named."""
    want = {"class": 1, "out": (1, 2, 3), "spikes": 4, "steps": 5, "spike_stream": (1, 2, 3)}
    assert compare_report(want, want, "net", 0).mismatches == 0
    got = want | {"out": (1, 0, 0), "spike_stream": (1, 2, 4)}
    verdict = compare_report(want, got, "net", 6)
    assert verdict.mismatches == 3
    assert str(verdict.first_divergence) == (
        "network net, sample 6, step 4, output 1: out must be 2 (reference), not 0."
    )
    assert compare_report(want, want | {"out": (1, 2)}, "net", 0).mismatches == 1


def test_boards():
    """Only a board with a clock for the processor takes a SoC."""
    board = find_soc_board("ulx3s-85f")
    assert board.clock_hz == 50_000_000 and board.uart_divisor == 50
    with pytest.raises(ValueError, match="must be one of ulx3s-85f, not 'icebreaker'"):
        find_soc_board("icebreaker")


@pytest.mark.tools
def test_build(no_tools, tmp_path):
    """A build says what the tools found, at the clock of the processor."""
    net, board = network(), find_soc_board("ulx3s-85f")
    no_tools.fmax_mhz = 50.1
    result = build_soc(net, board, tmp_path / "soc")
    assert (result.clock_mhz, result.timing_met, result.lanes) == (50.0, True, 1)


@pytest.mark.tools
@pytest.mark.slow
def test_real_build(tmp_path):
    """A real bitstream meets the processor's clock."""
    result = build_soc(network(), find_soc_board("ulx3s-85f"), tmp_path / "soc")
    result.check_timing()
    assert (tmp_path / "soc" / result.bitstream).stat().st_size > 100_000
