"""cocotb tests of the saturating accumulator; run by test_runner.py inside a simulator."""

import os
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge


@cocotb.test()
async def saturates(dut):
    """The sum stops at both ends."""
    rng = random.Random(int(os.environ["COCOTB_RANDOM_SEED"]))
    dut.rst.value = 0
    dut.i__valid.value = 0
    dut.i__payload.value = 0
    Clock(dut.clk, 10, unit="ns").start(start_high=False)
    await FallingEdge(dut.clk)
    total = 0
    for _ in range(200):
        valid, item = rng.random() < 0.7, rng.choice([-128, -100, 127, rng.randrange(-128, 128)])
        dut.i__valid.value, dut.i__payload.value = valid, item
        await FallingEdge(dut.clk)
        total = max(-128, min(127, total + item)) if valid else total
        assert dut.total.value.to_signed() == total


@cocotb.test(skip=os.environ.get("FAIL") is None)
async def fails(dut):
    """A wrong claim, to see that it is reported."""
    raise AssertionError("as asked")
