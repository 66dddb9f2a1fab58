"""`--learn`: cores that learn from the command line, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hrsnn_rtl.config import CoreConfig
from hrsnn_rtl.interfaces import Select
from hrsnn_rtl.placer import place
from hrsnn_rtl.plastic_image import core_images
from hrsnn_sim.learning_shapes import LEARNING_SHAPES, random_learning
from typer.testing import CliRunner

from hrsnn_edge.artifact.io import write_artifact
from hrsnn_edge.artifact.schema import Artifact
from hrsnn_edge.cli.app import app

NET, STDP = random_learning(LEARNING_SHAPES["learning"], 1)[:2]


@pytest.fixture
def artifact(tmp_path):
    """An artifact with a learning rule."""
    path = tmp_path / "learns.hrsnn"
    classes = tuple(map(str, range(NET.readout.n_out)))
    write_artifact(path, Artifact(NET, classes, stdp=STDP))
    return path


def call(*words):
    """Return exit code and the printed object."""
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    return done.exit_code, json.loads(done.stdout) if done.stdout else done.exception


def test_estimate(artifact):
    """The rule takes memory, four multipliers a lane and logic."""
    _, plain = call("estimate", artifact, "--board", "ulx3s-85f")
    code, learns = call("estimate", artifact, "--board", "ulx3s-85f", "--learn")
    assert code == 0
    used = {name: learns["utilisation"][name]["used"] - usage["used"]
            for name, usage in plain["utilisation"].items()}  # fmt: skip
    assert used["MULT18X18D"] == 4 and used["DP16KD"] > 0 and used["TRELLIS_COMB"] > 300
    assert "without those of learning" in learns["assumed"]


def test_rtl_holds_rule_and_magnitudes(artifact, tmp_path):
    """The images of `hrsnn rtl --learn` hold what learning needs, those without it do not."""
    for words, expected in (((), False), (("--learn",), True)):
        code, result = call("rtl", artifact, "-o", tmp_path / "rtl", *words)
        assert code == 0 and bool(result["config"]["plasticity"]) == expected
        images = json.loads((tmp_path / "rtl/images.json").read_text())
        assert any(i["select"] == Select.MAGNITUDE for i in images) == expected


def test_core_images():
    """Without a rule the images are the network's alone; with one they begin with these."""
    config = CoreConfig.for_network(NET, n_steps=10, stdp=STDP)
    placement = place(NET, 1)
    plain, learns = (core_images(NET, config, placement, rule) for rule in (None, STDP))
    assert len(learns) > len(plain)
    for one, other in zip(plain, learns, strict=False):
        assert one.select == other.select and np.array_equal(one.words, other.words)


def test_no_rule(artifact, tmp_path):
    """An artifact without a rule is refused by name, with the remedy."""
    path = tmp_path / "plain.hrsnn"
    write_artifact(path, Artifact(NET, tuple(map(str, range(NET.readout.n_out)))))
    for verb in ("estimate", "build"):
        done = CliRunner().invoke(app, [verb, str(path), "--board", "ulx3s-85f", "--learn"])
        assert done.exit_code != 0
        assert "must carry a learning rule" in str(done.exception)
        assert "train_integer = true" in str(done.exception)


def test_no_program_learns(artifact):
    """A system on chip that learns is a wrong call."""
    words = ["build", str(artifact), "--board", "ulx3s-85f", "--learn", "--soc"]
    assert CliRunner().invoke(app, words).exit_code == 2
