"""The secret from Google Secret Manager: its REST API, with the credentials of google-auth."""

import re
from base64 import b64decode
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from gatepass.client.errors import ConfigurationError, SecretUnavailable
from gatepass.client.network.urls import check_url
from gatepass.client.secrets.http import exchange, refusal
from gatepass.client.secrets.validation import decoded, json_object, library_of, select

_NAME = re.compile(
    r"projects/[\w.:-]+(?:/locations/(?P<location>[\w-]+))?/secrets/[\w-]+"
    r"(?P<version>/versions/[\w-]+)?",
    re.ASCII,
)
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TIMEOUT = 10  # seconds, for each request that google-auth makes
_ADVICE = {
    401: "log in again",
    403: "grant roles/secretmanager.secretAccessor on it",
    404: "check the name and that the version is there",
    400: "check that the version is enabled",
}


@dataclass(frozen=True, slots=True)
class FromGoogle:
    """Returns a secret by its full name: all of it, or one `field` of its JSON.

    The name is that which Google shows, "projects/P/secrets/S", also with "/locations/L" after
    the project; the latest version is read unless "/versions/V" ends it. Credentials are the
    Application Default Credentials; `endpoint` is for a private address of the API.
    """

    name: str
    field: str = ""
    endpoint: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                "the name of the Google secret is malformed: give it as projects/P/secrets/S"
            )
        if self.endpoint:
            check_url(self.endpoint, "the endpoint of Google Secret Manager")

    def __call__(self) -> str:
        """Ask Google; raise ConfigurationError where it gives no secret."""
        where = self.where
        status, body = exchange("GET", self.url, authorization(), store=where)
        if status != HTTPStatus.OK:
            raise refusal(status, where, "Google", _ADVICE.get(status, "check the endpoint"))
        payload = json_object(body, f"the answer for {where}").get("payload")
        data = payload.get("data") if isinstance(payload, dict) else None
        try:
            content = b64decode(data if isinstance(data, str) else "", validate=True)
        except ValueError:
            content = b""
        return select(decoded(content, where), self.field, where)

    @property
    def where(self) -> str:
        """Its name in messages."""
        return f"the secret {self.name} in Google Secret Manager"

    @property
    def has_version(self) -> bool:
        """Whether one version is named, so that no newer one is ever read."""
        name = _NAME.fullmatch(self.name)
        return bool(name and name.group("version"))

    @property
    def url(self) -> str:
        """The address that is asked."""
        return f"{self.resource_url}{'' if self.has_version else '/versions/latest'}:access"

    @property
    def resource_url(self) -> str:
        """The address of the secret, or of its version where one is named."""
        name = _NAME.fullmatch(self.name)
        location = name.group("location") if name else ""
        host = f"secretmanager.{location}.rep" if location else "secretmanager"
        endpoint = self.endpoint.rstrip("/") or f"https://{host}.googleapis.com"
        return f"{endpoint}/v1/{self.name}"


def authorization() -> dict[str, str]:
    """Return the header that Google's Application Default Credentials are worth."""
    with library_of("google"):
        import google.auth  # takes a while to load
        import requests
        from google.auth.transport.requests import Request
    headers: dict[str, str] = {}
    try:
        with requests.Session() as session:
            request: Any = partial(Request(session), timeout=_TIMEOUT)
            credentials: Any = google.auth.default(scopes=[_SCOPE], request=request)[0]
            credentials.refresh(request)
            credentials.apply(headers)
    except Exception as error:  # noqa: BLE001 - the library's, and what a malformed key causes
        kind = type(error).__name__
        if getattr(error, "retryable", False):
            raise SecretUnavailable(
                f"Google gives no access token ({kind}): check the network and try again"
            ) from None
        raise ConfigurationError(
            f"there are no usable credentials for Google ({kind}): run "
            "`gcloud auth application-default login` or set GOOGLE_APPLICATION_CREDENTIALS"
        ) from None
    return headers
