"""A guard's settings, by name; the same for every face."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.issuer.discovery import Endpoints
from gatepass.guard.issuer.urls import checked
from gatepass.guard.model.claim_names import OURS, ClaimNames
from gatepass.guard.model.expectation import LEEWAY, Expectation
from gatepass.guard.model.principal import Principal
from gatepass.guard.revocation.interface import OnStale, Revocations
from gatepass.guard.verification.jwks_cache import Policy
from gatepass.wire.secret import Secret

if TYPE_CHECKING:
    from gatepass.guard.core.rate_limit import RateLimit

Answer: TypeAlias = Mapping[str, object] | None
# The second argument is the `context` of what arrived: the framework's own request.
Inspect: TypeAlias = Callable[[Secret, Any], Answer] | Callable[[Secret, Any], Awaitable[Answer]]
Recall: TypeAlias = Callable[[Secret, Any], Principal | None]
Expect: TypeAlias = Callable[[Any], Expectation]

# Settings that are objects, for which text or a table is easily taken.
_MADE = {
    "keys": "Policy(max_age=60)",
    "rate": 'RateLimit("100/minute")',
    "revocations": 'Feed("https://app.example.com")',
}


class Options(TypedDict, total=False):
    """What a guard may be told beside its issuer; see `Guard`."""

    resource: str | None
    resource_metadata: str | None
    client_id: str | None
    client_secret: Secret | str | None
    claims: ClaimNames
    plain: bool
    leeway: float
    offline: bool
    jwks_uri: str
    introspection_endpoint: str
    remember: float
    keys: Policy
    revocations: Revocations | None
    on_stale: OnStale
    rate: "RateLimit | None"
    inspect: Inspect | None
    recall: Recall | None
    expect: Expectation | Expect | None
    timeout: float
    clock: Callable[[], float]


def expectation(issuer: str | None, options: Options) -> Expectation | Expect:
    """Give what a guard expects; raise ValueError where that is not clear."""
    expect = options.get("expect")
    if (issuer is None) == (expect is None):
        raise ValueError("give the guard an issuer, or what to expect; one of them")
    for name, made in _MADE.items():
        if isinstance(options.get(name), str | int | float | Mapping):
            raise ValueError(f"{name} must be made first, as {made}")
    if options.get("recall") is not None and options.get("inspect") is None:
        raise ValueError("recall is asked before inspect, and nothing without it")
    if expect is None:
        return Expectation.about(
            checked(issuer or "", "the issuer", is_issuer=True),
            options.get("resource"),
            options.get("resource_metadata"),
            options.get("claims", OURS),
            plain=options.get("plain", False),
            leeway=options.get("leeway", LEEWAY),
        )
    theirs = ("resource", "resource_metadata", "claims", "plain", "leeway")
    if any(options.get(name) for name in theirs):
        raise ValueError(f"{', '.join(theirs)} belong into what to expect")
    if not isinstance(expect, Expectation) and options.get("inspect") is None:
        raise ValueError("what to expect can depend on the request only with inspect")
    return expect


def endpoints(options: Options) -> Endpoints:
    """Give the addresses that were told; raise ValueError for one that is not safe."""
    told = (options.get("jwks_uri", ""), options.get("introspection_endpoint", ""))
    jwks_uri, introspection = told
    return Endpoints(
        checked(jwks_uri, "jwks_uri") if jwks_uri else "",
        checked(introspection, "introspection_endpoint") if introspection else "",
    )


def credentials(options: Options, *, needed: bool) -> Credentials | None:
    """Give the guard's own id and secret, told or of the environment.

    Raises ValueError where they are needed and not there, or half there.
    """
    given = (options.get("client_id"), options.get("client_secret"))
    names = ("GATEPASS_CLIENT_ID", "GATEPASS_CLIENT_SECRET", "GATEPASS_CLIENT_SECRET_FILE")
    if not needed and not any(given) and not any(map(os.environ.get, names)):
        return None
    return Credentials.read(*given, os.environ)
