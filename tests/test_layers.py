"""Imports follow the data-flow: a station imports what lies upstream of it, never downstream."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "hrsnn_edge": ROOT / "hrsnn_edge",
    "hrsnn_rtl": ROOT / "rtl/hrsnn_rtl",
    "hrsnn_sim": ROOT / "sim/hrsnn_sim",
    "hrsnn_boards": ROOT / "boards/hrsnn_boards",
}
#: Stations in the order of the data-flow; "core" is every module directly in `hrsnn_edge`.
ORDER = (
    "core",
    "data",
    "engine",
    "model",
    "analysis",
    "tune",
    "prune",
    "quantise",
    "reference",
    "artifact",
    "interchange",
    "hrsnn_rtl",
    "hrsnn_sim",
    "hrsnn_boards",
    "report",
    "flow",
    "reproduce",
    "study",
    "cli",
    "api",
)
#: The entry point, which may import anything.
ENTRIES = {"hrsnn_edge.__main__"}


def station(module: str) -> str:
    """Return the station of a dotted module name."""
    package, _, rest = module.partition(".")
    if package != "hrsnn_edge":
        return package
    name = rest.split(".")[0]
    return name if (PACKAGES[package] / name).is_dir() and name else "core"


def modules():
    """Yield the dotted name and the path of every module of the four packages."""
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            yield ".".join([package, *parts]).removesuffix(".__init__"), path


def imports(module: str, source: str):
    """Yield the line and the dotted name of every import of one of our packages."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = module.rsplit(".", node.level)[0]
            names = [f"{base}.{node.module}" if node.module else base]
        elif isinstance(node, ast.ImportFrom):
            # `from hrsnn_edge import quantise` imports a station, not a name.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.split(".")[0] in PACKAGES:
                yield node.lineno, name


def arrows_back(module: str, source: str) -> list[str]:
    """Return a line for every import of `module` that points downstream."""
    rank = ORDER.index(station(module))
    return [
        f"{module}:{line} imports {name}"
        for line, name in imports(module, source)
        if ORDER.index(station(name)) > rank
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_arrow_points_back(package):
    """No module imports a station downstream of its own."""
    found = []
    for module, path in modules():
        if module.split(".")[0] == package and module not in ENTRIES:
            found += arrows_back(module, path.read_text())
    assert not found, "\n".join(found)


def test_every_station_has_a_place():
    """Every package folder stands in the order above."""
    assert {station(module) for module, _ in modules()} <= set(ORDER)


@pytest.mark.parametrize(
    "line",
    [
        "from hrsnn_edge.quantise.convert import quantise",
        "from hrsnn_edge import quantise",
        "import hrsnn_rtl.lane",
        "def f():\n    from hrsnn_edge.artifact import io",
        "from ..reference import lif",
    ],
)
def test_an_arrow_back_is_found(line):
    """The test above does find an import that points downstream, in every form."""
    assert arrows_back("hrsnn_edge.model.train", line)
    assert not arrows_back("hrsnn_edge.cli.run", line.replace("..", "hrsnn_edge."))
