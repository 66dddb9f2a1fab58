"""The three simulators run the same cocotb tests, and their verdicts are read, not assumed."""

import os
import sys
from pathlib import Path

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from hrsnn_sim import runner
from hrsnn_sim.build import build_once
from hrsnn_sim.cxxrtl import Design

from hrsnn_edge.errors import ToolFailedError, ToolMissingError

LOW, HIGH = -128, 127


class SaturatingAccumulator(wiring.Component):
    """Add each item of the stream to an 8-bit sum that stops at its ends."""

    i: In(stream.Signature(signed(8)))
    total: Out(signed(8))

    def elaborate(self, platform):
        m = Module()
        exact = Signal(signed(9))
        m.d.comb += [exact.eq(self.total + self.i.payload), self.i.ready.eq(1)]
        with m.If(self.i.valid):
            m.d.sync += self.total.eq(exact)
            with m.If(exact > HIGH):
                m.d.sync += self.total.eq(HIGH)
            with m.If(exact < LOW):
                m.d.sync += self.total.eq(LOW)
        return m


HERE = Path(__file__).parent
PATHS = {"PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)])}


@pytest.fixture(scope="module")
def design():
    return Design(
        "accumulator", rtlil.convert(SaturatingAccumulator(), name="accumulator", emit_src=False)
    )


def run(design, root, sim, **options):
    missing = runner.missing_for(sim)
    if missing:
        pytest.skip(f"needs {missing}")
    env = PATHS | options.pop("env", {})
    return runner.run_cocotb(
        design, sim=sim, module="cocotb_saturating", root=root, env=env, **options
    )


@pytest.mark.tools
@pytest.mark.parametrize("sim", runner.SIMULATORS)
def test_passes(design, sim, tmp_path, build_root):
    """A right claim passes under every simulator, and the waveform that was asked for is there."""
    waves = tmp_path / "waves.vcd"
    result = run(design, build_root, sim, seed=3, waves=None if sim == "verilator" else waves)
    assert result.passed == ("saturates",) and not result.failed
    if sim != "verilator":
        assert "$enddefinitions" in waves.read_text()


@pytest.mark.tools
@pytest.mark.parametrize("sim", ["icarus", "cxxrtl"])
def test_reports_failures(design, sim, build_root):
    """A wrong claim is a failure with its message although the simulator's exit code is 0."""
    result = run(design, build_root, sim, env={"FAIL": "1"})
    assert result.passed == ("saturates",)
    assert "as asked" in result.failed["fails"]


def test_unknown_simulator():
    """A simulator that does not exist is a wrong call, and the message lists those that do."""
    with pytest.raises(ValueError, match="icarus, verilator, cxxrtl, not 'modelsim'"):
        runner.missing_for("modelsim")


def test_missing_simulator(design, tmp_path, monkeypatch):
    """Without the simulator's programs the error names what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="iverilog must be installed"):
        runner.build(design, "icarus", tmp_path)


def test_killed_build_leaves_nothing(tmp_path):
    """A build that dies is not found by the next one, which then runs and is kept."""
    made = []

    def die(folder):
        (folder / "half").write_text("")
        raise ToolFailedError("out of memory")

    def make(folder):
        made.append((folder / "whole").write_text("x"))

    with pytest.raises(ToolFailedError):
        build_once(tmp_path, "thing", ["key"], die)
    assert not list(tmp_path.iterdir())
    first, second = (build_once(tmp_path, "thing", ["key"], make) for _ in range(2))
    assert first == second and len(made) == 1 and (first / "whole").read_text() == "x"
    assert build_once(tmp_path, "thing", ["other key"], make) != first
