"""Convolutions and poolings as sparse matrices and index lists over flattened images."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Windows:
    """How a window walks over an image: one value each for every spatial axis.

    Attributes
    ----------
    shape : tuple of int
        Channels and size of the image.
    kernel, strides, dilations : tuple of int
        Size, step and spread of the window.
    before, after : tuple of int
        Padding.
    """

    shape: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def out(self) -> tuple[int, ...]:
        """Number of windows along each axis."""
        axes = zip(
            self.shape[1:], self.kernel, self.strides, self.dilations, self.before, self.after,
            strict=True,
        )  # fmt: skip
        return tuple((n + b + a - d * (k - 1) - 1) // s + 1 for n, k, s, d, b, a in axes)

    def index(self) -> np.ndarray:
        """Return the pixel in each place of each window, (windows, places); -1 in the padding."""
        pixels = np.zeros((prod(self.out), prod(self.kernel)), np.int64)
        inside = np.ones(pixels.shape, bool)
        windows = np.unravel_index(np.arange(len(pixels)), self.out)
        places = np.unravel_index(np.arange(pixels.shape[1]), self.kernel)
        for axis, size in enumerate(self.shape[1:]):
            at = windows[axis][:, None] * self.strides[axis] - self.before[axis]
            at = at + places[axis] * self.dilations[axis]
            inside &= (at >= 0) & (at < size)
            pixels = pixels * size + at
        return np.where(inside, pixels, -1)


def conv_matrix(windows: Windows, weight, group: int = 1) -> sparse.csr_array:
    """Return the (pixels, outputs) matrix of a convolution, images and outputs channels first.

    Parameters
    ----------
    weight : (outputs, channels / group, *kernel) float
        As ONNX and NIR have it.
    """
    index, area = windows.index(), prod(windows.shape[1:])
    n_windows, n_out = len(index), weight.shape[0]
    flat = weight.reshape(n_out, weight.shape[1], -1)
    window, place = np.nonzero(index >= 0)
    pixel = index[window, place]
    pre, post, values = [], [], []
    for o in range(n_out):
        first = o // (n_out // group) * weight.shape[1]
        for c in range(weight.shape[1]):
            pre.append((first + c) * area + pixel)
            post.append(o * n_windows + window)
            values.append(flat[o, c, place])
    shape = (windows.shape[0] * area, n_out * n_windows)
    entries = (np.concatenate(pre), np.concatenate(post))
    return sparse.csr_array((np.concatenate(values), entries), shape)


def mean_matrix(windows: Windows, *, count_padding: bool) -> sparse.csr_array:
    """Return the (pixels, outputs) matrix of an average pooling."""
    channels, places = windows.shape[0], prod(windows.kernel)
    ones = np.ones((channels, 1, *windows.kernel))
    matrix = conv_matrix(windows, ones, channels)
    if count_padding:
        return matrix / places
    return sparse.csr_array(matrix @ sparse.diags_array(1 / matrix.sum(axis=0)))


def pool_index(windows: Windows) -> np.ndarray:
    """Return the pixels of each window and channel, (outputs, places).

    A place in the padding repeats a pixel of its window, which changes no maximum.
    """
    index = windows.index()
    first = index.max(axis=1, keepdims=True)
    index = np.where(index >= 0, index, first)
    area = prod(windows.shape[1:])
    return np.concatenate([index + c * area for c in range(windows.shape[0])])
