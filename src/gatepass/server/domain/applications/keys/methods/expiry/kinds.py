"""What a reminder about each kind of credential is called, in mail, events and the log."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import structlog

from gatepass.server.domain.applications.keys.methods.expiry.model import CredentialKind, Expiring
from gatepass.server.domain.applications.keys.methods.expiry.sources.store import (
    CERTIFICATES,
    KEYS,
    SECRETS,
)
from gatepass.server.domain.applications.keys.methods.expiry.store import Source
from gatepass.server.domain.users.notices import mails
from gatepass.translation.message import Message

log = structlog.get_logger("gatepass.server")


class Kind(NamedTuple):
    """A kind of credential: where it is read, and the names of its event and its mail.

    `called` returns what people call the credential that a `detail` of `Expiring` says; `log`
    writes the line of the log from the environment's name, the credential, and the days left.
    """

    source: Source
    event: str
    mail: mails.Kind
    called: Callable[[Mapping[str, str]], Message]
    log: Callable[[str, Expiring, int], None]


def _secret(detail: Mapping[str, str]) -> Message:
    if not detail["last_four"]:
        return Message("the imported secret")
    return Message("the secret ending in {last_four}", last_four=detail["last_four"])


def _key(detail: Mapping[str, str]) -> Message:
    return Message("the key {name}", name=detail["key"])


def _certificate(detail: Mapping[str, str]) -> Message:
    return Message("the certificate {name}", name=detail["certificate"])


def _log_secret(environment: str, each: Expiring, days: int) -> None:
    log.warning("secret.expiring", environment=environment, client_id=each.client_id, days=days)


def _log_key(environment: str, each: Expiring, days: int) -> None:
    log.warning(
        "client_key.expiring",
        environment=environment,
        client_id=each.client_id,
        kid=each.detail["kid"],
        days=days,
    )


def _log_certificate(environment: str, each: Expiring, days: int) -> None:
    log.warning(
        "client_certificate.expiring",
        environment=environment,
        client_id=each.client_id,
        recognised_by=each.detail["recognised_by"],
        days=days,
    )


KINDS: MappingProxyType[CredentialKind, Kind] = MappingProxyType(
    {
        "secret": Kind(SECRETS, "secret.expiring", "secrets_expiring", _secret, _log_secret),
        "key": Kind(KEYS, "client_key.expiring", "keys_expiring", _key, _log_key),
        "certificate": Kind(
            CERTIFICATES,
            "client_certificate.expiring",
            "certificates_expiring",
            _certificate,
            _log_certificate,
        ),
    }
)
