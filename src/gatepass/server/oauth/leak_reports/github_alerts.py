"""The receiver of alerts of GitHub's secret scanning, for partners of its program."""

import asyncio
import contextvars
from functools import partial

import structlog

from gatepass.jose import strict_json
from gatepass.server.http import (
    NO_STORE,
    Deferred,
    Receive,
    Request,
    Response,
    Result,
    Scope,
    read_request,
)
from gatepass.server.oauth.leak_reports import credentials
from gatepass.server.oauth.leak_reports.credentials import Leak
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

LONGEST_ALERT = 1024 * 1024  # bytes: one alert may have many matches
_TAKEN = Response(200, NO_STORE, b"[]")  # a list of labels, which is empty: nothing is told
_KEY = b"github-public-key-identifier"
_SIGNATURE = b"github-public-key-signature"

log = structlog.get_logger("gatepass.server")


async def read_alert(scope: Scope, receive: Receive) -> Request:
    """Read a request as `read_request`, whose body may be an alert of many matches."""
    return await read_request(scope, receive, LONGEST_ALERT)


def take_alert(environment: ServedEnvironment, request: Request) -> Result:
    """Take an alert that GitHub has signed, and report the credentials in it.

    Raises OAuthError: 404 where the operator has not turned this on, 400 without a signature or
    for a body that is no alert, 403 for a wrong signature.
    """
    if not environment.github_keys.is_on:
        raise OAuthError("invalid_request", "Alerts of GitHub are not taken here.", status=404)
    key_id, signature = (
        request.headers.get(name, b"").decode("latin-1") for name in (_KEY, _SIGNATURE)
    )
    if not key_id or not signature:
        raise OAuthError(
            "invalid_request",
            "The alert has no Github-Public-Key-Identifier or no Github-Public-Key-Signature.",
        )
    return Deferred(partial(_take, environment, request, key_id, signature))


async def _take(
    environment: ServedEnvironment, request: Request, key_id: str, signature: str
) -> Response:
    await asyncio.get_running_loop().run_in_executor(
        environment.pools.providers,
        contextvars.copy_context().run,
        environment.github_keys.verify,
        request.body,
        key_id,
        signature,
    )
    matches = _parse(request.body)
    found = {each.text.value: each for each in matches}
    leaks = [each for text, each in found.items() if credentials.is_recognised(environment, text)]
    log.info(
        "github_alert.received",
        environment=environment.name,
        matches=len(matches),
        recognised=len(leaks),
    )
    if leaks:
        await credentials.store(environment, leaks, request.source, "github")
    return _TAKEN


def _parse(body: bytes) -> list[Leak]:
    """Return what an alert reports; raise OAuthError for a body that is no alert."""
    try:
        return _matches(strict_json.read(body))
    except (TypeError, ValueError):
        raise OAuthError(
            "invalid_request", "The alert is not a JSON array of objects with a token."
        ) from None


def _matches(alert: object) -> list[Leak]:
    if not isinstance(alert, list):
        raise TypeError("not a list")
    return [_match(each) for each in alert]


def _match(match: object) -> Leak:
    token = match.get("token") if isinstance(match, dict) else None
    if not isinstance(token, str):
        raise ValueError("a match has no token")
    url = match.get("url") if isinstance(match, dict) else None
    return Leak(Secret(token.strip()), url if isinstance(url, str) else "")
