"""Finds private keys in bytes: in PEM, also as JSON writes it, and as JWK. Pure.

Not found: an encrypted key, and one that is compressed or in base64 once more.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gatepass.client.scanner.detector import ALLOWED, as_utf8

# The first characters of the key follow, so that the line alone, as in a program, is none. A line
# break may be written as \n, as in a key file of Google's.
_PEM = re.compile(
    rb"-----BEGIN (?:RSA |EC |OPENSSH |DSA )?PRIVATE KEY-----(?:\s|\\r|\\n){1,8}[A-Za-z0-9+/]{24}"
)
_JWK = re.compile(rb'"d"\s{0,64}:\s{0,64}"[A-Za-z0-9_-]{22,2048}"')
_KTY = re.compile(rb'"kty"\s{0,64}:\s{0,64}"(?:EC|RSA|OKP)"')
_AROUND = 4096  # bytes before and after the private member in which a JWK says its type


@dataclass(frozen=True, slots=True, order=True)
class KeyFinding:
    """A private key with its place: line and column (in bytes) count from 1."""

    line: int
    column: int
    form: str

    def __str__(self) -> str:
        return f"private key in {self.form}"


class KeyWatch:
    """Passes chunks on, and keeps the private keys that it sees in them as `found`."""

    def __init__(self) -> None:
        self.found: list[KeyFinding] = []

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks as they come, UTF-16 as UTF-8; one is in memory at a time.

        A key with `gatepass: allow` on its first line, or the line before, is left out.
        """
        window, seen, lines, length = b"", 0, 0, 0
        for chunk in as_utf8(chunks):
            yield chunk
            window += chunk
            ready = max(seen, len(window) - _AROUND)
            self._look(window, seen, ready, lines, length)
            cut = max(0, ready - _AROUND)
            last = window.rfind(b"\n", 0, cut)
            length = cut - last - 1 if last >= 0 else length + cut
            lines += window.count(b"\n", 0, cut)
            window, seen = window[cut:], ready - cut
        self._look(window, seen, len(window), lines, length)

    def _look(self, window: bytes, first: int, end: int, lines: int, length: int) -> None:
        """Keep what begins from `first` up to `end`; `lines` and `length` are before the window."""
        for at, form in _candidates(window, first):
            if not first <= at < end or _is_allowed(window, at):
                continue
            last = window.rfind(b"\n", 0, at)
            column = at - last if last >= 0 else length + at + 1
            self.found.append(KeyFinding(lines + window.count(b"\n", 0, at) + 1, column, form))


def _candidates(window: bytes, first: int) -> Iterator[tuple[int, str]]:
    for pem in _PEM.finditer(window, first):
        yield pem.start(), "PEM"
    for jwk in _JWK.finditer(window, first):
        if _KTY.search(window, max(0, jwk.start() - _AROUND), jwk.end() + _AROUND):
            yield jwk.start(), "JWK"


def _is_allowed(window: bytes, at: int) -> bool:
    begin = window.rfind(b"\n", 0, max(0, window.rfind(b"\n", 0, at))) + 1
    end = window.find(b"\n", at)
    return ALLOWED in window[begin : end if end >= 0 else len(window)]
