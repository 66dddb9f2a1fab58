"""The readout of a network as sections of a file, and back; pure.

A linear readout, the only one of version 1, has no entry in `meta`; the others name their kind.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hrsnn_edge.network import DenseLayer, LinearReadout, MlpReadout, Readout, TraceReadout

#: Types in a file of weights, biases and decays, for integers and for floats.
_TYPES = {True: ("<i2", "<i8", "<u2"), False: ("<f8", "<f8", "<f8")}
#: Numbers of a `TraceReadout`.
_TRACE_NUMBERS = ("hold", "trace_width", "decay_width", "out_shift", "out_frac")


def readout_content(
    readout: Readout, *, integer: bool
) -> tuple[dict[str, Any] | None, dict[str, np.ndarray]]:
    """Return the entry in `meta`, None for a linear readout, and the sections."""
    weight_type, bias_type, decay_type = _TYPES[integer]
    if isinstance(readout, MlpReadout):
        meta = {
            "kind": readout.kind,
            "n_bins": readout.n_bins,
            "act_width": readout.act_width,
            "shifts": [layer.shift for layer in readout.layers],
        }
        if readout.out_frac:
            meta["out_frac"] = readout.out_frac
        sections = {"readout.neurons": readout.neurons.astype("<u4")}
        for k, layer in enumerate(readout.layers):
            sections[f"readout.{k}.weights"] = layer.weights.astype(weight_type)
            sections[f"readout.{k}.bias"] = layer.bias.astype(bias_type)
        return meta, sections
    sections = {
        "readout.w_out": readout.w_out.astype(weight_type),
        "readout.bias": readout.bias.astype(bias_type),
    }
    if isinstance(readout, LinearReadout):
        return None, sections
    sections["readout.decay"] = readout.decay.astype(decay_type)
    if integer:
        sections["readout.trace_step"] = readout.trace_step.astype("<u2")
    return {"kind": readout.kind} | {name: getattr(readout, name) for name in _TRACE_NUMBERS}, (
        sections
    )


def readout_from(meta: dict[str, Any] | None, sections, *, integer: bool) -> Readout:
    """Return the readout of a file; `meta` is its entry there, None for a linear one."""
    weight, bias = (np.int32, np.int64) if integer else (np.float64, np.float64)
    if meta is None:
        return LinearReadout(
            sections["readout.w_out"].astype(weight), sections["readout.bias"].astype(bias)
        )
    if meta["kind"] == MlpReadout.kind:
        layers = tuple(
            DenseLayer(
                sections[f"readout.{k}.weights"].astype(weight),
                sections[f"readout.{k}.bias"].astype(bias),
                shift,
            )
            for k, shift in enumerate(meta["shifts"])
        )
        neurons = sections["readout.neurons"].astype(np.int32)
        return MlpReadout(
            neurons, meta["n_bins"], layers, meta["act_width"], meta.get("out_frac", 0)
        )
    if meta["kind"] != TraceReadout.kind:
        raise ValueError(
            f"Readout must be '{MlpReadout.kind}' or '{TraceReadout.kind}', not {meta['kind']!r}"
        )
    return TraceReadout(
        sections["readout.decay"].astype(weight),
        sections["readout.w_out"].astype(weight),
        sections["readout.bias"].astype(bias),
        trace_step=sections["readout.trace_step"].astype(np.int32) if integer else None,
        **{name: meta[name] for name in _TRACE_NUMBERS},
    )
