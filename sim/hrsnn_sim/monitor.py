"""cocotb agents that listen: they write down what the core does, in the form of the bulk runs."""

from __future__ import annotations

import random

import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.interfaces import CoreSignature

from hrsnn_sim.driver import TIMEOUT_CYCLES, Agent
from hrsnn_sim.ports import port_fields
from hrsnn_sim.record import STROBES, CoreRecord


class SpikeMonitor(Agent):
    """Take the items of the spike stream, with random pauses, and see that the core holds them.

    Attributes
    ----------
    items : list of int
        What was taken.
    """

    def __init__(self, dut, gap: float, rng: random.Random):
        super().__init__(dut, "spike")
        self._gap, self._rng = gap, rng
        self.items: list[int] = []
        self.drive(ready=0)

    async def listen(self) -> None:
        """Take items until the simulation ends."""
        waiting = None
        while True:
            ready = self._rng.random() >= self._gap
            self.drive(ready=ready)
            await FallingEdge(self._clk)
            item = int(self.signal("payload").value) if int(self.signal("valid").value) else None
            if waiting is not None:
                assert item == waiting, f"spike must stay {waiting} until it is taken, not {item}"
            if item is not None and ready:
                self.items.append(item)
            waiting = None if ready else item
            await RisingEdge(self._clk)


class CoreMonitor:
    """Write down strobes and write-backs, cycle by cycle.

    Parameters
    ----------
    first : sequence of bool
        Which steps are the first of a sample.
    bias : sequence of int
        Readout accumulators at the start of a sample.
    """

    def __init__(self, dut, config: CoreConfig, first, bias):
        self._dut, self._config = dut, config
        self._fields = port_fields(CoreSignature(config))
        self._first, self._bias = list(first), [int(value) for value in bias]
        self._counts = dict.fromkeys(STROBES, 0)
        self._out = list(self._bias)
        self._cycle = self._busy = self._command_stalls = 0
        self._state = {
            name: np.full(config.n_hw, np.iinfo(np.int32).min, np.int32)
            for name in ("v", *(("i_syn",) if config.syn_width else ()))
        }
        self._spikes = np.zeros(config.n_hw, bool)
        self._rows: dict[str, list] = {
            name: []
            for name in (
                *("spikes", "out", "counts", "counts_start", "begun", "done"),
                *self._state,
            )
        }

    @property
    def steps(self) -> int:
        """Steps whose work is done."""
        return len(self._rows["done"])

    async def listen(self) -> None:
        """Watch every cycle until the simulation ends."""
        while True:
            await FallingEdge(self._dut.clk)
            self._sample()

    async def finish(self, steps: int) -> None:
        """Wait until the work of so many steps is done and the core is idle, and for a rising edge.

        Raises
        ------
        TimeoutError
            When for `TIMEOUT_CYCLES` no step ends.
        """
        before, waited = -1, 0
        while self.steps < steps or not int(self._dut.idle.value):
            await FallingEdge(self._dut.clk)
            waited = waited + 1 if self.steps == before else 0
            before = self.steps
            if waited > TIMEOUT_CYCLES:
                raise TimeoutError(
                    f"Steps must come to {steps}, not stop at {self.steps} for {TIMEOUT_CYCLES} "
                    "cycles"
                )
        await RisingEdge(self._dut.clk)

    def record(self, n_steps, stream) -> CoreRecord:
        """Return everything so far."""
        rows = {"i_syn": np.zeros((0, self._config.n_hw), np.int32)}
        rows |= {name: np.array(values) for name, values in self._rows.items()}
        return CoreRecord(
            **rows,
            stream=np.array(stream, np.uint32),
            n_steps=n_steps,
            cycles=self._cycle,
            busy=self._busy,
            command_stalls=self._command_stalls,
        )

    def _sample(self) -> None:
        """Take in one cycle."""
        strobes, trace = _Bits(self._dut.strobes), _Bits(self._dut.trace)
        for name, is_mask in STROBES.items():
            add = strobes[self._fields[f"strobes.{name}"]]
            self._counts[name] += add.bit_count() if is_mask else add
        if strobes[self._fields["strobes.step"]]:
            self._rows["counts_start"].append(list(self._counts.values()))
            self._rows["begun"].append(self._cycle)
        if trace[self._fields["trace.valid"]]:
            self._write_back(trace)
        if trace[self._fields["trace.out_valid"]]:
            lanes = self._config.out_lanes
            base = trace[self._fields["trace.out_index"]] * lanes
            for k in range(lanes):
                self._out[base + k] = trace[self._fields[f"trace.out_value[{k}]"]]
        if trace[self._fields["trace.drained"]]:
            self._end_step()
        self._busy += not int(self._dut.idle.value)
        offered = int(self._dut.command__valid.value)
        self._command_stalls += offered and not int(self._dut.command__ready.value)
        self._cycle += 1

    def _write_back(self, trace: _Bits) -> None:
        """Take in the new state of one slot of all lanes."""
        slot, lanes = trace[self._fields["trace.slot"]], self._config.lanes
        spikes = trace[self._fields["trace.spike"]]
        for lane in range(lanes):
            for name, values in self._state.items():
                values[slot * lanes + lane] = trace[self._fields[f"trace.{name}[{lane}]"]]
            self._spikes[slot * lanes + lane] = spikes >> lane & 1

    def _end_step(self) -> None:
        """Close the rows of a step."""
        assert self.steps < len(self._first), f"steps must end at {len(self._first)}, not go on"
        self._rows["spikes"].append(self._spikes.copy())
        self._rows["out"].append(list(self._out))
        self._rows["counts"].append(list(self._counts.values()))
        self._rows["done"].append(self._cycle)
        for name, values in self._state.items():
            self._rows[name].append(values.copy())
            values[:] = np.iinfo(np.int32).min
        self._spikes[:] = False
        if self.steps < len(self._first) and self._first[self.steps]:
            self._out = list(self._bias)


class _Bits:
    """The settled value of a port; an X in a field that is used is an error."""

    def __init__(self, handle):
        self._name, self._text = handle._name, str(handle.value)

    def __getitem__(self, field) -> int:
        end = len(self._text) - field.offset
        text = self._text[end - field.width : end]
        assert set(text) <= {"0", "1"}, f"{self._name}[{field.offset}] must be known, not {text}"
        value = int(text, 2)
        return value - (1 << field.width) if field.signed and text[0] == "1" else value
