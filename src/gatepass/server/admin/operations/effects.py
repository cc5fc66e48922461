"""What dangerous operations stop, in words and in numbers."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from gatepass.server.admin.operations import partners
from gatepass.server.admin.operations.model import Arguments, Call, Effect
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys import operations as application_keys
from gatepass.server.domain.applications.keys.methods import operations as methods
from gatepass.server.domain.applications.listing.model import Wanted
from gatepass.server.domain.usage import store as usage
from gatepass.server.domain.usage.model import FINE, ISSUED
from gatepass.server.domain.usage.overview import store as overview
from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users.factors import operations as factors
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.sessions import operations as sessions
from gatepass.translation.message import Message

if TYPE_CHECKING:  # each takes a while to load, and a command needs those of one object
    from gatepass.server.admin.operations.applications.key_model import OneKey
    from gatepass.server.admin.operations.applications.model import NewSecret, OneApplication
    from gatepass.server.admin.operations.people.model import OnePerson

RECENTLY = timedelta(hours=1)


def of_suspension(call: Call, org_id: UUID) -> Effect:
    """Return what stops with the suspension of an organization."""
    enabled = applications.list_page(call.context, org_id, Wanted(shown="active")).total
    issued = issued_recently(call, org_id)
    people = len(users.with_portal_access(call.context, org_id))
    return Effect(
        True,
        (
            Message.plural(
                "{count} application stops: it was issued {issued} tokens in the last hour.",
                "{count} applications stop: they were issued {issued} tokens in the last hour.",
                enabled,
                issued=issued,
            ),
            Message.plural(
                "{count} person cannot log in.", "{count} people cannot log in.", people
            ),
            Message("Its access tokens are revoked, and stay revoked after it is resumed."),
        ),
        {"applications": enabled, "tokens_in_the_last_hour": issued, "people": people},
    )


def issued_recently(call: Call, org_id: UUID) -> int:
    """Return how many tokens an organization's applications were issued in the last hour."""
    with call.context.database.read() as connection:
        since = call.context.now() - RECENTLY
        counted = usage.series_of_organization(connection, org_id, since, FINE)
    return sum(each.times for each in counted if each.what == ISSUED)


def of_disabled_application(call: Call, one: "OneApplication") -> Effect:
    """Return what stops when an application is disabled."""
    return _of_application(
        call, one, Message("Its program gets no tokens until you enable the application.")
    )


def of_deleted_application(call: Call, one: "OneApplication") -> Effect:
    """Return what stops when an application is deleted."""
    gone = Message("Its client id and its secrets never work again.")
    return _of_application(call, one, gone, is_reversible=False)


def of_revoked_tokens(call: Call, one: "OneApplication") -> Effect:
    """Return what stops when an application's tokens are revoked."""
    return _of_application(call, one, Message("Its program gets new ones with its secret."))


def of_leaked_secret(call: Call, one: "OneApplication") -> Effect:
    """Return what stops when a leaked secret is replaced."""
    stops = Message("The secret stops working at once; programs that have it get no tokens.")
    return _of_application(call, one, stops, is_reversible=False)


def _of_application(
    call: Call, one: "OneApplication", then: Message, *, is_reversible: bool = True
) -> Effect:
    issued = issued_to(call, partners.application(call, one.client_id).id)
    sentence = Message.plural(
        "{count} access token that it was issued in the last hour is revoked, as all others are.",
        "{count} access tokens that it was issued in the last hour are revoked, as all others are.",
        issued,
    )
    return Effect(is_reversible, (sentence, then), {"tokens_in_the_last_hour": issued})


def of_rotation(call: Call, new: "NewSecret") -> Effect:
    """Return what stops when a secret is rotated."""
    found = partners.application(call, new.client_id)
    issued, live = issued_to(call, found.id), len(found.live_secrets(call.context.now()))
    if new.overlap == "none":
        ends = Message("The old secret stops working at once.")
    elif new.overlap == "until-used":
        ends = Message("The old secret works until the new one is first used.")
    else:
        ends = Message("The old secret works for the overlap, then it ends.")
    sentence = Message.plural(
        "{count} access token was issued in the last hour; tokens stay valid.",
        "{count} access tokens were issued in the last hour; tokens stay valid.",
        issued,
    )
    counts = {"tokens_in_the_last_hour": issued, "live_secrets": live}
    return Effect(new.overlap != "none", (ends, sentence), counts)


def of_revoked_secret(call: Call, one: "OneApplication") -> Effect:
    """Return what stops when one secret is revoked."""
    found = partners.application(call, one.client_id)
    left = max(len(found.live_secrets(call.context.now())) - 1, 0)
    sentences = (
        Message("Programs that use this secret get no tokens."),
        Message.plural("{count} other secret works.", "{count} other secrets work.", left),
    )
    return Effect(False, sentences, {"live_secrets_left": left})


