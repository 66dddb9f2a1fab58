"""The integer network as an ONNX graph whose outputs are those of the reference, bit for bit.

A Scan over the steps carries the membranes, counters and readout; its body is
``docs/numeric-contract.md`` in integer operators, none of which rounds in a way that a runtime may
choose: Div truncates toward zero by the standard, and floors are made with Mod.
"""

from __future__ import annotations

import numpy as np

from hrsnn_edge.fixed import signed_range
from hrsnn_edge.interchange.onnx_graph import Builder, require_onnx
from hrsnn_edge.network import IntNetwork, LinearReadout, MlpReadout, SparseRows, TraceReadout
from hrsnn_edge.reference.readout import ReadoutState

#: Operator set of the exported graphs, and version of their file format.
OPSET, IR_VERSION = 17, 8
#: Producer and name in the file.
PRODUCER, GRAPH = "hrsnn-edge", "integer_network"


def export_onnx(net: IntNetwork) -> bytes:
    """Return the bytes of an ONNX model of the network.

    Input ``events``, (S, T, K) bool, is a batch of rasters. Outputs: ``spikes``, (S, T, N) bool;
    ``v``, (S, T, N) int32; ``out``, (S, T, C) int64, the readout after each step; ``class``, (S,)
    int64, the lowest index among the greatest last outputs.
    """
    onnx = require_onnx()
    helper, types = onnx.helper, onnx.TensorProto
    g = Builder()
    body, states = _body(net, g)
    shape = g.op("Shape", "events")
    samples = g.op("Gather", shape, g.constant("index_0", 0))
    steps = g.op("Gather", shape, g.constant("index_1", 1))
    first = [_first(g, name, values, samples) for name, values in states.items()]
    t = g.op("Range", g.constant("zero", 0), steps, g.constant("one", 1))
    scaled = g.op("Mul", t, g.constant("n_bins", net.readout.n_bins))
    bins = g.op("Div", scaled, steps)
    last = [f"last_{name}" for name in states]
    g.ops(
        "Scan", *first, "events", t, bins,
        outs=[*last, "spikes", "v", "out"],
        body=body,
        num_scan_inputs=3,
        scan_input_axes=[1, 0, 0],
        scan_output_axes=[1, 1, 1],
    )  # fmt: skip
    g.op("ArgMax", "last_out", out="class", axis=1, keepdims=0, select_last_index=0)
    n, c = net.n_neurons, net.readout.n_out
    graph = helper.make_graph(
        g.nodes,
        GRAPH,
        [helper.make_tensor_value_info("events", types.BOOL, ["S", "T", net.n_inputs])],
        [
            helper.make_tensor_value_info("spikes", types.BOOL, ["S", "T", n]),
            helper.make_tensor_value_info("v", types.INT32, ["S", "T", n]),
            helper.make_tensor_value_info("out", types.INT64, ["S", "T", c]),
            helper.make_tensor_value_info("class", types.INT64, ["S"]),
        ],
        g.constants,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name=PRODUCER,
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def _first(g: Builder, name: str, values, samples: str) -> str:
    """Return a state before the first step, the same for every sample."""
    values = np.asarray(values)
    start = g.constant(f"first_{name}", values[None])
    rest = g.constant(f"ones_{values.ndim}", np.ones(values.ndim))
    samples = g.op("Reshape", samples, g.constant("as_vector", [1]))
    return g.op("Expand", start, g.op("Concat", samples, rest, axis=0))


def _body(net: IntNetwork, outer: Builder):
    """Return the graph of one step, and the states with their values after CLEAR."""
    onnx = require_onnx()
    helper, types = onnx.helper, onnx.TensorProto
    n, c = net.n_neurons, net.readout.n_out
    g = Builder(outer)
    states = {"v": np.zeros(n), "refractory": np.zeros(n), "fired": np.zeros(n)}
    if net.synapses is not None:
        states["i_syn"] = np.zeros(n)
    states["out"], memory = _cleared(net)
    if memory is not None:
        states["memory"] = memory
    next_of = _neurons(g, net)
    next_of |= _readout(g, net, next_of["fired"])
    outputs = [g.op("Identity", next_of[name], out=f"next_{name}") for name in states]
    g.op("Identity", next_of["spikes"], out="step_spikes")
    g.cast(next_of["v"], "INT32", out="step_v")
    g.op("Identity", next_of["out"], out="step_out")
    value = helper.make_tensor_value_info
    shapes = {name: ["S", *np.shape(values)] for name, values in states.items()}
    body = helper.make_graph(
        g.nodes,
        "step",
        [
            *(value(name, types.INT64, shape) for name, shape in shapes.items()),
            value("events_t", types.BOOL, ["S", net.n_inputs]),
            value("t", types.INT64, []),
            value("bin", types.INT64, []),
        ],
        [
            *(
                value(out, types.INT64, shape)
                for out, shape in zip(outputs, shapes.values(), strict=True)
            ),
            value("step_spikes", types.BOOL, ["S", n]),
            value("step_v", types.INT32, ["S", n]),
            value("step_out", types.INT64, ["S", c]),
        ],
    )
    return body, states


def _dense(rows: SparseRows, shift) -> np.ndarray:
    """Return what each synapse adds to the sum, (n_pre, n_post)."""
    return rows.with_weights(rows.weights.astype(np.int64) << shift[rows.pre_idx]).to_dense()


def _neurons(g: Builder, net: IntNetwork) -> dict[str, str]:
    """Add delivery and update of all neurons; return the names of the next states."""
    f = net.fmt
    events = g.cast("events_t", "INT64")
    total = g.op(
        "Add",
        g.op("MatMul", events, g.constant("w_in", _dense(net.w_in, net.shift_in))),
        g.op("MatMul", "fired", g.constant("w_rec", _dense(net.w_rec, net.shift_rec))),
    )
    total = g.op("Mul", total, g.constant("v_factor", 1 << f.v_shift))
    out = {}
    if net.synapses is not None:
        left = _leak(g, "i_syn", "syn_decay", net.synapses.syn_decay, f.decay_width)
        total = _saturated(g, g.op("Add", left, total), "i_syn", net.synapses.syn_width)
        out["i_syn"] = total
    x = g.op("Add", _leak(g, "v", "decay", net.decay, f.decay_width), total)
    held = g.op("Greater", "refractory", g.constant("zero", 0))
    above = g.op("GreaterOrEqual", x, g.constant("v_threshold", net.v_threshold))
    spikes = g.op("And", above, g.op("Not", held))
    if net.reset == "subtract":
        drop = g.op("Where", spikes, g.constant("v_drop", net.v_drop), g.constant("zero", 0))
        left = _saturated(g, g.op("Sub", x, drop), "v", f.v_width)
        out["v"] = g.op("Where", held, "v", left)
    else:
        left, reset = _saturated(g, x, "v", f.v_width), g.constant("v_reset", net.v_reset)
        out["v"] = g.op("Where", g.op("Or", held, spikes), reset, left)
    starts = g.constant("refractory_steps", net.refractory_steps)
    started = g.op("Where", spikes, starts, g.constant("zero", 0))
    counted = g.op("Sub", "refractory", g.constant("one", 1))
    out["refractory"] = g.op("Where", held, counted, started)
    return out | {"spikes": spikes, "fired": g.cast(spikes, "INT64")}


def _leak(g: Builder, state: str, name: str, decay, width: int) -> str:
    """Add ``trunc(state * decay / 2**width)``."""
    product = g.op("Mul", state, g.constant(name, decay))
    return g.op("Div", product, g.constant(f"{name}_unit", 1 << width))


def _saturated(g: Builder, x: str, name: str, width: int) -> str:
    low, high = signed_range(width)
    return g.op("Clip", x, g.constant(f"{name}_low", low), g.constant(f"{name}_high", high))


def _floor_shift(g: Builder, x: str, shift: int) -> str:
    """Add an arithmetic shift to the right: rounded down, for either sign."""
    if shift == 0:
        return x
    unit = g.constant(f"unit_{shift}", 1 << shift)
    return g.op("Div", g.op("Sub", x, g.op("Mod", x, unit)), unit)


def _cleared(net: IntNetwork):
    """Return output and memory of the readout after CLEAR."""
    state = ReadoutState.cleared(net.readout, net.n_neurons)
    return state.out, None if isinstance(net.readout, LinearReadout) else state.memory


def _readout(g: Builder, net: IntNetwork, fired: str) -> dict[str, str]:
    """Add the readout; return its next output and memory."""
    if isinstance(net.readout, LinearReadout):
        weights = g.op("Gather", g.constant("w_out", net.readout.w_out), "bin", axis=0)
        return {"out": g.op("Add", "out", g.op("MatMul", fired, weights))}
    if isinstance(net.readout, MlpReadout):
        return _mlp(g, net.readout, fired)
    return _traces(g, net.readout, fired)


def _mlp(g: Builder, readout: MlpReadout, fired: str) -> dict[str, str]:
    """Add the counts of a step, and the perceptron of the counts so far."""
    which = g.op("Equal", g.constant("bins", np.arange(readout.n_bins)[:, None]), "bin")
    spikes = g.op("Unsqueeze", fired, g.constant("axis_1", [1]))
    counts = g.op("Add", "memory", g.op("Mul", g.cast(which, "INT64"), spikes))
    read = g.op("Gather", counts, g.constant("neurons", readout.neurons), axis=2)
    flat = g.op("Flatten", read, axis=1)
    top = g.constant("act_top", readout.act_top)
    a = g.op("Min", flat, top)
    for k, layer in enumerate(readout.layers):
        product = g.op("MatMul", a, g.constant(f"layer_{k}", layer.weights))
        a = g.op("Add", product, g.constant(f"layer_{k}_bias", layer.bias))
        if k < len(readout.layers) - 1:
            a = g.op("Clip", _floor_shift(g, a, layer.shift), g.constant("zero", 0), top)
    return {"out": a, "memory": counts}


def _traces(g: Builder, readout: TraceReadout, fired: str) -> dict[str, str]:
    """Add the filters of a step, and their weighted sum where a sample is complete."""
    product = g.op("Mul", "memory", g.constant("filter_decay", readout.decay))
    # Filters are 0 or more, so truncation is rounding down.
    left = g.op("Div", product, g.constant("filter_unit", 1 << readout.decay_width))
    spikes = g.op("Unsqueeze", fired, g.constant("axis_1", [1]))
    added = g.op("Mul", spikes, g.constant("trace_step", readout.trace_step[:, None]))
    filters = g.op("Min", g.op("Add", left, added), g.constant("trace_top", readout.trace_top))
    features = filters
    if readout.squares:
        square = _floor_shift(g, g.op("Mul", filters, filters), readout.trace_width)
        features = g.op("Concat", filters, square, axis=1)
    flat = g.op("Flatten", features, axis=1)
    weights = readout.w_out.reshape(-1, readout.n_out)
    total = g.op("MatMul", flat, g.constant("w_out", weights))
    total = g.op("Add", total, g.constant("bias", readout.bias))
    sample = _floor_shift(g, total, readout.out_shift)
    hold = g.constant("hold", readout.hold)
    complete = g.op("Equal", g.op("Mod", "t", hold), g.constant("hold_last", readout.hold - 1))
    return {"out": g.op("Where", complete, sample, "out"), "memory": filters}
