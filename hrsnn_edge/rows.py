"""Sparse connectivity: a row belongs to one presynaptic source and lists its targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrsnn_edge.frozen import freeze


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Sparse connectivity: row `i` holds the targets and weights of presynaptic source `i`.

    Attributes
    ----------
    row_ptr : (n_pre + 1,) int64
        Row `i` is ``col_idx[row_ptr[i]:row_ptr[i + 1]]``.
    col_idx : (nnz,) int32
        Postsynaptic neuron, strictly rising within a row.
    weights : (nnz,) float64 or int32
        Weight of each synapse.
    n_post : int
        Number of possible targets.
    """

    row_ptr: np.ndarray
    col_idx: np.ndarray
    weights: np.ndarray
    n_post: int

    def __post_init__(self):
        """Check the structure; weights are checked by the network that owns the rows."""
        freeze(self)
        if self.row_ptr.ndim != 1 or self.row_ptr.size < 1 or self.row_ptr[0] != 0:
            raise ValueError("Row pointer must be a vector that starts at 0")
        if np.any(np.diff(self.row_ptr) < 0) or self.row_ptr[-1] != self.col_idx.size:
            raise ValueError(
                f"Row pointer must rise to {self.col_idx.size}, not to {self.row_ptr[-1]}"
            )
        if self.weights.shape != self.col_idx.shape:
            raise ValueError(
                f"Weights must have the shape {self.col_idx.shape}, not {self.weights.shape}"
            )
        if self.col_idx.size:
            if self.col_idx.min() < 0 or self.col_idx.max() >= self.n_post:
                raise ValueError(f"Targets must be between 0 and {self.n_post - 1}")
            rising = np.diff(self.col_idx) > 0
            starts = self.row_ptr[1:-1]
            rising[starts[(starts > 0) & (starts < self.col_idx.size)] - 1] = True
            if not rising.all():
                raise ValueError("Targets must rise strictly within a row")

    @classmethod
    def from_dense(cls, matrix, mask=None) -> SparseRows:
        """Return the rows of a dense ``[pre, post]`` matrix; `mask` keeps chosen zeros."""
        matrix = np.asarray(matrix)
        keep = matrix != 0 if mask is None else np.asarray(mask, bool)
        pre, post = np.nonzero(keep)
        row_ptr = np.zeros(matrix.shape[0] + 1, np.int64)
        np.cumsum(np.bincount(pre, minlength=matrix.shape[0]), out=row_ptr[1:])
        return cls(row_ptr, post.astype(np.int32), matrix[pre, post], matrix.shape[1])

    @property
    def n_pre(self) -> int:
        """Number of rows."""
        return self.row_ptr.size - 1

    @property
    def nnz(self) -> int:
        """Number of synapses."""
        return self.col_idx.size

    @property
    def fan_out(self) -> np.ndarray:
        """Synapses of each row, (n_pre,) int64."""
        return np.diff(self.row_ptr)

    @property
    def fan_in(self) -> np.ndarray:
        """Synapses onto each target, (n_post,) int64."""
        return np.bincount(self.col_idx, minlength=self.n_post)

    @property
    def density(self) -> float:
        """Kept over possible synapses."""
        return self.nnz / max(1, self.n_pre * self.n_post)

    @property
    def pre_idx(self) -> np.ndarray:
        """Presynaptic source of each synapse, (nnz,) int32."""
        return np.repeat(np.arange(self.n_pre, dtype=np.int32), self.fan_out)

    def to_dense(self) -> np.ndarray:
        """Return the dense ``[pre, post]`` matrix."""
        out = np.zeros((self.n_pre, self.n_post), self.weights.dtype)
        out[self.pre_idx, self.col_idx] = self.weights
        return out

    def with_weights(self, weights) -> SparseRows:
        """Return the same connectivity with other weights, (nnz,)."""
        return SparseRows(self.row_ptr, self.col_idx, np.asarray(weights), self.n_post)

    def keep(self, mask) -> SparseRows:
        """Return the rows with only the synapses where `mask`, (nnz,) bool, is true."""
        mask = np.asarray(mask, bool)
        kept = np.concatenate([[0], np.cumsum(mask)])
        return SparseRows(
            kept[self.row_ptr].astype(np.int64), self.col_idx[mask], self.weights[mask], self.n_post
        )
