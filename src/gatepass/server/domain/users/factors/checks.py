"""The checks of second factors, which the second step of a login and a step-up share.

`offered` says by what a person can prove who they are, `begin_assertion` what a browser is asked
for a passkey, and `check` whether a proof is right: it counts the try, verifies, and uses up what
works once. A caller that does more in the transaction calls `count_try` and `verify` instead.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple, Self

import structlog

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Actor, entry
from gatepass.server.domain.context import Context
from gatepass.server.domain.throttling import store as limits
from gatepass.server.domain.throttling.model import Limit, of_second_factor, too_many
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.factors import (
    challenges,
    passkeys,
    recovery_codes,
    store,
    totp,
)
from gatepass.server.domain.users.factors.model import App, Factors, Passkey, RelyingParty
from gatepass.server.domain.users.model import InvalidField, User
from gatepass.server.domain.users.notices import mails
from gatepass.server.domain.users.sessions.proofs.model import Method
from gatepass.server.storage.database import Connection
from gatepass.server.storage.master_key import MasterKeyError
from gatepass.translation.message import Message
from gatepass.wire.secret import Secret

WRONG_CODE = Message(
    "This code is not right, or was used before. Enter the one that the app shows now; the clock "
    "of the device must be right."
)
REFUSED = passkeys.REFUSED
WRONG_RECOVERY_CODE = Message("This is none of your recovery codes, or it was used before.")

log = structlog.get_logger("gatepass.server")


@dataclass(frozen=True, slots=True)
class TotpCode:
    """A code of an authenticator app."""

    text: Secret


@dataclass(frozen=True, slots=True)
class RecoveryCode:
    """One of the recovery codes."""

    text: Secret


@dataclass(frozen=True, slots=True)
class PasskeyAnswer:
    """What a browser answered to `begin_assertion` with the same `owner`."""

    answer: passkeys.Answer = field(repr=False)
    party: RelyingParty
    owner: bytes

    @classmethod
    def read(cls, text: str, party: RelyingParty, owner: bytes) -> Self:
        """Return the answer in a form's field; raise InvalidField for anything else.

        Read before a transaction begins, as what reads it is loaded at its first use.
        """
        return cls(passkeys.read(text), party, owner)


Proof = TotpCode | RecoveryCode | PasskeyAnswer


class Claimant(NamedTuple):
    """Whose proof it is said to be, and from where.

    `device` has limits of its own, so that strangers cannot make its owner wait: the digest of a
    browser in which the person has logged in before, or of their session.
    """

    user: User
    source: str
    device: bytes | None


def factors_of(context: Context, connection: Connection, user: User) -> Factors:
    """Return a person's factors; none where the tables are those of the version before."""
    if not context.database.has(connection, store.REVISION):
        return Factors()
    return store.of_user(connection, user.id)


def offered(factors: Factors, party: RelyingParty) -> tuple[Method, ...]:
    """Return by what a person can prove who they are beside the password, the strongest first."""
    found: dict[Method, bool] = {
        "passkey": bool(factors.usable_passkeys(party)) and not party.why_not,
        "totp": bool(factors.apps),
        "recovery_code": factors.codes_left > 0,
    }
    return tuple(method for method, is_there in found.items() if is_there)


def begin_assertion(context: Context, party: RelyingParty, factors: Factors, owner: bytes) -> str:
    """Return what the browser is asked for one of a person's passkeys, as JSON.

    `owner` is the digest of the session, or of the login, in which the answer counts.
    """
    challenge = challenges.make(context.master_key, "prove", owner, context.now())
    known = factors.usable_passkeys(party)
    return passkeys.request_options(party, known, challenge, must_verify_user=False)


def begin_login(context: Context, party: RelyingParty, browser: bytes) -> str:
    """Return what a browser, given by its digest, is asked for any passkey, as JSON."""
    challenge = challenges.make(context.master_key, "log_in", browser, context.now())
    return passkeys.request_options(party, (), challenge, must_verify_user=True)


def check(context: Context, claimant: Claimant, proof: Proof) -> Method:
    """Return the method of a proof that is right.

    Raises InvalidField where it is wrong, and OAuthError (429) after too many wrong ones.
    """
    counted = count_try(context, claimant)
    with context.database.write() as connection:
        method = verify(context, connection, claimant, proof, context.now())
        forget_tries(connection, counted)
    return method


def count_try(context: Context, claimant: Claimant) -> tuple[Limit, ...]:
    """Count a try as failed until it has succeeded; raise OAuthError (429) after too many.

    Counted for all methods together, and committed before the proof is looked at: guesses made
    side by side cannot slip under a limit.
    """
    counted = of_second_factor(claimant.user.username or "", claimant.source, claimant.device)
    with context.database.write() as connection:
        wait = limits.attempt(connection, counted, context.now())
    if wait:
        raise too_many(wait)
    return counted


