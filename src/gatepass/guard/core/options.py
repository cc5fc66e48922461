"""A guard's options, the same for every adapter, and how they are read."""

import os
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.issuer.discovery import Endpoints
from gatepass.guard.issuer.urls import checked
from gatepass.guard.model.claim_names import OURS, ClaimNames
from gatepass.guard.model.expectation import LEEWAY, Expectation
from gatepass.guard.model.principal import Principal
from gatepass.guard.revocation.interface import OnStale, Revocations
from gatepass.guard.verification.binding import Binding, DPoP
from gatepass.guard.verification.certificates import ClientCertificates
from gatepass.guard.verification.jwks_cache import Policy
from gatepass.wire.secret import Secret
from gatepass.wire.urls import split

if TYPE_CHECKING:
    from gatepass.guard.core.rate_limit import RateLimit

Answer: TypeAlias = Mapping[str, object] | None
# The second argument is the `context` of the request: the framework's own object.
Inspect: TypeAlias = Callable[[Secret, Any], Answer] | Callable[[Secret, Any], Awaitable[Answer]]
GetCached: TypeAlias = Callable[[Secret, Any], Principal | None]
Expect: TypeAlias = Callable[[Any], Expectation]

# Options that are objects, for which text or a table is passed by mistake.
_OBJECTS = {
    "client_certificates": 'ClientCertificates("X-Client-Cert")',
    "dpop": "DPoP(max_age=60)",
    "keys": "Policy(max_age=60)",
    "rate": 'RateLimit("100/minute")',
    "revocations": 'Feed("https://app.example.com")',
}


class Options(TypedDict, total=False):
    """A guard's keyword arguments; see `Guard`."""

    resource: str | None
    resource_metadata: str | None
    base_url: str
    dpop: DPoP | None
    client_certificates: ClientCertificates | None
    require_bound_tokens: bool
    client_id: str | None
    client_secret: Secret | str | None
    claims: ClaimNames
    lenient: bool
    leeway: float
    offline: bool
    jwks_uri: str
    introspection_endpoint: str
    cache_seconds: float
    keys: Policy
    revocations: Revocations | None
    on_stale_feed: OnStale
    rate: "RateLimit | None"
    inspect: Inspect | None
    get_cached: GetCached | None
    expect: Expectation | Expect | None
    timeout: float
    clock: Callable[[], float]


def expectation(issuer: str | None, options: Options) -> Expectation | Expect:
    """Return what a token must fulfil; raise ValueError for options that contradict each other."""
    expect = options.get("expect")
    if (issuer is None) == (expect is None):
        raise ValueError("give the guard either an issuer or expect")
    for name, example in _OBJECTS.items():
        if isinstance(options.get(name), str | int | float | Mapping):
            raise ValueError(f"{name} is an object, such as {example}")
    if options.get("get_cached") is not None and options.get("inspect") is None:
        raise ValueError("get_cached works with inspect alone: pass inspect too")
    if expect is None:
        return Expectation.about(
            checked(issuer or "", "the issuer", is_issuer=True),
            options.get("resource"),
            options.get("resource_metadata"),
            options.get("claims", OURS),
            lenient=options.get("lenient", False),
            leeway=options.get("leeway", LEEWAY),
        )
    parts = ("resource", "resource_metadata", "claims", "lenient", "leeway")
    if any(options.get(name) for name in parts):
        raise ValueError(f"{', '.join(parts)} are part of expect")
    if not isinstance(expect, Expectation) and options.get("inspect") is None:
        raise ValueError("expect may be a function only with inspect")
    return expect


def binding(options: Options) -> Binding:
    """Return the checks of bound tokens; raise ValueError for a `base_url` that is no address."""
    base_url = options.get("base_url", "")
    parts = split(base_url) if base_url else None
    if base_url and (parts is None or any(each in base_url for each in "?#@")):
        raise ValueError("base_url is an address without user, query and fragment")
    is_required = options.get("require_bound_tokens", False)
    certificates = options.get("client_certificates")
    return Binding(options.get("dpop"), base_url.rstrip("/"), certificates, is_required=is_required)


def clock(options: Options) -> Callable[[], float]:
    """Return the guard's clock, in seconds since 1970."""
    return options.get("clock", time.time)


def on_stale_feed(options: Options) -> OnStale:
    """Return what to do with JWTs while the feed is stale; raise ValueError for another word."""
    found = options.get("on_stale_feed", "introspect")
    if found not in {"introspect", "refuse", "allow"}:
        raise ValueError('on_stale_feed is "introspect", "refuse" or "allow"')
    return found


def endpoints(options: Options) -> Endpoints:
    """Return the configured addresses; raise ValueError for one that is not safe."""
    jwks_uri, introspection = options.get("jwks_uri"), options.get("introspection_endpoint")
    return Endpoints(
        checked(jwks_uri, "jwks_uri") if jwks_uri else "",
        checked(introspection, "introspection_endpoint") if introspection else "",
    )


def credentials(options: Options, *, needed: bool) -> Credentials | None:
    """Return the guard's own id and secret, of its options or of the environment.

    Raises ValueError if they are needed and missing, or if one of them is missing.
    """
    given = (options.get("client_id"), options.get("client_secret"))
    names = ("GATEPASS_CLIENT_ID", "GATEPASS_CLIENT_SECRET", "GATEPASS_CLIENT_SECRET_FILE")
    if not needed and not any(given) and not any(map(os.environ.get, names)):
        return None
    return Credentials.read(*given, os.environ)
