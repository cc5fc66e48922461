"""What operations on applications take and return."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from gatepass.jose.x509.certificate import LONGEST_TEXT
from gatepass.server.admin.operations.model import (
    Arguments,
    Call,
    Line,
    Moment,
    Page,
    Result,
    SecretText,
)
from gatepass.server.domain.applications.listing.model import Found
from gatepass.server.domain.applications.model import (
    OVERLAPS,
    ApplicationSecret,
    RateLimitMode,
    State,
)
from gatepass.server.domain.applications.model import Application as Stored
from gatepass.server.domain.applications.networks import format_networks
from gatepass.server.domain.applications.secrets.automatic_rotation import (
    operations as rotations,
)

AREA = "applications"
LONGEST_KEYS = 60_000
"""The longest text of public keys, in characters."""
Overlap = Literal["none", "1-hour", "24-hours", "7-days", "30-days"]
RotationOverlap = Literal["1-hour", "24-hours", "7-days", "30-days"]

OVERLAP = {words.replace(" ", "-"): overlap for overlap, words in OVERLAPS.items()}
"""How long an old secret works, by the word for it."""

ClientId = Annotated[str, Field(max_length=200, description="its client id, or its id")]
Network = Annotated[
    str, Field(max_length=60, pattern=r"^[0-9A-Fa-f:./]+$", description="as 203.0.113.0/24")
]
Networks = Annotated[
    list[Network],
    Field(max_length=1000, description="where its requests may come from; empty: anywhere"),
]


class Secret(Result):
    """A client secret that works, without the secret itself."""

    id: UUID
    ends_with: str | None
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    ends_when_replaced: bool

    @classmethod
    def of(cls, found: ApplicationSecret) -> "Secret":
        """Return the secret as operators see it."""
        return cls(
            id=found.id,
            ends_with=found.last_four or None,
            created_at=found.created_at,
            expires_at=found.expires_at,
            ends_when_replaced=found.ends_on_use_of is not None,
        )


class AutomaticRotation(Result):
    """Whether an application may rotate its own secret, how often, and with which overlap."""

    is_on: bool
    days: int
    overlap: RotationOverlap
    last_rotation: AwareDatetime | None


class Application(Result):
    """An application of a partner. When it was used last is in its uses."""

    id: UUID
    client_id: str
    org_id: UUID
    name: str
    state: State
    scope: str
    token_lifetime: int
    contact: str
    networks: list[str]
    redirect_uris: list[str]
    rate_limit_mode: RateLimitMode
    rate_limit: int | None
    dpop_bound_access_tokens: bool
    tls_client_certificate_bound_access_tokens: bool
    profile: str | None
    introspection_signed_response_alg: str | None
    automatic_rotation: AutomaticRotation
    created_at: AwareDatetime
    created_by: str
    imported_from: str | None
    tokens_revoked_before: AwareDatetime | None
    secrets: list[Secret]

    @classmethod
    def of(cls, call: Call, found: Stored) -> "Application":
        """Return the application as operators see it."""
        return cls(
            id=found.id,
            client_id=found.client_id,
            org_id=found.org_id,
            name=found.name,
            state=found.state,
            scope=str(found.scope),
            token_lifetime=found.token_lifetime,
            contact=found.contact,
            networks=format_networks(found.networks).split(),
            redirect_uris=list(found.redirect_uris),
            rate_limit_mode=found.rate_limit_mode,
            rate_limit=found.rate_limit,
            dpop_bound_access_tokens=found.dpop_bound_access_tokens,
            tls_client_certificate_bound_access_tokens=(
                found.tls_client_certificate_bound_access_tokens
            ),
            profile=found.profile,
            introspection_signed_response_alg=found.introspection_signed_response_alg,
            automatic_rotation=_rotation(call, found),
            created_at=found.created_at,
            created_by=found.created_by,
            imported_from=found.imported_from,
            tokens_revoked_before=found.tokens_revoked_before,
            secrets=[Secret.of(each) for each in found.live_secrets(call.context.now())],
        )


def _rotation(call: Call, found: Stored) -> AutomaticRotation:
    rotation = rotations.find(call.context, found.id)
    setting = rotation.setting
    return AutomaticRotation.model_validate(
        {
            "is_on": setting.is_on,
            "days": setting.interval.days,
            "overlap": next(word for word, each in OVERLAP.items() if each == setting.overlap),
            "last_rotation": rotation.committed_at,
        }
    )


class ListedApplication(Result):
    """An application in a list."""

    id: UUID
    client_id: str
    org_id: UUID
    name: str
    state: State
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None
    last_used_from: str | None

    @classmethod
    def of(cls, found: Found) -> "ListedApplication":
        """Return the application as operators see it."""
        return cls.model_validate(found)


class Applications(Result):
    """A page of applications."""

    items: list[ListedApplication]
    next_cursor: str | None


class WantedApplications(Page):
    """Which applications are wanted."""

    org_id: Annotated[UUID | None, Field(description="only those of this organization")] = None
    search: Annotated[Line, Field(description="a part of the name, or of the client id")] = ""
    state: Annotated[State | None, Field(description="only those")] = None


class OneApplication(Arguments):
    """One application."""

    client_id: ClientId


class NewApplication(Arguments):
    """A new application. Without a `scope` it has the catalogue's default.

    Its secret works until `secret_expires_at`, null for any time; as long as the policies allow
    where that is not given. With a `public_key`, a `jwks_uri` or a `certificate` it has no secret.
    """

    org_id: UUID
    name: Line
    scope: Annotated[Line | None, Field(description="space-separated")] = None
    token_lifetime: Annotated[int, Field(description="of its tokens, in seconds")] = 36000
    contact: Line = ""
    networks: Networks = Field(default_factory=list)
    secret_expires_at: Moment | None = None
    public_key: Annotated[
        str | None,
        Field(max_length=LONGEST_KEYS, description="in place of a secret: a JWK, JWK Set, or PEM"),
    ] = None
    key_name: Annotated[Line, Field(description="what people call the key")] = "First key"
    key_expires_at: Moment | None = None
    jwks_uri: Annotated[
        Line | None, Field(description="in place of a secret: where it publishes its keys")
    ] = None
    certificate: Annotated[
        str | None,
        Field(max_length=LONGEST_TEXT, description="in place of a secret: in PEM, for mutual TLS"),
    ] = None


class Credentials(Result):
    """An application, and the one sight of its new client secret; null where it has a key."""

    application: Application
    client_secret: SecretText = None
    secret_expires_at: AwareDatetime | None
    token_url: str


class ApplicationChange(OneApplication):
    """What changes; what is not given stays as it is."""

    name: Line | None = None
    contact: Line | None = None
    token_lifetime: Annotated[int | None, Field(description="seconds")] = None
    networks: Networks | None = None
    dpop_bound_access_tokens: Annotated[
        bool | None, Field(description="whether it gets no token without a DPoP proof (RFC 9449)")
    ] = None
    tls_client_certificate_bound_access_tokens: Annotated[
        bool | None,
        Field(description="whether its tokens are bound to a client certificate (RFC 8705)"),
    ] = None
    profile: Annotated[
        Literal["none", "fapi2"] | None, Field(description="the security profile that holds for it")
    ] = None
    introspection_signed_response_alg: Annotated[
        Literal["none", "ES256", "EdDSA", "PS256", "RS256"] | None,
        Field(description="by which its introspection responses are always signed (RFC 9701)"),
    ] = None


class ApplicationSettings(ApplicationChange):
    """What changes, of all settings; what is not given stays as it is."""

    scope: Annotated[Line | None, Field(description="space-separated")] = None
    rate_limit_mode: RateLimitMode | None = None
    rate_limit: Annotated[int | None, Field(description="tokens an hour")] = None


class NewScope(OneApplication):
    """All that its new tokens may allow."""

    scope: Annotated[Line, Field(description="space-separated")]


class NewRateLimit(OneApplication):
    """How many tokens an hour it may request, and what happens above that."""

    mode: RateLimitMode
    limit: Annotated[int | None, Field(description="tokens an hour")] = None


class NewAutomaticRotation(OneApplication):
    """Whether it may rotate its own secret; what is not given stays as it is."""

    is_on: bool | None = None
    days: Annotated[int | None, Field(ge=1, le=365)] = None
    overlap: RotationOverlap | None = None


class NewSecret(OneApplication):
    """How long the old secret works, and until when the new one does."""

    overlap: Annotated[
        Overlap | Literal["until-used"], Field(description="how long the old secret works")
    ] = "24-hours"
    secret_expires_at: Moment | None = None


class OneSecret(OneApplication):
    """One secret of an application."""

    secret_id: UUID


class NewSecretEnd(OneSecret):
    """When a secret ends; null for never."""

    expires_at: Moment | None


class Replaced(Result):
    """An application, and the one sight of a new secret if the leaked one was its newest."""

    application: Application
    client_secret: SecretText = None
