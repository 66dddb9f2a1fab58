"""LifUpdate equals lif_step."""

from dataclasses import fields

import numpy as np
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.lif import LifUpdate
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.fixed import signed_range
from hrsnn_edge.reference.lif import LifParams, lif_step
from tests.rtl.harness import simulate

#: Neurons a simulation; they follow each other cycle by cycle.
N = 200


def edges(rng, low: int, high: int, size: int) -> np.ndarray:
    """Return integers of low..high, half of them at one of the ends or next to it."""
    values = rng.integers(low, high + 1, size)
    near = np.clip(rng.choice([low, low + 1, -1, 0, 1, high - 1, high], size), low, high)
    return np.where(rng.random(size) < 0.5, values, near)


def run_lif(config: CoreConfig, v, refractory, syn_sum, params: LifParams, clear: bool = False):
    """Send N neurons through a LifUpdate, one each cycle; return their next state and spikes."""
    dut = LifUpdate(config=config)
    word, out = params.v_reset, []
    if params.subtracts:
        # The port is signed; what a spike takes off may need its sign bit.
        word = params.v_threshold - params.v_reset
        word = np.where(word >= 1 << (params.v_width - 1), word - (1 << params.v_width), word)

    async def bench(ctx):
        for t in range(len(v) + dut.latency):
            if t < len(v):
                ctx.set(dut.state.v, int(v[t]))
                ctx.set(dut.state.refractory, int(refractory[t]))
                ctx.set(dut.decay, int(params.decay[t]))
            if 0 <= t - 2 < len(v):
                ctx.set(dut.drive, int(syn_sum[t - 2]))
                ctx.set(dut.threshold.threshold, int(params.v_threshold[t - 2]))
                ctx.set(dut.threshold.refractory, int(params.refractory_steps[t - 2]))
                ctx.set(dut.v_reset, int(word[t - 2]))
            ctx.set(dut.enable, not clear)
            ctx.set(dut.clear, clear)
            _, _, state, spike = await ctx.tick().sample(dut.state_next, dut.spike)
            if t >= dut.latency:
                out.append((state.v, state.refractory, spike))

    simulate(dut, bench)
    return tuple(np.array(column) for column in zip(*out, strict=True))


@st.composite
def lif_cases(draw):
    """Draw a core's widths and N neurons at the edges of their ranges."""
    v_width, sum_width = draw(st.integers(8, 24)), draw(st.integers(2, 24))
    decay_width, refractory_width = draw(st.integers(4, 12)), draw(st.integers(0, 6))
    config = CoreConfig(
        lanes=1, n_slots=4, n_inputs=1, synapse_depth=1, v_width=v_width, weight_width=2,
        decay_width=decay_width, v_shift=draw(st.integers(0, 16)), sum_width=sum_width,
        refractory_width=refractory_width, has_reset=draw(st.booleans()),
        subtracts=draw(st.booleans()), n_out=0,
    )  # fmt: skip
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low, high = signed_range(v_width)
    v, syn_sum = edges(rng, low, high, N), edges(rng, *signed_range(sum_width), N)
    decay = edges(rng, 0, 2**decay_width - 1, N)
    # Half of the thresholds stand right at what the neuron reaches, or one beside it.
    params = LifParams(
        decay, np.zeros(N, np.int64), np.zeros(N, np.int64),
        edges(rng, 0, 2**refractory_width - 1, N), v_width, decay_width, config.v_shift,
        config.subtracts,
    )  # fmt: skip
    reached = lif_step(v, np.zeros(N, np.int64), syn_sum, _with(params, v_threshold=2**40))[0]
    near = reached + rng.integers(-1, 2, N)
    threshold = np.where(rng.random(N) < 0.5, near, edges(rng, low + 1, high, N))
    threshold = np.clip(threshold, low + 1 if config.has_reset else 1, high)
    reset = np.minimum(edges(rng, low, high, N), threshold - 1) * config.has_reset
    params = _with(params, v_threshold=threshold, v_reset=reset)
    held = rng.random(N) < 0.3
    refractory = np.where(held, edges(rng, 0, 2**refractory_width - 1, N), 0)
    return config, v, refractory, syn_sum, params


