"""The built site: no link leads nowhere, no other host is asked, nothing is written inline."""

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from docs.examples import EXAMPLES
from docs.python_api import MARKER
from docs.site import ROOT, Document, built

PYTHON_PAGES = sorted((ROOT / "docs" / "reference" / "python").glob("*.md"))
PAGES = {page: page.read_text() for page in PYTHON_PAGES}


@cache
def documents() -> dict[Path, Document]:
    return {page: Document(page.read_text()) for page in built().rglob("*.html")}


def test_every_page_of_the_repository_is_in_the_site() -> None:
    sources = {page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md")}
    pages = {page.relative_to(built()) for page in documents()}

    assert {source.with_suffix(".html") for source in sources} <= pages


def test_each_page_is_reached_from_the_first_one() -> None:
    reached, waiting = set(), [built() / "index.html"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += [
                target
                for link in documents()[page].links
                if not urlsplit(link).scheme and (target := _target(page, link)) in documents()
            ]

    assert set(documents()) - reached == set()


def test_no_link_within_the_site_leads_nowhere() -> None:
    broken = [
        (page.relative_to(built()).as_posix(), link)
        for page, document in documents().items()
        for link in {*document.links, *document.resources}
        if not urlsplit(link).scheme and not _is_there(page, link)
    ]

    assert broken == []


def test_the_site_works_from_disk_and_below_any_path() -> None:
    links = {link for each in documents().values() for link in each.links + each.resources}

    assert [link for link in links if link.startswith("/")] == []


def test_no_page_asks_another_host_for_anything() -> None:
    asked = {url for each in documents().values() for url in each.resources if urlsplit(url).scheme}
    styles = "".join(each.read_text() for each in built().rglob("*.css"))

    assert {url for url in asked if not url.startswith("data:")} == set()
    assert re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^)]*", styles) == []


def test_no_page_has_inline_scripts_or_styles() -> None:
    inline = {page.name: each.inline for page, each in documents().items() if each.inline}
    styled = [
        (page.name, tag)
        for page, each in documents().items()
        for tag in each.tags
        if "style" in tag.attributes or any(name.startswith("on") for name in tag.attributes)
    ]

    assert inline == {}
    assert styled == []


def test_every_public_module_has_its_page() -> None:
    source = ROOT / "src"
    found = {
        ".".join(file.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        for file in (source / "gatepass").rglob("*.py")
        if re.search(r"^__all__ = ", file.read_text(), re.MULTILINE)
    }
    within = {name for name in found if name.startswith(("gatepass.server", "gatepass.client"))}
    whole = {name for text in PAGES.values() for name, names in MARKER.findall(text) if not names}

    assert whole == found - within | {"gatepass.client.keys", "gatepass.client.secrets"}


def test_every_public_name_is_on_its_page_with_a_docstring() -> None:
    for page, text in PAGES.items():
        html = (built() / "reference" / "python" / f"{page.stem}.html").read_text()
        headings = re.findall(r'<h3><code[^>]*><span class="pre">(\w+)</span>', html)
        for module, names, undocumented in described(text):
            assert set(names) - set(headings) == set(), module
            assert undocumented == [], module


def test_every_name_that_an_example_imports_is_on_a_page() -> None:
    known = {
        f"{module}.{name}"
        for text in PAGES.values()
        for module, names, _ in described(text)
        for name in names
    }
    imported = {
        f"{node.module}.{alias.name}"
        for example in EXAMPLES
        if example.language == "python"
        for node in ast.walk(_parsed(example.text))
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "gatepass"
        for alias in node.names
    }

    assert imported - known == set()


@cache
def described(text: str) -> list[tuple[str, list[str], list[str]]]:
    """Return the modules of a page, their names, and those of them without a docstring."""
    ran = subprocess.run(
        [sys.executable, "-m", "docs.python_api"],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[tuple[str, list[str], list[str]]] = json.loads(ran.stdout)
    return found


def _parsed(text: str) -> ast.AST:
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree: ast.AST = compile(text, "example", "exec", flags)
    return tree


def _target(page: Path, link: str) -> Path:
    path = unquote(urldefrag(link).url.partition("?")[0])
    return (page.parent / path).resolve() if path else page


def _is_there(page: Path, link: str) -> bool:
    target, fragment = _target(page, link), unquote(urldefrag(link).fragment)
    if not target.is_file():
        return False
    return not fragment or target not in documents() or fragment in documents()[target].ids
