"""`private_key_jwt` (RFC 7523): an assertion in place of a secret, over real HTTP."""

import asyncio
import json
import pickle
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

import pytest

from client.adapters.adapters import WAYS
from client.fake_server import json_response
from client.keys.key_server import CLIENT_ID, KeyServer, header_of
from client.tls_server import issue
from gatepass.client.errors import ConfigurationError, SecretUnavailable, TokenRefused
from gatepass.client.keys import SigningKey, from_der
from gatepass.client.secrets import FromFile
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.loopback import Response

ALGORITHMS = ["ES256", "ES384", "ES512", "Ed25519", "PS256"]


def settings_of(server: KeyServer, **more: object) -> ClientSettings:
    return ClientSettings(server.token_url, CLIENT_ID, **more)  # type: ignore[arg-type]


def token(server: KeyServer, **more: object) -> str:
    return TokenSource(settings_of(server, **more)).token().value


@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.parametrize("form", ["pem", "jwk"])
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_of_each_kind_in_pem_or_jwk_gets_a_token(
    server: KeyServer, alg: str, form: str
) -> None:
    made = PrivateKey.generate(alg)
    server.register(made)
    text = made.pem() if form == "pem" else json.dumps(made.private_jwk(), indent=1)

    assert token(server, private_key=text) == "t0ken"
    (jws,) = server.assertions
    assert (jws.alg, jws.kid, jws.claims["aud"]) == (alg, made.kid, server.url)
    assert "client_secret" not in server.forms[0]


def test_each_attempt_has_an_assertion_of_its_own(server: KeyServer, key: PrivateKey) -> None:
    server.register(key)
    server.answers = [json_response(503), json_response(503)]
    source = TokenSource(settings_of(server, private_key=key.pem()), random=lambda: 0.0)

    source.token()

    assert len({str(each.claims["jti"]) for each in server.assertions}) == 3


def test_the_environment_names_a_key_file(
    server: KeyServer, key: PrivateKey, tmp_path: Path
) -> None:
    server.register(key)
    file = tmp_path / "key.pem"
    file.write_text(key.pem())
    file.chmod(0o600)
    environ = {
        "GATEPASS_TOKEN_URL": server.token_url,
        "GATEPASS_CLIENT_ID": CLIENT_ID,
        "GATEPASS_PRIVATE_KEY_FILE": str(file),
    }

    settings = ClientSettings.from_env(environ)

    assert settings.auth_method == "private_key_jwt"
    assert TokenSource(settings).token().value == "t0ken"


