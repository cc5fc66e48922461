"""The domain of passkeys: the host of the issuer, or one above it."""

from pathlib import Path

import pytest

from gatepass.server.configuration.settings import SettingsError, load
from gatepass.wire.credential import Mode


def settings(folder: Path, issuer: str, domain: str) -> Path:
    file = folder / "gatepass.toml"
    file.write_text(f'[production]\nissuer = "{issuer}"\npasskey_domain = "{domain}"\n')
    return file


@pytest.mark.parametrize(
    ("domain", "expected"),
    [("", "login.example.com"), ("login.example.com",) * 2, ("example.com",) * 2],
)
def test_it_is_the_host_of_the_issuer_or_a_domain_above(
    tmp_path: Path, domain: str, expected: str
) -> None:
    found = load(settings(tmp_path, "https://login.example.com", domain), data=tmp_path)

    party = found.relying_party(Mode.LIVE)
    assert (party.id, party.origin, party.why_not) == (expected, "https://login.example.com", "")


@pytest.mark.parametrize(
    ("issuer", "domain"),
    [
        ("https://login.example.com", "com"),
        ("https://login.example.com", "example.org"),
        ("https://login.example.com", "other.example.com"),
        ("https://login.example.com", "ogin.example.com"),
        ("https://login.example.com", ".example.com"),
        ("https://login.example.com", "https://login.example.com"),
        ("http://127.0.0.1:8000", "0.0.1"),
    ],
)
def test_another_domain_is_refused_in_words(tmp_path: Path, issuer: str, domain: str) -> None:
    with pytest.raises(SettingsError, match="passkey_domain"):
        load(settings(tmp_path, issuer, domain), data=tmp_path)


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:8000", "http://[::1]:8000", "https://10.1.2.3"]
)
def test_at_an_address_there_is_a_reason_why_not(tmp_path: Path, issuer: str) -> None:
    found = load(settings(tmp_path, issuer, ""), data=tmp_path)

    assert "IP address" in found.relying_party(Mode.LIVE).why_not


def test_at_localhost_there_are_passkeys(tmp_path: Path) -> None:
    assert load(data=tmp_path).relying_party(Mode.LIVE)[0::3] == ("localhost", "")
