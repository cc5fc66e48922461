"""The parts of a guard that send requests to the issuer, made by its options."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from gatepass.concurrency.single_flight import SingleFlight
from gatepass.guard.core import options as read
from gatepass.guard.core.options import Options
from gatepass.guard.issuer.client import IssuerClient
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.status import Counters
from gatepass.guard.verification.binding import Binding
from gatepass.guard.verification.introspection import TIMEOUT, IntrospectionClient
from gatepass.guard.verification.introspection_request import CACHE_SECONDS
from gatepass.guard.verification.jwks_cache import Policy

if TYPE_CHECKING:
    from gatepass.guard.verification.jwt import JwtVerifier


class Connection(NamedTuple):
    """What verifies tokens with the issuer's help; without credentials nothing is introspected."""

    issuer: IssuerClient
    introspection: IntrospectionClient | None
    jwt: "JwtVerifier | None"


def connect(
    expect: Expectation,
    options: Options,
    single_flight: SingleFlight,
    binding: Binding,
    *,
    clock: Callable[[], float],
    counters: Counters,
) -> Connection:
    """Make the parts that send requests to the issuer; sends none."""
    timeout = options.get("timeout", TIMEOUT)
    issuer = IssuerClient(expect.issuer, read.endpoints(options), timeout, clock)
    is_offline = expect.resource is not None and options.get("offline", True)
    credentials = read.credentials(options, needed=not is_offline)
    offer = getattr(options.get("revocations"), "use_credentials", None)  # a Feed's
    if offer is not None:
        offer(credentials)
    introspection = jwt = None
    if credentials is not None:
        introspection = IntrospectionClient(
            issuer,
            single_flight,
            credentials,
            cache_seconds=options.get("cache_seconds", CACHE_SECONDS),
            timeout=timeout,
            clock=clock,
            counters=counters,
            names=expect.claims,
        )
    if is_offline:
        # here, as a guard that only introspects does not load the cryptography
        from gatepass.guard.verification.jwt import JwtVerifier

        jwt = JwtVerifier(
            issuer,
            single_flight,
            expect,
            options.get("keys") or Policy(),
            timeout=timeout,
            clock=clock,
            counters=counters,
            binding=binding,
        )
    return Connection(issuer, introspection, jwt)
