"""CurrentUpdate equals current_step."""

from types import SimpleNamespace

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.current import CurrentUpdate
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.fixed import signed_range
from hrsnn_edge.reference.synapse import current_step
from tests.rtl.harness import simulate
from tests.rtl.test_lif import edges

#: Neurons a simulation; they follow each other cycle by cycle.
N = 200


def config_of(syn_width: int, decay_width: int, sum_width: int, v_shift: int) -> CoreConfig:
    """Return a core with these widths."""
    return CoreConfig(
        lanes=1, n_slots=4, n_inputs=1, synapse_depth=1, v_width=8, weight_width=2,
        decay_width=decay_width, v_shift=v_shift, sum_width=sum_width, refractory_width=2,
        syn_width=syn_width, n_out=0,
    )  # fmt: skip


def run_current(config: CoreConfig, current, decay, syn_sum, clear: bool = False) -> np.ndarray:
    """Send neurons through a CurrentUpdate, one each cycle; return their next currents."""
    dut = CurrentUpdate(config=config)
    out = []

    async def bench(ctx):
        ctx.set(dut.clear, clear)
        for t in range(len(current) + dut.latency):
            if t < len(current):
                ctx.set(dut.current, int(current[t]))
                ctx.set(dut.decay, int(decay[t]))
            if 0 <= t - 2 < len(current):
                ctx.set(dut.syn_sum, int(syn_sum[t - 2]))
            _, _, value = await ctx.tick().sample(dut.current_next)
            if t >= dut.latency:
                out.append(value)

    simulate(dut, bench)
    return np.array(out)


@settings(max_examples=15)
@given(
    st.integers(8, 24), st.integers(4, 12), st.integers(1, 24), st.integers(0, 16),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_matches_reference(syn_width, decay_width, sum_width, v_shift, seed):
    """The current of every neuron is that of current_step, for all widths and at all edges."""
    rng = np.random.default_rng(seed)
    current, syn_sum = (edges(rng, *signed_range(w), N) for w in (syn_width, sum_width))
    decay = edges(rng, 0, 2**decay_width - 1, N)
    net = SimpleNamespace(
        synapses=SimpleNamespace(syn_decay=decay, syn_width=syn_width),
        fmt=SimpleNamespace(decay_width=decay_width, v_shift=v_shift),
    )
    config = config_of(syn_width, decay_width, sum_width, v_shift)
    got, want = run_current(config, current, decay, syn_sum), current_step(current, syn_sum, net)
    wrong = np.flatnonzero(got != want)
    assert not wrong.size, f"neuron {wrong[0]}: {got[wrong[0]]} != {want[wrong[0]]}"


def test_by_hand():
    """Decay 1/2 rounds -5 to -2 and 5 to 2; a sum of 3 adds 12; 127 and -128 are the ends."""
    config = config_of(8, 8, 7, 2)
    current, syn_sum = [-5, 5, 10, 100, -100, 0], [0, 0, 3, 30, -30, -1]
    got = run_current(config, current, [128] * 6, syn_sum)
    assert got.tolist() == [-2, 2, 17, 127, -128, -4]
    assert not run_current(config, current, [128] * 6, syn_sum, clear=True).any()
