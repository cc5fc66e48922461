"""What people and administrators do with second factors, each in one transaction with its audit.

Each change ends the person's other sessions (ASVS 7.4.3) and is mailed to them (6.3.7).
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.factors import (
    challenges,
    checks,
    passkeys,
    recovery_codes,
    store,
    totp,
)
from gatepass.server.domain.users.factors.model import (
    MOST_APPS,
    MOST_PASSKEYS,
    App,
    Factors,
    Passkey,
    RelyingParty,
    check_name,
)
from gatepass.server.domain.users.model import InvalidField, User
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.sessions import store as sessions
from gatepass.server.domain.users.sessions.operations import Login
from gatepass.server.domain.users.sessions.proofs import store as proofs
from gatepass.server.domain.users.transaction_steps import (
    find_in_organization,
    is_self,
    notify,
    record_audit,
)
from gatepass.server.storage.database import Connection
from gatepass.server.storage.errors import NotFoundError
from gatepass.server.storage.master_key import MasterKeyError
from gatepass.server.storage.timestamps import milliseconds
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

IS_REQUIRED = Message(
    "Your organization requires a second factor, and this is your last one. Add another one first."
)
NO_CODES = Message(
    "This is your last factor, and you have no recovery codes left. Make new recovery codes first, "
    "so that nobody who takes over a session turns the second step off without one more proof."
)
OWN = Message("Your own factors are on your account page.")
Keep = Callable[[Connection, tuple[Secret, ...]], None]
"""Keeps new recovery codes for the page that shows them once, in the same transaction."""
_SETUP_LIVES = timedelta(minutes=30)
_SETUP_EXPIRED = Message("This page was open for too long. Scan the new QR code.")
_UNAVAILABLE = Message(
    "Second factors need newer tables in the database. The operator makes them with "
    "`gatepass migrate`; until then the login needs the password alone."
)


@dataclass(frozen=True, slots=True)
class Setup:
    """An authenticator app that is being set up: its secret, and the same encrypted for a form."""

    secret: bytes = field(repr=False)
    encrypted: str = field(repr=False)


def is_available(context: Context) -> bool:
    """Return whether the tables are there, which the version before does not have."""
    with context.database.read() as connection:
        return context.database.has(connection, store.REVISION)


def check_available(context: Context) -> None:
    """Raise OAuthError (503) on the tables of the version before, which have no factors."""
    if not is_available(context):
        raise OAuthError("temporarily_unavailable", _UNAVAILABLE, status=503)


def of_user(context: Context, user: User) -> Factors:
    """Return the factors of a person."""
    with context.database.read() as connection:
        return checks.factors_of(context, connection, user)


def is_required(context: Context, user: User) -> bool:
    """Return whether the person's organization, or the operator, requires a second factor."""
    with context.database.read() as connection:
        found = policies.find_in_force(context.database, connection, user.org_id)
    return found.second_factor == "required"


def begin_passkey(context: Context, login: Login, party: RelyingParty) -> str:
    """Return what the browser is asked for a new passkey, as JSON."""
    found = of_user(context, login.user)
    owner = login.session.id_digest
    challenge = challenges.make(context.master_key, "add", owner, context.now())
    return passkeys.creation_options(party, login.user, found.passkeys, challenge)


def add_passkey(
    context: Context,
    by: Actor,
    login: Login,
    party: RelyingParty,
    name: str,
    answered: str,
    keep: Keep,
) -> None:
    """Add a passkey that a browser has made; raise InvalidField where it cannot be accepted."""
    name = check_name(name)
    if party.why_not:
        raise InvalidField("", party.why_not)
    answer = passkeys.read(answered)
    made = passkeys.verify_creation(party, answer)
    now, user = context.now(), login.user
    owner = login.session.id_digest
    with context.database.write() as connection:
        end = challenges.check(context.master_key, answer.challenge, "add", owner, now)
        checks.use_challenge(connection, answer, end)
        if len(store.of_user(connection, user.id).passkeys) >= MOST_PASSKEYS:
            raise InvalidField(
                "",
                Message(
                    "You have {most} passkeys already. Remove one first.",
                    most=MOST_PASSKEYS,
                ),
            )
        if store.find_passkey(connection, made.credential_id):
            raise InvalidField("", Message("This passkey was added already."))
        new = Passkey(
            uuid4(),
            user.id,
            made.credential_id,
            made.public_key,
            made.sign_count,
            party.id,
            made.transports,
            name,
            now,
        )
        store.add_passkey(connection, new)
        proofs.record(connection, login.session.id_digest, "passkey", now)
        _record_added(context, connection, by, login, name, keep)


