"""The logic model: what is kept, what is fitted, and that the files belong together."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from hrsnn_boards.boards import BOARDS
from hrsnn_boards.logic import MODEL, logic
from hrsnn_boards.logic_fit import (
    DRAWS,
    Fit,
    Sample,
    counted,
    draw_config,
    families,
    kind_of,
    model_of,
    read_samples,
    unseen_errors,
)
from hrsnn_boards.resources import blocks, utilisation


def drawn(count: int) -> list[Sample]:
    """Return cores whose logic is known: 500 and 40 a lane, a tenth less on an ECP5."""
    rng, samples = np.random.default_rng(1), []
    for k in range(count):
        board = (BOARDS["ulx3s-85f"], BOARDS["tang-nano-20k"])[k % 2]
        config = replace(draw_config(rng, board), distributed=())
        used = (500 + 40 * config.lanes) * (0.9 if k % 2 == 0 else 1.0)
        samples.append(Sample(config, board, {board.logic: used, board.registers: 100}))
    return samples


def test_fit_finds_what_is_there():
    """A law that all families share, with a factor for each, is found, also for unseen cores."""
    samples = drawn(16)
    fit = Fit.of(samples, "logic")
    ratio = fit.coefficients["ecp5"].sum() / fit.coefficients["gowin"].sum()
    assert ratio == pytest.approx(0.9, rel=1e-3)
    assert np.abs(unseen_errors(samples, "logic")).max() < 0.05
    assert all((values >= 0).all() for values in fit.coefficients.values())


def test_cells_follow_from_luts_and_registers():
    """A cell of an iCE40 is either: two for every register of the others are found."""
    apart = drawn(16)
    board = BOARDS["icebreaker"]
    cells = [
        replace(s, board=board, used={board.logic: 2 * 100 + 0.5 * s.value("logic")})
        for s in apart[1::2]
    ]
    fit = Fit.of([*apart, *cells], "logic")
    for sample in cells:
        assert fit.predict(sample) == pytest.approx(sample.value("logic"), rel=1e-3)


@pytest.mark.parametrize("kind", DRAWS)
def test_drawn_cores_are_of_their_kind(kind):
    """Each draw makes cores of its kind that the generator accepts, alike for the same seed."""
    for name in ("ulx3s-85f", "icebreaker", "tang-nano-9k"):
        first, again = (DRAWS[kind](np.random.default_rng(3), BOARDS[name]) for _ in range(2))
        assert first == again and kind_of(first) == kind


def test_multipliers_are_exact():
    """The multipliers of every sample are counted as synthesis did."""
    for sample in read_samples():
        name = sample.board.multiplier
        if name:
            counted_here = utilisation(sample.config, sample.board)[name].used
            assert counted_here == sample.used[name], sample


def test_sample_is_kept_whole():
    """A sample and its plain values are the same thing."""
    for sample in read_samples():
        values = json.loads(json.dumps(sample.to_dict()))
        assert Sample.from_dict(values) == sample


def test_block_ram_is_exact():
    """The memory plan counts the blocks of every sample as place and route did."""
    samples = read_samples()
    assert len(samples) >= 18 and {s.board.model for s in samples} == set(families())
    for sample in samples:
        assert sample.value("block_ram") == blocks(sample.config, sample.board), sample


def test_model_is_that_of_the_samples():
    """The model file follows from the samples, and the estimate reads it."""
    samples = read_samples()
    assert model_of(samples) == json.loads(
        resources.files("hrsnn_boards").joinpath(MODEL).read_text()
    )
    sample = samples[0]
    used, error = logic(sample.config, sample.board.model, sample.board.logic)
    assert abs(used - sample.value("logic")) <= error + 1


def test_cells_that_are_both_count_once():
    """The registers of an iCE40 are its logic cells and have no fit of their own."""
    samples = read_samples()
    assert counted(samples, "logic") == samples
    assert {s.board.model for s in counted(samples, "registers")} == {"ecp5", "gowin"}
