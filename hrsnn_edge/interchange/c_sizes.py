"""What an exported C model takes on small processors."""

from __future__ import annotations

from collections.abc import Mapping

from hrsnn_edge.embedded import TARGETS, compiled_sizes
from hrsnn_edge.errors import ToolMissingError


def model_sizes(files: Mapping[str, str], name: str) -> list[dict[str, str | int]]:
    """Return code with tables, and state, of a model on every processor of `TARGETS` [bytes].

    Without the compiler the list is empty.
    """
    probe = {f"{name}.h": files[f"{name}.h"], "probe.c": f'#include "{name}.h"\n{name}_t state;\n'}
    rows: list[dict[str, str | int]] = []
    try:
        for target in TARGETS:
            code, data = compiled_sizes(files, f"{name}.c", target)
            _, state = compiled_sizes(probe, "probe.c", target)
            rows.append({"target": target, "code_bytes": code, "state_bytes": data + state})
    except ToolMissingError:
        return []
    return rows
