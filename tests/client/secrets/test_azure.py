"""Secrets from Azure Key Vault, by Microsoft's libraries, from a fake server over https."""

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from client.fake_server import json_response
from client.secrets.fake_server import SECRET, refusal, secret_store
from gatepass.client.errors import ConfigurationError, SecretUnavailable
from gatepass.client.secrets.azure import FromAzure
from gatepass.loopback import Request, Response

TOKEN = "eyJ0eXAi-stand-in"


class Credential:
    """Gives a token as azure-identity would, for the scope that the vault asked for."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:  # noqa: ANN401 - the library's
        assert scopes[0].startswith("https://0.0.1")
        return AccessToken(TOKEN, 4_000_000_000)


CREDENTIAL = Credential()


@dataclass
class StandIn:
    """Returns `stored` by name and version, or `instead` if that is set."""

    address: str = ""
    stored: dict[str, str] = field(default_factory=dict)
    instead: Response | None = None

    def answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            # The library wants the vault's host to be below the resource's.
            resource = self.address.replace("127.0.0.1", "0.0.1")
            challenge = (
                f'Bearer authorization="https://login.example/tenant", resource="{resource}"'
            )
            return Response(401, b"", {"WWW-Authenticate": challenge})
        if self.instead:
            return self.instead
        path, _, query = request.path.partition("?")
        name = path.removeprefix("/secrets/").strip("/")
        assert query.startswith("api-version=")
        if name not in self.stored:
            return json_response(404, error={"code": "SecretNotFound", "message": SECRET})
        return json_response(
            value=self.stored[name],
            id=f"{self.address}/secrets/{name.partition('/')[0]}/v1",
            attributes={"enabled": True},
        )


@pytest.fixture
def azure(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    stand_in = StandIn()
    with secret_store(stand_in.answer, certificate) as address:
        stand_in.address = address
        yield stand_in


def at(azure: StandIn, name: str = "gatepass", field: str = "", version: str = "") -> FromAzure:
    return FromAzure(azure.address, name, field, version, CREDENTIAL)


def test_the_newest_version_is_read_and_nothing_is_logged(
    azure: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    azure.stored["gatepass"] = SECRET

    assert at(azure)() == SECRET
    assert SECRET not in caplog.text
    assert TOKEN not in caplog.text


def test_a_version_and_one_field_of_a_json_secret_are_read(azure: StandIn) -> None:
    azure.stored["gatepass/7"] = json.dumps({"secret": SECRET})

    assert at(azure, field="secret", version="7")() == SECRET
    assert "no text under" in refusal(at(azure, field="other", version="7"))


def test_a_missing_or_empty_secret_is_told(azure: StandIn) -> None:
    azure.stored["empty"] = ""

    assert "answered 404: check the name" in refusal(at(azure, "nothing"))
    assert "empty" in refusal(at(azure, "empty"))


@pytest.mark.parametrize("status", [401, 403, 418])
def test_a_refusal_is_told(status: int, azure: StandIn) -> None:
    azure.instead = json_response(status, error={"code": "Forbidden", "message": SECRET})

    assert f"answered {status}: " in refusal(at(azure), TOKEN)


def test_a_redirect_is_not_followed(azure: StandIn) -> None:
    elsewhere: list[Request] = []

    def listen(request: Request) -> Response:
        elsewhere.append(request)
        return json_response(value=SECRET)

    with secret_store(listen) as address:
        azure.instead = Response(302, b"", {"Location": f"{address}/secrets/gatepass"})
        assert "answered 302" in refusal(at(azure), TOKEN)

    assert elsewhere == []


@pytest.mark.parametrize("status", [429, 500])
def test_what_may_pass_is_unavailable(
    status: int, azure: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # the library waits between its attempts
    azure.instead = Response(status, SECRET.encode())

    assert "try again" in refusal(at(azure), TOKEN, kind=SecretUnavailable)


@pytest.mark.parametrize(
    "answer",
    [Response(200, b"<html>" + SECRET.encode()), Response(200, b"[]"), json_response(value=None)],
    ids=["html", "list", "null"],
)
def test_a_strange_answer_is_refused(answer: Response, azure: StandIn) -> None:
    azure.instead = answer

    refusal(at(azure), TOKEN)


def test_a_vault_that_is_away_is_unavailable(
    azure: StandIn, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with secret_store(azure.answer, certificate) as address:
        pass

    source = FromAzure(address, "gatepass", credential=CREDENTIAL)

    assert "cannot be reached" in refusal(source, TOKEN, kind=SecretUnavailable)


def test_missing_credentials_are_told(azure: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)

    assert "az login" in refusal(FromAzure(azure.address, "gatepass"))


def test_plain_http_is_refused_even_on_loopback() -> None:
    with pytest.raises(ConfigurationError, match="use https"):
        FromAzure("http://127.0.0.1:1", "gatepass")
    with pytest.raises(ConfigurationError, match="use https"):
        FromAzure("http://vault.example", "gatepass")


@pytest.mark.parametrize("name", ["", "a/b", "a b", "..", "a?b", "x" * 128])
def test_a_name_or_version_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="malformed"):
        FromAzure("https://v.example", name)
    with pytest.raises(ConfigurationError, match="malformed"):
        FromAzure("https://v.example", "gatepass", version=name or "/")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.keyvault.secrets", None)

    assert "gatepass[azure]" in refusal(FromAzure("https://v.example", "gatepass"))
