"""The examples of docs/tasks/call-with-a-key.md, with services on loopback in place of the real."""

import base64
import hashlib
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.identity
import google.auth
import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from google.auth.credentials import AnonymousCredentials

from client.keys.dpop_server import dpop_server
from client.keys.key_server import CLIENT_ID, KeyServer
from client.keys.mtls_server import digest_of, key_pem, mtls_server
from client.tls_server import issue
from docs.page import Block, Reader, blocks
from gatepass.client.keys import SigningKey
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.loopback import LoopbackServer, Request, Response

PAGE = "call-with-a-key.md"
KID = "acme-billing-1"


def block(words: str) -> Block:
    (found,) = [each for each in blocks(PAGE) if words in each.text]
    return found


class KeyService:
    """A key that the services below sign with; it never leaves them."""

    def __init__(self) -> None:
        made = PrivateKey.generate("ES256")
        held = load_pem_private_key(made.pem().encode(), None)
        assert isinstance(held, ec.EllipticCurvePrivateKey)
        self._held = held
        self.public = ClientKey.from_jwk(made.public_jwk() | {"kid": KID})
        self.paths: list[str] = []

    def der(self, digest: bytes) -> bytes:
        return self._held.sign(digest, ec.ECDSA(utils.Prehashed(SHA256())))

    def respond(self, request: Request) -> Response:
        self.paths.append(request.path)
        asked = json.loads(request.body)
        answer: dict[str, object]
        if "Message" in asked:  # AWS KMS
            assert request.headers["x-amz-target"] == "TrentService.Sign"
            assert asked["SigningAlgorithm"] == "ECDSA_SHA_256"
            message = base64.b64decode(asked["Message"])
            signed = self.der(hashlib.sha256(message).digest())
            answer = {"Signature": base64.b64encode(signed).decode()}
        elif "digest" in asked:  # Google Cloud KMS
            signed = self.der(base64.b64decode(asked["digest"]["sha256"]))
            answer = {"signature": base64.b64encode(signed).decode()}
        else:  # Azure Key Vault
            assert asked["alg"] == "ES256"
            assert request.headers["authorization"] == "Bearer of-azure"
            r, s = utils.decode_dss_signature(self.der(_decoded(asked["value"])))
            answer = {"value": _encoded(r.to_bytes(32) + s.to_bytes(32))}
        return Response(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


@contextmanager
def key_service() -> Iterator[tuple[KeyService, str]]:
    service = KeyService()
    with LoopbackServer(service.respond) as server:
        yield service, server.url


def run(words: str, **instead: str) -> dict[str, Any]:
    text = block(words).text
    for old, new in instead.items():
        assert old in text
        text = text.replace(old, new)
    names: dict[str, Any] = {}
    exec(compile(text, PAGE, "exec"), names)
    return names


def gets_a_token(server: KeyServer, signing: SigningKey) -> bool:
    settings = ClientSettings(server.token_url, CLIENT_ID, private_key=signing)
    return TokenSource(settings).token().value == "t0ken"


def test_a_key_of_aws_kms_signs(server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with key_service() as (service, url):
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
        server.keys.append(service.public)

        assert gets_a_token(server, run("ECDSA_SHA_256")["aws"])


def test_a_key_of_google_cloud_kms_signs(
    server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(google.auth, "default", lambda **_: (nobody, "acme"))
    with key_service() as (service, url):
        server.keys.append(service.public)
        signing = run("asymmetricSign", **{"https://cloudkms.googleapis.com": url})["google_kms"]

        assert gets_a_token(server, signing)
        assert service.paths[0].endswith("/cryptoKeyVersions/1:asymmetricSign")


def test_a_key_of_azure_key_vault_signs(server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def identity() -> object:
        return SimpleNamespace(get_token=lambda _scope: SimpleNamespace(token="of-azure"))

    monkeypatch.setattr(azure.identity, "DefaultAzureCredential", identity)
    with key_service() as (service, url):
        server.keys.append(service.public)
        signing = run("sign?api-version", **{"https://acme.vault.azure.net": url})["azure"]

        assert gets_a_token(server, signing)
        assert service.paths == ["/keys/billing/7f3c/sign?api-version=7.4"]


def test_the_headers_of_a_request_with_another_library_have_a_proof(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with dpop_server() as bound:
        monkeypatch.setenv("GATEPASS_TOKEN_URL", bound.token_url)
        monkeypatch.setenv("GATEPASS_CLIENT_ID", "acme")
        monkeypatch.setenv("GATEPASS_CLIENT_SECRET", "hush hush")
        monkeypatch.setenv("GATEPASS_DPOP", "1")
        names = run("source.headers", **{"https://api.example.com/v1/meters": bound.api_url})

        assert httpx2.get(bound.api_url, headers=names["headers"]).status_code == 200


def test_the_context_of_the_page_presents_the_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = issue("authority of servers")
    with mtls_server(tmp_path, issue("server", authority, "localhost")) as running:
        client = issue("acme", running.authority, "acme.example")
        (tmp_path / "ca.pem").write_bytes(authority.pem)
        (tmp_path / "client.pem").write_bytes(client.pem + key_pem(client))
        monkeypatch.delenv("GATEPASS_CLIENT_SECRET", raising=False)
        monkeypatch.setenv("GATEPASS_TOKEN_URL", running.token_url)
        monkeypatch.setenv("GATEPASS_CLIENT_ID", "acme")
        monkeypatch.setenv("GATEPASS_CLIENT_CERT", str(tmp_path / "client.pem"))
        monkeypatch.setenv("GATEPASS_CA_FILE", str(tmp_path / "ca.pem"))
        api = run("ssl_context", **{"https://api.example.com": running.url})["api"]

        assert api.get("/api").status_code == 200
        assert running.called == running.presented == [digest_of(client)]


SOFTHSM = next(iter(Path("/usr/lib").glob("**/softhsm/libsofthsm2.so")), None)


@pytest.mark.skipif(SOFTHSM is None, reason="needs softhsm2")
def test_a_key_of_a_hardware_module_signs(
    server: KeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = PrivateKey.generate("ES256")
    server.keys.append(ClientKey.from_jwk(key.public_jwk() | {"kid": KID}))
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    (tmp_path / "key.pem").write_text(key.pem())
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    monkeypatch.setenv("PKCS11_MODULE", str(SOFTHSM))
    monkeypatch.setenv("PKCS11_PIN", "12345678")
    pins = ["--pin", "12345678"]
    place = ["--token", "acme", "--label", "billing", "--id", "a1"]
    for words in (
        ["--init-token", "--free", "--label", "acme", "--so-pin", "87654321", *pins],
        ["--import", str(tmp_path / "key.pem"), *place, *pins],
    ):
        subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
    (tmp_path / "key.pem").unlink()

    assert gets_a_token(server, run("pkcs11.lib")["hsm"])


def test_keygen_and_the_settings_of_the_page_get_a_token(
    server: KeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gatepass.jose.keys.public_key import read_keys

    instead = {"pip install 'gatepass[keys]'": "true"}
    with Reader(tmp_path, instead, {}) as reader:
        for words in ("pip install 'gatepass[keys]'\n", "gatepass keygen key.pem\n"):
            reader.play(block(words))
    made = PrivateKey.from_pem((tmp_path / "key.pem").read_bytes())
    server.keys += read_keys(json.dumps(made.public_jwk()).encode())
    monkeypatch.chdir(tmp_path)

    run("FromFile", **{"https://login.example.com/oauth2/token/": server.token_url})

    assert server.assertions[0].kid == made.kid
