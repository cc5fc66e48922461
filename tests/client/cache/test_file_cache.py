"""Tokens in files that processes share: real files, real locks, real processes."""

import logging
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from client.cache.stored_tokens import READING, cached_token
from client.fake_server import ScriptedServer
from gatepass.client.cache.file_cache import Entry, FileCache, default_directory
from gatepass.client.errors import ConfigurationError
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens import clock
from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.token import CachedToken
from gatepass.wire.secret import Secret

KEY = ("https://login.example/token", "gpc_live_client", "read")
SECRETS = (Secret("hunter2"),)
PATIENCE = 30.0  # seconds; reached only where something hangs

# Run in another process with the folder as its argument.
PRELUDE = f"""
import os, sys
from pathlib import Path
from client.cache.stored_tokens import cached_token
from gatepass.client.tokens import clock
from gatepass.client.cache.file_cache import FileCache
from gatepass.wire.secret import Secret
def entry():
    return FileCache(Path(sys.argv[1])).entry({KEY!r}, [Secret("hunter2")])
"""
HOLD = """
mine = entry()
print(mine.lock(0), flush=True)
sys.stdin.read()
"""
WRITE = """
token = cached_token(sys.argv[2] * int(sys.argv[3]), clock.now())
for _ in range(200):
    entry().write(token)
"""
FORK = """
mine = entry()
print(mine.lock(0), flush=True)
if os.fork() == 0:
    print(mine.lock(0), entry().lock(0), flush=True)  # neither is ours in the child
    mine.unlock()
    del mine
    os._exit(0)
os.wait()
print(entry().lock(0), flush=True)  # the child let nothing go
mine.unlock()
print(entry().lock(0), flush=True)
"""
UMASK = """
os.umask(int(sys.argv[2], 8))
mine = entry()
print(mine.lock(0))
mine.write(cached_token("t-1", clock.now()))
mine.unlock()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "gatepass"


def entry(folder: Path) -> Entry:
    return FileCache(folder).entry(KEY, SECRETS)


def fresh(token: str = "t-1") -> CachedToken:
    return cached_token(token, clock.now())


def kept(folder: Path, token: str = "t-1") -> Path:
    """Keep a token and give its file."""
    entry(folder).write(fresh(token))
    (file,) = folder.glob("*.json")
    return file


def program(source: str, folder: Path, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PRELUDE + source, str(folder), *map(str, arguments)]
    tests = str(Path(__file__).parents[2])
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": tests},
    )


@contextmanager
def holder(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock."""
    with program(HOLD, folder) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "True\n"
        try:
            yield running
        finally:
            running.kill()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- one token for all ---


def test_what_one_process_writes_another_one_reads(folder: Path) -> None:
    token = fresh()
    assert entry(folder).read() is None

    entry(folder).write(token)

    assert entry(folder).read() == token


def test_of_two_that_write_at_once_nobody_reads_a_torn_file(folder: Path) -> None:
    kept(folder, "a")
    values = {"a", "b" * 60_000, "c" * 10}
    writers = [program(WRITE, folder, "b", 60_000), program(WRITE, folder, "c", 10)]
    received: set[str | None] = set()
    while any(writer.poll() is None for writer in writers):
        found = entry(folder).read()
        received.add(found.value if found else None)
    for writer in writers:
        writer.communicate()

    assert [writer.returncode for writer in writers] == [0, 0]
    assert {"a"} < received <= values
    assert not list(folder.glob("*.tmp"))


# --- what a file is named after ---


def test_whatever_a_token_depends_on_makes_another_file(folder: Path) -> None:
    cache = FileCache(folder)
    url, client, scope = KEY
    keys = [
        (KEY, SECRETS),
        (("https://other.example/token", client, scope), SECRETS),
        ((url, "other", scope), SECRETS),
        ((url, client, "read write"), SECRETS),
        ((url, client, ""), SECRETS),
        ((url, client, scope, "https://api.example"), SECRETS),
        ((url, client, scope, "https://api.example", "https://b.example"), SECRETS),
        ((url, client + scope, ""), SECRETS),
        (KEY, (Secret("hunter3"),)),
        (KEY, (*SECRETS, Secret("hunter3"))),
        ((*KEY, "hunter2"), ()),
    ]
    for number, (key, secrets) in enumerate(keys):
        cache.entry(key, secrets).write(fresh(f"t-{number}"))

    found = [cache.entry(key, secrets).read() for key, secrets in keys]

    assert [token and token.value for token in found] == [f"t-{n}" for n in range(len(keys))]


