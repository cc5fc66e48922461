"""The revocation feed's endpoint: a long poll for guards that verify tokens locally.

A guard sends the cursor of the last page. The server responds at once if there is anything new,
else when there is or when the wait is over. The request carries all the state, so a guard may ask
another worker each time, and goes on after a restart of either side.
"""

import json
import re
import time
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.catalogue.model import INTROSPECTION
from gatepass.server.domain.revocations.feed import cursor as cursors
from gatepass.server.domain.revocations.feed.cursor import Cursor
from gatepass.server.domain.revocations.feed.page import empty_page
from gatepass.server.domain.revocations.followers import model as followers
from gatepass.server.domain.revocations.followers.model import Follower, Poll
from gatepass.server.domain.usage.counter import text as usage_text
from gatepass.server.http import NO_STORE, Deferred, NeedsThread, Request, Response, Result
from gatepass.server.oauth.authentication.assertion import with_client
from gatepass.server.oauth.authentication.binding import has_dpop, with_nonce
from gatepass.server.oauth.bearer_authentication import authenticate_bearer, has_bearer
from gatepass.server.oauth.client_authentication import (
    authenticate_by_header,
    credentials_of,
    record_use,
)
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.request import (
    check_query,
    has_assertion,
    has_certificate,
    parse_parameters,
)
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import Params, read_form

LONGEST_WAIT = 30  # seconds

_SECONDS = re.compile(r"[0-9]{1,2}")


class _Poll(NamedTuple):
    cursor: Cursor | None
    wait: int  # seconds


def revocations(environment: ServedEnvironment, request: Request) -> Result:
    """Return what was revoked, to an application with the scope `introspection`.

    It authenticates with Basic or, in the form of a POST request, with a client assertion or a
    certificate; or it presents an access token with that scope. Raises OAuthError.
    """
    check_query(request.query)
    params = parse_parameters(request) if request.body else read_form(request.query)
    poll = _parse(environment, params)
    if has_assertion(params) or has_certificate(request, params):
        credentials = credentials_of(environment, request, params)
        then = partial(_begin, environment, request, poll)
        return with_client(environment, request, credentials, then)
    if has_bearer(request):
        caller = authenticate_bearer(
            environment,
            request,
            status=HTTPStatus.FORBIDDEN.value,
            method="POST" if request.body else "GET",
            urls=environment.feed_urls,
        )
        if isinstance(caller, NeedsThread):
            return caller
        return _follow(environment, request, poll, caller)
    client = authenticate_by_header(environment, request, Params({}))
    return client if isinstance(client, NeedsThread) else _begin(environment, request, poll, client)


def _begin(
    environment: ServedEnvironment, request: Request, poll: _Poll, client: AuthenticatedClient
) -> Deferred:
    record_use(environment, request, client, environment.clock())
    if INTROSPECTION not in client.application.scope:
        raise OAuthError(
            "insufficient_scope",
            "The revocation feed needs the scope introspection, which the operator grants.",
            log_detail="not an application with the scope introspection",
        )
    return _follow(environment, request, poll, client.application)


def _follow(
    environment: ServedEnvironment, request: Request, poll: _Poll, caller: CachedApplication
) -> Deferred:
    agent = usage_text(request.headers.get(b"user-agent", b""))
    missing = followers.behind(poll.cursor, environment.position.seq)
    environment.followers.note(
        Follower(caller.id, request.source, agent), Poll(environment.clock(), missing)
    )
    if has_dpop(request):
        return Deferred(partial(_respond_with_nonce, environment, request, poll))
    return Deferred(partial(_respond, environment, poll))


def _parse(environment: ServedEnvironment, params: Params) -> _Poll:
    cursor, wait = params.get("cursor"), params.get("wait") or "0"
    if not _SECONDS.fullmatch(wait) or int(wait) > LONGEST_WAIT:
        raise OAuthError("invalid_request", f"A guard waits 0 to {LONGEST_WAIT} seconds.")
    return _Poll(cursors.read(cursor, environment.issuer) if cursor else None, int(wait))


async def _respond_with_nonce(
    environment: ServedEnvironment, request: Request, poll: _Poll
) -> Response:
    return with_nonce(environment, request, await _respond(environment, poll))


async def _respond(environment: ServedEnvironment, poll: _Poll) -> Response:
    """Respond at once if there is anything new, else when there is or the wait is over.

    Raises DatabaseAwayError, and OAuthError (503) where too many wait.
    """
    cursor, wait = poll
    rebuilds = environment.rebuilds
    if cursor is None or cursor != Cursor(environment.position):
        response, is_new = await _page(environment, cursor)
        if cursor is None or is_new:
            return response

    def is_changed() -> bool:
        return environment.position.seq > cursor.position.seq or environment.rebuilds > rebuilds

    if wait and environment.notifier.is_full:
        raise OAuthError(
            "temporarily_unavailable",
            "Too many guards wait for the revocation feed. Try again shortly.",
            log_detail="the limit of waiting polls (http.max_waiting_polls)",
            retry_after=5,
        )
    await environment.notifier.wait(is_changed, wait)
    known_at = environment.caught_up_at  # read first, as it may advance during the next line
    if is_changed():
        response, _ = await _page(environment, cursor)
        return response
    environment.followers.pages_sent["empty"] += 1
    return _response(environment, known_at, empty_page(cursor, environment.issuer))


async def _page(environment: ServedEnvironment, cursor: Cursor | None) -> tuple[Response, bool]:
    """Return the page after a cursor as a response, and whether it has anything new."""
    known_at = environment.caught_up_at
    page = await environment.feed_pages.get(cursor, environment.position.seq, environment.rebuilds)
    response = _response(environment, known_at, page.members, resets=page.resets, more=page.more)
    is_new = page.cursor != cursor
    sent = "snapshot" if page.resets else "changes" if is_new else "empty"
    environment.followers.pages_sent[sent] += 1
    return response, is_new


def _response(
    environment: ServedEnvironment,
    known_at: float,
    members: str,
    *,
    resets: bool = False,
    more: bool = False,
) -> Response:
    """Return the response with everything committed up to `known_at` (monotonic), or before."""
    now = environment.clock()
    as_of = now - (time.monotonic() - known_at)
    head = json.dumps(
        {"time": round(now, 3), "as_of": round(as_of, 3), "reset": resets, "more": more}
    )
    return Response(200, NO_STORE, f"{head[:-1]}, {members}}}".encode())