def begin_app(context: Context, login: Login) -> Setup:
    """Return the secret of a new authenticator app; nothing is stored until a code confirms it."""
    return _setup(context, login, totp.new_secret(), context.now())


def read_setup(context: Context, login: Login, text: str) -> Setup:
    """Return the set-up in a form; raise InvalidField where it is not of this session, or late."""
    try:
        encrypted = urlsafe_b64decode(text.encode())
        what = json.loads(context.master_key.decrypt_stored(encrypted, _setup_purpose(login)))
    except (ValueError, MasterKeyError):
        raise InvalidField("setup", _SETUP_EXPIRED) from None
    if milliseconds(context.now()) >= what["end"]:
        raise InvalidField("setup", _SETUP_EXPIRED)
    return Setup(bytes.fromhex(what["secret"]), text)


def add_app(
    context: Context, by: Actor, login: Login, setup: Setup, name: str, code: Secret, keep: Keep
) -> None:
    """Add an authenticator app that shows the right code; raise InvalidField where it does not.

    Tries count as those of a proof, but apart from them: a right code of this secret, which the
    page shows, must not forget wrong ones of another. The code is used up for the login, too.
    """
    name = check_name(name)
    user, now = login.user, context.now()
    apart = sha256(b"new authenticator app" + login.session.id_digest).digest()
    claimant = checks.Claimant(user, by.source, apart)
    counted = checks.count_try(context, claimant)
    with context.database.write() as connection:
        step = totp.matching_step(setup.secret, code.value, now, last_step=-1)
        if step is None:
            raise InvalidField("code", checks.WRONG_CODE)
        apps = store.of_user(connection, user.id).apps
        if len(apps) >= MOST_APPS:
            raise InvalidField(
                "",
                Message("You have {most} apps already. Remove one first.", most=MOST_APPS),
            )
        if setup.secret in [checks.secret_of(context, each) for each in apps]:
            raise InvalidField("", Message("This app was added already."))
        purpose = checks.totp_purpose(user.id.hex)
        encrypted = context.master_key.encrypt(setup.secret, purpose)
        store.add_app(connection, App(uuid4(), user.id, encrypted, step, name, now))
        checks.forget_tries(connection, counted)
        proofs.record(connection, login.session.id_digest, "totp", now)
        _record_added(context, connection, by, login, name, keep)


def make_codes(context: Context, by: Actor, login: Login, keep: Keep) -> None:
    """Make new recovery codes for somebody who has a factor; the earlier ones stop working."""
    now, user = context.now(), login.user
    with context.database.write() as connection:
        if not store.has_any(connection, user.id):
            raise InvalidField("", Message("Add a passkey or an authenticator app first."))
        keep(connection, _replace_codes(connection, user, now))
        sessions.end_of_user(connection, user.id, but=login.session.id_digest)
        record_audit(connection, by, now, user, "factor.recovery_codes_made")
        mails.tell(context, connection, user, "recovery_codes_made", now)


def rename(context: Context, by: Actor, user: User, factor_id: UUID, name: str) -> None:
    """Rename a factor; raise NotFoundError where the person has no such one."""
    with context.database.write() as connection:
        if factor_id not in checks.factors_of(context, connection, user).names:
            raise NotFoundError(str(factor_id))
        name = check_name(name)
        store.rename(connection, user.id, factor_id, name)
        record_audit(connection, by, context.now(), user, "factor.renamed", factor=name)


