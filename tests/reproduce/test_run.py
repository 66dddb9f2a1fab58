import json
from dataclasses import dataclass

import numpy as np
import pytest

from hrsnn_edge.errors import DataError, TrainingError
from hrsnn_edge.flow.store import Store
from hrsnn_edge.reproduce.page import gate_list, section, update, write_plots
from hrsnn_edge.reproduce.plot import strip_range
from hrsnn_edge.reproduce.registry import ORDER, select
from hrsnn_edge.reproduce.run import local_place, measure_table
from hrsnn_edge.reproduce.table import Gate, Metric, Plot, Published, Row, Table


@dataclass(frozen=True)
class Sizes:
    n: int = 3


def measure(seed, settings, place):
    """Two rows, one that is missing, and a mark in the data folder for each call."""
    with (place.data / "calls").open("a") as f:
        f.write(f"{seed}\n")
    if (place.data / "broken").exists() and seed == 1:
        raise TrainingError("Network must fire, not stay silent")
    base = float(seed + settings.n)
    return [
        Row("a", {"score": base}, x=1.0, y=1.0, series="s"),
        Row("b", {"score": base + 1, "rate": np.nan}, "a", x=10.0, y=1.0, series="s"),
        Row("c", missing="needs the extra [backprop]"),
    ]


def toy(**changes):
    """A table of the function above."""
    settings = {
        "name": "toy",
        "title": "a toy",
        "shows": "Nothing.",
        "measure": measure,
        "scaled": Sizes(),
        "full": Sizes(5),
        "metrics": (Metric("score", "score", "more"), Metric("rate", "rate [Hz]")),
        "published": {("a", "score"): (Published(3.5, "A", 0.5, "KTH"),)},
        "gates": (
            Gate("G1", "b over a", lambda c: ((c("b", "score") > c("a", "score")).all(), "1")),
            Gate("G10", "only reported", lambda c: (None, "nothing")),
        ),
        "plots": (Plot("strip", "score"), Plot("curve", "score", "n", log_x=True)),
    }  # fmt: skip
    return Table(**settings | changes)


@pytest.fixture
def place(tmp_path):
    return local_place(tmp_path, Store(tmp_path / "store"))


def calls(place):
    return (place.data / "calls").read_text().split()


def test_a_seed_is_measured_once(place):
    """A seed that is in the store is not measured again; other settings are."""
    measure_table(toy(), [0, 1], place, jobs=1)
    result = measure_table(toy(), [0, 1, 2], place, jobs=1)
    assert calls(place) == ["0", "1", "2"]
    assert result.column("b", "score").tolist() == [4.0, 5.0, 6.0]
    measure_table(toy(), [0], place, full=True, jobs=1)
    assert calls(place) == ["0", "1", "2", "0"]


def test_a_failed_seed_loses_no_other(place):
    """What was measured before a failure is there for the next run."""
    (place.data / "broken").touch()
    with pytest.raises(TrainingError):
        measure_table(toy(), [0, 1], place, jobs=1)
    (place.data / "broken").unlink()
    measure_table(toy(), [0, 1], place, jobs=1)
    assert calls(place) == ["0", "1", "1"]


def test_result_as_plain_values(place):
    """JSON holds means, pairs, published numbers and verdicts, and no NaN."""
    found = measure_table(toy(), [0, 1], place, jobs=1).to_dict()
    json.dumps(found, allow_nan=False)
    a, b, c = found["rows"]
    assert a["figures"]["score"]["mean"] == 3.5 and a["published"]["score"][0]["confidence"] == "A"
    assert b["versus"]["figures"]["score"]["wins"] == 2
    assert b["figures"]["rate"]["mean"] is None
    assert c["missing"].startswith("needs") and not c["figures"]
    assert [g["passed"] for g in found["gates"]] == [True, None]


def test_missing_data_file(place):
    """A table whose data set is not there names the file and the remedy."""
    with pytest.raises(DataError, match=r"x\.npz: must be there for table 'toy'. Set HRSNN_DATA"):
        measure_table(toy(files=("x.npz",)), [0], place, jobs=1)


def test_wrong_seeds(place):
    """No seed, or one twice, is refused."""
    for seeds in ([], [1, 1]):
        with pytest.raises(ValueError, match="Seeds must be at least 1 and all different"):
            measure_table(toy(), seeds, place)


def test_section_and_plots(place):
    """A section says verdicts, means, published numbers and pairs; the plots are whole files."""
    result = measure_table(toy(), [0, 1], place, jobs=1)
    links = write_plots(result, place.data / "results.md")
    text = section(result, "hrsnn reproduce toy", links)
    assert "* **G1: pass** b over a: 1" in text
    assert "| a | 3.50 ± 0.71 [3.5 ± 0.5 KTH A] | - |" in text
    assert "| b | a | +1.00, x1.29, 2/2 |" in text
    assert "| c: needs the extra [backprop] |  |  |" in text
    for link in links:
        svg = (place.data / link).read_text()
        assert svg.startswith("<svg xmlns") and svg.rstrip().endswith("</svg>")
        assert "nan" not in svg


@pytest.mark.parametrize(
    ("values", "ends"),
    [([70.0, 90.0], (69.0, 91.0)), ([10.0, 30.0], (0.0, 31.0)), ([-2.0, 2.0], (-2.0, 2.2))],
)
def test_strips_begin_at_zero_unless_far_from_it(values, ends):
    """Far from zero a twentieth of the span is left at either end."""
    assert strip_range(np.array(values)) == pytest.approx(ends)


def test_map_as_matrix(place):
    """A map is printed as a matrix, the greatest y on top."""
    only = toy(plots=(Plot("map", "score", "n", "m"),), gates=())
    text = section(measure_table(only, [0, 1], place, jobs=1), "hrsnn reproduce toy")
    assert "| score; m down, n across | 1 | 10 |" in text
    assert "| 1 | 3.50 | 4.50 |" in text


def test_page_keeps_other_sections(tmp_path):
    """A section replaces the one of its name; the order is that of the tables."""
    page = tmp_path / "results.md"
    update(page, {"b": "## b: two\n\n* **G10: fail** x: y\n"}, ["a", "b"])
    update(page, {"a": "## a: one\n\n* **G2: pass** x: y\n"}, ["a", "b"])
    update(page, {"b": "## b: new\n\n* **G10: pass** x: z\n"}, ["a", "b"])
    text = page.read_text()
    assert "two" not in text and text.index("## a: one") < text.index("## b: new")
    assert text.index("| G2 | pass | a | x: y |") < text.index("| G10 | pass | b | x: z |")
    assert text.count("# Results") == 1
    assert gate_list("nothing") == ""


def test_page_of_another_version_is_refused(tmp_path):
    """A section that no table has is not lost silently, and the page stays as it was."""
    page = tmp_path / "results.md"
    update(page, {"new": "## new: three\n"}, ["a", "new"])
    before = page.read_bytes()
    with pytest.raises(DataError, match="tables of this version, not new. Remove them"):
        update(page, {"a": "## a: one\n"}, ["a", "b"])
    assert page.read_bytes() == before


def test_names_and_gates_mean_tables():
    """A gate means the tables that decide it; a wrong name is answered with the nearest."""
    assert [t.name for t in select(["G2"])] == ["stdp"]
    assert [t.name for t in select(["G7"])] == ["V"]
    assert [s.name for s in select(["all"])] == list(ORDER)
    with pytest.raises(ValueError, match="not 'memmory'. Did you mean 'memory'"):
        select(["memmory"])