def _with(params: LifParams, **changes) -> LifParams:
    values = {f.name: getattr(params, f.name) for f in fields(params)}
    return LifParams(**{**values, **changes})


@settings(max_examples=15)
@given(lif_cases())
def test_matches_reference(case):
    """State and spike of every neuron are those of lif_step, for all widths and at all edges."""
    config, v, refractory, syn_sum, params = case
    got = run_lif(config, v, refractory, syn_sum, params)
    want = lif_step(v, refractory, syn_sum, params)
    for name, left, right in zip(("v", "refractory", "spike"), got, want, strict=True):
        wrong = np.flatnonzero(left != right)
        assert not wrong.size, f"{name} of neuron {wrong[0]}: {left[wrong[0]]} != {right[wrong[0]]}"


def test_by_hand():
    """Decay 1/2 rounds -5 to -2 and 5 to 2; 127 saturates; 9 fires at threshold 9, 8 does not."""
    config = CoreConfig(
        lanes=1, n_slots=4, n_inputs=1, synapse_depth=1, v_width=8, weight_width=2, decay_width=8,
        sum_width=9, refractory_width=2, has_reset=True, n_out=0,
    )  # fmt: skip
    n = 7
    params = LifParams(
        np.full(n, 128), np.array([127, 127, 127, 127, 9, 9, 9]), np.full(n, -7), np.full(n, 3),
        8, 8, 0,
    )  # fmt: skip
    v = np.array([-5, 5, -128, 100, 10, 8, 100])
    refractory = np.array([0, 0, 0, 0, 0, 0, 2])
    syn_sum = np.array([0, 0, -200, 76, 4, 4, 100])
    got = run_lif(config, v, refractory, syn_sum, params)
    assert got[0].tolist() == [-2, 2, -128, 126, -7, 8, -7]
    assert got[1].tolist() == [0, 0, 0, 0, 3, 0, 1]
    assert got[2].tolist() == [0, 0, 0, 0, 1, 0, 0]


def test_subtraction_by_hand():
    """A spike takes 127 - -100 = 227 or 9 - -7 = 16 off; 450 - 227 saturates; who is held stays."""
    config = CoreConfig(
        lanes=1, n_slots=4, n_inputs=1, synapse_depth=1, v_width=8, weight_width=2, decay_width=8,
        sum_width=10, refractory_width=2, has_reset=True, subtracts=True, n_out=0,
    )  # fmt: skip
    n = 6
    params = LifParams(
        np.full(n, 128), np.array([127, 127, 9, 9, 9, 9]), np.array([-100, -100, -7, -7, -7, -7]),
        np.full(n, 3), 8, 8, 0, True,
    )  # fmt: skip
    v = np.array([100, 100, 10, 8, 100, -90])
    refractory = np.array([0, 0, 0, 0, 2, 1])
    syn_sum = np.array([78, 400, 4, 4, 100, 100])
    got = run_lif(config, v, refractory, syn_sum, params)
    assert got[0].tolist() == [-99, 127, -7, 8, 100, -90]
    assert got[1].tolist() == [3, 3, 3, 0, 1, 0]
    assert got[2].tolist() == [1, 1, 1, 0, 0, 0]


def test_clear():
    """With `clear` every membrane and counter becomes 0 and nobody fires."""
    config = CoreConfig(
        lanes=1, n_slots=4, n_inputs=1, synapse_depth=1, v_width=8, weight_width=2, decay_width=8,
        sum_width=9, refractory_width=2, has_reset=True, n_out=0,
    )  # fmt: skip
    ones = np.ones(8, np.int64)
    params = LifParams(255 * ones, 0 * ones, -5 * ones, 3 * ones, 8, 8, 0)
    v, refractory, spikes = run_lif(config, 99 * ones, np.arange(8) % 2, 9 * ones, params, True)
    assert not v.any() and not refractory.any() and not spikes.any()
