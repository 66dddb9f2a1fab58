"""The code version of a table: a hash of the module that measures it and all it imports.

The store's own hash covers the whole toolchain, so that a changed board would measure every
memory table again; this one covers what a figure can depend on.
"""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def code_version(module: str) -> str:
    """Return a hash of the sources of a module of this package and of all it imports, in order."""
    digest = hashlib.sha256()
    for name in sorted(import_closure(module)):
        digest.update(name.encode() + _path(name).read_bytes())
    return digest.hexdigest()


@lru_cache
def import_closure(module: str) -> frozenset[str]:
    """Return the modules of this package that a module reaches by imports, itself included."""
    found, pending = set(), [module]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += _imports(name)
    return frozenset(found)


def _imports(module: str) -> list[str]:
    """Return the modules of this package that one module imports, inside functions too."""
    root = PACKAGE.name
    out = []
    for node in ast.walk(ast.parse(_path(module).read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == root:
            out += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            out += [alias.name for alias in node.names if alias.name.split(".")[0] == root]
    return [name for name in out if _path(name).is_file()]


def _path(module: str) -> Path:
    """Return the file of a module or package; it need not exist."""
    base = PACKAGE.parent.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
