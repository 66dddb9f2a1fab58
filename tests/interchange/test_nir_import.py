"""NIR files against an oracle that computes the graph node by node."""

import h5py
import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.errors import InterchangeError, QuantisationError
from hrsnn_edge.interchange.changes import table
from hrsnn_edge.interchange.nir_import import import_nir
from hrsnn_edge.network import IntFormat
from hrsnn_edge.quantise.convert import quantise
from tests.interchange.graphs import DT, random_graph
from tests.interchange.oracle import simulate
from tests.interchange.runs import origin_view

ENDS = ("LI", "CubaLI", "I", "Affine", "spikes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("nir")


def imported(folder, graph, **options):
    path = folder / "net.nir"
    nir.write(path, graph)
    return import_nir(path, **{"dt": DT} | options)


def one(kind="LIF", n=2, **changed):
    """A graph of one population behind an identity."""
    values = {
        "tau": np.full(n, 2 * DT), "r": np.full(n, 2.0), "v_leak": np.zeros(n),
        "v_threshold": np.ones(n), "v_reset": np.zeros(n),
    }  # fmt: skip
    node = getattr(nir, kind)(**values | changed)
    return nir.NIRGraph.from_list(nir.Linear(np.eye(n)), node, type_check=False)


def check(folder, graph, raster, method="exact", reset="hard"):
    got = imported(folder, graph, method=method, reset=reset)
    want, out = simulate(nir.read(folder / "net.nir"), raster, DT, method, reset)
    parts, outputs = origin_view(got, raster)
    for name, spikes in want.items():
        bad = np.argwhere(parts[name] != spikes)
        assert not bad.size, f"{name}: step, neuron {bad[0]} of {len(bad)}"
    return got, out, outputs


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from(ENDS), st.sampled_from(["exact", "euler"]))
def test_imported_graphs_fire_as_nir_says(folder, seed, end, method):
    """Every spike of every population, and every output, is that of the graph."""
    graph, raster = random_graph(seed, end)
    _, out, outputs = check(folder, graph, raster, method)
    if end in ("Affine", "spikes"):
        out = np.cumsum(out, axis=0)
    np.testing.assert_allclose(outputs, out, rtol=1e-9, atol=1e-9)


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["exact", "euler"]),
    st.sampled_from(["subtract", "subtract-delayed"]),
)
def test_subtracted_thresholds_give_the_spikes_of_the_origin(folder, seed, method, reset):
    """A threshold is taken off at the spike, or a step later, whatever the leak potential."""
    graph, raster = random_graph(seed, "spikes")
    for node in graph.nodes.values():
        if hasattr(node, "v_threshold"):
            node.v_threshold = np.abs(node.v_threshold)
            if hasattr(node, "v_leak"):
                node.v_leak = -np.abs(node.v_leak)
    got, _, _ = check(folder, graph, raster, method, reset)
    assert got.network.reset == "subtract"


def test_one_neuron_by_hand(folder):
    """tau = 2 dt in Euler steps is v/2 + x: two inputs of 3/4 fire, one does not; > is strict."""
    graph = one(v_threshold=np.array([1.0, 0.75]))
    raster = np.array([[1, 1], [0, 0], [1, 1], [1, 1]], bool)
    graph.nodes["linear"].weight[:] = 0.75 * np.eye(2)
    got, _, _ = check(folder, graph, raster, "euler")
    parts, _ = origin_view(got, raster)
    # v: 0.75, 0.375, 0.9375, 1.21875 | at 0.75 the second does not fire yet, at 0.9375 it does.
    (spikes,) = parts.values()
    assert spikes.astype(int).tolist() == [[0, 0], [0, 0], [0, 1], [1, 0]]


