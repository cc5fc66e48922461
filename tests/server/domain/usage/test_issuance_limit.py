"""Applications that ask for a token per call: counted, told, and limited where that is wanted."""

from dataclasses import replace

import pytest

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.model import RateLimitMode
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.issuance_limit import IssuanceLimit, is_wasteful
from gatepass.server.environment import maintenance
from gatepass.testing import Clock
from gatepass.wire.errors import OAuthError
from server.fixtures import Client, InProcessServer, refused

HOUR = 3600
FULL = 1_800_000_000.0 // HOUR * HOUR


@pytest.fixture
def limited(fresh_server: InProcessServer) -> CachedApplication:
    application = CachedApplication.of(fresh_server.register().application)
    return replace(application, rate_limit_mode="enforce", rate_limit=3)


def admitted(
    watch: IssuanceLimit, application: CachedApplication, now: float, times: int = 10
) -> int:
    """Ask so often; give how many tokens there were."""
    for number in range(times):
        try:
            watch.count(application, now)
        except OAuthError:
            return number
    return times


def limit(server: InProcessServer, client: Client, mode: RateLimitMode, tokens: int) -> None:
    app_id = client.application.id
    applications.change(
        server.environment().context,
        OPERATOR,
        app_id,
        None,
        rate_limit_mode=mode,
        rate_limit=tokens,
    )


def to_the_hour(clock: Clock) -> None:
    clock.now = clock.now // HOUR * HOUR + HOUR


def test_the_limit_holds_for_an_hour_of_the_clock(limited: CachedApplication) -> None:
    watch = IssuanceLimit()

    assert admitted(watch, limited, FULL) == 3
    assert admitted(watch, limited, FULL + HOUR - 0.1) == 0
    assert admitted(watch, limited, FULL + HOUR) == 3


def test_the_refusal_says_when_to_come_back_and_what_to_do(limited: CachedApplication) -> None:
    watch = IssuanceLimit()
    admitted(watch, limited, FULL)

    with pytest.raises(OAuthError) as caught:
        watch.count(limited, FULL + 0.5)
    assert (caught.value.status, caught.value.retry_after) == (429, HOUR)
    assert "keep it and use it until it expires" in caught.value.description
    with pytest.raises(OAuthError) as caught:
        watch.count(limited, FULL + HOUR - 0.01)
    assert caught.value.retry_after == 1


def test_a_warning_lets_every_token_pass_and_says_how_many_there_were(
    limited: CachedApplication,
) -> None:
    watch, warned = IssuanceLimit(), replace(limited, rate_limit_mode="warn")
    said = [watch.count(warned, FULL) for _ in range(5)]

    assert said[:3] == ["", "", ""]
    assert "was issued 4 tokens this hour; its limit is 3" in said[3]
    assert "was issued 5 tokens" in said[4]
    assert all(text.isascii() and text.isprintable() for text in said)


def test_what_other_processes_issued_counts_as_soon_as_it_is_known(
    limited: CachedApplication,
) -> None:
    watch = IssuanceLimit()
    watch.count(limited, FULL)
    marks = watch.counted_this_hour(FULL)
    watch.count(limited, FULL)  # after the batch was taken
    watch.correct(FULL, {limited.id: 2}, marks)  # one of ours, one of another process

    assert admitted(watch, limited, FULL) == 0


def test_what_was_written_is_not_counted_twice(limited: CachedApplication) -> None:
    watch, roomy = IssuanceLimit(), replace(limited, rate_limit=10)
    for written in range(1, 10):
        watch.count(roomy, FULL)
        watch.correct(FULL, {roomy.id: written}, watch.counted_this_hour(FULL))

    assert admitted(watch, roomy, FULL) == 1


def test_a_batch_of_the_hour_before_does_not_count_in_this_one(limited: CachedApplication) -> None:
    watch = IssuanceLimit()
    admitted(watch, limited, FULL)
    watch.correct(FULL, {limited.id: 3}, watch.counted_this_hour(FULL))

    assert admitted(watch, limited, FULL + HOUR, 1) == 1
    watch.correct(FULL + HOUR, {limited.id: 1}, watch.counted_this_hour(FULL + HOUR))
    assert admitted(watch, limited, FULL + HOUR) == 2


