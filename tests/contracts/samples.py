"""Things to store: valid, and with every column that matters filled."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection

from gatepass.server.domain.applications import lookup, store
from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.applications.settings import store as settings
from gatepass.server.domain.applications.settings.model import ApplicationSettings
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


def stored_application(connection: Connection, **given: object) -> Application:
    new = application(organization(connection).id, **given)
    store.add(connection, new)
    return new


def varied_applications(connection: Connection) -> list[Application]:
    """Return stored applications: a plain one, and such with many, no or unusual values."""
    plain = stored_application(connection)
    first = secret(ends_on_use_of=uuid4())
    second = secret(created_at=NOW + SECOND, expires_at=NOW + HOUR, encoded="md5$x$y")
    two = stored_application(
        connection, name=AWKWARD, scope=Scope(("write", "read")), secrets=(first, second)
    )
    none = stored_application(connection, secrets=(), client_type="public")
    full = stored_application(connection)
    values = {
        "disabled_at": NOW,
        "tokens_revoked_before": NOW + HOUR,
        "networks": "192.0.2.0/24 2001:db8::/32",
        "redirect_uris": "https://a.example/\nhttps://b.example/",
        "contact": AWKWARD,
        "rate_limit_mode": "warn",
        "rate_limit": 70,
        "last_used_at": NOW,
        "last_used_from": "192.0.2.7",
        "last_used_agent": "curl/8",
    }
    settings.put(connection, full.id, ApplicationSettings(True, False, "fapi2", "PS256"))
    store.change(connection, full.id, values)
    organizations.set_suspended(connection, full.org_id, NOW)
    changed = lookup.find(connection, full.id)
    assert changed
    return [plain, two, none, changed]


def secret(**given: object) -> ApplicationSecret:
    values = {"digest": uuid4().bytes * 2, "last_four": "abcd", "created_at": NOW, **given}
    return ApplicationSecret(uuid4(), **values)  # type: ignore[arg-type]
