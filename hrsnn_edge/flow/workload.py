"""The speed workloads: heterogeneous recurrent inference (W1), and the same with STDP (W2).

N neurons, 80 % excitatory, 700 Poisson inputs at 10 Hz, 10 % dense, 1,000 steps of 1 ms, about
8 Hz. The networks are rounded to 8-bit weights with row shifts, and engine and peers run the very
same rounded network: a peer gets weights, thresholds and decays as floats.

In W2 every synapse learns, with the rule of the numeric contract: a source brings ``tau_plus`` and
``eta_plus``, a target ``tau_minus`` and ``eta_minus``. Peers get these constants expanded per
synapse, which is the form that they compute in, so the work is the same: one change for each spike
of either end of a synapse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hrsnn_edge.data.events import EventBatch
from hrsnn_edge.fixed import signed_range
from hrsnn_edge.model.stdp import FloatStdp, source_kind
from hrsnn_edge.network import FloatNetwork, IntFormat, IntNetwork, IntStdp, SparseRows
from hrsnn_edge.plastic import Magnitudes
from hrsnn_edge.quantise.convert import choose_scales, convert
from hrsnn_edge.quantise.learning import round_learner

#: Steps, inputs, connected share, input rate [events a step], seed of the workload.
N_STEPS, N_INPUTS, DENSITY, INPUT_RATE, SEED = 1000, 700, 0.1, 0.01, 1
#: Weight scales by size [1/1024]: input, excitatory, inhibitory over excitatory.
WEIGHTS = {2000: (48.0, 20.0, 5.0), 5000: (54.0, 12.0, 5.0)}
#: Widths of the rounded network: the leak's product fits 32 bits.
FORMAT = IntFormat(v_width=20, decay_width=12, weight_width=8, shift_width=3)
#: Depth of the membrane below 0 in thresholds; the workload has no floor.
DEPTH = 8.0
#: W2: greatest weight over the mean scale, inputs and neurons; bounds of the time constants [ms];
#: change of a weight for a trace of 1, potentiation and depression [1/1024], and its log deviation.
WEIGHT_MAX, TAU_RANGE, ETA, ETA_DEVIATION = (3.0, 4.0), (10, 30), (0.3, 0.33), 0.3


@dataclass(frozen=True, eq=False)
class Workload:
    """A float network, its rounded form and its input; W2 has learning constants too."""

    name: str
    exact: FloatNetwork
    network: IntNetwork
    events: EventBatch
    stdp: IntStdp | None = None
    magnitudes: Magnitudes | None = None


def build_w1(n_neurons: int) -> Workload:
    """Return W1 at 2,000 or 5,000 neurons."""
    exact, events = draw_network(n_neurons)
    wanted = signed_range(FORMAT.v_width)[1] / (DEPTH * exact.v_threshold)
    rounded = convert(exact, choose_scales(exact, wanted, FORMAT), FORMAT)
    return Workload("W1", exact, rounded, events)


def build_w2(n_neurons: int) -> Workload:
    """Return W2 at 2,000 or 5,000 neurons; the network and its input are those of W1."""
    exact, events = draw_network(n_neurons)
    w_input, w_exc, ratio = WEIGHTS[n_neurons]
    top_in, top_rec = WEIGHT_MAX
    kind = source_kind(exact)
    weight_max = np.array([top_in * w_input, top_rec * w_exc, top_rec * w_exc * ratio])[kind] / 1024
    rng = np.random.default_rng([SEED, n_neurons])
    low, high = TAU_RANGE

    def draw(size, eta):
        shares = eta * rng.lognormal(0, ETA_DEVIATION, size) / 1024 / weight_max.mean()
        return rng.integers(low, high + 1, size).astype(float), shares

    tau_plus, eta_plus = draw(kind.size, ETA[0])
    tau_minus, eta_minus = draw(n_neurons, ETA[1])
    constants = FloatStdp(
        plastic_in=True, plastic_rec=True, tau_plus=tau_plus, eta_plus=eta_plus,
        weight_max=weight_max, tau_minus=tau_minus, eta_minus=eta_minus,
    )  # fmt: skip
    clipped = (
        rows.with_weights(np.clip(rows.weights, -top[rows.pre_idx], top[rows.pre_idx]))
        for rows, top in (
            (exact.w_in, weight_max[:N_INPUTS]),
            (exact.w_rec, weight_max[N_INPUTS:]),
        )
    )
    w_in, w_rec = clipped
    exact = replace(exact, w_in=w_in, w_rec=w_rec)
    learner = round_learner(exact, constants, FORMAT)
    return Workload("W2", exact, learner.net, events, learner.stdp, learner.magnitudes)


BUILDERS = {"W1": build_w1, "W2": build_w2}


def draw_network(n_neurons: int) -> tuple[FloatNetwork, EventBatch]:
    """Return the network and the input; the draws are those that the workload defines."""
    if n_neurons not in WEIGHTS:
        raise ValueError(
            f"Neurons of the workload must be one of {sorted(WEIGHTS)}, not {n_neurons}"
        )
    w_input, w_exc, ratio = WEIGHTS[n_neurons]
    rng = np.random.default_rng(SEED + n_neurons)
    n_exc = int(0.8 * n_neurons)
    tau = np.clip(rng.lognormal(np.log(20.0), 0.35, n_neurons), 5.0, 100.0)
    threshold = np.clip(rng.normal(1.0, 0.1, n_neurons), 0.6, 1.5)
    rec = np.array([_row(rng, n_neurons, j) for j in range(n_neurons)])
    inp = np.array([_row(rng, n_neurons) for _ in range(N_INPUTS)])
    pre = np.nonzero(rec)[0]
    sizes = np.rint(rng.lognormal(0, 0.4, pre.size) * w_exc)
    sizes[pre >= n_exc] = -np.rint(sizes[pre >= n_exc] * ratio)
    inputs = np.maximum(np.rint(rng.lognormal(0, 0.3, int(inp.sum())) * w_input), 1)
    raster = rng.random((N_STEPS, N_INPUTS)) < INPUT_RATE
    exact = FloatNetwork(
        w_in=SparseRows.from_dense(inp).with_weights(inputs / 1024),
        w_rec=SparseRows.from_dense(rec).with_weights(sizes / 1024),
        inhibitory=np.arange(n_neurons) >= n_exc,
        tau_mem=tau,
        v_threshold=threshold,
        v_reset=np.zeros(n_neurons),
        refractory_steps=np.zeros(n_neurons, np.int64),
    )
    return exact, EventBatch.from_rasters([raster])


def _row(rng, n_post: int, itself: int | None = None) -> np.ndarray:
    """Return the mask of a row's targets, without the source itself."""
    mask = rng.random(n_post) < DENSITY
    if itself is not None:
        mask[itself] = False
    return mask


