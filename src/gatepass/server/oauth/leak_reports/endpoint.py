"""The endpoint for reports of leaked credentials: for everybody, without authentication.

Whoever knows a credential has shown that it leaked. The answer is the same for every text, and so
is its time for every text of the right form: what the credential was is found out afterwards.
"""

from functools import partial

import structlog

from gatepass.server.http import NO_STORE, Deferred, Request, Response, Result
from gatepass.server.oauth.leak_reports import credentials
from gatepass.server.oauth.leak_reports.credentials import Leak
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens.request import parse_parameters
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_CREDENTIAL = frozenset({"credential"})  # a file, which is sent as it is, ends with a line break
ACCEPTED = Response(202, NO_STORE, b"{}")

log = structlog.get_logger("gatepass.server")


def report_leak(environment: ServedEnvironment, request: Request) -> Result:
    """Take a report of the credential in the parameter `credential`; always 202.

    Random texts are discarded at once; so are reports beyond the budget, which says nothing of
    the credential. Raises OAuthError for a malformed request.
    """
    text = parse_parameters(request, unchecked=_CREDENTIAL).get("credential")
    if text is None:
        raise OAuthError("invalid_request", "The parameter credential is missing.")
    text = text.strip()
    is_recognised = credentials.is_recognised(environment, text)
    if not is_recognised or not _is_within_budget(environment, request.source):
        return ACCEPTED
    return Deferred(partial(_store, environment, Leak(Secret(text)), request.source))


async def _store(environment: ServedEnvironment, leak: Leak, source: str) -> Response:
    await credentials.store(environment, [leak], source, "report")
    return ACCEPTED


def _is_within_budget(environment: ServedEnvironment, source: str) -> bool:
    now, context = environment.clock(), environment.context
    if environment.leak_report_budget.allow(source, now):
        return True
    if context.log_limit.allow("leak_report.dropped", source, now):
        log.warning("leak_report.dropped", environment=environment.name, source=source)
    return False
