"""The first page of an application: what it is, and what needs attention."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import NamedTuple

from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.fields.values import texts_of
from gatepass.server.domain.applications.keys import operations as keys
from gatepass.server.domain.applications.keys.certificates import operations as certificates
from gatepass.server.domain.applications.keys.methods import operations as methods
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.issuance_limit import is_wasteful
from gatepass.server.portal.pages.application_certificates.content import (
    reminders as certificate_reminders,
)
from gatepass.server.portal.pages.application_keys.content import reminders
from gatepass.server.portal.pages.applications import live_secrets
from gatepass.server.portal.presentation import snippets
from gatepass.server.portal.presentation.guide import Values, programs
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.durations import ago, span
from gatepass.translation.message import Message
from gatepass.wire.metadata import TOKEN

_GRANTS = {"client_credentials": "Client Credentials"}
_UNUSED_AFTER = timedelta(days=90)
_LATELY = timedelta(days=1)


class Attention(NamedTuple):
    """Something to look at: a sentence or two, and the sub-page where it is dealt with."""

    words: str
    page: str
    link: str
    is_urgent: bool = False


def context(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return what the page shows."""
    return {
        "grant_type": _GRANTS.get(application.grant_type, application.grant_type),
        "words_of": request.catalogue.words,
        "attention": list(_attention(request, application)),
        **settings_of(application),
        **snippets.snippets(request.environment, application),
    }


def guide_page(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return what the first-day guide shows: programs with the ids of the application."""
    environment = request.environment
    values = Values(
        environment.issuer + TOKEN,
        environment.partner_api,
        str(application.org_id),
        application.client_id,
    )
    return {
        "programs": programs(values),
        "errors_url": f"{environment.docs_url}reference/errors.html"
        if environment.docs_url
        else "",
        "has_test_token": environment.name == "sandbox" and request.may_change,
        **snippets.snippets(environment, application),
    }


def settings_of(application: Application) -> dict[str, object]:
    """Return the fields of an application and their values, as its pages show them."""
    return {
        "groups": [group for group in table.GROUPS if "person" in group.changed_by],
        "facts": [field for group in table.GROUPS for field in group.fields if field.is_fact],
        "stored": texts_of(application),
    }


_ROTATION = {  # by its step, one that is not finished
    2: Message("A rotation is not finished. The new secret is not in use yet: deploy it."),
    3: Message(
        "A rotation is not finished. The new secret is in use, and a program may still "
        "need the old one."
    ),
    4: Message(
        "A rotation is not finished. The new secret is in use, and no program needs the "
        "old one: revoke it."
    ),
}


def _attention(request: PortalRequest, application: Application) -> Iterator[Attention]:
    yield from _of_secrets(request, application)
    yield from _of_usage(request, application)
    if not application.contact:
        yield Attention(
            Message("No contact is set. With one, the operator knows whom to ask about problems."),
            "settings/",
            Message("Set a contact"),
        )


def _of_secrets(request: PortalRequest, application: Application) -> Iterator[Attention]:
    live = live_secrets.shown(request, application)
    found = methods.find(request.context, application)
    if found.step == "revoke_secrets":
        yield Attention(
            Message("A key is in use, and no secret was used for 14 days: revoke the secrets."),
            "methods/",
            Message("See what to do"),
        )
    yield from _of_keys(request, application)
    yield from _of_certificates(request, application)
    if not live and found.others:
        return
    if not live:
        yield Attention(
            Message("It has no live secret, so it gets no tokens."),
            "rotation/",
            Message("Create a secret"),
            True,
        )
        return
    for each in live:
        if each.leak:
            yield _of_leak(each, request.now)
    if live[0].reminder:
        yield Attention(
            Message(
                "The secret ending in {last_four}: {reminder}",
                last_four=live[0].last_four,
                reminder=live[0].reminder,
            ),
            "rotation/",
            Message("Rotate the secret"),
            True,
        )
    rotation = live_secrets.rotation(request, application)
    if rotation:
        yield Attention(_ROTATION[rotation.step], "rotation/", Message("Go on with it"))


def _of_leak(secret: SimpleNamespace, now: datetime) -> Attention:
    text = Message(
        "The secret ending in {last_four} was reported as leaked, and ends {ends}.",
        last_four=secret.last_four,
        ends=ago(secret.expires_at, now),
    )
    return Attention(text, "credentials/", Message("See what to do"), True)


def _of_keys(request: PortalRequest, application: Application) -> Iterator[Attention]:
    stored, _ = keys.of_application(request.context, application)
    due = reminders(stored, request.now)
    for each in stored:
        if each.id in due:
            yield Attention(
                Message("The key {name}: {reminder}", name=each.name, reminder=due[each.id]),
                "keys/",
                Message("See the keys"),
                True,
            )


def _of_certificates(request: PortalRequest, application: Application) -> Iterator[Attention]:
    stored = certificates.of_application(request.context, application)
    due = certificate_reminders(stored, request.now)
    for each in stored:
        if each.id in due:
            yield Attention(
                Message(
                    "The certificate {name}: {reminder}", name=each.name, reminder=due[each.id]
                ),
                "certificates/",
                Message("See the certificates"),
                True,
            )


def _of_usage(request: PortalRequest, application: Application) -> Iterator[Attention]:
    now = request.now
    with request.environment.database.read() as connection:
        refused = store.refused_since(connection, application.id, now - _LATELY)
        hour = store.issued_since(connection, [application.id], now - timedelta(hours=1))
    issued = hour[application.id]
    if refused:
        yield Attention(
            Message.plural(
                "{count} request was refused in the last 24 hours.",
                "{count} requests were refused in the last 24 hours.",
                refused,
            ),
            "refusals/",
            Message("See why, and what to do"),
        )
    if is_wasteful(issued, application.token_lifetime):
        yield Attention(
            Message(
                "It requests too many tokens: {issued} in the last hour. Each lives {lifetime}.",
                issued=issued,
                lifetime=span(application.token_lifetime),
            ),
            "usage/",
            Message("See the usage"),
        )
    last = application.last_used_at
    if last is None and now - application.created_at > _LATELY:
        yield Attention(
            Message("It was never used. Deploy its credentials, or delete it."),
            "credentials/",
            Message("See them"),
        )
    elif last is not None and now - last > _UNUSED_AFTER:
        yield Attention(
            Message("It was not used for 90 days. If nobody needs it, disable it."),
            "danger/",
            Message("Disable it"),
        )
