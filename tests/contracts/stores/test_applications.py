from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from contracts import samples
from contracts.samples import AWKWARD, HOUR, NOW, SECOND
from gatepass.server.domain.applications import lookup, store
from gatepass.server.domain.applications.listing import store as listing
from gatepass.server.domain.applications.listing.model import PAGE, Order, Wanted
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.storage.database import Connection, Database
from gatepass.server.storage.timestamps import milliseconds
from gatepass.wire.scope import Scope


def test_an_application_comes_back_with_its_secrets(database: Database) -> None:
    with database.write() as connection:
        org = samples.organization(connection)
        secrets = (samples.secret(), samples.secret(created_at=NOW + SECOND, expires_at=NOW))
        new = samples.application(
            org.id,
            name=AWKWARD,
            scope=Scope(("write",)),
            redirect_uris=("https://a.example/x", "https://b.example/"),
            secrets=secrets,
        )
        store.add(connection, new)

        assert lookup.find(connection, new.id) == new
        assert lookup.find_by_client_id(connection, new.client_id) == new


def test_one_that_is_not_there_is_not_found(database: Database) -> None:
    with database.read() as connection:
        assert lookup.find(connection, uuid4()) is None
        assert lookup.find_by_client_id(connection, "gpc_live_x") is None


def test_a_client_id_is_found_exactly(database: Database) -> None:
    with database.write() as connection:
        new = _added(connection, client_id="gpc_live_AbC")

        assert lookup.find_by_client_id(connection, "gpc_live_abc") is None
        assert lookup.find_by_client_id(connection, "gpc_live_%") is None
        assert lookup.find_by_client_id(connection, new.client_id) == new


def test_a_client_id_is_one_applications(database: Database) -> None:
    with database.write() as connection:
        new = _added(connection)

    with pytest.raises(IntegrityError), database.write() as connection:
        store.add(connection, samples.application(new.org_id, client_id=new.client_id))


def test_an_organizations_come_newest_first_and_no_others(database: Database) -> None:
    with database.write() as connection:
        old = _added(connection)
        young = samples.application(old.org_id, created_at=NOW + SECOND)
        store.add(connection, young)
        _added(connection)

        assert lookup.of_organization(connection, old.org_id) == [young, old]


def test_an_application_knows_that_its_organization_is_suspended(database: Database) -> None:
    with database.write() as connection:
        new = _added(connection)
        organizations.set_suspended(connection, new.org_id, NOW)

        assert lookup.find(connection, new.id) == replace(new, org_suspended_at=NOW)


def test_columns_are_changed_of_one_alone(database: Database) -> None:
    with database.write() as connection:
        new, other = _added(connection), _added(connection)
        changed = replace(
            new, name="x", disabled_at=NOW, tokens_revoked_before=NOW, token_lifetime=60
        )
        names = ("name", "disabled_at", "tokens_revoked_before", "token_lifetime")

        store.change(connection, new.id, {name: getattr(changed, name) for name in names})

        assert lookup.find(connection, new.id) == changed
        assert lookup.find(connection, other.id) == other


def test_a_removed_application_takes_its_secrets_along(database: Database) -> None:
    with database.write() as connection:
        new, other = _added(connection), _added(connection)
        store.remove(connection, new.id)

        assert lookup.find(connection, new.id) is None
        assert lookup.find(connection, other.id) == other
        # the secret's id would be taken if it were still there
        store.add_secret(connection, other.id, new.secrets[0])


def test_secrets_are_added_ended_and_forgotten(database: Database) -> None:
    with database.write() as connection:
        new, other = _added(connection), _added(connection)
        second = samples.secret(created_at=NOW + SECOND)
        store.add_secret(connection, new.id, second)
        store.end_secret(connection, new.secrets[0].id, NOW + HOUR)

        ending = replace(new.secrets[0], expires_at=NOW + HOUR)
        assert _secrets(connection, new) == (ending, second)
        store.remove_ended_secrets(connection, new.id, NOW + HOUR - SECOND)
        assert _secrets(connection, new) == (ending, second)
        store.remove_ended_secrets(connection, new.id, NOW + HOUR)
        assert _secrets(connection, new) == (second,)
        assert lookup.find(connection, other.id) == other


def test_last_uses_are_written_in_one_batch(database: Database) -> None:
    with database.write() as connection:
        used, idle = _added(connection), _added(connection)
        uses = [
            store.LastUse(key.bytes, milliseconds(NOW), "192.0.2.1", AWKWARD)
            for key in (used.id, uuid4())  # the second was deleted meanwhile
        ]
        of_secrets = [uses[0]._replace(used=used.secrets[0].id.bytes)]
        store.record_use(connection, *map(store.as_use_rows, (uses, of_secrets)))

        found = lookup.find(connection, used.id)
        assert found
        assert (found.last_used_at, found.last_used_from) == (NOW, "192.0.2.1")
        assert found.last_used_agent == AWKWARD
        secret = found.secrets[0]
        assert (secret.last_used_at, secret.last_used_from) == (NOW, "192.0.2.1")
        assert secret.last_used_agent == AWKWARD
        assert lookup.find(connection, idle.id) == idle


