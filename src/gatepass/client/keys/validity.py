"""From when to when a certificate is valid, without cryptography (RFC 5280 §4.1.2.5). Pure."""

from datetime import UTC, datetime
from typing import NamedTuple

_SEQUENCE, _VERSION, _UTC_TIME, _GENERAL_TIME = 0x30, 0xA0, 0x17, 0x18
_FORMATS = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERAL_TIME: "%Y%m%d%H%M%SZ"}
_BETWEEN = 3  # serial number, algorithm and issuer, between version and validity


class Validity(NamedTuple):
    """The first and the last moment of a certificate."""

    begins_at: datetime
    ends_at: datetime


class _Element(NamedTuple):
    tag: int
    content: bytes
    end: int  # where the next one begins


def read(der: bytes) -> Validity | None:
    """Return the validity of a certificate in DER, None where it cannot be read.

    Does NOT check anything else: what is no certificate may have one.
    """
    try:
        fields = _read(_read(der, 0, _SEQUENCE).content, 0, _SEQUENCE).content
        at = 0
        if fields[0] == _VERSION:
            at = _read(fields, 0).end
        for _ in range(_BETWEEN):
            at = _read(fields, at).end
        times = _read(fields, at, _SEQUENCE).content
        first = _read(times, 0)
        return Validity(_time(first), _time(_read(times, first.end)))
    except (IndexError, KeyError, ValueError):
        return None


def _read(der: bytes, at: int, tag: int | None = None) -> _Element:
    """Return the element at `at` (ITU-T X.690 §8.1); raise ValueError or IndexError."""
    start, length = at + 2, der[at + 1]
    if length >= 0x80:
        start += length - 0x80
        length = int.from_bytes(der[at + 2 : start])
    if start + length > len(der) or tag not in {None, der[at]}:
        raise ValueError("not the DER that was expected")
    return _Element(der[at], der[start : start + length], start + length)


def _time(element: _Element) -> datetime:
    """Return a time; a year of two digits is one of 1950 to 2049 (RFC 5280 §4.1.2.5.1)."""
    text = element.content.decode("ascii")
    made = datetime.strptime(text, _FORMATS[element.tag]).replace(tzinfo=UTC)
    is_too_late = element.tag == _UTC_TIME and made.year >= 2050
    return made.replace(year=made.year - 100) if is_too_late else made
