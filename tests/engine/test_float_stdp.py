import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.model.config import PlasticityConfig
from hrsnn_edge.model.lif import current_step, lif_step
from hrsnn_edge.model.stdp import FloatStdp, draw_stdp, run_stdp
from hrsnn_edge.network import RESETS, FloatNetwork, SparseRows


def stdp_for(net, eta_plus=0.0, eta_minus=0.0, top=2.0, normalise=False, **changed):
    """Return constants with trace decay 1/2 and greatest weight `top` for all."""
    sources, n = net.n_inputs + net.n_neurons, net.n_neurons
    tau = 1 / np.log(2)
    values = {
        "plastic_in": True,
        "plastic_rec": True,
        "tau_plus": np.full(sources, tau),
        "eta_plus": np.full(sources, eta_plus / top),
        "weight_max": np.full(sources, top),
        "tau_minus": np.full(n, tau),
        "eta_minus": np.full(n, eta_minus / top),
        "normalise": normalise,
    }
    return FloatStdp(**{**values, **changed})


def two_inputs(weights=(0.1, 5.0)):
    """Return one neuron; input 1 makes it fire, input 0 hardly moves it."""
    return FloatNetwork(
        w_in=SparseRows.from_dense(np.array([[weights[0]], [weights[1]]])),
        w_rec=SparseRows.from_dense(np.zeros((1, 1))),
        inhibitory=np.zeros(1, bool),
        tau_mem=np.array([1.0]),
        v_threshold=np.array([4.0]),
        v_reset=np.zeros(1),
        refractory_steps=np.zeros(1, np.int64),
    )


def learned(net, raster, **values):
    stdp = stdp_for(net, **values)
    return run_stdp(net, stdp, EventBatch.from_rasters([np.array(raster, bool)]))[0].w_in.weights


def test_causal_pair_by_hand():
    """Pre at 0, post at 2: the trace has decayed twice, so the weight gains eta / 4."""
    raster = [[1, 0], [0, 0], [0, 1]]
    assert learned(two_inputs(), raster, eta_plus=0.4, top=5.0)[0] == pytest.approx(0.1 + 0.4 / 4)


def test_acausal_pair_by_hand():
    """Post at 0, pre at 1: the weight loses eta / 2."""
    raster = [[0, 1], [1, 0]]
    got = learned(two_inputs(), raster, eta_minus=0.1, top=5.0)[0]
    assert got == pytest.approx(0.1 - 0.1 / 2)


def test_coincidence_changes_nothing():
    """Pre and post in the same step leave the weight alone."""
    raster = [[1, 1], [0, 0]]
    assert learned(two_inputs(), raster, eta_plus=0.4, eta_minus=0.4, top=5.0)[0] == 0.1


def test_weights_are_clipped():
    """A weight stops at its greatest value and at 0."""
    up, down = [[1, 0], [0, 1]], [[0, 1], [1, 0]]
    assert learned(two_inputs((1.0, 5.0)), up, eta_plus=50.0, top=5.0)[0] == 5.0
    assert learned(two_inputs((1.0, 5.0)), down, eta_minus=50.0, top=5.0)[0] == 0.0


def test_inhibitory_causal_pair_gets_stronger():
    """A causal pair of an inhibitory source raises the magnitude; the sign stays."""
    net = FloatNetwork(
        w_in=SparseRows.from_dense(np.array([[5.0, 0.0], [0.0, 9.0]])),
        w_rec=SparseRows.from_dense(np.array([[0.0, -1.0], [0.0, 0.0]])),
        inhibitory=np.array([True, False]),
        tau_mem=np.ones(2),
        v_threshold=np.full(2, 4.0),
        v_reset=np.zeros(2),
        refractory_steps=np.zeros(2, np.int64),
    )
    stdp = stdp_for(net, eta_plus=0.4, top=9.0)
    # Neuron 0 fires at 0, neuron 1 at 1, in spite of the inhibition that arrives then.
    raster = np.array([[1, 0], [0, 1]], bool)
    after, spikes = run_stdp(net, stdp, EventBatch.from_rasters([raster]))
    assert spikes.tolist() == [2]
    assert after.w_rec.weights[0] == pytest.approx(-1.2)


def test_fixed_projections_stay():
    """A projection that is not plastic keeps its weights."""
    net = two_inputs()
    stdp = stdp_for(net, eta_plus=1.0, plastic_in=False)
    raster = np.array([[1, 0], [0, 1]], bool)
    after, _ = run_stdp(net, stdp, EventBatch.from_rasters([raster]))
    np.testing.assert_array_equal(after.w_in.weights, net.w_in.weights)


