"""The status and the hooks of a token source, and its metrics by OpenTelemetry's API."""

import logging
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    InMemoryMetricReader,
    NumberDataPoint,
)

from client.fake_sender import REFUSAL, FakeSender
from client.processes import CallerClock
from gatepass.client.errors import ConfigurationError, TokenRefused, TokenUnavailable
from gatepass.client.secrets.rotation import SecretRotation
from gatepass.client.secrets.source import Literal
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens import telemetry
from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.token import CachedToken, State
from gatepass.wire.flow import Response
from gatepass.wire.secret import Secret


@pytest.fixture
def issuer() -> FakeSender:
    return FakeSender()


@pytest.fixture
def clock() -> CallerClock:
    return CallerClock()


def settings_of(client_id: str) -> ClientSettings:
    return ClientSettings("https://app.example.com/token", client_id, "hush-hush")


def source_of(issuer: FakeSender, clock: CallerClock, client_id: str = "id") -> TokenSource:
    return TokenSource(settings_of(client_id), issuer, now=clock, random=lambda: 0.5)


def test_the_status_of_a_source_that_was_not_used_is_empty(
    issuer: FakeSender, clock: CallerClock
) -> None:
    assert asdict(source_of(issuer, clock).status()) == {
        "state": State.EXPIRED,
        "age": None,
        "seconds_left": None,
        "last_error": None,
        "renewals": 0,
        "failures": 0,
        "refusals": 0,
        "rejections": 0,
        "secret_expires_at": None,
    }


def test_the_status_follows_the_token_and_asks_nobody(
    issuer: FakeSender, clock: CallerClock
) -> None:
    source = source_of(issuer, clock)
    source.token()
    received = []
    for seconds in (100, 800, 200):
        clock.now += seconds
        status = source.status()
        received.append((status.state, status.age, status.seconds_left))

    assert received == [("fresh", 100, 895), ("stale", 900, 95), ("expired", 1100, 0)]
    assert issuer.requests == 1


def test_the_status_counts_and_keeps_the_last_error_until_the_next_token(
    issuer: FakeSender, clock: CallerClock
) -> None:
    source = source_of(issuer, clock)
    source.invalidate(source.token())
    issuer.error = REFUSAL
    with pytest.raises(TokenRefused):
        source.token()
    refused = source.status()
    clock.now += 11
    issuer.error = None
    source.token()
    mended = source.status()

    assert (refused.renewals, refused.failures, refused.refusals, refused.rejections) == (1,) * 4
    assert "invalid_client" in str(refused.last_error)
    assert (mended.renewals, mended.last_error) == (2, None)


@pytest.mark.parametrize(("days", "is_warned"), [(29, True), (-1, True), (31, False)])
def test_the_end_of_the_client_secret_is_in_the_status_and_near_it_in_the_log(
    issuer: FakeSender,
    clock: CallerClock,
    caplog: pytest.LogCaptureFixture,
    days: int,
    *,
    is_warned: bool,
) -> None:
    end = (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)
    issuer.headers = {"gatepass-secret-expires": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
    source = source_of(issuer, clock)
    source.token()

    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert source.status().secret_expires_at == end
    assert [end.isoformat() in each for each in warnings] == ([True] if is_warned else [])


def test_hooks_hear_of_tokens_and_refusals_and_of_no_secret(
    issuer: FakeSender, clock: CallerClock
) -> None:
    events: list[CachedToken | TokenRefused] = []
    source = TokenSource(
        settings_of("id"), issuer, on_token=events.append, on_refused=events.append, now=clock
    )
    source.token()
    clock.now += 1000
    issuer.error = Response(302, {}, b"")
    with pytest.raises(TokenUnavailable, match="302"):
        source.token()
    clock.now += 11
    issuer.error = REFUSAL
    with pytest.raises(TokenRefused):
        source.token()

    assert [type(each) for each in events] == [CachedToken, TokenRefused]
    assert not any(word in str(events) for word in ("pass-1", "hush"))


def test_a_hook_that_fails_costs_nobody_a_token(
    issuer: FakeSender, clock: CallerClock, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: CachedToken) -> None:
        raise LookupError("a bug of theirs")

    source = TokenSource(settings_of("id"), issuer, on_token=fail, now=clock)

    assert source.token().value == "pass-1"
    assert "a hook failed" in caplog.text


@pytest.fixture(scope="session")
def reader() -> InMemoryMetricReader:
    kept = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([kept]))  # of the whole process, but once
    return kept


