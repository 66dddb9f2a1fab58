"""The model of the clock: what is fitted, what is kept, and what the estimate says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hrsnn_boards.accuracy import speed_errors
from hrsnn_boards.boards import BOARDS
from hrsnn_boards.build import build_component
from hrsnn_boards.estimate import estimate
from hrsnn_boards.speed import (
    SpeedFit,
    SpeedSample,
    builds_below,
    predict_mhz,
    read_samples,
    speed_class,
    unseen_errors,
)

from tests.boards.test_build import network
from tests.boards.toggle import Toggle

ULX3S, NANO = BOARDS["ulx3s-85f"], BOARDS["tang-nano-9k"]


def law(board, blocks: int, exponent: float = 0.2) -> SpeedSample:
    """Return a build whose clock is 200 or 100 MHz over a power of its blocks."""
    clock = (200 if board is ULX3S else 100) * blocks**-exponent
    return SpeedSample(board.name, 1, blocks, clock, str(blocks))


SAMPLES = [law(board, blocks) for board in (ULX3S, NANO) for blocks in (4, 9, 20, 100)]


def test_fit_finds_what_is_there():
    """A law that all boards share, with a clock for each, is found, and holds for unseen builds."""
    fit = SpeedFit.of(SAMPLES)
    assert fit.exponent == pytest.approx(0.2)
    assert fit.clock_mhz[speed_class(NANO)] == pytest.approx(100)
    assert fit.predict(ULX3S, 16) == pytest.approx(law(ULX3S, 16).fmax_mhz)
    assert all(abs(error) < 1e-9 for _, error in unseen_errors(SAMPLES))


def test_more_memory_is_never_faster():
    """Where the builds say otherwise, by chance, the number of blocks does not count."""
    fit = SpeedFit.of([law(ULX3S, blocks, -0.3) for blocks in (4, 9)])
    assert fit.exponent == 0 and fit.predict(ULX3S, 4) == fit.predict(ULX3S, 9)
    assert SpeedFit.of(SAMPLES[:1]).exponent == 0


def test_alone_in_its_class():
    """What has no other build of its class is not called a prediction."""
    assert len(unseen_errors(SAMPLES[:5])) == 4


def test_builds_are_found(no_tools, tmp_path):
    """Every build below a folder is a sample, a system on chip is none."""
    no_tools.fmax_mhz = 123.0
    build_component(Toggle(), ULX3S, tmp_path / "a" / "one", lanes=2)
    build_component(Toggle(), ULX3S, tmp_path / "a" / "one-soc", lanes=1)
    (found,) = builds_below([tmp_path])
    assert replace(found, inputs_sha256="") == SpeedSample("ulx3s-85f", 2, 3, 123.0, "")
    assert builds_below([Path(tmp_path / "nothing")]) == []


def test_estimate_says_the_clock():
    """Every board has a clock, within the error that is printed beside it."""
    assert {speed_class(BOARDS[s.board]) for s in read_samples()} == {
        speed_class(board) for board in BOARDS.values()
    }
    for board in BOARDS.values():
        result = estimate(network(), board, n_steps=10)
        blocks = result.utilisation[board.block_ram].used
        clock, error = predict_mhz(board, blocks)
        assert result.fmax_mhz == round(clock, 1) > board.clock_hz / 1e6
        assert 0 < result.fmax_error_percent == round(100 * error, 1) < 50
    sample = read_samples()[0]
    assert predict_mhz(BOARDS[sample.board], sample.block_ram)[0] == pytest.approx(
        sample.fmax_mhz, rel=0.2
    )


def test_errors_are_printed():
    """`bench estimate` has the errors of all boards with builds enough."""
    rows = {row["board"]: row for row in speed_errors()}
    assert {"ulx3s-85f", "icebreaker", "ice40-hx8k"} <= set(rows)
    assert all(0 < r["fmax_mean_percent"] <= r["fmax_most_percent"] for r in rows.values())
