"""The shell completes verbs and options."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("words", "index", "offered"),
    [("hrsnn rep", 1, {"report", "reproduce"}), ("hrsnn report --comp", 2, {"--compare"})],
    ids=["verb", "option"],
)
def test_completion(words, index, offered):
    """Bash is offered every verb or option that begins so, and nothing else."""
    code = "from hrsnn_edge.cli import main; main()"
    asked = {"_HRSNN_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(index)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | asked, capture_output=True, text=True
    )
    assert set(done.stdout.split()) == offered