def test_populations_of_a_loop_update_together(folder):
    """E -> I -> E carries one step an edge: both read the spikes of the step before."""
    rng = np.random.default_rng(5)
    e, i = one(n=3).nodes["lif"], one(n=2).nodes["lif"]
    nodes = {
        "in": nir.Input({"input": np.array([3])}), "fc": nir.Linear(np.eye(3)), "e": e, "i": i,
        "ei": nir.Linear(rng.normal(1, 1, (2, 3))), "ie": nir.Linear(rng.normal(-1, 1, (3, 2))),
        "ee": nir.Linear(rng.normal(0, 1, (3, 3))), "out": nir.Output({"output": np.array([2])}),
    }  # fmt: skip
    edges = [("in", "fc"), ("fc", "e"), ("e", "ei"), ("ei", "i"), ("i", "ie"), ("ie", "e"),
             ("e", "ee"), ("ee", "e"), ("i", "out")]  # fmt: skip
    raster = rng.random((80, 3)) < 0.5
    got, _, _ = check(folder, nir.NIRGraph(nodes, edges), raster)
    assert got.network.n_neurons == 5
    assert set(got.assembly.depth.values()) == {0}


def test_subgraphs_are_dissolved(folder):
    """A recurrent layer in a subgraph of its own, scalar parameters included, is the same net."""
    inner = nir.NIRGraph(
        {
            "input": nir.Input({"input": np.array([3])}),
            "lif": one(n=3).nodes["lif"],
            "w_rec": nir.Linear(np.ones((3, 3)) - np.eye(3)),
            "output": nir.Output({"output": np.array([3])}),
        },
        [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    )
    lif = nir.LIF(*(np.float64(v) for v in (2 * DT, 2.0, 0.0, 1.0, 0.0)))
    graph = nir.NIRGraph(
        {
            "in": nir.Input({"input": np.array([2])}), "fc": nir.Linear(np.ones((3, 2))),
            "layer": inner, "fc2": nir.Linear(np.eye(3)[:2]), "last": lif,
            "out": nir.Output({"output": np.array([2])}),
        },
        [("in", "fc"), ("fc", "layer"), ("layer", "fc2"), ("fc2", "last"), ("last", "out")],
        type_check=False,
    )  # fmt: skip
    got = imported(folder, graph)
    sizes = {name: s.stop - s.start for name, s in got.assembly.members.items()}
    assert sizes == {"layer.lif": 3, "last": 2}
    assert got.assembly.depth == {"layer.lif": 0, "last": 1}
    assert got.network.w_rec.nnz == 6 + 2


def test_every_change_is_listed(folder):
    """The table names node and parameter, with the greatest difference and whether it is exact."""
    graph = one(v_leak=np.full(2, 0.5), v_threshold=np.array([1.5, 1.75]))
    graph.nodes["d"] = nir.Delay(np.array([1.4, 2.0]) * DT)
    graph.edges = [("input", "linear"), ("linear", "d"), ("d", "lif"), ("lif", "output")]
    got = imported(folder, graph)
    rows = {(c.node, c.parameter): c for c in got.changes}
    assert rows["d", "delay"].greatest == pytest.approx(0.4 * DT)
    assert not rows["d", "delay"].exact
    assert rows["lif", "v_leak"].greatest == 0.5
    assert rows["lif", "v_threshold"].before == (1.5, 1.75)
    assert rows["lif", "r"].exact
    assert rows["(network)", "neurons"].after == (5.0, 5.0)
    assert table(got.changes)[0].split()[:3] == ["node", "parameter", "values"]


def test_what_is_subtracted_is_listed(folder):
    """By hand: decay 1/2 and threshold 3 take 3 off at once, and 6 of what has yet to decay."""
    graph = one(v_threshold=np.full(2, 3.0))
    at_once = imported(folder, graph, reset="subtract", method="euler")
    assert at_once.network.v_drop.tolist() == [3, 3]
    later = imported(folder, graph, reset="subtract-delayed", method="euler")
    assert later.network.v_drop == pytest.approx([6, 6])
    (row,) = (c for c in later.changes if c.parameter == "v_reset")
    assert row.after == pytest.approx((-3, -3)) and row.exact


def cubic():
    graph = one()
    graph.nodes["cube"] = nir.Threshold(np.ones(2))
    graph.edges = [("input", "linear"), ("linear", "cube"), ("cube", "lif"), ("lif", "output")]
    return graph


def cyclic():
    graph = one()
    graph.nodes["a"] = nir.Linear(np.eye(2))
    graph.edges += [("linear", "a"), ("a", "linear")]
    return graph


def analog_loop():
    graph = one()
    graph.nodes["li"] = nir.LI(np.full(2, DT), np.ones(2), np.zeros(2))
    graph.nodes["a"] = nir.Linear(np.eye(2))
    graph.edges += [("lif", "li"), ("li", "a"), ("a", "lif")]
    return graph


def wide():
    graph = one()
    graph.nodes["linear"] = nir.Linear(np.ones((3, 2)))
    return graph


def lost():
    graph = one()
    graph.edges = [*graph.edges, ("lif", "nowhere")]
    return graph


@pytest.mark.parametrize(
    ("graph", "options", "message"),
    [
        (cubic, {}, "node 'cube': type must be one of Input, Output, .*, not 'Threshold'"),
        (cyclic, {}, "loop 'linear' -> 'a' -> 'linear' must pass a population that fires"),
        (analog_loop, {}, "node 'li' of type LI must lead to an Output only"),
        (wide, {}, "node 'lif' must take 2 values, not 3 from 'linear'"),
        (lost, {}, "edge 'lif' -> 'nowhere': node 'nowhere' must exist"),
        (one, {"dt": None}, "dt must be given, as NIR is in continuous time"),
        (one, {"dt": 3 * DT, "method": "euler"}, "'lif': tau, neuron 0: must be at least dt"),
        (lambda: one(v_threshold=np.array([1.0, -1])), {}, "neuron 1: v_threshold must be above"),
        (lambda: one(v_reset=np.array([0.0, 1])), {}, "neuron 1: v_reset must be below"),
        (lambda: one(r=np.array([1, np.inf])), {}, "node 'lif', r, element 1: must be finite"),
        (
            lambda: one(tau=np.array([2 * DT, DT])),
            {"reset": "subtract-delayed", "method": "euler"},
            "neuron 1: decay must be above 0 to subtract later, not 0",
        ),
        (
            lambda: one(v_leak=np.full(2, -2.0), v_threshold=np.array([1.0, -1])),
            {"reset": "subtract"},
            "neuron 1: v_threshold must be above 0 to be subtracted, not -1",
        ),
        (lambda: one(tau=np.array([DT, 0])), {}, "tau, neuron 1: must be above 0, not 0"),
    ],
)
def test_what_cannot_be_expressed_is_refused_by_name(folder, graph, options, message):
    """Each kind of graph that has no equal network is refused with the name of its node."""
    with pytest.raises(InterchangeError, match=message):
        imported(folder, graph(), **options)


def test_damaged_files_are_named(folder):
    """No HDF5, HDF5 of something else, a cut file and an incomplete node each have their words."""
    path = folder / "bad.nir"
    path.write_bytes(b"hello world")
    with pytest.raises(InterchangeError, match="bad.nir: must be a NIR file"):
        import_nir(path, DT)
    with h5py.File(path, "w") as file:
        file["data"] = np.zeros(3)
    with pytest.raises(InterchangeError, match="must hold a NIR graph, not other HDF5 content"):
        import_nir(path, DT)
    nir.write(path, one())
    whole = path.read_bytes()
    for size in (len(whole) // 2, len(whole) - 1, 9):
        path.write_bytes(whole[:size])
        with pytest.raises(InterchangeError, match="must be a whole NIR file"):
            import_nir(path, DT)
    nir.write(path, one())
    with h5py.File(path, "a") as file:
        del file["node/nodes/lif/tau"]
    with pytest.raises(InterchangeError, match="node 'lif' of type LIF must be complete"):
        import_nir(path, DT)


def test_weights_that_overflow_the_format_are_named(folder):
    """A weight far above its threshold leaves the threshold no LSB; the quantiser says where."""
    from hrsnn_edge.data.events import EventBatch

    graph = one()
    graph.nodes["linear"].weight[0, 0] = 1e9
    net = imported(folder, graph).network
    events = EventBatch.from_rasters([np.ones((10, 2), bool)])
    with pytest.raises(QuantisationError, match="neuron 0: threshold must be at least 1 LSB"):
        quantise(net, IntFormat(), events)
