"""The OAuth endpoints under guessing, overload, and without their database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import pytest
from structlog.testing import capture_logs

from gatepass.server.domain.applications.model import new_client_id
from gatepass.server.domain.throttling.client_failures import MOST_FAILURES, WINDOW
from gatepass.wire.credential import Kind, Mode, mint
from gatepass.wire.metadata import INTROSPECT, REVOKE, TOKEN
from gatepass.wire.secret import Secret
from server.fixtures import (
    GRANT,
    LIVE,
    TEST,
    Client,
    InProcessServer,
    open_passive_server,
    refused,
    whole,
)

ENDPOINTS = [TOKEN, REVOKE, INTROSPECT]


def wrong(number: int) -> Secret:
    return Secret(f"gps_live_wrong{number}")


def spend(server: InProcessServer, client: Client, path: str = TOKEN) -> None:
    """Fail as often as is free, each time with another secret."""
    for number in range(MOST_FAILURES):
        assert server.post(path, by=client.having(wrong(number)), data=GRANT).status_code == 401


@contextmanager
def impatient(data: Path) -> Iterator[InProcessServer]:
    """A server that trusts its memory for the shortest time there is."""
    with open_passive_server(data, stale_grace_seconds=1) as opened:
        yield opened


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.spec("OAuth 2.1", "2.4.1")
@pytest.mark.parametrize("path", ENDPOINTS)
def test_too_many_failures_get_429_and_the_time_to_wait(
    fresh_server: InProcessServer, path: str
) -> None:
    client = fresh_server.register()
    spend(fresh_server, client, path)
    fresh_server.clock.advance(20)
    answer = fresh_server.post(path, by=client.having(wrong(99)), data=GRANT)

    assert refused(answer) == (429, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "40"


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_the_limit_is_one_for_all_endpoints(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    spend(fresh_server, client, INTROSPECT)

    assert fresh_server.ask(client.having(wrong(99))).status_code == 429
    assert fresh_server.revoke(client.having(wrong(98)), "x").status_code == 429


@pytest.mark.spec("ASVS", "6.3.8")
def test_a_limited_client_that_exists_looks_like_one_that_does_not(
    fresh_server: InProcessServer,
) -> None:
    known = fresh_server.register()
    nobody = replace(known.application, client_id=mint(Kind.CLIENT_ID, Mode.LIVE, bytes(16)))
    unknown = known._replace(application=nobody)
    for client in (known, unknown):
        spend(fresh_server, client)

    answers = [fresh_server.ask(client.having(wrong(99))) for client in (known, unknown)]
    assert whole(answers[0]) == whole(answers[1])
    assert answers[0].status_code == 429


@pytest.mark.spec("ASVS", "6.1.1")
@pytest.mark.parametrize("source", ["192.0.2.7", "198.51.100.1"])
def test_the_right_secret_is_never_limited(fresh_server: InProcessServer, source: str) -> None:
    client = fresh_server.register()
    spend(fresh_server, client)
    assert fresh_server.ask(client.having(wrong(99))).status_code == 429

    assert fresh_server.ask(client, source=source).status_code == 200
    assert fresh_server.post(TOKEN, data=GRANT | client.body, source=source).status_code == 200


@pytest.mark.spec("ASVS", "6.1.1")
def test_failures_from_one_network_do_not_limit_another(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    spend(fresh_server, client)

    assert fresh_server.ask(client.having(wrong(99)), source="198.51.100.1").status_code == 401
    assert fresh_server.ask(fresh_server.register().having(wrong(99))).status_code == 401


def test_after_the_window_failures_are_free_again(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    spend(fresh_server, client)
    assert fresh_server.ask(client.having(wrong(99))).status_code == 429
    fresh_server.clock.advance(WINDOW)

    assert fresh_server.ask(client.having(wrong(99))).status_code == 401


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_a_client_that_repeats_a_refused_request_in_the_body_fails_once(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    for number in range(MOST_FAILURES):  # as Go's x/oauth2 does
        again = client.having(wrong(number))
        assert fresh_server.ask(again).status_code == 401
        assert fresh_server.post(TOKEN, data=GRANT | again.body).status_code == 401

    assert fresh_server.ask(client.having(wrong(99))).status_code == 429


def test_a_limited_failure_is_logged_without_its_secret(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    spend(fresh_server, client)
    with capture_logs() as logged:
        fresh_server.ask(client.having(wrong(99)))

    assert [(event["reason"], event["status"]) for event in logged] == [("too many failures", 429)]
    assert "wrong99" not in str(logged)


@pytest.mark.spec("RFC 7009", "2.2.1")
def test_a_revocation_that_cannot_be_kept_gets_503_and_the_token_stays_active(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    token = fresh_server.token(client)
    assert fresh_server.is_active(client, token)
    fresh_server.lose_database()
    answer = fresh_server.revoke(client, token)

    assert refused(answer) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert fresh_server.is_active(client, token)


def test_while_the_database_is_away_tokens_go_on_from_memory(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    before = fresh_server.token(client)
    assert fresh_server.is_active(client, before)
    fresh_server.lose_database()

    assert fresh_server.is_active(client, fresh_server.token(client))
    assert fresh_server.is_active(client, fresh_server.token(client, scope="read"))
    assert fresh_server.is_active(client, before)


def test_while_the_database_is_away_a_wrong_secret_and_an_unknown_client_get_the_same_answer(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    new_id = new_client_id(LIVE, bytes(16))
    nobody = client._replace(application=replace(client.application, client_id=new_id))
    fresh_server.token(client)
    fresh_server.lose_database()

    wrong_secret = fresh_server.ask(client.having(wrong(1)))
    unknown_client = fresh_server.ask(nobody)

    assert refused(wrong_secret) == (503, "temporarily_unavailable")
    assert (wrong_secret.status_code, wrong_secret.content) == (
        unknown_client.status_code,
        unknown_client.content,
    )


def test_while_the_database_is_away_a_secret_that_was_refused_before_is_refused_again(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    fresh_server.ask(client.having(wrong(1)))
    fresh_server.lose_database()

    assert refused(fresh_server.ask(client.having(wrong(2)))) == (401, "invalid_client")


@pytest.mark.spec("ASVS", "16.5.2")
def test_what_is_not_in_memory_gets_503_while_the_database_is_away(
    fresh_server: InProcessServer,
) -> None:
    known, unknown = fresh_server.register(), fresh_server.register()
    fresh_server.environment().applications.clear()
    fresh_server.lose_database()

    for answer in (
        fresh_server.ask(unknown),
        fresh_server.introspect(known, "x"),
        fresh_server.revoke(known, "x"),
    ):
        assert refused(answer) == (503, "temporarily_unavailable")
        assert answer.headers["retry-after"] == "5"
        assert "access_token" not in answer.text


def test_the_other_environment_does_not_notice(fresh_server: InProcessServer) -> None:
    sandboxed = fresh_server.register(TEST)
    fresh_server.lose_database()

    token = fresh_server.token(sandboxed, TEST)
    assert fresh_server.revoke(sandboxed, token, TEST).status_code == 200


@pytest.mark.slow
@pytest.mark.spec("ASVS", "16.5.3")
def test_beyond_the_grace_time_nothing_is_trusted_and_everything_gets_503(
    tmp_path: Path,
) -> None:
    with impatient(tmp_path / "data") as server:
        client = server.register()
        token = server.token(client)
        server.lose_database()
        until_away = monotonic() + 30
        while not server.environment().is_stale() and monotonic() < until_away:
            sleep(0.05)

        for answer in (
            server.ask(client),
            server.introspect(client, token),
            server.revoke(client, token),
            server.ask(client.having(wrong(1))),
        ):
            assert refused(answer) == (503, "temporarily_unavailable")
            assert answer.headers["retry-after"] == "5"
        ready = server.send("GET", "/readyz")
        assert ready.status_code == 503
        assert ready.json()["production"].startswith("database_away: it cannot be read")
