"""Credentials with a prefix that names their kind: `gps_live_...` is a production secret.

A fixed prefix and a checksum let scanners find a leaked credential without false alarms,
and let a server recognise a sandbox secret that was sent to production.
"""

from enum import StrEnum
from typing import NamedTuple
from zlib import crc32

from gatepass.wire import base62


class Kind(StrEnum):
    """What a credential is for; the value is its prefix."""

    CLIENT_ID = "gpc"
    CLIENT_SECRET = "gps"  # noqa: S105 - a prefix, not a secret
    ACCESS_TOKEN = "gpa"  # noqa: S105


class Mode(StrEnum):
    """The environment a credential belongs to, as written in it."""

    LIVE = "live"
    TEST = "test"


ENVIRONMENTS = {Mode.LIVE: "production", Mode.TEST: "sandbox"}

_CHECKSUM_BYTES = 4
_LONGEST = 4096


class Credential(NamedTuple):
    """A well-formed credential, which is not verified."""

    kind: Kind
    mode: Mode
    content: bytes


class Prefix(NamedTuple):
    """The prefix of credentials of one kind and environment, with its CRC-32."""

    text: str
    checksum: int

    @classmethod
    def of(cls, kind: Kind, mode: Mode) -> "Prefix":
        """Return the prefix, as "gps_live_"."""
        text = f"{kind}_{mode}_"
        return cls(text, crc32(text.encode()))


_PREFIXES = {
    prefix.text: (prefix, kind, mode)
    for kind in Kind
    for mode in Mode
    for prefix in (Prefix.of(kind, mode),)
}
_PREFIX_LENGTH = len("gps_live_")  # all are as long


def write(prefix: Prefix, content: bytes) -> str:
    """Return the credential of `content`, which ends with the CRC-32 of the whole."""
    checksum = crc32(content, prefix.checksum)
    return prefix.text + base62.encode(content + checksum.to_bytes(_CHECKSUM_BYTES, "big"))


def mint(kind: Kind, mode: Mode, content: bytes) -> str:
    """Write a credential of `kind` for the environment of `mode`."""
    return write(Prefix.of(kind, mode), content)


def read(text: str) -> Credential | None:
    """Return the credential in `text`, None where its form or checksum is wrong."""
    found = _PREFIXES.get(text[:_PREFIX_LENGTH])
    if found is None or len(text) > _LONGEST:
        return None
    prefix, kind, mode = found
    try:
        packed = base62.decode(text[_PREFIX_LENGTH:])
    except ValueError:
        return None
    content, checksum = packed[:-_CHECKSUM_BYTES], packed[-_CHECKSUM_BYTES:]
    if not content or int.from_bytes(checksum) != crc32(content, prefix.checksum):
        return None
    return Credential(kind, mode, content)
