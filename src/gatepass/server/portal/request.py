"""A request as a page function gets it: environment, login, path, query and form."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4

from gatepass.jose.keys import private_part
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.catalogue.model import Catalogue
from gatepass.server.domain.context import Context
from gatepass.server.domain.users.model import Role, User
from gatepass.server.domain.users.operators import model as operators
from gatepass.server.domain.users.operators.model import Operator
from gatepass.server.domain.users.passwords.hashing import Steps
from gatepass.server.domain.users.sessions import one_time_secret, step_up
from gatepass.server.domain.users.sessions.model import key
from gatepass.server.domain.users.sessions.operations import Login, Visitor
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.portal import redirects
from gatepass.server.storage.database import Connection
from gatepass.translation.language import Language
from gatepass.wire.secret import Secret

_OF_FORM = {"csrf", "once"}
_SECRET_FIELDS = {
    "code",
    "credential",
    "current_password",
    "new_password",
    "new_password_again",
    "password",
    "recovery_code",
    "setup",
    "ticket",
    "client_secret",
}


@dataclass(frozen=True, slots=True)
class PortalRequest:
    """The argument of a page function; `form` is set once its origin and token are checked."""

    environment: ServedEnvironment
    now: datetime
    method: str
    path: str = field(repr=False)  # of a link, it is a secret
    query: Mapping[str, str]
    visitor: Visitor
    login: Login | None
    verifier: Secret | None  # of a login in production that began here
    csrf: str = field(repr=False)
    language: Language  # of the page
    ids: Mapping[str, UUID] = field(default_factory=dict)
    port: int | None = None  # of this server
    login_id: Secret | None = None  # of a login that waits for its second step
    form: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def context(self) -> Context:
        """Return what operations need of the environment."""
        return self.environment.context

    @property
    def catalogue(self) -> Catalogue:
        """Return the resources and scopes of the environment."""
        return self.environment.catalogue

    @property
    def current_login(self) -> Login:
        """Return the login; `access.authorize` has checked that there is one."""
        if self.login is None:
            raise RuntimeError("a page for logged-in users was opened without a login")
        return self.login

    @property
    def user(self) -> User:
        """Return the user who is logged in."""
        return self.current_login.user

    @property
    def org_id(self) -> UUID:
        """Return the organization of the user: the only one that their pages show."""
        return self.current_login.organization.id

    @property
    def actor(self) -> Actor:
        """Return the actor of this request, for the audit trail."""
        return Actor(self.user.username or "", self.visitor.source, self.org_id)

    @property
    def operator(self) -> Operator | None:
        """Return the user as a person of the operating organization; None for everybody else."""
        return self.login.operator if self.login else None

    @property
    def role(self) -> Role:
        """Return the user's role in the portal; an operator's follows from the roles they have."""
        operator = self.operator
        return operators.portal_role(operator.roles) if operator else self.user.role

    @property
    def has_console(self) -> bool:
        """Return whether the console of the operators is there, for this address and port."""
        console = self.environment.console
        return console is not None and console.is_reachable(self.visitor.source, self.port)

    @property
    def landing(self) -> str:
        """Return the path of the user's first page."""
        operator = self.operator
        has_console = operator and operator.modes and self.has_console
        return redirects.CONSOLE if has_console else redirects.landing(self.role)

    def after_login(self, next_path: str | None) -> str:
        """Return the path that was requested before the login, or the user's first page."""
        if self.operator is None:
            return redirects.after_login(next_path, self.role)
        path = redirects.own_path(next_path)
        return self.landing if path in {"", "/"} else path

    @property
    def may_change(self) -> bool:
        """Return whether the user is an administrator of the organization."""
        return self.role == "admin"

    @property
    def may_register(self) -> bool:
        """Return whether the user may register an application, by role or by the policy."""
        is_open = self.current_login.policy.registration == "staff"
        return self.may_change or (self.role == "staff" and is_open)

    def typed(self) -> dict[str, str]:
        """Return the form's values to show them again, without passwords, codes, private keys."""
        hidden = _SECRET_FIELDS | _OF_FORM
        return {
            name: value
            for name, value in self.form.items()
            if name not in hidden and not private_part.is_in(value.encode())
        }

    @property
    def has_secrets(self) -> bool:
        """Return whether the form has a password, a code or a private key: never kept for later."""
        return any(self.form.get(name) for name in _SECRET_FIELDS) or any(
            private_part.is_in(value.encode()) for value in self.form.values()
        )

    def check_password(self) -> Steps[None]:
        """Check the user's current password, from the form; raise OAuthError where it is wrong."""
        return step_up.check_password(
            self.context,
            self.environment.hasher,
            self.current_login,
            self.visitor.source,
            self.secret("current_password"),
        )

    def keep_once(self, connection: Connection, about: str, what: Mapping[str, str]) -> None:
        """Keep `what` for the page `about`, which shows it once, in the caller's transaction."""
        now = self.environment.now()
        one_time_secret.keep(connection, self.current_login.session_id, about, what, now)

    def take_once(self, about: str) -> dict[str, str] | None:
        """Return what is kept for the page `about`; None the second time, or too late."""
        return one_time_secret.take(self.context, self.current_login.session_id, about)

    @property
    def token(self) -> Secret:
        """Return the token of a link that was mailed: the last part of the path."""
        return Secret(self.path.rstrip("/").rpartition("/")[2])

    @property
    def browser(self) -> bytes:
        """Return the digest of the browser's id."""
        return self.visitor.device.digest() if self.visitor.device else b""

    @property
    def accounts(self) -> ServedEnvironment | None:
        """Return the environment whose accounts are trusted here; None: this one has its own."""
        return self.environment.accounts

    @property
    def sends_mail(self) -> bool:
        """Return whether this server sends mail."""
        return self.context.outbox.sends_mail

    def secret(self, name: str) -> Secret:
        """Return a password from the form."""
        return Secret(self.form.get(name, ""))

    def creation_id(self) -> UUID:
        """Return the id of the object that this form creates, the same however often it is sent.

        It is derived from the form's random id and the session, so a client cannot choose it.
        """
        form_id = self.form.get("once")
        if form_id is None:
            return uuid4()
        made = hmac.new(
            key(self.current_login.session_id), f"{self.path} {form_id}".encode(), sha256
        )
        return UUID(bytes=made.digest()[:16], version=4)
