"""Secrets from Google Secret Manager, from a fake of it and of Google's token endpoint."""

import base64
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import RSAKey

from client.fake_server import json_response
from client.secrets.fake_server import SECRET, refusal, secret_store
from gatepass.client.errors import ConfigurationError, SecretUnavailable
from gatepass.client.secrets.google import FromGoogle
from gatepass.loopback import Request, Response

NAME = "projects/acme-prod/secrets/gatepass"
LOCAL = "projects/p/locations/eu1/secrets/s/versions/2"
TOKEN = "ya29.stand-in"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class StandIn:
    """Returns tokens for the service account and `stored` by name, or `instead` if it is set."""

    address: str = ""
    stored: dict[str, bytes] = field(default_factory=dict)
    instead: Response | None = None
    token_answer: Response | None = None

    def answer(self, request: Request) -> Response:
        if request.path == "/token":
            return self.token_answer or self.token(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return json_response(401, error={"code": 401, "status": "UNAUTHENTICATED"})
        if self.instead:
            return self.instead
        name = request.path.removeprefix("/v1/").removesuffix(":access")
        if name not in self.stored:
            return json_response(404, error={"code": 404, "status": "NOT_FOUND"})
        return json_response(
            name=name, payload={"data": base64.b64encode(self.stored[name]).decode()}
        )

    def token(self, request: Request) -> Response:
        form = parse_qs(request.body.decode())
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        claims = jwt.decode(form["assertion"][0], RSAKey.import_key(KEY.public_key())).claims
        assert claims["iss"] == "robot@acme-prod.iam.gserviceaccount.com"
        return json_response(access_token=TOKEN, expires_in=3600, token_type="Bearer")


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    """A fake server, and a service account's key file that Google's programs would find."""
    stand_in = StandIn()
    with secret_store(stand_in.answer) as address:
        stand_in.address = address
        account = {
            "type": "service_account",
            "client_email": "robot@acme-prod.iam.gserviceaccount.com",
            "private_key_id": "1",
            "private_key": KEY.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ).decode(),
            "project_id": "acme-prod",
            "token_uri": f"{address}/token",
        }
        (tmp_path / "account.json").write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
        yield stand_in


def at(google: StandIn, name: str = NAME, field: str = "") -> FromGoogle:
    return FromGoogle(name, field, google.address)


def test_the_latest_version_is_read_and_nothing_is_logged(
    google: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    google.stored[f"{NAME}/versions/latest"] = SECRET.encode()

    assert at(google)() == SECRET
    assert SECRET not in caplog.text
    assert base64.b64encode(SECRET.encode()).decode() not in caplog.text
    assert TOKEN not in caplog.text


def test_a_version_and_one_field_of_a_json_secret_are_read(google: StandIn) -> None:
    google.stored[f"{NAME}/versions/7"] = json.dumps({"secret": SECRET}).encode()

    assert at(google, f"{NAME}/versions/7", "secret")() == SECRET
    assert "no text under" in refusal(at(google, f"{NAME}/versions/7", "other"))


def test_a_secret_that_is_not_text_or_not_there_is_refused(google: StandIn) -> None:
    google.stored[f"{NAME}/versions/latest"] = SECRET.encode() + b"\xff"

    assert "not text" in refusal(at(google))
    assert "answered 404: check the name" in refusal(at(google, f"{NAME}-2"))


@pytest.mark.parametrize("status", [400, 401, 403, 418, 302])
def test_a_refusal_is_told(status: int, google: StandIn) -> None:
    google.instead = Response(status, SECRET.encode(), {"Location": "http://127.0.0.1:1/"})

    assert f"answered {status}: " in refusal(at(google), TOKEN)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_unavailable(status: int, google: StandIn) -> None:
    google.instead = Response(status, SECRET.encode())

    assert "try again" in refusal(at(google), TOKEN, kind=SecretUnavailable)


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, b"<html>" + SECRET.encode()),
        json_response(payload=None),
        json_response(payload={"data": 5}),
        json_response(payload={"data": SECRET}),
    ],
    ids=["html", "no payload", "number", "no base64"],
)
def test_a_strange_answer_is_refused(answer: Response, google: StandIn) -> None:
    google.instead = answer

    refusal(at(google), TOKEN)


def test_an_address_that_is_away_is_unavailable(google: StandIn) -> None:
    with secret_store(google.answer) as address:
        pass

    source = FromGoogle(NAME, endpoint=address)

    assert "ConnectError" in refusal(source, TOKEN, kind=SecretUnavailable)


def test_credentials_that_google_refuses_are_told(google: StandIn) -> None:
    google.token_answer = json_response(400, error="invalid_grant", error_description=SECRET)

    assert "RefreshError" in refusal(at(google))


def test_google_away_is_unavailable(google: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # google-auth waits between its attempts
    google.token_answer = json_response(503, error="internal_failure")

    assert "try again" in refusal(at(google), kind=SecretUnavailable)


def test_missing_credentials_are_told(
    google: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))

    assert "gcloud auth application-default login" in refusal(at(google))


@pytest.mark.parametrize("key", ["", "no key", "\0", SECRET])
def test_malformed_credentials_are_told(key: str, google: StandIn, tmp_path: Path) -> None:
    account = json.loads((tmp_path / "account.json").read_text())
    (tmp_path / "account.json").write_text(json.dumps(account | {"private_key": key}))

    assert "no usable credentials" in refusal(at(google))


@pytest.mark.parametrize(
    "name",
    ["", "gatepass", "projects/p/secrets/", "projects/p/secrets/s/versions/", f"{NAME}/../x"],
)
def test_a_name_that_is_not_full_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="projects/P/secrets/S"):
        FromGoogle(name)


def test_a_plain_http_endpoint_is_refused_but_for_loopback() -> None:
    with pytest.raises(ConfigurationError, match="use https"):
        FromGoogle(NAME, endpoint="http://google.example")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (NAME, f"https://secretmanager.googleapis.com/v1/{NAME}/versions/latest:access"),
        (
            LOCAL,
            f"https://secretmanager.eu1.rep.googleapis.com/v1/{LOCAL}:access",
        ),
    ],
)
def test_the_address_is_that_of_the_secret_at_its_location(name: str, address: str) -> None:
    assert FromGoogle(name).url == address


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)

    assert "gatepass[google]" in refusal(FromGoogle(NAME))
