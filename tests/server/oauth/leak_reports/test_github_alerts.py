"""GitHub's alerts are taken with its signature, and from nobody else."""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    SECP384R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from httpx2 import Response
from structlog.testing import capture_logs

from gatepass.loopback import LoopbackServer
from gatepass.loopback import Response as Answer
from gatepass.server.domain.audit import store as audit
from gatepass.server.oauth.leak_reports.github_keys import (
    FETCH_EVERY,
    KEPT,
    GitHubKeys,
    parse_keys,
)
from gatepass.wire.credential import Kind, mint
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import GITHUB_ALERTS
from server.fixtures import LIVE, TEST, InProcessServer, open_passive_server, refused
from server.oauth.leak_reports.test_report_leak import look_up

KEY, SIGNATURE = "github-public-key-identifier", "github-public-key-signature"
# The sample of GitHub's documentation, with the key that was published at the time.
SAMPLE = json.loads((Path(__file__).parent / "github_sample.json").read_text())


def pem(key: EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def document(**keys: EllipticCurvePrivateKey) -> bytes:
    listed = [
        {"key_identifier": name, "key": pem(key), "is_current": True} for name, key in keys.items()
    ]
    return json.dumps({"public_keys": listed}).encode()


class GitHub:
    """Signs alerts, and publishes its keys on a server of this machine."""

    def __init__(self) -> None:
        self.key = generate_private_key(SECP256R1())
        self.answer = Answer(200, document(current=self.key))
        self.fetched = 0

    def publish(self, *_: object) -> Answer:
        self.fetched += 1
        return self.answer

    def sign(self, body: bytes) -> str:
        return b64encode(self.key.sign(body, ECDSA(SHA256()))).decode()

    def alert(
        self,
        server: InProcessServer,
        *matches: object,
        body: bytes | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Response:
        sent = json.dumps(matches).encode() if body is None else body
        given = {
            "content-type": "application/json",
            KEY: "current",
            SIGNATURE: self.sign(sent),
        }
        given = {name: value for name, value in {**given, **headers}.items() if value}
        return server.post(GITHUB_ALERTS, content=sent, headers=given)


@contextmanager
def listening(github: GitHub, data: Path) -> Iterator[InProcessServer]:
    with LoopbackServer(github.publish) as keys:
        url = f"{keys.url}/meta/public_keys/secret_scanning"
        with open_passive_server(data, leak_reports={"github_keys_url": url}) as server:
            yield server


@pytest.fixture
def github() -> GitHub:
    return GitHub()


@pytest.fixture
def taking(github: GitHub, tmp_path: Path) -> Iterator[InProcessServer]:
    """A server that takes the alerts of `github`."""
    with listening(github, tmp_path / "data") as server:
        yield server


def match(token: str, url: str = "https://github.com/acme/billing/blob/1f2e/a.py") -> Any:  # noqa: ANN401
    return {"token": token, "type": "gatepass_secret", "url": url, "source": "content"}


def test_credentials_of_both_environments_in_an_alert_are_dealt_with(
    github: GitHub, taking: InProcessServer
) -> None:
    live, test = taking.register(), taking.register(TEST)
    token = taking.token(live)
    invented = mint(Kind.CLIENT_SECRET, LIVE, secrets.token_bytes(32))
    texts = (live.secret.value, test.secret.value, token, invented, "hunter2", token)
    with capture_logs() as lines:
        answer = github.alert(taking, *map(match, texts))

    assert (answer.status_code, answer.content) == (200, b"[]")
    [received] = [line for line in lines if line["event"] == "github_alert.received"]
    assert (received["matches"], received["recognised"]) == (6, 4)
    assert (look_up(taking, LIVE), look_up(taking, TEST)) == (3, 1)
    assert not taking.is_active(live, token)
    with taking.environment().database.read() as connection:
        found = {
            entry.action: entry for _, entry in audit.page(connection, live.application.org_id)
        }
    assert found["secret.leak_reported"].actor == "GitHub secret scanning"
    assert found["secret.leak_reported"].detail["location"].startswith("https://github.com/acme/")
    assert {"secret.leak_reported", "token.leak_reported"} <= set(found)


def test_the_keys_are_fetched_once_for_many_alerts(github: GitHub, taking: InProcessServer) -> None:
    answers = [github.alert(taking, match("x")).status_code for _ in range(3)]

    assert (answers, github.fetched) == ([200] * 3, 1)


def test_an_alert_may_have_more_matches_than_fit_into_another_request(
    github: GitHub, taking: InProcessServer
) -> None:
    secret = taking.register().secret.value
    matches = [match(f"gps_live_{number}", "https://a.example/" * 20) for number in range(400)]

    assert github.alert(taking, *matches, match(secret)).status_code == 200
    assert look_up(taking) == 1
    assert github.alert(taking, body=b"[" + b" " * 2**20).status_code == 413


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({SIGNATURE: ""}, 400),
        ({KEY: ""}, 400),
        ({KEY: "another"}, 403),
        ({SIGNATURE: "not base64!"}, 403),
        ({SIGNATURE: b64encode(b"\x30\x00").decode()}, 403),
        ({SIGNATURE: b64encode(bytes(72)).decode()}, 403),
        ({SIGNATURE: SAMPLE["signature"]}, 403),
    ],
)
def test_without_the_right_signature_nothing_is_taken(
    github: GitHub, taking: InProcessServer, changed: dict[str, str], status: int
) -> None:
    answer = github.alert(taking, match(taking.register().secret.value), headers=changed)

    assert refused(answer) == (status, "invalid_request")
    assert look_up(taking) == 0


