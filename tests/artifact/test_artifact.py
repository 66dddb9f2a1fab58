import hashlib
import json
import struct
import zlib
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrsnn_edge.artifact.container import pack, unpack, version_of
from hrsnn_edge.artifact.io import read_artifact, read_float, write_artifact
from hrsnn_edge.artifact.schema import Artifact, FloatArtifact, from_bytes, to_bytes
from hrsnn_edge.errors import ArtifactError
from hrsnn_edge.network import (
    DenseLayer,
    FloatNetwork,
    LinearReadout,
    MlpReadout,
    SparseRows,
    TraceReadout,
)
from hrsnn_edge.reference.random import random_network
from tests.strategies import feature_cases, learning_cases, network_cases


def same(a, b) -> bool:
    """Compare two values, arrays and dataclasses by content."""
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if is_dataclass(a):
        return type(a) is type(b) and all(
            same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a)
        )
    return np.array_equal(a, b)


def example(seed=1) -> Artifact:
    net, _ = random_network(seed, n_neurons=7, n_inputs=3, n_out=2, reset="hard")
    return Artifact(net, ("a", "b"), {"name": "x"}, {"seed": seed})


def float_example(**changed) -> FloatArtifact:
    rng = np.random.default_rng(0)
    values = {
        "w_in": SparseRows.from_dense(rng.random((2, 3))),
        "w_rec": SparseRows.from_dense(rng.random((3, 3)) * [[0, 1, 1], [1, 0, 0], [0, 1, 0]]),
        "inhibitory": np.array([False, True, False]),
        "tau_mem": rng.random(3) + 1,
        "v_threshold": np.ones(3),
        "v_reset": np.zeros(3),
        "refractory_steps": np.array([0, 1, 2]),
        "readout": LinearReadout(rng.random((2, 3, 2)), rng.random(2)),
    }
    return FloatArtifact(FloatNetwork(**values | changed), ("a", "b"))


@settings(max_examples=40)
@given(network_cases())
def test_read_write_is_identity(case):
    """Every integer network comes back as it was, and its bytes are the same twice."""
    net, _ = case
    artifact = Artifact(net, tuple(str(c) for c in range(net.readout.n_out)), {"a": 1}, {"b": [2]})
    data = to_bytes(artifact)
    back = from_bytes(data, "x")
    assert same(back.network, net)
    assert (back.classes, back.encoder, back.provenance) == (artifact.classes, {"a": 1}, {"b": [2]})
    assert to_bytes(back) == data


@settings(max_examples=40)
@given(feature_cases(reset="hard"))
def test_features_are_kept_in_version_2(case):
    """Exponential synapses and other readouts come back as they were, from a file of version 2."""
    net, _ = case
    data = to_bytes(Artifact(net, ("c",) * net.readout.n_out))
    assert same(from_bytes(data, "x").network, net)
    assert version_of(data) == 2
    with pytest.raises(ArtifactError, match="version must be 2 for what the file holds, not 1"):
        from_bytes(pack(*unpack(data, "x")), "x")


@settings(max_examples=20)
@given(network_cases(reset="subtract"))
def test_a_subtractive_reset_is_kept_in_version_3(case):
    """It comes back from a file of version 3; without the field the file is refused."""
    net, _ = case
    data = to_bytes(Artifact(net, ("c",) * net.readout.n_out))
    assert same(from_bytes(data, "x").network, net) and version_of(data) == 3
    kind, meta, sections = unpack(data, "x")
    with pytest.raises(ArtifactError, match="version must be 1 for what the file holds, not 3"):
        from_bytes(pack(kind, {k: v for k, v in meta.items() if k != "reset"}, sections, 3), "x")
    with pytest.raises(ArtifactError, match="Reset must be one of hard, subtract, not 'soft'"):
        from_bytes(pack(kind, meta | {"reset": "soft"}, sections, 3), "x")


def test_version_1_stays_as_it_was():
    """A network without later features gives the bytes of version 1, and only those are taken."""
    assert version_of(DATA) == version_of(to_bytes(float_example())) == 1
    assert hashlib.sha256(DATA).hexdigest() == GOLDEN
    with pytest.raises(ArtifactError, match="version must be 1 for what the file holds, not 2"):
        from_bytes(pack(*unpack(DATA, "x"), version=2), "x")


@settings(max_examples=20)
@given(learning_cases())
def test_learning_constants_are_kept(case):
    """The constants of a learning network come back as they were."""
    net, _, stdp = case
    artifact = Artifact(net, ("c",) * net.readout.n_out, stdp=stdp)
    assert same(from_bytes(to_bytes(artifact), "x").stdp, stdp)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"v_floor": -1.5},
        {"v_floor": np.array([-1.0, -2.0, -np.inf])},
        {"readout": None, "cluster": np.array([0, 1, 0]), "gain_mode": "leaky", "dt": 0.5},
        {"tau_syn": np.array([1.0, 2.5, 9.0])},
        {"reset": "subtract", "v_reset": np.array([0.0, -0.25, 0.0])},
        {"readout": MlpReadout(np.array([0, 2]), 1, (DenseLayer(np.ones((2, 2)), np.ones(2)),))},
        {"readout": TraceReadout(np.full((1, 3), 0.5), np.ones((2, 3, 2)), np.ones(2), 4)},
    ],
)
def test_float_network_is_kept(changed):
    """A float network with every optional field comes back as it was."""
    artifact = float_example(**changed)
    assert same(from_bytes(to_bytes(artifact), "x").network, artifact.network)


