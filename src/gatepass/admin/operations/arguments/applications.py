"""What the methods of these operations take.

Written by docs/generate.py from the operations of the server.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Required, TypedDict
from uuid import UUID

from gatepass.admin.arguments import ConditionalChange, ConditionalCreation, Creation


class ApplicationList(TypedDict, total=False):
    """The arguments of `application.list`."""

    limit: int
    cursor: str
    org_id: UUID | str | None
    search: str
    state: Literal["active", "disabled"] | None


class ApplicationShow(TypedDict, total=False):
    """The arguments of `application.show`."""

    client_id: Required[str]


class ApplicationChange(ConditionalChange, total=False):
    """The arguments of `application.change`."""

    client_id: Required[str]
    name: str | None
    contact: str | None
    token_lifetime: int | None
    networks: Sequence[str] | None
    dpop_bound_access_tokens: bool | None
    tls_client_certificate_bound_access_tokens: bool | None
    profile: Literal["none", "fapi2"] | None
    introspection_signed_response_alg: Literal["none", "ES256", "EdDSA", "PS256", "RS256"] | None


class ApplicationConfigure(ConditionalChange, total=False):
    """The arguments of `application.configure`."""

    client_id: Required[str]
    name: str | None
    contact: str | None
    token_lifetime: int | None
    networks: Sequence[str] | None
    dpop_bound_access_tokens: bool | None
    tls_client_certificate_bound_access_tokens: bool | None
    profile: Literal["none", "fapi2"] | None
    introspection_signed_response_alg: Literal["none", "ES256", "EdDSA", "PS256", "RS256"] | None
    scope: str | None
    rate_limit_mode: Literal["off", "warn", "enforce"] | None
    rate_limit: int | None


class ApplicationSetScope(ConditionalChange, total=False):
    """The arguments of `application.set_scope`."""

    client_id: Required[str]
    scope: Required[str]


class ApplicationSetRateLimit(ConditionalChange, total=False):
    """The arguments of `application.set_rate_limit`."""

    client_id: Required[str]
    mode: Required[Literal["off", "warn", "enforce"]]
    limit: int | None


class ApplicationSetAutomaticRotation(ConditionalChange, total=False):
    """The arguments of `application.set_automatic_rotation`."""

    client_id: Required[str]
    is_on: bool | None
    days: int | None
    overlap: Literal["1-hour", "24-hours", "7-days", "30-days"] | None


class ApplicationDisable(ConditionalCreation, total=False):
    """The arguments of `application.disable`."""

    client_id: Required[str]


class ApplicationEnable(ConditionalCreation, total=False):
    """The arguments of `application.enable`."""

    client_id: Required[str]


class ApplicationDelete(ConditionalChange, total=False):
    """The arguments of `application.delete`."""

    client_id: Required[str]


class ApplicationCreate(Creation, total=False):
    """The arguments of `application.create`."""

    org_id: Required[UUID | str]
    name: Required[str]
    scope: str | None
    token_lifetime: int
    contact: str
    networks: Sequence[str]
    secret_expires_at: datetime | str | None
    public_key: str | None
    key_name: str
    key_expires_at: datetime | str | None
    jwks_uri: str | None
    certificate: str | None


class ApplicationRotate(ConditionalCreation, total=False):
    """The arguments of `application.rotate`."""

    client_id: Required[str]
    overlap: Literal["none", "1-hour", "24-hours", "7-days", "30-days", "until-used"]
    secret_expires_at: datetime | str | None


class ApplicationSetSecretEnd(ConditionalChange, total=False):
    """The arguments of `application.set_secret_end`."""

    client_id: Required[str]
    secret_id: Required[UUID | str]
    expires_at: Required[datetime | str | None]


class ApplicationRevokeSecret(ConditionalCreation, total=False):
    """The arguments of `application.revoke_secret`."""

    client_id: Required[str]
    secret_id: Required[UUID | str]


class ApplicationReplaceLeakedSecret(ConditionalCreation, total=False):
    """The arguments of `application.replace_leaked_secret`."""

    client_id: Required[str]
    secret_id: Required[UUID | str]


class ApplicationRevokeTokens(ConditionalCreation, total=False):
    """The arguments of `application.revoke_tokens`."""

    client_id: Required[str]


class ApplicationKeys(TypedDict, total=False):
    """The arguments of `application.keys`."""

    client_id: Required[str]


class ApplicationAddKey(ConditionalCreation, total=False):
    """The arguments of `application.add_key`."""

    client_id: Required[str]
    name: Required[str]
    public_key: Required[str]
    expires_at: datetime | str | None


class ApplicationGenerateKey(ConditionalCreation, total=False):
    """The arguments of `application.generate_key`."""

    client_id: Required[str]
    name: Required[str]
    alg: Literal["ES256", "ES384", "ES512", "Ed25519", "PS256", "PS384", "PS512", "RS256"]
    expires_at: datetime | str | None


class ApplicationChangeKey(ConditionalChange, total=False):
    """The arguments of `application.change_key`."""

    client_id: Required[str]
    key_id: Required[UUID | str]
    name: str | None
    expires_at: datetime | str | None


class ApplicationRevokeKey(ConditionalCreation, total=False):
    """The arguments of `application.revoke_key`."""

    client_id: Required[str]
    key_id: Required[UUID | str]


class ApplicationSetKeySettings(ConditionalChange, total=False):
    """The arguments of `application.set_key_settings`."""

    client_id: Required[str]
    jwks_uri: str | None
    legacy_audience: bool | None


class ApplicationCertificates(TypedDict, total=False):
    """The arguments of `application.certificates`."""

    client_id: Required[str]


class ApplicationAddCertificate(ConditionalCreation, total=False):
    """The arguments of `application.add_certificate`."""

    client_id: Required[str]
    name: Required[str]
    certificate: Required[str]


class ApplicationAddCertificateSubject(ConditionalCreation, total=False):
    """The arguments of `application.add_certificate_subject`."""

    client_id: Required[str]
    name: Required[str]
    member: Required[
        Literal[
            "tls_client_auth_subject_dn",
            "tls_client_auth_san_dns",
            "tls_client_auth_san_uri",
            "tls_client_auth_san_ip",
            "tls_client_auth_san_email",
        ]
    ]
    value: Required[str]


class ApplicationRemoveCertificate(ConditionalChange, total=False):
    """The arguments of `application.remove_certificate`."""

    client_id: Required[str]
    certificate_id: Required[UUID | str]


class ApplicationMethods(TypedDict, total=False):
    """The arguments of `application.methods`."""

    client_id: Required[str]


class ApplicationRevokeSecrets(ConditionalCreation, total=False):
    """The arguments of `application.revoke_secrets`."""

    client_id: Required[str]
    unused_for_days: int


class ApplicationUsage(TypedDict, total=False):
    """The arguments of `application.usage`."""

    client_id: Required[str]
    period: Literal["24h", "7d", "90d"]


class ApplicationRefusals(TypedDict, total=False):
    """The arguments of `application.refusals`."""

    client_id: Required[str]


class ApplicationUses(TypedDict, total=False):
    """The arguments of `application.uses`."""

    client_id: Required[str]


class SecretExpiring(TypedDict, total=False):
    """The arguments of `secret.expiring`."""

    limit: int
    cursor: str
    org_id: UUID | str | None
    days: int


class ApplicationExpiringKeys(TypedDict, total=False):
    """The arguments of `application.expiring_keys`."""

    limit: int
    cursor: str
    org_id: UUID | str | None
    days: int


class ApplicationExpiringCertificates(TypedDict, total=False):
    """The arguments of `application.expiring_certificates`."""

    limit: int
    cursor: str
    org_id: UUID | str | None
    days: int
