"""The first use of an imported secret: verified as its old system did, then kept as ours are."""

from collections.abc import Callable

from gatepass.server.domain.applications import store
from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.applications.placeholder import nobody
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.imports import django_hashers
from gatepass.server.environment.environment import Environment
from gatepass.wire.credential import read
from gatepass.wire.secret import Secret


def outstanding(
    environment: Environment,
    client_id: str,
    application: Application | None,
    readings: tuple[Secret, ...],
    source: str,
) -> Callable[[], object] | None:
    """Give the slow work that must come before an answer, None where memory can answer.

    `readings` are what the secret that was sent may be. While the environment has an old hash,
    each reading of a refused secret costs one slow verification, of the hash that is there or of
    a sample, so that time does not tell whether a client exists.
    Not so with ids of our own form, which cannot be guessed. Raises OAuthError (429) where the
    caller has failed too often.
    """
    sample = environment.old_hashes.sample
    if sample is None or read(client_id):
        return None
    stand_in = nobody(client_id)
    known = application or stand_in
    matches = [secret.matches(each.digest) for secret in readings for each in known.secrets]
    if any(matches):
        return None
    old = _old_hash(environment, known)
    subject = str(old.id) if old else client_id
    if environment.old_hashes.are_wrong(subject, readings):
        return None
    now = environment.clock()
    environment.failures.check(client_id, source, now)
    environment.old_hashes.check(source, now)
    if application and old:
        return lambda: adopt(environment, application, readings, source)
    return lambda: _pretend(environment, sample, subject, readings, source)


def adopt(
    environment: Environment, application: Application, readings: tuple[Secret, ...], source: str
) -> bool:
    """Verify a secret against the application's old hash and, if it is right, replace that.

    Slow: it hashes, then writes. Durable before it gives True. A wrong secret is remembered.
    A partner's programs come with the same secret at once: what one of them found out while
    the others waited is not found out again.
    """
    directory, client_id = environment.directory, application.client_id
    application = directory.known(client_id) or directory.load(client_id) or application
    if any(secret.matches(each.digest) for secret in readings for each in application.secrets):
        return True
    old = _old_hash(environment, application)
    if old is None or old.encoded is None:
        return False
    if environment.old_hashes.are_wrong(str(old.id), readings):
        return False
    encoded = old.encoded
    secret = next((each for each in readings if django_hashers.verify(encoded, each)), None)
    if secret is None:
        environment.old_hashes.note_wrong(str(old.id), readings, source, environment.clock())
        return False
    with environment.database.write() as connection:
        store.adopt_secret(connection, old, secret.digest(), django_hashers.last_four(secret))
        now = environment.now()
        changes.record(connection, changes.APPLICATION, str(application.id), now)
        if not store.encoded(connection, 1):
            changes.record(connection, changes.IMPORT, "", now)
    environment.refresh()
    return True


def _pretend(
    environment: Environment, sample: str, subject: str, readings: tuple[Secret, ...], source: str
) -> None:
    """Take the time of a verification that fails."""
    for secret in readings:
        django_hashers.verify(sample, secret)
    environment.old_hashes.note_wrong(subject, readings, source, environment.clock())


def _old_hash(environment: Environment, application: Application) -> ApplicationSecret | None:
    live = application.live_secrets(environment.now())
    return next((each for each in live if each.encoded), None)
