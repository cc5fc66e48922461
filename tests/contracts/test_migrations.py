import importlib
import pkgutil
from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

import gatepass.server
from contracts import samples
from gatepass.server.database import Database, DatabaseError, metadata
from gatepass.server.organizations import store as organizations


def test_the_migrations_make_the_tables_that_the_stores_declare(database: Database) -> None:
    for module in pkgutil.walk_packages(gatepass.server.__path__, "gatepass.server."):
        if module.name.endswith(".store"):
            importlib.import_module(module.name)

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)

    assert differences == []
    assert len(metadata.tables) >= 11


def test_to_migrate_again_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        kept = samples.organization(connection)

    database.migrate()

    with database.read() as connection:
        assert organizations.find(connection, kept.id) == kept


def test_a_database_of_a_newer_version_is_refused_in_one_line(
    database: Database, connect: Callable[[], Database]
) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseError) as refused:
        connect().migrate()

    assert "newer" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    with database.read() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version"))
        assert version.scalar_one() == "9999"


def test_a_migration_that_fails_leaves_nothing_behind(connect: Callable[[], Database]) -> None:
    database = connect()
    with database.write() as connection:  # in the way of the last table that is made
        connection.execute(text("CREATE TABLE audit (id INTEGER)"))

    with pytest.raises(Exception, match="audit"):
        database.migrate()

    assert set(inspect(database.engine).get_table_names()) <= {"audit", "alembic_version"}
