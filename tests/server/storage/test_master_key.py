"""The master key, and the keys it protects."""

import json
import stat
import threading
import time
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.server.domain.keys import operations as keys_operations
from gatepass.server.domain.keys import store as keys
from gatepass.server.storage import master_key
from gatepass.server.storage.master_key import MasterKey, MasterKeyError
from gatepass.testing import Clock
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


@pytest.mark.parametrize("source", ["credential", "file", "env", "command"])
def test_the_key_may_come_from_other_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    text = urlsafe_b64encode(bytes(range(32))).decode()
    given = tmp_path / master_key.CREDENTIAL
    given.write_text(f"{text}\n")
    given.chmod(0o600)
    monkeypatch.setenv("MY_KEY", text)
    if source == "credential":
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    where = {"credential": "", "env": "env:MY_KEY", "command": f"command:cat {given}"}

    loaded = master_key.load(tmp_path / "data", where.get(source, f"file:{given}"))

    assert KEY.decrypt(loaded.encrypt(b"plain", "x"), "x") == b"plain"
    assert not (tmp_path / "data").exists()


def test_a_key_in_vault_has_a_field_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    text = urlsafe_b64encode(bytes(range(32))).decode()

    def respond(request: Request) -> Response:
        asked.append(request.path)
        answer = {"data": {"data": {"master_key": text, "client_secret": "another"}}}
        return Response(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    with LoopbackServer(respond) as vault:
        monkeypatch.setenv("VAULT_ADDR", vault.url)
        monkeypatch.setenv("VAULT_TOKEN", "tests")
        loaded = master_key.load(tmp_path, "vault:secret/gatepass")

    assert asked == ["/v1/secret/data/gatepass"]
    assert KEY.decrypt(loaded.encrypt(b"plain", "x"), "x") == b"plain"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("gatepass", "is not understood: begin it with file:, env:"),
        ("ftp:x", "is not understood: begin it with file:, env:"),
        ("env:GATEPASS_NO_SUCH_VARIABLE", "cannot be read from env"),
        ("vault:x", "cannot be read from vault: write it as vault:MOUNT/PATH"),
    ],
)
def test_a_place_without_a_key_is_one_line(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(MasterKeyError, match=message) as caught:
        master_key.load(tmp_path, source)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_of_several_keys_the_first_encrypts_and_all_decrypt() -> None:
    other = bytes(range(1, 33))
    both = MasterKey(other, bytes(range(32)))

    assert both.decrypt(KEY.encrypt(b"old", "x"), "x") == b"old"
    assert MasterKey(other).decrypt(both.encrypt(b"new", "x"), "x") == b"new"
    assert not both.is_under_first(KEY.encrypt(b"old", "x"), "x")
    assert both.is_under_first(both.encrypt(b"new", "x"), "x")


def test_what_the_database_holds_is_decrypted_by_a_key_that_came_later() -> None:
    new, clock, reads = bytes(range(1, 33)), Clock(0.0), list[float]()

    def read_again() -> tuple[bytes, ...]:
        reads.append(clock())
        return (new,) if clock() >= 2 else (bytes(range(32)),)

    running = MasterKey(bytes(range(32)), read_again=read_again, now=clock)
    encrypted = MasterKey(new).encrypt(b"plain", "x")
    for _ in range(8):
        with pytest.raises(MasterKeyError):
            running.decrypt_stored(encrypted, "x")
        clock.advance(0.25)
    assert reads == [0.0, 1.0]  # once a second at most

    assert running.decrypt_stored(encrypted, "x") == b"plain"
    with pytest.raises(MasterKeyError):  # what does not come from the database reads nothing
        running.decrypt(KEY.encrypt(b"old", "x"), "x")
    assert len(reads) == 3


def test_what_a_server_encrypted_before_it_read_the_new_key_stays_readable(tmp_path: Path) -> None:
    running = master_key.load(tmp_path)
    file = tmp_path / master_key.FILE_NAME
    old, new = master_key.parse(file.read_text(), ""), (master_key.generate(),)
    master_key.keep_earlier(file, old, datetime.now(UTC))
    master_key.replace(file, new)
    (tmp_path / f"{file.name}.until-nonsense").write_text("no key")

    late = running.encrypt(b"late", "x")  # the rotation has ended, which it has not seen

    assert running.decrypt_stored(MasterKey(*new).encrypt(b"new", "x"), "x") == b"new"
    assert running.decrypt_stored(late, "x") == b"late"
    assert master_key.load(tmp_path).decrypt_stored(late, "x") == b"late"
    assert file.read_text() == master_key.format_keys(new)


def test_a_server_without_the_new_key_goes_on_with_the_keys_that_it_knows(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    token = fresh_server.token(client)
    environment = fresh_server.environment()
    new = MasterKey(master_key.generate(), *master_key.place_of(fresh_server.data).keys())
    with environment.database.write() as connection:
        keys.encrypt_again(connection, new, environment.mode, environment.now())

    with capture_logs() as logs:
        environment.catch_up()

    assert {each["event"] for each in logs} == {"master_key.wrong"}
    assert fresh_server.introspect(client, token).status_code != 401
    with environment.database.write() as connection:  # a key that it does not know
        keys_operations.make(
            connection, new, environment.mode, "opaque", environment.now(), environment.now()
        )
    with pytest.raises(MasterKeyError):
        environment.catch_up()


def test_threads_that_meet_a_new_key_at_once_all_get_it() -> None:
    new, clock = bytes(range(1, 33)), Clock(0.0)
    encrypted = MasterKey(new).encrypt(b"plain", "x")

    def read_again() -> tuple[bytes, ...]:
        time.sleep(0.2)  # in which the others come
        return (new,)

    running = MasterKey(bytes(range(32)), read_again=read_again, now=clock)
    clock.advance(1)
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(running.decrypt_stored(encrypted, "x")))
        for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert found == [b"plain"] * 4
