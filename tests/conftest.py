"""What holds for all tests: in CI a required lane must not be skipped."""

from __future__ import annotations

import os

import pytest

#: Marks of the lanes that every set-up by `make` can run.
REQUIRED = ("tools",)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Turn the skip of a required test into a failure when CI is set."""
    report = yield
    required = any(item.get_closest_marker(mark) for mark in REQUIRED)
    # An expected failure is reported as skipped too, with `wasxfail`.
    if report.skipped and required and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: a required test must run in CI, not be skipped"
    return report
