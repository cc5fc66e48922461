"""Which texts are looked at as leaked credentials, and what is kept of them."""

import asyncio
import contextvars
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gatepass.server.domain.applications.secrets.leaks.model import Channel
from gatepass.server.domain.revocations.leak_reports import operations
from gatepass.server.domain.revocations.leak_reports.model import (
    LeakReport,
    report_of_secret,
    report_of_token,
)
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens import jwt, opaque
from gatepass.server.tokens.claims import Claims
from gatepass.wire import credential
from gatepass.wire.credential import Kind
from gatepass.wire.secret import Secret


class Leak(NamedTuple):
    """A reported text, and the address where it was found ("" where nobody says)."""

    text: Secret
    location: str = ""


def is_recognised(environment: ServedEnvironment, text: str) -> bool:
    """Return whether a text has the form and checksum of a secret or token of Gatepass.

    A JWT has no checksum; its header is that of a published key. Everything else, such as an
    imported secret of another system, is not looked up. Fast for any text, without the database.
    """
    found = credential.read(text)
    if found is not None:
        return found.kind is not Kind.CLIENT_ID
    header = text.partition(".")[0]
    return any(header in each.keys.verifying_keys for each in _environments(environment))


async def store(
    environment: ServedEnvironment, leaks: Sequence[Leak], source: str, channel: Channel
) -> None:
    """Write recognised credentials down, in a thread, each in the environment that it belongs to.

    Raises OAuthError (503) and DatabaseAwayError where that is not possible.
    """
    run: Callable[..., None] = contextvars.copy_context().run  # with this request's deadline
    await asyncio.get_running_loop().run_in_executor(
        environment.pools.leak_reports, run, _store, environment, leaks, source, channel
    )


def _store(
    environment: ServedEnvironment, leaks: Sequence[Leak], source: str, channel: Channel
) -> None:
    reports: dict[ServedEnvironment, list[LeakReport]] = defaultdict(list)
    for leak in leaks:
        owner, report = _report(environment, leak, source, channel)
        reports[owner].append(report)
    for owner, given in reports.items():
        operations.receive(owner.context, given)


def _report(
    environment: ServedEnvironment, leak: Leak, source: str, channel: Channel
) -> tuple[ServedEnvironment, LeakReport]:
    """Return what to keep of a credential, and in which environment."""
    text, location = leak
    found = credential.read(text.value)
    owner, claims = environment, None
    if found is None:
        owner, claims = _issuer(environment, text.value)
    elif found.mode is not environment.mode and environment.other is not None:
        owner = environment.other
    now = environment.now()
    if found is not None and found.kind is Kind.CLIENT_SECRET:
        return owner, report_of_secret(text, now, source, channel, location)
    if found is not None:
        claims = opaque.decode(text.value, owner.keys.opaque_token_keys)
    made = (claims.token_id, claims.application, claims.expires_at) if claims else None
    return owner, report_of_token(text, made, now, source, channel, location)


def _issuer(environment: ServedEnvironment, token: str) -> tuple[ServedEnvironment, Claims | None]:
    """Return the environment that made a JWT, with its claims; without claims if neither did."""
    for each in _environments(environment):
        claims = jwt.verify(token, each.keys.verifying_keys, each.issuer)
        if claims is not None:
            return each, claims
    return environment, None


def _environments(environment: ServedEnvironment) -> tuple[ServedEnvironment, ...]:
    return (environment, environment.other) if environment.other else (environment,)
