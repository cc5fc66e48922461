"""Assertions that name no key (`kid`): which of the client's keys they may be by."""

from datetime import timedelta

import pytest

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.domain.applications.keys import operations
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.usage import store as usage
from gatepass.server.environment import maintenance
from gatepass.server.tokens.assertion import MOST_TRIED
from gatepass.wire.metadata import TOKEN
from server.assertions import KeyClient, with_key
from server.fixtures import GRANT, InProcessServer

SPEC = pytest.mark.spec("RFC 7515", "4.1.4")


def generated(
    server: InProcessServer, by: KeyClient, alg: str = "ES256", days: int = 0
) -> PrivateKey:
    server.clock.advance(1)
    context = server.environment().context
    app_id = by.client.application.id
    end = context.now() + timedelta(days=days) if days else None
    made = operations.generate(
        context, OPERATOR, app_id, None, name="Next", alg=alg, expires_at=end
    )
    server.environment().catch_up()
    return made.private


def status(server: InProcessServer, by: KeyClient, key: PrivateKey) -> int:
    text = by.assertion({"kid": None}, key)
    return server.post(TOKEN, data=GRANT | by.form(text)).status_code


def reasons(server: InProcessServer, by: KeyClient) -> list[str]:
    environment = server.environment()
    maintenance.flush(environment)
    with environment.database.read() as connection:
        found = usage.recent(connection, by.client.application.id)
    return [each.kind.reason for each in found]


@SPEC
def test_old_and_new_key_get_tokens_without_a_name_while_a_program_changes_over(
    fresh_server: InProcessServer,
) -> None:
    by = with_key(fresh_server)
    new = generated(fresh_server, by)

    assert [status(fresh_server, by, key) for key in (by.key, new)] == [200, 200]


@SPEC
def test_a_key_more_takes_nothing_from_those_before_it_and_its_owner_reads_to_name_it(
    fresh_server: InProcessServer,
) -> None:
    by = with_key(fresh_server)
    keys = [by.key, *(generated(fresh_server, by) for _ in range(MOST_TRIED))]

    assert [status(fresh_server, by, key) for key in keys] == [200] * MOST_TRIED + [401]
    assert reasons(fresh_server, by) == ["unnamed_key"]
    named = by.assertion({"kid": keys[-1].kid}, keys[-1])
    assert fresh_server.post(TOKEN, data=GRANT | by.form(named)).status_code == 200


@SPEC
def test_keys_that_have_ended_or_are_for_another_algorithm_take_no_place(
    fresh_server: InProcessServer,
) -> None:
    by = with_key(fresh_server, alg="Ed25519")
    for _ in range(MOST_TRIED):
        generated(fresh_server, by, "Ed25519", days=1)
        generated(fresh_server, by, alg="ES384")
    last = generated(fresh_server, by, "Ed25519")
    assert status(fresh_server, by, last) == 401

    fresh_server.clock.advance(2 * 86400)

    by = by._replace(now=int(fresh_server.clock()))
    assert status(fresh_server, by, last) == 200
