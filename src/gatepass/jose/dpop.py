"""DPoP proofs (RFC 9449): made by a client, read and checked by the server and by an API. Pure.

The checks of §4.3 that need memory or the request's headers are the caller's: that there is one
proof, that its `jti` is new (`jose` keeps nothing), and that a nonce is one of the caller's.
"""

import re
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

from gatepass.jose import base64url, compact
from gatepass.jose.keys.errors import UnusableKeyError
from gatepass.jose.keys.public_key import ClientKey

TYPE = "dpop+jwt"
LONGEST_JTI = 256  # characters
EARLY = 10  # seconds that `iat` may be in the future
_TEXTS = ("jti", "htm", "htu", "nonce", "ath")
_PORTS = {"http": 80, "https": 443}
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

Fault = Literal[
    "malformed", "key", "signature", "method", "url", "time", "nonce", "token", "binding"
]


class InvalidProofError(ValueError):
    """A proof that is not accepted (`invalid_dpop_proof`); the text never quotes it.

    With the fault `nonce` the answer is `use_dpop_nonce` (RFC 9449 §8).
    """

    def __init__(self, fault: Fault, text: str) -> None:
        super().__init__(text)
        self.fault: Fault = fault


class Proof(NamedTuple):
    """A proof whose signature is right, by the key in it; `jkt` is that key's thumbprint.

    A tuple, as one is made for each request.
    """

    jkt: str
    jti: str
    htm: str
    htu: str
    iat: float
    nonce: str | None
    ath: str | None
    alg: str

    def __repr__(self) -> str:
        """Return which proof it is, without nonce and digest."""
        return f"Proof(jkt={self.jkt!r}, jti={self.jti!r}, htm={self.htm!r}, htu={self.htu!r})"


class Header(NamedTuple):
    """The header of a proof whose signature was right: its algorithm, key and thumbprint."""

    alg: str
    key: ClientKey
    jkt: str


class Headers(Protocol):
    """A cache of headers by their text, as `concurrency.bounded_cache`."""

    def get(self, text: str, /) -> Header | None:
        """Return the header, or None."""

    def put(self, text: str, header: Header, /) -> object:
        """Keep the header."""


def read(text: str, *, jkt: str | None = None, headers: Headers | None = None) -> Proof:
    """Read a proof and verify its signature (RFC 9449 §4.3, 3 to 7); raise InvalidProofError.

    With `jkt` the key must have that thumbprint: the fault is `binding` for another. A client
    sends the same header with each proof, and to read it, and the key in it, takes longer than to
    verify the signature: `headers` keeps those of proofs that were right.

    Does NOT check that it is for this request and this time: see `check`.
    """
    head = text.partition(".")[0]
    known = None if headers is None else headers.get(head)
    try:
        if known is None:
            jws = compact.parse(text, with_jwk=True)
            header, rest = _header(jws), (jws.claims, jws.message, jws.signature)
        else:
            header, rest = known, compact.parse_rest(text)
        claims, message, signature = rest
        iat = compact.number(claims, "iat")
    except compact.MalformedError as error:
        raise InvalidProofError("malformed", str(error)) from None
    jti, htm, htu, nonce, ath = [_text(claims, name) for name in _TEXTS]
    if not jti or not htm or not htu or iat is None or len(jti) > LONGEST_JTI:
        raise InvalidProofError("malformed", "jti, htm, htu or iat is missing or too long")
    if jkt is not None and header.jkt != jkt:
        raise InvalidProofError("binding", "the proof is by another key than the token's")
    if not header.key.verify(header.alg, message, signature):
        raise InvalidProofError(
            "signature", "the signature is wrong, or not by the key's algorithm"
        )
    if known is None and headers is not None:
        headers.put(head, header)
    return Proof(header.jkt, jti, htm, htu, iat, nonce, ath, header.alg)


def _header(jws: compact.Jws) -> Header:
    """Return the key in the header of a proof, which is one for signatures."""
    if jws.typ is None or jws.typ.lower() != TYPE:
        raise InvalidProofError("malformed", f"typ is not {TYPE}")
    try:
        key = ClientKey.from_jwk(jws.jwk or {})
    except UnusableKeyError as error:
        raise InvalidProofError("key", str(error)) from None
    return Header(jws.alg, key, key.thumbprint)


