"""What a migration has done to tables that were there before, for the rule about migrations."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, inspect, text

from gatepass.server.storage.migrations.revisions import Migration


class Table(NamedTuple):
    columns: dict[str, dict[str, Any]]
    indexes: dict[str, str]
    constraints: set[str]


def tables(connection: Connection) -> dict[str, Table]:
    """Return the tables of a database."""
    inspector = inspect(connection)
    return {
        name: Table(
            {each["name"]: dict(each) for each in inspector.get_columns(name)},
            _indexes(connection, name),
            {_as_text(each) for kind in _constraints(inspector) for each in kind(name)},
        )
        for name in inspector.get_table_names()
    }


def _indexes(connection: Connection, table: str) -> dict[str, str]:
    """Return the indexes of a table by name; SQLAlchemy leaves out SQLite's of expressions."""
    if connection.dialect.name == "sqlite":
        made = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name"
        return {row.name: str(row.sql) for row in connection.execute(text(made), {"name": table})}
    return {str(each["name"]): _as_text(each) for each in inspect(connection).get_indexes(table)}


def _as_text(value: object) -> str:
    """Return what two descriptions of the same thing have in common."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_as_text(value[name])}" for name in sorted(value))
    return str(value)


def _constraints(inspector: Any) -> tuple[Callable[[str], list[object]], ...]:  # noqa: ANN401 - SQLAlchemy's
    return (
        inspector.get_unique_constraints,
        inspector.get_foreign_keys,
        inspector.get_check_constraints,
        lambda name: [inspector.get_pk_constraint(name)],
    )


def breaches(
    before: dict[str, Table], after: dict[str, Table], migration: Migration
) -> Iterator[str]:
    """Yield what an expand step must not do: programs from before it may not bear with it."""
    for name, old in before.items():
        if name not in after:
            yield f"table {name} is gone"
            continue
        new = after[name]
        yield from _of_columns(name, old, new)
        if old.constraints != new.constraints:
            yield f"constraints of {name} differ"
        if not old.indexes.items() <= new.indexes.items():
            yield f"indexes of {name} are gone or differ"
        added = new.indexes.keys() - old.indexes.keys()
        if added - {migration.index.name if migration.index else ""}:
            yield f"indexes of {name} are made while it is locked: give `index`"


def _of_columns(table: str, old: Table, new: Table) -> Iterator[str]:
    for name, column in old.columns.items():
        if name not in new.columns:
            yield f"column {table}.{name} is gone"
        elif _as_text(column) != _as_text(new.columns[name]):
            yield f"column {table}.{name} is another one"
    for name in new.columns.keys() - old.columns.keys():
        if not new.columns[name]["nullable"] and new.columns[name].get("default") is None:
            yield f"column {table}.{name} has neither NULL nor a default"
