"""Signed text in the compact form (RFC 7515 §7.1), checked with an issuer's keys. Pure."""

from functools import lru_cache
from typing import NamedTuple

from gatepass.guard.model.claims import invalid
from gatepass.jose import base64url, strict_json
from gatepass.jose.jwks import ALGORITHMS, Key, KeySet
from gatepass.wire.params import LONGEST_TOKEN

# `crit` names extensions, and we have none (RFC 7515 §4.1.11); `b64` is one (RFC 7797). The
# others carry a key or say where to fetch one: the sender's, so no proof of anything.
_UNWELCOME = frozenset({"crit", "b64", "jwk", "jku", "x5c", "x5u"})


class Header(NamedTuple):
    """What a token says of its signature: key and algorithm (None: not one of ours), and type."""

    kid: str
    alg: str | None
    typ: object


def check(text: str, keys: KeySet) -> tuple[Header, bytes]:
    """Give header and payload of `text` if one of `keys` signed it (RFC 7515 §5.2).

    Checks length, form (three parts, each in canonical base64url), that no header member is
    given twice, that `kid` names one of `keys` and `alg` is that key's, and the signature. A
    header with `crit`, `b64`, `jwk`, `jku`, `x5c` or `x5u` is refused; nothing is ever fetched.
    Raises OAuthError (`invalid_token`).

    Does NOT check `typ`, nor what the payload says. An ES256 signature has a twin that
    verifies as well, so the text is no name for a token: use its `jti`.
    """
    said = header(text)
    key = keys.get(said.kid, said.alg)
    if key is None:
        raise invalid("signed with an unknown key")
    return said, payload(text, said, key)


def payload(text: str, said: Header, key: Key) -> bytes:
    """Give the payload of `text`, whose header is `said`, if `key` signed it; as `check`."""
    try:
        message, _, signature = text.encode("ascii").rpartition(b".")
        found = base64url.decode_ascii(message[message.index(b".") + 1 :])
        raw = base64url.decode_ascii(signature)
    except ValueError:
        raise invalid("not three parts in base64url") from None
    if said.alg != key.alg:
        raise invalid("signed with another algorithm than the key's")
    if not key.signed(message, raw):
        raise invalid("the signature is wrong")
    return found


def header(text: str) -> Header:
    """Read a token's header; it proves nothing. Raises OAuthError (`invalid_token`).

    Does NOT count the parts: `payload` does not decode where there are more or fewer.
    """
    if len(text) > LONGEST_TOKEN:
        raise invalid("longer than a token may be")
    return _read(text.partition(".")[0])


@lru_cache(maxsize=256)  # a key's tokens have all the same header; a refused one is not kept
def _read(text: str) -> Header:
    try:
        members = strict_json.read_object(base64url.decode(text))
    except ValueError:
        raise invalid("the header is not base64url of a JSON object") from None
    if not _UNWELCOME.isdisjoint(members):
        raise invalid("the header has a member that is not accepted")
    kid, alg = members.get("kid"), members.get("alg")
    if not isinstance(kid, str):
        raise invalid("signed with an unknown key")
    return Header(kid, ALGORITHMS.get(alg) if isinstance(alg, str) else None, members.get("typ"))
