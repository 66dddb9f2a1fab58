"""The exported C model, compiled, against the reference."""

from dataclasses import replace

import numpy as np
import pytest

from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.interchange.c_export import export_c, signed_type
from hrsnn_edge.interchange.c_sizes import model_sizes
from hrsnn_edge.network import IntFormat, SparseRows
from hrsnn_edge.reference.network import run
from hrsnn_edge.reference.random import random_network
from hrsnn_edge.reference.random_features import random_features
from tests.interchange.c_model import COMPILERS, Model, build, constants, has

pytestmark = pytest.mark.tools

#: Widest and narrowest formats, besides random ones.
FORMATS = (
    IntFormat(24, 12, 8, 3, 16, 6, 16),
    IntFormat(8, 4, 2, 0, 0, 0, 2),
    IntFormat(16, 8, 6, 0, 0, 0, 8),
)


def cases(seeds):
    """Random networks, two in three with other readouts or synapses."""
    found = [random_network(100 + i, fmt=fmt) for i, fmt in enumerate(FORMATS)]
    for seed in seeds:
        net, raster = random_network(seed)
        found.append((random_features(seed, net) if seed % 3 else net, raster))
    return found


def check(found, folder, compiler):
    if not has(compiler):
        pytest.skip(f"needs {compiler}")
    library = build([net for net, _ in found], folder, compiler)
    for i, (net, raster) in enumerate(found):
        spikes, v, out, class_ = Model(library, f"net{i}", net).run(raster)
        trace = run(net, raster)
        for name, got, want in (
            ("spikes", spikes, trace.spikes), ("v", v, trace.v), ("out", out, trace.out)
        ):  # fmt: skip
            bad = np.argwhere(got != want)
            assert not bad.size, f"network {i}, {name}: step and place {bad[0]} of {len(bad)}"
        assert class_ == trace.prediction


@pytest.mark.parametrize("compiler", COMPILERS)
def test_equals_the_reference(tmp_path, compiler):
    """Without a warning, and bit for bit: spikes, membranes, outputs, class."""
    check(cases(range(9)), tmp_path, compiler)


@pytest.mark.slow
@pytest.mark.parametrize("compiler", COMPILERS)
def test_equals_the_reference_often(tmp_path, compiler):
    """The same for two hundred networks."""
    check(cases(range(200)), tmp_path, compiler)


def test_wrong_channels_and_bins_are_refused(tmp_path):
    """A channel or bin that does not exist gives -1 and changes nothing."""
    net, raster = random_network(3)
    model = Model(build([net], tmp_path, "zig"), "net0", net)
    model.call("clear")
    assert model.step(raster[0], 0) == 0
    before = bytes(model.state)
    assert model.step(np.append(np.zeros(net.n_inputs, bool), True), 0) == -1
    assert model.step(raster[0], net.readout.n_bins) == -1
    assert bytes(model.state) == before


def test_sizes_on_small_processors():
    """Tables are counted with the code, and the state is as large as its fields."""
    net, _ = random_network(5, 20, 10, fmt=IntFormat(16, 8, 6, 0, 0, 0, 8), n_out=3, n_bins=1)
    files = export_c(net, "small")
    rows = {row["target"]: row for row in model_sizes(files, "small")}
    tables = net.w_in.nnz + net.w_rec.nnz
    assert {"cortex-m0plus", "rv32i"} <= set(rows)
    for row in rows.values():
        assert tables < row["code_bytes"] < tables * 4 + 4000
        assert row["state_bytes"] >= 20 * (2 + 2 + 1) + 3 * 4


def test_text():
    """The header says the sizes; a name that is none in C and too many channels are refused."""
    net, _ = random_network(5)
    header = export_c(net, "abc")["abc.h"]
    assert constants(header)["ABC_NEURONS"] == net.n_neurons
    assert constants(header)["ABC_INPUTS"] == net.n_inputs
    with pytest.raises(ValueError, match="Name must be of lower-case letters"):
        export_c(net, "2 nets")
    n = net.n_neurons
    many = SparseRows(np.zeros((1 << 16) + 2, np.int64), *[np.zeros(0, np.int32)] * 2, n)
    wide = replace(net, w_in=many, shift_in=np.zeros((1 << 16) + 1, np.int32))
    with pytest.raises(InterchangeError, match="channels must be at most 65536 for C, not 65537"):
        export_c(wide)
    assert signed_type(8) == "int8_t"
