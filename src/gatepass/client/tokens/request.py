"""The token request (RFC 6749 §4.4) as a flow: which requests, and what their answers mean."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlencode

from gatepass.client.errors import (
    CertificateRefused,
    TokenRefused,
    TokenUnavailable,
    Unreachable,
    quotable,
)
from gatepass.client.settings import POST, ClientSettings
from gatepass.client.tokens.token import CachedToken
from gatepass.client.tokens.unexpected_response import description
from gatepass.wire import basic
from gatepass.wire.flow import Flow, Request, Response
from gatepass.wire.secret import Secret
from gatepass.wire.token_response import TokenResponse

LONGEST_ANSWER = 64 * 1024  # bytes; a sender may stop reading one byte later

_MOST_ATTEMPTS = 8
_LONGEST_EXCHANGE = 10.0  # seconds that one request may take
_FIRST_PAUSE = 0.5  # seconds, doubled with each attempt ...
_LONGEST_PAUSE = 8.0  # ... up to these
_TRANSIENT = {408, 425, 429}
_GRANTED = range(HTTPStatus.OK, HTTPStatus.NO_CONTENT)  # some servers answer 201 and the like
_ERROR = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,64}")  # RFC 6749 §5.2


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on: until a moment (seconds of the clock), and for so many requests."""

    until: float
    attempts: int = _MOST_ATTEMPTS


def ask(
    settings: ClientSettings,
    secret: Secret,
    patience: Patience,
    now: Callable[[], float],
    random: Callable[[], float],
) -> Flow[CachedToken]:
    """Ask for a token, again where that may help: no answer, 408, 425, 429 and 5xx.

    `now` is a monotonic clock, `random` gives numbers from 0 to 1. Pauses are full jitter on a
    doubling bound, after what Retry-After asks for; where a pause would end after `patience`,
    it ends at once. A certificate that is refused ends it at once, too. Raises TokenRefused
    where the server says no, TokenUnavailable where nothing usable came.
    """
    request = token_request(settings, secret)
    secrets = [secret, *settings.header_secrets]
    began, attempt, pause, asked_to_wait = now(), 0, 0.0, 0.0
    why = "there is no time left for a request"
    while attempt < patience.attempts and (left := patience.until - now() - pause) > 0:
        asked_at = now() + pause
        attempt += 1
        asked_to_wait = 0.0
        try:
            answer = yield replace(request, after=pause, timeout=min(left, _LONGEST_EXCHANGE))
        except CertificateRefused as error:
            raise TokenUnavailable(quotable(str(error), secrets), attempt, now() - began) from None
        except Unreachable as error:
            reason = quotable(str(error), secrets)
            why = f"the token endpoint cannot be reached ({reason}): check its URL and the network"
        else:
            if not _is_transient(answer.status):
                response = read_answer(answer, secrets, attempt, now() - began)
                return CachedToken.of(response, asked_at, random())
            asked_to_wait = _retry_after(answer)
            why = _why_not_now(answer.status, asked_to_wait)
        pause = asked_to_wait + random() * min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
    raise TokenUnavailable(why, attempt, now() - began, asked_to_wait)


def token_request(settings: ClientSettings, secret: Secret) -> Request:
    """Return the request for a token: a form (RFC 6749 §4.4.2) and the secret (§2.3.1)."""
    form = [("grant_type", settings.grant_type)]
    if settings.scope:
        form.append(("scope", settings.scope))
    form += [("resource", resource) for resource in settings.resource]
    form += settings.form_parameters
    headers = {
        "accept": "application/json",
        "accept-encoding": "identity",  # so that the bytes read are the bytes meant
        "content-type": "application/x-www-form-urlencoded",
        "user-agent": "gatepass",
    } | dict(settings.header_fields)
    if settings.auth_method == POST:
        form += [("client_id", settings.client_id), ("client_secret", secret.value)]
    else:
        headers["authorization"] = basic.write(settings.client_id, secret)
    return Request("POST", settings.token_url, headers, urlencode(form).encode())


def read_answer(
    answer: Response, secrets: Sequence[Secret], attempts: int = 1, elapsed: float = 0.0
) -> TokenResponse:
    """Return the token of a final answer, or raise what it says instead.

    Some servers send their errors with a status of success. `secrets` are not quoted, should
    the answer have them; `attempts` and `elapsed` (seconds) are told in a TokenUnavailable.
    """
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        raise TokenUnavailable(
            f"the token endpoint answered {answer.status}, and redirects are not followed with a "
            "secret: set the token URL to the address it moved to",
            attempts,
            elapsed,
        )
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise _refusal(answer, secrets)
    try:
        return _parse(answer)
    except ValueError as error:
        refusal = _refusal(answer, secrets)
        if refusal.error is not None:
            raise refusal from None
        raise TokenUnavailable(
            f"this is no token response, {error} ({description(answer, secrets)}): check that the "
            "token URL is the address of an OAuth 2.0 token endpoint",
            attempts,
            elapsed,
        ) from None


def _parse(answer: Response) -> TokenResponse:
    if answer.status not in _GRANTED:
        raise ValueError(f"the status is {answer.status}")
    if len(answer.body) > LONGEST_ANSWER:
        raise ValueError(f"the answer is longer than {LONGEST_ANSWER} bytes")
    return TokenResponse.parse(answer.body)


def _is_transient(status: int) -> bool:
    return status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _why_not_now(status: int, asked_to_wait: float) -> str:
    wait = f" in {asked_to_wait:.0f} s, as it asks" if asked_to_wait else " later"
    return f"the token endpoint answered {status}: try again{wait}"


def _refusal(answer: Response, secrets: Sequence[Secret]) -> TokenRefused:
    """Read an error answer (RFC 6749 §5.2)."""
    try:
        said = json.loads(answer.body[:LONGEST_ANSWER].decode("utf-8-sig"))
    except (ValueError, RecursionError):
        said = None
    error = said.get("error") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(error, str) or not _ERROR.fullmatch(error):
        return TokenRefused(None, "", answer.status, description(answer, secrets))
    explained = said.get("error_description")
    return TokenRefused(
        quotable(error, secrets),
        quotable(explained, secrets) if isinstance(explained, str) else "",
        answer.status,
    )


def _retry_after(answer: Response) -> float:
    """Give the seconds of Retry-After (RFC 9110 §10.2.3), 0 where there is no sense in it.

    A date is held against the answer's own Date, so that our clock may be wrong.
    """
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
        wait = until - parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):  # TypeError: one of the two has no time zone
        return 0.0
    return max(0.0, wait.total_seconds())
