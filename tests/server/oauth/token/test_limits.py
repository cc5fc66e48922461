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
    refused,
    standing_still,
    whole,
)

ENDPOINTS = [TOKEN, REVOKE, INTROSPECT]


def wrong(number: int) -> Secret:
    return Secret(f"gps_live_wrong{number}")


def spend(stand: InProcessServer, client: Client, path: str = TOKEN) -> None:
    """Fail as often as is free, each time with another secret."""
    for number in range(MOST_FAILURES):
        assert stand.post(path, by=client.having(wrong(number)), data=GRANT).status_code == 401


@contextmanager
def impatient(data: Path) -> Iterator[InProcessServer]:
    """A server that trusts its memory for the shortest time there is."""
    with standing_still(data, stale_grace_seconds=1) as opened:
        yield opened


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.spec("OAuth 2.1", "2.4.1")
@pytest.mark.parametrize("path", ENDPOINTS)
def test_too_many_failures_get_429_and_the_time_to_wait(fresh: InProcessServer, path: str) -> None:
    client = fresh.register()
    spend(fresh, client, path)
    fresh.clock.advance(20)
    answer = fresh.post(path, by=client.having(wrong(99)), data=GRANT)

    assert refused(answer) == (429, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "40"


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_the_budget_is_one_for_all_endpoints(fresh: InProcessServer) -> None:
    client = fresh.register()
    spend(fresh, client, INTROSPECT)

    assert fresh.ask(client.having(wrong(99))).status_code == 429
    assert fresh.revoke(client.having(wrong(98)), "x").status_code == 429


@pytest.mark.spec("ASVS", "6.3.8")
def test_a_limited_client_that_exists_looks_like_one_that_does_not(fresh: InProcessServer) -> None:
    known = fresh.register()
    nobody = replace(known.application, client_id=mint(Kind.CLIENT_ID, Mode.LIVE, bytes(16)))
    unknown = known._replace(application=nobody)
    for client in (known, unknown):
        spend(fresh, client)

    answers = [fresh.ask(client.having(wrong(99))) for client in (known, unknown)]
    assert whole(answers[0]) == whole(answers[1])
    assert answers[0].status_code == 429


@pytest.mark.spec("ASVS", "6.1.1")
@pytest.mark.parametrize("source", ["192.0.2.7", "198.51.100.1"])
def test_the_right_secret_is_never_limited(fresh: InProcessServer, source: str) -> None:
    client = fresh.register()
    spend(fresh, client)
    assert fresh.ask(client.having(wrong(99))).status_code == 429

    assert fresh.ask(client, source=source).status_code == 200
    assert fresh.post(TOKEN, data=GRANT | client.body, source=source).status_code == 200


@pytest.mark.spec("ASVS", "6.1.1")
def test_failures_from_one_network_do_not_limit_another(fresh: InProcessServer) -> None:
    client = fresh.register()
    spend(fresh, client)

    assert fresh.ask(client.having(wrong(99)), source="198.51.100.1").status_code == 401
    assert fresh.ask(fresh.register().having(wrong(99))).status_code == 401


def test_after_the_window_failures_are_free_again(fresh: InProcessServer) -> None:
    client = fresh.register()
    spend(fresh, client)
    assert fresh.ask(client.having(wrong(99))).status_code == 429
    fresh.clock.advance(WINDOW)

    assert fresh.ask(client.having(wrong(99))).status_code == 401


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_a_client_that_repeats_a_refused_request_in_the_body_fails_once(
    fresh: InProcessServer,
) -> None:
    client = fresh.register()
    for number in range(MOST_FAILURES):  # as Go's x/oauth2 does
        again = client.having(wrong(number))
        assert fresh.ask(again).status_code == 401
        assert fresh.post(TOKEN, data=GRANT | again.body).status_code == 401

    assert fresh.ask(client.having(wrong(99))).status_code == 429


def test_a_limited_failure_is_logged_without_its_secret(fresh: InProcessServer) -> None:
    client = fresh.register()
    spend(fresh, client)
    with capture_logs() as logged:
        fresh.ask(client.having(wrong(99)))

    assert [(event["reason"], event["status"]) for event in logged] == [
        ("failure budget spent", 429)
    ]
    assert "wrong99" not in str(logged)


@pytest.mark.spec("RFC 7009", "2.2.1")
def test_a_revocation_that_cannot_be_kept_gets_503_and_the_token_stays_active(
    fresh: InProcessServer,
) -> None:
    client = fresh.register()
    token = fresh.token(client)
    assert fresh.is_active(client, token)
    fresh.lose_database()
    answer = fresh.revoke(client, token)

    assert refused(answer) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert fresh.is_active(client, token)


def test_while_the_database_is_away_tokens_go_on_from_memory(fresh: InProcessServer) -> None:
    client = fresh.register()
    before = fresh.token(client)
    assert fresh.is_active(client, before)
    fresh.lose_database()

    assert fresh.is_active(client, fresh.token(client))
    assert fresh.is_active(client, fresh.token(client, scope="read"))
    assert fresh.is_active(client, before)


def test_while_the_database_is_away_a_wrong_secret_and_an_unknown_client_get_the_same_answer(
    fresh: InProcessServer,
) -> None:
    client = fresh.register()
    new_id = new_client_id(LIVE, bytes(16))
    nobody = client._replace(application=replace(client.application, client_id=new_id))
    fresh.token(client)
    fresh.lose_database()

    wrong_secret = fresh.ask(client.having(wrong(1)))
    unknown_client = fresh.ask(nobody)

    assert refused(wrong_secret) == (503, "temporarily_unavailable")
    assert (wrong_secret.status_code, wrong_secret.content) == (
        unknown_client.status_code,
        unknown_client.content,
    )


def test_while_the_database_is_away_a_secret_that_was_refused_before_is_refused_again(
    fresh: InProcessServer,
) -> None:
    client = fresh.register()
    fresh.ask(client.having(wrong(1)))
    fresh.lose_database()

    assert refused(fresh.ask(client.having(wrong(2)))) == (401, "invalid_client")


@pytest.mark.spec("ASVS", "16.5.2")
def test_what_is_not_in_memory_gets_503_while_the_database_is_away(fresh: InProcessServer) -> None:
    known, unknown = fresh.register(), fresh.register()
    fresh.environment().applications.clear()
    fresh.lose_database()

    for answer in (fresh.ask(unknown), fresh.introspect(known, "x"), fresh.revoke(known, "x")):
        assert refused(answer) == (503, "temporarily_unavailable")
        assert answer.headers["retry-after"] == "5"
        assert "access_token" not in answer.text


def test_the_other_environment_does_not_notice(fresh: InProcessServer) -> None:
    sandboxed = fresh.register(TEST)
    fresh.lose_database()

    token = fresh.token(sandboxed, TEST)
    assert fresh.revoke(sandboxed, token, TEST).status_code == 200


@pytest.mark.spec("ASVS", "16.5.3")
def test_beyond_the_grace_time_nothing_is_trusted_and_everything_gets_503(
    tmp_path: Path,
) -> None:
    with impatient(tmp_path / "data") as stand:
        client = stand.register()
        token = stand.token(client)
        stand.lose_database()
        until_away = monotonic() + 30
        while not stand.environment().is_stale() and monotonic() < until_away:
            sleep(0.05)

        for answer in (
            stand.ask(client),
            stand.introspect(client, token),
            stand.revoke(client, token),
            stand.ask(client.having(wrong(1))),
        ):
            assert refused(answer) == (503, "temporarily_unavailable")
            assert answer.headers["retry-after"] == "5"
        ready = stand.send("GET", "/readyz")
        assert ready.status_code == 503
        assert ready.json()["production"].startswith("database_away: it cannot be read")
