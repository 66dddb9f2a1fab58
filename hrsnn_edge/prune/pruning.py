"""The prune station: a network and a target sparsity in, a sparser network and a record out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order
from threadpoolctl import threadpool_limits

from hrsnn_edge.errors import PruneError
from hrsnn_edge.network import FloatNetwork, SparseRows
from hrsnn_edge.prune.baselines import keep_largest, keep_random
from hrsnn_edge.prune.draw import keep_count
from hrsnn_edge.prune.record import MAX_FACTOR, METHODS, PROJECTIONS, LnpConfig, PruneRecord
from hrsnn_edge.prune.synapses import choose_synapses, effective, input_power

_logger = logging.getLogger(__name__)


def prune(
    network: FloatNetwork,
    method: str,
    sparsity: float | Mapping[str, float],
    seed: int,
    projections: Sequence[str] = ("rec",),
    *,
    config: LnpConfig | None = None,
    preserve_input: bool = False,
    activity: Mapping[str, np.ndarray] | None = None,
    current: np.ndarray | None = None,
) -> tuple[FloatNetwork, PruneRecord]:
    """Return the network with exactly ``round(nnz * (1 - sparsity))`` synapses a projection.

    Without `activity` no data is used. Readout and thresholds are to be fitted again by the
    caller; the readout of `network` is dropped.

    Parameters
    ----------
    network : FloatNetwork
        Trained or not.
    method : str
        ``'lnp'`` (Lyapunov noise pruning, step I), ``'magnitude'`` or ``'uniform'`` (random).
    sparsity : float or mapping
        Share of the synapses to remove, 0 .. 1: of each of the `projections`, or by projection,
        as ``{"rec": 0.95, "in": 0.5}``, which then stands for `projections` too.
    seed : int
        Of every draw; the same seed gives the same network.
    projections : sequence of str
        ``'rec'`` and/or ``'in'``. Lyapunov noise pruning is defined on the recurrent graph; with
        it the input projection is pruned by magnitude in the same share.
    config : LnpConfig or None
        Settings of ``lnp``.
    preserve_input : bool
        Multiply the surviving weights of each projection by one factor, at most `MAX_FACTOR`,
        so that the mean absolute input of the neurons stays what it was.
    activity : mapping or None
        For a projection, the mean events per step of its sources, as `source_activity` gives
        them. Magnitudes are then ``|w| * sqrt(activity)``, the r.m.s. input over a synapse, and
        `preserve_input` weighs sources by it. Inputs want it: a rarely active channel makes
        homeostasis lower its targets' thresholds, so plain magnitude keeps the silent channels.
    current : (N,) float64 or None
        See `input_power`; for ``lnp`` with ``noise='input'``.

    Returns
    -------
    pruned, record : FloatNetwork, PruneRecord

    Raises
    ------
    PruneError
        When there is nothing to prune, or no input would reach any neuron.

    Notes
    -----
    Weights are compared as *effective* weights, ``gain * w / v_threshold`` of the target: scaling
    a neuron's threshold, reset, floor and incoming weights alike changes nothing it does, and so
    must not change what is pruned.
    """
    config, activity = config or LnpConfig(), activity or {}
    if isinstance(sparsity, Mapping):
        shares = {name: float(share) for name, share in sparsity.items()}
    else:
        shares = dict.fromkeys(projections, float(sparsity))
    _check_call(network, method, shares)
    sizes = [getattr(network, f"w_{name}").nnz for name in shares]
    overall = float(np.average(list(shares.values()), weights=sizes))
    rng = np.random.default_rng(seed)
    pruned, rounds = replace(network, readout=None), ()
    if "rec" in shares:
        if method == "lnp":
            pruned, rounds = _lnp(pruned, shares["rec"], rng, config, activity, current)
        else:
            pruned = _cut(pruned, "rec", method, shares["rec"], activity, rng)
    if "in" in shares:
        by = "magnitude" if method == "lnp" else method
        pruned = _cut(pruned, "in", by, shares["in"], activity, rng)
    factors = dict.fromkeys(shares, 1.0)
    if preserve_input:
        pruned, factors = restore_input(network, pruned, shares, activity)
    record = PruneRecord(
        method,
        overall,
        shares,
        seed,
        {
            name: (getattr(network, f"w_{name}").nnz, getattr(pruned, f"w_{name}").nnz)
            for name in PROJECTIONS
        },
        factors,
        rounds,
        (n_unreachable(network), n_unreachable(pruned)),
    )
    report_paths(record, network.n_neurons)
    return pruned, record


def n_unreachable(network: FloatNetwork) -> int:
    """Return how many neurons no input channel reaches over any number of synapses."""
    n, k = network.n_neurons, network.n_inputs
    # One more node, the source of all channels, in front of the channels and the neurons.
    pre = [np.zeros(k), 1 + network.w_in.pre_idx, 1 + k + network.w_rec.pre_idx]
    post = [1 + np.arange(k), 1 + k + network.w_in.col_idx, 1 + k + network.w_rec.col_idx]
    edges = (np.concatenate(pre).astype(np.int64), np.concatenate(post).astype(np.int64))
    graph = coo_array((np.ones(edges[0].size), edges), (1 + k + n, 1 + k + n)).tocsr()
    reached = breadth_first_order(graph, 0, return_predecessors=False)
    return n - int((reached > k).sum())


def _check_call(network: FloatNetwork, method: str, projections: Sequence[str]) -> None:
    """Raise for a wrong method, wrong projections, or a projection without synapses."""
    if method not in METHODS:
        raise ValueError(f"Method must be one of {', '.join(METHODS)}, not {method!r}")
    if not projections or set(projections) - set(PROJECTIONS):
        raise ValueError(f"Projections must be among {PROJECTIONS}, not {tuple(projections)}")
    for name in projections:
        if getattr(network, f"w_{name}").nnz == 0:
            raise PruneError(
                f"w_{name} must have synapses to prune, not 0. Leave it out of the projections."
            )


def _cut(
    network: FloatNetwork, projection: str, method: str, sparsity: float, activity, rng
) -> FloatNetwork:
    """Return the network with one projection pruned by magnitude or at random."""
    rows = effective(network, projection)
    count = keep_count(rows.nnz, sparsity)
    if method == "magnitude":
        drive = np.abs(rows.weights) * np.sqrt(_activity_of(rows, activity, projection))
        mask = keep_largest(drive, count, rng)
    else:
        mask = keep_random(rows.nnz, count, rng)
    name = f"w_{projection}"
    return replace(network, **{name: getattr(network, name).keep(mask)})


def _activity_of(rows: SparseRows, activity, projection: str) -> np.ndarray:
    """Return the activity of the source of each synapse, (nnz,); 1 where none is given."""
    values = np.asarray(activity.get(projection, np.ones(rows.n_pre)), float)
    if values.shape != (rows.n_pre,) or not (values >= 0).all():
        raise ValueError(
            f"Activity of {projection!r} must be {rows.n_pre} values of at least 0, "
            f"not {values.shape}"
        )
    if not values.any():
        raise PruneError(
            f"Activity of {projection!r} must be above 0 at a source, not 0 at all {rows.n_pre}: "
            f"the network is silent. Raise its input or its rates first."
        )
    return values[rows.pre_idx]


# One BLAS thread: the same seed must draw the same edges on any machine's number of cores.
@threadpool_limits.wrap(limits=1, user_api="blas")
def _lnp(network: FloatNetwork, sparsity: float, rng, config: LnpConfig, activity, current):
    """Return the network after all rounds of Lyapunov noise pruning, and the rounds."""
    n_edges, goal = network.w_rec.nnz, keep_count(network.w_rec.nnz, sparsity)
    factor = np.ones(n_edges)
    noise = None
    if config.noise == "input":
        noise = input_power(network, activity, current, config.unit)
    rounds, unit = [], None
    for k in range(1, config.rounds + 1):
        before = network.w_rec.nnz
        count = (
            goal if k == config.rounds else round(n_edges * (goal / n_edges) ** (k / config.rounds))
        )
        if count == before or before == 0:
            continue
        choice = choose_synapses(network, count, rng, config, noise, unit)
        mask, unit = choice.mask, choice.unit
        factor = factor[mask] / choice.probabilities[mask]
        network = replace(network, w_rec=network.w_rec.keep(mask))
        rounds.append(choice.record)
    if config.weights == "rescale":
        weights = network.w_rec.weights * np.minimum(factor, MAX_FACTOR)
        network = replace(network, w_rec=network.w_rec.with_weights(weights))
    return network, tuple(rounds)


def restore_input(
    before: FloatNetwork,
    after: FloatNetwork,
    projections: Iterable[str],
    activity: Mapping[str, np.ndarray],
) -> tuple[FloatNetwork, dict[str, float]]:
    """Return a pruned network with the mean absolute input of a neuron restored, and the factors.

    One factor a projection, at most `MAX_FACTOR`; neurons may have been removed.
    """
    size_ratio = after.n_neurons / before.n_neurons
    factors = {}
    for name in projections:
        drives = []
        for net in (before, after):
            rows = effective(net, name)
            drives.append(np.abs(rows.weights) @ _activity_of(rows, activity, name))
        factors[name] = (
            float(min(MAX_FACTOR, drives[0] / drives[1] * size_ratio)) if drives[1] else 1.0
        )
        rows = getattr(after, f"w_{name}")
        after = replace(after, **{f"w_{name}": rows.with_weights(rows.weights * factors[name])})
    return after, factors


def report_paths(record: PruneRecord, n_neurons: int) -> None:
    """Say which neurons lost their input; raise `PruneError` if all did."""
    before, after = record.unreachable
    if after == n_neurons > before:
        raise PruneError(
            f"Some input must reach a neuron at sparsity {_shares(record)}, not none. "
            f"Lower the sparsity, or leave the input projection out."
        )
    if after > before:
        _logger.warning(
            "Pruning to sparsity %s leaves %d of %d neurons that no input reaches (%d before)",
            _shares(record),
            after,
            n_neurons,
            before,
        )


def _shares(record: PruneRecord) -> str:
    """Return the sparsities in words."""
    return ", ".join(f"{share:g} ({name})" for name, share in record.shares.items())
