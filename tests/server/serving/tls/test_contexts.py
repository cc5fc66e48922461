"""The server's TLS contexts: what they accept, and files that they refuse."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from gatepass.server.serving.tls.contexts import SUITES, TlsFileError, read
from server.serving.tls.files import CLIENT, RENEWED, ROOT, SERVER, STRANGER, both, key_of, settings


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[ssl.SSLObject, ...]:
    """Make a TLS connection in memory; return its server's and its client's end."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname="localhost"),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    left = set(ends)
    for _ in range(8):
        for end in ends:
            try:
                end.do_handshake()
                left.discard(end)
            except ssl.SSLWantReadError:
                pass
    assert not left
    return ends[1], ends[0]


def client(certificate: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=ROOT.pem.decode())
    context.set_alpn_protocols(["h2", "http/1.1"])
    if certificate:
        context.load_cert_chain(certificate)
    return context


def old(client: ssl.SSLContext, suites: str) -> ssl.SSLContext:
    """Return a client of TLS 1.2 with these suites."""
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(suites)
    return client


def test_a_client_gets_tls_1_3_and_http_1_1(tmp_path: Path) -> None:
    server, _ = shake_hands(read(settings(tmp_path)).main, client())

    assert server.version() == "TLSv1.3"
    assert server.selected_alpn_protocol() == "http/1.1"


@pytest.mark.spec("RFC 9325", "4.2")
@pytest.mark.parametrize("suite", [each for each in SUITES.split(":") if "ECDSA" in each])
def test_tls_1_2_has_forward_secrecy_and_authenticated_encryption(
    tmp_path: Path, suite: str
) -> None:
    server, _ = shake_hands(read(settings(tmp_path)).main, old(client(), suite))

    assert server.version() == "TLSv1.2"
    assert server.cipher() == (suite, "TLSv1.2", server.cipher()[2])  # type: ignore[index]


def test_no_suite_of_the_server_lacks_forward_secrecy_or_authenticated_encryption(
    tmp_path: Path,
) -> None:
    contexts = read(settings(tmp_path))
    assert contexts.mutual is not None

    for context in (contexts.main, contexts.mutual):
        for suite in context.get_ciphers():
            is_1_3 = suite["protocol"] == "TLSv1.3"
            assert suite["aead"]
            assert is_1_3 or suite["name"].startswith("ECDHE-")


@pytest.mark.spec("RFC 9325", "3.1.1")
@pytest.mark.parametrize(
    "suites",
    [
        "ECDHE-ECDSA-AES128-SHA256",  # CBC
        "ECDHE-ECDSA-AES256-SHA",
        "AES128-GCM-SHA256",  # no forward secrecy
        "AES256-SHA",
        "DHE-RSA-AES128-GCM-SHA256",
    ],
)
def test_other_suites_are_refused(tmp_path: Path, suites: str) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)shared cipher|handshake failure"):
        shake_hands(read(settings(tmp_path)).main, old(client(), suites))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.spec("RFC 9325", "3.1.1")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_versions_are_refused(tmp_path: Path, version: ssl.TLSVersion) -> None:
    ancient = client()
    ancient.set_ciphers("ALL:@SECLEVEL=0")
    ancient.minimum_version = ancient.maximum_version = version

    with pytest.raises(ssl.SSLError, match=r"(?i)version|protocol"):
        shake_hands(read(settings(tmp_path)).main, ancient)


def test_only_the_port_for_it_asks_for_a_certificate(tmp_path: Path) -> None:
    contexts, certificate = read(settings(tmp_path)), both(tmp_path, CLIENT, "client")
    assert contexts.mutual is not None
    with_certificate = client(certificate)

    assert shake_hands(contexts.main, with_certificate)[0].getpeercert(binary_form=True) is None
    shown = shake_hands(contexts.mutual, with_certificate)[0].getpeercert(binary_form=True)
    assert shown == ssl.PEM_cert_to_DER_cert(CLIENT.pem.decode())
    without = shake_hands(contexts.mutual, client())[0].getpeercert(binary_form=True)
    assert without is None


@pytest.mark.spec("RFC 8705", "2.1")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("shown", [STRANGER, SERVER])
def test_a_certificate_of_another_authority_is_refused(
    tmp_path: Path, version: ssl.TLSVersion, shown: object
) -> None:
    contexts = read(settings(tmp_path))
    assert contexts.mutual is not None
    other = client(both(tmp_path, shown, "other"))  # type: ignore[arg-type]
    other.maximum_version = version

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(contexts.mutual, other)


def unknown(folder: Path) -> None:
    (folder / "cert.pem").unlink()


def no_pem(folder: Path) -> None:
    (folder / "cert.pem").write_bytes(b"hello")


def cut(folder: Path) -> None:
    (folder / "cert.pem").write_bytes(SERVER.pem[:300])


def authority_first(folder: Path) -> None:
    (folder / "cert.pem").write_bytes(ROOT.pem + SERVER.pem)


def other_key(folder: Path) -> None:
    (folder / "key.pem").write_bytes(key_of(RENEWED))


def no_key(folder: Path) -> None:
    (folder / "key.pem").write_bytes(SERVER.pem)


def encrypted(folder: Path) -> None:
    how = BestAvailableEncryption(b"secret")
    text = SERVER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)
    (folder / "key.pem").write_bytes(text)


def a_folder(folder: Path) -> None:
    (folder / "key.pem").unlink()
    (folder / "key.pem").mkdir()


def huge(folder: Path) -> None:
    (folder / "clients.pem").write_bytes(b"-" * 5_000_000)


def no_authority(folder: Path) -> None:
    (folder / "clients.pem").write_bytes(b"")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (unknown, "cert.pem (tls.certificate): No such file"),
        (no_pem, "has no certificate in PEM"),
        (cut, "has no certificate in PEM"),
        (authority_first, "names no host"),
        (other_key, "is not the key of"),
        (no_key, "has no private key"),
        (encrypted, "is encrypted"),
        (a_folder, "key.pem (tls.key): Is a directory"),
        (huge, "is over 4 MB"),
        (no_authority, "clients.pem (tls.client_ca) has no certificate"),
    ],
)
def test_a_file_of_no_use_is_refused_in_words(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    given = settings(tmp_path)
    spoil(tmp_path)

    with pytest.raises(TlsFileError) as refused:
        read(given)

    assert words in str(refused.value)
    assert "PRIVATE KEY" not in str(refused.value).replace("-----BEGIN PRIVATE KEY-----", "")
