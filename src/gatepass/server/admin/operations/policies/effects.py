"""What a change of a policy stops: sessions that end, and people who must log in differently."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from gatepass.server.admin.operations.model import Call, Effect
from gatepass.server.admin.operations.policies.model import (
    PolicyChange,
    PolicyChangeOf,
    values_of,
)
from gatepass.server.domain.applications.secrets import affected as affected_secrets
from gatepass.server.domain.organizations.policies.fields import FIELDS, Value
from gatepass.server.domain.organizations.policies.model import StatedPolicy
from gatepass.server.domain.users.sessions import affected, policies
from gatepass.translation.message import Message

Found = tuple[str, int, Message]
"""The name of a number, the number, and what it says."""


def of_policy(call: Call, new: PolicyChangeOf) -> Effect:
    """Return what stops when an organization's policy changes."""
    return _of_change(call, new.org_id, new)


def of_operator_policy(call: Call, new: PolicyChange) -> Effect:
    """Return what stops in all organizations when the operator's policy changes."""
    return _of_change(call, None, new)


def _of_change(call: Call, org_id: UUID | None, new: PolicyChange) -> Effect:
    before = policies.stated(call.context, org_id)
    after = before
    for field in FIELDS:
        values: dict[str, Value] = values_of(new)
        if field.name in values:
            after = field.set(after, values[field.name])
    found = [
        *_people(call, org_id, before, after),
        *_sessions(call, org_id, before, after),
        *_secrets(call, org_id, before, after),
    ]
    sentences = [sentence for _, number, sentence in found if number]
    sentences += _of_secrets(before, after)
    return Effect(
        True,
        tuple(sentences) or (Message("Nothing stops."),),
        {name: number for name, number, _ in found},
    )


def _people(
    call: Call, org_id: UUID | None, before: StatedPolicy, after: StatedPolicy
) -> Iterator[Found]:
    """Yield whom the change lets log in, or register an application, no more as before."""
    if _becomes(before.second_factor, after.second_factor, "required"):
        number = affected.without_factor(call.context, org_id)
        yield (
            "people_without_second_factor",
            number,
            Message.plural(
                "{count} person has no second factor, and sets one up at the next login.",
                "{count} people have no second factor, and set one up at the next login.",
                number,
            ),
        )
    if _becomes(before.single_sign_on, after.single_sign_on, "required"):
        number = affected.with_password(call.context, org_id)
        yield (
            "people_with_password",
            number,
            Message.plural(
                "{count} person cannot log in with a password any more, only by single sign-on.",
                "{count} people cannot log in with a password any more, only by single sign-on.",
                number,
            ),
        )
    if before.registration != after.registration:
        number = affected.staff_who_register(call.context, org_id, after)
        yield (
            "staff_who_register",
            number,
            Message.plural(
                "{count} member of staff cannot register applications any more.",
                "{count} members of staff cannot register applications any more.",
                number,
            ),
        )


def _sessions(
    call: Call, org_id: UUID | None, before: StatedPolicy, after: StatedPolicy
) -> Iterator[Found]:
    """Yield how many sessions end."""
    limits = (before.session_idle, before.session_absolute)
    if limits == (after.session_idle, after.session_absolute):
        return
    idle, absolute = (
        None if limit is None else timedelta(seconds=limit)
        for limit in (after.session_idle, after.session_absolute)
    )
    settings = call.environment.session_settings
    number = affected.sessions_that_end(call.context, settings, org_id, idle, absolute)
    yield (
        "sessions",
        number,
        Message.plural(
            "{count} session ends: it is longer, or was idle for longer, than the new limits.",
            "{count} sessions end: they are longer, or were idle for longer, than the new limits.",
            number,
        ),
    )


def _secrets(
    call: Call, org_id: UUID | None, before: StatedPolicy, after: StatedPolicy
) -> Iterator[Found]:
    """Yield how many applications and secrets stay that could not be made any more."""
    if _becomes(before.new_applications, after.new_applications, "keys"):
        number = affected_secrets.with_secret(call.context, org_id)
        yield (
            "applications_with_secret",
            number,
            Message.plural(
                "{count} application has a secret, and keeps it.",
                "{count} applications have a secret, and keep it.",
                number,
            ),
        )
    if after.secret_lifetime is not None and before.secret_lifetime != after.secret_lifetime:
        number = affected_secrets.longer_than(call.context, org_id, after.secret_lifetime)
        yield (
            "secrets_that_live_longer",
            number,
            Message.plural(
                "{count} secret lives longer than the new limit, and keeps its end.",
                "{count} secrets live longer than the new limit, and keep their end.",
                number,
            ),
        )


def _of_secrets(before: StatedPolicy, after: StatedPolicy) -> Iterator[Message]:
    if before.secret_lifetime != after.secret_lifetime:
        yield Message("Client secrets that work now keep their end; new ones have the new limit.")
    if _becomes(before.new_applications, after.new_applications, "keys"):
        yield Message(
            "New applications need a key or a certificate, and imports of applications with "
            "secrets are refused."
        )
    leaks = (before.leaked_secret, before.leaked_secret_grace)
    if leaks != (after.leaked_secret, after.leaked_secret_grace):
        yield Message("It applies to client secrets that are reported as leaked from now on.")


def _becomes(before: str | None, after: str | None, word: str) -> bool:
    return before != word == after
