"""The integer network as a C99 model for microcontrollers: one header, one source, no dependency.

Types are the narrowest that hold every value, worked out from the network's widths, so that nothing
can overflow and a small processor does as little 64-bit arithmetic as possible.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from hrsnn_edge import __version__
from hrsnn_edge.errors import InterchangeError
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.network import IntNetwork, LinearReadout, MlpReadout, SparseRows, TraceReadout

#: Runs of a linear readout up to this length [steps] decide the width of its outputs.
MAX_STEPS = 1 << 16
#: A prefix of C names.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_LINE = 96


def export_c(net: IntNetwork, name: str = "model") -> dict[str, str]:
    """Return the text of each file, ``{name}.h`` and ``{name}.c``.

    Parameters
    ----------
    name : str
        Prefix of everything in them: lower-case letters, digits and underscores.

    Raises
    ------
    ValueError
        A name that is none in C.
    InterchangeError
        More channels or neurons than 16-bit addresses reach.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"Name must be of lower-case letters, digits and underscores, not {name!r}"
        )
    for what, size in (("channels", net.n_inputs), ("neurons", net.n_neurons)):
        if size > 1 << 16:
            raise InterchangeError(f"Number of {what} must be at most 65536 for C, not {size}")
    env = Environment(
        loader=PackageLoader("hrsnn_edge.interchange"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    values = _values(net) | {
        "name": name,
        "upper": name.upper(),
        "guard": f"{name.upper()}_H",
        "version": __version__,
    }
    return {
        f"{name}.{end}": env.get_template(f"model.{end}.j2").render(values) for end in ("h", "c")
    }


def signed_type(width: int) -> str:
    """Return the narrowest signed C type of at least `width` bits.

    >>> signed_type(8), signed_type(9), signed_type(33)
    ('int8_t', 'int16_t', 'int64_t')
    """
    return f"int{next(size for size in (8, 16, 32, 64) if width <= size)}_t"


def _unsigned_type(top: int) -> str:
    return f"uint{next(size for size in (8, 16, 32) if top < 1 << size)}_t"


def _table(name: str, kind: str, values) -> dict[str, Any]:
    """Return a table as the template prints it; an empty one has a single 0."""
    words = [_literal(int(v)) for v in np.ravel(values)] or ["0"]
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) + 2 > _LINE:
            lines.append(line.rstrip())
            line = ""
        line += f"{word}, "
    return {"name": name, "type": kind, "size": len(words), "lines": [*lines, line.rstrip()]}


def _literal(value: int) -> str:
    """Return a C literal; the least number of a type has none of its own."""
    if value == -(1 << 31):
        return "(-2147483647 - 1)"
    return str(value)


def _rows(name: str, rows: SparseRows, shift, neuron: str, shifts: bool) -> list[dict]:
    tables = [
        _table(f"{name}_ptr", _unsigned_type(rows.nnz), rows.row_ptr),
        _table(f"{name}_target", neuron, rows.col_idx),
        _table(f"{name}_weight", "int8_t", rows.weights),
    ]
    return [*tables, _table(f"{name}_shift", "uint8_t", shift)] if shifts else tables


def _values(net: IntNetwork) -> dict[str, Any]:
    """Return everything that the templates need but the name."""
    f, n, syn = net.fmt, net.n_neurons, net.synapses
    neuron, v_t = _unsigned_type(n - 1), signed_type(f.v_width)
    shifts = bool(net.shift_in.any() or net.shift_rec.any())
    refractory = bool(net.refractory_steps.any())
    arriving = net.sum_width + f.v_shift
    widths = [f.v_width + f.decay_width, arriving, 1 + max(f.v_width, arriving), 17 + f.v_shift]
    if syn is not None:
        widths += [syn.syn_width + f.decay_width, 1 + max(syn.syn_width, arriving, f.v_width)]
    tables = _rows("in", net.w_in, net.shift_in, neuron, shifts)
    tables += _rows("rec", net.w_rec, net.shift_rec, neuron, shifts)
    tables += [
        _table("decay", "uint16_t", net.decay),
        _table("v_threshold", v_t, net.v_threshold),
        _table("v_drop", _unsigned_type((1 << f.v_width) - 1), net.v_drop)
        if net.reset == "subtract"
        else _table("v_reset", v_t, net.v_reset),
    ]
    if refractory:
        tables.append(_table("refractory_steps", "uint8_t", net.refractory_steps))
    if syn is not None:
        tables.append(_table("syn_decay", "uint16_t", syn.syn_decay))
    readout, more = _readout(net)
    return {
        "k": net.n_inputs,
        "n": n,
        "n_out": net.readout.n_out,
        "n_bins": net.readout.n_bins,
        "kind": net.readout.kind,
        "neuron_t": neuron,
        "v_t": v_t,
        "v_top": signed_range(f.v_width)[1],
        "v_factor": 1 << f.v_shift,
        "decay_unit": 1 << f.decay_width,
        "synapses": syn is not None,
        "i_t": signed_type(syn.syn_width) if syn else "",
        "i_top": signed_range(syn.syn_width)[1] if syn else 0,
        "refractory": refractory,
        "subtracts": net.reset == "subtract",
        "row_shifts": shifts,
        "sum_t": signed_type(max(16, net.sum_width)),
        "wide_t": signed_type(max(32, *widths)),
        "tables": tables + more,
    } | readout


def _readout(net: IntNetwork) -> tuple[dict[str, Any], list[dict]]:
    """Return the values and the tables of the readout."""
    readout = net.readout
    weight_t = signed_type(net.fmt.out_weight_width)
    width = readout.out_width(MAX_STEPS)
    out_t = signed_type(max(32, width))
    common = {"out_t": out_t, "w_out_t": weight_t, "max_steps": 0, "floors": True}
    if isinstance(readout, LinearReadout):
        tables = [_table("w_out", weight_t, readout.w_out), _table("w_bias", out_t, readout.bias)]
        return common | {"floors": False, "max_steps": MAX_STEPS}, tables
    if isinstance(readout, MlpReadout):
        return _mlp(net, readout, common, weight_t)
    assert isinstance(readout, TraceReadout)
    tables = [
        _table("w_out", weight_t, readout.w_out),
        _table("w_bias", out_t, readout.bias),
        _table("filter_decay", "uint16_t", readout.decay),
        _table("trace_step", "uint16_t", readout.trace_step),
    ]
    return common | {
        "n_filters": readout.n_filters,
        "squares": readout.squares,
        "trace_width": readout.trace_width,
        "trace_top": readout.trace_top,
        "filter_width": readout.decay_width,
        "out_shift": readout.out_shift,
        "hold": readout.hold,
    }, tables


def _mlp(net: IntNetwork, readout: MlpReadout, common, weight_t) -> tuple[dict, list[dict]]:
    """Return the values and the tables of a perceptron."""
    n_read = readout.neurons.size
    feature = np.full(net.n_neurons, n_read)
    feature[readout.neurons] = np.arange(n_read)
    tables = [_table("feature", _unsigned_type(n_read), feature)]
    for k, layer in enumerate(readout.layers):
        tables += [
            _table(f"layer_{k}", weight_t, layer.weights),
            _table(f"layer_{k}_bias", common["out_t"], layer.bias),
        ]
    layers = [
        {"inputs": x.weights.shape[0], "outputs": x.weights.shape[1], "shift": x.shift}
        for x in readout.layers
    ]
    return common | {
        "layers": layers,
        "floors": len(layers) > 1,
        "n_read": n_read,
        "n_features": readout.n_bins * n_read,
        "widest": max(x["inputs"] for x in layers),
        "act_top": readout.act_top,
    }, tables