DATA = to_bytes(example())
#: SHA-256 of those bytes, from before there was a version 2.
GOLDEN = "e57a57369c8147c1b0c569556b1785c14d61118088880ed20db76e2a4c5189bb"


@settings(max_examples=300)
@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_one_altered_byte_is_always_an_error(at, change):
    """No single altered byte goes unseen."""
    data = bytearray(DATA)
    data[at] ^= change
    with pytest.raises(ArtifactError):
        from_bytes(bytes(data), "x")


def test_every_cut_is_an_error():
    """A file cut short anywhere, or with bytes added, is refused."""
    for size in range(len(DATA)):
        with pytest.raises(ArtifactError):
            from_bytes(DATA[:size], "x")
    with pytest.raises(ArtifactError):
        from_bytes(DATA + b"\0", "x")


def resealed(kind, meta, sections) -> bytes:
    """Return a file with valid sums but other content."""
    return pack(kind, meta, sections)


def test_messages_name_the_part():
    """Magic, version, section and the reason stand in the message."""
    with pytest.raises(ArtifactError, match=r"x: must start with .*not a network of hrsnn"):
        from_bytes(b"PK" + DATA[2:], "x")
    other = DATA[:8] + struct.pack("<H", 9) + DATA[10:]
    with pytest.raises(ArtifactError, match="format version must be between 1 and 3, not 9"):
        from_bytes(other, "x")
    header = struct.unpack_from("<I", DATA, 12)[0]
    table = json.loads(DATA[20 : 20 + header])["sections"]
    data = bytearray(DATA)
    data[20 + header] ^= 1
    with pytest.raises(ArtifactError, match=f"CRC of '{table[0]['name']}' must be 0x"):
        from_bytes(bytes(data), "x")
    with pytest.raises(ArtifactError, match="cut short"):
        from_bytes(DATA[:40], "x")


def test_wrong_content_with_right_sums_is_refused():
    """Values that break their own format are refused though every checksum fits."""
    kind, meta, sections = unpack(DATA, "x")
    low = dict(sections, v_threshold=np.full_like(sections["v_threshold"], 1 << 30))
    with pytest.raises(ArtifactError, match="v_threshold, element 0: must be between"):
        from_bytes(resealed(kind, meta, low), "x")
    gone = {k: v for k, v in sections.items() if k != "decay"}
    with pytest.raises(ArtifactError, match="'decay' is missing"):
        from_bytes(resealed(kind, meta, gone), "x")
    with pytest.raises(ArtifactError, match="must name 2 classes, one an output, not 1"):
        from_bytes(resealed(kind, meta | {"classes": ["a"]}, sections), "x")
    wide = meta | {"format": meta["format"] | {"v_width": 40}}
    with pytest.raises(ArtifactError, match="Membrane width must be between 8 and 24, not 40"):
        from_bytes(resealed(kind, wide, sections), "x")


def test_absurd_shape_costs_nothing():
    """A section that claims more bytes than the file has is refused before anything is made."""
    kind, meta, sections = unpack(DATA, "x")
    data = pack(kind, meta, sections)
    header = struct.unpack_from("<I", data, 12)[0]
    table = json.loads(data[20 : 20 + header])
    table["sections"][0]["shape"] = [1 << 62, 1 << 62]
    raw = json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
    raw += b" " * (-(20 + len(raw)) % 8)
    content = struct.pack("<8sHHII", data[:8], 1, kind, len(raw), zlib.crc32(raw)) + raw
    content += data[20 + header : -32]
    with pytest.raises(ArtifactError, match="must fit the .* bytes left"):
        from_bytes(content + hashlib.sha256(content).digest(), "x")


def test_nan_weight_is_refused():
    """A float network with a weight that is not a number is named by its synapse."""
    artifact = float_example()
    kind, meta, sections = unpack(to_bytes(artifact), "x")
    bad = sections["w_in.weights"].copy()
    bad[2] = np.nan
    with pytest.raises(ArtifactError, match=r"w_in, synapse 0 -> 2: weight must be finite"):
        from_bytes(resealed(kind, meta, dict(sections) | {"w_in.weights": bad}), "x")


def test_kinds_are_not_confused(tmp_path):
    """Each reader refuses the other kind and says which verb makes its own."""
    write_artifact(tmp_path / "i", example())
    write_artifact(tmp_path / "f", float_example())
    assert same(read_artifact(tmp_path / "i").network, example().network)
    with pytest.raises(ArtifactError, match="Run `hrsnn quantise` first"):
        read_artifact(tmp_path / "f")
    with pytest.raises(ArtifactError, match="must hold a float network, not an integer one"):
        read_float(tmp_path / "i")
