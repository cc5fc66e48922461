"""Each form of an address, with a first host at which nothing listens, leads to the database."""

from contextlib import closing

import pytest

from gatepass.server.storage.database import Database
from server_process import free_ports

_FORMS = (
    "postgresql://gatepass@127.0.0.1:{dead},{socket}:5432/{name}",
    "postgresql+psycopg://gatepass@127.0.0.1:{dead},{socket}:5432/{name}",
    "postgresql://gatepass@/{name}?host=127.0.0.1:{dead}&host={folder}:5432&target_session_attrs=read-write",
    "host=127.0.0.1,{folder} port={dead},5432 dbname={name} user=gatepass",
    "host=127.0.0.1,{folder} port={dead},5432 dbname={name} user=gatepass sslmode=disable",
)


@pytest.mark.parametrize("form", _FORMS)
def test_the_next_host_is_tried_where_one_does_not_answer(postgresql_url: str, form: str) -> None:
    name, _, folder = postgresql_url.partition("@/")[2].partition("?host=")
    socket = folder.replace("/", "%2F")
    address = form.format(dead=free_ports(), socket=socket, folder=folder, name=name)

    with closing(Database(address)) as database, closing(Database(postgresql_url)) as direct:
        database.migrate()

        assert database.identity() == direct.identity()
        assert direct.schema().is_newest
