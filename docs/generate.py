"""Writes what is derived from the code: `python docs/generate.py`.

These are reference pages, and the methods of the Admin API's client.
"""

import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs import admin_client
from docs.admin_api_page import admin_api_page
from docs.commands_page import commands_page
from docs.log_events import log_events_page
from docs.webhook_events import webhook_events_page
from gatepass.server.configuration.settings import Settings

ROOT = Path(__file__).parents[1]

ADMIN_API_PAGE = ROOT / "docs" / "reference" / "admin-api.md"
COMMANDS_PAGE = ROOT / "docs" / "reference" / "commands.md"
SETTINGS_PAGE = ROOT / "docs" / "reference" / "settings.md"
LOG_EVENTS_PAGE = ROOT / "docs" / "reference" / "log-events.md"
WEBHOOK_EVENTS_PAGE = ROOT / "docs" / "reference" / "webhook-events.md"
SPECIFICATIONS_PAGE = ROOT / "docs" / "reference" / "rfc-map.md"

_HEAD = """\
# Settings

<!-- Written by docs/generate.py from src/gatepass/server/configuration/settings.py. -->

Read once, at the start: arguments of the command line first, then environment variables, then
`gatepass.toml` in the data directory (or the file that `--config` names). An unknown setting is an
error. `gatepass settings check` shows what is in force.

In a variable, a list is written with commas (`a.example,b.example`) or as JSON
(`["a.example", "b.example"]`). Kubernetes sets `GATEPASS_PORT=tcp://...` beside a Service
named `gatepass`; such a value is ignored with a warning (see `enableServiceLinks: false`).

With both databases on PostgreSQL, `GATEPASS_MASTER_KEY` set and one worker, nothing is kept in the
data directory; it then need not exist or be writable.

The master key is read from `GATEPASS_MASTER_KEY`, or from `master.key` in the data directory,
which is made on the first start. Keep a copy of it apart from the databases' backups.

| setting and variable | default | what it is |
|---|---|---|
"""


_SPECIFICATIONS_HEAD = """\
# Specifications, code and tests

<!-- Written by docs/generate.py from the citations in src/gatepass and the marks of the tests. -->

Each section of a specification that the code cites or that a test is bound to, with the files. Code
cites in comments and docstrings (`RFC 6749 §5.2`); a test carries
`@pytest.mark.spec("RFC 6749", "5.2")`. Paths of code are relative to `src/gatepass`, paths of tests
to `tests`. The sections that must have a test are in `tests/shape/specs.toml`.
"""
_SPECIFICATIONS = ROOT / "tests" / "shape" / "specs.toml"
_CITATION = re.compile(
    r"(RFC \d{3,5}|OpenID Connect Core|OpenID Connect Discovery 1\.0|NIST SP 800-63B-4)"
    r"|§(\d+(?:\.\d+)*)"
)


class Section(NamedTuple):
    """A section of a document; an empty number is the whole document."""

    document: str
    number: str


def settings_page() -> str:
    """Return the page about the settings."""
    return _HEAD + "".join(_rows(Settings, ()))


def _rows(model: type[BaseModel], above: tuple[str, ...]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        path = (*above, name)
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _rows(kind, path)
        else:
            yield _row(path, field)


def _row(path: tuple[str, ...], field: FieldInfo) -> str:
    variable = "GATEPASS_" + "__".join(path).upper()
    meaning = " ".join((field.description or "").split()).replace("|", "\\|")
    return f"| `{'.'.join(path)}`<br>`{variable}` | {_default(field)} | {meaning} |\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return "" if value in ("", None) else f"`{value}`"


def specifications_page() -> str:
    """Return the page that leads from a section of a specification to its code and its tests.

    Raise KeyError for a cited document without a title in tests/shape/specs.toml.
    """
    titles: dict[str, str] = tomllib.loads(_SPECIFICATIONS.read_text())["documents"]
    code = _files_by_section(ROOT / "src" / "gatepass", "*.py", cited_in)
    tests = _files_by_section(ROOT / "tests", "test_*.py", marked_in)
    numbers: dict[str, set[str]] = defaultdict(set)
    for section in (*code, *tests):
        numbers[section.document].add(section.number)
    page = [_SPECIFICATIONS_HEAD]
    for document in sorted(numbers, key=lambda name: (not name.startswith("RFC"), _order(name))):
        page.append(
            f"\n## {document}: {titles[document]}\n\n| section | code | tests |\n|---|---|---|\n"
        )
        for number in sorted(numbers[document], key=_order):
            section = Section(document, number)
            page.append(
                f"| {_link(section)} | {_listed(code[section])} | {_listed(tests[section])} |\n"
            )
    return "".join(page)


def cited_in(source: str) -> Iterator[Section]:
    """Yield the sections that a text cites.

    A section sign without a document belongs to the document named last before it.
    """
    document, pending = "", False
    for found in _CITATION.finditer(" ".join(re.sub(r"\s*#\s|\s+", " ", source).split())):
        if found[1]:
            if pending:
                yield Section(document, "")
            document, pending = found[1], True
        elif document:
            yield Section(document, found[2])
            pending = False
    if pending:
        yield Section(document, "")


def marked_in(source: str) -> Iterator[Section]:
    """Yield the sections that the test functions of a module are bound to."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.spec":
                    document, number = (ast.literal_eval(argument) for argument in mark.args)
                    yield Section(document, number)


def _files_by_section(
    folder: Path, pattern: str, sections_in: Callable[[str], Iterator[Section]]
) -> dict[Section, set[str]]:
    found: dict[Section, set[str]] = defaultdict(set)
    for file in folder.rglob(pattern):
        if "node_modules" not in file.parts:
            for section in sections_in(file.read_text()):
                found[section].add(file.relative_to(folder).as_posix())
    return found


def _order(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts the numbers within a name by value."""
    return [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", name)]


def _link(section: Section) -> str:
    text = f"§{section.number}" if section.number else "as a whole"
    if not section.document.startswith("RFC "):
        return text
    anchor = f"#section-{section.number}" if section.number else ""
    return f"[{text}](https://www.rfc-editor.org/rfc/rfc{section.document[4:]}{anchor})"


def _listed(files: set[str]) -> str:
    return ", ".join(f"`{file}`" for file in sorted(files)) or "-"


if __name__ == "__main__":
    SETTINGS_PAGE.write_text(settings_page())
    ADMIN_API_PAGE.write_text(admin_api_page())
    admin_client.write()
    COMMANDS_PAGE.write_text(commands_page())
    LOG_EVENTS_PAGE.write_text(log_events_page())
    WEBHOOK_EVENTS_PAGE.write_text(webhook_events_page())
    SPECIFICATIONS_PAGE.write_text(specifications_page())
