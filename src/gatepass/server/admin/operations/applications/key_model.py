"""What operations on the keys of applications take and return."""

import json
from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import AwareDatetime, Field

from gatepass.server.admin.operations.applications.model import LONGEST_KEYS, OneApplication
from gatepass.server.admin.operations.model import Line, Moment, Result, SecretText
from gatepass.server.domain.applications.keys.model import ApplicationKey as Stored
from gatepass.server.domain.applications.keys.model import KeySetting

Alg = Literal["ES256", "ES384", "ES512", "Ed25519", "PS256", "PS384", "PS512", "RS256"]
ALGS: tuple[Alg, ...] = get_args(Alg)


class ApplicationKey(Result):
    """A public key of an application; `jwk` is its text as a JWK."""

    id: UUID
    name: str
    kid: str
    thumbprint: str
    algorithms: list[str]
    jwk: str
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None
    is_live: bool
    last_used_at: AwareDatetime | None
    last_used_from: str | None
    last_used_program: str | None

    @classmethod
    def of(cls, found: Stored, now: datetime) -> "ApplicationKey":
        """Return the key as operators see it."""
        return cls(
            id=found.id,
            name=found.name,
            kid=found.key.kid,
            thumbprint=found.key.thumbprint,
            algorithms=list(found.key.algorithms),
            jwk=json.dumps(found.key.jwk()),
            created_at=found.created_at,
            created_by=found.created_by,
            expires_at=found.expires_at,
            is_live=found.is_live(now),
            last_used_at=found.last_used_at,
            last_used_from=found.last_used_from,
            last_used_program=found.last_used_agent,
        )


class ApplicationKeys(Result):
    """The keys of an application, the oldest first, and how it uses them."""

    client_id: str
    keys: list[ApplicationKey]
    jwks_uri: str
    legacy_audience: bool

    @classmethod
    def all_of(
        cls, client_id: str, keys: list[Stored], setting: KeySetting, now: datetime
    ) -> "ApplicationKeys":
        """Return the keys as operators see them."""
        return cls(
            client_id=client_id,
            keys=[ApplicationKey.of(each, now) for each in keys],
            jwks_uri=setting.jwks_uri,
            legacy_audience=setting.legacy_audience,
        )


class NewKey(OneApplication):
    """A public key, or several, for an application."""

    name: Annotated[Line, Field(description="what people call it")]
    public_key: Annotated[
        str, Field(max_length=LONGEST_KEYS, description="a JWK, a JWK Set, or PEM")
    ]
    expires_at: Moment | None = None


class NewKeyPair(OneApplication):
    """A pair of keys that the server makes."""

    name: Annotated[Line, Field(description="what people call it")]
    alg: Annotated[Alg, Field(description="what it signs with")] = "ES256"
    expires_at: Moment | None = None


class GeneratedKeyPair(Result):
    """A new key, and the one sight of its private part, as PEM and as the text of a JWK."""

    key: ApplicationKey
    alg: str
    private_key: SecretText = None
    private_jwk: SecretText = None
    issuer: str
    token_url: str


class OneKey(OneApplication):
    """One key of an application."""

    key_id: UUID


class KeyChange(OneKey):
    """What changes; what is not given stays as it is. Null as the end: it does not expire."""

    name: Line | None = None
    expires_at: Moment | None = None


class KeySettingChange(OneApplication):
    """What changes; what is not given stays as it is.

    `jwks_uri` is where the application publishes its keys, empty for nowhere. With
    `legacy_audience` an assertion may have the address of the endpoint, or a list, for `aud`.
    """

    jwks_uri: Line | None = None
    legacy_audience: bool | None = None
