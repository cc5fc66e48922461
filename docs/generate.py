"""Writes the reference pages that are derived from the code: `python docs/generate.py`."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gatepass.server.settings import Settings

SETTINGS_PAGE = Path(__file__).parent / "reference" / "settings.md"

_HEAD = """\
# Settings

<!-- Written by docs/generate.py from src/gatepass/server/settings.py. -->

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

| in the file | variable | default | what it is |
|---|---|---|---|
"""


def settings_page() -> str:
    """Give the page about the settings."""
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
    return f"| `{'.'.join(path)}` | `{variable}` | {_default(field)} | {meaning} |\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return "" if value == "" else f"`{value}`"


if __name__ == "__main__":
    SETTINGS_PAGE.write_text(settings_page())
