"""`gatepass check` of a client with a key: each fault has a line that says what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.doctor.doctoring import Line, environ_of, run_check
from client.tls_server import MetadataServer, metadata_server
from gatepass.jose.keys.private_key import PrivateKey


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MetadataServer]:
    with metadata_server(tmp_path) as running:
        running.publish(
            token_endpoint_auth_methods_supported=["private_key_jwt"],
            token_endpoint_auth_signing_alg_values_supported=["ES256", "EdDSA"],
        )
        yield running


@pytest.fixture
def key() -> PrivateKey:
    return PrivateKey.generate("ES256")


@pytest.fixture
def file(tmp_path: Path, key: PrivateKey) -> Path:
    path = tmp_path / "key.pem"
    path.write_text(key.pem())
    path.chmod(0o600)
    return path


def check(server: MetadataServer, file: Path, **more: str) -> dict[str, Line]:
    return run_check(
        environ_of(
            f"{server.url}/token",
            **{
                "GATEPASS_CLIENT_SECRET": "",
                "GATEPASS_PRIVATE_KEY_FILE": str(file),
                "GATEPASS_PRIVATE_KEY": "",
            }
            | more,
        )
    )


def test_where_all_is_well_the_key_is_named_and_not_shown(
    server: MetadataServer, file: Path, key: PrivateKey
) -> None:
    lines = check(server, file)

    assert lines["secret"] == Line("ok", f"ES256 key, kid {key.kid}")
    assert lines["secret file"] == Line("ok", "its rights are narrow (mode 0600)")
    assert lines["metadata"].outcome == lines["token"].outcome == "ok"
    assert f"GATEPASS_PRIVATE_KEY_FILE {file}" in lines["settings"].message


def test_a_key_that_the_server_does_not_know(
    server: MetadataServer, file: Path, key: PrivateKey
) -> None:
    server.token = (401, {"error": "invalid_client"})
    line = check(server, file)["token"]

    assert line.outcome == "failed"
    assert f"has the public key of this ES256 key {key.kid}" in line.message
    assert f"assertions for {server.url} (GATEPASS_ASSERTION_AUDIENCE)" in line.message


def test_a_wrong_clock(server: MetadataServer, file: Path) -> None:
    server.token = (401, {"error": "invalid_client"})
    server.ahead = 300
    lines = check(server, file)

    assert lines["clock"].outcome == "failed"
    assert "this machine's clock is" in lines["token"].message
    assert "behind the server's: set it" in lines["token"].message


def test_an_audience_that_is_set_is_shown_in_the_refusal(
    server: MetadataServer, file: Path
) -> None:
    server.token = (401, {"error": "invalid_client"})
    lines = check(server, file, GATEPASS_ASSERTION_AUDIENCE="https://other.example")

    assert "assertions for https://other.example" in lines["token"].message
    assert "GATEPASS_ASSERTION_AUDIENCE https://other.example" in lines["settings"].message


def test_a_file_that_is_not_there(server: MetadataServer, tmp_path: Path) -> None:
    line = check(server, tmp_path / "none.pem")["settings"]

    assert line.outcome == "failed"
    assert "none.pem (GATEPASS_PRIVATE_KEY_FILE) cannot be read" in line.message


def test_a_file_that_others_can_read(server: MetadataServer, file: Path) -> None:
    file.chmod(0o644)
    line = check(server, file)["secret file"]

    assert (line.outcome, "chmod 600" in line.message) == ("warning", True)


def test_an_algorithm_that_does_not_fit_the_key(server: MetadataServer, file: Path) -> None:
    lines = check(server, file, GATEPASS_PRIVATE_KEY_ALG="PS256")

    assert lines["secret"].outcome == "failed"
    assert "the algorithm is not one for such a key" in lines["secret"].message
    assert lines["token"].outcome == "skipped"


def test_a_public_key_in_place_of_the_private_one(
    server: MetadataServer, file: Path, key: PrivateKey
) -> None:
    from gatepass.jose.keys.public_key import ClientKey

    file.write_text(ClientKey.from_jwk(key.public_jwk()).pem())

    assert "is a public key: give the private key" in check(server, file)["secret"].message


@pytest.mark.parametrize(
    ("alg", "outcome"), [("ES256", "ok"), ("Ed25519", "ok"), ("ES512", "warning")]
)
def test_an_algorithm_that_the_server_does_not_list(
    server: MetadataServer, file: Path, alg: str, outcome: str
) -> None:
    file.write_text(PrivateKey.generate(alg).pem())
    line = check(server, file)["metadata"]

    assert line.outcome == outcome
    assert (f"it does not list {alg}, with which this client's key signs" in line.message) == (
        outcome == "warning"
    )


def test_a_server_without_dpop(server: MetadataServer, file: Path) -> None:
    lines = check(server, file, GATEPASS_DPOP="1")

    assert "it does not list DPoP, which GATEPASS_DPOP asks for" in lines["metadata"].message
    assert "take GATEPASS_DPOP out of the settings" in lines["token"].message


def test_a_server_that_takes_secrets_alone(server: MetadataServer, file: Path) -> None:
    server.publish(token_endpoint_auth_methods_supported=["client_secret_basic"])
    line = check(server, file)["metadata"]

    assert line.outcome == "warning"
    assert "it does not list private_key_jwt" in line.message


def test_a_key_beside_a_secret_is_not_used_silently(server: MetadataServer, file: Path) -> None:
    lines = run_check(
        environ_of(
            f"{server.url}/token",
            GATEPASS_PRIVATE_KEY_FILE=str(file),
            GATEPASS_CLIENT_SECRET="hush hush",
        )
    )

    assert lines["settings"].outcome == "warning"
