"""Runs in an API: identifies the caller of a request, or refuses it (RFC 6750, 7662, 9068).

`core` is the guard itself, independent of web frameworks; `fastapi` and the like adapt it to one.
An adapter needs `Guard`, `Request`, `Requirements` and `Denied`. Every public name but those of
adapters is imported from here, and loaded at its first use: a guard that introspects loads no
cryptography.

`model`, `jwt` and the flows in `issuer.discovery` are pure: no I/O and no clock. `issuer.client`
reaches the authorization server; `verification` decides about a token; `revocation` follows the
revocation feed.

To verify JWT access tokens locally, without any request:

    keys = KeySet.parse(document)  # the issuer's JWK Set; fetching it is up to the caller
    principal = verify(token, keys, Expectation(issuer, resource), time.time())
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepass.guard.core.guard import Guard
    from gatepass.guard.core.options import Options
    from gatepass.guard.core.rate_limit import RateLimit
    from gatepass.guard.issuer.credentials import Credentials
    from gatepass.guard.jwt.access_token import verify
    from gatepass.guard.jwt.assertion import ASSERTION_HEADER, verify_assertion
    from gatepass.guard.model.claim_names import ClaimNames
    from gatepass.guard.model.denial import Denial, Denied
    from gatepass.guard.model.expectation import Expectation
    from gatepass.guard.model.principal import Principal
    from gatepass.guard.model.request import Request
    from gatepass.guard.model.requirements import Requirements, any_of
    from gatepass.guard.model.status import Status
    from gatepass.guard.revocation.feed import Feed
    from gatepass.guard.revocation.interface import Revocations
    from gatepass.guard.verification.jwks_cache import Policy
    from gatepass.jose.jwks import KeySet

_MODULES = {
    "ASSERTION_HEADER": "guard.jwt.assertion",
    "ClaimNames": "guard.model.claim_names",
    "Credentials": "guard.issuer.credentials",
    "Denial": "guard.model.denial",
    "Denied": "guard.model.denial",
    "Expectation": "guard.model.expectation",
    "Feed": "guard.revocation.feed",
    "Guard": "guard.core.guard",
    "KeySet": "jose.jwks",
    "Options": "guard.core.options",
    "Policy": "guard.verification.jwks_cache",
    "Principal": "guard.model.principal",
    "RateLimit": "guard.core.rate_limit",
    "Request": "guard.model.request",
    "Requirements": "guard.model.requirements",
    "Revocations": "guard.revocation.interface",
    "Status": "guard.model.status",
    "any_of": "guard.model.requirements",
    "verify": "guard.jwt.access_token",
    "verify_assertion": "guard.jwt.assertion",
}

__all__ = [
    "ASSERTION_HEADER",
    "ClaimNames",
    "Credentials",
    "Denial",
    "Denied",
    "Expectation",
    "Feed",
    "Guard",
    "KeySet",
    "Options",
    "Policy",
    "Principal",
    "RateLimit",
    "Request",
    "Requirements",
    "Revocations",
    "Status",
    "any_of",
    "verify",
    "verify_assertion",
]


def __getattr__(name: str) -> object:
    """Load a public name on first use (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module 'gatepass.guard' has no attribute {name!r}")
    return getattr(import_module(f"gatepass.{_MODULES[name]}"), name)
