"""The migrations that this program knows, in their order. CONTRIBUTING.md says how to write one."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

_FILES = sorted((Path(__file__).parent / "versions").glob("[0-9]*.py"))

NEWEST = _FILES[-1].name[:4]
"""The newest revision that this program knows."""
OLDEST = "0010"
"""The oldest revision that this program serves with: the newest of the version before."""
FIRST = "0010"
"""Up to this revision all steps are one transaction, and each needs a program of its own."""


@dataclass(frozen=True, slots=True)
class NewIndex:
    """An index of a table that has rows already; PostgreSQL makes it without locking them."""

    name: str
    table: str
    columns: tuple[str, ...]
    where: str = ""
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from a revision to the next; it has one of the three forms."""

    revision: str
    summary: str
    kind: Literal["expand", "contract"]
    oldest_compatible: str  # a program must know this revision to work with the tables after it
    upgrade: Callable[[], object] | None = None  # in one transaction, by Alembic's `op`
    index: NewIndex | None = None  # made outside of a transaction
    move_rows: Callable[[Connection], int] | None = None  # one batch; 0: there was nothing left


def load() -> tuple[Migration, ...]:
    """Import the migrations, which loads Alembic."""
    return tuple(_load(file) for file in _FILES)


def _load(file: Path) -> Migration:
    module = import_module(f"{__package__}.versions.{file.stem}")
    revision: str = module.revision
    forms = {name: getattr(module, name, None) for name in ("upgrade", "index", "move_rows")}
    summary = (module.__doc__ or "").partition("\n")[0]
    if revision <= FIRST:
        return Migration(revision, summary, "contract", revision, **forms)
    return Migration(revision, summary, module.kind, module.oldest_compatible, **forms)
