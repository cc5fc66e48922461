"""Secrets from a fake Vault: good and bad responses."""

import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from client.fake_server import json_response
from client.secrets.fake_server import SECRET, refusal, secret_store
from client.secrets.vault.fake_vault import TOKEN, StandIn
from gatepass.client.errors import ConfigurationError, SecretUnavailable
from gatepass.client.secrets.env import FromEnv
from gatepass.client.secrets.file import FromFile
from gatepass.client.secrets.vault.login import AppRole, Kubernetes
from gatepass.client.secrets.vault.secret import FromVault
from gatepass.loopback import Response
from gatepass.wire.secret import Secret

PATH = "partners/gatepass"


@pytest.fixture
def vault() -> StandIn:
    return StandIn()


@pytest.fixture
def address(vault: StandIn) -> Iterator[str]:
    with secret_store(vault.answer) as at:
        yield at


def test_the_secret_is_read_with_the_token_and_nothing_is_logged(
    vault: StandIn, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    assert FromVault(address, f"/{PATH}", token=TOKEN)() == SECRET

    (request,) = vault.requests
    assert (request.method, request.headers["x-vault-token"]) == ("GET", TOKEN)
    assert "x-vault-namespace" not in request.headers
    assert SECRET not in caplog.text
    assert TOKEN not in caplog.text


def test_a_token_may_be_a_secret_or_come_from_a_source(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", TOKEN)

    assert FromVault(address, PATH, token=Secret(TOKEN))() == SECRET
    assert FromVault(address, PATH, token=FromEnv("MY_TOKEN"))() == SECRET


@pytest.mark.parametrize("prefix", ["VAULT", "BAO"])
def test_address_token_and_namespace_come_from_the_environment(
    prefix: str, vault: StandIn, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{prefix}_ADDR", f"{address}/")
    monkeypatch.setenv(f"{prefix}_TOKEN", TOKEN)
    monkeypatch.setenv(f"{prefix}_NAMESPACE", "partners/eu")

    assert FromVault("", PATH)() == SECRET
    assert vault.requests[0].headers["x-vault-namespace"] == "partners/eu"


def test_the_token_that_a_login_by_hand_left_is_used(address: str, tmp_path: Path) -> None:
    (tmp_path / ".vault-token").write_text(TOKEN)
    (tmp_path / ".vault-token").chmod(0o600)

    assert FromVault(address, PATH)() == SECRET


def test_without_a_token_or_address_it_is_said_how_to_give_one(address: str) -> None:
    assert "VAULT_TOKEN" in refusal(FromVault(address, PATH))
    assert "VAULT_ADDR" in refusal(FromVault("", PATH))


def test_an_application_role_logs_in_for_each_reading(vault: StandIn, address: str) -> None:
    source = FromVault(address, PATH, login=AppRole("partner", f"{SECRET}-id"))

    assert [source(), source()] == [SECRET, SECRET]
    assert [request.path for request in vault.requests] == [
        "/v1/auth/approle/login",
        f"/v1/secret/data/{PATH}",
    ] * 2


def test_a_pod_logs_in_with_its_service_account(address: str, tmp_path: Path) -> None:
    (tmp_path / "jwt").write_text(f"{SECRET}.jwt")
    (tmp_path / "jwt").chmod(0o600)
    login = Kubernetes("partner", FromFile(tmp_path / "jwt"))

    assert FromVault(address, PATH, login=login)() == SECRET


def test_a_refused_login_is_told_without_its_secret(address: str) -> None:
    source = FromVault(address, PATH, login=AppRole("partner", Secret(f"{SECRET}-wrong")))

    assert "answered 400 for auth/approle/login: check the login" in refusal(source)


def test_a_wrong_token_path_or_field_is_told(address: str) -> None:
    assert "answered 403" in refusal(FromVault(address, PATH, token="hvs.bad"), "hvs.bad")
    assert "answered 404" in refusal(FromVault(address, "nothing", token=TOKEN), TOKEN)
    assert "'other'" in refusal(FromVault(address, PATH, "other", token=TOKEN), TOKEN)
    assert "'port'" in refusal(FromVault(address, PATH, "port", token=TOKEN), TOKEN)


def test_a_sealed_vault_may_be_unsealed_soon(vault: StandIn, address: str) -> None:
    vault.sealed = True

    message = refusal(FromVault(address, PATH, token=TOKEN), TOKEN, kind=SecretUnavailable)

    assert "sealed" in message


@pytest.mark.parametrize("status", [412, 429, 472, 473, 500, 502])
def test_what_may_pass_is_unavailable(status: int, vault: StandIn, address: str) -> None:
    vault.instead = json_response(status, errors=[SECRET])

    message = refusal(FromVault(address, PATH, token=TOKEN), TOKEN, kind=SecretUnavailable)

    assert f"answered {status}" in message


def test_a_redirect_is_not_followed_with_the_token(vault: StandIn, address: str) -> None:
    elsewhere = StandIn()
    with secret_store(elsewhere.answer) as other:
        vault.instead = Response(307, b"", {"Location": f"{other}/v1/secret/data/{PATH}"})

        assert "redirects are not followed" in refusal(FromVault(address, PATH, token=TOKEN), TOKEN)

    assert elsewhere.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, b"<html>" + SECRET.encode(), {"Content-Type": "text/html"}),
        Response(200, b""),
        Response(200, b"\xff\xfe"),
        Response(200, b"[" * 100_000),
        json_response(data=None),
        json_response(data=[SECRET]),
        json_response(data={"data": None}),
        json_response(data={"data": SECRET}),
        json_response(data={"client_secret": SECRET}),
        json_response(data={"data": {"client_secret": {"value": SECRET}}}),
        json_response(data={"data": {"client_secret": ""}}),
        json_response(data={"data": {"client_secret": f"{SECRET}\nmore"}}),
        json_response(data={"data": {"client_secret": SECRET * 10_000}}),
        Response(204),
        Response(401, SECRET.encode()),
        Response(418, SECRET.encode()),
    ],
    ids=range(16),
)
def test_an_answer_that_holds_no_secret_is_refused_and_not_shown(
    answer: Response, vault: StandIn, address: str
) -> None:
    vault.instead = answer

    refusal(FromVault(address, PATH, token=TOKEN), TOKEN)


