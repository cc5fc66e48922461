"""The pages for contributors name only what exists: paths, modules, names in modules, links."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from docs.page import ROOT

SOURCE = ROOT / "src" / "gatepass"
PAGES = [
    ROOT / "ARCHITECTURE.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs" / "explain").glob("*.md")),
    *sorted((ROOT / "docs" / "design").glob("*.md")),
]
ALL_PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
SUFFIXES = (".py", ".md", ".html", ".svg")
_PATH = re.compile(r"([\w.-]+(?:/[\w.-]+)*/?)(?:::([\w.]+))?")
_MODULE = re.compile(r"gatepass(\.(?!toml)\w+)+")


def code_spans(text: str) -> list[str]:
    """Return what stands between backticks in the prose; fenced blocks are left out."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`]+)`", prose)


def is_path(span: str) -> bool:
    """Return whether a code span names a file or folder of this repository.

    `NAME` in a path is the reader's to choose.
    """
    found = _PATH.fullmatch(span)
    if found is None or "NAME" in span:
        return False
    path, first = found[1], found[1].partition("/")[0]
    known = {each.name for each in (*ROOT.iterdir(), *SOURCE.iterdir()) if each.is_dir()}
    return path.endswith(SUFFIXES) or ("/" in path and first in known)


def located(path: str) -> list[Path]:
    """Return the files that a path of a page can mean.

    A bare name, as `store.py`, means every file of that name in the package.
    """
    found = [base / path for base in (ROOT, SOURCE) if (base / path).exists()]
    if not found and "/" not in path:
        found = list(SOURCE.rglob(path))
    return [each for each in found if each.is_dir() or not path.endswith("/")]


@cache
def names_in(file: Path) -> frozenset[str]:
    """Return what a module defines at its top level, with the members of its classes."""
    found: set[str] = set()

    def add(body: list[ast.stmt], above: str) -> None:
        for node in body:
            match node:
                case ast.ClassDef():
                    found.add(above + node.name)
                    add(node.body, f"{above}{node.name}.")
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    found.add(above + node.name)
                case ast.Assign():
                    found.update(above + ast.unparse(target) for target in node.targets)
                case ast.AnnAssign():
                    found.add(above + ast.unparse(node.target))

    add(ast.parse(file.read_text()).body, "")
    return frozenset(found)


def is_importable(name: str) -> bool:
    """Return whether a dotted name is a module of the package, or a name that one defines."""
    parts = name.split(".")[1:]
    for length in range(len(parts), -1, -1):
        module, rest = SOURCE.joinpath(*parts[:length]), ".".join(parts[length:])
        file = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
        if file.exists():
            return not rest or rest in names_in(file) or rest in file.read_text()
    return False


def missing_in(text: str) -> list[str]:
    """Return the code spans of a page that name a path, module or name that is not there."""
    missing = []
    for span in code_spans(text):
        if _MODULE.fullmatch(span):
            if not is_importable(span):
                missing.append(span)
        elif is_path(span):
            path, _, name = span.partition("::")
            files = located(path)
            if not files or (name and not any(name in names_in(each) for each in files)):
                missing.append(span)
    return missing


def slug(heading: str) -> str:
    """Return the anchor that a heading has on the usual platforms."""
    kept = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower())
    return kept.strip().replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_path_and_name_on_a_page_for_contributors_exists(page: Path) -> None:
    assert missing_in(page.read_text()) == []


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", page.read_text())):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.parent / path).resolve() if path else page
        headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE) if anchor else []
        if not file.exists() or (anchor and anchor not in map(slug, headings)):
            broken.append(target)

    assert broken == []


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_one_title(page: Path) -> None:
    if "{include}" in page.read_text():
        return  # it has the title of the page that it includes
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)

    assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1


def test_a_path_a_module_or_a_name_that_is_not_there_is_found() -> None:
    text = (
        "`server/app.py`, `server/app.py::create`, `server/domain/`, `gatepass.server.app.create`, "
        "`store.py`, `text/json`, `/oauth2/token/`, and `server/apps.py`, `server/app.py::make`, "
        "`server/nothing/`, `nothing.py`, `gatepass.server.nothing`\n```\n`server/fenced.py`\n```\n"
    )

    assert missing_in(text) == [
        "server/apps.py",
        "server/app.py::make",
        "server/nothing/",
        "nothing.py",
        "gatepass.server.nothing",
    ]


def test_the_architecture_page_has_every_table_of_the_database() -> None:
    tables = re.findall(
        r'\bTable\(\s*"(\w+)"', "".join(map(Path.read_text, SOURCE.rglob("store.py")))
    )
    page = (ROOT / "ARCHITECTURE.md").read_text()

    assert len(tables) > 10
    assert [each for each in tables if f"`{each}`" not in page] == []


def test_the_comparison_has_no_other_figures_than_the_measured_ones() -> None:
    speed = (ROOT / "docs" / "reference" / "speed.md").read_text()
    page = (ROOT / "docs" / "explain" / "comparison.md").read_text()
    [(low, high)] = re.findall(r"issues (\d+) to (\d+) times as many tokens", page)
    peers = dict(re.findall(r"^\| tokens/s, of ([\w-]+) \| ([\d.,]+) / ", speed, re.MULTILINE))

    assert int(low) <= float(peers["node-oidc-provider"]) <= int(high)
    assert float(peers["django-oauth-toolkit"].replace(",", "")) > 10_000
    assert "is over 10,000" in page


def test_the_tour_has_twelve_questions_each_answered_in_two_steps() -> None:
    tour = (ROOT / "CONTRIBUTING.md").read_text().partition("## The newcomer's tour")[2]
    answers = re.split(r"^### \d+\. .*\?$", tour.partition("\n## ")[0], flags=re.MULTILINE)[1:]

    assert len(answers) == 12
    for answer in answers:
        assert len(re.findall(r"^[12]\. ", answer, re.MULTILINE)) == 2
        assert any(is_path(span) for span in code_spans(answer))
