"""The rule of CONTRIBUTING.md about schema changes, held against every migration after 0010."""

import ast
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import op

import previous_version
from contracts.schema_changes import breaches, tables
from gatepass.server.storage.database import Database
from gatepass.server.storage.migrations import revisions, runner
from gatepass.server.storage.migrations.revisions import FIRST, NEWEST, OLDEST, Migration, NewIndex

_KNOWN = revisions.load()
_RULED = [each for each in _KNOWN if each.revision > FIRST]


def test_an_expand_step_changes_nothing_that_programs_from_before_it_rely_on(
    connect: Callable[[], Database],
) -> None:
    database = connect()
    runner.migrate(database, [each for each in _KNOWN if each.revision <= FIRST])
    found = {}
    for number, migration in enumerate(_KNOWN):
        if migration.revision > FIRST:
            found[migration.revision] = _breaches(database, migration, _KNOWN[: number + 1])
    expand = {each.revision for each in _RULED if each.kind == "expand"}

    assert expand
    assert {revision: found[revision] for revision in expand} == {each: [] for each in expand}


def test_a_contract_step_raises_the_oldest_compatible_revision_and_no_other_does() -> None:
    for before, migration in pairwise(_KNOWN):
        if migration.revision > FIRST:
            raises = migration.oldest_compatible > before.oldest_compatible
            assert raises == (migration.kind == "contract"), migration.revision


def test_the_version_before_works_with_every_step_of_this_one() -> None:
    known_before = previous_version.REVISION

    assert {each.revision for each in _RULED if each.oldest_compatible > known_before} == set()
    assert OLDEST <= known_before <= NEWEST


def test_a_migration_after_0010_has_one_form_and_the_number_after_the_one_before() -> None:
    for migration in _RULED:
        forms = (migration.upgrade, migration.index, migration.move_rows)
        assert sum(form is not None for form in forms) == 1, migration.revision
    assert [int(each.revision) for each in _KNOWN] == list(range(1, len(_KNOWN) + 1))


def test_no_migration_imports_what_later_versions_may_change() -> None:
    """It must do in ten versions what it does now."""
    allowed = (
        "gatepass.server.storage.database",
        "gatepass.server.storage.errors",
        "gatepass.server.storage.migrations.revisions",
    )
    folder = Path(revisions.__file__).parent / "versions"
    for file in folder.glob("[0-9]*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("gatepass"):
                assert node.module in allowed, file.name


def _unique_town() -> None:
    with op.batch_alter_table("person") as person:
        person.create_unique_constraint("uq_person_town", ["town"])


_BREACHES: dict[str, Callable[[], object]] = {
    "column person.town is gone": lambda: op.drop_column("person", "town"),
    "table heartbeat is gone": lambda: op.drop_table("heartbeat"),
    "column notice.city has neither NULL nor a default": lambda: op.add_column(
        "notice", sa.Column("city", sa.Text, nullable=False)
    ),
    "indexes of person are made while it is locked": lambda: op.create_index(
        "ix_person_town", "person", ["town"]
    ),
    "constraints of person differ": _unique_town,
    "indexes of gone are gone": lambda: op.drop_index("ix_gone_at", "gone"),
}


@pytest.mark.parametrize("breach", _BREACHES)
def test_what_the_rule_forbids_is_found(database: Database, breach: str) -> None:
    step = Migration("9999", "", "expand", OLDEST, upgrade=_BREACHES[breach])

    found = _breaches(database, step, [*_KNOWN, step])

    assert len(found) in {1, 2}
    assert found[0].split()[0] == breach.split(maxsplit=1)[0]


def test_what_the_rule_allows_is_not_found(database: Database) -> None:
    def add() -> None:
        op.create_table("extra", sa.Column("id", sa.Integer, primary_key=True))
        op.create_index("ix_extra_id", "extra", ["id"])
        op.add_column("person", sa.Column("nickname", sa.Text))
        op.add_column("person", sa.Column("rank", sa.Text, nullable=False, server_default="x"))

    added = Migration("9998", "", "expand", OLDEST, upgrade=add)
    indexed = Migration(
        "9999", "", "expand", OLDEST, index=NewIndex("ix_person_town", "person", ("town",))
    )

    assert _breaches(database, added, [*_KNOWN, added]) == []
    assert _breaches(database, indexed, [*_KNOWN, added, indexed]) == []


def _breaches(database: Database, migration: Migration, all_: Sequence[Migration]) -> list[str]:
    with database.read() as connection:
        before = tables(connection)
    runner.migrate(database, all_)
    assert database.schema().revision == migration.revision
    with database.read() as connection:
        return list(breaches(before, tables(connection), migration))
