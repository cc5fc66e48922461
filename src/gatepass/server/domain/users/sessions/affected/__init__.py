"""Whom a change of a policy concerns, in numbers."""

from datetime import timedelta
from uuid import UUID

from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.organizations.policies.model import OPERATOR, StatedPolicy
from gatepass.server.domain.users.factors import store as factors
from gatepass.server.domain.users.sessions.affected import store
from gatepass.server.domain.users.sessions.model import SessionSettings
from gatepass.server.domain.users.single_sign_on import store as single_sign_on


def without_factor(context: Context, org_id: UUID | None) -> int:
    """Return how many people of an organization, or of all, would first set up a second factor.

    Those of whom a second factor is required already are not counted.
    """
    with context.database.read() as connection:
        if not context.database.has(connection, factors.REVISION):
            return 0
        operator = policies.find(context.database, connection, OPERATOR)
        if operator.second_factor == "required":
            return 0
        return store.count_without_factor(connection, org_id)


def with_password(context: Context, org_id: UUID | None) -> int:
    """Return how many people of an organization, or of all, could log in no more by password.

    Where single sign-on is not set up, a policy locks nobody out.
    """
    with context.database.read() as connection:
        if not context.database.has(connection, single_sign_on.REVISION):
            return 0
        operator = policies.find(context.database, connection, OPERATOR)
        if operator.single_sign_on == "required":
            return 0
        return store.count_with_password(connection, org_id)


def staff_who_register(context: Context, org_id: UUID | None, after: StatedPolicy) -> int:
    """Return how many staff register applications now, and could not with the policy `after`."""
    with context.database.read() as connection:
        if not context.database.has(connection, policies.REVISION):
            return 0
        operator = policies.find(context.database, connection, OPERATOR)
        if org_id is None:
            return store.count_staff(connection, operator.registration, after.registration)
        own = policies.find(context.database, connection, org_id)
        may_now = {operator.registration, own.registration} - {None} == {"staff"}
        may_then = {operator.registration, after.registration} - {None} == {"staff"}
        return store.count_staff_of(connection, org_id) if may_now and not may_then else 0


def sessions_that_end(
    context: Context,
    settings: SessionSettings,
    org_id: UUID | None,
    idle: timedelta | None,
    absolute: timedelta | None,
) -> int:
    """Return how many live sessions of an organization, or of all, are over by these limits."""
    now = context.now()
    with context.database.read() as connection:
        return store.count_sessions(
            connection,
            org_id,
            alive=(
                now - timedelta(seconds=settings.idle),
                now - timedelta(seconds=settings.absolute),
            ),
            seen_before=None if idle is None else now - idle,
            begun_before=None if absolute is None else now - absolute,
        )
