"""`gatepass check`: what is between the settings and the server: names, TLS, proxies, clocks."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from email.utils import formatdate
from pathlib import Path

import pytest

from client.doctor.doctoring import CHECKS, Line, environ_of, run_check
from client.tls_server import DAY, Issued, MetadataServer, issue, metadata_server, tunnelling
from gatepass.client.doctor import certificate, findings, probes
from gatepass.client.doctor.findings import Outcome
from gatepass.client.network import route


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MetadataServer]:
    with metadata_server(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def root() -> Issued:
    return issue("A root of ours")


@pytest.fixture
def trusted(root: Issued, tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "root.pem"
    file.write_bytes(root.pem)
    return {"SSL_CERT_FILE": str(file)}


def test_a_name_that_is_not_found_is_told_and_the_rest_skipped() -> None:
    lines = run_check(environ_of("https://nothing.invalid/token"))

    assert lines["name"].outcome == "failed"
    assert "GATEPASS_TOKEN_URL" in lines["name"].message
    skipped = [name for name in CHECKS if lines[name].outcome == "skipped"]
    assert skipped == ["connection", "tls", "clock", "metadata", "token", "scope"]


def test_a_proxy_whose_name_is_none_is_told() -> None:
    proxy = f"http://{'a' * 64}.example:3128"
    lines = run_check(environ_of("https://nothing.invalid/token", https_proxy=proxy))

    assert lines["name"].outcome == "failed"
    assert "check its spelling in the variable of the proxy" in lines["name"].message


@pytest.mark.parametrize("host", ["a" * 64 + ".example.com", "a..b"])
def test_a_name_that_is_none_is_told_with_the_settings(host: str) -> None:
    lines = run_check(environ_of(f"https://{host}/token"))

    assert lines["settings"].outcome == "failed"
    assert "GATEPASS_TOKEN_URL" in lines["settings"].message


def test_a_port_where_nobody_listens_is_told_and_the_rest_skipped() -> None:
    lines = run_check(environ_of("http://localhost:1/token"))

    assert lines["name"].outcome == "ok"
    assert lines["connection"].outcome == "failed"
    assert "localhost:1 does not answer (Connection refused)" in lines["connection"].message
    assert lines["token"] == Line("skipped", "there is no connection")


def test_an_address_that_is_silent_is_passed_over_and_told() -> None:
    with ExitStack() as open_ones:
        silent = open_ones.enter_context(socket.create_server(("127.0.0.2", 0), backlog=0))
        port = silent.getsockname()[1]
        open_ones.enter_context(socket.create_server(("127.0.0.1", port)))
        for _ in range(3):  # fill its queue; what comes then is not answered
            waiting = open_ones.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.2", port))
        found = probes.connect(route.Target("x", port), ["127.0.0.2", "127.0.0.1"], timeout=0.1)

    assert found == ("127.0.0.1", ["127.0.0.2"])
    line = findings.connection("127.0.0.1:1", ["127.0.0.2"], to_proxy=False)
    assert (line.outcome, "127.0.0.2 was waited for" in line.message) == (Outcome.WARNING, True)


def tls(
    folder: Path, shown: Issued, trusted: dict[str, str], host: str = "localhost"
) -> dict[str, Line]:
    with metadata_server(folder, shown, host) as server:
        return run_check(environ_of(f"{server.url}/token", **trusted))


def test_a_good_certificate_is_told_with_its_names_and_days(
    tmp_path: Path, root: Issued, trusted: dict[str, str]
) -> None:
    lines = tls(tmp_path, issue("leaf", root, "localhost", "a", "b", "c", "d"), trusted)

    text = "TLSv1.3, certificate for localhost, a, b, c and 1 more, 89 days left"
    assert lines["tls"] == Line("ok", text)
    assert lines["token"].outcome == "ok"


def test_a_certificate_that_ends_soon_is_a_warning(
    tmp_path: Path, root: Issued, trusted: dict[str, str]
) -> None:
    lines = tls(tmp_path, issue("leaf", root, "localhost", ends=3 * DAY), trusted)

    assert lines["tls"].outcome == "warning"
    assert "2 days left: ask the server's operator to renew it" in lines["tls"].message


def test_an_expired_certificate_is_told_with_its_end(
    tmp_path: Path, root: Issued, trusted: dict[str, str]
) -> None:
    shown = issue("leaf", root, "localhost", begins=-3 * DAY, ends=-DAY)
    lines = tls(tmp_path, shown, trusted)

    end = shown.certificate.not_valid_after_utc
    assert lines["tls"].outcome == "failed"
    assert f"{end:%H:%M:%S %Y} GMT): ask the server's operator" in lines["tls"].message
    assert lines["token"] == Line("skipped", "there is no TLS connection")


def test_a_certificate_of_tomorrow_is_told(
    tmp_path: Path, root: Issued, trusted: dict[str, str]
) -> None:
    lines = tls(tmp_path, issue("leaf", root, "localhost", begins=DAY), trusted)

    assert "not valid yet" in lines["tls"].message


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_for_another_host_is_told_with_its_names(
    tmp_path: Path, root: Issued, trusted: dict[str, str], host: str
) -> None:
    lines = tls(tmp_path, issue("leaf", root, "app.example.com", "10.0.0.1"), trusted, host)

    assert lines["tls"] == Line(
        "failed",
        f"the certificate is for app.example.com, 10.0.0.1, not for {host}: correct the host of "
        "the token URL",
    )


def test_a_certificate_signed_by_itself_is_told_with_how_to_trust_it(
    tmp_path: Path, trusted: dict[str, str]
) -> None:
    lines = tls(tmp_path, issue("leaf", None, "localhost"), trusted)

    assert "is self-signed: if it is meant" in lines["tls"].message
    assert "GATEPASS_CA_FILE" in lines["tls"].message


def test_a_certificate_of_an_unknown_issuer_is_told_with_how_to_trust_it(
    tmp_path: Path, trusted: dict[str, str]
) -> None:
    lines = tls(tmp_path, issue("leaf", issue("Another root"), "localhost"), trusted)

    assert "'s issuer is not known here" in lines["tls"].message


def test_a_certificate_with_another_fault_is_told_in_openssl_s_words() -> None:
    error = ssl.SSLCertVerificationError("bad")
    error.verify_code, error.verify_message = 7, "certificate signature failure"
    line = certificate.refused(error, "localhost", None)

    assert "is refused (certificate signature failure)" in line.message


def test_a_wrong_host_without_a_certificate_to_look_at_is_told_all_the_same() -> None:
    error = ssl.SSLCertVerificationError("bad")
    error.verify_code = 62

    assert "is for another name, not for x" in certificate.refused(error, "x", None).message
    assert "is for no name" in certificate.refused(error, "x", {"notAfter": ""}).message


def test_a_port_that_speaks_no_tls_is_told(server: MetadataServer) -> None:
    lines = run_check(environ_of(f"{server.url}/token".replace("http:", "https:")))

    assert lines["tls"].outcome == "failed"
    assert "no TLS is spoken there" in lines["tls"].message


def test_a_connection_that_ends_in_the_handshake_is_told() -> None:
    line = certificate.refused(ConnectionResetError(104, "Connection reset by peer"), "x", None)

    assert "ended in the handshake (Connection reset by peer)" in line.message


def test_a_file_of_trusted_certificates_that_is_not_there_is_told(tmp_path: Path) -> None:
    lines = run_check(environ_of("https://localhost:1/token", SSL_CERT_FILE=str(tmp_path / "gone")))

    assert "SSL_CERT_FILE (" in lines["settings"].message
    assert "cannot be used (No such file" in lines["settings"].message
    assert lines["name"].outcome == "skipped"


def test_an_address_that_httpx2_cannot_use_is_told() -> None:
    lines = run_check(environ_of("https://a.example/" + "x" * 70_000))

    assert "the token URL cannot be used" in lines["settings"].message


def test_a_proxy_is_gone_through_and_its_password_not_told(
    tmp_path: Path, root: Issued, trusted: dict[str, str]
) -> None:
    with (
        metadata_server(
            tmp_path, issue("leaf", root, "elsewhere.invalid"), "elsewhere.invalid"
        ) as server,
        tunnelling() as proxy,
    ):
        environ = environ_of(f"{server.url}/token", https_proxy=proxy, **trusted)
        lines = run_check(environ)
        unproxied = run_check(environ | {"no_proxy": "elsewhere.invalid"})
        bare = run_check(environ | {"https_proxy": "nothing.invalid:3128"})

    assert "left to the proxy; the proxy 127.0.0.1 is" in lines["name"].message
    assert lines["connection"].message.startswith("the proxy 127.0.0.1:")
    assert (lines["tls"].outcome, lines["token"].outcome) == ("skipped", "ok")
    assert "pass" not in str(lines)
    assert unproxied["name"].outcome == "failed"
    assert "the variable of the proxy" in bare["name"].message


def test_a_certificate_that_is_refused_behind_a_proxy_is_told_by_the_request(
    tmp_path: Path, trusted: dict[str, str]
) -> None:
    shown = issue("leaf", None, "elsewhere.invalid")
    with metadata_server(tmp_path, shown, "elsewhere.invalid") as server, tunnelling() as proxy:
        url = f"{server.url}/token"
        lines = run_check(environ_of(url, https_proxy=proxy, **trusted))

    assert lines["clock"].outcome == "skipped"
    assert lines["metadata"].outcome == lines["token"].outcome == "failed"
    assert "the certificate is self-signed" in lines["metadata"].message
    assert "after 1 attempt" in lines["token"].message
    assert "the certificate is self-signed" in lines["token"].message


def test_an_address_of_version_6_is_written_in_brackets() -> None:
    assert str(route.Target("::1", 443)) == "[::1]:443"


@pytest.mark.parametrize(
    ("ahead", "outcome", "text"),
    [
        (0, "ok", "differs from the server's by"),
        (30, "warning", "s behind the server's: set it"),
        (-30, "warning", "s ahead of the server's: set it"),
        (4000, "failed", "s behind the server's: set it"),
    ],
)
def test_the_clock_is_compared_with_the_server_s(
    server: MetadataServer, ahead: float, outcome: str, text: str
) -> None:
    server.ahead = ahead
    lines = run_check(environ_of(f"{server.url}/token"))

    assert lines["clock"].outcome == outcome
    assert text in lines["clock"].message


def test_a_server_without_a_date_has_no_clock_to_compare_with(server: MetadataServer) -> None:
    server.dated = False

    assert run_check(environ_of(f"{server.url}/token"))["clock"].outcome == "skipped"


@pytest.mark.spec("RFC 9111", "5.1")
@pytest.mark.parametrize(("age", "outcome"), [("300", Outcome.OK), ("soon", Outcome.FAILED)])
def test_an_answer_out_of_a_cache_is_dated_by_its_age(age: str, outcome: Outcome) -> None:
    headers = {"date": formatdate(1_000_000, usegmt=True), "age": age}

    assert findings.clock(headers, 1_000_300).outcome is outcome
