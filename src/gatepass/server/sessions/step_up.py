"""Step-up: somebody who is logged in proves again that they know their password."""

from gatepass.server.environment import Environment
from gatepass.server.limits import store as limits
from gatepass.server.limits.model import of_login
from gatepass.server.people.model import FieldRefused
from gatepass.server.sessions.operations import Login, check_may_try
from gatepass.wire.secret import Secret


def check_password(environment: Environment, login: Login, source: str, password: Secret) -> None:
    """Return where this is the current password of whose session it is.

    Raises FieldRefused where it is not, and Refused (429) after too many wrong ones: they are
    counted as those of a login, per session.
    """
    if not password.value:
        raise FieldRefused("current_password", "Enter your current password.")
    check_may_try(environment, login, source)
    if not environment.hasher.verify(password, login.person.password_hash):
        raise FieldRefused("current_password", "This is not your current password.")
    counted = of_login(login.person.username or "", source, login.session.id_digest)
    with environment.database.write() as connection:
        limits.succeed(connection, counted)
