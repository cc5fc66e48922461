"""What administrators set up of their organization's provider: each in one transaction."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.model import InvalidField, Role, User
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.single_sign_on import enforcement, store
from gatepass.server.domain.users.single_sign_on.model import (
    MOST_DOMAINS,
    Domain,
    Provider,
    check_client_id,
    check_domain,
    check_issuer,
    host_of,
    lower,
    new_token,
)
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.server.storage.master_key import MasterKeyError
from gatepass.translation.message import Message
from gatepass.wire.secret import Secret


class People(NamedTuple):
    """Who gets an account on arrival, and which role the provider gives."""

    adds_people: bool
    role_claim: str
    roles: Mapping[str, Role]
    default_role: Role
    highest_role: Role


NO_TABLES = Message(
    "Single sign-on is not available before the operator has run `gatepass migrate`."
)


def is_available(context: Context) -> bool:
    """Return whether the tables are there."""
    with context.database.read() as connection:
        return context.database.has(connection, store.REVISION)


def find(context: Context, org_id: UUID) -> Provider | None:
    """Return the provider of an organization, turned on or not."""
    with context.database.read() as connection:
        has_tables = context.database.has(connection, store.REVISION)
        return store.find(connection, org_id) if has_tables else None


def domains(context: Context, org_id: UUID) -> Sequence[Domain]:
    """Return the domains of an organization."""
    with context.database.read() as connection:
        has_tables = context.database.has(connection, store.REVISION)
        return store.domains(connection, org_id) if has_tables else []


def number_connected(context: Context, provider: Provider) -> int:
    """Return how many accounts are connected with a provider."""
    with context.database.read() as connection:
        return store.number_connected(connection, provider.org_id, provider.issuer)


def is_required(context: Context, org_id: UUID) -> bool:
    """Return whether a policy demands that people come from the provider, once it is on."""
    with context.database.read() as connection:
        policy = policies.find_in_force(context.database, connection, org_id)
    return policy.single_sign_on == "required"


def emergency_candidates(context: Context, org_id: UUID) -> list[User]:
    """Return the administrators who know a password of their own."""
    with context.database.read() as connection:
        return [
            each
            for each in users.of_organization(connection, org_id, where={"role": "admin"})
            if _can_be_emergency(context, connection, each)
        ]


def save(
    context: Context, by: Actor, org_id: UUID, issuer: str, client_id: str, secret: Secret | None
) -> Provider:
    """Write the provider of an organization; without a secret the present one stays.

    A new issuer or client id is turned off until it was tried, and has its own connected accounts.
    """
    issuer, client_id = check_issuer(issuer), check_client_id(client_id)
    now = context.now()
    with context.database.write() as connection:
        _check_available(context, connection)
        found = store.find(connection, org_id)
        if found is None and secret is None:
            raise InvalidField(
                "client_secret", Message("Copy the client secret from your provider.")
            )
        new = found or _empty(org_id, now)
        if secret is not None:
            encrypted = context.master_key.encrypt(secret.value.encode(), _purpose(org_id))
            new = replace(new, secret=encrypted)
        if (new.issuer, new.client_id) != (issuer, client_id):
            new = replace(new, issuer=issuer, client_id=client_id, is_on=False, tested_at=None)
        store.put(connection, replace(new, changed_at=now))
        store.remove_attempts(connection, org_id)
        changed = "secret" if found and found.issuer == issuer and secret else "provider"
        _record(context, connection, by, now, org_id, "changed", issuer, what=changed)
        if found and found.is_on and not new.is_on:
            _record(context, connection, by, now, org_id, "disabled", issuer)
    return new


def set_people(context: Context, by: Actor, org_id: UUID, people: People) -> None:
    """Write whether people get an account on arrival, and which role."""
    if lower(people.default_role, people.highest_role) != people.default_role:
        raise InvalidField("default_role", Message("This role can do more than the highest one."))
    with context.database.write() as connection:
        now = context.now()
        found = _find(context, connection, org_id)
        store.put(connection, replace(found, **people._asdict(), changed_at=now))
        detail = {
            "what": "people",
            "arrival": "yes" if people.adds_people else "no",
            "highest_role": people.highest_role,
        }
        _record(context, connection, by, now, org_id, "changed", found.issuer, **detail)


def turn_on(context: Context, by: Actor, org_id: UUID, emergency_id: UUID | None) -> None:
    """Let people come from the provider, with an administrator for when it is away.

    Raises InvalidField where it was not tried yet, or nobody can be that administrator.
    """
    with context.database.write() as connection:
        now = context.now()
        found = _find(context, connection, org_id)
        if found.tested_at is None:
            raise InvalidField("", Message("Test the connection first."), taken=True)
        user = users.find(connection, emergency_id) if emergency_id else None
        if (
            user is None
            or user.org_id != org_id
            or not _can_be_emergency(context, connection, user)
        ):
            raise InvalidField(
                "emergency",
                Message("Choose an administrator who has chosen a password of their own."),
            )
        changed = {"is_on": True, "emergency_id": user.id, "changed_at": now}
        store.change(connection, org_id, changed)
        name = user.username or ""
        action = "changed" if found.is_on else "enabled"
        _record(context, connection, by, now, org_id, action, found.issuer, emergency=name)


def turn_off(context: Context, by: Actor, org_id: UUID) -> bool:
    """Let nobody come from the provider; passwords work again. Return whether it was on."""
    with context.database.write() as connection:
        now = context.now()
        found = _find(context, connection, org_id)
        if not found.is_on:
            return False
        store.change(connection, org_id, {"is_on": False, "changed_at": now})
        store.remove_attempts(connection, org_id)
        _record(context, connection, by, now, org_id, "disabled", found.issuer)
    return True


def add_domain(context: Context, by: Actor, org_id: UUID, name: str) -> Domain:
    """Add a domain, which counts once it is proved."""
    name = check_domain(name)
    with context.database.write() as connection:
        now = context.now()
        _check_available(context, connection)
        known = store.domains(connection, org_id)
        if any(each.domain == name for each in known):
            raise InvalidField("domain", Message("This domain is in the list."), taken=True)
        if len(known) >= MOST_DOMAINS:
            raise InvalidField(
                "domain",
                Message("{most} domains at most.", most=MOST_DOMAINS),
                taken=True,
            )
        new = Domain(uuid4(), org_id, name, new_token().value, now)
        store.add_domain(connection, new)
        _record(context, connection, by, now, org_id, "domain_added", name)
    return new


def find_domain(context: Context, org_id: UUID, domain_id: UUID) -> Domain:
    """Return a domain of the organization; raise NotFoundError where there is no such one."""
    with context.database.read() as connection:
        return _find_domain(connection, org_id, domain_id)


def prove_domain(
    context: Context, by: Actor, org_id: UUID, domain_id: UUID, texts: Sequence[str]
) -> None:
    """Note that a domain belongs to the organization, by the TXT records that the DNS has.

    Raises InvalidField where the record is missing, or another organization has proved it.
    """
    with context.database.write() as connection:
        now = context.now()
        found = _find_domain(connection, org_id, domain_id)
        if found.record_text not in {each.strip() for each in texts}:
            raise InvalidField(
                f"domain-{found.id}",
                Message(
                    "The DNS has no such TXT record at {name} yet. A new record can take "
                    "an hour to be seen; then check again.",
                    name=found.record_name,
                ),
            )
        if store.owner_of(connection, found.domain) not in {None, org_id}:
            raise InvalidField(
                f"domain-{found.id}",
                Message("Another organization has proved this domain. Ask your account manager."),
                taken=True,
            )
        store.prove_domain(connection, found, now)
        _record(context, connection, by, now, org_id, "domain_proved", found.domain)


def remove_domain(context: Context, by: Actor, org_id: UUID, domain_id: UUID) -> Domain:
    """Remove a domain; people with an address in it no longer get an account on arrival."""
    with context.database.write() as connection:
        found = _find_domain(connection, org_id, domain_id)
        store.remove_domain(connection, found.id)
        _record(context, connection, by, context.now(), org_id, "domain_removed", found.domain)
    return found


def secret_of(context: Context, provider: Provider) -> Secret:
    """Return the client secret, for a request to the provider."""
    plain = context.master_key.decrypt_stored(provider.secret, _purpose(provider.org_id))
    return Secret(plain.decode())


def encrypt_again(context: Context) -> None:
    """Encrypt the client secrets under the first master key.

    What no key decrypts stays as it is; the administrators give that secret again.
    """
    with context.database.write() as connection:
        if not context.database.has(connection, store.REVISION):
            return
        for org_id, secret in store.secrets(connection):
            if context.master_key.is_under_first(secret, _purpose(org_id)):
                continue
            with suppress(MasterKeyError):
                plain = context.master_key.decrypt_stored(secret, _purpose(org_id))
                encrypted = context.master_key.encrypt(plain, _purpose(org_id))
                store.change(connection, org_id, {"secret": encrypted})


def _can_be_emergency(context: Context, connection: Connection, user: User) -> bool:
    is_able = user.role == "admin" and not user.disabled_at and not user.must_change_password
    return is_able and enforcement.has_own_password(context.database, connection, user)


def _check_available(context: Context, connection: Connection) -> None:
    if not context.database.has(connection, store.REVISION):
        raise InvalidField("", NO_TABLES, taken=True)


def _find(context: Context, connection: Connection, org_id: UUID) -> Provider:
    _check_available(context, connection)
    found = store.find(connection, org_id)
    if found is None:
        raise InvalidField("issuer", Message("Give your provider first."), taken=True)
    return found


def _find_domain(connection: Connection, org_id: UUID, domain_id: UUID) -> Domain:
    found = store.find_domain(connection, org_id, domain_id)
    if found is None:
        raise NotFoundError(str(domain_id))
    return found


def _empty(org_id: UUID, now: datetime) -> Provider:
    return Provider(
        org_id=org_id,
        issuer="",
        client_id="",
        secret=b"",
        is_on=False,
        tested_at=None,
        adds_people=False,
        role_claim="",
        roles={},
        default_role="user",
        highest_role="staff",
        emergency_id=None,
        changed_at=now,
    )


def _record(
    context: Context,
    connection: Connection,
    by: Actor,
    now: datetime,
    org_id: UUID,
    what_happened: str,
    subject: str,
    **detail: str,
) -> None:
    """Write the audit entry, and a mail to the other administrators of the organization."""
    action = f"single_sign_on.{what_happened}"
    audit.record(connection, entry(by, now, action, subject, org_id=org_id, **detail))
    for each in users.of_organization(connection, org_id, where={"role": "admin"}):
        if each.username != by.name:
            mails.tell(
                context,
                connection,
                each,
                "single_sign_on_changed",
                now,
                by=by.description,
                detail=f"{_WORDS[what_happened]} ({host_of(subject)})",
            )


_WORDS = {
    "changed": "its setup was changed",
    "enabled": "it was turned on",
    "disabled": "it was turned off",
    "domain_added": "a domain was added",
    "domain_proved": "a domain was proved",
    "domain_removed": "a domain was removed",
}


def _purpose(org_id: UUID) -> str:
    return f"gatepass single sign-on of {org_id}"
