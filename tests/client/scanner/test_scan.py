"""`gatepass scan`: what it finds, where it looks, and the hook that keeps commits clean."""

import io
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from base64 import b64encode, urlsafe_b64encode
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from pre_commit.clientlib import load_manifest

from gatepass.cli import main
from gatepass.client.scanner import files
from gatepass.client.scanner.detector import Finding, find, shortened
from gatepass.wire import basic, credential
from gatepass.wire.credential import Kind, Mode
from gatepass.wire.secret import Secret

ROOT = Path(__file__).parents[3]
SECRET = credential.mint(Kind.CLIENT_SECRET, Mode.LIVE, bytes(range(32)))
TOKEN = credential.mint(Kind.ACCESS_TOKEN, Mode.TEST, bytes(range(60, 160)))
CLIENT_ID = credential.mint(Kind.CLIENT_ID, Mode.LIVE, bytes(range(16)))
EVERY = frozenset(Kind)


def scan(*words: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["scan", *map(str, words)], input=stdin, prog_name="gatepass")


def the_one(text: str | bytes, kinds: frozenset[Kind] = EVERY) -> Finding:
    (found,) = find([text if isinstance(text, bytes) else text.encode()], kinds)
    return found


def found_in(text: str | bytes) -> list[Finding]:
    return list(find([text if isinstance(text, bytes) else text.encode()]))


def test_a_secret_is_found_with_its_line_and_column() -> None:
    found = the_one(f"# settings\n\nsecret = '{SECRET}'\n")

    assert (found.line, found.column) == (3, 11)
    assert (found.kind, found.mode, found.encoded) == (Kind.CLIENT_SECRET, Mode.LIVE, False)


def test_what_is_shown_is_the_prefix_and_four_characters() -> None:
    assert str(the_one(SECRET)) == f"client secret (production) {SECRET[:13]}\u2026"
    assert str(the_one(TOKEN)) == f"access token (sandbox) {TOKEN[:13]}\u2026"
    assert len(shortened(SECRET)) == 14


@pytest.mark.parametrize(
    "text",
    [
        SECRET[:-1],
        SECRET + "A",
        SECRET.replace("live", "test"),
        SECRET.replace("gps", "gpa"),
        SECRET[:12] + ("b" if SECRET[12] != "b" else "c") + SECRET[13:],
        "gps_live_",
        "gps_live_0123456789",
        "gps_live_" + "A" * 5000,
        "Z3BzX2xpdmVf",
        "dwc19s",
        "ncHNfb",
        "Basic Z3BzX2xpdmVfMDEyMzQ1Njc4OQ==",
        b"\xff\xfe",
        "",
    ],
)
def test_what_only_looks_like_a_credential_is_no_alarm(text: str | bytes) -> None:
    assert found_in(text) == []


@pytest.mark.parametrize(
    "around", ['{"secret": "%s"}', "x%s\\n", "?token=%s&x", "%%0A%s%%0A", "\x00\xff%s\x00"]
)
def test_a_secret_is_found_whatever_stands_around_it(around: str) -> None:
    assert the_one(around % SECRET).kind is Kind.CLIENT_SECRET


def test_client_ids_are_found_only_when_asked_for() -> None:
    assert found_in(CLIENT_ID) == []
    assert the_one(CLIENT_ID).kind is Kind.CLIENT_ID


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_a_secret_in_a_basic_header_is_found() -> None:
    header = basic.write("billing", Secret(SECRET))
    found = the_one(f"curl -H 'Authorization: {header}' https://example.com")

    assert (found.kind, found.encoded) == (Kind.CLIENT_SECRET, True)
    assert str(found) == f"client secret (production) {SECRET[:13]}\u2026 in base64"


def test_id_and_secret_of_ours_in_a_basic_header_are_both_found() -> None:
    found = find([basic.write(CLIENT_ID, Secret(SECRET)).encode()], EVERY)

    assert {each.kind for each in found} == {Kind.CLIENT_ID, Kind.CLIENT_SECRET}


