"""Our networks as NIR, and back."""

import io
from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.nir_export import export_nir
from hrsnn_edge.interchange.nir_import import import_nir
from hrsnn_edge.network import (
    RESETS,
    FloatNetwork,
    LinearReadout,
    MlpReadout,
    SparseRows,
    TraceReadout,
)
from hrsnn_edge.quantise.dequantise import dequantise
from hrsnn_edge.readouts import DenseLayer
from hrsnn_edge.reference.random import random_network
from tests.interchange.runs import float_run


def network(seed, **changed):
    """A float network with everything that the station before may give it."""
    rng = np.random.default_rng(seed)
    n, k = 7, 4
    values = {
        "w_in": SparseRows.from_dense(rng.normal(0.3, 0.5, (k, n)) * (rng.random((k, n)) < 0.7)),
        "w_rec": SparseRows.from_dense(rng.normal(0, 0.4, (n, n)) * (rng.random((n, n)) < 0.5)),
        "inhibitory": rng.random(n) < 0.2,
        "tau_mem": rng.uniform(2, 30, n),
        "v_threshold": rng.uniform(0.5, 1.5, n),
        "v_reset": rng.choice([0, -0.25], n),
        "refractory_steps": rng.integers(0, 4, n),
        "v_floor": -rng.uniform(1, 3, n),
        "readout": LinearReadout(rng.normal(0, 1, (1, n, 3)), rng.normal(0, 1, 3)),
    }
    return FloatNetwork(**values | changed)


@settings(max_examples=25)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["jump", "leaky"]),
    st.booleans(),
    st.sampled_from(RESETS),
)
def test_there_and_back(tmp_path_factory, seed, gain, synapses, reset):
    """A network that was exported and imported fires the same spikes and reads them alike."""
    rng = np.random.default_rng(seed)
    tau_syn = rng.uniform(1, 6, 7) if synapses else None
    net = network(seed, gain_mode=gain, tau_syn=tau_syn, reset=reset)
    path = tmp_path_factory.mktemp("nir") / "net.nir"
    data, changes = export_nir(net)
    path.write_bytes(data)
    back = import_nir(path)
    raster = rng.random((80, 4)) < 0.5
    assert np.array_equal(float_run(back.network, raster), float_run(net, raster))
    np.testing.assert_allclose(back.network.readout.w_out, net.readout.w_out)
    np.testing.assert_allclose(back.network.readout.bias, net.readout.bias)
    assert back.assembly.latency_steps == 0
    assert {c.parameter for c in changes} <= {"refractory_steps", "v_floor", "bias", "v_drop"}


def test_the_file_says_what_nir_says():
    """By hand: gain 1 of a jump is R (1 - exp(-dt / tau)), times in seconds, > for >=."""
    net = network(1, tau_mem=np.full(7, 10.0))
    data, _ = export_nir(net, with_readout=False)
    with h5py.File(io.BytesIO(data)) as file:
        lif = file["node/nodes/lif"]
        assert lif["tau"][0] == 0.01
        assert lif["r"][0] * (1 - np.exp(-0.1)) == pytest.approx(1, rel=1e-14)
        assert (lif["v_threshold"][()] < net.v_threshold).all()
        assert np.array_equal(file["node/nodes/w_rec/weight"][()], net.w_rec.to_dense().T)


def test_a_filter_is_a_leaky_integrator(tmp_path):
    """A trace readout of one filter goes out as LI and comes back."""
    w_out = np.random.default_rng(0).normal(0, 1, (1, 7, 2))
    readout = TraceReadout(np.full((1, 7), 0.9), w_out, np.array([0.5, -1]), hold=1)
    data, _ = export_nir(network(2, readout=readout))
    (tmp_path / "net.nir").write_bytes(data)
    back = import_nir(tmp_path / "net.nir").network.readout
    np.testing.assert_allclose(back.decay, readout.decay)
    np.testing.assert_allclose(back.w_out, readout.w_out)
    np.testing.assert_allclose(back.bias, readout.bias)


def test_an_integer_network_keeps_its_values(tmp_path):
    """Decays, thresholds and weights of an integer network are those numbers in the file."""
    net, _ = random_network(3, n_bins=1, has_reset=False)
    data, _ = export_nir(dequantise(net))
    (tmp_path / "net.nir").write_bytes(data)
    back = import_nir(tmp_path / "net.nir").network
    np.testing.assert_allclose(
        back.alpha, net.decay / 2**net.fmt.decay_width, rtol=1e-9, atol=1e-300
    )
    assert np.array_equal(back.refractory_steps, net.refractory_steps)
    with pytest.raises(ValueError, match="dt must be above 0, not 0"):
        dequantise(net, 0)
    dense = net.w_in.to_dense() * 2.0 ** (net.shift_in[:, None] + net.fmt.v_shift)
    np.testing.assert_allclose(back.w_in.to_dense(), dense)


@pytest.mark.parametrize(
    ("readout", "what"),
    [
        (LinearReadout(np.ones((2, 7, 3)), np.zeros(3)), "linear readout of 2 bins"),
        (MlpReadout(np.arange(7), 1, (DenseLayer(np.ones((7, 2)), np.zeros(2)),)), "MLP readout"),
        (
            TraceReadout(np.tile([[0.5], [0.7]], 7), np.ones((2, 7, 1)), np.zeros(1), hold=1),
            "readout of more than one filter",
        ),
    ],
)
def test_readouts_that_nir_has_not_are_refused(readout, what):
    """The readout is named, with the way out; without it the export succeeds."""
    net = network(0, readout=readout)
    with pytest.raises(InterchangeError, match=f"NIR cannot express a {what}.*--no-readout"):
        export_nir(net)
    assert export_nir(net, with_readout=False)[0]
    integer, _ = random_network(1)
    with pytest.raises(InterchangeError, match="Readout must be linear"):
        dequantise(replace(integer, readout=replace_mlp(integer)))


def replace_mlp(net):
    """A perceptron of integers for a network."""
    layer = DenseLayer(np.ones((net.n_neurons, 2), np.int32), np.zeros(2, np.int32))
    return MlpReadout(np.arange(net.n_neurons, dtype=np.int32), 1, (layer,), act_width=8)
