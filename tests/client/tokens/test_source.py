"""The token source: fresh, stale, gone, and one renewal in flight."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from client.fake_sender import REFUSAL, FakeSender
from client.processes import TIMEOUT, CallerClock, in_threads
from gatepass.client.errors import TokenRefused, TokenUnavailable, Unreachable
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.wire.flow import Request, Response
from gatepass.wire.secret import Secret

SETTINGS = ClientSettings("https://app.example.com/token", "id", Secret("hush-hush"))
MANY = 50


@pytest.fixture
def issuer() -> FakeSender:
    return FakeSender()


@pytest.fixture
def clock() -> CallerClock:
    return CallerClock()


@pytest.fixture
def source(issuer: FakeSender, clock: CallerClock) -> TokenSource:
    return source_with(issuer, clock)


def source_with(issuer: FakeSender, clock: CallerClock) -> TokenSource:
    """Tokens of 1000 s: stale after 850, gone after 995."""
    return TokenSource(SETTINGS, issuer, now=clock, random=lambda: 0.5)


def text(source: TokenSource) -> str:
    return source.token().response.access_token.value


async def atext(source: TokenSource) -> str:
    return (await source.atoken()).response.access_token.value


def test_a_fresh_token_is_used_again(source: TokenSource, clock: CallerClock) -> None:
    first = text(source)
    clock.now += 849

    assert [first, text(source)] == ["pass-1", "pass-1"]


def test_a_stale_token_is_renewed_before_it_expires(
    source: TokenSource, clock: CallerClock
) -> None:
    text(source)
    clock.now += 851

    assert [text(source), text(source)] == ["pass-2", "pass-2"]


def test_a_gone_token_is_never_given_out(
    source: TokenSource, issuer: FakeSender, clock: CallerClock
) -> None:
    text(source)
    clock.now += 996
    issuer.error = REFUSAL

    with pytest.raises(TokenRefused):
        source.token()


def test_a_token_of_unstated_lifetime_is_renewed_within_five_minutes(
    source: TokenSource, issuer: FakeSender, clock: CallerClock
) -> None:
    issuer.expires_in = None
    text(source)
    clock.now += 239
    before = text(source)
    clock.now += 61

    assert [before, text(source)] == ["pass-1", "pass-2"]


def test_a_token_of_one_second_is_used_for_that_second(
    source: TokenSource, issuer: FakeSender, clock: CallerClock
) -> None:
    issuer.expires_in = 1
    text(source)
    clock.now += 0.7

    assert text(source) == "pass-1"


@pytest.mark.parametrize(
    "failure", [REFUSAL, Unreachable("ConnectError: no"), Response(503, {}, b"")]
)
def test_a_failed_early_renewal_is_a_warning_and_the_old_token_goes_on(
    source: TokenSource,
    issuer: FakeSender,
    clock: CallerClock,
    caplog: pytest.LogCaptureFixture,
    failure: Response | Exception,
) -> None:
    text(source)
    clock.now += 900
    issuer.error = failure

    assert text(source) == "pass-1"
    assert issuer.requests == 2
    assert [(record.name, record.levelno) for record in caplog.records] == [
        ("gatepass.client", logging.WARNING)
    ]


def test_after_a_failed_early_renewal_nobody_hammers_but_it_is_tried_again_in_time(
    source: TokenSource, issuer: FakeSender, clock: CallerClock
) -> None:
    text(source)
    clock.now += 900
    issuer.error = REFUSAL
    for _ in range(10):
        text(source)
    asked_at_first = issuer.requests
    issuer.error = None
    clock.now += 30

    assert asked_at_first == 2
    assert text(source) == "pass-2"


def test_an_early_renewal_that_fails_too_late_is_an_error(
    source: TokenSource, issuer: FakeSender, clock: CallerClock
) -> None:
    text(source)
    clock.now += 994

    def fail_slowly() -> None:
        clock.now += 10
        raise Unreachable("ReadTimeout: slow")

    issuer.before = fail_slowly

    with pytest.raises(TokenUnavailable, match="ReadTimeout"):
        source.token()


def test_an_early_renewal_that_fails_after_its_token_was_refused_is_an_error(
    source: TokenSource, issuer: FakeSender, clock: CallerClock
) -> None:
    first = source.token()
    clock.now += 900
    issuer.before = lambda: source.invalidate(first)
    issuer.error = REFUSAL

    with pytest.raises(TokenRefused):
        source.token()


def test_a_token_that_was_refused_is_dropped(source: TokenSource) -> None:
    assert source.invalidate(source.token())
    assert text(source) == "pass-2"


def test_a_token_fetched_meanwhile_survives_the_refusal_of_an_older_one(
    source: TokenSource,
) -> None:
    first = source.token()
    source.invalidate(first)
    text(source)

    assert source.invalidate(first)  # asking again gives another one, without a request
    assert text(source) == "pass-2"


def test_an_api_that_refuses_every_token_does_not_make_a_request_of_each_call(
    source: TokenSource, issuer: FakeSender, clock: CallerClock
) -> None:
    renews = []
    for _ in range(5):
        renews.append(source.invalidate(source.token()))
        clock.now += 1
    clock.now += 10
    renews.append(source.invalidate(source.token()))

    assert renews == [True, False, False, False, False, True]
    assert issuer.issued == 2


def test_fifty_threads_make_one_request_and_share_its_token(issuer: FakeSender) -> None:
    clock = CallerClock(callers=MANY)
    source = source_with(issuer, clock)
    issuer.before = clock.wait_for_callers

    results = in_threads(MANY, lambda: text(source))

    assert results == ["pass-1"] * MANY
    assert issuer.requests == 1


def test_fifty_threads_make_one_request_and_share_its_refusal(issuer: FakeSender) -> None:
    clock = CallerClock(callers=MANY)
    source = source_with(issuer, clock)
    issuer.before, issuer.error = clock.wait_for_callers, REFUSAL

    results = in_threads(MANY, source.token)

    assert [str(result) for result in results] == [str(results[0])] * MANY
    assert all(isinstance(result, TokenRefused) for result in results)
    assert len({id(result) for result in results}) == MANY
    assert issuer.requests == 1


async def all_at_once(source: TokenSource) -> list[str | BaseException]:
    return await asyncio.wait_for(
        asyncio.gather(*[atext(source) for _ in range(MANY)], return_exceptions=True), TIMEOUT
    )


def test_fifty_tasks_make_one_request_and_share_its_token(issuer: FakeSender) -> None:
    clock = CallerClock(callers=MANY)
    source = source_with(issuer, clock)
    issuer.abefore = clock.wait_for_callers

    assert asyncio.run(all_at_once(source)) == ["pass-1"] * MANY
    assert issuer.requests == 1


def test_fifty_tasks_make_one_request_and_share_its_refusal(issuer: FakeSender) -> None:
    clock = CallerClock(callers=MANY)
    source = source_with(issuer, clock)
    issuer.abefore, issuer.error = clock.wait_for_callers, REFUSAL

    results = asyncio.run(all_at_once(source))

    assert all(isinstance(result, TokenRefused) for result in results)
    assert issuer.requests == 1


def test_tasks_of_several_event_loops_and_threads_make_one_request(issuer: FakeSender) -> None:
    clock = CallerClock(callers=3 * MANY)
    source = source_with(issuer, clock)
    issuer.before = issuer.abefore = clock.wait_for_callers

    def some() -> list[str | BaseException]:
        return asyncio.run(all_at_once(source))

    results = in_threads(MANY + 2, iter_of([some, some], lambda: text(source)))

    assert len(results) == MANY + 2
    assert {str(token) for result in results for token in flat(result)} == {"pass-1"}
    assert issuer.requests == 1


def iter_of(first: list[Callable[[], object]], then: Callable[[], object]) -> Callable[[], object]:
    """Return work that differs: `first` once each, `then` for all other callers."""

    def work() -> object:
        try:
            chosen = first.pop()
        except IndexError:
            chosen = then
        return chosen()

    return work


def flat(result: object) -> list[object]:
    return list(result) if isinstance(result, list) else [result]


def test_while_one_renews_a_stale_token_the_others_go_on_with_it(
    source: TokenSource, issuer: FakeSender, clock: CallerClock
) -> None:
    text(source)
    clock.now += 900
    meanwhile: list[str | Exception] = []
    issuer.before = lambda: meanwhile.extend(in_threads(5, lambda: text(source)))

    assert text(source) == "pass-2"
    assert meanwhile == ["pass-1"] * 5
    assert issuer.requests == 2


class Gated(FakeSender):
    """Holds the first request until `release` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.release = asyncio.Event()

    async def asend(self, request: Request) -> Response:
        if not self.requests:
            self.requests += 1
            await self.release.wait()
        return self.send(request)