def of_revoked_secrets(call: Call, one: "OneApplication") -> Effect:
    """Return what stops when all secrets of an application are revoked."""
    found = partners.application(call, one.client_id)
    found_methods, issued = methods.find(call.context, found), issued_to(call, found.id)
    secrets, others = len(found_methods.secrets), len(found_methods.others)
    last = found_methods.last_secret
    sentences = [
        Message.plural(
            "{count} secret stops working; programs that have it get no tokens.",
            "{count} secrets stop working; programs that have one of them get no tokens.",
            secrets,
        ),
        Message("No secret was ever used.")
        if last is None
        else Message(
            "A secret was used last on {when} UTC, from {source}.",
            when=f"{last.last_used_at:%Y-%m-%d %H:%M}",
            source=last.last_used_from or "?",
        ),
        Message.plural("{count} key keeps working.", "{count} keys keep working.", others),
        Message.plural(
            "{count} access token was issued in the last hour; tokens stay valid.",
            "{count} access tokens were issued in the last hour; tokens stay valid.",
            issued,
        ),
    ]
    counts = {"secrets": secrets, "other_methods": others, "tokens_in_the_last_hour": issued}
    return Effect(False, tuple(sentences), counts)


def of_revoked_key(call: Call, one: "OneKey") -> Effect:
    """Return what stops when one key is revoked."""
    found = partners.application(call, one.client_id)
    keys, setting = application_keys.of_application(call.context, found)
    now = call.context.now()
    left = sum(each.is_live(now) and each.id != one.key_id for each in keys)
    secrets = len(found.live_secrets(now))
    sentences = [
        Message("Programs that sign with this key get no tokens."),
        Message.plural("{count} other key works.", "{count} other keys work.", left),
        Message.plural("{count} secret works.", "{count} secrets work.", secrets),
    ]
    if setting.jwks_uri:
        sentences.append(Message("Keys that the application publishes itself keep working."))
    return Effect(False, tuple(sentences), {"live_keys_left": left, "live_secrets": secrets})


def of_disabled_person(call: Call, one: "OnePerson") -> Effect:
    """Return what stops when somebody is disabled."""
    found = partners.person(call, one.user_id)
    return _of_person(call, found, Message("They cannot log in until they are enabled."))


def of_password_reset(call: Call, one: "OnePerson") -> Effect:
    """Return what stops when somebody gets an initial password."""
    found = partners.person(call, one.user_id)
    stops = Message("Their current password stops working.")
    return _of_person(call, found, stops, is_reversible=False)


def of_ended_sessions(call: Call, one: "OnePerson") -> Effect:
    """Return what stops when somebody's sessions end."""
    return _of_person(call, partners.person(call, one.user_id), Message("They can log in again."))


def of_all_sessions(call: Call, _: Arguments) -> Effect:
    """Return what stops when everybody's sessions end."""
    ending = users.count_sessions(call.context)
    sentence = Message.plural("{count} session ends.", "{count} sessions end.", ending)
    return Effect(True, (sentence, Message("They can log in again.")), {"sessions": ending})


def of_factor_reset(call: Call, one: "OnePerson") -> Effect:
    """Return what stops when somebody's second factors are removed."""
    found = partners.person(call, one.user_id)
    number = factors.of_user(call.context, found).number
    removed = Message.plural(
        "{count} second factor is removed; until they set up another one, the password is enough.",
        "{count} second factors are removed; until they set up another one, the password is "
        "enough.",
        number,
    )
    return _of_person(call, found, removed, is_reversible=False, factors=number)


def _of_person(
    call: Call, found: User, then: Message, *, is_reversible: bool = True, **counts: int
) -> Effect:
    live = sessions.live_sessions(call.context, call.environment.session_settings, found)
    sentence = Message.plural("{count} session ends.", "{count} sessions end.", len(live))
    return Effect(is_reversible, (sentence, then), {"sessions": len(live), **counts})


def of_ended_keys(call: Call, _: Arguments) -> Effect:
    """Return what stops when all keys are replaced at once."""
    with call.context.database.read() as connection:
        issued = overview.issued_in_all(connection, call.context.now() - RECENTLY)
    sentences = (
        Message.plural(
            "{count} access token that was issued in the last hour is invalid, as all others are.",
            "{count} access tokens that were issued in the last hour are invalid, as all others "
            "are.",
            issued,
        ),
        Message(
            "Every program must request a new token. APIs that verify JWTs locally reject the old "
            "ones once they fetch the key set again."
        ),
    )
    return Effect(False, sentences, {"tokens_in_the_last_hour": issued})


def issued_to(call: Call, app_id: UUID) -> int:
    """Return how many tokens an application was issued in the last hour."""
    with call.context.database.read() as connection:
        return usage.issued_since(connection, [app_id], call.context.now() - RECENTLY)[app_id]
