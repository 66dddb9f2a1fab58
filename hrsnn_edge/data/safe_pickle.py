"""Reading a pickle that a stranger made: arrays, containers and numbers, and nothing that runs.

A pickle is a program; the standard loader would call whatever it names. This one knows the three
functions that rebuild a NumPy array and refuses every other name before it is looked up.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from typing import Any

import numpy as np

from hrsnn_edge.errors import DataError

#: NumPy's own function for it, whatever its module is called in this version.
_reconstruct = np.empty(0).__reduce__()[0]
#: What a pickled array of any NumPy version names.
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _Reader(pickle.Unpickler):
    """A loader that finds only the names in `_ALLOWED`."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what rebuilds an array; refuse every other name."""
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise DataError(f"must hold arrays and numbers only, not {module}.{name}") from None


def load_pickle(data: bytes, what: str) -> Any:
    """Return the value of a pickle; Python 2 strings come as bytes.

    Raises
    ------
    DataError
        It is cut short or damaged, or names anything but NumPy arrays; `what` names the file.
    """
    try:
        for opcode, argument, _ in pickletools.genops(data):
            # The reader would reserve, and clear, memory for every number below this one.
            if "PUT" in opcode.name and argument > len(data):
                raise ValueError(f"memo number {argument}")
        return _Reader(io.BytesIO(data), encoding="bytes").load()
    except DataError as error:
        raise DataError(f"{what}: {error}. Nothing of it was run; do not trust it.") from None
    except Exception as error:
        # Damaged bytes make the reader raise almost anything.
        raise DataError(f"{what}: must be a whole pickle ({error}).") from error
