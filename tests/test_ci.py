"""The rule that CI runs every required lane."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest

@pytest.mark.tools
def test_needs_a_tool():
    pytest.skip("needs yosys")

@pytest.mark.tools
def test_needs_an_optional_tool():
    pytest.skip("needs iverilog")

def test_needs_data():
    pytest.skip("no such data")
"""


@pytest.mark.parametrize(
    ("ci", "status", "count"), [("true", 1, "1 failed, 2 skipped"), ("", 0, "3 skipped")]
)
def test_skipped_required_lane_fails_in_ci(tmp_path, ci, status, count):
    """Where CI is set a test of a required lane must run, unless an optional tool is missing."""
    (tmp_path / "test_skipping.py").write_text(SKIPPING)
    (tmp_path / "conftest.py").write_text((Path(__file__).parent / "conftest.py").read_text())
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = tools\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(tmp_path)],
        env={"CI": ci, "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == status and count in done.stdout, done.stdout