def peer_arrays(work: Workload) -> dict[str, np.ndarray]:
    """Return the rounded network in floats, in units of each neuron's threshold, and the input.

    For W2 also, per synapse: greatest magnitude ``wmax``, ``taup`` and ``taum`` [steps], and the
    changes ``etap`` and ``etam`` for traces that a spike raises by 1. Weights are signed.
    """
    net, stdp = work.network, work.stdp
    arrays = {
        "tau": _time_constant(net.decay, net.fmt.decay_width),
        "t": work.events.t,
        "channel": work.events.address,
        "n_steps": np.array(work.events.n_steps[0]),
        "n_inputs": np.array(net.n_inputs),
        "inhibitory": net.inhibitory,
    }
    for name, rows, shift, first in (
        ("in", net.w_in, net.shift_in, 0),
        ("rec", net.w_rec, net.shift_rec, net.n_inputs),
    ):
        pre, post = rows.pre_idx, rows.col_idx
        lsb = 2.0 ** (shift[pre] + net.fmt.v_shift) / net.v_threshold[post]
        found = {"pre": pre, "post": post, "w": rows.weights * lsb}
        if stdp is not None:
            step = lsb * 2.0**-stdp.learn_shift
            change = step * stdp.trace_step * 2.0**-stdp.eta_shift
            found |= {
                "wmax": stdp.magnitude_max[first + pre] * step,
                "taup": _time_constant(stdp.decay_plus, stdp.decay_width)[first + pre],
                "taum": _time_constant(stdp.decay_minus, stdp.decay_width)[post],
                "etap": np.maximum(stdp.eta_plus[first + pre], 1) * change,
                "etam": stdp.eta_minus[post] * change,
            }
        arrays |= {f"{name}_{key}": value for key, value in found.items()}
    return arrays


def _time_constant(decay, width: int) -> np.ndarray:
    """Return the time constants of integer decays [steps]."""
    return -1 / np.log(decay / 2.0**width)
