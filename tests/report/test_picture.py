"""A real browser shows the page without a complaint."""

import struct

import pytest

from hrsnn_edge.errors import ToolMissingError
from hrsnn_edge.report import picture
from hrsnn_edge.report.compare import compare
from hrsnn_edge.report.html import render, render_comparison
from tests.report.browser import needs_browser
from tests.report.demo import demo_record, demo_traces, failed_record


@needs_browser
def test_browser_shows_the_page_without_errors():
    """Light and dark pictures have the size asked for, differ, and the console stays empty."""
    page = render(demo_record(), demo_traces())
    pictures = {}
    for dark in (False, True):
        pictures[dark], log = picture.screenshot(page, width=800, height=600, dark=dark)
        assert pictures[dark][:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", pictures[dark][16:24]) == (800, 600)
        assert "CONSOLE" not in log
    assert pictures[False] != pictures[True]


@needs_browser
def test_browser_shows_a_comparison_without_errors():
    """The page about two runs, one of them failed, leaves the console empty."""
    page = render_comparison(compare(demo_record(), failed_record()))
    _, log = picture.screenshot(page, width=600, height=900)
    assert "CONSOLE" not in log


@needs_browser
def test_browser_blocks_what_the_page_must_not_load():
    """The console does complain about a page that holds a script and an image."""
    page = render(demo_record()).replace("</main>", "<script>1</script><img src='x.png'></main>")
    _, log = picture.screenshot(page, width=600, height=400)
    assert log.count("CONSOLE") == 2


def test_missing_browser_is_named(monkeypatch):
    """Without a browser the error names what supplies one."""
    monkeypatch.setattr(picture, "find_browser", lambda: None)
    with pytest.raises(ToolMissingError, match="A browser must be installed, one of chromium"):
        picture.screenshot("")
