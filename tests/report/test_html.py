"""The page is whole, safe, the same every time, and loads nothing."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from hrsnn_edge.report.html import SECTIONS, render, standalone
from hrsnn_edge.report.record import RunRecord
from hrsnn_edge.report.svg import drawing
from tests.report.demo import demo_record, demo_traces, failed_record

VOID = {"meta", "br", "link", "img", "input", "hr", "wbr"}
EMPTY = RunRecord(name="n", command="c", seed=0, created="t")


class Page(HTMLParser):
    """Collects tags, attributes and identifiers, and checks that every element is closed."""

    def __init__(self, html: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] for _, attrs in self.tags if attribute in attrs]


RECORDS = {
    "full": (demo_record(), demo_traces()),
    "failed": (failed_record(), None),
    "empty": (EMPTY, None),
    "no unpruned": (demo_record(work={"n_inferences": 1, "pruned": {"sop_in": 5}}), None),
    "nothing trained": (
        demo_record(
            tune={"parameters": ("a",), "history": [{"values": (1,), "score": None}], "metric": "m"}
        ),
        None,
    ),
    "zeros": (demo_record(work={"n_inferences": 1, "pruned": {}}, timings_s={"a": 0.0}), None),
}
PAGES = {name: render(*pair) for name, pair in RECORDS.items()}


@pytest.mark.parametrize("name", PAGES)
def test_page_is_well_formed(name):
    """Every element is closed in order, identifiers are unique, anchors have a target."""
    page = Page(PAGES[name])
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    anchors = {href for href in page.values("href") if href.startswith("#")}
    assert {href.removeprefix("#") for href in anchors} <= set(ids)


@pytest.mark.parametrize("name", PAGES)
def test_every_section_is_there(name):
    """All sections stand on every page, run or not."""
    sections = [attrs["id"] for tag, attrs in Page(PAGES[name]).tags if tag == "section"]
    assert sections == list(SECTIONS)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_fetched(name):
    """No address, no script, no frame, no image, no style from elsewhere."""
    html, page = PAGES[name], Page(PAGES[name])
    assert not re.search(r"https?:|//[a-z]|url\(|@import", html)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object"}
    assert not page.values("src")
    elsewhere = [href for href in page.values("href") if not href.startswith("#")]
    assert elsewhere == (["build/first.vcd"] if name == "failed" else [])
    assert "default-src 'none'" in html


def test_size_is_bounded():
    """The report of a demo-sized run is far below 3 MB."""
    assert 40_000 < len(PAGES["full"].encode()) < 400_000


def test_same_record_same_bytes():
    """Nothing in the page depends on anything but the record."""
    assert render(demo_record(), demo_traces()) == PAGES["full"]


def test_every_word_is_escaped():
    """Names may hold anything and stay words."""
    evil = "<script>alert(1)</script>\"'&"
    full = demo_record()
    record = full.model_copy(
        update={
            "name": evil,
            "command": evil,
            "created": evil,
            "data": full.data.model_copy(update={"name": evil, "classes": (evil,) * 10}),
            "network": full.network.model_copy(update={"variant": evil}),
            "tune": full.tune.model_copy(update={"parameters": (evil,) * 4, "metric": evil}),
            "quantise": full.quantise.model_copy(update={"warnings": (evil,)}),
            "verdicts": {evil: full.verdicts["bulk"]},
            "boards": {evil: full.boards["iCEBreaker"]},
            "manifest": full.manifest.model_copy(update={"inputs": {evil: evil}}),
        }
    )
    html = render(record, demo_traces())
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 20
    Page(html)


def test_absent_sections_say_so():
    """What was not run is named and has no number."""
    html = PAGES["empty"]
    for words in ("Tuning was not run", "Pruning was not run", "Nothing was verified"):
        assert words in html
    assert "<svg" not in html


def test_a_red_verdict_shows_the_first_divergence():
    """Step, neuron, quantity, both values and the waveform stand on the page."""
    html = PAGES["failed"]
    assert "at step 41, neuron 7: v must be 511, not 512." in html
    assert '<a href="build/first.vcd">' in html
    assert "2 mismatches" in html and "does not fit" in html
    assert "Prune to 40 % density" in html
    assert 'class="badge good"' not in html


def test_energy_is_called_an_estimate():
    """No joule stands without the word estimate and its source."""
    energy = re.search(r'<section id="energy">.*?</section>', PAGES["full"], re.S).group()
    assert "Estimates, not measurements" in energy
    assert "Horowitz" in energy and "Loihi" in energy


def test_both_colour_schemes_define_the_same_variables():
    """Every colour of the light page has one in the dark."""
    css = re.search(r"<style>(.*?)</style>", PAGES["full"], re.S).group(1)
    light, dark = re.findall(r":root \{(.*?)\}", css, re.S)[:2]
    assert "@media screen and (prefers-color-scheme: dark)" in css
    names = [set(re.findall(r"(--[\w-]+):", block)) for block in (light, dark)]
    assert names[0] == names[1] and len(names[0]) > 10
    used = set(re.findall(r"var\((--[\w-]+)\)", css)) - {"--cell", "--p"}
    assert used <= names[0]


def _luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` (WCAG 2)."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(a: str, b: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2)."""
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_words_are_readable(scheme):
    """Text has a contrast of at least 4.5 on its ground, marks at least 2.4."""
    block = re.findall(r":root \{(.*?)\}", PAGES["full"], re.S)[scheme]
    c = dict(re.findall(r"--([\w-]+): (#\w{6})", block))
    grounds = ("page", "surface")
    words = [(name, ground) for name in ("ink", "soft", "accent") for ground in grounds]
    words += [("good", "good-tint"), ("bad", "bad-tint"), ("ink", "warn-tint")]
    for name, ground in words:
        assert _contrast(c[name], c[ground]) >= 4.5, (name, ground)
    for name in ("neutral", "other", "accent"):
        assert _contrast(c[name], c["surface"]) >= 2.4, name


def test_standalone_plot_is_well_formed():
    """A plot of the report stands alone as an SVG document with its own style."""
    plot = drawing(10, 20, '<path class="grid" d="M0 0"/>', "a < b")
    root = ElementTree.fromstring(standalone(plot))
    assert root.tag == "{http://www.w3.org/2000/svg}svg" and root.get("aria-label") == "a < b"
    assert ".grid" in root[0].text
