"""A client certificate (RFC 8705): presented, renewed on disk, at the address that is for it."""

import asyncio
import pickle
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import httpx
import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from client.doctor.doctoring import run_check
from client.keys.mtls_server import MtlsServer, digest_of, key_pem, mtls_server
from client.tls_server import Issued, issue
from gatepass.client.cache.file_cache import FileCache
from gatepass.client.errors import ConfigurationError, TokenRefused
from gatepass.client.keys import validity
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource


@dataclass
class Files:
    """The files of one client."""

    folder: Path

    @property
    def cert(self) -> Path:
        return self.folder / "client.pem"

    @property
    def key(self) -> Path:
        return self.folder / "client.key"

    def write(self, issued: Issued) -> str:
        """Replace both files as a renewal does; return the certificate's digest."""
        for file, content in ((self.cert, issued.pem), (self.key, key_pem(issued))):
            new = file.with_suffix(".new")
            new.write_bytes(content)
            new.chmod(0o600)
            new.replace(file)
        return digest_of(issued)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MtlsServer]:
    authority = issue("authority of servers")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    folder = tmp_path / "server"
    folder.mkdir()
    with mtls_server(folder, issue("server", authority, "localhost")) as running:
        yield running


def settings_of(server: MtlsServer, files: Files, **more: object) -> ClientSettings:
    given = {"client_cert": str(files.cert), "client_key": str(files.key)} | more
    ca_file = str(files.folder / "ca.pem")
    return ClientSettings(server.token_url, "acme", ca_file=ca_file, **given)  # type: ignore[arg-type]


@pytest.mark.spec("RFC 8705", "2")
@pytest.mark.parametrize("method", ["", "tls_client_auth", "self_signed_tls_client_auth"])
def test_the_certificate_authenticates_and_the_form_has_the_client_id(
    server: MtlsServer, files: Files, method: str
) -> None:
    digest = files.write(issue("acme", server.authority, "acme.example"))
    source = TokenSource(settings_of(server, files, auth_method=method))

    assert source.token().value == "t"
    assert asyncio.run(TokenSource(source.settings).atoken()).value == "t"
    assert server.presented == [digest, digest]
    assert server.forms[0] == {"grant_type": "client_credentials", "client_id": "acme"}


def test_the_environment_names_one_file_with_both(server: MtlsServer, files: Files) -> None:
    issued = issue("acme", server.authority, "acme.example")
    files.write(issued)
    files.cert.write_bytes(issued.pem + key_pem(issued))
    environ = {
        "GATEPASS_TOKEN_URL": server.token_url,
        "GATEPASS_CLIENT_ID": "acme",
        "GATEPASS_CLIENT_CERT": str(files.cert),
        "GATEPASS_CA_FILE": str(files.folder / "ca.pem"),
    }

    assert TokenSource(ClientSettings.from_env(environ)).token().value == "t"


def test_a_renewed_certificate_is_used_without_a_restart(server: MtlsServer, files: Files) -> None:
    first = files.write(issue("acme", server.authority, "acme.example"))
    source = TokenSource(settings_of(server, files))
    source.invalidate(source.token())
    second = files.write(issue("acme", server.authority, "acme.example"))
    source.token()

    assert server.presented == [first, second]


def test_while_half_of_the_pair_is_replaced_the_last_pair_is_used(
    server: MtlsServer, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    first = files.write(issue("acme", server.authority, "acme.example"))
    context = settings_of(server, files).ssl_context()
    files.cert.write_bytes(issue("acme", server.authority, "acme.example").pem)
    for _ in range(2):
        httpx2.get(f"{server.url}/api", verify=context, trust_env=False)
    files.cert.unlink()
    httpx2.get(f"{server.url}/api", verify=context, trust_env=False)

    assert server.called == [first] * 3
    warnings = [each.getMessage() for each in caplog.records if "not renewed" in each.getMessage()]
    assert len(warnings) == 1
    assert "of another certificate" in warnings[0]


def test_each_library_calls_an_api_with_the_certificate_of_now(
    server: MtlsServer, files: Files
) -> None:
    first = files.write(issue("acme", server.authority, "acme.example"))
    context = settings_of(server, files).ssl_context()
    url = f"{server.url}/api"

    async def get_all() -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, ssl=context) as answer,
            httpx2.AsyncClient(verify=context, trust_env=False) as client,
        ):
            assert answer.status == 200
            await client.get(url)

    asyncio.run(get_all())
    second = files.write(issue("acme", server.authority, "acme.example"))
    httpx.get(url, verify=context, trust_env=False)

    assert server.called == [first, first, second]


