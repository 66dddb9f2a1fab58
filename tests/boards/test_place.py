"""Measuring a component alone: reports, the cache, and what is asked of the tools."""

from __future__ import annotations

import json

import pytest
from hrsnn_boards.bench import PEERS, judge, markdown, peer_row, rate
from hrsnn_boards.place import PARTS, place, read_placed

from hrsnn_edge import tools
from hrsnn_edge.errors import ToolFailedError
from tests.boards.toggle import Toggle


def part(kind: str, delay: float, cell: str) -> dict:
    return {"type": kind, "delay": delay, "to": {"cell": cell, "port": "D"}}


REPORT = {
    "fmax": {"clk": {"achieved": 123.4}},
    "utilization": {"LUT4": {"used": 7, "available": 9}, "DFF": {"used": 0, "available": 9}},
    "critical_paths": [
        {"from": "posedge clk", "to": "<async>", "path": [part("logic", 99.0, "pin")]},
        {"from": "posedge clk", "to": "posedge clk", "path": [part("logic", 1.0, "short")]},
        {
            "from": "posedge clk",
            "to": "posedge clk",
            "path": [part("clk-to-q", 0.5, "a"), part("logic", 0.3, "x_CARRY_y"),
                     part("routing", 1.25, "b")],
        },
    ],
}  # fmt: skip


def test_report_by_hand():
    """The longest path between registers is taken, without its carries."""
    placed = read_placed(REPORT)
    assert (placed.fmax_mhz, placed.used) == (123.4, {"LUT4": 7})
    assert placed.critical_path == ("clk-to-q 0.50 a.D", "routing 1.25 b.D")


@pytest.fixture
def no_tools(monkeypatch):
    """Tools that write a report and note their arguments."""
    calls = []

    def run(command, *, cwd, log, env=None):
        calls.append(command)
        log.write_text(run.log)
        if run.log:
            raise ToolFailedError("it failed")
        if "--report" in command:
            (cwd / "report.json").write_text(json.dumps(REPORT))
            run.constraints = (cwd / "top.cst").read_text()
        else:
            (cwd / "top.json").write_text("{}")

    run.log, run.calls = "", calls
    monkeypatch.setattr(tools, "run_tool", run)
    return run


def test_measured_once(no_tools, tmp_path):
    """The same design, part and aim are measured once; another seed is another measurement."""
    for _ in range(2):
        assert place(Toggle(), PARTS["gw1nr-9c"], 50, work=tmp_path).fmax_mhz == 123.4
    assert len(no_tools.calls) == 2
    assert no_tools.constraints.splitlines() == [
        'IO_LOC "clk" 52;', 'IO_LOC "rx" 10;', 'IO_LOC "tx" 11;',
    ]  # fmt: skip
    place(Toggle(), PARTS["gw1nr-9c"], 50, seed=2, work=tmp_path)
    assert len(no_tools.calls) == 4


def test_failures(no_tools, tmp_path):
    """A tool that fails is a failure, and leaves nothing that is taken for a result."""
    no_tools.log = "ERROR: something odd"
    with pytest.raises(ToolFailedError):
        place(Toggle(), PARTS["up5k"], 50, work=tmp_path)
    no_tools.log = ""
    assert place(Toggle(), PARTS["up5k"], 50, work=tmp_path).fmax_mhz == 123.4


def test_speed_of_the_peers():
    """40 MHz at 20 cycles a synaptic operation are 2 millions a second."""
    found = peer_row(PEERS[0])
    assert found["msop_per_s"] == pytest.approx(39.7 / 20)
    assert found["sop_per_s_per_lut"] == pytest.approx(39.7e6 / 20 / 3132)
    assert peer_row(PEERS[3])["msop_per_s"] is None


def test_figures_are_judged():
    """Every figure stands with its limit, and the one that is missed is marked."""
    cycles = [
        {"lanes": p, "density": 0.1, "cycles_per_sop": 1.0, "cycles_per_sop_with_scan": 1.03,
         "cycles_per_spike_overhead": 0.0, "silent_step_cycles": 256 // p + 6,
         "cycles_per_step_overhead": 20.0}
        for p in (1, 8)
    ]  # fmt: skip
    lanes = [{"lanes": 8, "activity": a, "cycles_per_sop_with_scan": 1.055, "cycles_per_step": 400,
              "balance": 1.0} for a in (0.02, 0.05)]  # fmt: skip
    fields = {"fmax_mhz": 125.0, "logic": 500, "registers": 400, "block_ram": 200, "multiplier": 1}
    parts = [
        {"name": name, "part": where, "lanes": p} | fields
        for name, where, p in (
            ("core", "ecp5-85f", 1),
            ("core and UART front", "ecp5-85f", 1),
            ("2,000 neurons, UART front", "ecp5-85f", 8),
            ("64k synapses, UART front", "up5k", 1),
            ("64k synapses, UART front, flash", "up5k", 1),
            ("core that learns", "ecp5-85f", 1),
        )
    ]
    rate(parts, cycles)
    assert parts[0]["msop_per_s"] == 125.0 and parts[2]["msop_per_s"] == 1000.0
    learning = [
        {
            "synapse_memory": "bram",
            "overlap": True,
            "rate_hz": 80.0,
            "cycles_per_touched_synapse": 1.5,
        },
        {
            "synapse_memory": "spram",
            "overlap": False,
            "rate_hz": 20.0,
            "cycles_per_touched_synapse": 2.1,
        },
    ]
    rows = judge(cycles, lanes, learning, parts)
    assert [row["figure"] for row in rows if not row["met"]] == [
        "cycles a SOP, one lane, scan included",
        "cycles a touched synapse, learning, spram, 20 Hz, no overlap",
    ]
    assert next(r["found"] for r in rows if "real time" in r["figure"]) == pytest.approx(312.5)
    text = markdown(
        {
            "targets": rows,
            "parts": parts,
            "cycles": cycles,
            "lanes": lanes,
            "learning": learning,
            "codings": [{"word_bits": 14}],
        }
    )
    assert "| cycles a SOP, one lane, scan included | <= 1.02 | 1.03 | **no** |" in text
