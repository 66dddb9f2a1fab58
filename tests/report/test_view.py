"""The rows of the report, worked by hand."""

import doctest

import pytest

from hrsnn_edge.network import Counts
from hrsnn_edge.report import view
from hrsnn_edge.report.record import Accuracy, BoardResult, RunRecord, Work
from hrsnn_edge.report.view import (
    accuracy_rows,
    accuracy_scale,
    board_words,
    quantise_errors,
    sop_summary,
    work_rows,
)
from tests.report.demo import demo_record

EMPTY = RunRecord(name="n", command="c", seed=0, created="t")


def test_examples():
    """The examples in the docstrings are right."""
    assert doctest.testmod(view).failed == 0


def test_sop_ratio_by_hand():
    """(6 + 14) / 2 SOPs before, (6 + 2) / 2 after: 2.5 times fewer; the readout is apart."""
    work = Work(
        n_inferences=2,
        unpruned=Counts(sop_in=6, sop_rec=14, sop_out=99),
        pruned=Counts(sop_in=6, sop_rec=2, sop_out=7),
    )
    assert sop_summary(work) == {"unpruned": 10.0, "pruned": 4.0, "ratio": 2.5}
    assert [row.label for row in work_rows(work)][:2] == ["SOPs, I→R and R→R", "I→R, input"]
    assert work_rows(work)[2].ratio == 7.0


def test_ratio_without_the_unpruned_network_is_unknown():
    """What was not measured is None, and so is a ratio to nothing."""
    assert sop_summary(Work(n_inferences=1, pruned=Counts(sop_in=3)))["ratio"] is None
    silent = Work(n_inferences=1, pruned=Counts(), unpruned=Counts(sop_in=3))
    assert sop_summary(silent)["ratio"] is None


def test_accuracy_scale_starts_on_five_per_cent_below():
    """The axis starts below the least value and ends at 1, also at the ends of the range."""
    for least, low in ((0.947, 0.9), (0.95, 0.9), (0.03, 0.0), (1.0, 0.95)):
        record = EMPTY.model_copy(update={"accuracy": Accuracy(test={"float": least})})
        assert accuracy_scale(record) == (pytest.approx(low), 1.0)


def test_accuracy_rows_follow_the_flow():
    """Baselines come first and are marked; places lie on the axis."""
    rows = accuracy_rows(demo_record())
    assert [row.is_network for row in rows] == [False, False, True, True, True, True]
    assert rows[0].place == pytest.approx((0.964 - 0.9) / 0.1)
    assert rows[2].sd == 0.006 and rows[0].sd is None


def test_board_words():
    """A design slower than the board's clock does not pass."""
    assert (
        board_words(BoardResult(fits=True, fmax_mhz=20, clock_mhz=24)) == "too slow for its clock"
    )
    assert board_words(BoardResult(fits=True, fmax_mhz=24, clock_mhz=24)) == "fits, timing met"
    assert board_words(BoardResult(fits=True)) == "fits"


def test_quantisation_errors_share_their_columns():
    """Populations with different quantities stand in one table with gaps."""
    quantise = {"formats": {}, "errors": {"e": {"a": 1.0}, "i": {"b": 2.0, "a": 3.0}}}
    table = quantise_errors(demo_record(quantise=quantise))
    assert table.columns == ["a", "b"]
    assert table.rows == [("e", [1.0, None]), ("i", [3.0, 2.0])]
