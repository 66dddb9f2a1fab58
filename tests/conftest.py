"""What holds for all tests: in CI a required lane must not be skipped; no example is timed."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import settings

from hrsnn_edge.tools import NEEDS

# The first example of many tests compiles a kernel, and machines are busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

#: Marks of the lanes that every set-up by `make` can run.
REQUIRED = frozenset({"tools"})
#: Tools that the set-up does not supply: a test that needs one may be skipped, if it says so.
OPTIONAL = frozenset({need.name for need in NEEDS if not need.required} | {"gcc", "g++", "perl"})


def names_optional_tool(reason: str) -> bool:
    """Tell whether the reason of a skip names a tool that the set-up does not supply."""
    return not OPTIONAL.isdisjoint(re.findall(r"[\w+-]+", reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Turn the skip of a required test into a failure when CI is set."""
    report = yield
    # An expected failure is reported as skipped too, with `wasxfail`.
    skipped = report.skipped and not hasattr(report, "wasxfail")
    required = any(item.get_closest_marker(mark) for mark in REQUIRED)
    if skipped and required and os.environ.get("CI"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not names_optional_tool(reason):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: must run in CI, not be skipped ({reason})"
    return report
