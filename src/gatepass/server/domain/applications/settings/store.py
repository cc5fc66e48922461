"""The table of settings that few applications have: a row for each that has one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Table, Text, Uuid, delete

from gatepass.server.domain.applications.settings.model import NO_SETTINGS, ApplicationSettings
from gatepass.server.storage.database import metadata
from gatepass.server.storage.statements import upsert

REVISION = "0035"
"""The revision of the tables that has this one."""

application_setting = Table(
    "application_setting",
    metadata,
    Column(
        "application_id", Uuid, ForeignKey("application.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("dpop_bound_access_tokens", Boolean, nullable=False),
    Column("tls_client_certificate_bound_access_tokens", Boolean, nullable=False),
    Column("profile", Text),
    Column("introspection_signed_response_alg", Text),
)
COLUMNS = tuple(application_setting.c[name] for name in ApplicationSettings._fields)
"""The columns of the settings, in the order of `ApplicationSettings`."""


def read(values: Sequence[Any]) -> ApplicationSettings:
    """Return the settings in the values of `COLUMNS`, which are all NULL where there is no row."""
    dpop, tls, profile, alg = values
    found = ApplicationSettings(bool(dpop), bool(tls), profile, alg)
    return NO_SETTINGS if found == NO_SETTINGS else found


def put(connection: Connection, app_id: UUID, new: ApplicationSettings) -> None:
    """Set the settings of an application; one without any has no row."""
    if new == NO_SETTINGS:
        own = application_setting.c.application_id == app_id
        connection.execute(delete(application_setting).where(own))
        return
    upsert(connection, application_setting, application_id=app_id, **new._asdict())
