"""Secrets from the keyring, a real one that lives in memory."""

import sys
from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from client.secrets.fake_server import SECRET, refusal
from gatepass.client.secrets.keyring_ import FromKeyring

SOURCE = FromKeyring("gatepass", "acme")


class InMemory(KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        if service == "locked":
            raise KeyringLocked(f"{SECRET} is behind a lock")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password


@pytest.fixture
def in_memory() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("in_memory")
def test_the_keyring_gives_the_secret() -> None:
    keyring.set_password("gatepass", "acme", SECRET)

    assert SOURCE() == SECRET


@pytest.mark.usefixtures("in_memory")
def test_a_missing_entry_is_refused_with_how_to_make_it() -> None:
    assert "keyring set gatepass acme" in refusal(SOURCE)


@pytest.mark.usefixtures("in_memory")
def test_a_locked_keyring_is_refused() -> None:
    assert "KeyringLocked" in refusal(FromKeyring("locked", "acme"))


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)

    assert "gatepass[keyring]" in refusal(SOURCE)