@pytest.mark.parametrize("variable", ["GATEPASS_PRIVATE_KEY", "GATEPASS_PRIVATE_KEY_FROM"])
def test_the_environment_gives_the_key_itself_or_a_secret_source(
    server: KeyServer, key: PrivateKey, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    server.register(key)
    monkeypatch.setenv("OURS", json.dumps(key.private_jwk()))
    environ = {
        "GATEPASS_TOKEN_URL": server.token_url,
        "GATEPASS_CLIENT_ID": CLIENT_ID,
        variable: "env:OURS" if variable.endswith("_FROM") else key.pem(),
    }

    assert TokenSource(ClientSettings.from_env(environ)).token().value == "t0ken"


def test_with_a_secret_and_a_key_the_setting_says_which_is_used(
    server: KeyServer, key: PrivateKey
) -> None:
    both = {"client_secret": "hush hush", "private_key": key.pem()}

    assert settings_of(server, **both).auth_method == "client_secret_basic"
    chosen = settings_of(server, **both, auth_method="private_key_jwt")
    server.register(key)
    assert TokenSource(chosen).token().value == "t0ken"
    assert "hush" not in repr(server.forms)


def test_a_key_that_was_replaced_on_disk_is_used_without_a_restart(
    server: KeyServer, key: PrivateKey, other: PrivateKey, tmp_path: Path
) -> None:
    file = tmp_path / "key.pem"
    file.write_text(key.pem())
    file.chmod(0o600)
    server.register(key)
    source = TokenSource(settings_of(server, private_key=FromFile(file)))
    source.invalidate(source.token())
    server.keys.clear()
    server.register(other)
    file.write_text(other.pem())

    assert source.token().value == "t0ken"
    assert [jws.kid for jws in server.assertions] == [key.kid, other.kid]


def test_a_key_that_is_replaced_meanwhile_is_read_again_after_the_refusal(
    server: KeyServer, key: PrivateKey, other: PrivateKey
) -> None:
    texts = [key.pem(), other.pem()]
    server.register(other)

    assert token(server, private_key=lambda: texts.pop(0)) == "t0ken"
    assert [jws.kid for jws in server.assertions] == [key.kid, other.kid]


def test_of_two_keys_the_second_is_tried_where_the_first_is_refused(
    server: KeyServer, key: PrivateKey, other: PrivateKey
) -> None:
    server.register(other)

    assert token(server, private_key=(key.pem(), other.pem())) == "t0ken"


@pytest.mark.parametrize("way", WAYS)
def test_every_adapter_authenticates_with_a_key(
    server: KeyServer, key: PrivateKey, way: str
) -> None:
    server.register(key)
    auth = WAYS[way].auth(token_url=server.token_url, client_id=CLIENT_ID, private_key=key.pem())

    assert auth.source.token().value == "t0ken"


def test_the_issuer_is_asked_for_once_and_again_after_a_refusal(
    server: KeyServer, key: PrivateKey
) -> None:
    source = TokenSource(settings_of(server, private_key=key.pem()))
    with pytest.raises(TokenRefused):
        source.token()
    asked = len(server.documents)
    server.register(key)
    fresh = TokenSource(settings_of(server, private_key=key.pem()))
    first = fresh.token()
    fresh.invalidate(first)
    fresh.token()

    assert (asked, len(server.documents) - asked) == (1, 1)


@pytest.mark.parametrize(
    ("setting", "publishes", "expected"),
    [
        ("", False, "{token_url}"),
        ("token_endpoint", True, "{token_url}"),
        ("https://issuer.example/", True, "https://issuer.example/"),
    ],
)
def test_the_audience_is_the_token_url_without_metadata_or_what_is_set(
    server: KeyServer, key: PrivateKey, setting: str, expected: str, *, publishes: bool
) -> None:
    server.register(key)
    server.publishes = publishes
    server.audience = expected.format(token_url=server.token_url)

    assert token(server, private_key=key.pem(), assertion_audience=setting) == "t0ken"
    assert bool(server.documents) == (not setting)


def test_metadata_of_another_token_endpoint_do_not_choose_the_audience(
    server: KeyServer, key: PrivateKey
) -> None:
    server.register(key)
    url = f"{server.url}/another/token"
    server.audience = url

    assert TokenSource(ClientSettings(url, CLIENT_ID, private_key=key.pem())).token().value


def test_metadata_that_do_not_come_now_are_asked_for_again(
    server: KeyServer, key: PrivateKey
) -> None:
    server.register(key)
    respond = server._respond  # noqa: SLF001
    failures = [Response(503, b"soon")]

    server.__dict__["_respond"] = lambda request: failures.pop() if failures else respond(request)
    source = TokenSource(settings_of(server, private_key=key.pem()), random=lambda: 0.0)

    assert source.token().value == "t0ken"


def test_a_refusal_says_key_and_audience_and_not_the_secret(
    server: KeyServer, key: PrivateKey
) -> None:
    with pytest.raises(TokenRefused) as caught:
        token(server, private_key=key.pem())

    text = str(caught.value)
    assert f"public key of this ES256 key {key.kid}" in text
    assert f"assertions for {server.url} (GATEPASS_ASSERTION_AUDIENCE)" in text
    assert str(pickle.loads(pickle.dumps(caught.value))) == text


@pytest.mark.parametrize(("off", "side"), [(-3600, "ahead of"), (3600, "behind")])
def test_a_refusal_says_that_the_clock_is_wrong(
    server: KeyServer, key: PrivateKey, off: int, side: str
) -> None:
    server.date = formatdate(time() + off, usegmt=True)

    with pytest.raises(TokenRefused, match=rf"clock is 3[56]\d\d s {side} the server's: set it"):
        token(server, private_key=key.pem())


def test_a_function_signs_what_a_key_elsewhere_signs_in_der(
    server: KeyServer, key: PrivateKey
) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    held = load_pem_private_key(key.pem().encode(), None)
    assert isinstance(held, ec.EllipticCurvePrivateKey)
    server.register(key)
    signing = SigningKey(
        lambda message: from_der(held.sign(message, ec.ECDSA(SHA256())), "ES256"), "ES256", key.kid
    )

    assert token(server, private_key=signing) == "t0ken"


def test_an_async_function_signs_for_the_async_client_alone(
    server: KeyServer, key: PrivateKey
) -> None:
    async def sign(message: bytes) -> bytes:
        await asyncio.sleep(0)
        return key.sign(message)

    server.register(key)
    source = TokenSource(settings_of(server, private_key=SigningKey(sign, "ES256", key.kid)))

    with pytest.raises(ConfigurationError, match="the signing function is async: await atoken"):
        source.token()
    other = TokenSource(settings_of(server, private_key=SigningKey(sign, "ES256", key.kid)))
    assert asyncio.run(other.atoken()).value == "t0ken"


def test_a_function_that_blocks_does_not_block_the_event_loop(
    server: KeyServer, key: PrivateKey
) -> None:
    from threading import get_ident

    threads: list[int] = []

    def sign(message: bytes) -> bytes:
        threads.append(get_ident())
        return key.sign(message)

    server.register(key)
    source = TokenSource(settings_of(server, private_key=SigningKey(sign, "ES256", key.kid)))

    assert asyncio.run(source.atoken()).value == "t0ken"
    assert threads
    assert threads != [get_ident()]


def fails(_message: bytes) -> bytes:
    raise RuntimeError("with the message that it signs")


@pytest.mark.parametrize(
    ("sign", "error", "words"),
    [
        (fails, SecretUnavailable, "failed with RuntimeError"),
        (lambda _: b"x" * 70, ConfigurationError, "returned 70 bytes, ES256 has 64"),
        (lambda _: "text", ConfigurationError, "returned no bytes"),
        (lambda _: b"", ConfigurationError, "returned no bytes"),
    ],
)
def test_a_function_that_fails_or_returns_no_signature_is_named(
    server: KeyServer, sign: object, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        token(server, private_key=SigningKey(sign, "ES256"))  # type: ignore[arg-type]

    assert "message that it signs" not in str(caught.value)


@pytest.mark.parametrize("is_async", [True, False])
def test_a_function_that_does_not_return_holds_up_no_event_loop(
    server: KeyServer, *, is_async: bool
) -> None:
    is_over = threading.Event()

    async def wait(_: bytes) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    def block(_: bytes) -> bytes:
        is_over.wait()
        return b"x" * 64

    key = SigningKey(wait if is_async else block, "ES256", "k")
    source = TokenSource(settings_of(server, private_key=key), deadline=0.2)

    async def get() -> None:
        with pytest.raises(SecretUnavailable, match="did not return in"):
            await source.atoken()
        is_over.set()

    asyncio.run(get())


@pytest.mark.parametrize(
    ("alg", "signature", "words"),
    [
        ("Ed25519", b"x" * 72, "72 bytes, which is no signature by Ed25519"),
        ("PS256", b"x" * 64, "64 bytes, which is no signature by PS256"),
        ("RS256", b"x" * 1025, "no signature by RS256"),
        ("ES256", asyncio.sleep(0), "returned a coroutine"),
    ],
)
def test_what_is_no_signature_by_the_algorithm_is_not_sent(
    server: KeyServer, alg: str, signature: object, words: str
) -> None:
    def sign(_: bytes) -> Any:  # noqa: ANN401 - what is no signature
        return signature

    with pytest.raises(ConfigurationError, match=words):
        token(server, private_key=SigningKey(sign, alg, "k"))
    assert server.forms == []


def test_a_certificate_beside_the_key_is_named_by_its_digest(
    server: KeyServer, key: PrivateKey
) -> None:
    server.register(key)
    pem = key.pem() + issue("acme").pem.decode()

    assert token(server, private_key=pem) == "t0ken"
    header = header_of(server.forms[0]["client_assertion"])
    assert len(str(header["x5t#S256"])) == 43
    assert "kid" not in header


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a private key"),
        ("gps_live_hush", "is not a private key"),
        ("{", "is not a JWK"),
        ('{"kty": "EC"}', "is a public key"),
        ('{"kty": "oct", "k": "hush"}', "is a symmetric key"),
        ('{"keys": [{"kty": "EC", "d": "hush"}]}', "is a JWK Set: give the private key alone"),
        ('{"kty": "RSA", "d": "hush", "n": "AQAB", "e": "AQAB"}', "needs n, e, d, p, q, dp, dq"),
        ("/etc/hush/key.pem", "looks like a path: name a file in the variable .* _FILE"),
        ("ssh-ed25519 AAAAhush me@here", "is a public key"),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----",
            "has the format of OpenSSH",
        ),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nx\n-----END ENCRYPTED PRIVATE KEY-----", "encry"),
        ("-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----", "is a public key"),
        ("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", "is a certificate without"),
        ("-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----", "cannot be used"),
    ],
)
def test_what_is_no_private_key_is_refused_with_what_to_do(text: str, words: str) -> None:
    from gatepass.client.keys.key_text import read_key

    with pytest.raises(ConfigurationError, match=words) as caught:
        read_key(text, "the private key")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        lambda pem: pem.replace("\n", "\\n"),  # in a variable of many deployments
        lambda pem: f'"{pem}"',  # as `docker --env-file` leaves the quotes
        lambda pem: pem.replace("\n", "\r\n"),
    ],
)
def test_a_key_in_a_variable_may_have_its_lines_joined(
    written: Callable[[str], str], key: PrivateKey
) -> None:
    environ = {
        "GATEPASS_TOKEN_URL": "https://a.example/t",
        "GATEPASS_CLIENT_ID": "acme",
        "GATEPASS_PRIVATE_KEY": written(key.pem()),
    }
    settings = ClientSettings.from_env(environ)

    assert settings.read_key(settings.key_sources[0]).kid == key.kid


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda key: b"\xef\xbb\xbf" + key.pem().encode(), ""),  # with the mark of an editor
        (lambda key: b"\xef\xbb\xbf" + json.dumps(key.private_jwk()).encode(), ""),
        (lambda key: key.pem().encode()[:-30], "has no whole key in PEM"),
        (lambda _: ssl.PEM_cert_to_DER_cert(issue("a").pem.decode()), "is binary: convert"),
        (lambda key: key.pem().encode("utf-16"), "as UTF-8"),
    ],
)
def test_a_file_is_read_or_refused_with_what_to_do(
    content: Callable[[PrivateKey], bytes], words: str, key: PrivateKey, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_bytes(content(key))
    file.chmod(0o600)
    settings = ClientSettings("https://a.example/t", "acme", private_key=FromFile(file, "THERE"))

    if not words:
        assert settings.read_key(settings.key_sources[0]).kid == key.kid
        return
    with pytest.raises(ConfigurationError, match=words):
        settings.read_key(settings.key_sources[0])


def test_a_key_where_a_secret_belongs_is_named(key: PrivateKey) -> None:
    with pytest.raises(ConfigurationError, match="is a key: set a private key as GATEPASS_PRIV"):
        ClientSettings("https://a.example/t", "acme", key.pem())


def test_an_algorithm_that_does_not_fit_the_key_is_refused(
    server: KeyServer, key: PrivateKey
) -> None:
    with pytest.raises(ConfigurationError, match="the algorithm is not one for such a key"):
        token(server, private_key=key.pem(), private_key_alg="PS256")


def test_no_repr_shows_the_key(server: KeyServer, key: PrivateKey) -> None:
    settings = settings_of(server, private_key=key.pem())
    shown = repr(settings) + repr(settings.read_key(settings.key_sources[0]))

    assert key.private_jwk()["d"] not in shown
    assert "PRIVATE KEY" not in shown


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512"])
def test_a_signature_in_der_becomes_two_numbers(alg: str) -> None:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = {"ES256": 32, "ES384": 48, "ES512": 66}[alg]
    for r, s in [(1, 2), (2 ** (8 * half) - 1, 2 ** (8 * half - 1)), (2**255, 127)]:
        assert from_der(encode_dss_signature(r, s), alg) == r.to_bytes(half) + s.to_bytes(half)


def test_every_mutation_of_a_signature_in_der_is_refused_or_another_signature() -> None:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    der = encode_dss_signature(2**200 + 1, 2**199 + 3)
    right = from_der(der, "ES256")
    for cut in range(len(der)):
        with pytest.raises(ValueError, match="signature"):
            from_der(der[:cut], "ES256")
    with pytest.raises(ValueError, match="after its end"):
        from_der(der + b"\0", "ES256")
    for bit in range(8 * len(der)):
        changed = bytearray(der)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            assert from_der(bytes(changed), "ES256") != right
        except ValueError:
            continue


def test_a_client_with_a_secret_loads_no_cryptography() -> None:
    program = """
import sys
from gatepass import ClientSettings, TokenSource, BearerAuth
settings = ClientSettings("http://127.0.0.1:9/token", "id", "hush hush")
TokenSource(settings)
print([name for name in ("cryptography", "gatepass.jose.signature") if name in sys.modules])
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "[]\n"
