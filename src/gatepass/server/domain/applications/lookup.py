"""Reads applications whole, with their secrets: each by one statement."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, Text, bindparam, select

from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.applications.settings import store as settings
from gatepass.server.domain.applications.store import application, secret
from gatepass.server.domain.organizations.store import organization
from gatepass.server.storage.database import has_revision
from gatepass.server.storage.statements import next_of
from gatepass.wire.scope import Scope

_by_id = application.c.id == bindparam("key")
_by_client_id = application.c.client_id == next_of(
    application.c.client_id, bindparam("key", type_=Text)
)
_by_organization = application.c.org_id == bindparam("key")
_SETTINGS = tuple(f"setting_{column.key}" for column in settings.COLUMNS)


@cache
def _whole(condition: ColumnElement[bool], *, has_settings: bool) -> Select[Any]:
    """Return the statement; `has_settings`: there is a table of them."""
    wanted = select(
        application,
        organization.c.suspended_at.label("org_suspended_at"),
        *(
            column.label(f"secret_{column.key}")
            for column in secret.c
            if column is not secret.c.application_id
        ),
        *(
            column.label(name)
            for column, name in zip(settings.COLUMNS, _SETTINGS, strict=True)
            if has_settings
        ),
    ).join_from(application, organization)
    if has_settings:
        wanted = wanted.outerjoin(settings.application_setting)
    return (
        wanted.outerjoin(secret, secret.c.application_id == application.c.id)
        .order_by(application.c.created_at.desc(), secret.c.created_at)
        .where(condition)
    )


def find(connection: Connection, app_id: UUID) -> Application | None:
    """Return the application with this id."""
    return _only(_rows(connection, _by_id, app_id))


def find_by_client_id(connection: Connection, client_id: str) -> Application | None:
    """Return the application with this client id.

    The one with the next client id is read where there is none, so that the time reveals nothing.
    """
    found = _only(_rows(connection, _by_client_id, client_id))
    return found if found and found.client_id == client_id else None


def of_organization(connection: Connection, org_id: UUID) -> list[Application]:
    """Return an organization's applications, newest first."""
    return _grouped(_rows(connection, _by_organization, org_id))


def _rows(connection: Connection, condition: ColumnElement[bool], key: UUID | str) -> Sequence[Any]:
    has_settings = has_revision(connection, settings.REVISION)
    return connection.execute(_whole(condition, has_settings=has_settings), {"key": key}).all()


def _only(rows: Sequence[Any]) -> Application | None:
    """Return the application of these rows, of which each has another of its secrets."""
    return _application(rows[0], _secrets(rows)) if rows else None


def _grouped(rows: Iterable[Any]) -> list[Application]:
    groups: dict[UUID, list[Any]] = {}
    for row in rows:
        groups.setdefault(row.id, []).append(row)
    return [_application(group[0], _secrets(group)) for group in groups.values()]


def _secrets(rows: Iterable[Any]) -> tuple[ApplicationSecret, ...]:
    return tuple(_secret(row) for row in rows if row.secret_id is not None)


def _secret(row: Any) -> ApplicationSecret:  # noqa: ANN401 - a row
    return ApplicationSecret(
        id=row.secret_id,
        digest=row.secret_digest,
        last_four=row.secret_last_four,
        created_at=row.secret_created_at,
        expires_at=row.secret_expires_at,
        last_used_at=row.secret_last_used_at,
        encoded=row.secret_encoded,
        last_used_from=row.secret_last_used_from,
        last_used_agent=row.secret_last_used_agent,
        ends_on_use_of=row.secret_ends_on_use_of,
    )


def _application(row: Any, secrets: tuple[ApplicationSecret, ...]) -> Application:  # noqa: ANN401
    return Application(
        id=row.id,
        org_id=row.org_id,
        client_id=row.client_id,
        name=row.name,
        scope=Scope.parse(row.scope),
        token_lifetime=row.token_lifetime,
        created_at=row.created_at,
        created_by=row.created_by,
        secrets=secrets,
        redirect_uris=tuple(row.redirect_uris.split("\n")) if row.redirect_uris else (),
        networks=check_networks(row.networks) if row.networks else (),
        contact=row.contact,
        client_type=row.client_type,
        grant_type=row.grant_type,
        disabled_at=row.disabled_at,
        tokens_revoked_before=row.tokens_revoked_before,
        org_suspended_at=row.org_suspended_at,
        last_used_at=row.last_used_at,
        last_used_from=row.last_used_from,
        last_used_agent=row.last_used_agent,
        imported_from=row.imported_from,
        rate_limit_mode=row.rate_limit_mode,
        rate_limit=row.rate_limit,
        **settings.read([getattr(row, name, None) for name in _SETTINGS])._asdict(),
    )