def reference_stdp(net, stdp, rasters, eta_scale):
    """Return dense input and recurrent weights after the samples, by the rule as it is written."""
    k = net.n_inputs
    sign = np.concatenate([np.ones(k), np.where(net.inhibitory, -1, 1)])
    kind = np.concatenate([np.zeros(k, int), 1 + net.inhibitory])
    weights = np.vstack([net.w_in.to_dense(), net.w_rec.to_dense()])
    exists = weights != 0
    m = np.abs(weights)
    goal = [m[kind == c].sum(axis=0) for c in range(3)]
    top = stdp.weight_max[:, None]
    a_plus, a_minus = np.exp(-net.dt / stdp.tau_plus), np.exp(-net.dt / stdp.tau_minus)
    plastic = np.where(kind == 0, stdp.plastic_in, stdp.plastic_rec)[:, None] & exists
    for raster, scale in zip(rasters, eta_scale, strict=True):
        v, wait = np.zeros(net.n_neurons), np.zeros(net.n_neurons, np.int64)
        spike, i_syn = np.zeros(net.n_neurons, bool), np.zeros(net.n_neurons)
        x, y = np.zeros(len(sign)), np.zeros(net.n_neurons)
        for row in raster:
            arrived = np.concatenate([row, spike]) @ (sign[:, None] * m)
            i_syn = current_step(i_syn, arrived, net)
            v, wait, spike = lif_step(v, wait, i_syn, net)
            pre = np.concatenate([row, spike])
            x, y = x * a_plus, y * a_minus
            up = scale * (stdp.eta_plus * x)[:, None] * top * (plastic & spike)
            m = np.minimum(m + up, np.where(plastic & spike, top, np.inf))
            down = scale * (stdp.eta_minus * y)[None, :] * top * (plastic & pre[:, None])
            m = np.where(down > 0, np.maximum(m - down, 0), m)
            x, y = x + pre, y + spike
        if stdp.normalise:
            for c in range(3):
                total = m[kind == c].sum(axis=0)
                factor = np.divide(goal[c], total, out=np.ones_like(total), where=total > 0)
                scaled = np.minimum(m * factor, top)
                m = np.where(plastic & (kind == c)[:, None], scaled, m)
    return sign[:, None] * m


@st.composite
def cases(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, k = draw(st.integers(1, 8)), draw(st.integers(1, 5))
    inhibitory = rng.random(n) < 0.3
    w_rec = rng.random((n, n)) * (rng.random((n, n)) < 0.5) * np.where(inhibitory, -1, 1)[:, None]
    net = FloatNetwork(
        w_in=SparseRows.from_dense(rng.random((k, n)) * (rng.random((k, n)) < 0.6)),
        w_rec=SparseRows.from_dense(w_rec),
        inhibitory=inhibitory,
        tau_mem=rng.uniform(1, 20, n),
        v_threshold=rng.uniform(0.2, 1, n),
        v_reset=np.zeros(n),
        refractory_steps=rng.integers(0, 3, n),
        v_floor=-1.0,
        tau_syn=draw(st.sampled_from([None, rng.uniform(0.5, 10, n)])),
        reset=draw(st.sampled_from(RESETS)),
    )
    config = PlasticityConfig(
        synapses=draw(st.sampled_from(["hom", "het"])),
        eta=draw(st.sampled_from([0.003, 0.1])),
        plastic_in=draw(st.booleans()),
        plastic_rec=draw(st.booleans()),
        normalise=draw(st.booleans()),
    )
    stdp = draw_stdp(config, net, draw(st.integers(0, 99)))
    lengths = draw(st.lists(st.integers(1, 15), min_size=1, max_size=3))
    return net, stdp, [rng.random((t, k)) < 0.3 for t in lengths]


@given(case=cases())
def test_equals_the_rule_as_written(case):
    """The compiled pass gives the weights of the rule written with dense arrays."""
    net, stdp, rasters = case
    scale = 0.9 ** np.arange(len(rasters))
    after, _ = run_stdp(net, stdp, EventBatch.from_rasters(rasters), scale)
    wanted = reference_stdp(net, stdp, rasters, scale)
    k = net.n_inputs
    got = np.zeros_like(wanted)
    got[:k][net.w_in.pre_idx, net.w_in.col_idx] = after.w_in.weights
    got[k:][net.w_rec.pre_idx, net.w_rec.col_idx] = after.w_rec.weights
    np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)


@given(case=cases())
def test_dale_and_bounds_hold(case):
    """No weight changes its side of zero or passes its greatest magnitude by learning."""
    net, stdp, rasters = case
    after, _ = run_stdp(net, stdp, EventBatch.from_rasters(rasters))
    assert (after.w_in.weights >= 0).all()
    inhibitory = net.inhibitory[net.w_rec.pre_idx]
    assert (after.w_rec.weights[inhibitory] <= 0).all()
    assert (after.w_rec.weights[~inhibitory] >= 0).all()
    top = np.maximum(stdp.weight_max[net.w_in.pre_idx], np.abs(net.w_in.weights))
    assert (np.abs(after.w_in.weights) <= top + 1e-12).all()


def test_codebook_of_one_row_equals_constants_of_neurons():
    """Constants per synapse that are all equal learn exactly what constants per neuron learn."""
    rng = np.random.default_rng(3)
    net = FloatNetwork(
        w_in=SparseRows.from_dense(rng.random((4, 6))),
        w_rec=SparseRows.from_dense(rng.random((6, 6)) * (1 - np.eye(6))),
        inhibitory=np.zeros(6, bool),
        tau_mem=np.full(6, 10.0),
        v_threshold=np.ones(6),
        v_reset=np.zeros(6),
        refractory_steps=np.ones(6, np.int64),
    )
    values = {"tau_cv": 0.0, "eta_cv": 0.0, "eta": 0.01}
    events = EventBatch.from_rasters([rng.random((30, 4)) < 0.2])
    results = [
        run_stdp(net, draw_stdp(PlasticityConfig(carrier=c, **values), net, 0), events)[0]
        for c in ("neuron", "synapse")
    ]
    assert not np.array_equal(results[0].w_in.weights, net.w_in.weights)
    np.testing.assert_allclose(results[0].w_in.weights, results[1].w_in.weights, rtol=1e-12)
    np.testing.assert_allclose(results[0].w_rec.weights, results[1].w_rec.weights, rtol=1e-12)
