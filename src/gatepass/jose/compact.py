"""A JWS in the compact form (RFC 7515 §7.1) that a client has signed: read, and made. Pure.

Access tokens, which an issuer signs, are in `jose/jws.py`.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from gatepass.jose import base64url, strict_json
from gatepass.jose.algorithms import OF_CLIENTS
from gatepass.jose.keys.public_key import LONGEST_KID

LONGEST = 8192  # characters
_NO_PARTS = "not three parts in base64url, two of them JSON objects"
_LATEST = 2**53  # seconds
_MOST_BRACKETS = 64  # of a header or of claims: bounds their depth
# `crit` names extensions, and none is supported (RFC 7515 §4.1.11); `b64` is one (RFC 7797). The
# others have a key or the address of one: chosen by the sender, so they prove nothing.
_FORBIDDEN = frozenset({"crit", "b64", "jku", "x5c", "x5u"})


class MalformedError(ValueError):
    """What was sent is no JWS that is accepted; the text says why and never quotes it."""


class Jws(NamedTuple):
    """The parts of a JWS; nothing is verified but their form.

    `alg` is one of `algorithms.OF_CLIENTS`, `kid` is "" and `typ` is None if there is none.
    `jwk` is None unless it was asked for.
    """

    alg: str
    kid: str
    typ: str | None
    jwk: Mapping[str, object] | None
    claims: Mapping[str, object]
    message: bytes
    signature: bytes


def parse(text: str, *, with_jwk: bool = False) -> Jws:
    """Read a JWS whose payload is a JSON object; raise MalformedError.

    Checks length, form (three parts, each in canonical base64url), that no member is given twice
    and none is nested too deep, and that `alg` is an asymmetric one. A header with `crit`, `b64`,
    `jku`, `x5c` or `x5u` is refused, and one with `jwk` too unless `with_jwk`; nothing is fetched.

    Does NOT verify the signature, nor check `typ` or any claim.
    """
    if len(text) > LONGEST:
        raise MalformedError(f"longer than {LONGEST} characters")
    try:
        first, second, third = text.encode("ascii").split(b".")
        header = _header(first, with_jwk=True) if with_jwk else _usual_header(first)
        claims, signature = _object(second), base64url.decode_ascii(third)
    except MalformedError:
        raise
    except ValueError:
        raise MalformedError(_NO_PARTS) from None
    alg, kid, typ, jwk = header
    return Jws(alg, kid, typ, jwk, claims, first + b"." + second, signature)


class _Header(NamedTuple):
    alg: str
    kid: str
    typ: str | None
    jwk: Mapping[str, object] | None


def _header(part: bytes, *, with_jwk: bool) -> _Header:
    """Read a header; raise MalformedError, or ValueError where it is no JSON object."""
    header = _object(part)
    if not _FORBIDDEN.isdisjoint(header) or ("jwk" in header) is not with_jwk:
        raise MalformedError("a header member is missing, or is one that is not accepted")
    alg, typ, jwk = (header.get(name) for name in ("alg", "typ", "jwk"))
    kid = header.get("kid", "")
    accepted = OF_CLIENTS.get(alg) if isinstance(alg, str) else None
    if accepted is None:
        raise MalformedError("the algorithm is not accepted")
    if not isinstance(kid, str) or len(kid) > LONGEST_KID:
        raise MalformedError("kid is not a text of at most 256 characters")
    if not (isinstance(typ, str) or ("typ" not in header and typ is None)):
        raise MalformedError("typ is not a text")
    if not (isinstance(jwk, dict) or jwk is None):
        raise MalformedError("jwk is not an object")
    return _Header(accepted, kid, typ, jwk)


@lru_cache(maxsize=256)
def _usual_header(part: bytes) -> _Header:
    """Read a header without a key: each client has one for all that it signs."""
    return _header(part, with_jwk=False)


def parse_rest(text: str) -> tuple[Mapping[str, object], bytes, bytes]:
    """Return claims, message and signature of a JWS whose header the caller knows already.

    Does NOT read the header; checks all else that `parse` does, and raises MalformedError.
    """
    if len(text) > LONGEST:
        raise MalformedError(f"longer than {LONGEST} characters")
    try:
        octets = text.encode("ascii")
        _, second, third = octets.split(b".")
        claims, signature = _object(second), base64url.decode_ascii(third)
    except ValueError:
        raise MalformedError(_NO_PARTS) from None
    return claims, octets[: -len(third) - 1], signature


def sign(
    header: Mapping[str, object], claims: Mapping[str, object], sign: Callable[[bytes], bytes]
) -> str:
    """Return the JWS of `claims`; `sign` makes the signature by the header's `alg`.

    `sign` takes the bytes and returns the signature as RFC 7518 §3 writes it: for a key in memory
    `PrivateKey.sign`, for one elsewhere a function that asks there (see `signature.joined`).
    """
    content = f"{_part(header)}.{_part(claims)}"
    return f"{content}.{base64url.encode(sign(content.encode()))}"


def number(claims: Mapping[str, object], name: str) -> float | None:
    """Return a NumericDate (RFC 7519 §2), None without; raise MalformedError for another type."""
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        raise MalformedError(f"{name} is not a number of seconds")
    return float(value)


def _object(part: bytes) -> dict[str, object]:
    octets = base64url.decode_ascii(part)
    if octets.count(b"{") + octets.count(b"[") > _MOST_BRACKETS:
        raise ValueError("too many objects and lists")
    return strict_json.read_object(octets)


def _part(members: Mapping[str, object]) -> str:
    return base64url.encode(json.dumps(members, separators=(",", ":")).encode())
