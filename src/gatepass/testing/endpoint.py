"""The fake token endpoint: checks a token request. Pure.

It is as strict as a good server, so that a mistake in a client's request shows in a test.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from gatepass.loopback import Response
from gatepass.testing.responses import refusal
from gatepass.wire import basic
from gatepass.wire.errors import OAuthError

_FORM = "application/x-www-form-urlencoded"
_NOT_SHOWN = {"client_secret", "client_assertion"}


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request as received, without secrets.

    `auth_method` is how the client authenticated (`client_secret_basic`, `client_secret_post`,
    or `none`); `form` has the pairs of the body without its secrets. `headers` are in lower
    case, without Authorization.
    """

    client_id: str
    auth_method: str
    form: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]

    def get(self, name: str) -> str:
        """Return the (first) value of a parameter, empty where it was not sent."""
        return next((text for each, text in self.form if each == name), "")

    @property
    def scope(self) -> str:
        """The requested scope."""
        return self.get("scope")

    @property
    def resource(self) -> tuple[str, ...]:
        """The requested resources."""
        return tuple(text for name, text in self.form if name == "resource")


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """The one client of the endpoint: its secrets, and its allowed scope (None: any)."""

    client_id: str
    secrets: Sequence[str]
    scope: str | None


def read(
    method: str, headers: Mapping[str, str], body: bytes, client: RegisteredClient
) -> TokenRequest:
    """Read and check a token request; raises RequestRefused with the response to send."""
    form = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    client_id, secret, auth_method = _credentials(headers, dict(form))
    request = TokenRequest(
        client_id,
        auth_method,
        tuple((name, text) for name, text in form if name not in _NOT_SHOWN),
        {name: text for name, text in headers.items() if name != "authorization"},
    )
    refused = (
        _check_form(method, headers, form)
        or _authenticate(request, secret, client)
        or _authorize(request, client)
    )
    if refused is not None:
        raise RequestRefused(request, refused)
    return request


class RequestRefused(Exception):
    """A token request that was read, and the response to send instead of a token."""

    def __init__(self, request: TokenRequest, response: Response) -> None:
        super().__init__(response.status)
        self.request, self.response = request, response


def _credentials(headers: Mapping[str, str], form: Mapping[str, str]) -> tuple[str, str, str]:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, secret = basic.read(credentials.strip())
        except OAuthError:
            return "", "", "client_secret_basic"
        return client_id, secret.value, "client_secret_basic"
    method = "client_secret_post" if "client_secret" in form else "none"
    return form.get("client_id", ""), form.get("client_secret", ""), method


def _check_form(
    method: str, headers: Mapping[str, str], form: Sequence[tuple[str, str]]
) -> Response | None:
    """RFC 6749 §3.2: a POST of a form in which nothing but `resource` repeats."""
    if method != "POST":
        return Response(405, b"send a POST", {"Allow": "POST"})
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return refusal("invalid_request", f"The body is not {_FORM}.")
    names = [name for name, _ in form if name not in {"resource", "audience"}]
    if len(names) != len(set(names)):
        return refusal("invalid_request", "A parameter is repeated.")
    if "client_secret" in names and "authorization" in headers:
        return refusal("invalid_request", "There are two client authentications.")
    return None


def _authenticate(request: TokenRequest, secret: str, client: RegisteredClient) -> Response | None:
    is_known = request.client_id == client.client_id
    matches = [hmac.compare_digest(secret.encode(), each.encode()) for each in client.secrets]
    if is_known and any(matches):
        return None
    refused = refusal("invalid_client", "Client authentication failed.")
    return replace(refused, headers={**refused.headers, "WWW-Authenticate": "Basic"})


def _authorize(request: TokenRequest, client: RegisteredClient) -> Response | None:
    if request.get("grant_type") != "client_credentials":
        return refusal("unsupported_grant_type")
    if client.scope is not None and not set(request.scope.split()) <= set(client.scope.split()):
        return refusal("invalid_scope", "The client may not have this scope.")
    return None
