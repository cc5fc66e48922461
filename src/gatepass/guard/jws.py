"""Signed text in the compact form (RFC 7515 §7.1), checked with an issuer's keys. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gatepass.guard import base64url, strict_json
from gatepass.guard.claims import invalid
from gatepass.guard.keyset import ALGORITHMS, KeySet
from gatepass.wire.bearer import LONGEST_TOKEN

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)")
# `crit` names extensions, and we have none (RFC 7515 §4.1.11); `b64` is one (RFC 7797). The
# others carry a key or say where to fetch one: the sender's, so no proof of anything.
_UNWELCOME = frozenset({"crit", "b64", "jwk", "jku", "x5c", "x5u"})


@dataclass(frozen=True, slots=True)
class Signed:
    """What one of the issuer's keys has signed."""

    header: Mapping[str, object]
    payload: bytes = field(repr=False)


def check(text: str, keys: KeySet) -> Signed:
    """Give header and payload of `text` if one of `keys` signed it (RFC 7515 §5.2).

    Checks length, form (three parts, each in canonical base64url), that no header member is
    given twice, that `kid` names one of `keys` and `alg` is that key's, and the signature. A
    header with `crit`, `b64`, `jwk`, `jku`, `x5c` or `x5u` is refused; nothing is ever fetched.
    Raises Refused (`invalid_token`).

    Does NOT check `typ`, nor what the payload says. An ES256 signature has a twin that
    verifies as well, so the text is no name for a token: use its `jti`.
    """
    if len(text) > LONGEST_TOKEN:
        raise invalid("longer than a token may be")
    parts = _COMPACT.fullmatch(text)
    if parts is None:
        raise invalid("not a JWS in compact form")
    try:
        raw_header, payload, signature = map(base64url.decode, parts.groups())
        header = strict_json.read_object(raw_header)
    except ValueError:
        raise invalid("a part is not base64url, or the header not a JSON object") from None
    message = text.rpartition(".")[0].encode()
    _check_signed(header, message, signature, keys)
    return Signed(header, payload)


def kid(text: str) -> str:
    """Give the name of the key that a token says it is signed with; it proves nothing.

    Raises Refused (`invalid_token`) for what has no such name.
    """
    if len(text) > LONGEST_TOKEN:
        raise invalid("longer than a token may be")
    try:
        found = strict_json.read_object(base64url.decode(text.partition(".")[0])).get("kid")
    except ValueError:
        raise invalid("the header is not base64url of a JSON object") from None
    if not isinstance(found, str):
        raise invalid("signed with an unknown key")
    return found


def _check_signed(
    header: Mapping[str, object], message: bytes, signature: bytes, keys: KeySet
) -> None:
    if not _UNWELCOME.isdisjoint(header):
        raise invalid("the header has a member that is not accepted")
    alg, kid = header.get("alg"), header.get("kid")
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        raise invalid("signed with an unknown key")
    if not isinstance(alg, str) or ALGORITHMS.get(alg) != key.alg:
        raise invalid("signed with another algorithm than the key's")
    if not key.signed(message, signature):
        raise invalid("the signature is wrong")