@given(
    kind=st.sampled_from(Kind),
    mode=st.sampled_from(Mode),
    content=st.binary(min_size=1, max_size=200),
    before=st.binary(max_size=5),
    after=st.sampled_from([b"", b"\n", b":", b"??", b"\xff\xff\xff"]),
    url_safe=st.booleans(),
)
def test_base64_of_any_credential_is_read_at_every_alignment(
    kind: Kind,
    mode: Mode,
    content: bytes,
    before: bytes,
    after: bytes,
    url_safe: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    text = credential.mint(kind, mode, content)
    joined = before + text.encode() + after
    encoded = urlsafe_b64encode(joined) if url_safe else b64encode(joined)

    for padded in (encoded, encoded.rstrip(b"=")):
        found = the_one(b"secret: " + padded + b"\n")
        assert (found.kind, found.mode, found.encoded) == (kind, mode, True)
        assert found.shown == shortened(text)


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\n    ", "\r\n\t"])
@pytest.mark.parametrize("width", [12, 57, 64, 75, 76])
@pytest.mark.parametrize("text", [SECRET, TOKEN], ids=["secret", "token"])
def test_base64_over_wrapped_lines_is_read_wherever_the_lines_break(
    text: str, width: int, line_break: str
) -> None:
    for ahead in range(width + 4):
        encoded = b64encode(b"#" * ahead + text.encode()).decode()
        lines = [encoded[at : at + width] for at in range(0, len(encoded), width)]
        found = the_one(f"secret: {line_break.join(lines)}\nnext_line: more\n")
        assert (found.shown, found.encoded) == (shortened(text), True)
        assert found.line == 1 + ahead // 3 * 4 // width


def test_a_wrapped_basic_header_is_found_where_it_begins() -> None:
    header = basic.write("billing", Secret(SECRET))
    found = the_one(f"x\nAuthorization: {header[:40]}\r\n {header[40:]}\r\nAccept: */*\r\n")

    assert (found.line, found.kind, found.encoded) == (2, Kind.CLIENT_SECRET, True)


@pytest.mark.parametrize("following", ["", "\nA", "\nabcd\nabcd", "\n" + "A\n" * 500])
def test_lines_after_base64_that_is_not_wrapped_do_not_hide_it(following: str) -> None:
    assert the_one(b64encode(SECRET.encode()).decode() + following).encoded


def test_what_looks_encoded_at_the_very_beginning_is_no_alarm() -> None:
    assert found_in(b64encode(b"x" + SECRET.encode())[2:]) == []


@given(cuts=st.lists(st.integers(0, 30_000), max_size=8), ahead=st.integers(0, 20_000))
def test_findings_do_not_depend_on_how_the_content_is_cut(cuts: list[int], ahead: int) -> None:
    longest = credential.mint(Kind.ACCESS_TOKEN, Mode.LIVE, b"\0" * 3050)
    lines = [
        b"x" * ahead + SECRET.encode(),
        longest.encode() + b" gatepass: allow",
        b"gatepass: allow " + SECRET.encode(),
        b64encode(b"id:" + longest.encode()) + b"\r",
        TOKEN.encode(),
    ]
    whole = b"\n".join(lines)
    edges = [0, *sorted(cuts), len(whole)]
    chunks = [whole[a:b] for a, b in pairwise(edges)]

    found = sorted(find(chunks))

    assert [(each.line, each.column) for each in found] == [(1, ahead + 1), (4, 5), (5, 1)]
    assert found[1].shown == shortened(longest)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_its_mark_is_read(encoding: str) -> None:
    text = f"\ufeff\u00fc\nsecret={SECRET}".encode(encoding)

    (found,) = find([text[:21], text[21:]])

    assert (found.line, found.column) == (2, 8)


@pytest.mark.parametrize(
    "line", [f"{SECRET}  # gatepass: allow", f"/* gatepass: allow */ {SECRET}"]
)
def test_a_sample_may_be_allowed_on_its_line(line: str) -> None:
    assert found_in(f"a\n{line}\nb") == []


def test_a_sample_is_not_allowed_by_the_lines_around_it() -> None:
    assert len(found_in(f"# gatepass: allow\n{SECRET}\n# gatepass: allow")) == 1


def test_a_clean_tree_is_status_0_and_nothing_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("gps_live_nothing\n")
    result = scan(tmp_path)

    assert (result.exit_code, result.output) == (0, "")
    assert scan("--json", tmp_path).stdout == "[]\n"


def test_findings_are_told_sorted_one_a_line_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.env").write_text(f"A={SECRET}\nB={TOKEN}\n")
    (tmp_path / "a.bin").write_bytes(b"\0" * 300_000 + SECRET.encode())
    result = scan(tmp_path / "b", tmp_path, tmp_path / "a.bin")

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{tmp_path}/a.bin:1:300001: client secret (production) {SECRET[:13]}\u2026",
        f"{tmp_path}/b/c.env:1:3: client secret (production) {SECRET[:13]}\u2026",
        f"{tmp_path}/b/c.env:2:3: access token (sandbox) {TOKEN[:13]}\u2026",
    ]
    (advice,) = result.stderr.splitlines()
    assert advice.startswith("Error: 3 credentials found: rotate each in the portal")
    assert SECRET not in result.output


