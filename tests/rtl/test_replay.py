"""What a row's synapses are owed equals the gains of the reference, age by age."""

import numpy as np
import pytest
from hrsnn_rtl.replay import RowReplay, n_tables

from hrsnn_edge.reference.stdp import bump_traces, decay_traces
from tests.rtl.harness import simulate
from tests.rtl.test_stdp import CONFIG, PLASTICITY, constants


class ReplayBench:
    """A `RowReplay` with memories, a scan that only counts steps, and a walk that takes rows."""

    def __init__(self, stdp):
        self.dut = RowReplay(config=CONFIG)
        self.rules = stdp.decay_plus | stdp.eta_plus << PLASTICITY.decay_width
        self.sources = np.zeros(CONFIG.n_sources, np.int64)
        self.gains, self.row, self.rows, self.address = {}, None, [], 0

    async def tick(self, ctx):
        """Advance one cycle; note gains and the row."""
        dut = self.dut
        if ctx.get(dut.gain_en):
            self.gains[ctx.get(dut.gain_addr)] = ctx.get(dut.gain)
        if ctx.get(dut.row.valid) and ctx.get(dut.row.ready):
            walk = dut.row.payload
            self.row = {
                name: ctx.get(walk[name])
                for name in ("source", "age", "mask", "table", "depress", "past", "deliver")
            }
            self.rows.append(self.row)
        if ctx.get(dut.w_en):
            self.sources[ctx.get(dut.w_addr)] = ctx.get(dut.w_data.as_value())
        self.address = ctx.get(dut.r_addr)
        await ctx.tick()
        source = min(self.address, CONFIG.n_sources - 1)
        ctx.set(dut.rule_word.as_value(), int(self.rules[source]))
        ctx.set(dut.source_word.as_value(), int(self.sources[source]))

    async def step(self, ctx) -> None:
        """Let a step begin, and its scan come to the second part."""
        for port in (self.dut.step, self.dut.turn):
            ctx.set(port, 1)
            await self.tick(ctx)
            ctx.set(port, 0)
        while ctx.get(self.dut.busy):
            await self.tick(ctx)

    async def sweep_nothing(self, ctx) -> None:
        """Let the sweep pass that is due after a reset, for none to be on."""
        ctx.set(self.dut.rush, 1)
        while ctx.get(self.dut.busy):
            await self.tick(ctx)
        ctx.set(self.dut.rush, 0)
        assert ctx.get(self.dut.swept)
        assert not self.rows

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
        await bench.sweep_nothing(ctx)
        x, owed, last = np.int64(0), {}, None
        for t, fired in enumerate(fires):
            # An input's event of step t comes before the step, a neuron's spike after it.
            if not is_input:
                await bench.step(ctx)
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
                await bench.step(ctx)

    simulate(bench.dut, script)
    assert len(owed_bits) > 3


def test_tables_take_turns():
    """Rows that are ready one after the other use one table after the other."""
    bench = ReplayBench(constants(CONFIG.n_slots))
    used = []

    async def script(ctx):
        ctx.set(bench.dut.row.ready, 1)
        ctx.set(bench.dut.row_word.left, -1)
        await bench.sweep_nothing(ctx)
        for source in [*range(6), *range(6)]:
            await bench.fire(ctx, source)
            used.append(bench.row["table"])

    simulate(bench.dut, script)
    assert used == [k % n_tables(CONFIG) for k in range(12)]


def test_sweep_during_a_scan():
    """Before the turn old rows are brought up to the step before; spikes wait for the turn."""
    n, eta = CONFIG.n_slots, 1 << PLASTICITY.eta_shift
    bench = ReplayBench(constants(n, eta_plus=np.full(2 * n, eta, np.int32)))
    dut = bench.dut

    async def script(ctx):
        ctx.set(dut.row.ready, 1)
        ctx.set(dut.row_word.left, -1)
        await bench.sweep_nothing(ctx)
        await bench.step(ctx)
        await bench.fire(ctx, 2)
        for _ in range(PLASTICITY.history // 2):
            await bench.step(ctx)
        await bench.fire(ctx, 1)
        bench.rows.clear()
        # Source 2 is four steps old, source 1 is not; the step in the scan does not count yet.
        ctx.set(dut.sweep, 1)
        ctx.set(dut.step, 1)
        await bench.tick(ctx)
        ctx.set(dut.sweep, 0)
        ctx.set(dut.step, 0)
        ctx.set(dut.event.payload.source, 3)
        ctx.set(dut.event.valid, 1)
        for _ in range(60):
            assert not ctx.get(dut.event.ready)
            await bench.tick(ctx)
        assert ctx.get(dut.swept)
        (row,) = bench.rows
        assert (row["source"], row["age"], row["past"], row["deliver"]) == (2, 4, 1, 0)
        # x rises to 20 and decays by 25 / 32 a step: 15, 11, 8, 6.
        gains = [bench.gains[(row["table"] << PLASTICITY.age_width) + age] for age in range(4)]
        assert gains == [6, 8, 11, 15]
        assert row["mask"] == 0b1111
        ctx.set(dut.turn, 1)
        await bench.tick(ctx)
        ctx.set(dut.turn, 0)
        while not ctx.get(dut.event.ready):
            await bench.tick(ctx)
        await bench.tick(ctx)
        ctx.set(dut.event.valid, 0)
        while ctx.get(dut.busy):
            await bench.tick(ctx)
        assert (bench.row["source"], bench.row["past"], bench.row["deliver"]) == (3, 0, 1)
        # The same source a step later: one step since the sweep.
        assert await bench.fire(ctx, 2) == {0: 4}
        assert bench.row["age"] == 1

    simulate(bench.dut, script)
