"""Requests to the secret rotation endpoint of a Gatepass server."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlencode, urlsplit

from gatepass.client.errors import ClientError, ConfigurationError, Unreachable, quotable
from gatepass.client.network import metadata
from gatepass.client.network.urls import check_url
from gatepass.client.settings import POST, ClientSettings
from gatepass.client.variables import TOKEN_URL
from gatepass.wire import basic
from gatepass.wire.flow import JSON_HEADERS, Request, Response
from gatepass.wire.secret import Secret

Send = Callable[[Request], Response]
Action = Literal["prepare", "commit", "status"]

_MEMBER = "secret_rotation_endpoint"
_LONGEST_WAIT = 9  # digits of Retry-After


class Part(StrEnum):
    """Which of the application's live secrets one is."""

    CURRENT = "current"
    PREPARED = "prepared"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class Status:
    """What the server says of the secret that was presented; times are Unix seconds, 0 none."""

    part: Part
    next_rotation_at: int
    next_rotation_in: int
    previous_expires_at: int


class RotationRefused(ClientError):
    """The server refused a request; `status` and `error` are of its response (RFC 6749 §5.2)."""

    def __init__(self, status: int, error: str, why: str, retry_after: float = 0.0) -> None:
        super().__init__(status, error, why, retry_after)
        self.status = status
        self.error = error
        self.why = why
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"the server refused it ({self.error or self.status}): {self.why}"

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status == HTTPStatus.TOO_MANY_REQUESTS or self.status >= 500


class Endpoint:
    """The secret rotation endpoint, found by the metadata of the server (RFC 8414)."""

    def __init__(self, settings: ClientSettings, send: Send) -> None:
        self._settings = settings
        self._send = send
        self._url = ""

    def status(self, secret: Secret) -> Status:
        """Return which secret this is; raises RotationRefused, Unreachable."""
        return _status(self._ask("status", secret))

    def prepare(self, secret: Secret) -> Secret:
        """Return a new secret beside the current one; raises RotationRefused, Unreachable."""
        made = self._ask("prepare", secret).get("client_secret")
        if not isinstance(made, str) or not made:
            raise _not_gatepass()
        return Secret(made)

    def commit(self, secret: Secret) -> Status:
        """Let the older secret end after the overlap; raises RotationRefused, Unreachable."""
        return _status(self._ask("commit", secret))

    def _ask(self, action: Action, secret: Secret) -> Mapping[str, object]:
        self._url = self._url or self._find()
        form: list[tuple[str, str]] = [("action", action)]
        headers = {
            **JSON_HEADERS,
            "content-type": "application/x-www-form-urlencoded",
            "user-agent": "gatepass",
        } | dict(self._settings.header_fields)
        if self._settings.auth_method == POST:
            form += [("client_id", self._settings.client_id), ("client_secret", secret.value)]
        else:
            headers["authorization"] = basic.write(self._settings.client_id, secret)
        response = self._send(Request("POST", self._url, headers, urlencode(form).encode()))
        members = _members(response)
        if response.status != HTTPStatus.OK:
            raise _refusal(response, members, [secret, *self._settings.header_secrets])
        return members

    def _find(self) -> str:
        """Return the URL that the metadata names; only one where the token endpoint is, too."""
        token_url = self._settings.token_url
        for location in metadata.locations(token_url):
            headers = {"accept": "application/json", "user-agent": "gatepass"}
            response = self._send(Request("GET", location.url, headers, b""))
            document = metadata.read(response.body) if response.status == HTTPStatus.OK else None
            found = document.get(_MEMBER) if document else None
            if isinstance(found, str):
                check_url(found, "the address of the secret rotation")
                if urlsplit(found)[:2] != urlsplit(token_url)[:2]:
                    raise ConfigurationError(
                        "the server names a secret rotation at another address than that of the "
                        f"token endpoint: set {TOKEN_URL} to the address in its metadata"
                    )
                return found
        raise ConfigurationError(
            "the server offers no rotation by programs: check that it is a Gatepass of this "
            f"version or newer, and {TOKEN_URL}"
        )


def _status(members: Mapping[str, object]) -> Status:
    try:
        part = Part(str(members.get("presented_secret")))
    except ValueError:
        raise _not_gatepass() from None
    return Status(
        part,
        _number(members, "next_rotation_at"),
        _number(members, "next_rotation_in"),
        _number(members, "previous_secret_expires_at"),
    )


def _number(members: Mapping[str, object], name: str) -> int:
    value = members.get(name)
    if not isinstance(value, int):
        raise _not_gatepass()
    return value


def _members(response: Response) -> Mapping[str, object]:
    try:
        found = json.loads(response.body)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def _refusal(
    response: Response, members: Mapping[str, object], secrets: list[Secret]
) -> RotationRefused:
    error, why = (
        quotable(text, secrets) if isinstance(text := members.get(name), str) else ""
        for name in ("error", "error_description")
    )
    wait = response.headers.get("retry-after", "").strip()
    is_number = wait.isascii() and wait.isdigit() and len(wait) <= _LONGEST_WAIT
    return RotationRefused(
        response.status,
        error,
        why or f"it answered {response.status}, see its log",
        float(wait) if is_number else 0.0,
    )


def _not_gatepass() -> ConfigurationError:
    return ConfigurationError(
        f"the response is not that of a secret rotation: check that {TOKEN_URL} is of Gatepass"
    )


__all__ = ["Endpoint", "Part", "RotationRefused", "Send", "Status", "Unreachable"]
