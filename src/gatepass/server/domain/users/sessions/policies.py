"""Policies as they are shown and changed; here, as a change ends sessions and mails people."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations import store as organizations
from gatepass.server.domain.organizations.policies import fields, store
from gatepass.server.domain.organizations.policies.fields import FIELDS, Value
from gatepass.server.domain.organizations.policies.model import (
    OPERATOR,
    Policy,
    StatedPolicy,
    in_force,
)
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.sessions import store as sessions
from gatepass.server.domain.users.sessions.model import SessionSettings
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_LOOSER_THAN_SETTINGS = Message("The settings say: {least}. A policy can only be stricter.")
_LOOSER_THAN_OPERATOR = Message("The operator demands: {least}. A policy can only be stricter.")
_CHANGED_MEANWHILE = Message(
    "Somebody has changed the policies meanwhile. Look at them, then try again."
)


class Overview(NamedTuple):
    """What the operator states, with the settings' limits; what an organization does; the result.

    For the operator's own policy `organization` is empty.
    """

    operator: StatedPolicy
    organization: StatedPolicy
    in_force: Policy


def overview(context: Context, settings: SessionSettings, org_id: UUID | None) -> Overview:
    """Return the policies that concern an organization, or without one those of the operator.

    Raises NotFoundError where there is no such organization.
    """
    with context.database.read() as connection:
        if org_id and organizations.find(connection, org_id) is None:
            raise NotFoundError(str(org_id))
        if not context.database.has(connection, store.REVISION):
            nothing = StatedPolicy()
            return _overview(settings, nothing, nothing)
        own = store.find(context.database, connection, org_id) if org_id else StatedPolicy()
        return _overview(settings, store.find(context.database, connection, OPERATOR), own)


def stated(context: Context, org_id: UUID | None) -> StatedPolicy:
    """Return what an organization, or without one the operator, has stated."""
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return StatedPolicy()
        return store.find(context.database, connection, org_id or OPERATOR)


def change(
    context: Context,
    settings: SessionSettings,
    by: Actor,
    org_id: UUID | None,
    values: Mapping[str, Value],
    seen: StatedPolicy | None = None,
) -> StatedPolicy:
    """Change fields of the policy of an organization, or without one of the operator; return it.

    In force at once. Raises InvalidField for a value looser than the operator's, or the settings',
    and where the policy is not `seen`, the one that was looked at; NotFoundError where there is
    no such organization; OAuthError (503) where the tables are those of the version before.
    """
    now = context.now()
    with context.database.write() as connection:
        _check_tables(context, connection)
        if org_id and organizations.find(connection, org_id) is None:
            raise NotFoundError(str(org_id))
        before = store.find(context.database, connection, org_id or OPERATOR)
        if seen is not None and seen != before:
            raise InvalidField("", _CHANGED_MEANWHILE, taken=True)
        above = store.find(context.database, connection, OPERATOR) if org_id else StatedPolicy()
        after = _changed(settings, above, before, values, by_operator=org_id is None)
        changed = fields.changed(before, after)
        if not changed:
            return before
        # First by the limits until now: a longer one must not bring a session back to life.
        sessions.end_past_policy(connection, now)
        store.put(connection, org_id or OPERATOR, after)
        detail = {
            "before": fields.described(before, changed),
            "after": fields.described(after, changed),
        }
        record = entry(by, now, "policy.changed", "", org_id=org_id, **detail)
        audit.record(connection, record)
        if org_id:
            said = {"by": by.description, **detail}
            mails.tell_administrators(context, connection, org_id, "policy_changed", now, **said)
    return after


def _changed(
    settings: SessionSettings,
    above: StatedPolicy,
    before: StatedPolicy,
    values: Mapping[str, Value],
    *,
    by_operator: bool,
) -> StatedPolicy:
    """Return the policy with new values; raise InvalidField for one looser than those above."""
    after, bound = before, _with_settings(settings, above)
    for field in FIELDS:
        if field.name not in values:
            continue
        value = values[field.name]
        is_new = value != field.of(before)  # the operator may have become stricter since
        if is_new and field.is_looser(value, field.of(bound)):
            least = field.words(field.of(bound))
            text = _LOOSER_THAN_SETTINGS if by_operator else _LOOSER_THAN_OPERATOR
            raise InvalidField(field.name, text.with_values(least=least))
        after = field.set(after, value)
    return after


def _overview(
    settings: SessionSettings, operator: StatedPolicy, organization: StatedPolicy
) -> Overview:
    operator = _with_settings(settings, operator)
    return Overview(operator, organization, in_force(operator, organization))


def _with_settings(settings: SessionSettings, policy: StatedPolicy) -> StatedPolicy:
    limits = settings.shortened(policy.session_idle, policy.session_absolute)
    return replace(policy, session_idle=limits.idle, session_absolute=limits.absolute)


def _check_tables(context: Context, connection: Connection) -> None:
    if not context.database.has(connection, store.REVISION_TO_WRITE):
        raise OAuthError(
            "temporarily_unavailable",
            Message(
                "Policies cannot be set yet: the database has the tables of the version before. "
                "The operator runs `gatepass migrate`."
            ),
            log_detail="tables of the version before",
            status=503,
        )
