"""Sealed access tokens: opaque to everybody, verified by whoever has the environment's key.

    gpa_live_ base62( head, text, tag, CRC-32 )

head  version, key id, lifetime (s), issued (Unix ms), application id, token id (128 random bits)
text  scope and audience, parted by NUL
tag   the first 128 bits of HMAC-SHA-256 (RFC 2104 §5) over prefix, head and text

Nothing of a token is stored. Its text is made in one way only, so a changed, cut, extended
or re-encoded token is no token.
"""

import struct
from collections.abc import Mapping
from hmac import compare_digest
from typing import NamedTuple
from uuid import UUID

from gatepass.server.domain.keys.opaque_token_key import TAG_SIZE, OpaqueTokenKey
from gatepass.server.tokens.claims import Claims
from gatepass.wire import credential
from gatepass.wire.credential import Kind

_VERSION = 1
_HEAD = struct.Struct(">BxHIQ16s16s")


class Template(NamedTuple):
    """What all tokens of one grant have in common, as it stands in them."""

    app_id: bytes
    lifetime: int
    text: bytes


def mould(app_id: UUID, lifetime: int, scope: str, audience: tuple[str, ...]) -> Template:
    """Give the mould of a grant's tokens."""
    return Template(app_id.bytes, lifetime, f"{scope}\0{' '.join(audience)}".encode())


def fill_template(form: Template, token_id: bytes, issued_ms: int, key: OpaqueTokenKey) -> str:
    """Give a token from its mould; `token_id` is 128 random bits."""
    app_id, lifetime, text = form
    content = _HEAD.pack(_VERSION, key.id, lifetime, issued_ms, app_id, token_id) + text
    return credential.write(key.prefix, content + key.tag(content))


def encode(claims: Claims, key: OpaqueTokenKey) -> str:
    """Give the token of these claims, which name the application by its id."""
    app_id, token_id, issued_ms, lifetime, scope, audience = claims
    assert isinstance(app_id, UUID)  # noqa: S101 - only a JWT names its application otherwise
    return fill_template(mould(app_id, lifetime, scope, audience), token_id, issued_ms, key)


def decode(token: str, keys: Mapping[int, OpaqueTokenKey]) -> Claims | None:
    """Give a token's claims, or None for anything that `seal` did not make with one of `keys`.

    Does NOT check expiry, revocation, or whether the application still exists.
    """
    said = credential.read(token)
    if said is None or said.kind is not Kind.ACCESS_TOKEN:
        return None
    content, tag = said.content[:-TAG_SIZE], said.content[-TAG_SIZE:]
    if len(content) < _HEAD.size:
        return None
    version, key_id, lifetime, issued_ms, app_id, token_id = _HEAD.unpack_from(content)
    key = keys.get(key_id) if version == _VERSION else None
    if key is None or said.mode is not key.mode or not compare_digest(key.tag(content), tag):
        return None
    scope, audience = content[_HEAD.size :].decode().split("\0")
    return Claims(UUID(bytes=app_id), token_id, issued_ms, lifetime, scope, tuple(audience.split()))
