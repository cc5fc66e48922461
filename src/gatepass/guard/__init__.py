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

from typing import TYPE_CHECKING

from gatepass.lazy_names import lazy_names

if TYPE_CHECKING:
    from gatepass.guard.core.guard import Guard as Guard
    from gatepass.guard.core.options import Options as Options
    from gatepass.guard.core.rate_limit import RateLimit as RateLimit
    from gatepass.guard.issuer.credentials import Credentials as Credentials
    from gatepass.guard.jwt.access_token import verify as verify
    from gatepass.guard.jwt.assertion import ASSERTION_HEADER as ASSERTION_HEADER
    from gatepass.guard.jwt.assertion import verify_assertion as verify_assertion
    from gatepass.guard.model.claim_names import ClaimNames as ClaimNames
    from gatepass.guard.model.error_response import Denied as Denied
    from gatepass.guard.model.error_response import ErrorResponse as ErrorResponse
    from gatepass.guard.model.expectation import Expectation as Expectation
    from gatepass.guard.model.principal import Principal as Principal
    from gatepass.guard.model.request import Request as Request
    from gatepass.guard.model.requirements import Requirements as Requirements
    from gatepass.guard.model.requirements import any_of as any_of
    from gatepass.guard.model.status import Status as Status
    from gatepass.guard.revocation.feed import Feed as Feed
    from gatepass.guard.revocation.interface import Revocations as Revocations
    from gatepass.guard.verification.binding import DPoP as DPoP
    from gatepass.guard.verification.certificates import (
        ClientCertificates as ClientCertificates,
    )
    from gatepass.guard.verification.jwks_cache import Policy as Policy
    from gatepass.guard.verification.replays import ProcessReplays as ProcessReplays
    from gatepass.guard.verification.replays import RedisReplays as RedisReplays
    from gatepass.guard.verification.replays import Replays as Replays
    from gatepass.jose.jwks import KeySet as KeySet

_MODULES = {
    "ASSERTION_HEADER": ".jwt.assertion",
    "ClaimNames": ".model.claim_names",
    "ClientCertificates": ".verification.certificates",
    "Credentials": ".issuer.credentials",
    "DPoP": ".verification.binding",
    "Denied": ".model.error_response",
    "ErrorResponse": ".model.error_response",
    "Expectation": ".model.expectation",
    "Feed": ".revocation.feed",
    "Guard": ".core.guard",
    "KeySet": "gatepass.jose.jwks",
    "Options": ".core.options",
    "Policy": ".verification.jwks_cache",
    "Principal": ".model.principal",
    "ProcessReplays": ".verification.replays",
    "RateLimit": ".core.rate_limit",
    "RedisReplays": ".verification.replays",
    "Replays": ".verification.replays",
    "Request": ".model.request",
    "Requirements": ".model.requirements",
    "Revocations": ".revocation.interface",
    "Status": ".model.status",
    "any_of": ".model.requirements",
    "verify": ".jwt.access_token",
    "verify_assertion": ".jwt.assertion",
}

__all__ = list(_MODULES)
__getattr__ = lazy_names(__name__, _MODULES)  # a guard that introspects loads no cryptography
