"""The top of the page says what was run and nothing else."""

from hrsnn_edge.report.record import RunRecord
from hrsnn_edge.report.stations import flow, tiles
from tests.report.demo import demo_record, failed_record

EMPTY = RunRecord(name="n", command="c", seed=0, created="t")


def test_flow_of_an_empty_record_is_not_run():
    """No station invents a number."""
    assert all(station.lines == () for station in flow(EMPTY))


def test_flow_of_a_full_record_has_every_station():
    """Every station of a full run has something to say."""
    assert all(station.lines for station in flow(demo_record()))
    assert flow(failed_record())[-1].lines == ("iCEBreaker: does not fit",)


def test_tiles():
    """The main figures of a full run, none of an empty one."""
    figures = {words: figure for figure, words in tiles(demo_record())}
    assert figures["SOPs per inference"] == "13,978"
    assert figures["cycles per SOP"] == "1.392"
    assert figures["fmax on iCEBreaker"] == "31.2\N{NO-BREAK SPACE}MHz"
    assert tiles(EMPTY) == []