def forget_tries(connection: Connection, counted: tuple[Limit, ...]) -> None:
    """Forget the wrong tries of somebody who has given a right proof."""
    limits.succeed(connection, counted)


def verify(
    context: Context, connection: Connection, claimant: Claimant, proof: Proof, now: datetime
) -> Method:
    """Check a proof in the caller's transaction, and use up what works once.

    Raises InvalidField where it is wrong, and has then written nothing.
    """
    user = claimant.user
    match proof:
        case TotpCode(text):
            _use_totp(context, connection, user, text, now)
            return "totp"
        case RecoveryCode(text):
            _use_recovery_code(context, connection, claimant, text, now)
            return "recovery_code"
        case PasskeyAnswer(answer, party, owner):
            found = store.find_passkey(connection, answer.credential_id)
            if found is None or found.user_id != user.id:
                raise InvalidField("", passkeys.REFUSED)
            used = challenges.check(context.master_key, answer.challenge, "prove", owner, now)
            asserted = passkeys.verify_assertion(party, answer, found, must_verify_user=False)
            use_challenge(connection, answer, used)
            record_assertion(context, connection, claimant, found, asserted, now)
            return "passkey"


def find_owner(
    context: Context, connection: Connection, proof: PasskeyAnswer
) -> tuple[User, Passkey, passkeys.Assertion]:
    """Return who has proved by a passkey alone who they are, which counts as two factors.

    `proof.owner` is the digest of the browser to which the challenge was given. Uses up the
    challenge. Raises InvalidField where the passkey is unknown, somebody else's than its
    authenticator says, or has not verified its user.
    """
    now, answer = context.now(), proof.answer
    found = store.find_passkey(connection, answer.credential_id)
    if found is None or answer.user_handle != found.user_id.bytes:
        raise InvalidField("", passkeys.REFUSED)
    end = challenges.check(context.master_key, answer.challenge, "log_in", proof.owner, now)
    asserted = passkeys.verify_assertion(proof.party, answer, found, must_verify_user=True)
    use_challenge(connection, answer, end)
    user = users.find(connection, found.user_id)
    if user is None:
        raise InvalidField("", passkeys.REFUSED)
    return user, found, asserted


def use_challenge(connection: Connection, answer: passkeys.Answer, end: datetime) -> None:
    """Note that a challenge was answered; raise InvalidField where it was before."""
    if not store.use_challenge(connection, sha256(answer.challenge).digest(), end):
        raise InvalidField("", passkeys.REFUSED)


def record_assertion(
    context: Context,
    connection: Connection,
    claimant: Claimant,
    passkey: Passkey,
    asserted: passkeys.Assertion,
    now: datetime,
) -> None:
    """Note that a passkey was used; a counter that went back is logged, audited and mailed.

    It may be a copy of the authenticator, but also one that was reset or restored (WebAuthn
    §6.1.1), so the passkey goes on to work and its owner decides.
    """
    store.record_passkey_used(connection, passkey.id, asserted.sign_count, now)
    if not passkeys.went_back(passkey.sign_count, asserted.sign_count):
        return
    user = claimant.user
    log.warning("passkey.counter_went_back", environment=context.name, user_id=str(user.id))
    by = Actor(user.username or "", claimant.source, user.org_id)
    audit.record(
        connection, entry(by, now, "passkey.counter_went_back", by.name, passkey=passkey.name)
    )
    mails.tell(context, connection, user, "passkey_copied", now, factor=passkey.name)


def secret_of(context: Context, app: App) -> bytes | None:
    """Return the secret of an authenticator app; None where no master key decrypts it."""
    try:
        return context.master_key.decrypt_stored(app.encrypted, totp_purpose(app.user_id.hex))
    except MasterKeyError:
        log.error("factor.unreadable", environment=context.name, user_id=str(app.user_id))  # noqa: TRY400
        return None


def totp_purpose(person: str) -> str:
    """Return what the secret of an app is encrypted for: another person's decrypts none."""
    return f"gatepass authenticator app of {person}"


def _use_totp(
    context: Context, connection: Connection, user: User, text: Secret, now: datetime
) -> None:
    for app in store.of_user(connection, user.id).apps:
        secret = secret_of(context, app)
        if secret is None:
            continue
        step = totp.matching_step(secret, text.value, now, app.last_step)
        if step is not None:
            store.record_app_used(connection, app.id, step, now)
            return
    raise InvalidField("code", WRONG_CODE)


def _use_recovery_code(
    context: Context, connection: Connection, claimant: Claimant, text: Secret, now: datetime
) -> None:
    user = claimant.user
    if not store.use_code(connection, user.id, recovery_codes.digest(user.id, text)):
        raise InvalidField("recovery_code", WRONG_RECOVERY_CODE)
    left = str(store.of_user(connection, user.id).codes_left)
    by = Actor(user.username or "", claimant.source, user.org_id)
    audit.record(connection, entry(by, now, "factor.recovery_code_used", by.name, left=left))
    mails.tell(context, connection, user, "recovery_code_used", now, left=left)
