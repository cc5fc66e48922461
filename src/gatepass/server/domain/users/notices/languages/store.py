"""The table of languages: what people have chosen, and what their browsers asked for."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Column, Connection, ForeignKey, Table, Text, Uuid, insert, select, update

from gatepass.server.storage.database import metadata

REVISION = "0025"
"""The version of the database that has the table."""

language = Table(
    "language",
    metadata,
    Column(
        "person_id",
        Uuid,
        ForeignKey("person.id", ondelete="CASCADE"),
        key="user_id",
        primary_key=True,
    ),
    Column("chosen", Text, nullable=False, server_default=""),
    Column("browser", Text, nullable=False, server_default=""),
)


class Languages(NamedTuple):
    """Codes of languages, empty where there is none: chosen, and of the browser last used."""

    chosen: str = ""
    browser: str = ""


def find(connection: Connection, user_id: UUID) -> Languages:
    """Return the languages of a person."""
    query = select(language.c.chosen, language.c.browser).where(language.c.user_id == user_id)
    row = connection.execute(query).one_or_none()
    return Languages(*row) if row else Languages()


def change(connection: Connection, user_id: UUID, **codes: str) -> None:
    """Set `chosen` or `browser` of a person."""
    changed = connection.execute(
        update(language).where(language.c.user_id == user_id).values(**codes)
    )
    if not changed.rowcount:
        connection.execute(insert(language).values(user_id=user_id, **codes))
