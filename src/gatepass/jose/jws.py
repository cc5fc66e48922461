"""Verifies a JWS in the compact form (RFC 7515 §7.1) with an issuer's keys. Pure."""

from functools import lru_cache
from typing import NamedTuple

from gatepass.jose import base64url, strict_json
from gatepass.jose.algorithms import ACCEPTED
from gatepass.jose.jwks import Key, KeySet
from gatepass.jose.signature import verify as is_signed
from gatepass.wire.bearer import invalid_token
from gatepass.wire.params import LONGEST_TOKEN

# `crit` names extensions, and none is supported (RFC 7515 §4.1.11); `b64` is one (RFC 7797). The
# others have a key or the address of one: chosen by the sender, so they prove nothing.
_FORBIDDEN = frozenset({"crit", "b64", "jwk", "jku", "x5c", "x5u"})


class Header(NamedTuple):
    """The members of a JOSE header: key, algorithm (None: not accepted), and type."""

    kid: str
    alg: str | None
    typ: object


def verify(text: str, keys: KeySet) -> tuple[Header, bytes]:
    """Return header and payload of `text` if one of `keys` signed it (RFC 7515 §5.2).

    Checks length, form (three parts, each in canonical base64url), that no header member is
    given twice, that `kid` names one of `keys` and `alg` is that key's, and the signature. A
    header with `crit`, `b64`, `jwk`, `jku`, `x5c` or `x5u` is refused; nothing is ever fetched.
    Raises OAuthError (`invalid_token`).

    Does NOT check `typ`, nor the claims in the payload. An ES256 signature has a twin that
    verifies as well, so the text does not identify a token: use its `jti`.
    """
    header = read_header(text)
    key = keys.get(header.kid, header.alg)
    if key is None:
        raise invalid_token("signed with an unknown key")
    return header, verify_with(text, header, key)


def verify_with(text: str, header: Header, key: Key) -> bytes:
    """Return the payload of `text`, whose header is `header`, if `key` signed it; see `verify`."""
    try:
        message, _, signature = text.encode("ascii").rpartition(b".")
        payload = base64url.decode_ascii(message[message.index(b".") + 1 :])
        signature = base64url.decode_ascii(signature)
    except ValueError:
        raise invalid_token("not three parts in base64url") from None
    if header.alg != key.alg:
        raise invalid_token("signed with another algorithm than the key's")
    if not is_signed(key.alg, key.public, message, signature):  # as `Key.verify`, without the call
        raise invalid_token("the signature is wrong")
    return payload


def read_header(text: str) -> Header:
    """Return a token's header, which proves nothing; raise OAuthError (`invalid_token`).

    Does NOT count the parts: `verify_with` does not decode if there are more or fewer.
    """
    if len(text) > LONGEST_TOKEN:
        raise invalid_token("longer than a token may be")
    return _read(text[: text.index(".")] if "." in text else text)


@lru_cache(maxsize=256)  # all tokens of a key have the same header; a refused one is not kept
def _read(text: str) -> Header:
    try:
        members = strict_json.read_object(base64url.decode(text))
    except ValueError:
        raise invalid_token("the header is not base64url of a JSON object") from None
    if not _FORBIDDEN.isdisjoint(members):
        raise invalid_token("the header has a member that is not accepted")
    kid, alg = members.get("kid"), members.get("alg")
    if not isinstance(kid, str):
        raise invalid_token("signed with an unknown key")
    return Header(kid, ACCEPTED.get(alg) if isinstance(alg, str) else None, members.get("typ"))
