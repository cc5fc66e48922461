"""Which certificates the client trusts: a file or folder that is named, or the system's."""

import ssl
from pathlib import Path

import pytest

from client.tls_server import issue
from gatepass.client.errors import ConfigurationError
from gatepass.client.network.certificate_authorities import trusted


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    file = tmp_path / "root.pem"
    file.write_bytes(issue("root").pem)
    return file


def test_without_a_name_the_system_s_are_trusted() -> None:
    context = trusted(environ={})

    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_variable_names_the_file(ca_file: Path, variable: str) -> None:
    context = trusted(environ={variable: str(ca_file)})

    assert len(context.get_ca_certs()) == 1


def test_a_folder_is_read_when_a_certificate_is_verified(tmp_path: Path) -> None:
    context = trusted(environ={"SSL_CERT_DIR": str(tmp_path)})

    assert (context.verify_mode, context.get_ca_certs()) == (ssl.CERT_REQUIRED, [])


def test_a_missing_file_is_an_error_that_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE .*missing\.pem"):
        trusted(environ={"SSL_CERT_FILE": str(tmp_path / "missing.pem")})