def test_a_secret_waits_for_the_first_use_of_another(database: Database) -> None:
    with database.write() as connection:
        used = _added(connection)
        old, new_id = used.secrets[0], uuid4()
        store.set_end(connection, replace(old, ends_on_use_of=new_id))

        found = lookup.find(connection, used.id)
        assert found
        assert (found.secrets[0].ends_on_use_of, found.secrets[0].expires_at) == (new_id, None)
        assert store.end_live_secret(connection, old.id, NOW)
        assert not store.end_live_secret(connection, old.id, NOW)
        assert not store.end_live_secret(connection, old.id, NOW + SECOND)
        assert store.end_live_secret(connection, old.id, NOW - SECOND)
        found = lookup.find(connection, used.id)
        assert found
        assert found.secrets[0].expires_at == NOW - SECOND


def _added(connection: Connection, **given: object) -> Application:
    new = samples.application(samples.organization(connection).id, **given)
    store.add(connection, new)
    return new


def _secrets(connection: Connection, application: Application) -> tuple[object, ...]:
    found = lookup.find(connection, application.id)
    return found.secrets if found else ()


def test_the_tokens_of_an_organization_are_revoked_and_of_no_other(database: Database) -> None:
    with database.write() as connection:
        ours, other = samples.organization(connection), samples.organization(connection)
        never, before, after = (samples.application(ours.id) for _ in range(3))
        another = samples.application(other.id)
        for each in (never, before, after, another):
            store.add(connection, each)
        store.change(connection, before.id, {"tokens_revoked_before": NOW - SECOND})
        store.change(connection, after.id, {"tokens_revoked_before": NOW + SECOND})

        store.void_tokens_of_organization(connection, ours.id, NOW)

        found = [lookup.find(connection, each.id) for each in (never, before, after, another)]
        assert [each and each.tokens_revoked_before for each in found] == [
            NOW,
            NOW,
            NOW + SECOND + timedelta(milliseconds=1),
            None,
        ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), ["c", "b", "A"]),
        (Wanted(order="name"), ["A", "b", "c"]),
        (Wanted(order="used"), ["b", "A", "c"]),
        (Wanted(text="B"), ["b"]),
        (Wanted(text="%"), []),
        (Wanted(shown="unused"), ["c"]),
        (Wanted(shown="active"), ["c", "b", "A"]),
        (Wanted(shown="disabled"), []),
        (Wanted(shown="expiring"), ["A"]),
        (Wanted(page=9), ["c", "b", "A"]),
    ],
)
def test_a_list_is_searched_filtered_and_sorted(
    database: Database, wanted: Wanted, found: list[str]
) -> None:
    with database.write() as connection:
        org_id = samples.organization(connection).id
        soon = samples.secret(expires_at=NOW + HOUR)
        ended = samples.secret(created_at=NOW + SECOND, expires_at=NOW)
        for at, (name, used, secret) in enumerate(
            [("A", NOW, soon), ("b", NOW + SECOND, samples.secret()), ("c", None, samples.secret())]
        ):
            new = samples.application(
                org_id,
                name=name,
                created_at=NOW + at * SECOND,
                secrets=(secret, ended) if secret is soon else (secret,),
            )
            store.add(connection, new)
            store.change(connection, new.id, {"last_used_at": used})
        _added(connection, name="Another organization's")

        page = listing.find_page(database, connection, org_id, wanted, NOW)

    assert [each.name for each in page.applications if each.name in {"A", "b", "c"}] == found
    assert (page.total, page.number) == (len(found), 1)


@pytest.mark.parametrize("wanted", [Wanted(), Wanted("app"), Wanted(shown="active")])
@pytest.mark.parametrize("order", ["created", "name", "used"])
def test_the_pages_of_the_list_have_each_application_once_and_in_order(
    database: Database, wanted: Wanted, order: Order
) -> None:
    with database.write() as connection:
        org_id = samples.organization(connection).id
        for number in range(PAGE * 4 + 7):
            name = f"{'aA'[number % 2]}pp {number % 5}"  # many have the same name, and times
            at = NOW + number % 7 * SECOND
            new = samples.application(org_id, name=name, created_at=at)
            store.add(connection, new)
            store.change(connection, new.id, {"last_used_at": at if number % 3 else None})
        pages = [
            listing.find_page(
                database, connection, org_id, wanted._replace(order=order, page=number), NOW
            )
            for number in range(1, 7)
        ]

    listed = [each for page in pages[:5] for each in page.applications]
    keys: dict[Order, list[Any]] = {
        "created": [-each.created_at.timestamp() for each in listed],
        "name": [each.name.lower() for each in listed],
        "used": [-each.last_used_at.timestamp() if each.last_used_at else 0 for each in listed],
    }
    assert keys[order] == sorted(keys[order])
    assert len({each.id for each in listed}) == len(listed) == PAGE * 4 + 7
    assert pages[5] == pages[4]