def test_findings_as_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(basic.write(CLIENT_ID, Secret(SECRET)))
    result = scan("--json", "--ids", tmp_path)

    first, second = json.loads(result.stdout)
    assert first == {
        "path": str(tmp_path / "a"),
        "line": 1,
        "column": 7,
        "kind": "client_id",
        "environment": "production",
        "shown": shortened(CLIENT_ID),
        "encoded": True,
    }
    assert second["kind"] == "client_secret"
    assert result.exit_code == 1


def test_standard_input_is_read() -> None:
    result = scan("-", stdin=f"\n {SECRET}".encode())

    assert result.stdout.startswith("-:2:2: client secret")
    assert "1 credential found" in result.stderr


def test_git_s_own_folder_and_links_and_pipes_in_a_tree_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text(SECRET)
    tree = tmp_path / "tree"
    (tree / ".git").mkdir(parents=True)
    (tree / ".git" / "config").write_text(SECRET)
    (tree / "file").symlink_to(outside / "secret")
    (tree / "folder").symlink_to(outside)
    (tree / "dangling").symlink_to("nowhere")
    os.mkfifo(tree / "pipe")

    assert (scan(tree).exit_code, scan(tree / "file").exit_code) == (0, 1)


def test_what_cannot_be_read_is_told_and_is_status_2(tmp_path: Path) -> None:
    result = scan(tmp_path / "a\nb", tmp_path)

    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"Error: {tmp_path}/a\ufffdb cannot be read (No such file or directory)"
    ]
    (tmp_path / "found").write_text(SECRET)
    assert scan(tmp_path / "gone", tmp_path).exit_code == 1


def test_a_directory_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "folder").mkdir()
    walk = files.under([str(tmp_path)])
    next(walk)
    (tmp_path / "folder").rmdir()
    ((path, chunks),) = walk

    assert path == str(tmp_path / "folder")
    with pytest.raises(FileNotFoundError):
        list(chunks)


def test_a_path_is_needed_unless_what_is_staged_is_scanned() -> None:
    assert scan().exit_code == 2


