"""The table of automatic rotation, on both databases."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import select

from contracts import samples
from contracts.samples import NOW, SECOND
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.secrets.automatic_rotation import store
from gatepass.server.domain.applications.secrets.automatic_rotation.model import Rotation, Setting
from gatepass.server.storage.database import Database

FULL = Rotation(
    Setting(is_on=True, interval=timedelta(days=365), overlap=timedelta(days=7)),
    prepared=uuid4(),
    prepared_at=NOW,
    committed=uuid4(),
    committed_at=NOW + SECOND,
    committed_from="2001:db8::1",
    replaced=uuid4(),
    replaced_end=NOW + timedelta(days=9),
)


def test_a_rotation_comes_back_as_it_was_written_and_goes_with_its_application(
    database: Database,
) -> None:
    with database.write() as connection:
        org_id = samples.organization(connection).id
        one, other = samples.application(org_id), samples.application(org_id)
        applications.add(connection, one, other)
        store.put(connection, one.id, FULL)
        written = store.find(database, connection, one.id)
        store.put(connection, one.id, Rotation())
        replaced = store.find(database, connection, one.id)
        applications.remove(connection, one.id)

        assert written == FULL
        assert replaced == Rotation()
        assert store.find(database, connection, other.id) == Rotation()
        assert connection.execute(select(store.automatic_rotation)).all() == []


def test_a_secret_is_prepared_while_its_row_says_so(database: Database) -> None:
    with database.write() as connection:
        org_id = samples.organization(connection).id
        secrets = samples.secret(), samples.secret()
        new = samples.application(org_id, secrets=secrets)
        applications.add(connection, new, samples.application(org_id))
        store.put(connection, new.id, Rotation(prepared=secrets[1].id, prepared_at=NOW))
        ids = select(applications.secret.c.id)
        query = ids.where(store.is_prepared(applications.secret.c.id))

        assert connection.execute(query).scalars().all() == [secrets[1].id]
        store.put(connection, new.id, Rotation())
        assert connection.execute(query).scalars().all() == []
