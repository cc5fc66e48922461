"""What can be done to the keys of an application, and what is refused in words."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.admin.operations import examples
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys import operations
from gatepass.server.domain.applications.keys.model import (
    FAULTS,
    MOST_KEYS,
    ApplicationKey,
    check_keys,
)
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError
from server.admin.operator_program import partner_with_everything
from server.fixtures import Client, InProcessServer, open_passive_server

KEY = PrivateKey.generate("ES256")


def add(
    server: InProcessServer,
    client: Client,
    text: bytes | str | dict[str, object],
    name: str = "Key",
) -> list[ApplicationKey]:
    given = json.dumps(text) if isinstance(text, dict) else text
    return operations.add(
        server.environment().context,
        OPERATOR,
        client.application.id,
        None,
        name=name,
        text=given.encode() if isinstance(given, str) else given,
    )


def kids(server: InProcessServer, client: Client) -> list[str]:
    found, _ = operations.of_application(server.environment().context, client.application)
    return [each.key.kid for each in found]


def actions(server: InProcessServer, client: Client) -> list[str]:
    with server.environment().database.read() as connection:
        found = audit.page(connection, client.application.org_id)
    return [each.action for _, each in found]


def public(key: PrivateKey = KEY, **more: object) -> dict[str, object]:
    return {**key.public_jwk(), **more}


def test_a_key_is_added_as_jwk_as_pem_and_as_a_set(server: InProcessServer) -> None:
    client = server.register()
    others = [PrivateKey.generate(alg) for alg in ("ES384", "Ed25519")]
    pem = check_keys(json.dumps(public()).encode())[0].pem()

    [first] = add(server, client, pem)
    both = add(server, client, {"keys": [public(each) for each in others]}, "Set")

    assert first.key.kid == KEY.kid  # the thumbprint, as a PEM has no name
    assert [each.name for each in both] == ["Set 1", "Set 2"]
    assert sorted(kids(server, client)) == sorted([KEY.kid, *(each.kid for each in others)])
    assert actions(server, client)[:3] == ["client_key.added"] * 3


def test_a_pair_is_made_here_and_its_private_part_is_not_kept(server: InProcessServer) -> None:
    client, context = server.register(), server.environment().context
    made = operations.generate(
        context, OPERATOR, client.application.id, None, name=" Nightly  run ", alg="ES256"
    )

    secret = made.private.private_jwk()["d"]
    with context.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM application_key").all()
        entries = connection.exec_driver_sql("SELECT * FROM audit").all()
    assert made.key.name == "Nightly run"
    assert kids(server, client) == [made.private.kid]
    assert secret not in str(rows) + str(entries) + repr(made)


def test_a_revoked_key_is_gone(server: InProcessServer) -> None:
    client, context = server.register(), server.environment().context
    [key] = add(server, client, public())
    app_id = client.application.id
    operations.revoke(context, OPERATOR, app_id, key.id, client.application.org_id)

    assert kids(server, client) == []
    assert actions(server, client)[0] == "client_key.revoked"
    with pytest.raises(NotFoundError):
        operations.revoke(context, OPERATOR, app_id, key.id, None)


@pytest.mark.parametrize("org_id", [uuid4()])
def test_another_organizations_application_is_not_found(
    server: InProcessServer, org_id: UUID
) -> None:
    client, context = server.register(), server.environment().context

    with pytest.raises(NotFoundError):
        operations.generate(
            context, OPERATOR, client.application.id, org_id, name="Key", alg="ES256"
        )


def test_a_key_is_not_added_twice_nor_another_with_its_name(server: InProcessServer) -> None:
    client = server.register()
    add(server, client, public())

    for again in (public(), public(kid="other"), public(PrivateKey.generate("ES256"), kid=KEY.kid)):
        with pytest.raises(OAuthError):
            add(server, client, again)
    assert kids(server, client) == [KEY.kid]


def test_an_application_has_ten_keys_at_most_and_ended_ones_make_room(
    fresh_server: InProcessServer,
) -> None:
    client, environment = fresh_server.register(), fresh_server.environment()
    end = environment.now() + timedelta(minutes=1)
    for number in range(MOST_KEYS):
        operations.generate(
            environment.context,
            OPERATOR,
            client.application.id,
            None,
            name=f"Key {number}",
            alg="Ed25519",
            expires_at=end,
        )
    with pytest.raises(OAuthError):
        add(fresh_server, client, public())
    fresh_server.clock.advance(61)

    add(fresh_server, client, public())

    assert kids(fresh_server, client) == [KEY.kid]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "malformed"),
        (b"{}", "kind"),
        (KEY.pem().encode(), "private"),
        (json.dumps(KEY.private_jwk()).encode(), "private"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "certificate"),
        (b'{"keys": []}', "number"),
    ],
)
def test_a_text_that_is_no_public_key_is_refused_in_words(
    server: InProcessServer, text: bytes, fault: str
) -> None:
    client = server.register()

    with pytest.raises(OAuthError) as caught:
        add(server, client, text)

    assert caught.value.description == FAULTS[fault]  # type: ignore[index]
    assert KEY.private_jwk()["d"] not in str(caught.value)


@pytest.mark.parametrize("name", ["", " ", "a" * 101, "\u200b"])
def test_a_key_needs_a_name(server: InProcessServer, name: str) -> None:
    with pytest.raises(OAuthError):
        add(server, server.register(), public(), name)


def test_a_key_does_not_end_in_the_past(server: InProcessServer) -> None:
    context = server.environment().context

    with pytest.raises(OAuthError):
        operations.add(
            context,
            OPERATOR,
            server.register().application.id,
            None,
            name="Key",
            text=json.dumps(public()).encode(),
            expires_at=context.now(),
        )


def test_a_new_and_a_revoked_key_are_mailed_to_administrators_and_sent_to_webhooks(
    tmp_path: Path,
) -> None:
    mail = {"host": "127.0.0.1", "port": 9, "sender": "gatepass@example.com"}
    with open_passive_server(tmp_path, mail=mail) as server:
        context = server.environment().context
        partner = partner_with_everything(server).ids
        found = applications.find_by_client_id(context, partner[examples.CLIENT_ID])
        assert found
        key_id = UUID(partner[examples.KEY_ID])
        operations.revoke(context, OPERATOR, found.id, key_id, None)

        kinds = [each.kind for each in context.outbox.messages("mail")]
        with context.database.read() as connection:
            rows = connection.exec_driver_sql("SELECT name FROM webhook_event").scalars().all()

    assert {kind: kinds.count(kind) for kind in ("key_added", "key_revoked")} == {
        "key_added": 4,  # of two applications, to each administrator
        "key_revoked": 2,
    }
    assert "client_key.revoked" in rows