def git(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    names = {
        f"GIT_{who}_{what}": "anna@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    binaries = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["git", *words],
        cwd=repository,
        env=os.environ | alone | names | {"PATH": binaries},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "repository"
    place.mkdir()
    git(place, "init", "-q")
    monkeypatch.chdir(place)
    return place


def stage(repository: Path, name: str, text: str) -> Path:
    path = repository / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert git(repository, "add", "-A").returncode == 0
    return path


def test_staged_content_is_scanned_and_not_what_the_file_says_now(repository: Path) -> None:
    stage(repository, "folder/b \u00fc.txt", f"x {SECRET}").write_text("clean")
    stage(repository, "a.txt", "clean")
    (repository / "folder" / "b \u00fc.txt").write_text("clean")
    git(repository, "reset", "-q")
    secret = stage(repository, "c d.txt", f"x {SECRET}")
    secret.write_text("clean")
    (repository / "a.txt").write_text(SECRET)

    result = scan("--staged")

    assert result.exit_code == 1
    assert [line.split(": ")[0] for line in result.stdout.splitlines()] == ["c d.txt:1:3"]
    assert scan("--staged", "a.txt").exit_code == 0


def test_of_what_is_staged_only_what_a_commit_would_hold_is_read(repository: Path) -> None:
    stage(repository, "gone.txt", SECRET)
    stage(repository, "kept.txt", SECRET)
    git(repository, "commit", "-q", "-m", "before the hook")
    (repository / "gone.txt").unlink()
    stage(repository, "new.txt", "clean" * 100_000)
    head = git(repository, "rev-parse", "HEAD").stdout.strip()
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{head},module")

    assert scan("--staged").output == ""


def test_without_git_or_a_repository_staged_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outside = scan("--staged")
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = scan("--staged")

    assert outside.exit_code == missing.exit_code == 1
    assert "git does not say what is staged" in outside.stderr
    assert "git cannot be run (No such file or directory)" in missing.stderr


@pytest.mark.parametrize("content", ["$id missing", "$id blob 100\nshort"])
def test_staged_content_that_git_does_not_have_is_told(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    stage(repository, "a.txt", "text")
    real = shutil.which("git")
    broken = tmp_path / "git"
    broken.write_text(
        f'#!/bin/sh\n[ "$1" = cat-file ] || exec {real} "$@"\nread id\necho "{content}"\n'
    )
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    result = scan("--staged")

    assert result.exit_code == 2
    assert "a.txt cannot be read (git does not give its content)" in result.stderr


def test_pre_commit_accepts_the_hook_s_definition() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (0, "")


@pytest.mark.slow
def test_the_hook_run_by_pre_commit_refuses_a_commit_and_lets_a_clean_one_be(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRE_COMMIT_HOME", str(repository.parent / "pre-commit"))
    (hook,) = load_manifest(ROOT / ".pre-commit-hooks.yaml")
    hook["language"] = "system"  # this gatepass, where pre-commit would install one
    stage(
        repository,
        ".pre-commit-config.yaml",
        json.dumps({"repos": [{"repo": "local", "hooks": [hook]}]}),
    )
    secret = stage(
        repository, "curl.sh", f"curl -H 'Authorization: {basic.write('a', Secret(SECRET))}'"
    )
    program = [sys.executable, "-m", "pre_commit", "install"]
    subprocess.run(program, cwd=repository, check=True, capture_output=True)

    refused = git(repository, "commit", "-m", "with a secret")
    secret.unlink()
    stage(repository, "clean.sh", "curl")
    done = git(repository, "commit", "-m", "without")

    assert refused.returncode == 1
    assert f"curl.sh:1:31: client secret (production) {SECRET[:13]}" in refused.stderr
    assert done.returncode == 0, done.stderr


def test_a_hook_of_one_line_refuses_a_commit(repository: Path) -> None:
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexec gatepass scan --staged\n")
    hook.chmod(0o755)
    stage(repository, "settings.py", f"SECRET = '{SECRET}'\n")

    refused = git(repository, "commit", "-a", "-m", "with a secret")

    assert refused.returncode == 1
    assert "settings.py:1:11: client secret (production)" in refused.stderr
    assert git(repository, "log").returncode != 0


def test_this_repository_is_clean() -> None:
    tracked = git(ROOT, "ls-files", "-z").stdout.split("\0")[:-1] or ["src", "tests", "docs"]

    result = scan(*(ROOT / name for name in tracked))

    assert (result.exit_code, result.output) == (0, "")


def test_memory_does_not_grow_with_what_is_read() -> None:
    class Long(io.RawIOBase):
        """Gives 64 MB of lines."""

        left = 256

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            return (b"x" * 127 + b"\n") * (size // 128) if self.left >= 0 else b""

    tracemalloc.start()
    try:
        found = list(find(files.chunks(Long())))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found == []
    assert most < 8 * files.CHUNK
