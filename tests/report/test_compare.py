"""A comparison names every figure that differs, by how much, and nothing else."""

import doctest
import re

import pytest

from hrsnn_edge.report import compare as module
from hrsnn_edge.report.compare import (
    GROUPS,
    Difference,
    accuracy_margin,
    compare,
    compare_table,
)
from hrsnn_edge.report.html import render_comparison
from hrsnn_edge.report.record import RunRecord
from hrsnn_edge.report.view import TIMES
from tests.report.demo import demo_record, failed_record
from tests.report.test_html import EMPTY, Page

MINUS = "\N{MINUS SIGN}"


def changed_record() -> RunRecord:
    """Return the demo with another setting, accuracy, count and board."""
    full = demo_record(settings={"prune.sparsity": 0.9, "build.lanes": 2})
    accuracy = full.accuracy.model_copy(update={"test": full.accuracy.test | {"integer": 0.9194}})
    board = full.boards["ULX3S-85F"].model_copy(update={"fmax_mhz": 100.0})
    return full.model_copy(
        update={
            "accuracy": accuracy,
            "work": full.work.model_copy(update={"pruned": full.work.unpruned}),
            "boards": full.boards | {"ULX3S-85F": board},
        }
    )


BASE = demo_record(settings={"prune.sparsity": 0.8, "build.lanes": 2})


def rows(comparison) -> dict[str, Difference]:
    return {row.name: row for row in comparison.changed}


@pytest.mark.parametrize("record", [BASE, failed_record(), EMPTY], ids=["full", "failed", "empty"])
def test_a_run_equals_itself(record):
    """Two equal records differ in nothing."""
    found = compare(record, record)
    assert found.changed == ()
    assert found.to_json()["n_same"] == len(found.rows) > 0
    assert "0 differ" in compare_table(found)


def test_changes_by_hand():
    """Settings, accuracy, counts and boards are found with their differences."""
    found = rows(compare(BASE, changed_record()))
    assert (found["prune.sparsity"].a, found["prune.sparsity"].b) == (0.8, 0.9)
    assert "build.lanes" not in found
    assert found["Network in integers, pruned"].words == f"{MINUS}5.0 points"
    # 1,714,176 and 9,216,000 recurrent operations over 360 samples.
    assert found["R→R, recurrent"].delta == pytest.approx((9_216_000 - 1_714_176) / 360)
    assert found["R→R, recurrent"].ratio == pytest.approx(9_216_000 / 1_714_176)
    assert found["ULX3S-85F: fmax [MHz]"].words == f"{MINUS}18.4 (0.845{TIMES})"
    assert not any(name.startswith("iCEBreaker") for name in found)


def test_a_verdict_that_turned_red_is_a_change():
    """A mismatch, a lost board and a resource of a board that is gone are rows."""
    found = rows(compare(BASE, failed_record()))
    assert (found["cosim"].a, found["cosim"].b) == ("equal", "2 mismatches")
    assert (found["engine"].a, found["engine"].b) == ("equal", None)
    assert found["iCEBreaker: verdict"].b == "does not fit"
    assert found["iCEBreaker: ICESTORM_LC"].delta == 9000 - 2310


@pytest.mark.parametrize("pair", [(BASE, changed_record()), (EMPTY, BASE), (BASE, EMPTY)])
def test_every_change_stands_in_table_and_page(pair):
    """The terminal table and the page hold the same rows; the page is well formed and alone."""
    found = compare(*pair, ("a<b>", "b&c"))
    table, html = compare_table(found), render_comparison(found)
    page = Page(html)
    for row in found.changed:
        assert row.name in table
    assert html.count("<tr>") == len(found.rows) + sum(
        any(row.changed for row in found.group(name)) for name in GROUPS
    )
    assert not re.search(r"https?:|url\(|<script|<img|a<b>", html)
    assert {href.removeprefix("#") for href in page.values("href")} <= set(page.values("id"))
    assert render_comparison(compare(*pair, ("a<b>", "b&c"))) == html


def test_margin_by_hand():
    """100 sqrt(0.9 * 0.1 / 100) = 3.0 points."""
    record = demo_record(
        accuracy={"test": {"integer": 0.9}},
        data=demo_record().data.model_copy(update={"n_test": 100}),
    )
    assert "at most 3.0 points" in accuracy_margin(compare(record, record))
    assert accuracy_margin(compare(EMPTY, EMPTY)) == ""


def test_examples_in_the_docstrings():
    """The examples of the docstrings hold."""
    assert doctest.testmod(module).failed == 0
