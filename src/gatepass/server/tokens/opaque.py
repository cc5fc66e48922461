"""Opaque access tokens, which only the server with the environment's key can verify.

    gpa_live_ base62( head, text, tag, CRC-32 )

head  version, key id, lifetime (s), issued (Unix ms), application id, token id (128 random bits)
text  scope and audience, separated by NUL
tag   the first 128 bits of HMAC-SHA-256 (RFC 2104 §5) over prefix, head and text

Nothing of a token is stored. There is one encoding of its content, so a changed, cut, extended
or re-encoded token is not valid.
"""

import struct
from collections.abc import Mapping
from hmac import compare_digest
from typing import NamedTuple

from gatepass.server.domain.keys.opaque_token_key import TAG_SIZE, OpaqueTokenKey
from gatepass.server.tokens.claims import Claims
from gatepass.wire import credential
from gatepass.wire.credential import Kind

_VERSION = 1
_HEAD = struct.Struct(">BxHIQ16s16s")


class Template(NamedTuple):
    """What all tokens of one grant have in common, as encoded in them."""

    lifetime: int
    text: bytes


def make_template(lifetime: int, scope: str, audience: tuple[str, ...]) -> Template:
    """Return the template of a grant's tokens."""
    return Template(lifetime, f"{scope}\0{' '.join(audience)}".encode())


def fill_template(
    template: Template, app_id: bytes, token_id: bytes, issued_ms: int, key: OpaqueTokenKey
) -> str:
    """Return a token of an application from its template; `token_id` is 128 random bits."""
    lifetime, text = template
    content = _HEAD.pack(_VERSION, key.id, lifetime, issued_ms, app_id, token_id) + text
    return credential.write(key.prefix, content + key.tag(content))


def encode(claims: Claims, key: OpaqueTokenKey) -> str:
    """Return the token with these claims, which name the application by its id."""
    app_id, token_id, issued_ms, lifetime, scope, audience = claims
    assert isinstance(app_id, bytes)  # noqa: S101 - only a JWT names its application otherwise
    return fill_template(make_template(lifetime, scope, audience), app_id, token_id, issued_ms, key)


def decode(token: str, keys: Mapping[int, OpaqueTokenKey]) -> Claims | None:
    """Return a token's claims, or None for a text that `encode` did not make with one of `keys`.

    Does NOT check expiry, revocation, or whether the application still exists.
    """
    presented = credential.read(token)
    if presented is None or presented.kind is not Kind.ACCESS_TOKEN:
        return None
    content, tag = presented.content[:-TAG_SIZE], presented.content[-TAG_SIZE:]
    if len(content) < _HEAD.size:
        return None
    version, key_id, lifetime, issued_ms, app_id, token_id = _HEAD.unpack_from(content)
    key = keys.get(key_id) if version == _VERSION else None
    if key is None or presented.mode is not key.mode or not compare_digest(key.tag(content), tag):
        return None
    scope, audience = content[_HEAD.size :].decode().split("\0")
    return Claims(app_id, token_id, issued_ms, lifetime, scope, tuple(audience.split()))
