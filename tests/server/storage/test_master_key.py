"""The master key, and the keys it protects."""

import stat
import threading
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.domain.keys import store as keys
from gatepass.server.storage import master_key
from gatepass.server.storage.master_key import MasterKey, MasterKeyError
from gatepass.wire.credential import Mode
from server.fixtures import InProcessServer, open_passive_server

KEY = MasterKey(bytes(range(32)))


@given(st.binary(max_size=100), st.text(max_size=20))
def test_what_was_encrypted_for_a_purpose_is_decrypted_for_it_alone(
    plain: bytes, purpose: str
) -> None:
    encrypted = KEY.encrypt(plain, purpose)

    assert KEY.decrypt(encrypted, purpose) == plain
    assert len(encrypted) == len(plain) + 28
    assert encrypted != KEY.encrypt(plain, purpose)
    with pytest.raises(MasterKeyError):
        KEY.decrypt(encrypted, purpose + "x")


@pytest.mark.parametrize("at", [0, 11, 12, 20, -1])
def test_what_was_changed_is_not_decrypted(at: int) -> None:
    changed = bytearray(KEY.encrypt(b"a sealing key of 32 bytes, or so", "x"))
    changed[at] ^= 1

    with pytest.raises(MasterKeyError, match="does not fit"):
        KEY.decrypt(bytes(changed), "x")


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = master_key.load(tmp_path), master_key.load(tmp_path)
    (file,) = tmp_path.iterdir()

    assert file.name == master_key.FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert second.decrypt(first.encrypt(b"plain", "x"), "x") == b"plain"


def test_of_many_who_make_it_at_once_all_get_the_same(tmp_path: Path) -> None:
    loaded: list[MasterKey] = []
    threads = [
        threading.Thread(target=lambda: loaded.append(master_key.load(tmp_path))) for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(loaded) == 8
    encrypted = loaded[0].encrypt(b"plain", "x")
    assert {each.decrypt(encrypted, "x") for each in loaded} == {b"plain"}
    assert [file.name for file in tmp_path.iterdir()] == [master_key.FILE_NAME]


def test_the_key_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(master_key.VARIABLE, urlsafe_b64encode(bytes(range(32))).decode())

    assert KEY.decrypt(master_key.load(tmp_path).encrypt(b"plain", "x"), "x") == b"plain"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["x", "AAAA", "\u00e4", "A" * 44, "A" * 100])
def test_what_is_no_key_is_refused_without_repeating_it(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / master_key.FILE_NAME).write_text(text)
    with pytest.raises(MasterKeyError) as caught:
        master_key.load(tmp_path)
    assert text not in str(caught.value) or text == "x"
    monkeypatch.setenv(master_key.VARIABLE, text)
    with pytest.raises(MasterKeyError):
        master_key.load(tmp_path)


def test_another_master_key_does_not_open_the_data(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data"):
        pass
    (tmp_path / "data" / master_key.FILE_NAME).write_bytes(urlsafe_b64encode(bytes(range(32))))
    with (
        pytest.raises(MasterKeyError, match="does not fit this data directory"),
        open_passive_server(tmp_path / "data"),
    ):
        pass


@pytest.mark.spec("ASVS", "13.3.2")
def test_keys_lie_encrypted_and_differ_between_environments(fresh_server: InProcessServer) -> None:
    opened = master_key.load(fresh_server.data)
    raw: list[bytes] = []
    for environment in fresh_server.app.environments:
        with environment.database.read() as connection:
            found = keys.all_keys(connection, opened, environment.mode)
            assert {key.purpose for key in found} == {"opaque", "ES256"}
            raw += [key.secret for key in found]

    assert len(set(raw)) == len(raw) == 4
    files = b"".join(file.read_bytes() for file in fresh_server.data.iterdir())
    assert not any(each in files for each in raw)


def test_a_key_of_one_environment_is_not_read_in_the_other(fresh_server: InProcessServer) -> None:
    with (
        fresh_server.environment().database.read() as connection,
        pytest.raises(MasterKeyError),
    ):
        keys.all_keys(connection, master_key.load(fresh_server.data), Mode.TEST)
