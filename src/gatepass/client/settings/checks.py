"""Checks of single settings, each with what to do. Pure."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gatepass.client import variables as env
from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.validation import check_text

if TYPE_CHECKING:
    from gatepass.client.settings.model import ClientSettings

# Parameters of the request itself; an assertion is another way to authenticate.
_RESERVED = {
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "grant_type",
    "resource",
    "scope",
}
# Headers that HTTP and the token request set themselves.
_RESERVED_HEADERS = {
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_FIELD_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_URI = re.compile(r"[\x21-\x7e]+")


def check_resource(resource: str) -> None:
    """RFC 8707 §2: an absolute URI without a fragment."""
    if (
        not _URI.fullmatch(resource)
        or "#" in resource
        or not re.match(r"[A-Za-z][\w+.-]*:.", resource)
    ):
        raise ConfigurationError(
            f"the resource ({env.RESOURCE}) is not an absolute URI without fragment: correct it"
        )


def check_parameters(parameters: Sequence[tuple[str, str]]) -> None:
    """Raise ConfigurationError for a parameter that the request sets itself, or is no text."""
    for name, text in parameters:
        what = f"a name or a text of the parameters ({env.PARAMETERS})"
        check_text(name, what)
        if text:
            check_text(text, what)
        if name in _RESERVED:
            raise ConfigurationError(
                f"the parameters ({env.PARAMETERS}) have {name} in them: take it out; the scope, "
                "the resource and the credentials have settings of their own"
            )


def check_headers(headers: Sequence[tuple[str, str]]) -> None:
    """Raise ConfigurationError for a header that the request sets itself, or that none can be."""
    for name, value in headers:
        if not _FIELD_NAME.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
            raise ConfigurationError(
                f"the headers ({env.HEADERS}) have a name or a value that no header can have: give "
                "names like X-Api-Key and values of printable ASCII"
            )
        if name in _RESERVED_HEADERS:
            raise ConfigurationError(
                f"the headers ({env.HEADERS}) have {name} in them, which the request sets: "
                "take it out"
            )
    if len(headers) != len(dict(headers)):
        raise ConfigurationError(f"the headers ({env.HEADERS}) name one twice: give it once")


def check_certificate(settings: "ClientSettings") -> None:
    """Raise ConfigurationError where the certificate is missing, or cannot be sent."""
    needs_one = settings.auth_method.endswith("tls_client_auth")
    if needs_one and not settings.client_cert:
        raise ConfigurationError(
            f"the client certificate ({env.CLIENT_CERT}) is missing: set it, as "
            f"{env.AUTH_METHOD} is {settings.auth_method}"
        )
    if settings.client_key and not settings.client_cert:
        raise ConfigurationError(f"{env.CLIENT_KEY} is set without {env.CLIENT_CERT}: set both")
    if settings.client_cert and not settings.token_url.lower().startswith("https:"):
        raise ConfigurationError(
            f"the client certificate ({env.CLIENT_CERT}) can be sent by https alone: correct the "
            f"token URL ({env.TOKEN_URL})"
        )
