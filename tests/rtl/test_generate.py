"""Tests of the emitted text."""

import re
from dataclasses import replace

from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.core import Core
from hrsnn_rtl.generate import emit_rtlil, emit_verilog
from hrsnn_rtl.interfaces import strobes_layout
from hrsnn_rtl.measure import FewPins
from hrsnn_rtl.readout_shapes import PerceptronShape

CONFIG = CoreConfig(
    lanes=2, n_slots=20, n_inputs=4, synapse_depth=64, v_width=8, decay_width=8, weight_width=4,
    refractory_width=2, sum_width=8, n_out=2,
)  # fmt: skip


def test_same_core_same_text():
    """Two cores of one configuration give the same Verilog and RTLIL, byte by byte."""
    for emit in (emit_verilog, emit_rtlil):
        assert emit(Core(config=CONFIG), "core") == emit(Core(config=CONFIG), "core")


def test_clock_and_no_reset():
    """The module has a clock port and no reset."""
    ports = re.search(r"module core\((.*?)\);", emit_verilog(Core(config=CONFIG), "core"))[1]
    names = [name.strip() for name in ports.split(",")]
    assert "clk" in names and "rst" not in names
    assert {"command__payload", "write__data", "read__data", "idle", "strobes", "trace"} <= set(
        names
    )


def test_memories_can_be_found_by_name():
    """Every clocked read port is in a module `ram_*`, as SYNTH_PREPARE expects."""
    text = emit_rtlil(Core(config=CONFIG), "core")
    module = cell = ""
    clocked = 0
    for line in text.splitlines():
        if line.startswith("module "):
            module = line.split()[1]
        if line.lstrip().startswith("cell "):
            cell = line.split()[1]
        if cell == "$memrd_v2" and "\\CLK_ENABLE" in line and line.rstrip().endswith("1"):
            assert "ram_" in module, module
            clocked += 1
    # Queue; row, synapse, state, decay, threshold and two sums a lane; weight, bias and sum.
    assert clocked == 1 + 2 * 7 + 3


def test_a_linear_readout_needs_nothing_of_the_others():
    """What a step's question takes is only in a core with a readout that is computed when asked."""
    asked = PerceptronShape(n_read=3, hidden=(2,), act_width=4, acc_width=20)
    names = r"wire .*\\(ask|settled)\b"
    assert not re.search(names, emit_rtlil(Core(config=CONFIG), "core"))
    other = replace(CONFIG, out_lanes=1, readout=asked)
    assert len(set(re.findall(names, emit_rtlil(Core(config=other), "core")))) == 2


def test_few_pins_counts_its_registers():
    """The wrapper of a measurement has two pins and as many registers as it says."""
    top = FewPins(component=Core(config=CONFIG), observed=("idle", "strobes"))
    assert set(top.signature.members) == {"i", "o"}
    inputs = 1 + 16 + (1 + 4 + 3 + 16 + 36) + (1 + 4 + 3 + 16)
    outputs = 1 + strobes_layout(CONFIG).size
    assert top.registers == inputs + outputs
    ports = re.search(r"module top\((.*?)\);", emit_verilog(top, "top"))[1]
    assert {name.strip() for name in ports.split(",")} == {"clk", "i", "o"}
