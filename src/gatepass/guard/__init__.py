"""Runs in an API: says who calls and what they may do, or refuses (RFC 6750, 7662, 9068).

`core` is the guard itself, independent of web frameworks; `fastapi` and the like adapt it to one.
An adapter needs `Guard`, `Request`, `Requirements` and `Denied`, all from here.

`model`, `jwt` and the flows in `issuer.discovery` are pure: no I/O and no clock. `issuer.client`
reaches the authorization server; `verification` decides about a token; `revocation` follows the
revocation feed.

To verify JWT access tokens offline, without asking anyone:

    keys = KeySet.parse(document)  # the issuer's JWK Set; fetching it is up to you
    principal = verify(token, keys, Expectation(issuer, resource), time.time())
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepass.guard.core.guard import Guard
    from gatepass.guard.core.options import Options
    from gatepass.guard.jwt.access_token import verify
    from gatepass.guard.jwt.assertion import verify_assertion
    from gatepass.guard.model.claim_names import ClaimNames
    from gatepass.guard.model.denial import Denial, Denied
    from gatepass.guard.model.expectation import Expectation
    from gatepass.guard.model.principal import Principal
    from gatepass.guard.model.request import Request
    from gatepass.guard.model.requirements import Requirements, any_of
    from gatepass.guard.model.status import Status
    from gatepass.guard.verification.jwks_cache import Policy
    from gatepass.jose.jwks import KeySet

__all__ = [
    "ClaimNames",
    "Denial",
    "Denied",
    "Expectation",
    "Guard",
    "KeySet",
    "Options",
    "Policy",
    "Principal",
    "Request",
    "Requirements",
    "Status",
    "any_of",
    "verify",
    "verify_assertion",
]

_HOMES = {
    "Request": "gatepass.guard.model.request",
    "ClaimNames": "gatepass.guard.model.claim_names",
    "Denial": "gatepass.guard.model.denial",
    "Denied": "gatepass.guard.model.denial",
    "Expectation": "gatepass.guard.model.expectation",
    "Guard": "gatepass.guard.core.guard",
    "KeySet": "gatepass.jose.jwks",
    "Requirements": "gatepass.guard.model.requirements",
    "Options": "gatepass.guard.core.options",
    "Policy": "gatepass.guard.verification.jwks_cache",
    "Principal": "gatepass.guard.model.principal",
    "Status": "gatepass.guard.model.status",
    "any_of": "gatepass.guard.model.requirements",
    "verify": "gatepass.guard.jwt.access_token",
    "verify_assertion": "gatepass.guard.jwt.assertion",
}


def __getattr__(name: str) -> object:
    """Load the cryptography on first use: a guard that introspects does not pay for it."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'gatepass.guard' has no attribute {name!r}")
