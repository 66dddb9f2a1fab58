"""The arrays behind the plots of a report, and their bytes: an ``.npz`` without pickle."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field, fields

import numpy as np

from hrsnn_edge.errors import DataError
from hrsnn_edge.network import FloatNetwork, IntNetwork


@dataclass(frozen=True, eq=False)
class NetworkArrays:
    """The parameters of one network as the histograms show them; `None` where there are none.

    `w_in`, `w_exc` and `w_inh` hold one weight a synapse (the recurrent ones by the sign of their
    source), `tau_exc` and `tau_inh` time constants [ms], `threshold` one value a neuron. Integer
    weights and thresholds are in LSB, row shifts applied.
    """

    w_in: np.ndarray | None = None
    w_exc: np.ndarray | None = None
    w_inh: np.ndarray | None = None
    tau_exc: np.ndarray | None = None
    tau_inh: np.ndarray | None = None
    threshold: np.ndarray | None = None

    @classmethod
    def of(cls, net: FloatNetwork | IntNetwork, dt_ms: float | None = None) -> NetworkArrays:
        """Return the arrays of a network.

        `dt_ms` turns the decay of an `IntNetwork` into a time constant,
        ``-dt / ln(decay / 2**decay_width)``; a neuron with decay 0 has the time constant 0.
        """
        w_in, w_rec = net.w_in.weights, net.w_rec.weights
        if isinstance(net, IntNetwork):
            w_in = w_in << net.shift_in[net.w_in.pre_idx]
            w_rec = w_rec << net.shift_rec[net.w_rec.pre_idx]
            tau = None if dt_ms is None else _time_constant(net.decay, net.fmt.decay_width, dt_ms)
        else:
            tau = net.tau_mem
        source = net.inhibitory[net.w_rec.pre_idx]
        return cls(
            w_in=w_in,
            w_exc=w_rec[~source],
            w_inh=w_rec[source],
            tau_exc=None if tau is None else tau[~net.inhibitory],
            tau_inh=None if tau is None else tau[net.inhibitory],
            threshold=net.v_threshold,
        )


def _time_constant(decay: np.ndarray, decay_width: int, dt_ms: float) -> np.ndarray:
    """Return ``-dt / ln(decay / 2**decay_width)`` [ms], 0 where the decay is 0."""
    tau = np.zeros(decay.shape)
    live = decay > 0
    tau[live] = dt_ms / (decay_width * math.log(2) - np.log(decay[live]))
    return tau


@dataclass(frozen=True, eq=False)
class RunTraces:
    """The arrays behind the plots; a plot whose arrays are `None` is left out.

    Attributes
    ----------
    input_raster, recurrent_raster : (T, K), (T, N) bool
        Spikes of the example sample.
    membranes : (T, M)
        Membranes of M neurons of the same sample after each step, in LSB of ``v``.
    membrane_neurons, membrane_thresholds : (M,)
        Their numbers and thresholds.
    inhibitory : (N,) bool
        Dale's sign, to colour the raster.
    confusion : (C, C) int
        Test samples by true class (row) and answer (column), of the integer network.
    rates_float, rates_integer : (N,)
        Mean firing rate of each neuron on the same samples [spikes a step].
    lyapunov_float, lyapunov_pruned : (k,)
        Leading Lyapunov exponents before and after pruning [1/ms].
    graph_pre, graph_post : (nnz,) int
        Recurrent synapses of the pruned network, in rising order of `graph_pre`.
    graph_cluster : (N,) int
        Cluster of each neuron.
    networks : dict of NetworkArrays
        By station: ``float``, ``pruned``, ``integer``.
    """

    input_raster: np.ndarray | None = None
    recurrent_raster: np.ndarray | None = None
    membranes: np.ndarray | None = None
    membrane_neurons: np.ndarray | None = None
    membrane_thresholds: np.ndarray | None = None
    inhibitory: np.ndarray | None = None
    confusion: np.ndarray | None = None
    rates_float: np.ndarray | None = None
    rates_integer: np.ndarray | None = None
    lyapunov_float: np.ndarray | None = None
    lyapunov_pruned: np.ndarray | None = None
    graph_pre: np.ndarray | None = None
    graph_post: np.ndarray | None = None
    graph_cluster: np.ndarray | None = None
    networks: dict[str, NetworkArrays] = field(default_factory=dict)


def _named_arrays(values, prefix: str = "") -> dict[str, np.ndarray]:
    """Return the array fields of `values` by name."""
    named = {f.name: getattr(values, f.name) for f in fields(values) if f.name != "networks"}
    return {prefix + name: np.asarray(a) for name, a in named.items() if a is not None}


def traces_to_bytes(traces: RunTraces) -> bytes:
    """Return the ``.npz`` of `traces`; the same arrays give the same bytes."""
    arrays = _named_arrays(traces)
    for station, net in traces.networks.items():
        arrays |= _named_arrays(net, f"networks/{station}/")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def traces_from_bytes(data: bytes) -> RunTraces:
    """Return the traces of an ``.npz``; raise `DataError` for anything else."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = dict(archive)
        stations: dict[str, dict[str, np.ndarray]] = {}
        for key in [k for k in arrays if k.startswith("networks/")]:
            _, station, name = key.split("/")
            stations.setdefault(station, {})[name] = arrays.pop(key)
        networks = {station: NetworkArrays(**named) for station, named in stations.items()}
        return RunTraces(**arrays, networks=networks)
    except Exception as error:
        raise DataError(f"Traces must be an .npz written by this version: {error}") from error
