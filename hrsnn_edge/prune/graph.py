"""Operations on a network as a graph: remove neurons, add synapses, measure its eigenvectors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, laplacian

from hrsnn_edge.engine.float_run import floor_of
from hrsnn_edge.model.centrality import adjacency
from hrsnn_edge.network import FloatNetwork, SparseRows

#: Eigenvectors at either end of the spectrum of the Laplacian whose localisation is reported.
N_END_MODES = 10


def keep_targets(rows: SparseRows, keep: np.ndarray) -> SparseRows:
    """Return the rows onto the targets where `keep`, (n_post,) bool, numbered anew from 0."""
    kept = rows.keep(keep[rows.col_idx])
    number = np.cumsum(keep) - 1
    targets = number[kept.col_idx].astype(np.int32)
    return SparseRows(kept.row_ptr, targets, kept.weights, int(keep.sum()))


def keep_nodes(rows: SparseRows, keep: np.ndarray) -> SparseRows:
    """Return square rows among the nodes where `keep`, (N,) bool, numbered anew from 0."""
    kept = keep_targets(rows.keep(keep[rows.pre_idx]), keep)
    row_ptr = np.concatenate([[0], np.cumsum(kept.fan_out[keep])]).astype(np.int64)
    return SparseRows(row_ptr, kept.col_idx, kept.weights, kept.n_post)


def keep_neurons(network: FloatNetwork, keep: np.ndarray) -> FloatNetwork:
    """Return the network of the neurons where `keep`, (N,) bool, in their old order.

    All their parameters and the synapses among them stay; the readout, which read the removed
    neurons too, is dropped.
    """
    keep = np.asarray(keep, bool)
    if keep.shape != (network.n_neurons,):
        raise ValueError(f"Mask must have {network.n_neurons} values, not shape {keep.shape}")
    names = ("inhibitory", "tau_mem", "v_threshold", "v_reset", "refractory_steps")
    return replace(
        network,
        w_in=keep_targets(network.w_in, keep),
        w_rec=keep_nodes(network.w_rec, keep),
        v_floor=floor_of(network)[keep],
        readout=None,
        **{
            name: values[keep]
            for name in (*names, "cluster", "tau_syn")
            if (values := getattr(network, name)) is not None
        },
    )


def insert(rows: SparseRows, pre: np.ndarray, post: np.ndarray, weights: np.ndarray) -> SparseRows:
    """Return the rows with more synapses, which must not be there yet."""
    all_pre, all_post = np.append(rows.pre_idx, pre), np.append(rows.col_idx, post)
    order = np.lexsort((all_post, all_pre))
    row_ptr = np.zeros(rows.n_pre + 1, np.int64)
    np.cumsum(np.bincount(all_pre.astype(np.int64), minlength=rows.n_pre), out=row_ptr[1:])
    values = np.append(rows.weights, weights)[order]
    return SparseRows(row_ptr, all_post[order].astype(np.int32), values, rows.n_post)


def weak_components(rows: SparseRows) -> tuple[int, np.ndarray]:
    """Return the number of weakly connected components and that of each node, (N,)."""
    return connected_components(adjacency(rows), directed=True, connection="weak")


@dataclass(frozen=True)
class Ipr:
    """Mean inverse participation ratio of the Laplacian's eigenvectors: 1/N spread, 1 localised.

    Attributes
    ----------
    slow, top : float
        Over the 10 least non-trivial eigenvalues, and the 10 greatest.
    mean : float or None
        Over all; None where only the two ends were computed.
    """

    slow: float
    top: float
    mean: float | None


def inverse_participation(vectors: np.ndarray) -> np.ndarray:
    """Return ``sum v**4 / (sum v**2)**2`` of each column of `vectors`, (N, k)."""
    squared = vectors**2
    return (squared**2).sum(axis=0) / squared.sum(axis=0) ** 2


def largest_component(rows: SparseRows) -> csr_array:
    """Return the undirected 0/1 matrix of the largest weak component, without self-connections."""
    _, label = weak_components(rows)
    largest = label == np.bincount(label).argmax()
    if largest.sum() < 2:
        raise ValueError("Graph must have an edge between two nodes for a spectrum, not none")
    one_way = adjacency(keep_nodes(rows, largest))
    both = ((one_way + one_way.T) > 0).astype(float)
    both.setdiag(0)
    return both


def laplacian_ipr(rows: SparseRows) -> Ipr:
    """Return the localisation of the undirected, unweighted graph's largest component.

    Dense eigenvectors, ``O(N**3)``: 0.3 s at N = 1,000 on one core. Degenerate eigenvalues have
    no unique vectors, so the ratios of a highly symmetric graph depend on the library.
    """
    both = largest_component(rows)
    _, vectors = np.linalg.eigh(laplacian(both).toarray())
    ratios = inverse_participation(vectors)
    return Ipr(
        slow=float(ratios[1 : 1 + N_END_MODES].mean()),
        top=float(ratios[1:][-N_END_MODES:].mean()),
        mean=float(ratios.mean()),
    )