def test_an_application_that_is_silent_is_forgotten(limited: CachedApplication) -> None:
    watch = IssuanceLimit()
    watch.count(limited, FULL)
    assert list(watch.counted_this_hour(FULL)) == [limited.id]
    watch.correct(FULL + 3 * HOUR, {}, {})

    assert watch.counted_this_hour(FULL) == {}


@pytest.mark.parametrize(
    ("issued", "lifetime", "wasteful"),
    [
        (29, 36_000, False),
        (30, 36_000, True),
        (3_400, 36_000, True),
        (59, 600, False),
        (60, 600, True),
        (599, 60, False),
        (600, 60, True),
        (0, 60, False),
    ],
)
def test_far_more_tokens_than_their_lifetime_needs_are_wasteful(
    issued: int, lifetime: int, *, wasteful: bool
) -> None:
    assert is_wasteful(issued, lifetime) is wasteful


@pytest.mark.spec("RFC 6749", "5.2")
def test_an_enforced_limit_is_answered_429_also_for_repeated_requests(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    to_the_hour(fresh_server.clock)
    limit(fresh_server, client, "enforce", 2)

    assert [fresh_server.ask(client).status_code for _ in range(4)] == [200, 200, 429, 429]
    answer = fresh_server.ask(client, scope="read")
    assert refused(answer) == (429, "temporarily_unavailable")
    assert answer.headers["retry-after"] == str(HOUR)
    fresh_server.clock.advance(HOUR)
    assert fresh_server.ask(client).status_code == 200


def test_beyond_a_limit_that_warns_the_answer_has_a_notice(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    limit(fresh_server, client, "warn", 1)
    first, second = fresh_server.ask(client), fresh_server.ask(client)

    assert "gatepass-notice" not in first.headers
    assert second.status_code == 200
    assert second.headers["gatepass-notice"].startswith("This application was issued 2 tokens")
    assert second.json().keys() == first.json().keys()


def test_a_limit_that_is_off_says_nothing(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    limit(fresh_server, client, "off", 1)

    answers = [fresh_server.ask(client) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 200]
    assert not any("gatepass-notice" in each.headers for each in answers)


def test_a_limit_that_is_lifted_holds_no_more(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    limit(fresh_server, client, "enforce", 1)
    assert [fresh_server.ask(client).status_code for _ in range(2)] == [200, 429]
    limit(fresh_server, client, "off", 1)

    assert fresh_server.ask(client).status_code == 200


def test_who_is_refused_for_the_limit_is_counted_and_told_so(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    limit(fresh_server, client, "enforce", 1)
    for _ in range(3):
        fresh_server.ask(client)
    maintenance.flush(fresh_server.environment())

    with fresh_server.environment().database.read() as connection:
        (told,) = store.recent(connection, client.application.id)
    assert (told.kind.reason, told.times) == ("rate_limit", 2)
    assert told.kind.note == "over the limit of 1 tokens an hour"


def test_a_wrong_secret_is_not_answered_by_the_limit(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    limit(fresh_server, client, "enforce", 1)
    fresh_server.ask(client)
    fresh_server.ask(client)
    wrong = client.having(fresh_server.register().secret)

    assert refused(fresh_server.ask(wrong)) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("mode", "tokens"), [("on", 1), ("", 1), ("warn", None), ("enforce", 0), ("warn", 1_000_001)]
)
def test_a_limit_that_cannot_be_kept_is_refused(
    fresh_server: InProcessServer, mode: str, tokens: int | None
) -> None:
    app_id = fresh_server.register().application.id

    with pytest.raises(OAuthError):
        applications.change(
            fresh_server.environment().context,
            OPERATOR,
            app_id,
            None,
            rate_limit_mode=mode,
            rate_limit=tokens,
        )
