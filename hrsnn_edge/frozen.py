"""Arrays of frozen dataclasses: made read-only on construction."""

from __future__ import annotations

from dataclasses import fields

import numpy as np


def freeze(obj) -> None:
    """Make every array field of a frozen dataclass read-only and contiguous."""
    for f in fields(obj):
        value = getattr(obj, f.name)
        if isinstance(value, np.ndarray):
            value = np.ascontiguousarray(value)
            value.flags.writeable = False
            object.__setattr__(obj, f.name, value)
