"""The cocotb test of the core: load, run, write down, read back.

It runs inside the simulator; `hrsnn_sim.verify` starts it and compares what it wrote down with the
reference. The files come through the environment: ``HRSNN_CASE``, ``HRSNN_RECORD``.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from hrsnn_rtl.config import ARG_WIDTH
from hrsnn_rtl.image import unpack
from hrsnn_rtl.interfaces import CommandKind, Select, state_layout

from hrsnn_sim.case import Case, save_record
from hrsnn_sim.driver import CommandDriver, ReadDriver, WriteDriver
from hrsnn_sim.monitor import CoreMonitor, SpikeMonitor
from hrsnn_sim.record import first_steps, readout_bias

#: Length of a clock cycle; any will do.
PERIOD_NS = 10


def mask(width: int) -> int:
    """Return `width` ones."""
    return (1 << width) - 1


@cocotb.test()
async def run_case(dut):
    """The core runs the whole case, keeps the rules of its ports, and its memories read back."""
    case = Case.load(Path(os.environ["HRSNN_CASE"]))
    config = case.config
    rng = random.Random(case.gaps.seed)
    commands = CommandDriver(dut, case.gaps.command, rng)
    write, read = WriteDriver(dut), ReadDriver(dut)
    spikes = SpikeMonitor(dut, case.gaps.spike, rng) if config.spike_stream else None
    Clock(dut.clk, PERIOD_NS, unit="ns").start(start_high=False)
    await RisingEdge(dut.clk)
    for image in case.images:
        await write.load(image)

    first = first_steps(case.n_steps)
    monitor = CoreMonitor(dut, config, first, readout_bias(case.images, config))
    cocotb.start_soon(monitor.listen())
    if spikes:
        cocotb.start_soon(spikes.listen())
    steps = 0
    for word in case.words:
        await commands.send(int(word))
        steps += word >> ARG_WIDTH == CommandKind.STEP.value
        if case.gaps.wait_steps:
            await monitor.finish(steps)
    await monitor.finish(len(first))
    record = monitor.record(case.n_steps, spikes.items if spikes else [])
    save_record(record, Path(os.environ["HRSNN_RECORD"]))
    for slot in range(config.n_slots):
        for lane in range(config.lanes):
            word = await read.read(Select.V, lane, slot)
            got = int(unpack(state_layout(config), word)["v"])
            want = int(record.v[-1, slot * config.lanes + lane])
            assert got == want, f"v of slot {slot}, lane {lane} must read back {want}, not {got}"
            if config.syn_width:
                # The port extends the sign of a current to its own width.
                got = await read.read(Select.CURRENT, lane, slot) & mask(config.syn_width)
                want = int(record.i_syn[-1, slot * config.lanes + lane]) & mask(config.syn_width)
                assert got == want, f"current of slot {slot}, lane {lane} must be {want}, not {got}"
    for index in range(config.n_out_padded):
        # The port extends the sign of an accumulator to its own width.
        got = await read.read(Select.OUT, 0, index) & mask(config.out_width)
        want = int(record.out[-1, index]) & mask(config.out_width)
        assert got == want, f"output {index} must read back {want}, not {got}"
