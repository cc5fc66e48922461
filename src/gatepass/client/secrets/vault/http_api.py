"""What is asked of Vault and how its answers are read (HashiCorp Vault and OpenBao HTTP API)."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from gatepass.client.errors import (
    ChangedMeanwhile,
    ConfigurationError,
    SecretUnavailable,
    cleaned,
)
from gatepass.client.network.urls import check_url
from gatepass.client.secrets.http import exchange
from gatepass.client.secrets.validation import json_object

_PATH = re.compile(r"[^\x00-\x20\x7f\ud800-\udfff]+")
_HEADER = re.compile(r"[\x21-\x7e]+")
_STANDBY = frozenset({412, 429, 472, 473})  # not ready, or not the node that answers


@dataclass(frozen=True, slots=True)
class Vault:
    """A Vault at `address`; raises ConfigurationError where a token must not be sent there."""

    address: str
    namespace: str = ""
    ca_file: str = ""

    def __post_init__(self) -> None:
        check_url(self.address, "the address of Vault (VAULT_ADDR)")
        if "?" in self.address:
            raise ConfigurationError("the address of Vault (VAULT_ADDR) has a query: take it out")
        if self.namespace and not _HEADER.fullmatch(self.namespace):
            raise ConfigurationError("the namespace of Vault (VAULT_NAMESPACE) is malformed")

    def read(self, path: str, token: str) -> dict[str, object]:
        """Return the `data` that Vault has at `path`."""
        if not _HEADER.fullmatch(token):
            raise ConfigurationError("the token for Vault is malformed: log in again")
        return _member(self._ask("GET", path, {"x-vault-token": token}), "data", self._name)

    def write(self, path: str, token: str, members: Mapping[str, object]) -> None:
        """Send `members` to `path`; raise ChangedMeanwhile where check-and-set refuses them."""
        if not _HEADER.fullmatch(token):
            raise ConfigurationError("the token for Vault is malformed: log in again")
        self._ask("POST", path, {"x-vault-token": token}, members, refused=_write_refusal)

    def log_in(self, path: str, fields: dict[str, str]) -> str:
        """Return the token that the login at `path` is worth."""
        auth = _member(self._ask("POST", path, {}, fields), "auth", self._name)
        token = auth.get("client_token")
        if not isinstance(token, str):
            raise _not_vault(self._name)
        return token

    @property
    def _name(self) -> str:
        return f"Vault at {cleaned(self.address)}"

    def _ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        fields: Mapping[str, object] | None = None,
        refused: Callable[[int, bytes, str, str], ConfigurationError] | None = None,
    ) -> dict[str, object]:
        headers["x-vault-request"] = "true"  # an agent in between may ask for it
        if self.namespace:
            headers["x-vault-namespace"] = self.namespace
        url = f"{self.address.rstrip('/')}/v1/{quote(path)}"
        body = json.dumps(fields).encode() if fields else b""
        if body:
            headers["content-type"] = "application/json"
        status, content = exchange(
            method, url, headers, body, store=self._name, ca_file=self.ca_file
        )
        if status != HTTPStatus.OK:
            raise (refused or _refusal)(status, content, self._name, path)
        return json_object(content, f"the answer of {self._name}")


def checked_path(path: str, what: str) -> str:
    """Return `path` without outer slashes; raise ConfigurationError where it is malformed."""
    path = path.strip("/")
    if not _PATH.fullmatch(path) or {"", ".", ".."} & set(path.split("/")):
        raise ConfigurationError(f"the {what} in Vault is malformed: give names parted by slashes")
    return path


def _member(answer: dict[str, object], name: str, vault: str) -> dict[str, object]:
    value = answer.get(name)
    if not isinstance(value, dict):
        raise _not_vault(vault)
    return value


def _not_vault(vault: str) -> ConfigurationError:
    return ConfigurationError(f"the answer of {vault} is none of Vault's: check the address")


def _write_refusal(status: int, content: bytes, vault: str, path: str) -> ConfigurationError:
    """Return what to do where something was not written."""
    if status == HTTPStatus.BAD_REQUEST and b"check-and-set" in content:
        return ChangedMeanwhile(f"{cleaned(path)} in {vault} was changed meanwhile: try again")
    if status == HTTPStatus.FORBIDDEN:
        return ConfigurationError(
            f"{vault} answered 403 for {cleaned(path)}: let the token's policy create and update "
            "this path"
        )
    return _refusal(status, content, vault, path)


def _refusal(status: int, _content: bytes, vault: str, path: str) -> ConfigurationError:
    """Return what to do; what Vault itself wrote is left out, as it may quote what was sent."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return SecretUnavailable(f"{vault} answered 503: it is sealed or in maintenance, unseal it")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _STANDBY:
        return SecretUnavailable(f"{vault} answered {status}: try again, and see its log")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        advice = "redirects are not followed with a token, give the address it moved to"
    else:
        advice = {
            400: "check the login, and that the mount is a KV store of version 2",
            401: "check the login",
            403: "check the token, that its policy allows to read this path, and the namespace",
            404: "nothing is there; check the mount (KV version 2), the path and that the newest "
            "version is not deleted",
        }.get(status, "check the address")
    return ConfigurationError(f"{vault} answered {status} for {cleaned(path)}: {advice}")
