"""Replaces a secret in Google Secret Manager, or one field of its JSON."""

import json
from base64 import b64encode
from http import HTTPStatus

from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.google import FromGoogle, authorization
from gatepass.client.secrets.http import exchange, refusal
from gatepass.client.secrets.writing.store import ReadBySource
from gatepass.client.secrets.writing.text import with_secret
from gatepass.wire.secret import Secret

_ADVICE = {
    401: "log in again",
    403: "grant roles/secretmanager.secretVersionAdder on it",
    404: "check the name",
}


class GoogleStore(ReadBySource):
    """What a FromGoogle reads as the latest version. Old versions stay."""

    def __init__(self, source: FromGoogle) -> None:
        super().__init__(source, source.where)
        self._google = source

    def check(self) -> None:
        """Raise where one version is named: a new one would never be read."""
        if self._google.has_version:
            raise ConfigurationError(
                f"{self.where} is one version, which never changes: leave /versions/... out"
            )

    def write(self, new: Secret, expected: Secret) -> None:
        """Add a version, which becomes the latest."""
        self.check_is(expected)
        field = self._google.field
        text = FromGoogle(self._google.name, "", self._google.endpoint)() if field else ""
        value = with_secret(text, field, new).encode()
        body = json.dumps({"payload": {"data": b64encode(value).decode()}}).encode()
        headers = authorization() | {"content-type": "application/json"}
        url = f"{self._google.resource_url}:addVersion"
        status, _ = exchange("POST", url, headers, body, store=self.where)
        if status != HTTPStatus.OK:
            raise refusal(status, self.where, "Google", _ADVICE.get(status, "check the endpoint"))
