"""`gatepass serve` refuses TLS files that are of no use, before it makes anything."""

from pathlib import Path

import pytest

from commands import run_in_process
from server.serving.tls.files import RENEWED, key_of, settings
from server_process import free_ports


def serve(tmp_path: Path, *options: str) -> tuple[int, str]:
    data = tmp_path / "data"
    ran = run_in_process("serve", "--data", data, "--port", str(free_ports()), *options)
    assert not data.exists()
    return ran.status, ran.err


def test_a_key_of_another_certificate_is_one_line_and_status_1(tmp_path: Path) -> None:
    settings(tmp_path)
    (tmp_path / "key.pem").write_bytes(key_of(RENEWED))

    status, err = serve(
        tmp_path,
        *("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")),
    )

    assert status == 1
    assert err.startswith("Error: ")
    assert "is not the key of" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("options", [("--tls-cert", "cert.pem"), ("--mtls-port", "8443")])
def test_options_that_lack_others_name_them(tmp_path: Path, options: tuple[str, ...]) -> None:
    status, err = serve(tmp_path, *options)

    assert status == 1
    assert "--tls-cert, --tls-key, --mtls-port and --client-ca" in err
