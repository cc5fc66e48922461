"""A request as a page sees it: who, in which environment, asking for what."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.sessions.model import key
from gatepass.server.domain.sessions.operations import Login, Visitor
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.wire.secret import Secret

_SECRET_FIELDS = {
    "csrf",
    "once",
    "current_password",
    "new_password",
    "new_password_again",
    "password",
}


@dataclass(frozen=True, slots=True)
class PortalRequest:
    """What a page function is given; `form` is there once the gate has checked it."""

    environment: ServedEnvironment
    now: datetime
    method: str
    path: str
    query: Mapping[str, str]
    visitor: Visitor
    login: Login | None
    csrf: str = field(repr=False)
    ids: Mapping[str, UUID] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def me(self) -> Login:
        """Give the login; the gate lets nobody without one to a page that asks for it."""
        if self.login is None:
            raise RuntimeError("a page for people was opened to everybody")
        return self.login

    @property
    def org_id(self) -> UUID:
        """Give the organization of who is logged in: the only one that their pages are about."""
        return self.me.organization.id

    @property
    def actor(self) -> Actor:
        """Give who does what this visit does, for the audit trail."""
        return Actor(self.me.person.username or "", self.visitor.source, self.org_id)

    @property
    def may_change(self) -> bool:
        """Tell whether this is somebody who manages the organization's things."""
        return self.me.person.role == "admin"

    def typed(self) -> dict[str, str]:
        """Give what was typed, to show it again; never a password."""
        return {name: value for name, value in self.form.items() if name not in _SECRET_FIELDS}

    def secret(self, name: str) -> Secret:
        """Give a password from the form."""
        return Secret(self.form.get(name, ""))

    def once(self) -> UUID:
        """Give the id of the one thing that this very form makes, however often it is sent.

        Derived from the form's random id and the session, so that nobody can choose it.
        """
        form_id = self.form.get("once")
        if form_id is None:
            return uuid4()
        made = hmac.new(key(self.me.session_id), f"{self.path} {form_id}".encode(), sha256)
        return UUID(bytes=made.digest()[:16], version=4)
