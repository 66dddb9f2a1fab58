"""A network and what belongs to it, as bytes and back; pure.

The artifact proper holds an `IntNetwork`; the same container with another kind carries a
`FloatNetwork` between the stations before quantisation. ``docs/artifact.md`` has every field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from hrsnn_edge.artifact.container import (
    FLOAT_NETWORK,
    INT_NETWORK,
    KIND_NAMES,
    pack,
    unpack,
    version_of,
)
from hrsnn_edge.artifact.readouts import readout_content, readout_from
from hrsnn_edge.errors import ArtifactError, HrsnnError
from hrsnn_edge.network import (
    ExpSynapses,
    FloatNetwork,
    IntFormat,
    IntNetwork,
    IntStdp,
    LinearReadout,
    SparseRows,
)

#: Neuron arrays of an `IntNetwork`: field -> (type in the file, type in memory).
_INT_ARRAYS = {
    "shift_in": ("u1", np.int32),
    "shift_rec": ("u1", np.int32),
    "inhibitory": ("u1", bool),
    "decay": ("<u2", np.int32),
    "v_threshold": ("<i4", np.int32),
    "v_reset": ("<i4", np.int32),
    "refractory_steps": ("u1", np.int32),
}
_FLOAT_ARRAYS = {
    "inhibitory": ("u1", bool),
    "tau_mem": ("<f8", np.float64),
    "v_threshold": ("<f8", np.float64),
    "v_reset": ("<f8", np.float64),
    "refractory_steps": ("<i4", np.int64),
}
_STDP_ARRAYS = ("decay_plus", "eta_plus", "magnitude_max", "decay_minus", "eta_minus")


@dataclass(frozen=True, eq=False)
class Artifact:
    """An integer network with what a user of it must know.

    Attributes
    ----------
    network : IntNetwork
        The network; its readout included.
    classes : tuple of str
        Name of each output.
    encoder : mapping
        How the input events were made: data set and encoder settings, plain JSON.
    provenance : mapping
        Where it came from: commands, seeds, versions, figures, plain JSON.
    stdp : IntStdp or None
        The learning constants of a network that learns.
    """

    network: IntNetwork
    classes: tuple[str, ...]
    encoder: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    stdp: IntStdp | None = None


@dataclass(frozen=True, eq=False)
class FloatArtifact:
    """A float network with what the next station must know; attributes as in `Artifact`."""

    network: FloatNetwork
    classes: tuple[str, ...]
    encoder: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)


def to_bytes(artifact: Artifact | FloatArtifact) -> bytes:
    """Return the file; the same artifact always gives the same bytes."""
    net = artifact.network
    meta: dict[str, Any] = {
        "classes": list(artifact.classes),
        "encoder": dict(artifact.encoder),
        "provenance": dict(artifact.provenance),
    }
    if isinstance(artifact, FloatArtifact):
        return pack(FLOAT_NETWORK, *_float_content(net, meta), _version(net))
    meta["format"] = {f.name: getattr(net.fmt, f.name) for f in fields(net.fmt)}
    if net.reset != "hard":
        meta["reset"] = net.reset
    sections = _row_sections("w_in", net.w_in, "i1") | _row_sections("w_rec", net.w_rec, "i1")
    sections |= {name: getattr(net, name).astype(t) for name, (t, _) in _INT_ARRAYS.items()}
    readout, parts = readout_content(net.readout, integer=True)
    sections |= parts
    if readout is not None:
        meta["readout"] = readout
    if net.synapses is not None:
        meta["synapses"] = {"syn_width": net.synapses.syn_width}
        sections["syn_decay"] = net.synapses.syn_decay.astype("<u2")
    if artifact.stdp is not None:
        stdp = artifact.stdp
        meta["stdp"] = {
            f.name: getattr(stdp, f.name) for f in fields(stdp) if f.name not in _STDP_ARRAYS
        }
        sections |= {f"stdp.{name}": getattr(stdp, name).astype("<i4") for name in _STDP_ARRAYS}
    return pack(INT_NETWORK, meta, sections, _version(net))


def _version(net: FloatNetwork | IntNetwork) -> int:
    """Return the least version that has all the fields of a network."""
    if net.reset != "hard":
        return 3
    synapses = net.synapses if isinstance(net, IntNetwork) else net.tau_syn
    simple = synapses is None and (net.readout is None or isinstance(net.readout, LinearReadout))
    return 1 if simple else 2


def from_bytes(data: bytes, name: str) -> Artifact | FloatArtifact:
    """Return what the bytes of the file called `name` hold.

    Raises
    ------
    ArtifactError
        The container is damaged, a section is missing, or the values break the format they claim.
    """
    kind, meta, sections = unpack(data, name)
    try:
        common = {
            "classes": tuple(str(c) for c in meta["classes"]),
            "encoder": dict(meta["encoder"]),
            "provenance": dict(meta["provenance"]),
        }
        if kind == FLOAT_NETWORK:
            artifact = FloatArtifact(_float_network(meta, sections), **common)
        else:
            artifact = Artifact(
                _int_network(meta, sections), **common, stdp=_stdp(meta.get("stdp"), sections)
            )
    except (HrsnnError, KeyError, TypeError, ValueError, IndexError) as error:
        reason = f"section or field {error} is missing" if type(error) is KeyError else str(error)
        raise ArtifactError(f"{name}: must hold {KIND_NAMES[kind]}: {reason}") from error
    version = _version(artifact.network)
    if version_of(data) != version:
        raise ArtifactError(
            f"{name}: format version must be {version} for what the file holds, "
            f"not {version_of(data)}"
        )
    n_out = 0 if artifact.network.readout is None else artifact.network.readout.n_out
    if n_out and len(artifact.classes) != n_out:
        raise ArtifactError(
            f"{name}: must name {n_out} classes, one an output, not {len(artifact.classes)}"
        )
    return artifact


def _row_sections(name: str, rows: SparseRows, dtype: str) -> dict[str, np.ndarray]:
    return {
        f"{name}.row_ptr": rows.row_ptr.astype("<u4"),
        f"{name}.col_idx": rows.col_idx.astype("<u4"),
        f"{name}.weights": rows.weights.astype(dtype),
    }


def _rows(sections, name: str, n_post: int, dtype) -> SparseRows:
    return SparseRows(
        sections[f"{name}.row_ptr"].astype(np.int64),
        sections[f"{name}.col_idx"].astype(np.int32),
        sections[f"{name}.weights"].astype(dtype),
        n_post,
    )


def _int_network(meta, sections) -> IntNetwork:
    n = sections["decay"].size
    return IntNetwork(
        w_in=_rows(sections, "w_in", n, np.int32),
        w_rec=_rows(sections, "w_rec", n, np.int32),
        **{name: sections[name].astype(t) for name, (_, t) in _INT_ARRAYS.items()},
        readout=readout_from(meta.get("readout"), sections, integer=True),
        fmt=IntFormat(**meta["format"]),
        synapses=_synapses(meta.get("synapses"), sections),
        reset=meta.get("reset", "hard"),
    )


def _synapses(values, sections) -> ExpSynapses | None:
    if values is None:
        return None
    return ExpSynapses(sections["syn_decay"].astype(np.int32), values["syn_width"])


def _stdp(values, sections) -> IntStdp | None:
    if values is None:
        return None
    arrays = {name: sections[f"stdp.{name}"].astype(np.int32) for name in _STDP_ARRAYS}
    return IntStdp(**values, **arrays)


def _float_content(net: FloatNetwork, meta: dict) -> tuple[dict, dict]:
    meta["gain_mode"] = net.gain_mode
    if net.reset != "hard":
        meta["reset"] = net.reset
    sections = _row_sections("w_in", net.w_in, "<f8") | _row_sections("w_rec", net.w_rec, "<f8")
    sections |= {name: getattr(net, name).astype(t) for name, (t, _) in _FLOAT_ARRAYS.items()}
    sections["dt"] = np.array([net.dt], "<f8")
    # One value, or one a neuron; an array because JSON has no infinity.
    sections["v_floor"] = np.atleast_1d(np.asarray(net.v_floor, "<f8"))
    if net.readout is not None:
        readout, parts = readout_content(net.readout, integer=False)
        sections |= parts
        if readout is not None:
            meta["readout"] = readout
    if net.tau_syn is not None:
        sections["tau_syn"] = net.tau_syn.astype("<f8")
    if net.cluster is not None:
        sections["cluster"] = net.cluster.astype("<i4")
    return meta, sections


def _float_network(meta, sections) -> FloatNetwork:
    n = sections["tau_mem"].size
    floor = sections["v_floor"]
    readout = None
    if "readout" in meta or "readout.w_out" in sections:
        readout = readout_from(meta.get("readout"), sections, integer=False)
    return FloatNetwork(
        w_in=_rows(sections, "w_in", n, np.float64),
        w_rec=_rows(sections, "w_rec", n, np.float64),
        **{name: sections[name].astype(t) for name, (_, t) in _FLOAT_ARRAYS.items()},
        dt=float(sections["dt"][0]),
        gain_mode=meta["gain_mode"],
        v_floor=float(floor[0]) if floor.size == 1 and n != 1 else floor.astype(float),
        readout=readout,
        cluster=sections["cluster"].astype(np.int64) if "cluster" in sections else None,
        tau_syn=sections["tau_syn"].astype(float) if "tau_syn" in sections else None,
        reset=meta.get("reset", "hard"),
    )
