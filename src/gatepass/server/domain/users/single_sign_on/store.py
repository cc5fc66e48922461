"""The tables of single sign-on: providers, domains, identities and attempts."""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    delete,
    func,
    insert,
    select,
    update,
)

from gatepass.server.domain.users.model import Role
from gatepass.server.domain.users.single_sign_on.model import Attempt, Domain, Identity, Provider
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import upsert
from gatepass.wire.secret import Secret

REVISION = "0017"
"""The revision of the tables that has these."""

provider = Table(
    "single_sign_on",
    metadata,
    Column("org_id", Uuid, ForeignKey("organization.id"), primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("tested_at", Timestamp),
    Column("adds_people", Boolean, nullable=False),
    Column("role_claim", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("default_role", Text, nullable=False),
    Column("highest_role", Text, nullable=False),
    Column("emergency_id", Uuid, ForeignKey("person.id", ondelete="SET NULL")),
    Column("changed_at", Timestamp, nullable=False),
)

domain = Table(
    "single_sign_on_domain",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Uuid, ForeignKey("organization.id"), nullable=False),
    Column("domain", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("proved_at", Timestamp),
    # The domain once it is proved: one organization alone can have proved it.
    Column("proved_domain", Text, unique=True),
    UniqueConstraint("org_id", "domain"),
)

identity = Table(
    "single_sign_on_identity",
    metadata,
    # An issuer may be that of several organizations, each with a client of its own.
    Column("org_id", Uuid, ForeignKey("organization.id"), primary_key=True),
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column(
        "person_id",
        Uuid,
        ForeignKey("person.id", ondelete="CASCADE"),
        key="user_id",
        nullable=False,
        unique=True,
    ),
    Column("has_arrived", Boolean, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("last_used_at", Timestamp),
)

attempt = Table(
    "single_sign_on_attempt",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("org_id", Uuid, ForeignKey("organization.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("browser", LargeBinary, nullable=False),
    Column("session_digest", LargeBinary),
    Column("person_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), key="user_id"),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=False, index=True),
)


def find(connection: Connection, org_id: UUID) -> Provider | None:
    """Return the provider of an organization."""
    row = connection.execute(select(provider).where(provider.c.org_id == org_id)).one_or_none()
    if row is None:
        return None
    roles: dict[str, Role] = json.loads(row.roles)
    return Provider(**{**row._mapping, "roles": roles})  # noqa: SLF001 - its documented name


def put(connection: Connection, new: Provider) -> None:
    """Write the provider of an organization, in place of the one before."""
    columns = {each.name: getattr(new, each.name) for each in provider.columns}
    upsert(connection, provider, **{**columns, "roles": json.dumps(dict(new.roles))})


def change(connection: Connection, org_id: UUID, values: Mapping[str, object]) -> None:
    """Set columns of an organization's provider."""
    connection.execute(update(provider).where(provider.c.org_id == org_id).values(**values))


def secrets(connection: Connection) -> list[tuple[UUID, bytes]]:
    """Return each organization's encrypted client secret."""
    query = select(provider.c.org_id, provider.c.secret)
    return [(row.org_id, row.secret) for row in connection.execute(query)]


def domains(connection: Connection, org_id: UUID) -> list[Domain]:
    """Return the domains of an organization, proved or not, by name."""
    query = select(domain).where(domain.c.org_id == org_id).order_by(domain.c.domain)
    return [Domain(*row[:6]) for row in connection.execute(query)]


def find_domain(connection: Connection, org_id: UUID, domain_id: UUID) -> Domain | None:
    """Return a domain of an organization."""
    query = select(domain).where(domain.c.org_id == org_id, domain.c.id == domain_id)
    row = connection.execute(query).one_or_none()
    return Domain(*row[:6]) if row else None


def add_domain(connection: Connection, new: Domain) -> None:
    """Add a domain that is not proved yet."""
    connection.execute(insert(domain).values(**new._asdict()))


def prove_domain(connection: Connection, proved: Domain, now: datetime) -> None:
    """Note that the TXT record of a domain was found; `owner_of` must be nobody else."""
    values = {"proved_at": now, "proved_domain": proved.domain}
    connection.execute(update(domain).where(domain.c.id == proved.id).values(**values))


def remove_domain(connection: Connection, domain_id: UUID) -> None:
    """Delete a domain."""
    connection.execute(delete(domain).where(domain.c.id == domain_id))


def owner_of(connection: Connection, name: str) -> UUID | None:
    """Return the organization that has proved a domain."""
    query = select(domain.c.org_id).where(domain.c.proved_domain == name)
    return connection.execute(query).scalar_one_or_none()


def find_identity(
    connection: Connection, org_id: UUID, issuer: str, subject: str
) -> Identity | None:
    """Return the account that a subject of an issuer is connected with."""
    query = select(identity).where(
        identity.c.org_id == org_id, identity.c.issuer == issuer, identity.c.subject == subject
    )
    row = connection.execute(query).one_or_none()
    return Identity(*row) if row else None


def identity_of(connection: Connection, user_id: UUID) -> Identity | None:
    """Return what somebody's account is connected with."""
    row = connection.execute(select(identity).where(identity.c.user_id == user_id)).one_or_none()
    return Identity(*row) if row else None


def number_connected(connection: Connection, org_id: UUID, issuer: str) -> int:
    """Return how many accounts of an organization are connected with an issuer."""
    query = select(func.count()).where(identity.c.org_id == org_id, identity.c.issuer == issuer)
    return connection.execute(query).scalar_one()


def add_identity(connection: Connection, new: Identity) -> None:
    """Connect an account, in place of what it was connected with before."""
    connection.execute(delete(identity).where(identity.c.user_id == new.user_id))
    connection.execute(insert(identity).values(**new._asdict()))


def use_identity(connection: Connection, user_id: UUID, now: datetime) -> None:
    """Note that somebody has come from the provider."""
    query = update(identity).where(identity.c.user_id == user_id)
    connection.execute(query.values(last_used_at=now))


def remove_identity(connection: Connection, user_id: UUID) -> None:
    """Disconnect an account."""
    connection.execute(delete(identity).where(identity.c.user_id == user_id))


def add_attempt(connection: Connection, new: Attempt) -> None:
    """Add a round trip that begins."""
    connection.execute(insert(attempt).values(**new._asdict()))


def take_attempt(connection: Connection, state: Secret) -> Attempt | None:
    """Delete the round trip of a state and return it, for one of those who use it at once."""
    query = select(attempt).where(attempt.c.digest == state.digest())
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    taken = connection.execute(delete(attempt).where(attempt.c.digest == row.digest))
    return Attempt(*row) if taken.rowcount == 1 else None


def remove_attempts(connection: Connection, org_id: UUID | None = None) -> None:
    """Delete the round trips that are under way, those of an organization or all."""
    of_whom = delete(attempt)
    connection.execute(of_whom.where(attempt.c.org_id == org_id) if org_id else of_whom)


def prune(connection: Connection, now: datetime) -> None:
    """Delete the round trips that nobody finished in time."""
    connection.execute(delete(attempt).where(attempt.c.expires_at <= now))


def is_any_on(connection: Connection) -> bool:
    """Return whether a provider is turned on."""
    query = select(provider.c.org_id).where(provider.c.is_on).limit(1)
    return connection.execute(query).first() is not None
