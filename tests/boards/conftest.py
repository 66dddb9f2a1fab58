"""Shared by the tests of the boards."""

from __future__ import annotations

import json

import pytest

from hrsnn_edge import tools
from hrsnn_edge.errors import ToolFailedError


@pytest.fixture
def no_tools(monkeypatch):
    """Tools that do nothing but note how they were called, and may fail."""
    calls = []

    def run(command, *, cwd, log, env=None):
        calls.append(command)
        log.write_text(run.log)
        if run.log:
            raise ToolFailedError("it failed")
        (cwd / "top.report.json").write_text(
            json.dumps(
                {
                    "fmax": {"clk": {"achieved": run.fmax_mhz}},
                    "utilization": {"DP16KD": {"used": 3, "available": 208}},
                }
            )
        )
        for suffix in (".bit", ".bin", ".fs"):
            (cwd / f"top{suffix}").write_bytes(b"bits")

    run.log, run.calls, run.fmax_mhz = "", calls, 50.0
    monkeypatch.setattr(tools, "run_tool", run)
    return run
