"""Counts the people and sessions that a change of a policy concerns."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, exists, func, or_, select

from gatepass.server.domain.organizations.policies.store import policy
from gatepass.server.domain.users.factors.store import app, passkey
from gatepass.server.domain.users.sessions.store import session
from gatepass.server.domain.users.single_sign_on.store import provider
from gatepass.server.domain.users.store import user

_LOGS_IN = user.c.password_hash.is_not(None), user.c.disabled_at.is_(None)


def count_without_factor(connection: Connection, org_id: UUID | None) -> int:
    """Count who logs in without a second factor, where their organization does not require one."""
    has_factor = or_(*(exists().where(each.c.user_id == user.c.id) for each in (passkey, app)))
    query = _people(org_id).where(~has_factor, ~_states(policy.c.second_factor == "required"))
    return _number(connection, query)


def count_with_password(connection: Connection, org_id: UUID | None) -> int:
    """Count who has a password where single sign-on is on, but for emergency administrators."""
    can_come = exists().where(
        provider.c.org_id == user.c.org_id,
        provider.c.is_on,
        or_(provider.c.emergency_id.is_(None), provider.c.emergency_id != user.c.id),
    )
    query = _people(org_id).where(can_come, ~_states(policy.c.single_sign_on == "required"))
    return _number(connection, query)


def count_staff_of(connection: Connection, org_id: UUID) -> int:
    """Count the staff of an organization."""
    return _number(connection, _people(org_id).where(user.c.role == "staff"))


def count_staff(connection: Connection, before: str | None, after: str | None) -> int:
    """Count the staff of all organizations who lose registration by the operator's new policy.

    Staff register where the operator and the organization state nothing else, and one states it.
    """
    own = policy.c.registration
    may_now = {
        "staff": ~_states(own == "administrators"),
        None: _states(own == "staff"),
    }
    if before not in may_now or after == "staff":
        return 0
    query = _people(None).where(user.c.role == "staff", may_now[before])
    if after is None:  # those stay who have it of their own organization
        query = query.where(~_states(own == "staff"))
    return _number(connection, query)


def count_sessions(
    connection: Connection,
    org_id: UUID | None,
    *,
    alive: tuple[datetime, datetime],
    seen_before: datetime | None,
    begun_before: datetime | None,
) -> int:
    """Count the sessions that were last seen, or that began, before a moment.

    Of those alone that were seen, and that began, after the two moments `alive`.
    """
    past: list[ColumnElement[bool]] = []
    if seen_before is not None:
        past.append(session.c.last_seen_at <= seen_before)
    if begun_before is not None:
        past.append(session.c.created_at <= begun_before)
    if not past:
        return 0
    query = select(func.count()).select_from(session.join(user, user.c.id == session.c.user_id))
    seen, begun = alive
    is_alive = session.c.last_seen_at > seen, session.c.created_at > begun
    query = query.where(or_(*past), *is_alive, *_of(org_id))
    return _number(connection, query)


def _number(connection: Connection, query: Select[Any]) -> int:
    number: int = connection.execute(query).scalar_one()
    return number


def _people(org_id: UUID | None) -> Select[Any]:
    return select(func.count()).select_from(user).where(*_LOGS_IN, *_of(org_id))


def _of(org_id: UUID | None) -> list[ColumnElement[bool]]:
    return [] if org_id is None else [user.c.org_id == org_id]


def _states(value: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that the person's organization states a value in its policy."""
    return exists().where(policy.c.org_id == user.c.org_id, value)