def test_sources_share_a_token_only_where_they_ask_for_the_same(
    folder: Path, server: ScriptedServer, settings: ClientSettings
) -> None:
    asked_for = [
        settings,
        settings,
        replace(settings, parameters={"audience": "urn:a"}),
        replace(settings, parameters={"audience": "urn:b"}),
        replace(settings, resource="urn:b"),
        replace(settings, scope="read"),
        replace(settings, scope="read", parameters={"audience": "urn:b"}),
    ]
    sources = [TokenSource(each, cache=FileCache(folder)) for each in asked_for]

    given = [source.token().value for source in sources]

    assert given == [f"pass-{number}" for number in (1, 1, 2, 3, 4, 5, 6)]
    assert len(server.token_requests) == 6


def test_the_order_of_two_secrets_does_not_matter(folder: Path) -> None:
    first, second = Secret("hunter2"), Secret("hunter3")
    token = fresh()
    FileCache(folder).entry(KEY, [first, second]).write(token)

    assert FileCache(folder).entry(KEY, [second, first]).read() == token


def test_hosts_that_share_a_home_directory_keep_a_token_each(folder: Path) -> None:
    here = FileCache(folder, read_clock=lambda: READING)
    there = FileCache(folder, read_clock=lambda: replace(READING, boot="boot-2"))
    here.entry(KEY, SECRETS).write(cached_token("t-here"))
    there.entry(KEY, SECRETS).write(cached_token("t-there"))

    found = [cache.entry(KEY, SECRETS).read() for cache in (here, there)]

    assert [token and token.value for token in found] == ["t-here", "t-there"]


def test_nothing_in_the_folder_tells_the_secret_or_the_client(folder: Path) -> None:
    kept(folder)
    assert entry(folder).lock(0)
    everything = b"\n".join(
        file.name.encode() + file.read_bytes() for file in folder.iterdir()
    ).lower()

    for text in (*KEY[:2], "hunter2"):
        assert text.encode() not in everything
        assert text.encode().hex().encode() not in everything


# --- the lock ---


def test_a_lock_is_one_process_s_alone_until_it_unlocks(folder: Path) -> None:
    mine, other = entry(folder), entry(folder)

    assert mine.lock(0)
    assert not other.lock(0)
    mine.unlock()
    mine.unlock()
    assert other.lock(0)
    other.unlock()


def test_a_lock_is_waited_for_and_then_given_up(folder: Path) -> None:
    with holder(folder):
        before = clock.now()
        assert not entry(folder).lock(0.2)
        assert clock.now() - before >= 0.2


def test_a_process_killed_with_the_lock_lets_it_go(folder: Path) -> None:
    with holder(folder) as running:
        assert not entry(folder).lock(0)
        running.kill()

        assert entry(folder).lock(PATIENCE)


def test_a_lock_may_be_undone_in_another_thread(folder: Path) -> None:
    mine = entry(folder)
    locked: list[bool] = []
    thread = Thread(target=lambda: locked.append(mine.lock(0)))
    thread.start()
    thread.join()

    mine.unlock()

    assert locked == [True]
    assert entry(folder).lock(0)


def test_whoever_unlocks_ends_the_wait_of_another_thread(folder: Path) -> None:
    waiting = entry(folder)
    locked: list[bool] = []
    with holder(folder):
        thread = Thread(target=lambda: locked.append(waiting.lock(10 * PATIENCE)), daemon=True)
        thread.start()
        waiting.unlock()
        thread.join(PATIENCE)

    assert locked == [False]


def test_a_token_that_another_process_writes_ends_the_wait(folder: Path) -> None:
    kept(folder, "old")
    locked: list[bool] = []
    with holder(folder):
        wait = 10 * PATIENCE
        thread = Thread(target=lambda: locked.append(entry(folder).lock(wait)), daemon=True)
        thread.start()
        for _ in range(1000):  # whenever it starts to wait, there is one that comes later
            entry(folder).write(fresh("new"))
            thread.join(PATIENCE / 1000)
            if not thread.is_alive():
                break

    assert locked == [False]


def test_a_token_that_goes_does_not_end_the_wait(folder: Path) -> None:
    file = kept(folder)
    locked: list[bool] = []
    with holder(folder) as running:
        thread = Thread(target=lambda: locked.append(entry(folder).lock(PATIENCE)), daemon=True)
        thread.start()
        file.unlink()
        running.kill()
        thread.join()

    assert locked == [True]


def test_a_lock_that_comes_after_the_end_is_not_kept(folder: Path) -> None:
    late = entry(folder)
    late.unlock()

    assert not late.lock(0)
    assert entry(folder).lock(0)


def test_a_forked_process_neither_has_its_parent_s_lock_nor_undoes_it(folder: Path) -> None:
    message, _ = program(FORK, folder).communicate()

    assert message.splitlines() == ["True", "False False", "False", "True"]


