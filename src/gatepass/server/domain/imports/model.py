"""The rules for importing applications of another system."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Literal, NamedTuple
from uuid import UUID

from gatepass.server.domain.applications.model import (
    LONGEST_NAME,
    MOST_REDIRECT_URIS,
    ApplicationSecret,
    check_redirect_uris,
)
from gatepass.server.domain.imports import django_hashers
from gatepass.server.domain.names import is_tidy_form, is_visible, without_refused
from gatepass.server.storage.timestamps import milliseconds
from gatepass.wire.credential import read
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import can_be_sent
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

LONGEST_CLIENT_ID = 255

OrganizationBy = Literal["user", "none"]
State = Literal["imported", "already there", "left out"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an application is there; `key` stays the same, `name` is what people read."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class SourceApplication:
    """An application as it stands in the other system, not judged yet.

    `was_hashed` is what the system says of its secret, None where it says nothing.
    """

    client_id: str
    kept: Secret
    was_hashed: bool | None
    name: str
    is_confidential: bool
    is_client_credentials: bool
    redirect_uris: str
    created_at: datetime | None
    owner: Owner | None

    @property
    def fingerprint(self) -> bytes:
        """Return a digest that shows later whether the secret has changed at the source."""
        return self.kept.digest()


class ImportOptions(NamedTuple):
    """How they come in: from where, with which scope, into which organizations."""

    source: str
    scope: Scope
    organization_by: OrganizationBy


class SourceError(Exception):
    """Another system's data that cannot be read; the message is one line that says what to do."""


class NotImportable(Exception):
    """An application that cannot come in; the message is the reason, for the report."""


@dataclass(frozen=True, slots=True)
class ImportedApplication:
    """What an application will be here; `notes` say what is not as it was."""

    client_id: str
    name: str
    secret: ApplicationSecret
    redirect_uris: tuple[str, ...]
    created_at: datetime
    way: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one application; `way` is how its secret was kept there."""

    client_id: str
    name: str
    state: State
    org_id: UUID | None = None
    organization: str = ""
    way: str = ""
    notes: tuple[str, ...] = field(default=())


def convert(found: SourceApplication, now: datetime) -> ImportedApplication:
    """Return what an application becomes here; raise NotImportable with the reason if it cannot."""
    _check_kind(found)
    _check_client_id(found.client_id)
    way = _hash_kind(found)
    created_at = min(found.created_at or now, now)  # earlier tokens are not accepted
    name, name_notes = name_of(found.name, LONGEST_NAME)
    uris, uri_notes = _redirect_uris(found.redirect_uris)
    is_short = way == django_hashers.PLAIN and len(found.kept.value) < django_hashers.SHORT
    short = ("its secret is short: rotate it",) if is_short else ()
    return ImportedApplication(
        client_id=found.client_id,
        name=name or name_of(found.client_id, LONGEST_NAME)[0] or "Imported",
        secret=_secret(found.kept, way, created_at, new_id(now)),
        redirect_uris=uris,
        created_at=created_at,
        way=way,
        notes=name_notes + uri_notes + short,
    )


def new_id(now: datetime) -> UUID:
    """Return a UUID of version 7, which begins with the time.

    Rows with such ids, which are stored together, are neighbours in an index.
    """
    random = int.from_bytes(secrets.token_bytes(10))
    fixed = milliseconds(now) << 80 | 7 << 76 | 2 << 62
    return UUID(int=fixed | random & ~(0xF << 76 | 0x3 << 62))


def name_of(text: str, longest: int) -> tuple[str, tuple[str, ...]]:
    """Return a name as one printable line of limited length, and a note if it had to change."""
    if text.isascii() and text.isprintable() and text == " ".join(text.split()) and text:
        line = text  # as most are, and there may be millions
    else:
        line = without_refused(text)
    line = line if is_visible(line) else ""
    name = line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
    return name, () if is_tidy_form(name, text) else ("its name was changed to fit",)


def _check_kind(found: SourceApplication) -> None:
    if not found.is_confidential:
        raise NotImportable("it is a public client, which has no secret to prove itself with")
    if not found.is_client_credentials:
        raise NotImportable("its grant type is not client credentials")


def _check_client_id(client_id: str) -> None:
    if not client_id:
        raise NotImportable("it has no client id")
    if len(client_id) > LONGEST_CLIENT_ID:
        raise NotImportable(f"its client id is longer than {LONGEST_CLIENT_ID} characters")
    if not can_be_sent(client_id):
        raise NotImportable("its client id has characters in it that cannot be sent")
    if read(client_id):
        raise NotImportable("its client id has the form of one of Gatepass's own")


def _hash_kind(found: SourceApplication) -> str:
    kept = found.kept.value
    if not kept:
        raise NotImportable("it has no secret")
    way = django_hashers.kind(kept, was_hashed=found.was_hashed)
    if way is None:
        raise NotImportable("its secret is hashed in a way that is weak, unknown or too costly")
    if way == django_hashers.PLAIN and not can_be_sent(kept):
        raise NotImportable("its secret has characters in it that cannot be sent")
    return way


def _secret(kept: Secret, way: str, created_at: datetime, secret_id: UUID) -> ApplicationSecret:
    if way == django_hashers.PLAIN:
        return ApplicationSecret(
            secret_id, kept.digest(), django_hashers.last_four(kept), created_at
        )
    random_digest = sha256(secrets.token_bytes(32)).digest()
    encoded = django_hashers.in_djangos_form(kept.value)
    return ApplicationSecret(secret_id, random_digest, "", created_at, encoded=encoded)


def _redirect_uris(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    listed = text.split()
    kept: list[str] = []
    for uri in listed:
        try:
            kept += check_redirect_uris(uri) if len(kept) < MOST_REDIRECT_URIS else ()
        except OAuthError:
            continue
    dropped = len(listed) - len(kept)
    notes = (f"{dropped} of its redirect URIs were not kept",) if dropped else ()
    return tuple(kept), notes
