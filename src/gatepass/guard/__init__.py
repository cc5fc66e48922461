"""Runs in an API: says who calls and what they may do, or refuses (RFC 6750, 7662, 9068).

`expectation`, `principal` and the flow in `lookup` are pure, and so is the offline
way: `keyset`, `jws` and `access_token`. `introspector` and `over_httpx2` reach the
authorization server; `fastapi` is the face to an API.

To verify JWT access tokens offline, without asking anyone:

    keys = KeySet.parse(document)  # the issuer's JWK Set; fetching it is up to you
    principal = verify(token, keys, Expectation(issuer, resource), time.time())
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepass.guard.access_token import verify
    from gatepass.guard.expectation import Expectation
    from gatepass.guard.keyset import KeySet
    from gatepass.guard.principal import Principal

__all__ = ["Expectation", "KeySet", "Principal", "verify"]

_HOMES = {
    "Expectation": "expectation",
    "KeySet": "keyset",
    "Principal": "principal",
    "verify": "access_token",
}


def __getattr__(name: str) -> object:
    """Load the cryptography on first use: a guard that introspects does not pay for it."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'gatepass.guard' has no attribute {name!r}")
