"""A PostgreSQL for a benchmark: the one that the tests run, on a socket, gone afterwards."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from bench.processes import ROOT, NotMeasuredError
from gatepass.server.storage.database import Database

sys.path.append(str(ROOT / "tests"))
from contracts import postgres


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """Run a PostgreSQL; give the settings of a server with its databases in it, migrated."""
    binaries = postgres.find_binaries()
    if binaries is None:
        raise NotMeasuredError(postgres.MISSING)
    with postgres.running(binaries) as address:
        with closing(Database(address.format(name="postgres"))) as cluster:
            for name in ("live", "test"):
                connection = cluster.engine.connect().execution_options(
                    isolation_level="AUTOCOMMIT"
                )
                with connection:
                    connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield {
            "GATEPASS_PRODUCTION__DATABASE": address.format(name="live"),
            "GATEPASS_SANDBOX__DATABASE": address.format(name="test"),
        }
