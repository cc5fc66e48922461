"""The revocation feed's endpoint: a long poll, for guards that verify tokens by themselves.

A guard asks with the cursor of the last answer and is told at once what it does not know, or
waits until there is something. Everything that it asks for stands in its request, so it may
ask another worker each time, and go on after it or we were restarted.
"""

import json
import re
import time
from functools import partial
from typing import NamedTuple

from gatepass.server.domain.catalogue.model import INTROSPECTION
from gatepass.server.domain.revocations.feed import cursor as cursors
from gatepass.server.domain.revocations.feed.cursor import Cursor
from gatepass.server.domain.revocations.feed.page import empty_page
from gatepass.server.environment.environment import Environment
from gatepass.server.http import NO_STORE, Deferred, Request, Response
from gatepass.server.oauth.client_authentication import note_use, proven_by_header
from gatepass.server.oauth.introspection import Challenged, check_bearer, has_bearer
from gatepass.server.tokens.request import check_query
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import Params, read_form

LONGEST_WAIT = 30  # seconds

_SECONDS = re.compile(r"[0-9]{1,2}")


class _Asked(NamedTuple):
    cursor: Cursor | None
    wait: int


def revocations(environment: Environment, arrived: Request) -> Response:
    """Tell an application with the scope `introspection` what is void; always raises Deferred.

    It authenticates with Basic, or shows a token with that scope. Raises OAuthError, and
    NeedsThread as introspection does.
    """
    asked = _read(environment, arrived)
    if has_bearer(arrived):
        _check_token(environment, arrived)
    else:
        _check_client(environment, arrived)
    raise Deferred(partial(_answer, environment, asked))


def _read(environment: Environment, arrived: Request) -> _Asked:
    check_query(arrived.query)
    params = read_form(arrived.query)
    cursor, wait = params.get("cursor"), params.get("wait") or "0"
    if not _SECONDS.fullmatch(wait) or int(wait) > LONGEST_WAIT:
        raise OAuthError("invalid_request", f"A guard waits 0 to {LONGEST_WAIT} seconds.")
    return _Asked(cursors.read(cursor, environment.issuer) if cursor else None, int(wait))


def _check_client(environment: Environment, arrived: Request) -> None:
    client = proven_by_header(environment, arrived, Params({}))
    note_use(environment, arrived, client, environment.clock())
    if INTROSPECTION not in client.application.scope:
        raise _insufficient()


def _check_token(environment: Environment, arrived: Request) -> None:
    try:
        check_bearer(environment, arrived)
    except OAuthError as refused:
        raise Challenged(refused, environment.issuer) from None


async def _answer(environment: Environment, asked: _Asked) -> Response:
    """Answer at once where there is something to tell, else when there is or the wait is over.

    Raises DatabaseAwayError, and OAuthError (503) where too many wait.
    """
    cursor, wait = asked
    rebuilds = environment.rebuilds
    if cursor is None or cursor != Cursor(environment.position):
        answer, is_news = await _page(environment, cursor)
        if cursor is None or is_news:
            return answer

    def has_come() -> bool:
        return environment.position.seq > cursor.position.seq or environment.rebuilds > rebuilds

    if wait and environment.notifier.is_full:
        raise OAuthError(
            "temporarily_unavailable",
            "Too many guards wait for the revocation feed. Try again shortly.",
            log_detail="the limit of waiting polls (http.max_waiting_polls)",
            retry_after=5,
        )
    await environment.notifier.wait(has_come, wait)
    known_at = environment.caught_up_at  # before the look, or it could be later than that
    if has_come():
        answer, _ = await _page(environment, cursor)
        return answer
    return _told(environment, known_at, empty_page(cursor, environment.issuer))


async def _page(environment: Environment, cursor: Cursor | None) -> tuple[Response, bool]:
    """Give the page behind a cursor as an answer, and whether it tells anything."""
    known_at = environment.caught_up_at
    page = await environment.pages.get(cursor, environment.position.seq, environment.rebuilds)
    told = _told(environment, known_at, page.members, resets=page.resets, more=page.more)
    return told, page.cursor != cursor


def _told(
    environment: Environment,
    known_at: float,
    members: str,
    *,
    resets: bool = False,
    more: bool = False,
) -> Response:
    """Give the answer; what was committed up to `known_at` (monotonic) is in it or was before."""
    now = environment.clock()
    as_of = now - (time.monotonic() - known_at)
    head = json.dumps(
        {"time": round(now, 3), "as_of": round(as_of, 3), "reset": resets, "more": more}
    )
    return Response(200, NO_STORE, f"{head[:-1]}, {members}}}".encode())


def _insufficient() -> OAuthError:
    return OAuthError(
        "insufficient_scope",
        "The revocation feed needs the scope introspection, which the operator grants.",
        log_detail="not an application with the scope introspection",
    )
