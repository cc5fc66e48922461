"""What the pretend token endpoint makes of a request: pure, from bytes to a value.

It is as strict as a good server: a mistake in how a client asks shall show in a test.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from gatepass.testing.answers import Answer, refusal
from gatepass.wire import basic
from gatepass.wire.errors import OAuthError

_FORM = "application/x-www-form-urlencoded"
_NOT_SHOWN = {"client_secret", "client_assertion"}


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token request as it came; holds no secret.

    `auth_method` is how the client proved itself (`client_secret_basic`, `client_secret_post`,
    or `none`); `form` has the pairs of the body without its secrets. `headers` are in lower
    case, without Authorization.
    """

    client_id: str
    auth_method: str
    form: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]

    def get(self, name: str) -> str:
        """Give the (first) text of a parameter, empty where it was not sent."""
        return next((text for each, text in self.form if each == name), "")

    @property
    def scope(self) -> str:
        """The scope that was asked for."""
        return self.get("scope")

    @property
    def resource(self) -> tuple[str, ...]:
        """The resources that were asked for."""
        return tuple(text for name, text in self.form if name == "resource")


@dataclass(frozen=True, slots=True)
class Known:
    """The one client of the endpoint: its secrets, and the scope it may ask for (None: any)."""

    client_id: str
    secrets: Sequence[str]
    scope: str | None


def read(method: str, headers: Mapping[str, str], body: bytes, known: Known) -> TokenRequest:
    """Read a token request and judge it; raises NotGranted with the answer to give."""
    form = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    claimed, secret, auth_method = _credentials(headers, dict(form))
    request = TokenRequest(
        claimed,
        auth_method,
        tuple((name, text) for name, text in form if name not in _NOT_SHOWN),
        {name: text for name, text in headers.items() if name != "authorization"},
    )
    answer = (
        _malformed(method, headers, form)
        or _not_known(request, secret, known)
        or _not_granted(request, known)
    )
    if answer is not None:
        raise NotGranted(request, answer)
    return request


class NotGranted(Exception):
    """The request was read, and this is the answer to give instead of a token."""

    def __init__(self, request: TokenRequest, answer: Answer) -> None:
        super().__init__(answer.status)
        self.request, self.answer = request, answer


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


def _malformed(
    method: str, headers: Mapping[str, str], form: Sequence[tuple[str, str]]
) -> Answer | None:
    """RFC 6749 §3.2: a POST of a form in which nothing but `resource` repeats."""
    if method != "POST":
        return Answer(405, b"send a POST", {"Allow": "POST"})
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return refusal("invalid_request", f"The body is not {_FORM}.")
    names = [name for name, _ in form if name not in {"resource", "audience"}]
    if len(names) != len(set(names)):
        return refusal("invalid_request", "A parameter is repeated.")
    if "client_secret" in names and "authorization" in headers:
        return refusal("invalid_request", "There are two client authentications.")
    return None


def _not_known(request: TokenRequest, secret: str, known: Known) -> Answer | None:
    is_known = request.client_id == known.client_id
    matches = [hmac.compare_digest(secret.encode(), each.encode()) for each in known.secrets]
    if is_known and any(matches):
        return None
    answer = refusal("invalid_client", "Client authentication failed.")
    return Answer(answer.status, answer.body, {**answer.headers, "WWW-Authenticate": "Basic"})


def _not_granted(request: TokenRequest, known: Known) -> Answer | None:
    if request.get("grant_type") != "client_credentials":
        return refusal("unsupported_grant_type")
    if known.scope is not None and not set(request.scope.split()) <= set(known.scope.split()):
        return refusal("invalid_scope", "The client may not have this scope.")
    return None