def test_a_body_that_was_changed_after_it_was_signed_is_refused(
    github: GitHub, taking: InProcessServer
) -> None:
    signed = json.dumps([match("x")]).encode()
    changed = json.dumps([match(taking.register().secret.value)]).encode()

    answer = github.alert(taking, body=changed, headers={SIGNATURE: github.sign(signed)})

    assert refused(answer) == (403, "invalid_request")
    assert look_up(taking) == 0


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"{}", b"null", b"[1]", b"[[]]", b"\xff[]", b"[" * 5000),
        *(b'[{"token": 5}]', b'[{"url": "x"}]', b'[{"token": "a", "token": "b"}]'),
    ],
)
def test_a_signed_body_that_is_no_alert_is_refused(
    github: GitHub, taking: InProcessServer, body: bytes
) -> None:
    assert refused(github.alert(taking, body=body)) == (400, "invalid_request")


def test_unless_it_is_turned_on_there_is_no_such_endpoint(server: InProcessServer) -> None:
    assert refused(GitHub().alert(server, match("x"))) == (404, "invalid_request")


def test_while_github_is_away_an_alert_is_asked_for_again(
    github: GitHub, taking: InProcessServer
) -> None:
    github.answer = Answer(500)
    with capture_logs() as lines:
        answer = github.alert(taking, match("x"))

    assert refused(answer) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "60"
    assert [line["event"] for line in lines].count("github_keys.unavailable") == 1


class Fetches:
    """Answers requests for keys, at a time that is set."""

    def __init__(self, *bodies: bytes) -> None:
        self.now = 1000.0
        self.bodies = list(bodies)
        self.keys = GitHubKeys("https://a.example/", self.get, lambda: self.now)

    def get(self, _: str) -> Any:  # noqa: ANN401 - a Response
        body = self.bodies.pop(0)
        return Answer(200 if body else 502, body)

    def status(self, key: EllipticCurvePrivateKey, name: str) -> int:
        signature = b64encode(key.sign(b"[]", ECDSA(SHA256()))).decode()
        try:
            self.keys.verify(b"[]", name, signature)
        except OAuthError as error:
            return error.status
        return 200


def test_a_new_key_is_found_and_unknown_ones_cause_one_request_a_minute() -> None:
    old, new = (generate_private_key(SECP256R1()) for _ in range(2))
    fetches = Fetches(document(old=old), document(old=old, new=new))

    assert fetches.status(old, "old") == 200
    assert [fetches.status(new, "new") for _ in range(50)] == [403] * 50
    assert len(fetches.bodies) == 1
    fetches.now += FETCH_EVERY
    assert fetches.status(new, "new") == 200
    assert fetches.status(new, "old") == 403


def test_a_key_that_was_taken_back_is_refused_a_day_later_also_while_github_is_away() -> None:
    old, new = (generate_private_key(SECP256R1()) for _ in range(2))
    fetches = Fetches(document(old=old), b"", document(new=new))

    assert fetches.status(old, "old") == 200
    fetches.now += KEPT
    assert fetches.status(old, "old") == 503
    fetches.now += FETCH_EVERY
    assert fetches.status(old, "old") == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"public_keys": []}',
        b'{"public_keys": ["x"]}',
        b'{"public_keys": [{"key_identifier": "a"}]}',
        b'{"public_keys": [{"key_identifier": "a", "key": "x"}]}',
        document(a=generate_private_key(SECP384R1())),
        json.dumps({"public_keys": [{}] * 101}).encode(),
    ],
)
def test_a_document_without_keys_of_p_256_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"key|JSON"):
        parse_keys(body)


def test_the_sample_of_githubs_documentation_is_accepted() -> None:
    body = json.dumps({"public_keys": [SAMPLE["key"]]}).encode()
    fetches = Fetches(body)
    name = SAMPLE["key"]["key_identifier"]

    fetches.keys.verify(SAMPLE["payload"].encode(), name, SAMPLE["signature"])
    with pytest.raises(OAuthError):
        fetches.keys.verify(SAMPLE["payload"].encode() + b"\n", name, SAMPLE["signature"])
    assert b64decode(SAMPLE["signature"])[0] == 0x30  # a DER sequence
