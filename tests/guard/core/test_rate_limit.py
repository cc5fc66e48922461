"""A limit for each application: counted in this process, or elsewhere."""

import asyncio

import pytest
from limits.storage import MemoryStorage

from gatepass.guard import Denied, Guard, Requirements
from gatepass.guard.core.rate_limit import RateLimit
from guard.fake_network import Setup, bearer_request


class Elsewhere(MemoryStorage):
    """Counts as a remote storage does, but here; or fails as one."""

    STORAGE_SCHEME = ["elsewhere"]  # noqa: RUF012 - as the library has it
    is_away = False

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        if self.is_away:
            raise ConnectionError("redis://user:s3cr3t@host is away")
        return super().acquire_entry(key, limit, expiry, amount)


def statuses(guard: Guard, token: str, times: int) -> list[int]:
    def sync() -> int:
        try:
            guard.identify(bearer_request(token), Requirements.of("read"))
        except Denied as denied:
            return denied.error_response.status
        return 200

    async def loop() -> int:
        try:
            await guard.aidentify(bearer_request(token), Requirements.of("read"))
        except Denied as denied:
            return denied.error_response.status
        return 200

    return [asyncio.run(loop()) if number % 2 else sync() for number in range(times)]


def test_beyond_the_limit_an_application_has_to_wait_and_no_other(setup: Setup) -> None:
    guard = setup.guard(rate=RateLimit("3/hour"))
    one, two = setup.jwt(), setup.jwt(client_id="other")

    assert statuses(guard, one, 5) == [200, 200, 200, 429, 429]
    assert statuses(guard, two, 1) == [200]
    with pytest.raises(Denied) as denied:
        guard.identify(bearer_request(one))

    found = denied.value.error_response
    assert 3500 < int(found.headers["Retry-After"]) <= 3600
    assert found.reason == "rate_limited"
    assert "WWW-Authenticate" not in found.headers


def test_who_is_refused_anyway_is_not_counted(setup: Setup) -> None:
    guard = setup.guard(rate=RateLimit("1/hour"))

    assert statuses(guard, setup.jwt(scope=""), 3) == [403] * 3
    assert statuses(guard, setup.jwt(), 1) == [200]


def test_a_storage_elsewhere_is_asked_and_where_it_fails_requests_pass(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    guard = setup.guard(rate=RateLimit("2/hour", "elsewhere://"))
    token = setup.jwt()

    assert statuses(guard, token, 3) == [200, 200, 429]
    monkeypatch.setattr(Elsewhere, "is_away", True)

    assert statuses(guard, token, 2) == [200, 200]
    assert "storage failed: ConnectionError" in caplog.text
    assert "s3cr3t" not in caplog.text


@pytest.mark.parametrize(("limit", "storage"), [("many", "memory://"), ("1/hour", "nowhere://")])
def test_a_limit_that_cannot_be_read_is_a_mistake(limit: str, storage: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        RateLimit(limit, storage)


def test_a_limit_that_cannot_be_read_is_told_with_one_that_can() -> None:
    with pytest.raises(ValueError, match="has the form \"100/minute\"; '100/minut' has not"):
        RateLimit("100/minut")
