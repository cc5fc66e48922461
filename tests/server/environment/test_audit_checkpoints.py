"""Checkpoints that a server makes, as somebody outside verifies them."""

import json
from datetime import timedelta

import pytest

from gatepass.jose import jws
from gatepass.jose.jwks import KeySet
from gatepass.server.domain.audit.chain import checkpoint, store
from gatepass.server.environment import maintenance
from gatepass.wire.metadata import JWKS
from server.fixtures import InProcessServer

HOUR = timedelta(hours=1).total_seconds()


def test_a_checkpoint_is_signed_by_a_published_key_and_sent_to_the_log(
    fresh_server: InProcessServer, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = fresh_server.environment()
    fresh_server.register()
    maintenance.make_checkpoint(environment)
    maintenance.make_checkpoint(environment)  # nothing new
    logged = [line for line in capsys.readouterr().out.splitlines() if "audit.checkpoint" in line]

    with environment.database.read() as connection:
        [made] = store.all_checkpoints(connection)
        last = store.last(connection)
    published = KeySet.parse(fresh_server.send("GET", JWKS).content)
    header, payload = jws.verify(made.statement, published)

    assert list(checkpoint.found_in(logged)) == [made.statement]
    assert header.typ == "audit-checkpoint+jwt"
    assert last
    assert json.loads(payload)["number"] == last.number == made.number
    assert json.loads(payload)["iss"] == environment.issuer


def test_a_checkpoint_is_no_access_token(fresh_server: InProcessServer) -> None:
    environment, client = fresh_server.environment(), fresh_server.register()
    maintenance.make_checkpoint(environment)
    with environment.database.read() as connection:
        [made] = store.all_checkpoints(connection)

    assert not fresh_server.is_active(client, made.statement)
