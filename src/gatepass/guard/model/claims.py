"""Members of an introspection response or of a JWT, each of its JSON type or refused. Pure.

A member of the wrong type is never ignored: `"exp": "never"` must not make a token without expiry.
Every function raises OAuthError (`invalid_token`) for a malformed member.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_network

from gatepass.wire.bearer import invalid_token
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

_YEAR_10000 = 253_402_300_800
# Controls, line separators and lone surrogates: they would break a log's line or its encoding.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def text(members: Mapping[str, object], name: str) -> str | None:
    """Return a printable string that is not empty, or None if it is missing."""
    return required_text(members, name) if name in members else None


def required_text(members: Mapping[str, object], name: str) -> str:
    """Return a printable string that is not empty."""
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise wrong(name)
    if not value.isprintable() and _UNPRINTABLE.search(value):  # the first is quick
        raise wrong(name)
    return value


def seconds(members: Mapping[str, object], name: str) -> int | None:
    """Return a whole number of seconds since 1970 (RFC 7662 §2.2), or None if it is missing."""
    if isinstance(members.get(name), float):
        raise wrong(name)
    value = time(members, name)
    return None if value is None else int(value)


def time(members: Mapping[str, object], name: str) -> float | None:
    """Return a NumericDate, which may have a fraction (RFC 7519 §2), or None if it is missing."""
    return required_time(members, name) if name in members else None


def required_time(members: Mapping[str, object], name: str) -> float:
    """Return a NumericDate (RFC 7519 §2)."""
    value = members.get(name)
    if type(value) is not int and type(value) is not float:  # nor a bool, which is an int too
        raise wrong(name)
    if not 0 <= value < _YEAR_10000:  # neither NaN nor Infinity is
        raise wrong(name)
    return value


def issuer(members: Mapping[str, object], expected: str) -> str:
    """Return `iss`, which must be exactly `expected`."""
    if expected and members.get("iss") == expected:  # nearly always
        return expected
    required_text(members, "iss")
    raise invalid_token("of another issuer")


def audience(members: Mapping[str, object], resource: str | None) -> tuple[str, ...]:
    """Return `aud`, a string or a list, which must have `resource` unless that is None."""
    found = members.get("aud", [])
    if isinstance(found, str) and found == resource:  # nearly always
        return (found,)
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list | tuple):
        raise wrong("aud")
    names = tuple(name for name in listed if isinstance(name, str))
    if len(names) != len(listed):
        raise wrong("aud")
    if resource is not None and resource not in names:
        raise invalid_token("for another audience")
    return names


def scope(
    members: Mapping[str, object], name: str = "scope", *, may_be_list: bool = False
) -> Scope:
    """Return the scope; without one nothing was granted.

    `scope` itself is a string (RFC 8693 §4.2) unless it `may_be_list`; a scope under another name
    may be a list.
    """
    found = members.get(name, "")
    if isinstance(found, list) and (may_be_list or name != "scope"):
        found = _joined(found, name)
    if not isinstance(found, str):
        raise wrong(name)
    try:
        return _parsed(found)
    except OAuthError:
        raise wrong(name) from None


@lru_cache(maxsize=1024)  # the scopes of applications repeat
def _parsed(text: str) -> Scope:
    return Scope.parse(text)


def _joined(listed: list[object], name: str) -> str:
    names = [each for each in listed if isinstance(each, str) and each and " " not in each]
    if len(names) != len(listed):
        raise wrong(name)
    return " ".join(names)


def networks(members: Mapping[str, object]) -> tuple[str, ...]:
    """Return `allowed_networks`, a list of networks; an empty tuple if it is missing.

    An empty list is refused: it may mean no network as well as any.
    """
    if "allowed_networks" not in members:
        return ()
    found = members["allowed_networks"]
    if not isinstance(found, list | tuple) or not found:
        raise wrong("allowed_networks")
    return tuple(_network(each) for each in found)


def _network(found: object) -> str:
    if not isinstance(found, str):
        raise wrong("allowed_networks")
    try:
        return str(ip_network(found))
    except ValueError:
        raise wrong("allowed_networks") from None


def wrong(name: str) -> OAuthError:
    """Return the refusal for a missing or malformed member."""
    return invalid_token(f"{name} is missing or malformed")
