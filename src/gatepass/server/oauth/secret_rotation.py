"""The secret rotation endpoint: a client replaces its own secret, in two steps.

It is an extension, for applications whose administrator has turned automatic rotation on. The new
secret is registered beside the old one by `prepare`, and the old one gets its end by `commit`,
which the new one authenticates. So whoever stops in between has two secrets that work.
"""

import asyncio
import contextvars
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Literal
from uuid import UUID

from gatepass.server.domain.applications.secrets.automatic_rotation import operations
from gatepass.server.domain.applications.secrets.automatic_rotation.operations import Status
from gatepass.server.http import Deferred, NeedsThread, Request, Response, Result
from gatepass.server.oauth.client_authentication import (
    authenticate_client,
    credentials_of,
    record_error,
    record_use,
)
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.storage.errors import DatabaseAwayError, NotFoundError
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.request import parse_parameters
from gatepass.server.tokens.response import json_response
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import Params

Action = Literal["prepare", "commit", "status"]
_ACTIONS: tuple[Action, ...] = ("prepare", "commit", "status")


def rotate_secret(environment: ServedEnvironment, request: Request) -> Result:
    """Prepare or commit a rotation of the caller's secret, or say how far one is.

    The parameter `action` is `prepare`, `commit` or `status`. What was changed is durable before
    the response is sent.
    """
    params = parse_parameters(request)
    credentials = credentials_of(environment, request, params)
    if credentials.assertion is not None:
        raise OAuthError(
            "invalid_client",
            "Authenticate with the client secret that is to be rotated.",
            log_detail="a client assertion, where a secret is to be rotated",
        )
    client = authenticate_client(environment, request, credentials)
    if isinstance(client, NeedsThread):
        return client
    record_use(environment, request, client, environment.clock())
    action = _action(params)
    return Deferred(partial(_respond, environment, request, client, action))


def _action(params: Params) -> Action:
    given = params.get("action")
    action = next((each for each in _ACTIONS if each == given), None)
    if action is None:
        raise OAuthError(
            "invalid_request", f"Set the parameter action to one of {', '.join(_ACTIONS)}."
        )
    return action


async def _respond(
    environment: ServedEnvironment,
    request: Request,
    client: AuthenticatedClient,
    action: Action,
) -> Response:
    """Do it in a thread, with the deadline of this request."""
    work = partial(_do, environment, client, action, request.source)
    run = contextvars.copy_context().run
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(environment.pools.revocations, run, work)
    except OAuthError as error:
        record_error(environment, request, client.application, error, environment.clock())
        raise


def _do(
    environment: ServedEnvironment, client: AuthenticatedClient, action: Action, source: str
) -> Response:
    context, app_id, secret_id = environment.context, client.application.id, client.secret.id
    steps: dict[Action, Callable[[], dict[str, object]]] = {
        "prepare": lambda: _prepared(environment, app_id, secret_id, source),
        "commit": lambda: _status(operations.commit(context, app_id, secret_id, source)),
        "status": lambda: _status(operations.status(context, app_id, secret_id)),
    }
    try:
        members = steps[action]()
    except DatabaseAwayError:
        raise OAuthError(
            "temporarily_unavailable",
            "The secret could not be rotated just now. The secrets that worked still do. "
            "Try again.",
            log_detail="the database is away",
            retry_after=5,
        ) from None
    except NotFoundError:
        raise OAuthError(
            "invalid_client",
            "Client authentication failed.",
            log_detail="the application was deleted a moment ago",
        ) from None
    return json_response({"client_id": client.application.client_id, **members})


def _prepared(
    environment: ServedEnvironment, app_id: UUID, secret_id: UUID, source: str
) -> dict[str, object]:
    made = operations.prepare(environment.context, app_id, secret_id, source)
    return {
        "client_secret": made.secret.value,
        "client_secret_expires_at": _seconds(made.expires_at),
    }


def _status(status: Status) -> dict[str, object]:
    """Return the members of a response; times are Unix seconds, 0 for never (RFC 7591 §3.2.1)."""
    return {
        "presented_secret": status.part,
        "client_secret_expires_at": _seconds(status.expires_at),
        "previous_secret_expires_at": _seconds(status.previous_expires_at),
        "next_rotation_at": _seconds(status.next_rotation),
        "next_rotation_in": status.wait,
    }


def _seconds(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp())
