"""Credentials of applications that end soon: secrets, keys and certificates."""

from datetime import timedelta
from typing import Annotated, Literal, NamedTuple, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from gatepass.server.admin.operations import examples, partners
from gatepass.server.admin.operations.model import (
    EITHER,
    Call,
    Operation,
    Page,
    Result,
    position_of,
)
from gatepass.server.domain.applications.keys.methods.expiry import operations
from gatepass.server.domain.applications.keys.methods.expiry.model import CredentialKind
from gatepass.server.domain.applications.keys.methods.expiry.model import Expiring as Stored

AREA = "usage"

_KID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
_EXAMPLE = {"days": 30}
_OF_APPLICATION = {
    "client_id": examples.CLIENT_ID,
    "org_id": examples.ORGANIZATION_ID,
    "name": "Billing",
    "contact": "ops@acme.example",
    "expires_at": "2026-12-10T00:00:00Z",
}
_OrgId = Annotated[UUID | None, Field(description="only those of this organization")]
_Days = Annotated[int, Field(ge=1, le=90, description="end within so many days")]


class WantedExpiring(Page):
    """Secrets that end soon: of whom, and how soon."""

    org_id: _OrgId = None
    days: _Days = 30


class WantedExpiringKeys(Page):
    """Keys that end soon: of whom, and how soon."""

    org_id: _OrgId = None
    days: _Days = 30


class WantedExpiringCertificates(Page):
    """Certificates that end soon: of whom, and how soon."""

    org_id: _OrgId = None
    days: _Days = 30


class Expiring(Result):
    """The newest secret of an application, which ends soon."""

    client_id: str
    org_id: UUID
    name: str
    contact: str
    secret_id: UUID
    ends_with: str | None
    expires_at: AwareDatetime


class ExpiringSecrets(Result):
    """A page of secrets that end soon and that no newer one replaces, the next to end first."""

    items: list[Expiring]
    next_cursor: str | None


class ExpiringKey(Result):
    """The newest key of an application, which ends soon."""

    client_id: str
    org_id: UUID
    name: str
    contact: str
    key_id: UUID
    key: str
    kid: str
    expires_at: AwareDatetime


class ExpiringKeys(Result):
    """A page of keys that end soon and that no newer one replaces, the next to end first."""

    items: list[ExpiringKey]
    next_cursor: str | None


class ExpiringCertificate(Result):
    """A certificate of an application, which ends soon.

    With `tls_client_auth` it is the one that the subject recognised and that was issued last.
    """

    client_id: str
    org_id: UUID
    name: str
    contact: str
    certificate_id: UUID
    certificate: str
    method: Literal["tls_client_auth", "self_signed_tls_client_auth"]
    recognised_by: str
    expires_at: AwareDatetime


class ExpiringCertificates(Result):
    """A page of certificates that end soon and that no newer one replaces, the next to end first.

    What a subject recognises is replaced by a certificate that was issued later and is used.
    """

    items: list[ExpiringCertificate]
    next_cursor: str | None


class _Found(NamedTuple):
    page: list[Stored]
    next_cursor: str | None


Wanted = WantedExpiring | WantedExpiringKeys | WantedExpiringCertificates
Row = TypeVar("Row", bound=Result)


def _find(call: Call, wanted: Wanted, kind: CredentialKind) -> _Found:
    """Return a page of the credentials of a kind that end soon; the operator's own are left out."""
    if wanted.org_id:
        partners.organization(call, wanted.org_id)
    after = position_of(wanted.cursor, _read_cursor)
    every = operations.find(call.context, kind, wanted.org_id, timedelta(days=wanted.days))
    operating = partners.operating(call)
    ordered = sorted(
        ((_position(each), each) for each in every if each.org_id != operating),
        key=lambda one: one[0],
    )
    rest = [each for position, each in ordered if after is None or position > after]
    found, cursor = rest[: wanted.limit], None
    if len(rest) > len(found):
        at, credential_id = _position(found[-1])
        cursor = f"{at}-{credential_id.hex}"
    return _Found(found, cursor)


def _read_cursor(text: str) -> tuple[int, UUID] | None:
    if not text:
        return None
    at, _, credential_id = text.partition("-")
    return int(at), UUID(credential_id)


def _position(each: Stored) -> tuple[int, UUID]:
    return round(each.expires_at.timestamp() * 1000), each.credential_id


def _row(form: type[Row], each: Stored, **own: object) -> Row:
    """Return a credential as operators see it; `own` is what its kind has by another name."""
    return form.model_validate(
        {
            "client_id": each.client_id,
            "org_id": each.org_id,
            "name": each.name,
            "contact": each.contact,
            "expires_at": each.expires_at,
            **own,
        }
    )


def _secrets(call: Call, wanted: WantedExpiring) -> ExpiringSecrets:
    found, cursor = _find(call, wanted, "secret")
    items = [
        _row(
            Expiring,
            each,
            secret_id=each.credential_id,
            ends_with=each.detail["last_four"] or None,
        )
        for each in found
    ]
    return ExpiringSecrets(items=items, next_cursor=cursor)


def _keys(call: Call, wanted: WantedExpiringKeys) -> ExpiringKeys:
    found, cursor = _find(call, wanted, "key")
    items = [_row(ExpiringKey, each, key_id=each.credential_id, **each.detail) for each in found]
    return ExpiringKeys(items=items, next_cursor=cursor)


def _certificates(call: Call, wanted: WantedExpiringCertificates) -> ExpiringCertificates:
    found, cursor = _find(call, wanted, "certificate")
    items = [
        _row(ExpiringCertificate, each, certificate_id=each.credential_id, **each.detail)
        for each in found
    ]
    return ExpiringCertificates(items=items, next_cursor=cursor)


SECRETS = Operation(
    name="secret.expiring",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/expiring-secrets",
    input=WantedExpiring,
    output=ExpiringSecrets,
    run=_secrets,
    summary="List the secrets that end soon and that no newer one replaces, the next one first.",
    example=_EXAMPLE,
    answer={
        "items": [{**_OF_APPLICATION, "secret_id": examples.SECRET_ID, "ends_with": "x4Qz"}],
        "next_cursor": None,
    },
)
KEYS = Operation(
    name="application.expiring_keys",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/expiring-keys",
    input=WantedExpiringKeys,
    output=ExpiringKeys,
    run=_keys,
    summary="List the keys that end soon and that no newer one replaces, the next one first.",
    example=_EXAMPLE,
    answer={
        "items": [
            {
                **_OF_APPLICATION,
                "key_id": examples.KEY_ID,
                "key": "Nightly import",
                "kid": _KID,
            }
        ],
        "next_cursor": None,
    },
)
CERTIFICATES = Operation(
    name="application.expiring_certificates",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/expiring-certificates",
    input=WantedExpiringCertificates,
    output=ExpiringCertificates,
    run=_certificates,
    summary="List the certificates that end soon and that no newer one replaces, the next first.",
    example=_EXAMPLE,
    answer={
        "items": [
            {
                **_OF_APPLICATION,
                "certificate_id": examples.CERTIFICATE_ID,
                "certificate": "Nightly import",
                "method": "self_signed_tls_client_auth",
                "recognised_by": "x5t#S256: R7OkEmzDEQfA1mNHLPvpQJXxMVCdEKh5ABowlaXdJTY",
            }
        ],
        "next_cursor": None,
    },
)

OPERATIONS = (SECRETS, KEYS, CERTIFICATES)
