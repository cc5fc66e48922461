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

from gatepass.server.applications.model import Application
from gatepass.server.arrival import NO_STORE, Answer, Arrived, Waits
from gatepass.server.catalogue.model import INTROSPECTION
from gatepass.server.environment import Environment
from gatepass.server.feed import cursor as cursors
from gatepass.server.feed.cursor import Cursor
from gatepass.server.feed.page import nothing
from gatepass.server.introspect import owner_of, stands_behind, unexpired
from gatepass.server.token import respond
from gatepass.server.token.client import check_memory, note_use, proven_by_header
from gatepass.server.token.parse import check_query
from gatepass.wire import bearer
from gatepass.wire.network import allows
from gatepass.wire.params import Params, read_form
from gatepass.wire.problem import Refused
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

LONGEST_WAIT = 30  # seconds

_NEEDED = Scope((INTROSPECTION,))
_SECONDS = re.compile(r"[0-9]{1,2}")


class Challenged(Refused):
    """A refused bearer token (RFC 6750 §3), told as every error here."""

    def __init__(self, refused: Refused, realm: str) -> None:
        super().__init__(refused.code, refused.say, note=refused.note, status=refused.status)
        self.retry_after = refused.retry_after
        self._challenge = bearer.challenge(refused, realm=realm, scope=_NEEDED)

    def answer(self) -> Answer:
        """Give the answer."""
        plain = respond.refusal(self, challenged=False, realm="")
        challenge = (b"www-authenticate", self._challenge.encode())
        return plain._replace(headers=(*plain.headers, challenge))


class _Asked(NamedTuple):
    cursor: Cursor | None
    wait: int


def revocations(environment: Environment, arrived: Arrived) -> Answer:
    """Tell an application with the scope `introspection` what is void; always raises Waits.

    It authenticates with Basic, or shows a token with that scope. Raises Refused, and Later
    as introspection does.
    """
    asked = _read(environment, arrived)
    authorization = arrived.headers.get(b"authorization", b"").decode("latin-1")
    if authorization[:7].lower() == "bearer ":
        _check_token(environment, arrived, authorization)
    else:
        _check_client(environment, arrived)
    raise Waits(partial(_answer, environment, asked))


def _read(environment: Environment, arrived: Arrived) -> _Asked:
    check_query(arrived.query)
    params = read_form(arrived.query)
    cursor, wait = params.get("cursor"), params.get("wait") or "0"
    if not _SECONDS.fullmatch(wait) or int(wait) > LONGEST_WAIT:
        raise Refused("invalid_request", f"A guard waits 0 to {LONGEST_WAIT} seconds.")
    return _Asked(cursors.read(cursor, environment.issuer) if cursor else None, int(wait))


def _check_client(environment: Environment, arrived: Arrived) -> None:
    client = proven_by_header(environment, arrived, Params({}))
    note_use(environment, arrived, client, environment.clock())
    if INTROSPECTION not in client.application.scope:
        raise _insufficient()


def _check_token(environment: Environment, arrived: Arrived, authorization: str) -> None:
    check_memory(environment)
    try:
        token = bearer.read([authorization])
        assert token is not None  # noqa: S101 - its scheme is Bearer
        _check_claims(environment, arrived, token)
    except Refused as refused:
        raise Challenged(refused, environment.issuer) from None


def _check_claims(environment: Environment, arrived: Arrived, token: Secret) -> None:
    claims = unexpired(environment, token)
    owner: Application | None = owner_of(environment.directory, claims) if claims else None
    if claims is None or owner is None or not stands_behind(owner, claims):
        raise _invalid("the token is not active")
    if claims.audience and environment.partner_api not in claims.audience:
        raise _invalid("the token is for another audience")
    if not allows(owner.networks, arrived.source):
        raise _invalid("the source is in none of the application's networks")
    if INTROSPECTION not in Scope.parse(claims.scope):
        raise _insufficient()


async def _answer(environment: Environment, asked: _Asked) -> Answer:
    """Answer at once where there is something to tell, else when there is or the wait is over.

    Raises DatabaseAwayError, and Refused (503) where too many wait.
    """
    cursor, wait = asked
    rebuilds = environment.rebuilds
    if cursor is None or cursor != Cursor(environment.place):
        answer, is_news = await _page(environment, cursor)
        if cursor is None or is_news:
            return answer

    def has_come() -> bool:
        return environment.place.seq > cursor.place.seq or environment.rebuilds > rebuilds

    if wait and environment.news.is_full:
        raise Refused(
            "temporarily_unavailable",
            "Too many guards wait for the revocation feed. Try again shortly.",
            note="the limit of waiting polls (http.max_waiting_polls)",
            retry_after=5,
        )
    await environment.news.wait(has_come, wait)
    known_at = environment.caught_up_at  # before the look, or it could be later than that
    if has_come():
        answer, _ = await _page(environment, cursor)
        return answer
    return _told(environment, known_at, nothing(cursor, environment.issuer))


async def _page(environment: Environment, cursor: Cursor | None) -> tuple[Answer, bool]:
    """Give the page behind a cursor as an answer, and whether it tells anything."""
    known_at = environment.caught_up_at
    page = await environment.pages.get(cursor, environment.place.seq)
    told = _told(environment, known_at, page.members, resets=page.resets, more=page.more)
    return told, page.cursor != cursor


def _told(
    environment: Environment,
    known_at: float,
    members: str,
    *,
    resets: bool = False,
    more: bool = False,
) -> Answer:
    """Give the answer; what was committed up to `known_at` (monotonic) is in it or was before."""
    now = environment.clock()
    as_of = now - (time.monotonic() - known_at)
    head = json.dumps(
        {"time": round(now, 3), "as_of": round(as_of, 3), "reset": resets, "more": more}
    )
    return Answer(200, NO_STORE, f"{head[:-1]}, {members}}}".encode())


def _invalid(why: str) -> Refused:
    return Refused(
        "invalid_token", "The access token is expired, revoked, or not valid here.", note=why
    )


def _insufficient() -> Refused:
    return Refused(
        "insufficient_scope",
        "The revocation feed needs the scope introspection, which the operator grants.",
        note="not an application with the scope introspection",
    )
