"""When an operation is asked for again, and with what."""

import pytest

from admin.fake_api import FakeApi, answered, problem
from gatepass.admin import NotFound, PreconditionFailed, ServerUnavailable
from gatepass.admin.requests import Conditions
from gatepass.client.errors import CertificateRefused, Unreachable
from gatepass.wire.flow import Response

_NEW = {"name": "Acme"}
_DONE = answered({"organization": {}}, 201)
_TRANSIENT = [
    Response(408, {}, b""),
    Response(425, {}, b""),
    Response(429, {}, b""),
    problem(500),
    Response(502, {}, b"<html>"),
    problem(503),
    Response(504, {}, b""),
    Unreachable("ConnectionResetError"),
]


@pytest.mark.parametrize("failure", _TRANSIENT, ids=str)
def test_a_creation_is_sent_again_with_the_same_key(
    failure: Response | Exception, api: FakeApi
) -> None:
    api.answers.extend([failure, failure, _DONE])
    api.perform("organization.create", _NEW)

    keys = [each.headers["idempotency-key"] for each in api.requests]
    assert len(keys) == 3
    assert len({*keys}) == 1
    assert len({each.body for each in api.requests}) == 1


def test_each_creation_has_a_key_of_its_own(api: FakeApi) -> None:
    api.answers.extend([_DONE, _DONE])
    api.perform("organization.create", _NEW)
    api.perform("organization.create", _NEW)

    first, second = (each.headers["idempotency-key"] for each in api.requests)
    assert first != second


def test_a_key_that_is_given_is_sent(api: FakeApi) -> None:
    api.answers.append(_DONE)
    api.perform("organization.create", _NEW, Conditions(idempotency_key="one-of-mine-0001"))

    assert api.requests[0].headers["idempotency-key"] == "one-of-mine-0001"


@pytest.mark.parametrize(
    ("name", "arguments", "wanted"),
    [
        ("organization.list", {}, Conditions()),
        ("organization.rename", {"org_id": "x", "name": "B"}, Conditions()),
        ("application.delete", {"client_id": "x"}, Conditions()),
        ("organization.create", _NEW, Conditions(dry_run=True)),
    ],
)
def test_only_what_creates_or_acts_has_a_key(
    name: str, arguments: dict[str, object], wanted: Conditions, api: FakeApi
) -> None:
    api.answers.append(answered({"dry_run": True, "effect": None, "result": {}}))
    api.perform(name, arguments, wanted)

    assert "idempotency-key" not in api.requests[0].headers


def test_the_pause_grows_and_is_longer_where_the_server_asks_for_it(api: FakeApi) -> None:
    busy = Response(429, {"retry-after": "7"}, b"")
    api.answers.extend([problem(503), problem(503), busy, answered({})])
    api.perform("organization.list", {})

    assert [each.after for each in api.requests] == [0.0, 0.5, 1.0, 7.0 + 2.0]


def test_no_request_is_sent_after_a_pause_that_the_deadline_does_not_allow(api: FakeApi) -> None:
    api.answers.append(Response(429, {"retry-after": "3600"}, b""))
    with pytest.raises(ServerUnavailable, match="try again in 3600 s") as refused:
        api.perform("organization.create", _NEW, Conditions(idempotency_key="one-of-mine-0001"))

    assert len(api.requests) == 1
    assert refused.value.retry_after == 3600
    assert refused.value.idempotency_key == "one-of-mine-0001"


def test_a_server_that_stays_away_ends_the_call_with_its_own_words(api: FakeApi) -> None:
    api.answers.extend([problem(503, "The database is away.")] * 99)
    with pytest.raises(ServerUnavailable, match=r"503 \(The database is away\.\)") as refused:
        api.perform("organization.list", {})

    assert refused.value.attempts == len(api.requests) == 8


def test_a_slow_server_ends_the_call_at_its_deadline(api: FakeApi) -> None:
    api.seconds_each = 15.0
    api.answers.extend([Unreachable("no whole answer in time")] * 99)
    with pytest.raises(ServerUnavailable, match="no whole answer in time"):
        api.perform("organization.list", {})

    assert api.requests[0].timeout == 15.0
    assert api.now <= 1000.0 + 60.0 + 15.0


def test_a_refused_certificate_is_not_tried_again(api: FakeApi) -> None:
    api.answers.append(CertificateRefused("it is of another host"))
    with pytest.raises(ServerUnavailable, match="it is of another host"):
        api.perform("organization.list", {})

    assert len(api.requests) == 1


def test_a_token_that_is_refused_is_replaced_once(api: FakeApi) -> None:
    api.answers.extend([problem(401), answered({})])
    api.perform("organization.list", {})

    assert [each.headers["authorization"] for each in api.requests] == [
        "Bearer pass-1",
        "Bearer pass-2",
    ]


def test_a_second_refusal_of_a_token_is_the_answer(api: FakeApi) -> None:
    api.answers.extend([problem(401), problem(401, "Not from here.")])
    with pytest.raises(Exception, match="Not from here"):
        api.perform("organization.list", {})

    assert len(api.requests) == 2


def test_what_a_lost_request_has_removed_is_gone(api: FakeApi) -> None:
    api.answers.extend([Unreachable("RemoteProtocolError"), problem(404)])
    assert api.perform("application.delete", {"client_id": "x"}).result == {}

    api.answers.append(problem(404))
    with pytest.raises(NotFound):
        api.perform("application.delete", {"client_id": "x"})


def test_what_is_gone_after_a_request_that_was_refused_was_not_removed_by_it(api: FakeApi) -> None:
    api.answers.extend([Response(429, {}, b""), problem(404)])
    with pytest.raises(NotFound):
        api.perform("application.delete", {"client_id": "x"})


def test_a_change_that_a_lost_request_may_have_made_says_so(api: FakeApi) -> None:
    change = {"org_id": "x", "name": "B"}
    wanted = Conditions(if_match='"abc"')
    api.answers.extend([Unreachable("RemoteProtocolError"), problem(412, "Read it again.")])
    with pytest.raises(PreconditionFailed, match=r"Read it again\. A request before"):
        api.perform("organization.rename", change, wanted)

    api.answers.append(problem(412, "Read it again."))
    with pytest.raises(PreconditionFailed) as refused:
        api.perform("organization.rename", change, wanted)
    assert refused.value.detail == "Read it again."


def test_neither_secret_nor_token_is_in_an_error(api: FakeApi) -> None:
    api.answers.append(problem(409, "It has pass-1 and a name.", errors=[{"field": "pass-1"}]))
    with pytest.raises(Exception, match="refused") as refused:
        api.perform("organization.list", {})

    assert "pass-1" not in str(refused.value) + repr(refused.value)
