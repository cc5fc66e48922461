"""Things to store: valid, and with every column that matters filled."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection

from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.users import store as people
from gatepass.server.domain.users.model import User
from gatepass.wire.scope import Scope

NOW = datetime(2026, 3, 1, 12, 30, 15, 123_000, UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

# Outside the basic plane, right to left, combining, and with what SQL treats as special.
AWKWARD = "Zoë 李 \U0001f697 שלום e\u0301 '; DROP TABLE person; -- \\ % _"


def organization(connection: Connection, name: str = "Acme Energy") -> Organization:
    new = Organization(uuid4(), name, NOW)
    organizations.add(connection, new)
    return new


def person(connection: Connection, org_id: UUID, **given: object) -> User:
    values = {"role": "user", "created_at": NOW, "updated_at": NOW, **given}
    new = User(uuid4(), org_id, **values)  # type: ignore[arg-type]
    people.add(connection, new)
    return new


def application(org_id: UUID, **given: object) -> Application:
    values: dict[str, object] = {
        "client_id": f"gpc_live_{uuid4().hex}",
        "name": "billing",
        "scope": Scope(("read", "write")),
        "token_lifetime": 36_000,
        "created_at": NOW,
        "created_by": "anna",
        "secrets": (secret(),),
        **given,
    }
    return Application(uuid4(), org_id, **values)  # type: ignore[arg-type]


def secret(**given: object) -> ApplicationSecret:
    values = {"digest": uuid4().bytes * 2, "last_four": "abcd", "created_at": NOW, **given}
    return ApplicationSecret(uuid4(), **values)  # type: ignore[arg-type]
