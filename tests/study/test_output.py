import json
import re
from xml.etree import ElementTree

import pytest

from hrsnn_edge.errors import ToolMissingError
from hrsnn_edge.report import picture
from hrsnn_edge.report.html import standalone
from hrsnn_edge.study import output
from tests.report.browser import needs_browser
from tests.report.test_html import Page
from tests.study.demo import demo_rows

FRONT = ("sop", "accuracy")
ROWS = demo_rows()
PAGE = output.page("demo", ROWS, FRONT, "what was varied", "hrsnn study demo.toml")
#: Acts as a hand would, and says on the console what the page then shows.
ACT = """<script>
const plot = document.getElementById("plot");
const point = (type, x, y) => {
  const box = plot.querySelector("svg").getBoundingClientRect();
  plot.dispatchEvent(new PointerEvent(type, {clientX: box.left + x, clientY: box.top + y}));
};
plot.setPointerCapture = () => {};
const choose = (id, value) => {
  const box = document.getElementById(id);
  box.value = value;
  box.dispatchEvent(new Event("change"));
};
choose("x", "logic");
const dot = plot.querySelector('[data-id="34"]');
point("pointermove", +dot.getAttribute("cx"), +dot.getAttribute("cy"));
const say = (words, value) => console.log(`SEEN ${words}=${value};`);
say("rings", plot.querySelectorAll("circle.real").length);
say("hint", document.getElementById("hint").textContent.includes("placed"));
choose("x", "sop");
say("stars", document.querySelectorAll("tr.front").length);
say("rows", document.querySelectorAll("#rows tbody tr").length);
point("pointerdown", 80, 60); point("pointermove", 300, 300); point("pointerup", 300, 300);
say("kept", document.querySelectorAll("#rows tbody tr").length);
document.getElementById("clear").click();
say("again", document.querySelectorAll("#rows tbody tr").length);
document.querySelectorAll("#rows thead button")[0].click();
say("last", document.querySelector("#rows tbody td").textContent);
</script></body>"""


def test_parquet_is_the_table():
    """Every column comes back with its type and its values, nothing as null."""
    arro3_io = pytest.importorskip("arro3.io")
    import io

    read = arro3_io.read_parquet(io.BytesIO(output.parquet_bytes(ROWS))).read_all()
    want = output.table(ROWS)
    assert read.column_names == list(want)
    for name, values in want.items():
        assert read.column(name).to_pylist() == values, name
    kinds = {name: str(read.field(name).type) for name in ("id", "accuracy", "board", "fits")}
    assert [k.split("<")[1][:4] for k in kinds.values()] == ["Int6", "Floa", "Utf8", "Bool"]


def test_without_the_writer(monkeypatch):
    """Without the package the message names the extra."""
    monkeypatch.setitem(__import__("sys").modules, "arro3.io", None)
    with pytest.raises(ToolMissingError, match=r"hrsnn-edge\[study\]"):
        output.parquet_bytes(ROWS)


def test_picture_stands_alone():
    """The static plot is a well-formed SVG with every point that has figures."""
    root = ElementTree.fromstring(standalone(output.picture(ROWS, FRONT)))
    assert len(root.findall(".//{*}circle")) == len(ROWS) - 1
    assert output.picture([{"id": 0, "failure": "x"}], FRONT)


def test_page_loads_nothing_and_escapes():
    """No address and one script, allowed by its hash; words of the data cannot end it."""
    evil = [*ROWS[:1], {"id": 1, "failure": "</script><script>alert(1)</script>"}]
    html = output.page("<b>", evil, FRONT, "<i>", "&")
    for page in (PAGE, html):
        tags = Page(page).tags
        assert not re.search(r"https?:(?!//www.w3.org/2000/svg)|url\(|@import", page)
        assert sum(tag == "script" for tag, _ in tags) == 2
        assert "script-src 'sha256-" in page and "unsafe-eval" not in page
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)[1]
    assert json.loads(data)["rows"][1]["failure"] == evil[1]["failure"]
    assert "<b>" not in html.split("<body>")[1].split("<li>")[0]


@needs_browser
def test_browser_shows_the_page_without_errors():
    """Light and dark differ, the console stays empty, and the script has replaced the picture."""
    pictures = {}
    for dark in (False, True):
        pictures[dark], log = picture.screenshot(PAGE, width=800, height=900, dark=dark)
        assert "CONSOLE" not in log
    assert pictures[False] != pictures[True]


@needs_browser
def test_the_page_answers():
    """Choosing a column shows estimate and build; a brush filters the table; headings sort."""
    acted = re.sub(r"script-src '[^']*'", "script-src 'unsafe-inline'", PAGE)
    _, log = picture.screenshot(acted.replace("</body>", ACT), width=1000, height=1200)
    seen = dict(re.findall(r"SEEN (\w+)=([^;]*);", log))
    placed = sum("fmax_mhz" in row for row in ROWS)
    assert (seen["rings"], seen["hint"]) == (str(placed), "true")
    from hrsnn_edge.study.front import pareto

    assert seen["stars"] == str(len(pareto(ROWS, FRONT)))
    assert seen["rows"] == seen["again"] == str(len(ROWS))
    assert 0 < int(seen["kept"]) < len(ROWS)
    assert seen["last"] == str(len(ROWS) - 1)
    assert "Uncaught" not in log
