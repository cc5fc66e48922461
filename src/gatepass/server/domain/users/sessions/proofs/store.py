"""The proofs' table: how, and when last, the person of a session proved who they are."""

from datetime import datetime

from sqlalchemy import Column, Connection, ForeignKey, LargeBinary, Table, Text, select, update

from gatepass.server.domain.users.sessions.proofs.model import Method
from gatepass.server.storage.database import Timestamp, metadata
from gatepass.server.storage.statements import upsert

REVISION = "0014"
"""The revision of the tables that has this one."""

proof = Table(
    "proof",
    metadata,
    Column(
        "session_digest",
        LargeBinary,
        ForeignKey("session.id_digest", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("method", Text, primary_key=True),
    Column("at", Timestamp, nullable=False),
)


def record(connection: Connection, session_digest: bytes, method: Method, at: datetime) -> None:
    """Write that the person of this session has just proved by `method` who they are."""
    upsert(connection, proof, session_digest=session_digest, method=method, at=at)


def of_session(connection: Connection, session_digest: bytes) -> dict[Method, datetime]:
    """Return when each method was last used in this session."""
    query = select(proof.c.method, proof.c.at).where(proof.c.session_digest == session_digest)
    return {row.method: row.at for row in connection.execute(query)}


def move(connection: Connection, old_digest: bytes, new_digest: bytes) -> None:
    """Make the proofs of a session those of another one, which has its place."""
    own = proof.c.session_digest == old_digest
    connection.execute(update(proof).where(own).values(session_digest=new_digest))
