"""The token request (RFC 6749 §4.4) as a flow: which requests, and what their responses mean."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from gatepass.client import variables as env
from gatepass.client.errors import (
    CertificateRefused,
    TokenRefused,
    TokenUnavailable,
    Unreachable,
    cleaned,
    quotable,
)
from gatepass.client.keys.certificate import ClientCertificate
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.authentication import (
    Authentication,
    Authenticator,
    Credential,
    is_transient,
)
from gatepass.client.tokens.drivers import TokenFlow
from gatepass.client.tokens.token import CachedToken
from gatepass.client.tokens.unexpected_response import description
from gatepass.wire.flow import JSON_HEADERS, Request, Response
from gatepass.wire.secret import Secret
from gatepass.wire.token_response import EXPIRY_HEADER, TokenResponse, read_secret_expiry

if TYPE_CHECKING:
    from gatepass.client.keys.dpop import Prover

LONGEST_RESPONSE = 64 * 1024  # bytes; a sender may stop reading one byte later

_MOST_ATTEMPTS = 8
_LONGEST_EXCHANGE = 10.0  # seconds that one request may take
_FIRST_PAUSE = 0.5  # seconds, doubled with each attempt ...
_LONGEST_PAUSE = 8.0  # ... up to these
_CLOCKS_DIFFER = 30.0  # seconds between two clocks that may be why an assertion is refused
_OF_CERTIFICATE = (
    "; a server also ends the connection where the client certificate has expired, or is of an "
    "authority that it does not know"
)
_SUCCESS = range(HTTPStatus.OK, HTTPStatus.NO_CONTENT)  # some servers answer 201 and the like
_ERROR = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,64}")  # RFC 6749 §5.2


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """When to stop retrying: at `deadline`, in seconds of the clock, or after `max_attempts`."""

    deadline: float
    max_attempts: int = _MOST_ATTEMPTS


def request_token(
    settings: ClientSettings,
    credential: Credential,
    limits: RetryLimits,
    now: Callable[[], float],
    random: Callable[[], float],
    authenticator: Authenticator | None = None,
    prover: "Prover | None" = None,
) -> TokenFlow[CachedToken]:
    """Request a token, again where that may help: no response, 408, 425, 429 and 5xx.

    `now` is a monotonic clock, `random` returns numbers from 0 to 1. Pauses are full jitter on
    a doubling bound, after what Retry-After asks for. There is no further attempt where a pause
    would end after the deadline, or where the certificate is refused. Raises TokenRefused where
    the server refuses, TokenUnavailable where no usable response came. `prover` has the key that
    tokens are bound to.
    """
    authenticator = authenticator or Authenticator(settings)
    secrets = [*([credential] if isinstance(credential, Secret) else []), *settings.header_secrets]
    start, attempt, pause, retry_after = now(), 0, 0.0, 0.0
    why = "there is no time left for a request"
    while attempt < limits.max_attempts and (left := limits.deadline - now() - pause) > 0:
        requested_at = now() + pause
        attempt += 1
        retry_after = 0.0
        timeout = min(left, _LONGEST_EXCHANGE)
        try:
            response = yield from _exchange(
                settings, credential, authenticator, prover, pause, timeout
            )
        except CertificateRefused as error:
            raise TokenUnavailable(quotable(str(error), secrets), attempt, now() - start) from None
        except Unreachable as error:
            why = _describe_unreachable(error, secrets, settings)
        else:
            if not is_transient(response.status):
                try:
                    token = read_response(
                        response, secrets, attempt, now() - start, with_dpop=prover is not None
                    )
                except TokenRefused as error:
                    raise (
                        yield from _explained(error, response, credential, authenticator)
                    ) from None
                expiry = read_secret_expiry(response.headers.get(EXPIRY_HEADER))
                return _bound(CachedToken.of(token, requested_at, random(), expiry), prover)
            retry_after = retry_after_of(response)
            why = _describe_transient(response.status, retry_after)
        pause = retry_after + random() * min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
    raise TokenUnavailable(why, attempt, now() - start, retry_after)


def _bound(token: CachedToken, prover: "Prover | None") -> CachedToken:
    """Return a token with the key that it is bound to, if there is one."""
    return token if prover is None else replace(token, jkt=prover.jkt)


def _describe_unreachable(
    error: Unreachable, secrets: Sequence[Secret], settings: ClientSettings
) -> str:
    reason = quotable(str(error), secrets)
    what = f"the token endpoint cannot be reached ({reason}): check its URL and the network"
    return what + _OF_CERTIFICATE if settings.client_cert else what


def _exchange(
    settings: ClientSettings,
    credential: Credential,
    authenticator: Authenticator,
    prover: "Prover | None",
    after: float,
    timeout: float,
) -> TokenFlow[Response]:
    """Send one request; with a proof once more if the server asks for a nonce (RFC 9449 §8)."""
    url = yield from authenticator.token_url(timeout)
    for is_last in (prover is None, True):
        authentication = yield from authenticator.authenticate(
            credential, after=after, timeout=timeout
        )
        request = replace(build_request(settings, authentication), url=url)
        if prover is not None:
            headers = {**request.headers, "dpop": prover.proof("POST", url)}
            request = replace(request, headers=headers)
        response: Response = yield replace(request, after=after, timeout=timeout)
        if prover is not None:
            prover.remember(url, response.headers)
        if is_last or not _asks_for_nonce(response):
            break
        after = 0.0
    return response


def _asks_for_nonce(response: Response) -> bool:
    if response.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}:
        return False
    return _refusal(response, ()).error == "use_dpop_nonce"


def build_request(settings: ClientSettings, authentication: Authentication) -> Request:
    """Return the request for a token: a form (RFC 6749 §4.4.2) with the authentication."""
    form = [("grant_type", settings.grant_type)]
    if settings.scope:
        form.append(("scope", settings.scope))
    form += [("resource", resource) for resource in settings.resource]
    form += settings.form_parameters
    form += authentication.form
    headers = {
        **JSON_HEADERS,
        "content-type": "application/x-www-form-urlencoded",
        "user-agent": "gatepass",
    } | dict(settings.header_fields)
    headers |= dict(authentication.headers)
    return Request("POST", settings.token_url, headers, urlencode(form).encode())


def _explained(
    error: TokenRefused,
    response: Response,
    credential: Credential,
    authenticator: Authenticator,
) -> TokenFlow[TokenRefused]:
    """Return the refusal of a key with what may be wrong: the answer is the same for all."""
    if isinstance(credential, Secret) or not error.is_of_the_secret:
        return error
    audience = yield from authenticator.audience(_LONGEST_EXCHANGE)
    authenticator.forget()
    ahead = authenticator.clock_difference(response)
    if ahead is not None and abs(ahead) > _CLOCKS_DIFFER:
        side = "ahead of" if ahead > 0 else "behind"
        advice = f"this machine's clock is {abs(ahead):.0f} s {side} the server's: set it"
    elif isinstance(credential, ClientCertificate):
        advice = (
            "check the client id, that the application has this certificate (x5t#S256 "
            f"{credential.thumbprint()}) or its subject, and that nothing on the way ends TLS "
            "without passing it on"
        )
    else:
        name = f" {cleaned(credential.kid)}" if credential.kid else ""
        advice = (
            "check the client id, that the application has the public key of this "
            f"{credential.alg} key{name}, and that it accepts assertions for {cleaned(audience)} "
            f"({env.ASSERTION_AUDIENCE})"
        )
    return TokenRefused(error.error, error.description, error.status, error.excerpt, advice)


def read_response(
    response: Response,
    secrets: Sequence[Secret],
    attempts: int = 1,
    elapsed: float = 0.0,
    *,
    with_dpop: bool = False,
) -> TokenResponse:
    """Return the token of a final response, or raise the error that it means.

    Some servers send their errors with a status of success. `secrets` are never quoted, should
    the response have them; `attempts` and `elapsed` (seconds) are for TokenUnavailable. With
    `with_dpop` a token that is not bound is refused (RFC 9449 §5).
    """
    if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
        raise TokenUnavailable(
            f"the token endpoint answered {response.status}, and redirects are not followed with a "
            "secret: set the token URL to the address it moved to",
            attempts,
            elapsed,
        )
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise _refusal(response, secrets)
    try:
        token = _parse(response, with_dpop=with_dpop)
    except ValueError as error:
        refusal = _refusal(response, secrets)
        if refusal.error is not None:
            raise refusal from None
        raise TokenUnavailable(
            f"this is no token response, {error} ({description(response, secrets)}): check that "
            "the token URL is the address of an OAuth 2.0 token endpoint",
            attempts,
            elapsed,
        ) from None
    if with_dpop and token.token_type != "DPoP":  # noqa: S105 - a type
        raise TokenUnavailable(
            "the server issued a token that is not bound to the key, as one that does not support "
            f"DPoP does: take {env.DPOP} out of the settings, or ask the server's operator",
            attempts,
            elapsed,
        )
    return token


def _parse(response: Response, *, with_dpop: bool) -> TokenResponse:
    if response.status not in _SUCCESS:
        raise ValueError(f"the status is {response.status}")
    if len(response.body) > LONGEST_RESPONSE:
        raise ValueError(f"the answer is longer than {LONGEST_RESPONSE} bytes")
    return TokenResponse.parse(response.body, with_dpop=with_dpop)


def _describe_transient(status: int, retry_after: float) -> str:
    wait = f" in {retry_after:.0f} s, as it asks" if retry_after else " later"
    return f"the token endpoint answered {status}: try again{wait}"


def _refusal(response: Response, secrets: Sequence[Secret]) -> TokenRefused:
    """Read an error response (RFC 6749 §5.2)."""
    try:
        members = json.loads(response.body[:LONGEST_RESPONSE].decode("utf-8-sig"))
    except (ValueError, RecursionError):
        members = None
    error = members.get("error") if isinstance(members, dict) else None
    if not isinstance(members, dict) or not isinstance(error, str) or not _ERROR.fullmatch(error):
        return TokenRefused(None, "", response.status, description(response, secrets))
    text = members.get("error_description")
    return TokenRefused(
        quotable(error, secrets),
        quotable(text, secrets) if isinstance(text, str) else "",
        response.status,
    )


def retry_after_of(response: Response) -> float:
    """Return the seconds of Retry-After (RFC 9110 §10.2.3), 0 where it is malformed.

    A date is compared with the response's own Date, so that this machine's clock may be wrong.
    """
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
        wait = until - parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):  # TypeError: one of the two has no time zone
        return 0.0
    return max(0.0, wait.total_seconds())
