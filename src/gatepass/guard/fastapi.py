"""The guard as a FastAPI dependency, with its OpenAPI security scheme: a face of `core`."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, TypeAlias, Unpack, cast

from fastapi import Security
from fastapi.openapi.models import OAuth2, OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from gatepass.guard import asgi
from gatepass.guard.core.adapter import Adapter
from gatepass.guard.core.options import Answer, Inspect, Options
from gatepass.guard.model import denial as denied
from gatepass.guard.model.denial import Denial
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.requirements import Requirements, ScopeRequirement, any_of
from gatepass.guard.starlette import arrived
from gatepass.guard.verification.waiting import is_coroutine
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

__all__ = ["Denied", "Expectation", "Guard", "Principal", "any_of"]

Ask: TypeAlias = Callable[[Secret, HTTPConnection], Awaitable[Answer]]


class Denied(HTTPException):
    """What the guard raises.

    A framework that knows HTTPException answers it with the right status and headers, and
    the body `{"detail": ...}`, which is a problem document though a short one; `answer` gives
    the whole of it.
    """

    def __init__(self, denial: Denial) -> None:
        super().__init__(denial.status, denial.detail, dict(denial.headers))
        self.denial = denial


async def answer(_request: Request, error: Exception) -> Response:
    """Answer a Denied with type, title, status and detail: an exception handler."""
    if not isinstance(error, Denied):
        raise error
    return Response(error.denial.body(), error.status_code, error.headers)


class Guard(Adapter):
    """Lets requests with a good access token through, and no other.

    Takes the settings of `gatepass.guard.Guard`. `inspect` gets the token and the request;
    an `async def` runs on the event loop, a plain function in a thread. `expect` gets the request.
    """

    def __init__(self, issuer: str | None = None, **options: Unpack[Options]) -> None:
        inspect = options.get("inspect")
        if inspect is not None:
            options["inspect"] = _off_the_loop(inspect)
        super().__init__(issuer, **options)
        self._flow = OAuthFlowClientCredentials(tokenUrl=self.core.token_url, scopes={})
        self._model = OAuth2(flows=OAuthFlows(clientCredentials=self._flow))
        self._scheme = _Scheme(self, self._model)
        self._described = _Described(self._model)

    def requires(self, *wanted: ScopeRequirement, organization: str = "") -> Any:  # noqa: ANN401 - as Security
        """Give the dependency that answers with the Principal, for use in Annotated.

        Refuses a caller who lacks one of `wanted`: a scope, `any_of(...)`, or a mapping of methods
        to either (see `Requirements.of`); without any, every good token passes. `organization`
        names the path parameter that must be the caller's `org_id`: another's answers 404. Does NOT
        check otherwise that what is asked for belongs to the caller. Scopes of a Security above
        it are needed too. Raises ValueError for a scope that can never be granted.
        """
        needs = Requirements.of(*wanted, organization=organization)
        self._flow.scopes.update(dict.fromkeys(needs.mentioned.names, ""))
        mentioned = list(needs.mentioned.names)
        if needs.is_plain:
            return Security(self._scheme, scopes=mentioned)
        return Security(_needing(self, needs, Security(self._described, scopes=mentioned)))

    def problems(self, app: Starlette) -> None:
        """Have `app` answer refusals with whole problem documents (RFC 9457): a nicety.

        Without it they have status and headers all the same, and `detail` alone in the body.
        """
        app.add_exception_handler(Denied, answer)

    async def identify(self, connection: HTTPConnection, wanted: Scope | Requirements) -> Principal:
        """Tell who sent a request, or raise Denied; see `core.Guard.identify`.

        Behind a proxy, let the server find the caller's address in headers that it trusts.
        """
        needs = wanted if isinstance(wanted, Requirements) else Requirements(wanted)
        try:
            asked = await arrived(connection)
            return await asgi.admit(connection.scope, self.core, asked, needs)
        except denied.Denied as caught:
            raise Denied(caught.denial) from None

    @property
    def token_url(self) -> str:
        """Where callers get tokens; a path where the issuer depends on the request."""
        return self.core.token_url


class _Described(SecurityBase):
    """What a call needs as OpenAPI has it; FastAPI knows a security scheme by its type."""

    def __init__(self, model: OAuth2) -> None:
        self.model = model
        self.scheme_name = "Gatepass"

    async def __call__(self) -> None:
        """Do nothing."""


class _Scheme(SecurityBase):
    """The dependency itself; it asks for the scopes that FastAPI has gathered."""

    def __init__(self, guard: Guard, model: OAuth2) -> None:
        self._guard = guard
        self.model = model
        self.scheme_name = "Gatepass"

    async def __call__(self, connection: HTTPConnection, gathered: SecurityScopes) -> Principal:
        return await self._guard.identify(connection, _asking(tuple(gathered.scopes)))


def _needing(
    guard: Guard,
    needs: Requirements,
    described: Any,  # noqa: ANN401 - as FastAPI declares it
) -> Callable[..., Awaitable[Principal]]:
    """Give the dependency that asks for `needs`, and for what those above it want as well.

    The scopes of its own are told by another below it: FastAPI would gather all in one list.
    """

    async def identify(
        connection: HTTPConnection,
        gathered: SecurityScopes,
        _told: Annotated[None, described],
    ) -> Principal:
        above = gathered.scopes
        asked = replace(needs, every=Scope((*above, *needs.every.names))) if above else needs
        return await guard.identify(connection, asked)

    return identify


@lru_cache(maxsize=1024)  # an application asks for few different ones, and again and again
def _asking(scopes: tuple[str, ...]) -> Requirements:
    return Requirements(Scope(scopes))


def _off_the_loop(inspect: Inspect) -> Ask:
    """Give `inspect` as it can be awaited; what may block runs in a thread."""
    if is_coroutine(inspect):
        return cast("Ask", inspect)
    blocking = cast("Callable[[Secret, HTTPConnection], Answer]", inspect)

    async def in_a_thread(token: Secret, connection: HTTPConnection) -> Answer:
        return await run_in_threadpool(blocking, token, connection)

    return in_a_thread
