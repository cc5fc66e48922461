"""Email addresses are compared after NFKC and case folding, and found for the login."""

import unicodedata

import sqlalchemy as sa
import structlog
from alembic import op

revision = "0009"

_person = sa.table(
    "person",
    sa.column("id", sa.Uuid),
    sa.column("org_id", sa.Uuid),
    sa.column("email", sa.Text),
    sa.column("email_key", sa.Text),
    sa.column("created_at", sa.BigInteger),
    sa.column("password_hash", sa.Text),
)

log = structlog.get_logger("gatepass.server")


def upgrade() -> None:
    """Return each address its new key, and the keys an index.

    Of several people of an organization whose addresses are one now, one has the new key: who had
    it before, else the first.
    The others keep the old one: they are found, changed and deleted as before, but do not log in
    by the address. An old key never is another address's new one, as no new key changes.
    """
    connection = op.get_bind()
    query = sa.select(_person.c.id, _person.c.org_id, _person.c.email, _person.c.email_key)
    ordered = query.where(_person.c.email.is_not(None)).order_by(_person.c.created_at, _person.c.id)
    rows = connection.execute(ordered).all()
    taken = {(row.org_id, row.email_key) for row in rows}
    left = 0
    for row in rows:
        key = _key(row.email)
        if key == row.email_key:
            continue
        if (row.org_id, key) in taken:
            left += 1
            continue
        taken.add((row.org_id, key))
        changed = sa.update(_person).where(_person.c.id == row.id).values(email_key=key)
        connection.execute(changed)
    if left:
        log.warning("migration.same_email_addresses", people=left)
    logs_in = _person.c.password_hash.is_not(None)
    op.create_index(
        "ix_person_email_key",
        "person",
        ["email_key"],
        sqlite_where=logs_in,
        postgresql_where=logs_in,
    )


def _key(email: str) -> str:
    folded = unicodedata.normalize("NFD", email.strip()).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold()
    return unicodedata.normalize("NFKC", folded)
