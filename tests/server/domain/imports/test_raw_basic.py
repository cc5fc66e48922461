"""A secret of another system with `%` or `+` in it works in Basic raw and form-url-encoded."""

import base64
import hashlib
from dataclasses import replace

import pytest

from gatepass.server.domain.imports import django_hashers
from gatepass.server.domain.imports.hash_verification import MOST_WRONG
from gatepass.wire.metadata import INTROSPECT, REVOCATIONS, REVOKE, TOKEN
from gatepass.wire.secret import Secret
from server.domain.imports.samples import QUICK, bring, brought, client, found
from server.fixtures import GRANT, Client, InProcessServer, basic, raw_basic, refused, whole
from server.oauth.token.test_refused_alike import calls, refuse

SECRETS = {
    "percent and hex digits": "hmx9vQ4Pw%41Ng8SKJ2BqT7z",
    "percent and letters": "hmx9vQ4Pw%zzNg8SKJ2BqT7z",
    "percent at the end": "hmx9vQ4PwvNg8SKJ2BqT7z%",
    "percent alone": "%",
    "plus": "hmx9vQ4Pw+vNg8SKJ2BqT7z",
    "an encoded line break": "hmx9vQ4PwvNg8SKJ2BqT7z%0A",
    "an encoded byte that is no UTF-8": "hmx9vQ4PwvNg8SKJ2BqT7z%ff",
    "percent and colon": "a:b%3Ac:d",
    "not ASCII": "\u00e4%C3%A4 \u20ac+",
}


def hashed(secret: str) -> str:
    """Hash a secret as Django's scrypt hasher does, at a low cost."""
    made = hashlib.scrypt(secret.encode(), salt=b"salt", n=16, r=1, p=1, dklen=64)
    return f"scrypt$16$salt$1$1${base64.b64encode(made).decode()}"


def raw(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": raw_basic(f"{client_id}:{secret}".encode())}


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.parametrize("is_hashed", [True, False])
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_works_raw_and_encoded_in_basic(
    fresh_server: InProcessServer, secret: str, *, is_hashed: bool
) -> None:
    kept = hashed(secret) if is_hashed else secret
    bring(fresh_server, found(kept=Secret(kept), was_hashed=is_hashed))

    for headers in (raw("acme", secret), {"Authorization": basic("acme", secret)}) * 2:
        answer = fresh_server.post(TOKEN, data=GRANT, headers=headers)
        assert answer.status_code == 200, answer.text
    (stored,) = brought(fresh_server).secrets
    assert stored.encoded is None
    assert Secret(secret).matches(stored.digest)


@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
def test_it_works_at_every_endpoint(fresh_server: InProcessServer, path: str) -> None:
    secret = SECRETS["percent and hex digits"]
    bring(fresh_server, found(kept=Secret(secret), was_hashed=False))

    form = GRANT | {"token": "x"}
    for _ in range(2):
        assert fresh_server.post(path, data=form, headers=raw("acme", secret)).status_code == 200


def test_a_secret_that_is_right_is_verified_slowly_once(
    fresh_server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = SECRETS["percent and hex digits"]
    other = found(client_id="other", kept=Secret(QUICK["encoded"]))
    bring(fresh_server, found(kept=Secret(hashed(secret))), other)
    fresh_server.post(TOKEN, data=GRANT, headers=raw("acme", secret))
    monkeypatch.setattr(django_hashers, "verify", lambda *_: pytest.fail("verified once more"))
    environment = fresh_server.environment()
    environment.applications.clear()

    for form in (GRANT, GRANT | {"scope": "read"}):  # the second one is not remembered
        assert fresh_server.post(TOKEN, data=form, headers=raw("acme", secret)).status_code == 200


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_wrong_one_and_an_unknown_client_get_the_same_answer_for_the_same_work(
    fresh_server: InProcessServer, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    verified: list[str] = []
    real = django_hashers.verify

    def verify(encoded: str, tried: Secret) -> bool:
        verified.append(encoded)
        return real(encoded, tried)

    monkeypatch.setattr(django_hashers, "verify", verify)
    bring(fresh_server, found())
    work, answers = [], []
    for client_id in ("acme", "nobody"):
        headers = raw(client_id, secret)
        answers += [fresh_server.post(TOKEN, data=GRANT, headers=headers) for _ in range(2)]
        work.append(len(verified))
        verified.clear()

    assert refused(answers[0]) == (401, "invalid_client")
    assert len({str(whole(answer)) for answer in answers}) == 1
    assert work[0] == work[1] > 0


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT, REVOCATIONS])
def test_a_refusal_makes_the_same_calls_for_a_client_and_for_nobody(
    fresh_server: InProcessServer, path: str
) -> None:
    bring(fresh_server, found(kept=Secret("x" * 24), was_hashed=False))
    environment = fresh_server.environment()
    counted = []
    for client_id in ("acme", "nobody"):
        refuse(environment, path, client_id, "wrong%41", encoded=False)
        environment.usage.take(fresh_server.clock())
        with calls() as made:
            refuse(environment, path, client_id, "wrong%41", encoded=False)
        counted.append(made)

    assert counted[0] == counted[1]


def test_an_encoded_secret_of_ours_is_read_as_before(fresh_server: InProcessServer) -> None:
    bring(fresh_server, found())
    ours = fresh_server.register()
    spelled = "".join(f"%{ord(char):02x}" for char in ours.secret.value)

    answer = fresh_server.post(TOKEN, data=GRANT, headers=raw(ours.client_id, spelled))

    assert answer.status_code == 200


def test_raw_secrets_are_not_read_where_none_was_brought(fresh_server: InProcessServer) -> None:
    answer = fresh_server.post(TOKEN, data=GRANT, headers=raw("acme", "a%zz"))

    assert refused(answer) == (400, "invalid_request")


def test_nothing_else_passes_for_the_secret(fresh_server: InProcessServer) -> None:
    bring(fresh_server, found(kept=Secret("ab%2541"), was_hashed=False))
    right = Client(replace(brought(fresh_server)), Secret("ab%2541"))

    for wrong in ("ab%41", "abA", "ab%25252541", "ab%2541 "):
        assert fresh_server.post(TOKEN, data=GRANT, headers=raw("acme", wrong)).status_code == 401
        in_body = GRANT | {"client_id": "acme", "client_secret": wrong}
        assert fresh_server.post(TOKEN, data=in_body).status_code == 401
    assert fresh_server.token(right)


def test_no_log_has_the_secret(
    fresh_server: InProcessServer, caplog: pytest.LogCaptureFixture
) -> None:
    secret = SECRETS["percent and letters"]
    bring(fresh_server, found())
    answer = fresh_server.ask(client(fresh_server, secret=secret))
    refused_raw = fresh_server.post(TOKEN, data=GRANT, headers=raw("acme", secret))

    assert secret not in f"{answer.text}{refused_raw.text}{caplog.text}"


def test_a_wrong_secret_is_counted_once_whatever_its_readings(
    fresh_server: InProcessServer,
) -> None:
    bring(fresh_server, found())
    for number in range(MOST_WRONG):
        answer = fresh_server.post(TOKEN, data=GRANT, headers=raw(f"nobody{number}", "wrong%41"))
        assert answer.status_code == 401

    one_more = fresh_server.post(TOKEN, data=GRANT, headers=raw("nobody", "wrong%41"))
    assert refused(one_more) == (429, "temporarily_unavailable")
