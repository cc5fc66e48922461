"""Runs in an API: says who calls and what they may do, or refuses (RFC 6750, 7662, 9068).

`core` is the guard itself, which knows no web framework; `fastapi` and its like are its faces.
An adapter needs `Guard`, `Arrived`, `Needs` and `Denied`, all from here.

Pure are `arrived`, `needs`, `denied`, `expectation`, `principal`, `keyring`, the flows in `issuer`
and `lookup`, and the offline way: `keyset`, `jws`, `access_token`. `outside` and `over_httpx2`
reach the authorization server, in the threads of `flights`; `steps` are the two ways to wait.

To verify JWT access tokens offline, without asking anyone:

    keys = KeySet.parse(document)  # the issuer's JWK Set; fetching it is up to you
    principal = verify(token, keys, Expectation(issuer, resource), time.time())
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepass.guard.access_token import verify
    from gatepass.guard.arrived import Arrived
    from gatepass.guard.assertion import verify_assertion
    from gatepass.guard.claim_names import ClaimNames
    from gatepass.guard.core import Guard
    from gatepass.guard.denied import Denial, Denied
    from gatepass.guard.expectation import Expectation
    from gatepass.guard.keyring import Policy
    from gatepass.guard.keyset import KeySet
    from gatepass.guard.needs import Needs, any_of
    from gatepass.guard.options import Options
    from gatepass.guard.principal import Principal
    from gatepass.guard.told import Status

__all__ = [
    "Arrived",
    "ClaimNames",
    "Denial",
    "Denied",
    "Expectation",
    "Guard",
    "KeySet",
    "Needs",
    "Options",
    "Policy",
    "Principal",
    "Status",
    "any_of",
    "verify",
    "verify_assertion",
]

_HOMES = {
    "Arrived": "arrived",
    "ClaimNames": "claim_names",
    "Denial": "denied",
    "Denied": "denied",
    "Expectation": "expectation",
    "Guard": "core",
    "KeySet": "keyset",
    "Needs": "needs",
    "Options": "options",
    "Policy": "keyring",
    "Principal": "principal",
    "Status": "told",
    "any_of": "needs",
    "verify": "access_token",
    "verify_assertion": "assertion",
}


def __getattr__(name: str) -> object:
    """Load the cryptography on first use: a guard that introspects does not pay for it."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'gatepass.guard' has no attribute {name!r}")
