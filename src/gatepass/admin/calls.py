"""Performs an operation as a flow: which requests, with which token, and when once more.

No I/O: a driver of `gatepass.client.tokens.drivers` sends the requests, blocking or not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from gatepass.admin import answers
from gatepass.admin.errors import NotFound, PreconditionFailed, ServerUnavailable
from gatepass.admin.records import Performed
from gatepass.admin.requests import Conditions, Operation
from gatepass.client.errors import CertificateRefused, Unreachable, quotable
from gatepass.client.tokens.authentication import is_transient
from gatepass.client.tokens.bearer_auth import is_challenged
from gatepass.client.tokens.drivers import TokenFlow
from gatepass.client.tokens.request import retry_after_of
from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.token import CachedToken
from gatepass.wire.flow import Request, Response

_MOST_ATTEMPTS = 8
_SHORTEST_EXCHANGE, _LONGEST_EXCHANGE = 1.0, 15.0  # seconds that one request may take
_FIRST_PAUSE = 0.25  # seconds, doubled with each attempt ...
_LONGEST_PAUSE = 8.0  # ... up to these
_EARLIER = "A request before this one was not answered: it may have made the change."


@dataclass(frozen=True, slots=True)
class Call:
    """An operation that is to be performed, as the request for it, without a token."""

    name: str
    operation: Operation
    request: Request
    wanted: Conditions


@dataclass(slots=True)
class Attempts:
    """How the requests of a call went; times are in seconds of `now`, a monotonic clock."""

    call: Call
    seconds: float
    now: Callable[[], float]
    random: Callable[[], float]
    number: int = 0
    pause: float = 0.0
    retry_after: float = 0.0
    why: str = "there is no time left for a request"
    is_unanswered: bool = False  # one that may have reached the server
    started_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.started_at = self.now()

    def left(self) -> float:
        """Return the seconds that a further request may take, none after the last one."""
        if self.number >= _MOST_ATTEMPTS:
            return 0.0
        left = self.started_at + self.seconds - self.now() - self.pause
        return min(left, _LONGEST_EXCHANGE)

    def failed(self, why: str, retry_after: float = 0.0, *, is_refused: bool = False) -> None:
        """Note why there is no result yet, and how long the next request waits.

        Unless the request `is_refused`, the server may have done what it asks for.
        """
        self.why, self.retry_after = why, retry_after
        self.is_unanswered = self.is_unanswered or not is_refused
        bound = min(_FIRST_PAUSE * 2**self.number, _LONGEST_PAUSE)
        self.pause = retry_after + self.random() * bound

    def error(self) -> ServerUnavailable:
        """Return the error for a call that no answer came to."""
        return ServerUnavailable(
            self.call.name,
            self.why,
            self.number,
            self.now() - self.started_at,
            self.retry_after,
            idempotency_key=self.call.wanted.idempotency_key,
        )


def perform(call: Call, tokens: TokenSource, attempts: Attempts) -> TokenFlow[Performed]:
    """Return what came of an operation; raise a ClientError.

    A request is sent again where that may help: no response, 408, 425, 429 and 5xx, as for a
    token. That is safe: reading changes nothing, a creation has its Idempotency-Key, and all other
    changes set a value. A token that is refused (401) is replaced once.
    """
    is_renewed = is_proved = False
    while attempts.left() > 0:
        token = yield from tokens.flow()  # within a deadline of its own
        left = max(attempts.left(), _SHORTEST_EXCHANGE)
        attempts.number += 1
        try:
            response = yield _with(tokens, token, call, attempts.pause, left)
        except CertificateRefused as error:
            attempts.failed(quotable(str(error), [token.response.access_token]))
            raise attempts.error() from None
        except Unreachable as error:
            reason = quotable(str(error), [token.response.access_token])
            attempts.failed(
                f"the server cannot be reached ({reason}): check its address and the network"
            )
            continue
        if _asks_for_nonce(tokens, token, call, response) and not is_proved:
            is_proved, attempts.pause = True, 0.0
            continue
        if response.status == HTTPStatus.UNAUTHORIZED and not is_renewed:
            is_renewed, attempts.pause = True, 0.0
            if tokens.invalidate(token):
                continue
        if not is_transient(response.status):
            return _read(response, token, attempts)
        wait = retry_after_of(response)
        is_refused = response.status < HTTPStatus.INTERNAL_SERVER_ERROR
        attempts.failed(_describe(response, wait, token), wait, is_refused=is_refused)
    raise attempts.error()


def _asks_for_nonce(
    tokens: TokenSource, token: CachedToken, call: Call, response: Response
) -> bool:
    """Return whether the API asks for a DPoP proof with its nonce (RFC 9449 §9)."""
    return is_challenged(tokens, token, call.request.url, response.status, response.headers)


def _with(
    tokens: TokenSource, token: CachedToken, call: Call, pause: float, left: float
) -> Request:
    authorization = tokens.headers(token, call.request.method, call.request.url)
    headers = {**call.request.headers}
    headers |= {name.lower(): text for name, text in authorization.items()}
    return replace(call.request, headers=headers, after=pause, timeout=left)


def _read(response: Response, token: CachedToken, attempts: Attempts) -> Performed:
    call = attempts.call
    secrets = [token.response.access_token]
    try:
        if call.wanted.dry_run:
            return answers.read_dry_run(call.name, response, secrets)
        return answers.read(call.name, response, secrets)
    except NotFound:
        # The request before this one has removed it, though its answer was lost.
        if attempts.is_unanswered and call.operation.method == "DELETE":
            return Performed({})
        raise
    except PreconditionFailed as error:
        if not attempts.is_unanswered:
            raise
        detail = f"{error.detail} {_EARLIER}"
        raise PreconditionFailed(call.name, error.status, error.title, detail) from None


def _describe(response: Response, wait: float, token: CachedToken) -> str:
    detail = answers.problem_detail(response, [token.response.access_token])
    again = f"try again in {wait:.0f} s, as it asks" if wait else "try again later"
    return f"the server answered {response.status}{f' ({detail})' if detail else ''}: {again}"
