"""The files of certificate and key are read again when they change."""

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from client.tls_server import Issued, issue
from gatepass.server.observability.metrics.counters import COUNTERS
from gatepass.server.serving.tls.contexts import TlsFileError
from gatepass.server.serving.tls.renewal import CurrentContexts
from server.serving.tls.files import (
    CLIENTS,
    RENEWED,
    ROOT,
    SERVER,
    STRANGER,
    der_of,
    key_of,
    replace,
    settings,
)
from server.serving.tls.test_contexts import client, shake_hands


def served(contexts: CurrentContexts) -> bytes | None:
    """Return the certificate that a client of the main port gets."""
    _, end = shake_hands(contexts.now.main, client())
    return end.getpeercert(binary_form=True)


def test_a_renewed_pair_is_served_without_a_restart(tmp_path: Path) -> None:
    contexts = CurrentContexts(settings(tmp_path))
    assert served(contexts) == der_of(SERVER)
    replace(tmp_path / "cert.pem", RENEWED.pem)
    replace(tmp_path / "key.pem", key_of(RENEWED))

    with capture_logs() as log:
        contexts.check()
        contexts.check()

    assert served(contexts) == der_of(RENEWED)
    assert [each["event"] for each in log] == ["tls.renewed"]


@pytest.mark.parametrize("first", ["cert.pem", "key.pem"])
def test_a_pair_that_does_not_fit_keeps_the_one_before_until_the_other_file_comes(
    tmp_path: Path, first: str
) -> None:
    contexts = CurrentContexts(settings(tmp_path))
    content = {"cert.pem": RENEWED.pem, "key.pem": key_of(RENEWED)}
    replace(tmp_path / first, content.pop(first))

    with capture_logs() as log:
        contexts.check()
        contexts.check()

    assert served(contexts) == der_of(SERVER)
    assert [each["event"] for each in log] == ["tls.renewal_failed"]
    assert "is not the key of" in log[0]["reason"]
    [(second, text)] = content.items()
    replace(tmp_path / second, text)
    contexts.check()
    assert served(contexts) == der_of(RENEWED)


def test_links_that_lead_elsewhere_are_followed(tmp_path: Path) -> None:
    live, given = tmp_path / "live", settings(tmp_path / "1")
    settings(tmp_path / "2", RENEWED)
    live.mkdir()
    for name in ("cert.pem", "key.pem"):
        (live / name).symlink_to(tmp_path / "1" / name)
    contexts = CurrentContexts(
        given.model_copy(update={"certificate": live / "cert.pem", "key": live / "key.pem"})
    )
    for name in ("cert.pem", "key.pem"):
        (live / "new").symlink_to(tmp_path / "2" / name)
        (live / "new").replace(live / name)

    contexts.check()

    assert served(contexts) == der_of(RENEWED)


def test_a_file_that_is_gone_or_broken_keeps_the_certificate_before(tmp_path: Path) -> None:
    contexts = CurrentContexts(settings(tmp_path))

    with capture_logs() as log:
        for file in ("cert.pem", "key.pem", "clients.pem"):
            (tmp_path / file).unlink()
            contexts.check()
            (tmp_path / file).write_bytes(b"half")
            contexts.check()

    assert served(contexts) == der_of(SERVER)
    assert {each["event"] for each in log} == {"tls.renewal_failed"}


def test_other_authorities_of_clients_are_read_again(tmp_path: Path) -> None:
    contexts = CurrentContexts(settings(tmp_path))
    before = contexts.now.mutual
    replace(tmp_path / "clients.pem", CLIENTS.pem + STRANGER.pem)

    contexts.check()

    assert contexts.now.mutual is not None
    assert len(contexts.now.mutual.get_ca_certs()) >= 1
    assert contexts.now.mutual.cert_store_stats()["x509"] == 2
    assert before is not None
    assert before.cert_store_stats()["x509"] == 1


def test_sessions_of_the_port_for_certificates_are_forgotten_after_five_minutes(
    tmp_path: Path,
) -> None:
    now = [1000.0]
    contexts = CurrentContexts(settings(tmp_path), lambda: now[0])
    first = contexts.now.mutual
    contexts.check()
    assert contexts.now.mutual is first
    now[0] += 301

    contexts.check()

    assert contexts.now.mutual is not first


def test_files_of_no_use_are_an_error_at_the_start(tmp_path: Path) -> None:
    given = settings(tmp_path)
    replace(tmp_path / "key.pem", key_of(RENEWED))

    with pytest.raises(TlsFileError):
        CurrentContexts(given)


@pytest.mark.parametrize(("days", "is_warned"), [(13, True), (-1, True), (30, False)])
def test_a_certificate_that_expires_is_logged_once_a_day_and_measured(
    tmp_path: Path, days: int, *, is_warned: bool
) -> None:
    short = expiring(days)
    now = [0.0]
    contexts = CurrentContexts(settings(tmp_path, short), lambda: now[0])

    with capture_logs() as log:
        for seconds in (0.0, 60.0, 24 * 3600.0 + 1):
            now[0] = seconds
            contexts.check()

    warnings = [each for each in log if each["event"] == "tls.certificate_expires"]
    assert len(warnings) == (2 if is_warned else 0)
    measured = dict(COUNTERS.values())[("gatepass_tls_certificate_expiry_timestamp_seconds", ())]
    assert measured == short.certificate.not_valid_after_utc.timestamp()


def expiring(days: int) -> Issued:
    ends, begins = timedelta(days=days), timedelta(days=-90)
    return issue("Short", ROOT, "localhost", begins=begins, ends=ends)