@pytest.mark.parametrize(
    "answer", [json_response(auth=None), json_response(auth={"client_token": 5}), json_response()]
)
def test_a_login_that_gives_no_token_is_refused(
    answer: Response, vault: StandIn, address: str
) -> None:
    vault.instead = answer

    assert "none of Vault's" in refusal(FromVault(address, PATH, login=AppRole("partner", "x")))


def test_ten_megabytes_are_not_read(vault: StandIn, address: str) -> None:
    vault.instead = Response(200, SECRET.encode() * 700_000)

    message = refusal(FromVault(address, PATH, token=TOKEN), TOKEN, kind=SecretUnavailable)

    assert "without end" in message


def test_a_vault_that_is_away_or_hangs_up_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"

        def hang_up() -> None:
            listening.accept()[0].close()

        hanging_up = Thread(target=hang_up)
        hanging_up.start()
        source = FromVault(address, PATH, token=TOKEN)
        assert "cannot be reached (" in refusal(source, TOKEN, kind=SecretUnavailable)
        hanging_up.join()

    assert "ConnectError" in refusal(source, TOKEN, kind=SecretUnavailable)


def test_https_is_trusted_by_a_certificate_of_its_own(
    vault: StandIn, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with secret_store(vault.answer, certificate) as address:
        trusting = FromVault(address, PATH, token=TOKEN, ca_file=str(certificate))
        doubting = FromVault(address, PATH, token=TOKEN)

        assert trusting() == SECRET
        message = refusal(doubting, TOKEN, kind=SecretUnavailable)
        assert "a certificate that is refused (self-signed certificate)" in message
        monkeypatch.setenv("VAULT_CACERT", str(certificate))
        assert doubting() == SECRET

    monkeypatch.setenv("VAULT_CACERT", str(tmp_path / "nothing"))
    assert "the CA file" in refusal(doubting, TOKEN)


@pytest.mark.parametrize(
    "address",
    [
        "http://vault.example",
        "vault.example",
        "https://me:x@vault.example",
        "https://v.example/?a",
        "https://a..b",
    ],
)
def test_an_address_that_a_token_must_not_go_to_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_ADDR", address)

    assert "VAULT_ADDR" in refusal(FromVault("", PATH, token=TOKEN), TOKEN)
    with pytest.raises(ConfigurationError, match="VAULT_ADDR"):
        FromVault(address, PATH)


@pytest.mark.parametrize("address", ["https://[v1.x]"])
def test_an_address_that_cannot_be_asked_is_refused(address: str) -> None:
    assert "unusable address" in refusal(FromVault(address, PATH, token=TOKEN), TOKEN)


@pytest.mark.parametrize("path", ["", "/", "a//b", "../sys/seal", "a/./b", "a\nb", "a b"])
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match="the path in Vault"):
        FromVault("https://vault.example", path)
    with pytest.raises(ConfigurationError, match="the mount in Vault"):
        FromVault("https://vault.example", PATH, mount=path)
    with pytest.raises(ConfigurationError, match="the mount of the login"):
        AppRole("partner", "x", path)


def test_a_token_or_namespace_that_is_no_header_is_refused(address: str) -> None:
    bad = FromVault(address, PATH, token="hvs.\N{LATIN SMALL LETTER E WITH ACUTE}")

    assert "token for Vault is malformed" in refusal(bad)
    with pytest.raises(ConfigurationError, match="VAULT_NAMESPACE"):
        FromVault("https://vault.example", PATH, namespace="a\r\nx: y")


def test_a_token_and_a_login_together_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="not both"):
        FromVault("https://vault.example", PATH, token=TOKEN, login=Kubernetes("partner"))


def test_a_vault_source_is_a_value_that_hides_its_token_and_login() -> None:
    at = "https://vault.example"
    one, other = FromVault(at, PATH, token=TOKEN), FromVault(at, f"{PATH}/", token=Secret(TOKEN))
    login = FromVault(at, PATH, login=AppRole("partner", SECRET))

    assert one == other
    assert hash(one) == hash(other)
    assert one != FromVault(at, PATH)
    assert PATH in repr(one)
    assert TOKEN not in repr(one)
    assert "partner" in repr(login)
    assert SECRET not in repr(login)