def figures(reader: InMemoryMetricReader, client_id: str) -> dict[tuple[str, str], float]:
    """Return what was counted for `client_id`, by instrument and outcome."""
    found = {}
    data = reader.get_metrics_data()
    assert data is not None
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    labels = dict(point.attributes or {})
                    if labels.get("client_id") == client_id:
                        key = (metric.name, str(labels.get("outcome", "")))
                        assert isinstance(point, NumberDataPoint | HistogramDataPoint)
                        found[key] = (
                            point.value if isinstance(point, NumberDataPoint) else point.sum
                        )
    return found


def test_requests_and_rejections_are_counted_by_outcome(
    reader: InMemoryMetricReader, issuer: FakeSender, clock: CallerClock
) -> None:
    source = source_of(issuer, clock, "counted")

    def take(seconds: float) -> None:
        clock.now += seconds

    issuer.before = lambda: take(2)
    source.invalidate(source.token())
    issuer.error = REFUSAL
    with pytest.raises(TokenRefused):
        source.token()
    clock.now += 11
    issuer.error = Response(302, {}, b"")
    with pytest.raises(TokenUnavailable):
        source.token()

    names = "gatepass.client.token.requests", "gatepass.client.token.request.duration"
    assert figures(reader, "counted") == {
        **{(names[0], outcome): 1 for outcome in ("renewed", "refused", "unavailable")},
        **{(names[1], outcome): 2 for outcome in ("renewed", "refused", "unavailable")},
        ("gatepass.client.token.rejections", ""): 1,
    }


def test_an_api_that_refuses_every_token_is_warned_of(
    issuer: FakeSender, clock: CallerClock, caplog: pytest.LogCaptureFixture
) -> None:
    source = source_of(issuer, clock)
    source.invalidate(source.token())
    source.invalidate(source.token())

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "refused alike" in caplog.text


class SecretSourceStub:
    """A secret source that is someone's own."""

    def __init__(self) -> None:
        self.result: str | Exception = "first"

    def __call__(self) -> str:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def test_a_secret_that_cannot_be_read_any_longer_is_used_on_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret_source = SecretSourceStub()
    known = SecretRotation((secret_source,))
    known.read()
    secret_source.result = ConfigurationError("the vault is sealed: unseal it")

    assert known.read() == [Secret("first")]
    assert "the vault is sealed" in caplog.text


def test_what_fails_in_a_function_of_somebodys_own_is_told_without_its_words() -> None:
    secret_source = SecretSourceStub()
    secret_source.result = LookupError("no such secret: hush-hush")

    with pytest.raises(ConfigurationError, match="LookupError") as caught:
        SecretRotation((secret_source,)).read()

    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("text", ["", "two\nlines"])
def test_what_no_client_secret_looks_like_is_refused(text: str) -> None:
    secret_source = SecretSourceStub()
    secret_source.result = text

    with pytest.raises(ConfigurationError, match="client secret"):
        SecretRotation((secret_source,)).read()


def test_the_secret_that_worked_comes_first_and_each_but_once() -> None:
    known = SecretRotation(tuple(Literal(Secret(text)) for text in ("a", "b", "a", "c")))
    known.prefer(Secret("b"))

    assert known.read() == [Secret("b"), Secret("a"), Secret("c")]


def test_a_source_of_which_one_secret_is_missing_works_with_the_other(
    issuer: FakeSender, clock: CallerClock
) -> None:
    missing = SecretSourceStub()
    missing.result = ConfigurationError("it is not there")
    settings = ClientSettings("https://app.example.com/token", "id", [missing, "there"])

    assert TokenSource(settings, issuer, now=clock).token().value == "pass-1"


def test_without_opentelemetry_a_source_works_and_counts_for_its_status(
    issuer: FakeSender, clock: CallerClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    telemetry._instruments.cache_clear()  # noqa: SLF001 - as in a process that has not looked yet
    try:
        source = source_of(issuer, clock)
        source.invalidate(source.token())
    finally:
        telemetry._instruments.cache_clear()  # noqa: SLF001 - the same

    assert (source.status().renewals, source.status().rejections) == (1, 1)
