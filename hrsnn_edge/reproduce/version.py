"""The code version of a table: a hash of the module that measures it and all it computes with.

The store's own hash covers the whole toolchain, so that a changed board would measure every
memory table again; this one covers what a figure can depend on: not comments, docstrings,
messages or how files are kept.
"""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
#: Modules and packages that no figure depends on.
EDGES = ("errors", "files", "parallel", "tools", "flow", "cli", "reproduce.table")


def code_version(module: str) -> str:
    """Return a hash of the code of a module of this package and of all it computes with."""
    digest = hashlib.sha256()
    for name in sorted(import_closure(module)):
        digest.update(f"{name}\n{bare_code(_path(name).read_text())}".encode())
    return digest.hexdigest()


def bare_code(source: str) -> str:
    """Return the syntax tree of a source without docstrings, as text."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() if ast.get_docstring(node):
                node.body = node.body[1:]
    return ast.dump(tree)


@lru_cache
def import_closure(module: str) -> frozenset[str]:
    """Return the modules that a module reaches by imports, itself included, without `EDGES`."""
    found, pending = set(), [module]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += [other for other in _imports(name) if not _is_edge(other)]
    return frozenset(found)


def _is_edge(module: str) -> bool:
    """Return whether a module is one of `EDGES` or inside one."""
    names = (f"{PACKAGE.name}.{edge}" for edge in EDGES)
    return any(module == name or module.startswith(f"{name}.") for name in names)


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
