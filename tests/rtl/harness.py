"""A core in Amaranth's simulator, driven with random pauses and watched cycle by cycle.

Slow, but it needs no tool: these tests run small networks. `hrsnn_sim` runs the many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import numpy as np
from amaranth.hdl import Value
from amaranth.sim import Simulator
from hrsnn_rtl.config import DATA_WIDTH, CoreConfig
from hrsnn_rtl.core import Core
from hrsnn_rtl.image import memory_images, unpack
from hrsnn_rtl.interfaces import (
    CommandKind,
    CommandLayout,
    Select,
    state_layout,
    strobes_layout,
    trace_layout,
)
from hrsnn_rtl.placer import place
from hrsnn_rtl.plastic_image import plastic_images, read_magnitudes

from hrsnn_edge.network import Counts, IntNetwork, IntStdp
from hrsnn_edge.plastic import Magnitudes
from hrsnn_edge.reference.network import run as run_reference

#: Cycles without a new command, spike or step after which a core counts as stuck.
PATIENCE = 5000
PERIOD = 1e-6


@dataclass(frozen=True)
class Pauses:
    """Chances that in a cycle a command is not offered, a spike not taken; and the seed."""

    command: float = 0.0
    spike: float = 0.0
    seed: int = 1


@dataclass
class Sample:
    """What a core did in one sample of T steps; arrays are (T, neurons) and (T, outputs)."""

    spikes: np.ndarray
    v: np.ndarray
    i_syn: np.ndarray
    out: np.ndarray
    counts: Counts
    cycles: np.ndarray


def simulate(dut, *benches) -> None:
    """Run a component with its testbenches, all in lock-step with the clock."""
    sim = Simulator(dut)
    sim.add_clock(PERIOD)
    for bench in benches:
        sim.add_testbench(bench)
    sim.run()


def command_word(kind: CommandKind, arg: int = 0) -> int:
    """Return the 16-bit word of a command."""
    return Value.cast(CommandLayout.const({"kind": kind, "arg": arg})).value


def sample_commands(raster, n_bins: int) -> list[int]:
    """Return the commands of one sample: CLEAR, then events and STEP for every step."""
    words = [command_word(CommandKind.CLEAR)]
    for t, events in enumerate(raster):
        words += [command_word(CommandKind.EVENT, int(k)) for k in np.flatnonzero(events)]
        words.append(command_word(CommandKind.STEP, t * n_bins // len(raster)))
    return words


class Bench:
    """A core with a host that loads it, runs samples and reads its memories.

    Parameters
    ----------
    config : CoreConfig
        The core.
    preloaded : IntNetwork, optional
        A network that stands in the memories at start instead of being loaded.
    stdp : IntStdp, optional
        Its learning constants.
    """

    def __init__(
        self,
        config: CoreConfig,
        *,
        preloaded: IntNetwork | None = None,
        stdp: IntStdp | None = None,
    ):
        self.config = config
        self.placement = None
        images = ()
        if preloaded is not None:
            self.placement = place(preloaded, config.lanes, config.n_slots)
            images = self._images(preloaded, stdp)
        self.core = Core(config=config, images=images, poison=True)
        self.stream: list[int] = []
        self._strobes, self._trace = strobes_layout(config), trace_layout(config)

    def run(self, script) -> None:
        """Simulate an async function of this bench."""

        async def bench(ctx):
            self.ctx = ctx
            self.cycle = 0
            await script(self)

        simulate(self.core, bench)

    async def tick(self, pauses: Pauses | None = None, rng: Random | None = None):
        """Advance one cycle; return the strobes, the trace and whether a command was taken."""
        core, ctx = self.core, self.ctx
        watched = [core.command.ready, core.command.valid, core.strobes, core.trace]
        if self.config.spike_stream:
            ctx.set(core.spike.ready, 1 if rng is None else rng.random() >= pauses.spike)
            watched += [core.spike.valid & core.spike.ready, core.spike.payload.as_value()]
        values = await ctx.tick().sample(*(Value.cast(w) for w in watched))
        ready, valid, strobes, trace, *spike = values[2:]
        self.cycle += 1
        if spike and spike[0]:
            self.stream.append(spike[1])
        return strobes, trace, ready and valid

    def _images(self, net: IntNetwork, stdp: IntStdp | None):
        if stdp is not None:
            return plastic_images(net, stdp, self.config, self.placement)
        return memory_images(net, self.config, self.placement)

    async def load(self, net: IntNetwork, stdp: IntStdp | None = None) -> None:
        """Write the images of a network through the load port."""
        self.placement = place(net, self.config.lanes, self.config.n_slots)
        port, ctx = self.core.write, self.ctx
        while not ctx.get(self.core.idle):
            await self.tick()
        ctx.set(port.valid, 1)
        for image in self._images(net, stdp):
            ctx.set(port.select, image.select)
            ctx.set(port.lane, image.lane)
            for k, word in enumerate(image.words):
                ctx.set(port.addr, image.base + k)
                ctx.set(port.data, int(word))
                assert ctx.get(port.ready), "an idle core must take a word"
                await self.tick()
        ctx.set(port.valid, 0)

    async def read(self, select: Select, lane: int, addr: int) -> int:
        """Read a word through the read port."""
        port, ctx = self.core.read, self.ctx
        for name, value in (("valid", 1), ("select", select), ("lane", lane), ("addr", addr)):
            ctx.set(getattr(port, name), value)
        while not ctx.get(port.ready):
            await self.tick()
        await self.tick()
        # The address may go away as soon as it is taken.
        for name, value in (("valid", 0), ("lane", 0), ("addr", 0)):
            ctx.set(getattr(port, name), value)
        while not ctx.get(port.data_valid):
            await self.tick()
        return ctx.get(port.data)

    async def read_state(self, net: IntNetwork) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Read membranes, refractory counters and accumulators of a network's neurons."""
        words = [
            await self.read(Select.V, int(lane), int(slot))
            for lane, slot in zip(self.placement.lane, self.placement.slot, strict=True)
        ]
        state = unpack(state_layout(self.config), np.array(words))
        out = [await self.read(Select.OUT, 0, c) for c in range(net.readout.n_out)]
        top = 1 << (DATA_WIDTH - 1)
        return state["v"], state["refractory"], (np.array(out) ^ top) - top

    async def read_currents(self) -> np.ndarray:
        """Read the synaptic currents of a network's neurons."""
        words = [
            await self.read(Select.CURRENT, int(lane), int(slot))
            for lane, slot in zip(self.placement.lane, self.placement.slot, strict=True)
        ]
        top = 1 << (DATA_WIDTH - 1)
        return (np.array(words) ^ top) - top

    async def command(self, kind: CommandKind, arg: int = 0) -> int:
        """Give one command and wait until the core is idle; return the weight updates meanwhile."""
        port, ctx = self.core.command, self.ctx
        ctx.set(port.valid, 1)
        ctx.set(port.payload, CommandLayout.from_bits(command_word(kind, arg)))
        taken, still, updates = False, 0, 0
        while still < 4:
            strobes, _, accepted = await self.tick()
            if accepted:
                taken = True
                ctx.set(port.valid, 0)
            still = still + 1 if taken and ctx.get(self.core.idle) else 0
            if self.config.plasticity:
                updates += self._strobes.from_bits(strobes).weight_updates
        return updates

    async def magnitudes(self, net: IntNetwork, stdp: IntStdp) -> Magnitudes:
        """Read the magnitudes of a core whose rows are up to date."""
        words = [
            [await self.read(Select.MAGNITUDE, lane, k) for k in range(self.config.synapse_depth)]
            for lane in range(self.config.lanes)
        ]

        def read(select, lane, base, count):
            return np.array(words[lane][base : base + count])

        return read_magnitudes(read, net, stdp, self.config, self.placement)

    async def sample(self, net: IntNetwork, raster, pauses: Pauses | None = None) -> Sample:
        """Run one sample and wait for its end."""
        pauses = pauses or Pauses()
        rng = Random(pauses.seed)
        words = sample_commands(raster, net.readout.n_bins)
        port, ctx, c = self.core.command, self.ctx, self.config
        acc = np.zeros(c.n_out_padded, np.int64)
        rows: list[dict] = []
        work = dict.fromkeys(
            ("input_events", "spikes", "sop_in", "sop_rec", "sop_out", "skipped_rows"), 0
        )
        offered = began = False
        taken = drained = quiet = 0
        while drained < len(raster):
            offered = taken < len(words) and (offered or rng.random() >= pauses.command)
            ctx.set(port.valid, offered)
            ctx.set(port.payload, CommandLayout.from_bits(words[taken] if offered else 0))
            strobes, trace, accepted = await self.tick(pauses, rng)
            if accepted:
                taken, offered = taken + 1, False
            quiet = 0 if accepted or strobes or trace else quiet + 1
            assert quiet < PATIENCE, f"stuck in cycle {self.cycle} after {taken} commands"
            if not began:
                # What comes before the CLEAR is taken belongs to an earlier sample.
                began = accepted
                continue
            # The next step may begin in the cycle in which one is done: look at its end first.
            t = self._trace.from_bits(trace)
            if t.valid:
                for lane in range(c.lanes):
                    neuron = self.placement.neuron[t.slot * c.lanes + lane]
                    if neuron >= 0:
                        rows[-1]["v"][neuron] = t.v[lane]
                        rows[-1]["spikes"][neuron] = t.spike >> lane & 1
                        if c.syn_width:
                            rows[-1]["i_syn"][neuron] = t.i_syn[lane]
            if t.out_valid:
                for r in range(c.out_lanes):
                    acc[t.out_index * c.out_lanes + r] = t.out_value[r]
            if t.drained:
                rows[-1]["out"] = acc[: net.readout.n_out].copy()
                rows[-1]["cycles"] = self.cycle - rows[-1]["begin"]
                drained += 1
            if strobes:
                s = self._strobes.from_bits(strobes)
                work["input_events"] += s.input_event
                work["spikes"] += s.spikes
                work["sop_in"] += s.sop_in.bit_count()
                work["sop_rec"] += s.sop_rec.bit_count()
                work["sop_out"] += s.sop_out
                work["skipped_rows"] += s.skipped_rows
                if s.step:
                    v, i_syn = np.zeros((2, net.n_neurons), np.int64)
                    rows.append({"begin": self.cycle, "v": v, "i_syn": i_syn, "spikes": v != 0})
        counts = Counts(neuron_updates=len(rows) * net.n_neurons, **work)
        columns = {
            name: np.array([row[name] for row in rows])
            for name in ("spikes", "v", "i_syn", "out", "cycles")
        }
        return Sample(counts=counts, **columns)


def check_sample(got: Sample, net: IntNetwork, raster, n_out: int | None = None) -> None:
    """Assert that a sample equals the reference in every step; says where it first differs.

    A core with more outputs than the network reads out and counts all its `n_out`.
    """
    want = run_reference(net, raster)
    for name in ("spikes", "v", "i_syn", "out"):
        left, right = getattr(got, name), getattr(want, name)
        if net.readout.n_out or name != "out":
            wrong = np.argwhere(left != right)
            first = tuple(wrong[0]) if wrong.size else ()
            assert not wrong.size, (
                f"{name} at {first}: {left[first]} != {right[first]} (reference), "
                f"first of {len(wrong)}"
            )
    if n_out is None:
        n_out = net.readout.n_out
    assert got.counts == replace(want.total, sop_out=want.total.spikes * n_out)