def remove(context: Context, by: Actor, login: Login, factor_id: UUID) -> str:
    """Remove a factor and return its name; with the last one, the recovery codes go.

    Raises InvalidField where the last one is required, or no recovery codes are left, and
    NotFoundError where the person has no such factor.
    """
    now, user = context.now(), login.user
    with context.database.write() as connection:
        found = checks.factors_of(context, connection, user)
        if factor_id not in found.names:
            raise NotFoundError(str(factor_id))
        if found.number == 1:
            _check_may_remove_last(context, connection, user, found)
            store.remove_all(connection, user.id)
        store.remove(connection, user.id, factor_id)
        sessions.end_of_user(connection, user.id, but=login.session.id_digest)
        name = found.names[factor_id]
        record_audit(connection, by, now, user, "factor.removed", factor=name)
        mails.tell(context, connection, user, "factor_removed", now, factor=name)
    return name


def reset(context: Context, by: Actor, org_id: UUID, user_id: UUID) -> int:
    """Remove all factors and codes of somebody who lost them, and end their sessions.

    The password stays as it is. Returns how many factors there were. Raises InvalidField for
    one's own account, where the rules about the last factor hold.
    """
    check_available(context)
    now = context.now()
    with context.database.write() as connection:
        found = find_in_organization(connection, org_id, user_id)
        if is_self(by, found):
            raise InvalidField("", OWN)
        removed = store.of_user(connection, user_id).number
        store.remove_all(connection, user_id)
        sessions.end_of_user(connection, user_id)
        record_audit(connection, by, now, found, "person.factors_reset", factors=str(removed))
        notify(context, connection, by, now, found, "factors_reset", str(removed))
    return removed


def encrypt_again(context: Context) -> int:
    """Encrypt the secrets of apps under the first master key; return how many were not.

    What no key decrypts stays as it is, and holds up no rotation.
    """
    key, changed = context.master_key, 0
    with context.database.write() as connection:
        if not context.database.has(connection, store.REVISION):
            return 0
        for app in store.apps(connection):
            purpose = checks.totp_purpose(app.user_id.hex)
            if not key.is_under_first(app.encrypted, purpose):
                plain = checks.secret_of(context, app)
                if plain is None:
                    continue
                store.change_secret(connection, app.id, key.encrypt(plain, purpose))
                changed += 1
    return changed


def unusable_passkeys(context: Context, party: RelyingParty) -> int:
    """Count the passkeys that do not work, as they were made for another domain."""
    with context.database.read() as connection:
        if not context.database.has(connection, store.REVISION):
            return 0
        return store.passkeys_of_other_domains(connection, party.id)


def _record_added(
    context: Context, connection: Connection, by: Actor, login: Login, name: str, keep: Keep
) -> None:
    """Write what belongs to every new factor; make recovery codes with the first one."""
    user, now = login.user, context.now()
    if users.find(connection, user.id) is None:  # deleted meanwhile
        raise NotFoundError(str(user.id))
    found = store.of_user(connection, user.id)
    if found.number == 1:
        keep(connection, _replace_codes(connection, user, now))
    sessions.end_of_user(connection, user.id, but=login.session.id_digest)
    record_audit(connection, by, now, user, "factor.added", factor=name)
    mails.tell(context, connection, user, "factor_added", now, factor=name)


def _replace_codes(connection: Connection, user: User, now: datetime) -> tuple[Secret, ...]:
    codes = recovery_codes.generate()
    digests = [recovery_codes.digest(user.id, each) for each in codes]
    store.replace_codes(connection, user.id, digests, now)
    return codes


def _check_may_remove_last(
    context: Context, connection: Connection, user: User, found: Factors
) -> None:
    policy = policies.find_in_force(context.database, connection, user.org_id)
    if policy.second_factor == "required":
        raise InvalidField("", IS_REQUIRED)
    if not found.codes_left:
        raise InvalidField("", NO_CODES)


def _setup(context: Context, login: Login, secret: bytes, now: datetime) -> Setup:
    what = {"secret": secret.hex(), "end": milliseconds(now + _SETUP_LIVES)}
    encrypted = context.master_key.encrypt(json.dumps(what).encode(), _setup_purpose(login))
    return Setup(secret, urlsafe_b64encode(encrypted).decode())


def _setup_purpose(login: Login) -> str:
    return f"gatepass new authenticator app: {login.user.id} {login.session.id_digest.hex()}"