def test_an_unlock_that_the_system_refuses_is_no_error(folder: Path) -> None:
    mine = entry(folder)
    assert mine.lock(0)
    (lock,) = (
        int(link.name)
        for link in Path("/proc/self/fd").iterdir()
        if link.exists() and link.readlink().suffix == ".lock"
    )
    blind = os.open(folder, os.O_PATH)
    os.dup2(blind, lock)
    os.close(blind)

    mine.unlock()

    assert entry(folder).lock(0)


# --- who may read and write ---


@pytest.mark.parametrize("umask", ["000", "022", "077", "377", "777"])
def test_folder_and_files_are_the_user_s_alone_whatever_the_umask(folder: Path, umask: str) -> None:
    folder.parent.mkdir()
    message, _ = program(UMASK, folder, umask).communicate()

    assert message == "True\n"
    assert mode(folder) == 0o700
    assert {file.suffix: mode(file) for file in folder.iterdir()} == {
        ".json": 0o600,
        ".lock": 0o600,
    }
    assert entry(folder).read() is not None


@pytest.mark.parametrize("rights", [0o640, 0o604, 0o660, 0o606, 0o601])
def test_a_file_open_to_others_is_a_miss(folder: Path, rights: int) -> None:
    kept(folder).chmod(rights)

    assert entry(folder).read() is None


@pytest.mark.parametrize("rights", [0o777, 0o770, 0o702, 0o1777])
def test_a_folder_that_others_may_write_to_is_not_used(
    folder: Path, rights: int, caplog: pytest.LogCaptureFixture
) -> None:
    kept(folder, "old")
    folder.chmod(rights)

    assert_useless(folder, caplog, f"others own {folder} or may write to it")


def test_a_folder_that_others_may_only_look_at_is_used(folder: Path) -> None:
    folder.mkdir(0o755, parents=True)

    kept(folder)

    assert entry(folder).read() is not None


