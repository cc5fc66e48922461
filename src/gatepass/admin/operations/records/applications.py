"""What these operations return.

Written by docs/generate.py from the operations of the server.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gatepass.admin.records import Items, Record
from gatepass.wire.secret import Secret as SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedApplication(Record):
    """An application in a list."""

    id: UUID
    client_id: str
    org_id: UUID
    name: str
    state: str
    created_at: datetime
    last_used_at: datetime | None
    last_used_from: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticRotation(Record):
    """Whether an application may rotate its own secret, how often, and with which overlap."""

    is_on: bool
    days: int
    overlap: str
    last_rotation: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret(Record):
    """A client secret that works, without the secret itself."""

    id: UUID
    ends_with: str | None
    created_at: datetime
    expires_at: datetime | None
    ends_when_replaced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(Record):
    """An application of a partner. When it was used last is in its uses."""

    id: UUID
    client_id: str
    org_id: UUID
    name: str
    state: str
    scope: str
    token_lifetime: int
    contact: str
    networks: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    rate_limit_mode: str
    rate_limit: int | None
    dpop_bound_access_tokens: bool
    tls_client_certificate_bound_access_tokens: bool
    profile: str | None
    introspection_signed_response_alg: str | None
    automatic_rotation: AutomaticRotation
    created_at: datetime
    created_by: str
    imported_from: str | None
    tokens_revoked_before: datetime | None
    secrets: tuple[Secret, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials(Record):
    """An application, and the one sight of its new client secret; null where it has a key."""

    application: Application
    client_secret: SecretText | None
    secret_expires_at: datetime | None
    token_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced(Record):
    """An application, and the one sight of a new secret if the leaked one was its newest."""

    application: Application
    client_secret: SecretText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationKey(Record):
    """A public key of an application; `jwk` is its text as a JWK."""

    id: UUID
    name: str
    kid: str
    thumbprint: str
    algorithms: tuple[str, ...]
    jwk: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    is_live: bool
    last_used_at: datetime | None
    last_used_from: str | None
    last_used_program: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationKeys(Record):
    """The keys of an application, the oldest first, and how it uses them."""

    client_id: str
    keys: tuple[ApplicationKey, ...]
    jwks_uri: str
    legacy_audience: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedKeyPair(Record):
    """A new key, and the one sight of its private part, as PEM and as the text of a JWK."""

    key: ApplicationKey
    alg: str
    private_key: SecretText | None
    private_jwk: SecretText | None
    issuer: str
    token_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationCertificate(Record):
    """A certificate of an application, or the subject that one must name.

    Of a certificate, `thumbprint` is `x5t#S256` and `value` its distinguished name. Of a subject,
    `member` is what must have the `value`, and `expires_at` is the end of the certificate that was
    used and was issued last; null before the first one.
    """

    id: UUID
    name: str
    method: str
    certificate: str | None
    thumbprint: str | None
    member: str | None
    value: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    is_live: bool
    last_used_at: datetime | None
    last_used_from: str | None
    last_used_program: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationCertificates(Record):
    """The certificates of an application and the subjects of them, the oldest first."""

    client_id: str
    certificates: tuple[ApplicationCertificate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationMethod(Record):
    """One credential that works; `id` is that of the secret, key or certificate."""

    kind: str
    id: UUID | None
    name: str
    created_at: datetime | None
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str | None
    last_used_program: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationMethods(Record):
    """The credentials of an application that work, and what comes next from secrets to keys.

    `step`: register_key, deploy (no key was used yet), wait (a secret was used in the last 14
    days), revoke_secrets, done.
    """

    client_id: str
    step: str
    secrets_unused_since: datetime | None
    methods: tuple[AuthenticationMethod, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LastUse(Record):
    """When, from where, and by which program a secret was used last from an address."""

    ends_with: str | None
    last_used_at: datetime
    source: str
    program: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseOfSecret(Record):
    """When and from where a secret that works was used last."""

    id: UUID
    last_used_at: datetime | None
    last_used_from: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses(Items[LastUse]):
    """From where an application's secrets were used in the last 90 days, the last first.

    `secrets` are those that work now.
    """

    last_used_at: datetime | None
    last_used_from: str | None
    secrets: tuple[UseOfSecret, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring(Record):
    """The newest secret of an application, which ends soon."""

    client_id: str
    org_id: UUID
    name: str
    contact: str
    secret_id: UUID
    ends_with: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringKey(Record):
    """The newest key of an application, which ends soon."""

    client_id: str
    org_id: UUID
    name: str
    contact: str
    key_id: UUID
    key: str
    kid: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringCertificate(Record):
    """A certificate of an application, which ends soon.

    With `tls_client_auth` it is the one that the subject recognised and that was issued last.
    """

    client_id: str
    org_id: UUID
    name: str
    contact: str
    certificate_id: UUID
    certificate: str
    method: str
    recognised_by: str
    expires_at: datetime
