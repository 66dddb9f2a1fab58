"""What a row's synapses are owed equals the gains of the reference, age by age."""

import numpy as np
import pytest
from hrsnn_rtl.replay import N_TABLES, RowReplay

from hrsnn_edge.reference.stdp import bump_traces, decay_traces
from tests.rtl.harness import simulate
from tests.rtl.test_stdp import CONFIG, PLASTICITY, constants


class ReplayBench:
    """A `RowReplay` with memories, a scan that only counts steps, and a walk that takes rows."""

    def __init__(self, stdp):
        self.dut = RowReplay(config=CONFIG)
        self.rules = stdp.decay_plus | stdp.eta_plus << PLASTICITY.decay_width
        self.sources = np.zeros(CONFIG.n_sources, np.int64)
        self.gains, self.row, self.address = {}, None, 0

    async def tick(self, ctx):
        """Advance one cycle; note gains and the row."""
        dut = self.dut
        if ctx.get(dut.gain_en):
            self.gains[ctx.get(dut.gain_addr)] = ctx.get(dut.gain)
        if ctx.get(dut.row.valid) and ctx.get(dut.row.ready):
            walk = dut.row.payload
            self.row = {
                name: ctx.get(walk[name]) for name in ("source", "age", "mask", "table", "depress")
            }
        if ctx.get(dut.w_en):
            self.sources[ctx.get(dut.w_addr)] = ctx.get(dut.w_data.as_value())
        if ctx.get(dut.r_en):
            self.address = ctx.get(dut.r_addr)
        await ctx.tick()
        source = min(self.address, CONFIG.n_sources - 1)
        ctx.set(dut.rule_word.as_value(), int(self.rules[source]))
        ctx.set(dut.source_word.as_value(), int(self.sources[source]))

    async def fire(self, ctx, source: int) -> dict[int, int]:
        """Let a source fire; return the gain of each age that its row is owed."""
        dut = self.dut
        self.row, self.gains = None, {}
        ctx.set(dut.event.payload.source, source)
        ctx.set(dut.event.payload.is_input, source >= CONFIG.n_hw)
        ctx.set(dut.event.valid, 1)
        while not ctx.get(dut.event.ready):
            await self.tick(ctx)
        await self.tick(ctx)
        ctx.set(dut.event.valid, 0)
        while ctx.get(dut.busy):
            await self.tick(ctx)
        assert self.row["source"] == source
        table = self.row["table"] << PLASTICITY.age_width
        return {
            age: self.gains[table + age]
            for age in range(PLASTICITY.history)
            if self.row["mask"] >> age & 1
        }


@pytest.mark.parametrize("source", [1, CONFIG.n_hw + 2])
def test_gains(source):
    """A neuron is owed the steps after its last spike, an input that step too, before its bump."""
    n, is_input = CONFIG.n_slots, source >= CONFIG.n_hw
    stdp = constants(
        n,
        # By source number of the core, which has the neurons first.
        decay_plus=np.array([25, 30, 31, 0, 25, 20, 29, 3], np.int32),
        eta_plus=np.array([8, 7, 15, 1, 0, 3, 9, 15], np.int32),
    )
    bench, rng = ReplayBench(stdp), np.random.default_rng(4)
    fires = np.zeros(80, bool)
    fires[np.cumsum(rng.integers(1, PLASTICITY.history, 12))] = True
    decay, eta = stdp.decay_plus[source], int(stdp.eta_plus[source])
    owed_bits = set()

    async def script(ctx):
        dut = bench.dut
        ctx.set(dut.row.ready, 1)
        ctx.set(dut.row_word.left, -1)
        x, owed, last = np.int64(0), {}, None
        for t, fired in enumerate(fires):
            # An input's event of step t comes before the step, a neuron's spike after it.
            if not is_input:
                ctx.set(dut.step, 1)
                await bench.tick(ctx)
                ctx.set(dut.step, 0)
            x = decay_traces(x, decay, stdp.decay_width)
            now = t - 1 if is_input else t
            if not is_input:
                owed[t] = (eta * int(x)) >> stdp.eta_shift
            if fired:
                want = {now - s: gain for s, gain in owed.items() if gain and last is not None}
                assert await bench.fire(ctx, source) == want, f"step {t}"
                owed_bits.update(want)
                if last is not None:
                    assert bench.row["age"] == now - last
                    assert bench.row["depress"]
                owed, last = {}, t
                if is_input:
                    owed[t] = (eta * int(x)) >> stdp.eta_shift
                x = bump_traces(x, True, stdp)
            elif is_input:
                owed[t] = (eta * int(x)) >> stdp.eta_shift
            if is_input:
                ctx.set(dut.step, 1)
                await bench.tick(ctx)
                ctx.set(dut.step, 0)

    simulate(bench.dut, script)
    assert len(owed_bits) > 3


def test_tables_take_turns():
    """Rows that are ready one after the other use one table after the other."""
    bench = ReplayBench(constants(CONFIG.n_slots))
    used = []

    async def script(ctx):
        ctx.set(bench.dut.row.ready, 1)
        ctx.set(bench.dut.row_word.left, -1)
        for source in range(6):
            await bench.fire(ctx, source)
            used.append(bench.row["table"])

    simulate(bench.dut, script)
    assert used == [k % N_TABLES for k in range(6)]
