import json
import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.engine.float_run import run_counts
from hrsnn_edge.errors import PruneError
from hrsnn_edge.network import FloatNetwork, LinearReadout, SparseRows
from hrsnn_edge.prune.pruning import n_unreachable, prune
from hrsnn_edge.prune.record import LnpConfig
from hrsnn_edge.prune.synapses import effective

FAST = LnpConfig(warm_up=20, n_steps=20)


def make_network(n=30, density=0.3, seed=0, n_inputs=8):
    """A random network with Dale's law, spread thresholds and time constants, and a readout."""
    rng = np.random.default_rng(seed)
    inhibitory = np.arange(n) % 5 == 4
    mask = (rng.random((n, n)) < density) & ~np.eye(n, dtype=bool)
    magnitude = rng.gamma(2, 0.05, (n, n)) * np.where(inhibitory, -4, 1)[:, None]
    return FloatNetwork(
        SparseRows.from_dense(rng.gamma(2, 0.3, (n_inputs, n)) * (rng.random((n_inputs, n)) < 0.6)),
        SparseRows.from_dense(np.where(mask, magnitude, 0)),
        inhibitory,
        rng.uniform(5, 50, n),
        rng.uniform(0.5, 1.5, n),
        np.zeros(n),
        np.full(n, 2),
        v_floor=-1.0,
        readout=LinearReadout(np.ones((1, n, 3)), np.zeros(3)),
    )


def synapses(rows):
    """The synapses of the rows as a dictionary."""
    pairs = zip(rows.pre_idx.tolist(), rows.col_idx.tolist(), strict=True)
    return dict(zip(pairs, rows.weights.tolist(), strict=True))