@pytest.mark.spec("RFC 8705", "5")
def test_tokens_are_requested_at_the_alias_for_certificates(
    server: MtlsServer, files: Files, tmp_path: Path
) -> None:
    digest = files.write(issue("acme", server.authority, "acme.example"))
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    authority = issue("authority of servers")
    (tmp_path / "ca.pem").write_bytes((tmp_path / "ca.pem").read_bytes() + authority.pem)
    ours = issue("other", authority, "localhost")
    with mtls_server(other_folder, ours, server.authority) as other:
        server.alias = f"{other.url}/token"
        TokenSource(settings_of(server, files)).token()

        assert (server.presented, other.presented) == ([], [digest])


def test_an_alias_that_is_plain_http_is_refused(server: MtlsServer, files: Files) -> None:
    files.write(issue("acme", server.authority, "acme.example"))
    server.alias = "http://api.example.com/token"

    with pytest.raises(ConfigurationError, match=r"address for certificates .* is plain http"):
        TokenSource(settings_of(server, files)).token()


def test_a_secret_is_sent_beside_the_certificate(server: MtlsServer, files: Files) -> None:
    digest = files.write(issue("acme", server.authority, "acme.example"))
    settings = settings_of(server, files, client_secret="hush hush")

    assert settings.auth_method == "client_secret_basic"
    assert TokenSource(settings).token().value == "t"
    assert server.presented == [digest]


def test_a_refusal_names_the_certificate(server: MtlsServer, files: Files) -> None:
    digest = files.write(issue("acme", server.authority, "acme.example"))
    server.registered = {"another"}

    with pytest.raises(TokenRefused, match=f"this certificate .x5t#S256 {digest}. or its subject"):
        TokenSource(settings_of(server, files)).token()


def test_processes_share_a_token_of_one_certificate_alone(server: MtlsServer, files: Files) -> None:
    def token() -> None:
        TokenSource(settings_of(server, files), cache=FileCache(files.folder / "cache")).token()

    first = files.write(issue("acme", server.authority, "acme.example"))
    token()
    token()
    second = files.write(issue("acme", server.authority, "acme.example"))
    token()

    assert server.presented == [first, second]


