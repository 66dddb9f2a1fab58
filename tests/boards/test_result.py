"""What is read from the tools' reports and logs."""

from __future__ import annotations

import json

import pytest
from hrsnn_boards.result import (
    BuildResult,
    Usage,
    find_shortage,
    load_report,
    read_fmax_mhz,
    read_utilisation,
)

from hrsnn_edge.errors import ToolFailedError

#: Part of a report of nextpnr-ecp5 0.11 (one lane of 256 neurons, 100 MHz asked for 120).
REPORT = {
    "critical_paths": [],
    "fmax": {"clocking.clk": {"achieved": 106.40561676025391, "constraint": 120.0}},
    "utilization": {
        "ALU54B": {"available": 78, "used": 0},
        "DP16KD": {"available": 208, "used": 23},
        "MULT18X18D": {"available": 156, "used": 1},
        "TRELLIS_COMB": {"available": 83640, "used": 1618},
        "TRELLIS_FF": {"available": 83640, "used": 923},
    },
}
RESULT = BuildResult(
    board="ulx3s-85f",
    part="LFE5U-85F-6BG381C",
    lanes=1,
    fits=True,
    clock_mhz=100.0,
    fmax_mhz=106.41,
    timing_met=True,
    utilisation=read_utilisation(REPORT),
    estimated={"DP16KD": 23},
    seed=1,
    bitstream="top.bit",
    sha256="00",
    inputs_sha256="11",
    tools={"yosys": "0.70"},
    seconds={"yosys": 29.2},
)


def test_report_is_read():
    """Clock and used resources are those of the report; unused ones are left out."""
    assert read_fmax_mhz(REPORT) == pytest.approx(106.4056, abs=1e-4)
    assert read_utilisation(REPORT) == {
        "DP16KD": Usage(23, 208),
        "MULT18X18D": Usage(1, 156),
        "TRELLIS_COMB": Usage(1618, 83640),
        "TRELLIS_FF": Usage(923, 83640),
    }
    assert Usage(23, 208).share == pytest.approx(0.1106, abs=1e-4)


@pytest.mark.parametrize("clocks", [{}, {"a": {"achieved": 1.0}, "b": {"achieved": 2.0}}])
def test_other_than_one_clock(clocks):
    """A report without the one clock of a board is an error that names the clocks."""
    with pytest.raises(ToolFailedError, match=r"must report one clock, not (none|\['a', 'b'\])"):
        read_fmax_mhz({"fmax": clocks})


@pytest.mark.parametrize("text", [None, "{", "[]", "{}"])
def test_damaged_report(tmp_path, text):
    """A report that is missing, cut or something else is an error that names the file."""
    path = tmp_path / "top.report.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ToolFailedError, match=r"top\.report\.json must be nextpnr's report"):
        load_report(path)


def test_result_survives_its_file():
    """A result read back from ``build.json`` is the same; the keys are those the issue fixes."""
    assert BuildResult.from_json(RESULT.to_json()) == RESULT
    values = json.loads(RESULT.to_json())
    assert values.keys() >= {"fits", "fmax_mhz", "clock_mhz", "utilisation"}
    assert values["utilisation"]["DP16KD"] == {"used": 23, "available": 208}


def test_slow_design_is_told():
    """A design that is slower than its board's clock is an error with both figures."""
    RESULT.check_timing()
    slow = BuildResult(**{**vars(RESULT), "timing_met": False, "fmax_mhz": 96.5})
    with pytest.raises(ToolFailedError, match=r"at least 100 MHz, the board's clock, not 96\.5"):
        slow.check_timing()


@pytest.mark.parametrize(
    ("log", "shortage"),
    [
        (
            "Info: x\nERROR: Unable to place cell 'system.ram', no BELs remaining to implement "
            "cell type 'DP16KD'\n",
            "no BELs remaining to implement cell type 'DP16KD' (place and route, at 'system.ram')",
        ),
        ("ERROR: syntax error", None),
    ],
)
def test_shortage_is_read_from_the_log(log, shortage):
    """A part that is too small is told apart from other failures of place and route."""
    assert find_shortage(log) == shortage