async def tasks_at_the_gate(issuer: Gated) -> list[asyncio.Task[str]]:
    """Return three tasks: the first renews, and the others have come to wait for it."""
    clock = CallerClock()
    source = source_with(issuer, clock)
    tasks = [asyncio.create_task(atext(source)) for _ in range(3)]
    while not issuer.requests or len(clock.reads) < 3 * 2 + 4:  # noqa: ASYNC110 - turns of the loop, no clock
        await asyncio.sleep(0)
    return tasks


def test_a_renewal_whose_task_is_cancelled_is_taken_over_by_one_who_waits() -> None:
    async def story() -> tuple[int, list[str]]:
        issuer = Gated()
        tasks = await tasks_at_the_gate(issuer)
        tasks[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        return issuer.issued, await asyncio.wait_for(asyncio.gather(*tasks[1:]), TIMEOUT)

    assert asyncio.run(story()) == (0, ["pass-1", "pass-1"])


def test_one_who_stops_waiting_cancels_the_renewal_for_nobody() -> None:
    async def story() -> list[str]:
        issuer = Gated()
        tasks = await tasks_at_the_gate(issuer)
        tasks[1].cancel()
        issuer.release.set()
        return await asyncio.wait_for(asyncio.gather(*tasks[::2]), TIMEOUT)

    assert asyncio.run(story()) == ["pass-1", "pass-1"]


def test_a_bug_in_a_sender_is_raised_and_leaves_the_source_usable(
    source: TokenSource, issuer: FakeSender
) -> None:
    issuer.error = LookupError("a bug")
    with pytest.raises(LookupError):
        source.token()
    issuer.error = None

    assert text(source) == "pass-1"


def test_pauses_between_attempts_are_kept_in_threads_and_tasks(
    issuer: FakeSender, clock: CallerClock
) -> None:
    issuer.error = Response(503, {}, b"")

    with pytest.raises(TokenUnavailable) as sync_error:
        TokenSource(SETTINGS, issuer, now=clock, random=lambda: 0.0).token()
    with pytest.raises(TokenUnavailable) as async_error:
        asyncio.run(TokenSource(SETTINGS, issuer, now=clock, random=lambda: 0.0).atoken())

    assert sync_error.value.attempts == async_error.value.attempts == issuer.requests / 2 == 8


def test_a_renewal_is_told_with_its_seconds_and_no_secret(
    source: TokenSource, issuer: FakeSender, clock: CallerClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    issuer.expires_in = None
    source.invalidate(source.token())
    issuer.expires_in = 1000
    source.token()
    clock.now += 1000
    issuer.error = REFUSAL
    with pytest.raises(TokenRefused):
        source.token()

    logged = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert logged[0] == ("INFO", "token renewed, lifetime unstated")
    assert logged[1] == ("INFO", "an API refused the token; it is renewed")
    assert logged[2] == ("INFO", "token renewed, lifetime 1000 s")
    assert [level for level, _ in logged[3:]] == ["INFO", "ERROR"]
    assert "invalid_client" in logged[4][1]
    assert not any(word in line for _, line in logged for word in ("hush", "pass-"))


def test_a_log_handler_that_needs_a_token_itself_does_not_hang(
    source: TokenSource, issuer: FakeSender
) -> None:
    class Shipping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno == logging.ERROR:
                with pytest.raises(TokenRefused):
                    source.token()
                shipped.append(record.name)

    shipped: list[str] = []
    handler = Shipping()
    logging.getLogger("gatepass.client").addHandler(handler)
    issuer.error = REFUSAL
    try:
        outcome = in_threads(1, source.token)
    finally:
        logging.getLogger("gatepass.client").removeHandler(handler)

    assert isinstance(outcome[0], TokenRefused)
    assert shipped == ["gatepass.client"]