def test_a_folder_of_somebody_else_is_not_used(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if os.geteuid() == 0:
        kept(folder, "old")
        os.chown(folder, 12345, 12345)
    else:
        folder = Path("/usr")

    assert_useless(folder, caplog, f"others own {folder}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_a_miss(folder: Path) -> None:
    os.chown(kept(folder), 12345, 12345)

    assert entry(folder).read() is None


def test_a_symbolic_link_in_place_of_the_folder_is_not_followed(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept(tmp_path / "elsewhere", "old")
    folder.parent.mkdir()
    folder.symlink_to(tmp_path / "elsewhere")

    assert_useless(folder, caplog, f"{folder} is not a directory: remove it")
    assert len(list((tmp_path / "elsewhere").iterdir())) == 1


def test_a_symbolic_link_in_place_of_the_file_is_not_followed(folder: Path, tmp_path: Path) -> None:
    file = kept(folder, "old")
    elsewhere = file.rename(tmp_path / "elsewhere")
    before = elsewhere.read_bytes()
    file.symlink_to(elsewhere)
    assert entry(folder).read() is None

    entry(folder).write(fresh("new"))

    found = entry(folder).read()
    assert found is not None
    assert found.value == "new"
    assert elsewhere.read_bytes() == before


def test_a_symbolic_link_in_place_of_the_lock_is_not_followed(folder: Path, tmp_path: Path) -> None:
    file = kept(folder)
    file.with_suffix(".lock").symlink_to(tmp_path / "elsewhere")

    assert not entry(folder).lock(0)
    assert not (tmp_path / "elsewhere").exists()


# --- bad days ---


def assert_useless(folder: Path, caplog: pytest.LogCaptureFixture, why: str) -> None:
    """Assert that the folder is not used, and that one warning is logged."""
    cache = FileCache(folder)
    caplog.set_level(logging.DEBUG)
    for _ in range(2):
        cached = cache.entry(KEY, SECRETS)
        assert not cached.lock(PATIENCE)  # and it does not wait
        cached.write(fresh("never-logged"))
        cached.unlock()
        assert cached.read() is None
    warnings = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert len(warnings) == 1
    assert why in warnings[0]
    assert "never-logged" not in caplog.text


def test_a_file_system_that_cannot_be_written_is_a_miss(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert_useless(Path("/proc/gatepass"), caplog, "No such file or directory")


def test_a_path_that_is_none_is_a_miss(caplog: pytest.LogCaptureFixture) -> None:
    assert_useless(Path("/tmp/\0"), caplog, "null byte")


def test_a_file_in_place_of_the_folder_is_a_miss(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.parent.mkdir()
    folder.write_text("")

    assert_useless(folder, caplog, "not a directory")


def test_a_disk_that_is_full_leaves_the_old_token_and_no_rest(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept(folder, "old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))  # bytes
    try:
        entry(folder).write(fresh("new"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    found = entry(folder).read()
    assert found is not None
    assert found.value == "old"
    assert [file.suffix for file in folder.iterdir()] == [".json"]
    assert "File too large" in caplog.text


def test_a_folder_removed_in_the_middle_is_made_again(folder: Path) -> None:
    cached = entry(folder)
    assert cached.lock(0)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert cached.read() is None

    cached.write(fresh())
    cached.unlock()

    assert entry(folder).read() is not None


def test_a_folder_in_place_of_the_file_is_a_miss(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = kept(folder)
    file.unlink()
    file.mkdir()

    entry(folder).write(fresh())

    assert entry(folder).read() is None
    assert [each.name for each in folder.iterdir()] == [file.name]
    assert "directory" in caplog.text


def test_a_pipe_in_place_of_the_file_does_not_keep_the_reader_waiting(folder: Path) -> None:
    file = kept(folder)
    file.unlink()
    os.mkfifo(file, 0o600)

    assert entry(folder).read() is None


@pytest.mark.parametrize("content", [b"", b"{", b"x" * 10 * 1024 * 1024], ids=len)
def test_a_broken_file_is_a_miss_and_is_mended_by_the_next_token(
    folder: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    kept(folder).write_bytes(content)
    assert entry(folder).read() is None
    assert "cached token not used" in caplog.text

    entry(folder).write(fresh("new"))

    assert entry(folder).read() is not None


def test_a_token_too_long_for_a_file_is_not_cached(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    entry(folder).write(fresh("t" * 300_000))

    assert entry(folder).read() is None
    assert "the token takes more than" in caplog.text


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "filelock", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'gatepass\[cache\]'"):
        FileCache()


# --- nothing grows ---


def test_files_out_of_use_for_a_month_are_removed_and_others_stay(folder: Path) -> None:
    kept(folder)
    old, current = "0" * 40, "1" * 40
    for name in (f"{old}.json", f"{old}.lock", f"{old}.a1_b.tmp", f"{current}.lock", "notes.json"):
        (folder / name).touch()
        os.utime(folder / name, (0, 0))
    (folder / f"{current}.json").touch()
    before = {file.name for file in folder.iterdir()}

    entry(folder).write(fresh())

    assert before - {file.name for file in folder.iterdir()} == {
        f"{old}.json",
        f"{old}.lock",
        f"{old}.a1_b.tmp",
    }


def test_a_file_that_cannot_be_removed_keeps_no_token_away(folder: Path) -> None:
    kept(folder)
    (folder / f"{'0' * 40}.json").mkdir()
    os.utime(folder / f"{'0' * 40}.json", (0, 0))

    entry(folder).write(fresh("new"))

    found = entry(folder).read()
    assert found is not None
    assert found.value == "new"


def test_a_folder_is_swept_once_by_a_process(folder: Path) -> None:
    cache = FileCache(folder)
    cache.entry(KEY, SECRETS).write(fresh())
    old = folder / f"{'0' * 40}.json"
    old.touch()
    os.utime(old, (0, 0))

    cache.entry(KEY, SECRETS).write(fresh())

    assert old.exists()


# --- where ---


@pytest.mark.parametrize(
    ("platform", "environ", "directory"),
    [
        ("linux", {"XDG_CACHE_HOME": "/var/cache/me"}, "/var/cache/me/gatepass"),
        ("linux", {"XDG_CACHE_HOME": "me"}, "/home/me/.cache/gatepass"),
        ("linux", {"XDG_CACHE_HOME": ""}, "/home/me/.cache/gatepass"),
        ("linux", {}, "/home/me/.cache/gatepass"),
        ("darwin", {"XDG_CACHE_HOME": "/var"}, "/home/me/Library/Caches/gatepass"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/gatepass"),
        ("win32", {}, "/home/me/AppData/Local/gatepass"),
    ],
)
def test_the_default_is_the_user_s_cache_directory(
    monkeypatch: pytest.MonkeyPatch, platform: str, environ: dict[str, str], directory: str
) -> None:
    monkeypatch.setenv("HOME", "/home/me")

    assert default_directory(platform, environ) == Path(directory)


def test_a_cache_of_no_name_is_the_user_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    FileCache().entry(KEY, SECRETS).write(fresh())

    assert entry(tmp_path / "gatepass").read() is not None


def test_a_relative_directory_stays_when_the_process_goes_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    cache = FileCache(Path("mine"))
    monkeypatch.chdir("/")

    cache.entry(KEY, SECRETS).write(fresh())

    assert entry(tmp_path / "mine").read() is not None


def test_a_user_without_a_home_has_no_cache(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    cached = FileCache().entry(KEY, SECRETS)

    assert not cached.lock(PATIENCE)
    cached.write(fresh())
    assert cached.read() is None
    cached.unlock()
    assert "there is no home directory" in caplog.text
