"""A token response says when the client secret that was used expires."""

from datetime import datetime, timedelta

import pytest

from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.wire.token_response import read_secret_expiry
from server.fixtures import Client, InProcessServer

HEADER = "Gatepass-Secret-Expires"


def test_a_secret_without_an_end_has_no_header(fresh_server: InProcessServer) -> None:
    assert HEADER not in fresh_server.ask(fresh_server.register()).headers


def test_every_token_response_says_when_the_secret_expires_also_a_repeated_one(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    end = _set_end(fresh_server, client, days=40)

    said = [fresh_server.ask(client).headers[HEADER] for _ in range(3)]

    assert said == [f"{end:%Y-%m-%dT%H:%M:%SZ}"] * 3
    assert read_secret_expiry(said[0]) == end.replace(microsecond=0)


def test_the_header_follows_a_change_of_the_end(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    _set_end(fresh_server, client, days=40)
    first = fresh_server.ask(client).headers[HEADER]
    _set_end(fresh_server, client, days=10)

    assert fresh_server.ask(client).headers[HEADER] < first


def test_no_refusal_says_anything_about_a_secret(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    _set_end(fresh_server, client, days=1)
    fresh_server.clock.advance(25 * 3600)

    refused = fresh_server.ask(client)

    assert (refused.status_code, HEADER in refused.headers) == (401, False)


@pytest.mark.parametrize(
    "value",
    [None, "", "tomorrow", "2027-01-31", "2027-02-30T00:00:00Z", "2027-01-31T00:00:00+02:00"],
)
def test_another_value_is_read_as_none(value: str | None) -> None:
    assert read_secret_expiry(value) is None


def _set_end(server: InProcessServer, client: Client, *, days: int) -> datetime:
    context = server.environment().context
    end = context.now() + timedelta(days=days)
    secret_id, app_id = client.application.secrets[0].id, client.application.id
    secret_operations.set_end(context, OPERATOR, app_id, secret_id, end, None)
    return end
