"""A guard without an audience logs it once and shows it in its status."""

import logging
from typing import Any

import pytest

from gatepass.guard import Denied, Expectation, Guard
from guard.fake_network import Setup, bearer_request
from guard.tokens import API, ISSUER

ELSEWHERE = "https://other.example.com"
OURS = {"client_id": "meters", "client_secret": "s3cret"}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


def inspect(_token: object, _context: object) -> dict[str, object]:
    return {
        "active": True,
        "client_id": "acme",
        "iss": ISSUER,
        "exp": 4_000_000_000,
        "aud": ELSEWHERE,
    }


@pytest.mark.spec("RFC 9700", "2.3")
def test_a_guard_without_an_audience_takes_tokens_for_other_apis_and_warns_of_it_once(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    setup.server.knows("opaque", exp=int(setup.clock.now) + 3600, aud=ELSEWHERE)
    guard = setup.guard(resource=None)
    for _ in range(3):
        assert guard.identify(bearer_request("opaque")).audience == (ELSEWHERE,)

    [message] = warnings(caplog)
    assert "no resource" in message
    assert "RFC 9700" in message
    assert setup.server.issuer in message
    assert guard.status().checks_audience is False


@pytest.mark.spec("RFC 9700", "2.3")
def test_a_guard_with_an_audience_takes_no_other_and_has_nothing_to_warn_of(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    setup.server.knows("opaque", exp=int(setup.clock.now) + 3600, aud=ELSEWHERE)
    guard = setup.guard()
    with pytest.raises(Denied):
        guard.identify(bearer_request("opaque"))

    assert warnings(caplog) == []
    assert guard.status().checks_audience is True


@pytest.mark.parametrize(
    "options",
    [
        {"issuer": ISSUER, **OURS},
        {"issuer": ISSUER, "resource": None, **OURS},
        {"expect": Expectation(ISSUER), "inspect": inspect},
    ],
)
def test_each_way_to_give_none_is_told_when_the_guard_is_made(
    options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with Guard(**options) as guard:
        assert len(warnings(caplog)) == 1
        assert guard.status().checks_audience is False


def test_what_to_expect_that_depends_on_the_request_is_told_with_the_first_one_without(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def expect(resource: str | None) -> Expectation:
        return Expectation(ISSUER, resource)

    with Guard(inspect=inspect, expect=expect) as guard:
        with pytest.raises(Denied):
            guard.identify(bearer_request("opaque", context=API))
        assert (warnings(caplog), guard.status().checks_audience) == ([], True)
        for _ in range(2):
            guard.identify(bearer_request("opaque", context=None))

        assert len(warnings(caplog)) == 1
        assert guard.status().checks_audience is False
