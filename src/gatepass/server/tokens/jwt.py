"""Access tokens as JWTs (RFC 9068), for APIs that verify offline.

    base64url(header) . base64url(claims) . base64url(signature)      RFC 7515 §7.1

The header of a key's tokens is one text, made with the key, and the only one that is read
back: whatever else stands in that place, an `alg`, `typ` or `kid` that was changed, a `crit` or
`jwk` that was added, names no key. Tokens that are bound (`cnf`) have a header of their own, with
the same members in another order: a server of a version that knows no bound tokens refuses them.
Claims and signature are read only as they are written.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from uuid import UUID

from gatepass.jose import base64url, confirmation
from gatepass.jose.signing import SigningKey
from gatepass.server.tokens.claims import Claims


def sign(
    claims: Claims, org_id: UUID, issuer: str, key: SigningKey, issued_at: int | None = None
) -> str:
    """Return the JWT of these claims (RFC 9068 §2.2); `org_id` is an extension of Gatepass.

    Times are whole seconds; the milliseconds of the issue are part of `jti`. `issued_at` (Unix
    seconds) is the value of `iat`, where it differs from the claims' own; `exp` follows it.
    """
    client_id = claims.application
    assert isinstance(client_id, str)  # noqa: S101 - only an opaque token names it otherwise
    start = _start(issuer, client_id, org_id, claims.scope, claims.audience)
    iat = claims.issued_at if issued_at is None else issued_at
    payload = f'{start},"iat":{iat},"exp":{iat + claims.lifetime},"jti":"{claims.jti}"'
    if claims.confirmation is None:
        return key.sign(f"{payload}}}".encode())
    members = json.dumps(claims.confirmation.members(), separators=(",", ":"))
    return key.sign(f'{payload},"cnf":{members}}}'.encode(), is_bound=True)


def verify(token: str, keys: Mapping[str, SigningKey], issuer: str) -> Claims | None:
    """Return a JWT's claims, or None for a text that `sign` did not make with one of `keys`.

    `keys` are by the header of their tokens. Does NOT check expiry, revocation, or whether the
    application still exists.
    """
    header, _, rest = token.partition(".")
    payload, _, signature = rest.partition(".")
    key = keys.get(header)
    if key is None:
        return None
    try:
        content, signed = base64url.decode(payload), base64url.decode(signature)
    except ValueError:
        return None
    if not key.verify(f"{header}.{payload}".encode(), signed):
        return None
    members = json.loads(content)
    is_bound = "cnf" in members
    if members["iss"] != issuer or is_bound is not (header == key.bound_header):
        return None
    try:
        return _claims(members)
    except ValueError:  # bound to something that this version does not know
        return None


@lru_cache(maxsize=1024)
def _start(issuer: str, client_id: str, org_id: UUID, scope: str, audience: tuple[str, ...]) -> str:
    """Return the beginning of the JSON, which all tokens of a grant have in common."""
    common = {
        "iss": issuer,
        "sub": client_id,
        "client_id": client_id,
        "org_id": str(org_id),
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "scope": scope,
    }
    return json.dumps(common, separators=(",", ":"))[:-1]


def _claims(members: Mapping[str, object]) -> Claims:
    """Read what `sign` wrote, as the signature proves."""
    jti, audience = str(members["jti"]), members["aud"]
    listed = [audience] if isinstance(audience, str) else audience
    assert isinstance(listed, list)  # noqa: S101 - as `_start` wrote it
    issued_ms = int(jti[:12], 16)
    return Claims(
        application=str(members["client_id"]),
        token_id=bytes.fromhex(jti[12:]),
        issued_ms=issued_ms,
        lifetime=int(str(members["exp"])) - issued_ms // 1000,
        scope=str(members["scope"]),
        audience=tuple(listed),
        confirmation=confirmation.read(members.get("cnf")),
    )
