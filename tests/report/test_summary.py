"""The run in a few lines says what the page says."""

import json

from hrsnn_edge.report.record import RunRecord
from hrsnn_edge.report.summary import machine_summary, summary
from tests.report.demo import demo_record, failed_record

EMPTY = RunRecord(name="n", command="c", seed=0, created="t")


def test_summary_says_the_verdicts_and_the_figures():
    """Verdicts, accuracy, SOPs, cycles, fmax, utilisation and the path are all there."""
    text = summary(demo_record(), "runs/digits/report.html")
    for words in (
        "cosim: equal (20 networks, 1,200 steps)",
        "bulk: equal (1 network, 21,600 steps)",
        "96.4 % Logistic regression on the raw data",
        "96.9 % Network in integers, pruned",
        "13,978 per inference, 34,816 unpruned: 2.49 times fewer",
        "1.392 per SOP",
        "fmax 118.4 MHz",
        "TRELLIS_COMB 1,893 of 83,640",
        "Report    runs/digits/report.html",
    ):
        assert words in text
    assert max(len(line) for line in text.splitlines()) <= 90


def test_summary_says_what_failed():
    """A mismatch and a board that is too small are in the text."""
    text = summary(failed_record())
    assert "2 mismatches" in text
    assert "first at step 41, neuron 7: v must be 511, not 512" in " ".join(text.split())
    assert "does not fit" in text and "Prune to 40 % density" in text


def test_summary_of_an_empty_record():
    """Nothing is invented."""
    assert summary(EMPTY) == "n, seed 0\n"


def test_machine_summary_has_the_fixed_names():
    """Scripts find every promised key, None where nothing was run."""
    for record in (demo_record(), EMPTY):
        got = json.loads(json.dumps(machine_summary(record, "r.html")))
        assert got["accuracy"].keys() >= {"baseline", "float", "pruned", "integer"}
        assert got["verdicts"].keys() >= {"engine", "cosim", "bulk"}
        assert got["sop"].keys() == {"unpruned", "pruned", "ratio"}
        assert got["report"] == "r.html"
    full = machine_summary(demo_record())
    assert full["verdicts"]["cosim"]["mismatches"] == 0
    board = full["boards"]["ULX3S-85F"]
    assert board.keys() >= {"fits", "fmax_mhz", "clock_mhz", "utilisation"}
    assert board["utilisation"]["DP16KD"] == {"used": 31, "available": 208}