@settings(max_examples=25)
@given(
    method=st.sampled_from(["lnp", "magnitude", "uniform"]),
    sparsity=st.sampled_from([0.0, 0.3, 0.8, 0.95, 1.0]),
    rounds=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_exact_and_never_adds(method, sparsity, rounds, seed):
    """Pruning leaves just the wanted number of synapses, each with its old weight."""
    net = make_network(seed=seed)
    config = replace(FAST, rounds=rounds)
    pruned, record = prune(net, method, sparsity, seed, ("rec",), config=config)
    assert pruned.w_rec.nnz == round(net.w_rec.nnz * (1 - sparsity))
    assert record.synapses["rec"] == (net.w_rec.nnz, pruned.w_rec.nnz)
    assert synapses(pruned.w_rec).items() <= synapses(net.w_rec).items()
    assert synapses(pruned.w_in) == synapses(net.w_in)
    assert pruned.readout is None


@pytest.mark.parametrize("method", ["lnp", "magnitude", "uniform"])
def test_both_projections(method):
    """Both projections lose the same share; with lnp the inputs go by magnitude."""
    net = make_network()
    pruned, record = prune(net, method, 0.5, 1, ("in", "rec"), config=FAST)
    for name in ("in", "rec"):
        before = getattr(net, f"w_{name}").nnz
        assert record.synapses[name] == (before, round(before / 2))
    if method == "lnp":
        by_size, _ = prune(net, "magnitude", 0.5, 1, ("in",))
        assert synapses(pruned.w_in) == synapses(by_size.w_in)


def test_sparsity_by_projection():
    """Each projection may have its own sparsity; one that is not named stays."""
    net = make_network()
    _, record = prune(net, "uniform", {"rec": 0.9, "in": 0.5}, 1)
    kept = {name: after / before for name, (before, after) in record.synapses.items()}
    assert kept == pytest.approx({"rec": 0.1, "in": 0.5}, abs=0.01)
    assert record.shares == {"rec": 0.9, "in": 0.5}
    total, left = np.sum(list(record.synapses.values()), axis=0)
    assert record.sparsity == pytest.approx(1 - left / total, abs=0.01)
    assert prune(net, "uniform", {"in": 0.5}, 1)[0].w_rec.nnz == net.w_rec.nnz


@pytest.mark.parametrize("method", ["lnp", "magnitude", "uniform"])
def test_seeded(method):
    """The same seed prunes the same synapses; another one does so only by magnitude."""
    net = make_network()
    first, again, other = (prune(net, method, 0.7, s, config=FAST)[0] for s in (1, 1, 2))
    assert synapses(first.w_rec) == synapses(again.w_rec)
    assert (synapses(first.w_rec) == synapses(other.w_rec)) == (method == "magnitude")


@pytest.mark.parametrize("method", ["lnp", "magnitude"])
def test_scale_of_a_neuron_does_not_matter(method):
    """Scaling a neuron's threshold and incoming weights alike prunes the same synapses."""
    net = make_network()
    scale = np.random.default_rng(4).choice([0.25, 1, 4], 30)
    scaled = replace(
        net,
        v_threshold=net.v_threshold * scale,
        v_floor=-scale,
        w_in=net.w_in.with_weights(net.w_in.weights * scale[net.w_in.col_idx]),
        w_rec=net.w_rec.with_weights(net.w_rec.weights * scale[net.w_rec.col_idx]),
    )
    raster = np.random.default_rng(1).random((30, 8)) < 0.3
    events = EventBatch.from_rasters([raster])
    assert np.array_equal(run_counts(net, events), run_counts(scaled, events))
    a, b = (prune(x, method, 0.7, 1, ("in", "rec"), config=FAST)[0] for x in (net, scaled))
    for name in ("in", "rec"):
        assert synapses(getattr(a, f"w_{name}")).keys() == synapses(getattr(b, f"w_{name}")).keys()


def test_magnitude_keeps_the_greatest():
    """No dropped synapse is effectively greater than a kept one."""
    net = make_network()
    pruned, _ = prune(net, "magnitude", 0.6, 0)
    everything = {k: abs(w) for k, w in synapses(effective(net, "rec")).items()}
    kept = synapses(pruned.w_rec).keys()
    dropped = everything.keys() - kept
    assert max(everything[k] for k in dropped) <= min(everything[k] for k in kept)


def test_activity_weighs_magnitudes():
    """With activities the greatest r.m.s. inputs stay; a silent source keeps nothing."""
    net = make_network()
    activity = np.linspace(0, 1, 8)
    pruned, _ = prune(net, "magnitude", 0.6, 0, ("in",), activity={"in": activity})
    drive = {k: abs(w) * np.sqrt(activity[k[0]]) for k, w in synapses(effective(net, "in")).items()}
    kept = synapses(pruned.w_in).keys()
    assert max(drive[k] for k in drive.keys() - kept) <= min(drive[k] for k in kept)
    assert pruned.w_in.fan_out[0] == 0
    with pytest.raises(ValueError, match=r"Activity of 'in' must be 8 values of at least 0"):
        prune(net, "magnitude", 0.6, 0, ("in",), activity={"in": activity[:3]})


def test_silence_is_named():
    """Activities that are 0 everywhere tell nothing and are refused with their number."""
    net = make_network()
    for name, n in (("rec", 30), ("in", 8)):
        with pytest.raises(PruneError, match=rf"'{name}' must be above 0 .* not 0 at all {n}"):
            prune(net, "magnitude", 0.5, 0, (name,), activity={name: np.zeros(n)})


def test_record_of_rounds():
    """Each round keeps the same share; the record says what it did and is plain JSON."""
    net = make_network(40)
    _, record = prune(net, "lnp", 0.9, 3, config=replace(FAST, rounds=4))
    counts = [record.rounds[0].before, *(r.after for r in record.rounds)]
    assert np.diff(np.log(counts)) == pytest.approx(np.log(0.1) / 4, abs=0.02)
    assert all(r.lambda_1 < 0 < r.probability_cv for r in record.rounds)
    assert all(r.errors["rayleigh_median"] > 0 for r in record.rounds)
    assert json.loads(json.dumps(record.to_dict()))["synapses"]["rec"] == [counts[0], counts[-1]]


def test_edge_values_differ_as_known():
    """`lyapunov` is nearly uniform in a dense graph, `product` is not."""
    net = make_network(40, 0.4)
    spread = {}
    for kind in ("lyapunov", "weight", "product"):
        _, record = prune(net, "lnp", 0.5, 3, config=replace(FAST, edge_value=kind))
        spread[kind] = record.rounds[0].probability_cv
    assert spread["lyapunov"] < 0.2 < spread["weight"]
    assert spread["product"] == pytest.approx(spread["weight"], abs=0.1)


def test_signs_matter():
    """With the same magnitudes, inhibitory sources change which synapses are kept."""
    net = make_network(40)
    config = LnpConfig(node_exponents="leak")
    bright = replace(
        net,
        inhibitory=np.zeros(40, bool),
        w_rec=net.w_rec.with_weights(np.abs(net.w_rec.weights)),
    )
    kept = [synapses(prune(x, "lnp", 0.5, 1, config=config)[0].w_rec).keys() for x in (net, bright)]
    assert kept[0] != kept[1]


def test_leak_exponents_stand_for_the_spectrum():
    """Exponents from the leak give almost the probabilities of the full spectrum."""
    net = make_network(40)
    draws = [
        prune(net, "lnp", 0.5, 3, config=replace(FAST, node_exponents=kind))[1].rounds[0]
        for kind in ("spectrum", "leak")
    ]
    assert draws[0].probability_cv == pytest.approx(draws[1].probability_cv, rel=0.05)


def test_rescale():
    """Surviving weights grow by at least 1, at most 4, and keep their sign."""
    net = make_network()
    config = replace(FAST, weights="rescale")
    pruned, _ = prune(net, "lnp", 0.8, 1, config=config)
    old = synapses(net.w_rec)
    factors = np.array([w / old[k] for k, w in synapses(pruned.w_rec).items()])
    assert factors.min() >= 1
    assert factors.max() == pytest.approx(4)


def test_preserve_input():
    """One factor restores the mean absolute input of the neurons, weighted by given rates."""
    net = make_network()
    rates = np.random.default_rng(2).uniform(0, 20, 30)
    for r in (None, rates):
        known = None if r is None else {"rec": r}
        pruned, record = prune(net, "uniform", 0.5, 1, preserve_input=True, activity=known)
        source = np.ones(30) if r is None else r
        drive = [
            (np.abs(rows.weights) * source[rows.pre_idx]).sum()
            for rows in (effective(net, "rec"), effective(pruned, "rec"))
        ]
        assert drive[1] == pytest.approx(drive[0])
        assert 1.5 < record.factors["rec"] < 2.6
    _, record = prune(net, "uniform", 0.95, 1, preserve_input=True)
    assert record.factors == {"rec": 4}
    _, record = prune(net, "uniform", 1.0, 1, preserve_input=True)
    assert record.factors == {"rec": 1}


def test_reachability():
    """Hand-worked: input -> 0 -> 1, 2 on its own: one neuron cannot be reached."""
    net = make_network(3, n_inputs=2)
    net = replace(
        net,
        w_in=SparseRows.from_dense(np.array([[1.0, 0, 0], [0, 0, 0]])),
        w_rec=SparseRows.from_dense(np.array([[0, 1.0, 0], [0, 0, 0], [1.0, 0, 0]])),
        inhibitory=np.zeros(3, bool),
    )
    assert n_unreachable(net) == 1


def test_lost_paths(caplog):
    """Neurons that lose their last path are counted in a notice; if all do, it is an error."""
    net = make_network(n_inputs=1)
    with caplog.at_level(logging.WARNING):
        _, record = prune(net, "uniform", 0.9, 0, ("in", "rec"))
    assert record.unreachable[1] > record.unreachable[0]
    assert f"leaves {record.unreachable[1]} of 30 neurons that no input reaches" in caplog.text
    with pytest.raises(
        PruneError, match=r"Some input must reach a neuron at sparsity 1 \(in\), not none"
    ):
        prune(net, "uniform", 1.0, 0, ("in",))


def test_empty_graph():
    """A projection without synapses cannot be pruned."""
    net = make_network()
    empty = replace(net, w_rec=SparseRows.from_dense(np.zeros((30, 30))))
    for method in ("lnp", "magnitude", "uniform"):
        with pytest.raises(PruneError, match="w_rec must have synapses to prune, not 0"):
            prune(empty, method, 0.5, 0)


def test_silent_weights():
    """Weights that learning brought to 0 are pruned first, and none of them breaks a step."""
    net = make_network()
    weights = net.w_rec.weights.copy()
    weights[::2] = 0
    net = replace(net, w_rec=net.w_rec.with_weights(weights))
    pruned, _ = prune(net, "lnp", 0.5, 0, config=FAST)
    assert (pruned.w_rec.weights == 0).sum() <= 1
    assert prune(net, "lnp", 0.2, 0, config=FAST)[0].w_rec.nnz == round(net.w_rec.nnz * 0.8)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"sparsity": 1.5}, "Sparsity must be between 0 and 1, not 1.5"),
        ({"sparsity": -0.1}, "Sparsity must be between 0 and 1, not -0.1"),
        ({"method": "luck"}, "Method must be one of lnp, magnitude, uniform, not 'luck'"),
        ({"projections": ("out",)}, "Projections must be among"),
        ({"projections": ()}, "Projections must be among"),
    ],
)
def test_wrong_calls(change, text):
    """A wrong method, sparsity or projection is refused by name."""
    with pytest.raises(ValueError, match=text):
        prune(make_network(), **{"method": "uniform", "sparsity": 0.5, "seed": 0, **change})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"edge_value": "length"}, "edge_value must be one of 'lyapunov', 'weight', 'product'"),
        ({"rounds": 0}, "rounds must be 1 or more, not 0"),
        ({"weights": "none"}, "weights must be one of 'mask', 'rescale', not 'none'"),
    ],
)
def test_wrong_settings(change, text):
    """Wrong settings of Lyapunov noise pruning are refused by name."""
    with pytest.raises(ValueError, match=text):
        LnpConfig(**change)
