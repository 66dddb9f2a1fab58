"""The pages say what exists: links lead somewhere, commands and options are real, tutorials run."""

import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
import typer

from hrsnn_edge.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TUTORIALS = sorted((ROOT / "docs/tutorials").glob("*.ipynb"))


class Links(HTMLParser):
    """Collects identifiers, links, and what a page loads."""

    def __init__(self, html: str):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        elif tag != "a":
            self.loads += [found[name] for name in ("src", "href") if found.get(name)]


def is_elsewhere(link: str) -> bool:
    return bool(re.match(r"[a-z]+:|//", link))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site: path to its links."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return {page: Links(page.read_text()) for page in folder.rglob("*.html")}


def test_every_link_of_the_site_leads_somewhere(site):
    """Pages, pictures, notebooks and anchors are all there."""
    lost = []
    for page, found in site.items():
        if page.name == "404.html":  # its links are those of a server's root
            continue
        for link in found.links + found.loads:
            if is_elsewhere(link):
                continue
            path, anchor = urldefrag(unquote(link))
            target = (page.parent / path).resolve() if path else page
            if not target.exists():
                lost.append(f"{page.name}: {link}")
            elif anchor and target in site and anchor not in site[target].ids:
                lost.append(f"{page.name}: {link} has no such anchor")
    assert not lost, "\n".join(lost)


def test_the_site_loads_nothing_from_elsewhere(site):
    """No script, font or picture comes from another host."""
    assert not [link for found in site.values() for link in found.loads if is_elsewhere(link)]


def test_every_page_is_in_the_navigation(site):
    """A page that nobody can find is no page; generated tables may be reached by links alone."""
    known = {page.name for page in site}
    linked = {urldefrag(link)[0].rsplit("/", 1)[-1] for f in site.values() for link in f.links}
    assert known - linked <= {"404.html", "search.html"}


def test_links_of_the_readme_lead_somewhere():
    """Files that the front page names exist."""
    for link in re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text()):
        assert is_elsewhere(link) or (ROOT / link).exists(), link


def words_of(line: str) -> list[str]:
    """Return the words after ``hrsnn``; of alternatives, ``nir|onnx|c``, the first."""
    return [word.split("|")[0] for word in shlex.split(line.replace("'", ""))[1:]]


def commands() -> list[tuple[str, list[str]]]:
    """Return every line of a page that calls ``hrsnn``, as (page, words)."""
    found = []
    for page in PAGES:
        for line in page.read_text().splitlines():
            quoted = re.findall(r"`(hrsnn [^`]+)`", line)
            if line.startswith("    hrsnn "):
                quoted.append(re.split(r"\s#|->", line.strip())[0])
            found += [(page.name, words_of(quote)) for quote in quoted]
    return found


def test_commands_of_the_pages_exist():
    """Each verb that a page calls is one, and has the options that the page gives it."""
    root = typer.main.get_command(app)
    wrong = []
    for page, words in commands():
        command, rest = root, list(words)
        while rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest.pop(0)]
        options = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
        used = {word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        verb = words[0] if words else ""
        plain = re.fullmatch(r"[a-z]+", verb)
        if command is root and plain:
            wrong.append(f"{page}: hrsnn {verb} is no verb")
        wrong += [f"{page}: hrsnn {verb} has no {o}" for o in used - options - {"--help"}]
    assert len(commands()) > 40
    assert not wrong, "\n".join(wrong)


def test_own_data_goes_as_the_page_says(tmp_path, monkeypatch):
    """The code of the page writes the file that its experiment then reads."""
    from hrsnn_edge import api

    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/howto/own-data.md").read_text()
    code, settings = (
        re.search(rf"```{kind}\n(.*?)```", page, re.S)[1] for kind in ("python", "toml")
    )
    exec(code, {})
    Path("mine.toml").write_text(settings)
    data = api.encode(api.experiment("mine.toml"))
    assert (len(data.train.labels), data.class_names) == (150, ("left", "right"))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda p: p.stem)
def test_tutorials_are_stripped(path):
    """Notebooks are kept without outputs, in this format, each cell with words before it."""
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat")
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    cells = notebook.cells
    assert cells[0].cell_type == "markdown"
    assert all(not c.outputs and c.execution_count is None for c in cells if c.cell_type == "code")


@pytest.mark.slow
@pytest.mark.parametrize("path", TUTORIALS, ids=lambda p: p.stem)
def test_tutorials_run(path):
    """Every cell of a tutorial runs, from the project's folder."""
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient")
    notebook = nbformat.read(path, 4)
    here = {"metadata": {"path": str(ROOT)}}
    nbclient.NotebookClient(notebook, timeout=600, resources=here).execute()
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert all(c.execution_count for c in code)
