"""The guard's own credentials: given, or from the environment."""

from pathlib import Path

import pytest

from gatepass.guard.issuer.credentials import Credentials
from gatepass.wire.secret import Secret

SECRET = "s3cr3t"


@pytest.mark.parametrize("secret", [SECRET, Secret(SECRET)])
def test_what_is_given_counts_before_the_environment(secret: Secret | str) -> None:
    environ = {"GATEPASS_CLIENT_ID": "other", "GATEPASS_CLIENT_SECRET": "other"}

    assert Credentials.read("api", secret, environ) == Credentials("api", Secret(SECRET))


def test_what_is_not_given_comes_from_the_environment() -> None:
    environ = {"GATEPASS_CLIENT_ID": "api", "GATEPASS_CLIENT_SECRET": SECRET}

    assert Credentials.read(None, None, environ) == Credentials("api", Secret(SECRET))


def test_a_secret_in_a_file_loses_its_last_line_break(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    environ = {"GATEPASS_CLIENT_SECRET_FILE": str(file)}

    assert Credentials.read("api", None, environ).client_secret == Secret(SECRET)


@pytest.mark.parametrize(
    ("client_id", "secret", "environ"),
    [
        (None, None, {}),
        ("api", None, {}),
        ("api", "", {}),
        (None, SECRET, {}),
        ("api", None, {"GATEPASS_CLIENT_SECRET": ""}),
    ],
)
def test_missing_credentials_are_a_mistake_that_says_what_to_set(
    client_id: str | None, secret: str | None, environ: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match="GATEPASS_CLIENT_ID"):
        Credentials.read(client_id, secret, environ)


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("\n")

    with pytest.raises(ValueError, match="GATEPASS_CLIENT_ID"):
        Credentials.read("api", None, {"GATEPASS_CLIENT_SECRET_FILE": str(file)})


def test_a_secret_told_twice_is_a_mistake() -> None:
    environ = {"GATEPASS_CLIENT_SECRET": SECRET, "GATEPASS_CLIENT_SECRET_FILE": "/some/file"}

    with pytest.raises(ValueError, match="not both") as error:
        Credentials.read("api", None, environ)

    assert SECRET not in str(error.value)


@pytest.mark.parametrize("content", [None, b"s3cr3t\xff"])
def test_a_file_that_cannot_be_read_is_a_mistake_that_quotes_nothing(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ValueError, match="no readable text file") as error:
        Credentials.read("api", None, {"GATEPASS_CLIENT_SECRET_FILE": str(file)})

    assert SECRET not in repr(error.value)


def test_the_secret_is_not_in_the_repr() -> None:
    assert SECRET not in repr(Credentials("api", Secret(SECRET)))