def check(
    proof: Proof,
    *,
    method: str,
    url: str,
    now: float,
    longest_age: float,
    token: str | None = None,
    nonces: Collection[str] | None = None,
) -> None:
    """Check that a proof is for this request, now (§4.3, 8 to 12); raise InvalidProofError.

    `url` is the address of the request; query and fragment are not compared. Times are in Unix
    seconds. With a `token`, `ath` must be its digest; with `nonces`, the nonce one of them.

    Does NOT check whether the `jti` was used before, nor that the token is bound to `proof.jkt`.
    """
    if proof.htm != method:
        raise InvalidProofError("method", "htm is not the method of the request")
    if proof.htu != url and normalized(proof.htu) != normalized(url):
        raise InvalidProofError("url", "htu is not the address of the request")
    if nonces is not None and (proof.nonce is None or proof.nonce not in nonces):
        raise InvalidProofError("nonce", "the nonce is missing, or is not one that is valid now")
    if not now - longest_age <= proof.iat <= now + EARLY:
        raise InvalidProofError("time", "iat is too old, or in the future")
    if token is not None and proof.ath != token_digest(token):
        raise InvalidProofError("token", "ath is not the digest of the access token")


def make(  # noqa: PLR0913 - what a proof is bound to
    jwk: Mapping[str, str],
    sign: Callable[[bytes], bytes],
    *,
    method: str,
    url: str,
    jti: str,
    iat: int,
    token: str | None = None,
    nonce: str | None = None,
) -> str:
    """Return a proof; `jwk` is the public key with its `alg`, `sign` signs with its private key."""
    public = {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}
    claims: dict[str, object] = {"jti": jti, "htm": method, "htu": _htu(url), "iat": iat}
    if token is not None:
        claims["ath"] = token_digest(token)
    if nonce is not None:
        claims["nonce"] = nonce
    return compact.sign({"typ": TYPE, "alg": jwk["alg"], "jwk": public}, claims, sign)


def token_digest(token: str) -> str:
    """Return the `ath` of an access token (RFC 9449 §4.2)."""
    return base64url.encode(sha256(token.encode()).digest())


def normalized(url: str) -> str:
    """Return an address as it is compared: RFC 3986 §6.2.2 and §6.2.3, without query and fragment.

    Raises InvalidProofError for an address that is not http or https.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise InvalidProofError("url", "htu is not an address") from None
    scheme = parts.scheme.lower()
    is_text = url.isascii() and url.isprintable() and " " not in url  # `urlsplit` drops some others
    if scheme not in _PORTS or not host or parts.username is not None or not is_text:
        raise InvalidProofError("url", "htu is not an address by http or https")
    named = f"[{host}]" if ":" in host else host.lower()
    place = named if port in {None, _PORTS[scheme]} else f"{named}:{port}"
    return f"{scheme}://{place}{_path(parts.path)}"


def _path(path: str) -> str:
    """Return a path with escapes and dot segments in the one form that is compared."""
    done: list[str] = []
    segments = _ESCAPE.sub(_unescaped, path).split("/")[1:]
    for segment in segments:
        if segment == "..":
            del done[-1:]
        elif segment != ".":
            done.append(segment)
    ends_open = bool(segments) and segments[-1] in {".", ".."}
    return "/" + "/".join(done) + ("/" if ends_open and done else "")


def _unescaped(escape: re.Match[str]) -> str:
    letter = chr(int(escape[1], 16))
    return letter if letter in _UNRESERVED else escape[0].upper()


def _htu(url: str) -> str:
    """Return the address that a proof names: without user, query and fragment (RFC 9449 §4.2)."""
    place, slash, path = url.partition("#")[0].partition("?")[0].partition("://")[2].partition("/")
    return f"{url.partition('://')[0]}://{place.rpartition('@')[2]}{slash or '/'}{path}"


def _text(claims: Mapping[str, object], name: str) -> str | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidProofError("malformed", f"{name} is not a text")
    return value if name in claims else None
