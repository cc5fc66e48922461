"""What these operations return.

Written by docs/generate.py from the operations of the server.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gatepass.admin.records import Items, Record
from gatepass.wire.secret import Secret as SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization(Record):
    """A partner: who may log in, and whose applications get tokens, while it is active."""

    id: UUID
    name: str
    state: str
    created_at: datetime
    suspended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Created(Record):
    """A new organization, and the one sight of an initial password."""

    organization: Organization
    username: str | None
    initial_password: SecretText | None
    login_url: str
    invited: str | None
    invited_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyValues(Record):
    """The fields of a policy; null leaves one open. Limits are in seconds."""

    second_factor: str | None
    session_idle: int | None
    session_absolute: int | None
    registration: str | None
    single_sign_on: str | None
    secret_lifetime: int | None
    leaked_secret: str | None
    leaked_secret_grace: int | None
    new_applications: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies(Record):
    """What the operator demands, what the organization does, and what is in force.

    The limits of the settings count as the operator's. For each field the stricter value is in
    force. The operator's own policy has no `organization`.
    """

    operator: PolicyValues
    organization: PolicyValues | None
    in_force: PolicyValues


@dataclass(frozen=True, slots=True, kw_only=True)
class Span(Record):
    """How many tokens were issued, and how many requests refused, from a moment on."""

    start: datetime
    issued: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Items[Span]):
    """Hours or days, the oldest first; those without a request are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Record):
    """Equal refusals of a day: why, from where, how often, in numbers and in words."""

    client_id: str
    application: str
    reason: str
    why: str
    words: str
    to_do: str
    source: str
    program: str
    times: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals(Items[Refused]):
    """Refusals, the newest first."""
