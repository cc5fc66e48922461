"""How entries of the audit trail are linked: each digest covers an entry and the digest before it.

What may be about a person is not in the digest itself, but a digest of it with a random salt. So
a field and its salt can be erased, and the chain still verifies. Every part of what is digested
has its length before it (8 bytes), so no two contents are the same bytes.
"""

import hmac
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

PERSONAL = ("actor", "subject", "source", "detail")
"""The fields that may be about a person, in the order of their salts and digests."""

ERASED = "erased"
"""What stands in a field that was erased."""
ERASED_DETAIL = '{"erased": "erased"}'

_SALT = 16  # bytes
_DIGEST = 32
_NO_SALT = bytes(_SALT)
_LINK, _FIELD, _START = (
    b"gatepass audit link 1",
    b"gatepass audit field 1",
    b"gatepass audit start 1",
)


class Stored(NamedTuple):
    """An entry as its row has it, which need not be valid.

    `at` is Unix milliseconds, `org_id` hexadecimal digits or empty, `detail` its text.
    """

    id: int
    at: int
    org_id: str
    actor: str
    action: str
    subject: str
    result: str
    source: str
    detail: str

    def personal(self) -> tuple[str, ...]:
        """Return the fields of `PERSONAL`."""
        return self.actor, self.subject, self.source, self.detail


@dataclass(frozen=True, slots=True)
class Link:
    """The link of one entry. Number 0 begins the chain: entries up to its own are not covered.

    An empty `field_digests` says that the entry was deleted, as its time to be kept was over.
    `erased_by` is the number of the entry that recorded the last erasure of a field.
    """

    number: int
    audit_id: int
    digest: bytes
    salts: bytes = field(default=b"", repr=False)
    field_digests: bytes = b""
    erased_by: int | None = None


def start(audit_id: int) -> Link:
    """Return the link that begins a chain after the entry `audit_id`."""
    salt = secrets.token_bytes(_SALT)
    return Link(0, audit_id, _start_digest(audit_id, salt), salt)


def link_of(before: Link, entry: Stored) -> Link:
    """Return the next link, of an entry that was just written."""
    number, salts = before.number + 1, secrets.token_bytes(_SALT * len(PERSONAL))
    digests = b"".join(
        _field_digest(name, salts[at * _SALT : (at + 1) * _SALT], text)
        for at, (name, text) in enumerate(zip(PERSONAL, entry.personal(), strict=True))
    )
    return Link(number, entry.id, _digest(number, before.digest, entry, digests), salts, digests)


def wrong_fields(link: Link, entry: Stored) -> list[str]:
    """Return the personal fields of an entry that are not what was linked, nor were erased."""
    salts, digests = link.salts, link.field_digests  # of a damaged link they are too short
    return [
        name
        for at, name, text in zip(_PLACES, PERSONAL, entry.personal(), strict=True)
        if not _is_right(
            name,
            salts[at * _SALT : (at + 1) * _SALT],
            digests[at * _DIGEST : (at + 1) * _DIGEST],
            text,
        )
    ]


def fits(before: bytes, link: Link, entry: Stored) -> bool:
    """Return whether a link has the digest that follows from the one before and its entry.

    Does NOT look at the personal fields, see `wrong_fields`.
    """
    expected = _digest(link.number, before, entry, link.field_digests)
    return hmac.compare_digest(expected, link.digest)


def begins(link: Link) -> bool:
    """Return whether a link is what `start` made."""
    return link.number == 0 and hmac.compare_digest(
        _start_digest(link.audit_id, link.salts), link.digest
    )


def without(link: Link, names: Collection[str]) -> bytes:
    """Return the salts of a link without those of the fields `names`."""
    return b"".join(
        _NO_SALT if name in names else salt
        for name, (salt, _) in zip(PERSONAL, _split(link), strict=True)
    )


def erased_fields(link: Link) -> list[str]:
    """Return the fields whose salts were erased."""
    if _NO_SALT not in link.salts:
        return []
    parts = zip(PERSONAL, _split(link), strict=True)
    return [name for name, (salt, _) in parts if salt == _NO_SALT]


def _is_right(name: str, salt: bytes, digest: bytes, text: str) -> bool:
    if salt == _NO_SALT:
        return text == (ERASED_DETAIL if name == "detail" else ERASED)
    return hmac.compare_digest(_field_digest(name, salt, text), digest)


def _split(link: Link) -> Iterator[tuple[bytes, bytes]]:
    """Return salt and digest of each personal field; of a damaged link they are too short."""
    for at in _PLACES:
        salt = link.salts[at * _SALT : (at + 1) * _SALT]
        yield salt, link.field_digests[at * _DIGEST : (at + 1) * _DIGEST]


def _start_digest(audit_id: int, salt: bytes) -> bytes:
    return sha256(_joined(_START, str(audit_id).encode(), salt)).digest()


def _field_digest(name: str, salt: bytes, text: str) -> bytes:
    return sha256(_FIELD_BEGINNINGS[name] + _joined(salt, _bytes(text))).digest()


def _digest(number: int, before: bytes, entry: Stored, field_digests: bytes) -> bytes:
    parts = (
        _LINK,
        str(number).encode(),
        before,
        str(entry.id).encode(),
        str(entry.at).encode(),
        _bytes(entry.org_id),
        _bytes(entry.action),
        _bytes(entry.result),
        field_digests,
    )
    return sha256(_joined(*parts)).digest()


def _bytes(text: str) -> bytes:
    return str(text).encode("utf-8", "surrogatepass")


def _joined(*parts: bytes) -> bytes:
    return b"".join([each for part in parts for each in (len(part).to_bytes(8), part)])


_PLACES = range(len(PERSONAL))
_FIELD_BEGINNINGS = {name: _joined(_FIELD, name.encode()) for name in PERSONAL}
