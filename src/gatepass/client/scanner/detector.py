"""Finds Gatepass credentials in bytes, by prefix and checksum. Pure.

Found as they are and in base64, which is how `Basic` headers and Kubernetes secrets hold them, also
where the base64 is wrapped into lines. Not found: a credential that is itself broken across lines,
escaped, compressed or encrypted.
"""

import re
from binascii import a2b_base64
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from gatepass.wire import credential
from gatepass.wire.credential import ENVIRONMENTS, Kind, Mode

SECRETS = frozenset({Kind.CLIENT_SECRET, Kind.ACCESS_TOKEN})
ALLOWED = b"gatepass: allow"  # on the line of a sample: it is meant to be there

_NAMES = {
    Kind.CLIENT_ID: "client id",
    Kind.CLIENT_SECRET: "client secret",
    Kind.ACCESS_TOKEN: "access token",
}
_SHOWN = len("gps_live_") + 4  # characters; the rest stays secret

# A pattern that begins with letters of its own is searched for at memory speed; one that begins
# with a choice is ten times slower. So each way of writing has a pattern.
_PLAIN = re.compile(rb"gp[csa]_(?:live|test)_[0-9A-Za-z]{1,4096}")
# `gpc_`, `gps_`, `gpa_` and the next letter in base64, by how many bytes of their group of three
# come before; and how many characters the group begins before what is found.
_ENCODED = (
    (0, 0, re.compile(rb"Z3B[jzh]X[23]")),
    (1, 2, re.compile(rb"dw(?:Y1|c1|YV)9[s0]")),
    (2, 3, re.compile(rb"nc(?:GN|HN|GF)f[bd]")),
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{1,5472}")  # 4096 bytes and the rest of their groups
_NEXT_LINE = re.compile(rb"\r?\n[ \t]{0,64}([A-Za-z0-9+/_-]{1,5472})")
_MOST_LINES = 128  # of one credential in wrapped base64
_ANY = "[A-Za-z0-9+/_-]"
_BEGINNINGS = (  # the characters of those patterns, with what their group has before them
    ("Z", "3", "B", "[jzh]", "X", "[23]"),
    (_ANY, _ANY, "d", "w", "[Yc]", "[1V]", "9", "[s0]"),
    (_ANY, _ANY, _ANY, "n", "c", "[GH]", "[NF]", "f", "[bd]"),
)


def _breaks() -> Iterator[str]:
    """Return patterns of what is around a line break within one of the beginnings."""
    for characters in _BEGINNINGS:
        for at in range(1, len(characters)):
            head, tail = "".join(characters[:at]), "".join(characters[at:])
            yield rf"(?:(?<={head}\n)|(?<={head}\r\n))[ \t]{{0,64}}{tail}"


# The line break comes first, since that is what is searched for at memory speed.
_BROKEN = re.compile(rf"\n(?<=[A-Za-z0-9+/_\r-]\n)(?:{'|'.join(_breaks())})".encode())
_AROUND = 11  # characters: the longest of the patterns, with what its group has before it
_LINE_END = re.compile(rb"[A-Za-z0-9+/_-]{1,11}\Z")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")

_AHEAD = 8 * 1024  # bytes: the longest credential in base64, and its line's end
_BEHIND = 1024  # bytes of the line before it that are looked at for the mark


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A credential with its place: line and column (in bytes) count from 1."""

    line: int
    column: int
    kind: Kind
    mode: Mode
    shown: str
    encoded: bool

    def __str__(self) -> str:
        what = f"{_NAMES[self.kind]} ({self.environment}) {self.shown}"
        return f"{what} in base64" if self.encoded else what

    @property
    def environment(self) -> str:
        """Return the environment that the credential is for: production or sandbox."""
        return ENVIRONMENTS[self.mode]


def shortened(text: str) -> str:
    """Return the prefix and four characters of a credential, which may be shown."""
    return text[:_SHOWN] + "\u2026"


def find(chunks: Iterable[bytes], kinds: Collection[Kind] = SECRETS) -> Iterator[Finding]:
    """Find the credentials of `kinds` in the joined chunks, in no guaranteed order.

    Chunks may be of any size, and a credential may span two; one is in memory at a time. A
    credential with `gatepass: allow` on its line (a kilobyte before, seven after) is left out.
    """
    window, seen, position = b"", 0, _Position()
    for chunk in as_utf8(chunks):
        window += chunk
        ready = max(seen, len(window) - _AHEAD)
        yield from _findings(window, seen, ready, kinds, position)
        cut = max(0, ready - _BEHIND)
        position.move(window, cut)
        window, seen = window[cut:], ready - cut
    yield from _findings(window, seen, len(window), kinds, position)


class _Position:
    """The position of the window: the line breaks before it, and the length of its line so far."""

    def __init__(self) -> None:
        self._breaks = self._length = 0

    def move(self, window: bytes, to: int) -> None:
        last = window.rfind(b"\n", 0, to)
        self._breaks += window.count(b"\n", 0, to)
        self._length = to - last - 1 if last >= 0 else self._length + to

    def of(self, window: bytes, at: int) -> tuple[int, int]:
        last = window.rfind(b"\n", 0, at)
        column = at - last if last >= 0 else self._length + at + 1
        return self._breaks + window.count(b"\n", 0, at) + 1, column


def as_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield UTF-16, as PowerShell writes it, as UTF-8; leave the rest as it is."""
    rest = iter(chunks)
    first = next(rest, b"")
    if not first.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        yield first
        yield from rest
        return
    decoder = getincrementaldecoder("utf-16")(errors="replace")
    for chunk in chain([first], rest):
        yield decoder.decode(chunk).encode(errors="replace")


def _findings(
    window: bytes, first: int, end: int, kinds: Collection[Kind], position: _Position
) -> Iterator[Finding]:
    """Return the findings that begin from `first` up to `end`."""
    for at, text, encoded in _candidates(window, first):
        read = credential.read(text) if first <= at < end else None
        if read is not None and read.kind in kinds and not _allowed(window, at):
            line, column = position.of(window, at)
            yield Finding(line, column, read.kind, read.mode, shortened(text), encoded)


def _candidates(window: bytes, first: int) -> Iterator[tuple[int, str, bool]]:
    """Return what may be credentials, with their place and whether they are in base64."""
    for plain in _PLAIN.finditer(window, first):
        yield plain.start(), plain[0].decode(), False
    for at, before in chain(_encoded(window, first), _broken(window, first)):
        text = _in_base64(window, at, before)
        if text:
            yield at, text, True


def _encoded(window: bytes, first: int) -> Iterator[tuple[int, int]]:
    """Return where base64 begins that may hold a credential, and how many bytes are before it."""
    for before, back, pattern in _ENCODED:
        for start in pattern.finditer(window, first):
            if start.start() >= back:
                yield start.start() - back, before


def _broken(window: bytes, first: int) -> Iterator[tuple[int, int]]:
    """Return the same where a line break is within what a credential begins with."""
    for line_break in _BROKEN.finditer(window, first):
        end = line_break.start() - (window[line_break.start() - 1 : line_break.start()] == b"\r")
        last = _LINE_END.search(window[max(0, end - _AROUND) : end])
        following = _NEXT_LINE.match(window, line_break.start())
        if last is None or following is None:
            continue
        joined = last[0] + following[1][:_AROUND]
        for before, back, pattern in _ENCODED:
            for start in pattern.finditer(joined):
                at = start.start() - back
                if 0 <= at < len(last[0]) < start.end():
                    yield end - len(last[0]) + at, before


def _in_base64(window: bytes, at: int, before: int) -> str:
    """Return the credential in base64 from `at` on, which further lines may continue, or ""."""
    run = _BASE64.match(window, at)
    joined = b""
    for _ in range(_MOST_LINES):
        if run is None:
            break
        joined += run[run.lastindex or 0]
        found = _PLAIN.match(_decoded(joined), before)
        if found and credential.read(found[0].decode()):
            return found[0].decode()
        run = _NEXT_LINE.match(window, run.end())
    return ""


def _decoded(run: bytes) -> bytes:
    """Decode base64 of either alphabet, up to the last whole byte."""
    whole = run[: len(run) - (len(run) % 4 == 1)]
    return a2b_base64(whole.translate(_URL_SAFE) + b"=" * (-len(whole) % 4))


def _allowed(window: bytes, at: int) -> bool:
    begin = max(0, at - _BEHIND, window.rfind(b"\n", 0, at) + 1)
    return ALLOWED in window[begin : at + _AHEAD].partition(b"\n")[0]
