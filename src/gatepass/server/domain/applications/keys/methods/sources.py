"""Where the methods of an application come from: each kind of credential is one function.

A new kind of credential is one more function in SOURCES.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from gatepass.server.domain.applications.keys import store as keys
from gatepass.server.domain.applications.keys.certificates import (
    operations as certificate_operations,
)
from gatepass.server.domain.applications.keys.certificates import store as certificates
from gatepass.server.domain.applications.keys.certificates.model import ApplicationCertificate
from gatepass.server.domain.applications.keys.methods.model import (
    AuthenticationMethod,
    Kind,
    Methods,
)
from gatepass.server.domain.applications.keys.model import ApplicationKey
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.context import Context
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message

Source = Callable[[Context, Connection, Application, datetime], Iterator[AuthenticationMethod]]


def find(
    context: Context, connection: Connection, application: Application, now: datetime
) -> Methods:
    """Return the credentials of an application that work."""
    found = [each for source in SOURCES for each in source(context, connection, application, now)]
    return Methods(found, now)


def _secrets(
    _context: Context, _connection: Connection, application: Application, now: datetime
) -> Iterator[AuthenticationMethod]:
    for each in application.live_secrets(now):
        yield AuthenticationMethod(
            "secret",
            Message("Secret ending in {last_four}", last_four=each.last_four)
            if each.last_four
            else Message("Imported secret"),
            each.created_at,
            each.expires_at,
            each.last_used_at,
            each.last_used_from,
            each.last_used_agent,
            each.id,
        )


def _named(kind: Kind, each: ApplicationKey | ApplicationCertificate) -> AuthenticationMethod:
    return AuthenticationMethod(
        kind,
        each.name,
        each.created_at,
        each.expires_at,
        each.last_used_at,
        each.last_used_from,
        each.last_used_agent,
        each.id,
    )


def _keys(
    context: Context, connection: Connection, application: Application, now: datetime
) -> Iterator[AuthenticationMethod]:
    if not context.database.has(connection, keys.REVISION):
        return
    for each in keys.of_application(connection, application.id):
        if each.is_live(now):
            yield _named("key", each)


def _certificates(
    context: Context, connection: Connection, application: Application, now: datetime
) -> Iterator[AuthenticationMethod]:
    if not context.database.has(connection, certificates.REVISION):
        return
    for each in certificate_operations.find(context, connection, application.id):
        if each.is_live(now):
            yield _named("certificate", each)


def _published_keys(
    context: Context, connection: Connection, application: Application, _now: datetime
) -> Iterator[AuthenticationMethod]:
    """Return the keys that an application publishes.

    Their use is not stored. If the application was used later than each other credential,
    one of these was used.
    """
    if not context.database.has(connection, keys.REVISION):
        return
    setting = keys.setting(connection, application.id)
    if not setting.jwks_uri:
        return
    uses = [each.last_used_at for each in application.secrets]
    uses += [each.last_used_at for each in keys.of_application(connection, application.id)]
    if context.database.has(connection, certificates.REVISION):
        stored = certificates.of_application(connection, application.id)
        uses += [each.last_used_at for each in stored]
    known = max(filter(None, uses), default=None)
    last = application.last_used_at
    is_theirs = last is not None and (known is None or last > known)
    yield AuthenticationMethod(
        "published_keys",
        setting.jwks_uri,
        last_used_at=last if is_theirs else None,
        last_used_from=application.last_used_from if is_theirs else None,
        last_used_agent=application.last_used_agent if is_theirs else None,
    )


SOURCES: tuple[Source, ...] = (_secrets, _keys, _certificates, _published_keys)
