"""The content staged in git, which the next commit will have."""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, NamedTuple, cast

from gatepass.client.scanner.files import CHUNK, Content

_NO_FILE = {b"000000", b"160000"}  # modes: an unmerged path, a submodule


class GitFailed(Exception):
    """Git does not list what is staged; the message is one line."""


class _Staged(NamedTuple):
    """A path, relative to the top of the work tree, and the id of its content."""

    path: bytes
    blob: bytes


def contents(paths: Sequence[str] = ()) -> Iterator[Content]:
    """Return the files that the next commit adds or changes, as staged, of `paths` or all.

    Each content has to be read before the next is asked for. Raises GitFailed.
    """
    staged = list(_staged(paths))
    with subprocess.Popen(
        ["git", "cat-file", "--batch"],  # noqa: S607 - the git that the user has
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as git:
        for each in staged:
            yield each.path.decode(errors="replace"), _content(git, each.blob)


def _staged(paths: Sequence[str]) -> Iterator[_Staged]:
    """Read `:oldmode newmode oldid newid status NUL path NUL`, again and again."""
    options = ("--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=d")
    fields = iter(_git("diff", *options, "--", *paths).split(b"\0")[:-1])
    for facts, path in zip(fields, fields, strict=True):
        _, mode, _, blob, _ = facts.split(b" ")
        if mode not in _NO_FILE:
            yield _Staged(path, blob)


def _git(*words: str) -> bytes:
    try:
        ran = subprocess.run(["git", *words], capture_output=True, check=False)  # noqa: S603, S607
    except OSError as error:
        raise GitFailed(f"git cannot be run ({error.strerror}): install it") from None
    if ran.returncode != 0:
        message = ran.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise GitFailed(f"git does not say what is staged: {message[:200]}")
    return ran.stdout


def _content(git: subprocess.Popen[bytes], blob: bytes) -> Iterable[bytes]:
    requests, responses = cast("IO[bytes]", git.stdin), cast("IO[bytes]", git.stdout)
    requests.write(blob + b"\n")
    requests.flush()
    facts = responses.readline().split(b" ")  # "ID blob SIZE", or "ID missing"
    left = int(facts[2]) if len(facts) == 3 else -1
    while left > 0:
        chunk = responses.read(min(left, CHUNK))
        left = left - len(chunk) if chunk else -1
        yield chunk
    if left < 0:
        raise OSError(0, "git does not give its content")
    responses.readline()
