"""Statements are compiled once in a process, whichever SQLite database they are sent to."""

from contextlib import closing
from pathlib import Path

from sqlalchemy import Select, column, select, table

from gatepass.server.storage.database import Database, sqlite_url
from gatepass.server.storage.sqlite_dialect import COMPILED

NAMES: Select[tuple[str]] = select(column("name")).select_from(table("sqlite_schema"))


def _compiled() -> object:
    """Return what was compiled of the statement, None if nothing was."""
    return next((kept for key, kept in COMPILED.items() if "sqlite_schema" in repr(key)), None)


def names(file: Path) -> list[str]:
    with closing(Database(sqlite_url(file))) as database, database.write() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {file.stem} (id INTEGER)")
        return [str(name) for (name,) in connection.execute(NAMES)]


def test_a_statement_is_compiled_for_the_first_database_and_reads_each_ones_own_rows(
    tmp_path: Path,
) -> None:
    before = _compiled()  # other servers of this process compile, too

    assert names(tmp_path / "one.sqlite3") == ["one"]
    after_first = _compiled()
    assert names(tmp_path / "two.sqlite3") == ["two"]

    assert before is None
    assert after_first is not None
    assert _compiled() is after_first
