"""What can be done to the keys of an application: each in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.domain.applications.keys import notices, store
from gatepass.server.domain.applications.keys.model import (
    ApplicationKey,
    KeySetting,
    check_end,
    check_jwks_uri,
    check_keys,
    check_name,
)
from gatepass.server.domain.applications.keys.transaction_steps import add_keys, check_tables
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.secrets.end import in_words
from gatepass.server.domain.applications.transaction_steps import begin_change, record_change
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class GeneratedKey:
    """A new key with its private part, which is shown once and not kept."""

    application_id: UUID
    key: ApplicationKey
    private: PrivateKey = field(repr=False)


Also = Callable[[Connection, GeneratedKey], None]


def is_offered(context: Context) -> bool:
    """Return whether the tables have a place for keys."""
    with context.database.read() as connection:
        return context.database.has(connection, store.REVISION)


def of_application(
    context: Context, application: Application
) -> tuple[list[ApplicationKey], KeySetting]:
    """Return the keys of an application, the oldest first, and how it uses them."""
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return [], KeySetting()
        keys = store.of_application(connection, application.id)
        return keys, store.setting(connection, application.id)


def add(
    context: Context,
    by: Actor,
    app_id: UUID,
    org_id: UUID | None,
    *,
    name: str,
    text: bytes,
    expires_at: datetime | None = None,
) -> list[ApplicationKey]:
    """Add the public keys in a text: a JWK, a JWK Set, or one in PEM; raise OAuthError.

    Several keys have one name, with a number.
    """
    given, label = check_keys(text), check_name(name)
    return _add(context, by, app_id, org_id, label, given, expires_at)


def generate(  # noqa: PLR0913 - who, to what, and the key
    context: Context,
    by: Actor,
    app_id: UUID,
    org_id: UUID | None,
    *,
    name: str,
    alg: str,
    expires_at: datetime | None = None,
    key_id: UUID | None = None,
    also: Also | None = None,
) -> GeneratedKey:
    """Make a pair of keys for an algorithm and add the public one; raise OAuthError.

    `also` is done in the same transaction. With a `key_id` of the caller's, doing it twice makes
    one: the second is OAuthError (409).
    """
    label, private = check_name(name), PrivateKey.generate(alg)
    public = ClientKey.from_jwk(private.public_jwk())
    made: list[GeneratedKey] = []

    def finish(connection: Connection, added: list[ApplicationKey]) -> None:
        made.append(GeneratedKey(app_id, added[0], private))
        if also:
            also(connection, made[0])

    _add(context, by, app_id, org_id, label, [public], expires_at, key_id, finish)
    return made[0]


def revoke(context: Context, by: Actor, app_id: UUID, key_id: UUID, org_id: UUID | None) -> None:
    """Remove a key: assertions that it signed are not accepted any more.

    Tokens that were issued stay valid. Raises NotFoundError.
    """
    with begin_change(context, app_id, org_id) as (connection, application, now):
        check_tables(context, connection)
        keys = store.of_application(connection, app_id)
        found = next((each for each in keys if each.id == key_id), None)
        if found is None:
            raise NotFoundError(str(key_id))
        store.remove(connection, key_id)
        record_change(
            connection,
            by,
            now,
            application,
            "client_key.revoked",
            key=found.name,
            kid=found.key.kid,
        )
        notices.revoked(context, connection, by, application, found, now)


def change(
    context: Context,
    by: Actor,
    app_id: UUID,
    key_id: UUID,
    org_id: UUID | None,
    *,
    name: str,
    expires_at: datetime | None,
) -> None:
    """Set the name of a live key and when it ends, None for never.

    Raises OAuthError for an end that has passed, NotFoundError for a key that is not live.
    """
    label = check_name(name)
    with begin_change(context, app_id, org_id) as (connection, application, now):
        check_tables(context, connection)
        keys = store.of_application(connection, app_id)
        found = next((each for each in keys if each.id == key_id and each.is_live(now)), None)
        if found is None:
            raise NotFoundError(str(key_id))
        changed = replace(found, name=label, expires_at=expires_at)
        if changed == found:
            return
        check_end(expires_at, now)
        store.change(connection, changed)
        record_change(
            connection,
            by,
            now,
            application,
            "client_key.changed",
            key=label,
            before=found.name,
            kid=found.key.kid,
            end=in_words(expires_at),
        )


def change_setting(
    context: Context, by: Actor, app_id: UUID, org_id: UUID | None, new: KeySetting
) -> None:
    """Set from which address keys are read, and whether older audiences are accepted."""
    checked = KeySetting(check_jwks_uri(new.jwks_uri), new.legacy_audience)
    with begin_change(context, app_id, org_id) as (connection, application, now):
        check_tables(context, connection)
        before = store.setting(connection, app_id).jwks_uri
        store.put_setting(connection, app_id, checked)
        record_change(
            connection,
            by,
            now,
            application,
            "client_key.setting_changed",
            jwks_uri=checked.jwks_uri or "none",
            legacy_audience="yes" if checked.legacy_audience else "no",
        )
        after = checked.jwks_uri
        notices.published(context, connection, by, application, before, after, now)


def _add(  # noqa: PLR0913, PLR0917 - as `generate`
    context: Context,
    by: Actor,
    app_id: UUID,
    org_id: UUID | None,
    name: str,
    given: list[ClientKey],
    expires_at: datetime | None,
    key_id: UUID | None = None,
    also: Callable[[Connection, list[ApplicationKey]], None] | None = None,
) -> list[ApplicationKey]:
    with begin_change(context, app_id, org_id) as (connection, application, now):
        new = add_keys(
            context,
            connection,
            by,
            application,
            now,
            name=name,
            given=given,
            expires_at=expires_at,
            key_id=key_id,
        )
        if also:
            also(connection, new)
    return new
