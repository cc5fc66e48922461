"""What all sources have in common."""

import subprocess
import sys
from pathlib import Path

import pytest

from client.secrets.fake_server import SECRET, refusal
from gatepass.client import secrets
from gatepass.client.errors import SecretUnavailable

HEAVY = ("azure", "boto3", "botocore", "google.auth", "httpx2", "keyring", "requests")


def test_every_name_of_the_package_can_be_had() -> None:
    assert all(getattr(secrets, name) for name in secrets.__all__)
    with pytest.raises(AttributeError, match="no attribute 'FromNowhere'"):
        getattr(secrets, "FromNowhere")  # noqa: B009 - for mypy there is no such name


def test_making_any_source_loads_no_library() -> None:
    program = f"""
import sys
from gatepass.client.secrets import from_uri
for text in ("env:A", "file:a", "keyring:a/b", "command:a", "vault:a/b", "aws:a",
             "google:projects/a/secrets/b", "azure:a/b"):
    from_uri(text)
print([name for name in {HEAVY} if name in sys.modules])
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "[]\n"


def test_a_source_of_ones_own_is_a_function() -> None:
    def from_our_store() -> str:
        raise SecretUnavailable("our store is away: see its status page")

    source: secrets.SecretSource = from_our_store

    assert "status page" in refusal(source, kind=SecretUnavailable)


def test_a_path_or_name_that_is_our_secret_by_mistake_is_not_shown(tmp_path: Path) -> None:
    ours = "gps_live_0123456789abcdefghijklmnop"

    refusal(secrets.FromFile(tmp_path / ours), ours)
    refusal(secrets.FromCommand([ours]), ours)
    refusal(secrets.FromEnv(ours), ours)
    assert SECRET not in repr(secrets.FromCommand(["echo", SECRET]))