def spoil(files: Files, how: str) -> None:
    issued = issue("acme")
    if how == "another key":
        files.key.write_bytes(key_pem(issue("other")))
    elif how == "no file":
        files.cert.unlink()
    elif how == "no PEM":
        files.cert.write_bytes(b"gps_live_hush")
    elif how == "no key":
        files.cert.write_bytes(issued.pem)
        files.key.write_bytes(issued.pem)
    else:
        encrypted = issued.key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pass")
        )
        files.cert.write_bytes(issued.pem)
        files.key.write_bytes(encrypted)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("another key", "the private key is of another certificate"),
        ("no file", "cannot be read"),
        ("no PEM", "there is no certificate in PEM"),
        ("no key", "there is no private key in PEM in .*CLIENT_KEY"),
        ("encrypted", "the private key is encrypted"),
    ],
)
def test_files_that_cannot_be_used_are_named_at_the_start(
    server: MtlsServer, files: Files, how: str, words: str
) -> None:
    files.write(issue("acme"))
    spoil(files, how)

    with pytest.raises(ConfigurationError, match=words) as caught:
        TokenSource(settings_of(server, files))
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "more", "words"),
    [
        ("http://127.0.0.1:9/token", {"client_cert": "a.pem"}, "by https alone"),
        ("https://a.example/t", {"auth_method": "tls_client_auth"}, "CLIENT_CERT. is missing"),
        ("https://a.example/t", {"client_secret": "x", "client_key": "k"}, "KEY is set without"),
    ],
)
def test_settings_that_send_no_certificate_are_refused(
    url: str, more: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        ClientSettings(url, "acme", **more)  # type: ignore[arg-type]


def test_a_source_with_a_certificate_can_be_pickled(server: MtlsServer, files: Files) -> None:
    digest = files.write(issue("acme", server.authority, "acme.example"))
    source = TokenSource(settings_of(server, files))

    assert pickle.loads(pickle.dumps(source)).token().value == "t"
    assert server.presented == [digest]


def test_the_doctor_checks_the_certificate_and_uses_it(server: MtlsServer, files: Files) -> None:
    digest = files.write(issue("acme", server.authority, "acme.example"))
    environ = dict.fromkeys(["https_proxy", "all_proxy", "no_proxy"], "") | {
        "GATEPASS_TOKEN_URL": server.token_url,
        "GATEPASS_CLIENT_ID": "acme",
        "GATEPASS_CLIENT_SECRET": "",
        "GATEPASS_CLIENT_CERT": str(files.cert),
        "GATEPASS_CLIENT_KEY": str(files.key),
        "GATEPASS_CA_FILE": str(files.folder / "ca.pem"),
    }
    lines = run_check(environ)

    assert lines["secret"].message == f"certificate, x5t#S256 {digest}"
    assert (lines["secret file"].outcome, lines["token"].outcome) == ("ok", "ok")
    files.key.write_bytes(key_pem(issue("other")))
    assert "of another certificate" in run_check(environ)["secret"].message


@pytest.mark.parametrize(
    ("begins", "ends", "outcome", "words"),
    [
        (-9, -1, "failed", "expired at 20.*: renew it"),
        (1, 9, "failed", "not valid before 20.*: check this machine's clock"),
        (-9, 9, "warning", "valid until 20.*: renew it"),
        (-9, 90, "ok", "valid until 20"),
    ],
)
def test_the_doctor_says_how_long_the_certificate_is_valid(
    server: MtlsServer, files: Files, begins: int, ends: int, outcome: str, words: str
) -> None:
    dates = {"begins": timedelta(begins), "ends": timedelta(ends)}
    files.write(issue("acme", server.authority, "acme.example", **dates))
    files.key.chmod(0o600)
    # One file may have both; then it is not public.
    files.cert.write_bytes(files.cert.read_bytes() + files.key.read_bytes())
    files.cert.chmod(0o644)
    lines = run_check(
        dict.fromkeys(["https_proxy", "all_proxy", "no_proxy"], "")
        | {
            "GATEPASS_TOKEN_URL": server.token_url,
            "GATEPASS_CLIENT_ID": "acme",
            "GATEPASS_CLIENT_SECRET": "",
            "GATEPASS_CLIENT_CERT": str(files.cert),
            "GATEPASS_CA_FILE": str(files.folder / "ca.pem"),
        }
    )

    found = lines["client certificate"]
    assert (found.outcome, bool(re.match(words, found.message))) == (outcome, True)
    assert lines["secret file"].outcome == "warning"
    if begins > 0 or ends < 0:
        assert "also ends the connection where the client certificate" in lines["token"].message


@pytest.mark.parametrize("year", [1950, 1999, 2049, 2050, 9999])
def test_the_validity_of_a_certificate_is_read_in_both_forms_of_a_time(year: int) -> None:
    now, ends = datetime.now(UTC), datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    issued = issue("acme", begins=datetime(1950, 1, 2, tzinfo=UTC) - now, ends=ends - now)
    made, der = issued.certificate, ssl.PEM_cert_to_DER_cert(issued.pem.decode())

    assert validity.read(der) == (made.not_valid_before_utc, made.not_valid_after_utc)
    assert all(validity.read(der[:length]) is None for length in range(100))
