"""Opaque access tokens, which only the server with the environment's key can verify.

    gpa_live_ base62( head, bound, text, tag, CRC-32 )

head  version, key id, lifetime (s), issued (Unix ms), application id, token id (128 random bits)
bound only in version 2: to what it is bound (1: a key, 2: a certificate, 3: both), 32 bytes of each
text  scope and audience, separated by NUL
tag   the first 128 bits of HMAC-SHA-256 (RFC 2104 §5) over all before it

A token that is bound to nothing has version 1. A server of a version that knows no bound tokens
refuses version 2, so it does not take such a token for one that anybody may use.

Nothing of a token is stored. There is one encoding of its content, so a changed, cut, extended
or re-encoded token is not valid.
"""

import struct
from collections.abc import Mapping
from functools import lru_cache
from hmac import compare_digest
from typing import NamedTuple

from gatepass.jose import base64url
from gatepass.jose.confirmation import Confirmation
from gatepass.server.domain.keys.opaque_token_key import TAG_SIZE, OpaqueTokenKey
from gatepass.server.tokens.claims import Claims
from gatepass.wire import credential
from gatepass.wire.credential import Kind

_VERSION, _BOUND_VERSION = 1, 2
_KEY, _CERTIFICATE = 1, 2  # bits of the byte that says to what it is bound
_DIGEST = 32  # bytes
_HEAD = struct.Struct(">BxHIQ16s16s")


class Template(NamedTuple):
    """What all tokens of one grant have in common, as encoded in them."""

    lifetime: int
    text: bytes


def make_template(lifetime: int, scope: str, audience: tuple[str, ...]) -> Template:
    """Return the template of a grant's tokens."""
    return Template(lifetime, f"{scope}\0{' '.join(audience)}".encode())


def fill_template(
    template: Template,
    app_id: bytes,
    token_id: bytes,
    issued_ms: int,
    key: OpaqueTokenKey,
    confirmation: Confirmation | None = None,
) -> str:
    """Return a token of an application from its template; `token_id` is 128 random bits."""
    lifetime, text = template
    version = _VERSION
    if confirmation is not None:
        version, text = _BOUND_VERSION, _bound(confirmation) + text
    content = _HEAD.pack(version, key.id, lifetime, issued_ms, app_id, token_id) + text
    return credential.write(key.prefix, content + key.tag(content))


def encode(claims: Claims, key: OpaqueTokenKey) -> str:
    """Return the token with these claims, which name the application by its id."""
    app_id, token_id, issued_ms, lifetime, scope, audience, confirmation = claims
    assert isinstance(app_id, bytes)  # noqa: S101 - only a JWT names its application otherwise
    template = make_template(lifetime, scope, audience)
    return fill_template(template, app_id, token_id, issued_ms, key, confirmation)


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
    key = keys.get(key_id) if version in {_VERSION, _BOUND_VERSION} else None
    if key is None or presented.mode is not key.mode or not compare_digest(key.tag(content), tag):
        return None
    confirmation, text = None, content[_HEAD.size :]
    if version == _BOUND_VERSION:
        confirmation, text = _unbound(text)
    scope, audience = text.decode().split("\0")
    return Claims(
        app_id, token_id, issued_ms, lifetime, scope, tuple(audience.split()), confirmation
    )


@lru_cache(maxsize=1024)
def _bound(confirmation: Confirmation) -> bytes:
    """Return to what a token is bound, as it is written; it must be something."""
    jkt, certificate = confirmation
    kind = (_KEY if jkt else 0) | (_CERTIFICATE if certificate else 0)
    assert kind  # noqa: S101 - else the token would be one that anybody may use
    digests = (base64url.decode(digest) for digest in confirmation if digest)
    return bytes((kind, *b"".join(digests)))


def _unbound(text: bytes) -> tuple[Confirmation, bytes]:
    """Return what `_bound` wrote, as the tag proves, and what follows it."""
    kind, rest = text[0], text[1:]
    jkt = certificate = None
    if kind & _KEY:
        jkt, rest = base64url.encode(rest[:_DIGEST]), rest[_DIGEST:]
    if kind & _CERTIFICATE:
        certificate, rest = base64url.encode(rest[:_DIGEST]), rest[_DIGEST:]
    return Confirmation(jkt, certificate), rest
