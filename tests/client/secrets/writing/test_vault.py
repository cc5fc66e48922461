"""One member of a secret in Vault is replaced, by check-and-set on the version."""

import logging
from collections.abc import Iterator

import pytest

from client.fake_server import json_response
from client.secrets.fake_server import SECRET, refusal, secret_store
from client.secrets.vault.fake_vault import PROGRAM, TOKEN, Kept, OpenBao, openbao
from gatepass.client.errors import ChangedMeanwhile
from gatepass.client.secrets.vault.secret import FromVault
from gatepass.client.secrets.writing.vault import VaultStore
from gatepass.wire.secret import Secret

OLD, NEW = Secret(SECRET), Secret("gps-new")
PATH = "partners/gatepass"
THEIRS = "of-another-program"


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def store(kept: Kept) -> Iterator[VaultStore]:
    with secret_store(kept.answer) as address:
        yield VaultStore(FromVault(address, PATH, token=TOKEN))


def test_the_other_members_stay_and_nothing_is_logged(
    kept: Kept, store: VaultStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store.check()
    store.write(NEW, OLD)

    assert kept.data == {"client_secret": NEW.value, "port": 1}
    assert store.read() == NEW
    assert NEW.value not in caplog.text
    assert SECRET not in caplog.text


def test_another_secret_than_expected_is_left(kept: Kept, store: VaultStore) -> None:
    kept.data = {"client_secret": THEIRS}

    refusal(lambda: _write(store), NEW.value, THEIRS, kind=ChangedMeanwhile)

    assert kept.version == 3


def test_a_write_in_between_is_told_by_check_and_set(kept: Kept, store: VaultStore) -> None:
    kept.instead = json_response(
        400, errors=["check-and-set parameter did not match the current version"]
    )

    assert "changed meanwhile" in refusal(lambda: _write(store), NEW.value, kind=ChangedMeanwhile)


def test_a_policy_that_does_not_allow_it_is_told(kept: Kept, store: VaultStore) -> None:
    kept.instead = json_response(403, errors=[f"permission denied {SECRET}"])

    assert "create and update" in refusal(lambda: _write(store), NEW.value)


def test_a_store_without_versions_is_not_written(kept: Kept, store: VaultStore) -> None:
    kept.version = 0

    assert "has no version" in refusal(lambda: _check(store))
    assert "has no version" in refusal(lambda: _write(store), NEW.value)


@pytest.mark.skipif(PROGRAM is None, reason="needs `bao`: see tests/setup.sh")
def test_a_real_server_keeps_the_new_version_and_refuses_a_stale_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with openbao(tmp_path_factory.mktemp("openbao")) as vault:
        _put(vault, SECRET)
        source = FromVault(vault.address, PATH, token=TOKEN)
        store = VaultStore(source)
        store.check()
        store.write(NEW, OLD)
        found = vault.ask("GET", f"secret/data/{PATH}")
        connected = source.connect()
        stale = {"options": {"cas": 1}, "data": {"client_secret": SECRET}}

        assert isinstance(found, dict)
        assert found["data"]["data"] == {"client_secret": NEW.value, "port": 8200}
        assert found["data"]["metadata"]["version"] == 2
        with pytest.raises(ChangedMeanwhile):
            connected.write(source.data_path, TOKEN, stale)
        refusal(lambda: _write(store), NEW.value, kind=ChangedMeanwhile)


def _put(vault: OpenBao, secret: str) -> None:
    data = {"client_secret": secret, "port": 8200}
    vault.ask("POST", f"secret/data/{PATH}", {"data": data})


def _write(store: VaultStore) -> str:
    store.write(NEW, OLD)
    return ""


def _check(store: VaultStore) -> str:
    store.check()
    return ""
