"""What the page of an application's keys shows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from gatepass.server.domain.applications.keys import operations
from gatepass.server.domain.applications.keys.methods.expiry.model import (
    Validity,
    days_left,
    in_words,
    is_soon,
)
from gatepass.server.domain.applications.keys.model import ApplicationKey
from gatepass.server.domain.applications.model import Application
from gatepass.server.portal.presentation.key_snippets import key_snippets
from gatepass.server.portal.request import PortalRequest
from gatepass.translation.message import Message
from gatepass.wire.metadata import TOKEN

ALGORITHMS = (
    ("ES256", Message("ES256 (P-256, recommended)")),
    ("Ed25519", Message("Ed25519")),
    ("ES384", Message("ES384 (P-384)")),
    ("ES512", Message("ES512 (P-521)")),
    ("PS256", Message("PS256 (RSA, 3072 bits)")),
    ("RS256", Message("RS256 (RSA, 3072 bits), for old programs")),
)
LABELS = {
    "key_name": Message("Name of the key"),
    "key": Message("Public key"),
    "new_key_name": Message("Name of the key"),
    "alg": Message("Algorithm"),
    "jwks_uri": Message("Address of the JWK Set"),
    "key_end": Message("Last day of the key"),
    "new_key_end": Message("Last day of the key"),
}


def context(request: PortalRequest, application: Application) -> Mapping[str, object]:
    """Return the keys, the live ones first, and how they are used."""
    keys, setting = operations.of_application(request.context, application)
    return {
        "keys": sorted(keys, key=lambda each: not each.is_live(request.now)),
        "last_day": last_day,
        "reminders": reminders(keys, request.now),
        "setting": setting,
        "key_labels": LABELS,
        "algorithms": ALGORITHMS,
        **_snippets(request, application, [each for each in keys if each.is_live(request.now)]),
        "is_offered": request.environment.accepts_assertions(),
        "docs_url": request.environment.docs_url,
        **where(request),
    }


def _snippets(
    request: PortalRequest, application: Application, live: Sequence[ApplicationKey]
) -> dict[str, str]:
    """Return what to paste for the newest key; empty texts without a key."""
    if not live:
        return {"env": "", "curl": "", "python": ""}
    key = live[-1].key
    return key_snippets(request.environment, application, key.kid, key.algorithms[0])


def of_each(keys: Iterable[ApplicationKey]) -> dict[str, Message]:
    """Return the labels of the fields that each key has."""
    names = {f"name_{each.id}": LABELS["key_name"] for each in keys}
    return names | {name.replace("name_", "end_"): LABELS["key_end"] for name in names}


def last_day(key: ApplicationKey) -> str:
    """Return the last day on which a key is accepted, as a date field has it."""
    if key.expires_at is None:
        return ""
    return (key.expires_at - timedelta(milliseconds=1)).date().isoformat()


def reminders(keys: Iterable[ApplicationKey], now: datetime) -> dict[UUID, Message]:
    """Return a sentence for the newest live key, by its id, if it expires within 90 days."""
    live = [each for each in keys if each.is_live(now)]
    newest = max(live, key=lambda each: each.created_at, default=None)
    if newest is None or newest.expires_at is None:
        return {}
    if not is_soon(Validity(newest.created_at, newest.expires_at), now):
        return {}
    left = days_left(newest.expires_at, now)
    return {
        newest.id: Message(
            "It {expires}. Add a new key and deploy it before that, or give it a later end.",
            expires=in_words(left),
        )
    }


def where(request: PortalRequest) -> dict[str, object]:
    """Return what a program needs beside its key."""
    issuer = request.environment.issuer
    return {"issuer": issuer, "token_url": issuer + TOKEN}
