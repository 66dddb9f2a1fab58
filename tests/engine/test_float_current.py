import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.engine.float_current import rest, run_current, trace_decays
from hrsnn_edge.model.lif import current_step, lif_step
from hrsnn_edge.network import RESETS, FloatNetwork, SparseRows


def make_network(n=12, seed=0, gain_mode="leaky", tau_syn=None, reset="hard"):
    """A small network that fires under a current of about its threshold."""
    rng = np.random.default_rng(seed)
    return FloatNetwork(
        w_in=SparseRows.from_dense(np.zeros((0, n))),
        w_rec=SparseRows.from_dense(rng.normal(0, 1.5, (n, n)) * (rng.random((n, n)) < 0.3)),
        inhibitory=np.zeros(n, bool),
        tau_mem=rng.uniform(4, 40, n),
        v_threshold=np.ones(n),
        v_reset=np.zeros(n),
        refractory_steps=rng.integers(0, 4, n),
        gain_mode=gain_mode,
        v_floor=-0.5,
        tau_syn=None if tau_syn is None else np.full(n, tau_syn),
        reset=reset,
    )


def plain_run(net, current, hold, decay):
    """The same in plain NumPy, from the readable step."""
    v, wait, spike = np.zeros(net.n_neurons), np.zeros(net.n_neurons, int), np.zeros(net.n_neurons)
    i_syn = np.zeros(net.n_neurons)
    w, r, traces, counts = net.w_rec.to_dense(), np.zeros(decay.shape), [], []
    for row in current:
        fired = 0
        for _ in range(hold):
            i_syn = current_step(i_syn, spike @ w, net)
            v, wait, spike = lif_step(v, wait, i_syn + row, net)
            r = decay * r + spike
            fired = fired + spike
        traces.append(r)
        counts.append(fired)
    return np.array(traces), np.array(counts)


@settings(max_examples=15)
@given(
    seed=st.integers(0, 999),
    hold=st.integers(1, 7),
    mode=st.sampled_from(["leaky", "jump"]),
    tau_syn=st.sampled_from([None, 3.0]),
    reset=st.sampled_from(RESETS),
)
def test_matches_the_readable_step(seed, hold, mode, tau_syn, reset):
    """The compiled run equals `lif_step` with a constant current, traces and counts."""
    net = make_network(seed=seed, gain_mode=mode, tau_syn=tau_syn, reset=reset)
    current = np.random.default_rng(seed).normal(1.2 if mode == "leaky" else 0.1, 0.5, (9, 12))
    decay = trace_decays(net, (10.0,))
    run = run_current(net, current, hold, decay)
    traces, counts = plain_run(net, current, hold, decay)
    np.testing.assert_array_equal(run.counts, counts)
    np.testing.assert_allclose(run.traces, traces, atol=1e-12)


def test_worked():
    """Hand-worked: alone, tau 1/ln 2, current 2: v goes 1 and fires every step after the reset."""
    net = FloatNetwork(
        SparseRows.from_dense(np.zeros((0, 1))), SparseRows.from_dense(np.zeros((1, 1))),
        np.zeros(1, bool), np.array([1 / np.log(2)]), np.array([0.99]), np.zeros(1),
        np.ones(1, int), gain_mode="leaky",
    )  # fmt: skip
    run = run_current(net, [[2.0], [2.0]], 3, trace_decays(net))
    # Fires at steps 0, 2, 4 (one refractory step between); the trace halves each step.
    assert run.counts.tolist() == [[2], [1]]
    assert run.traces[:, 0, 0] == pytest.approx([1.25, 0.5 * (1 + 0.25 * 1.25)])


def test_two_runs_are_one():
    """A run of T1 + T2 samples equals one of T1 continued for T2; the given state stays."""
    net = make_network(seed=4)
    current = np.random.default_rng(1).normal(1.3, 0.6, (20, 12))
    decay = trace_decays(net, (5.0, 50.0))
    whole = run_current(net, current, 4, decay)
    first = run_current(net, current[:8], 4, decay)
    before = first.state.traces.copy()
    second = run_current(net, current[8:], 4, decay, first.state)
    np.testing.assert_array_equal(whole.counts[8:], second.counts)
    np.testing.assert_array_equal(whole.traces[8:], second.traces)
    np.testing.assert_array_equal(first.state.traces, before)
    assert whole.counts.sum() > 20


def test_filters():
    """The own filter decays as the membrane; shared ones as their time constant."""
    net = make_network()
    decay = trace_decays(net, (20.0,))
    np.testing.assert_array_equal(decay[0], net.alpha)
    assert decay[1] == pytest.approx(np.exp(-1 / 20))
    assert rest(net, 2).traces.shape == (2, 12)


def test_wrong_calls():
    """A current of other neurons, no steps, and no filter are refused."""
    net = make_network()
    with pytest.raises(ValueError, match=r"must be \(samples, 12\), not \(3, 5\)"):
        run_current(net, np.zeros((3, 5)), 1, trace_decays(net))
    with pytest.raises(ValueError, match="at least 1 step, not 0"):
        run_current(net, np.zeros((3, 12)), 0, trace_decays(net))
    with pytest.raises(ValueError, match="at least 1, not 0"):
        trace_decays(net, own=False)
