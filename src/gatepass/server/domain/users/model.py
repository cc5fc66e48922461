"""Users, with the rules for names, roles and addresses."""

import re
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from gatepass.server.domain.names import comparable, named
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

Role = Literal["admin", "staff", "user"]
ROLES: tuple[Role, ...] = get_args(Role)

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")
_USERNAME_CHARACTER = re.compile(r"[a-z0-9._@+-]")
_USERNAME_RULE = Message(
    "A username has 2 to 64 characters: the letters a to z, digits, or . _ @ + - and begins with a "
    "letter or a digit."
)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
LONGEST_EMAIL = 254
INITIAL_PASSWORD_LIFETIME = timedelta(days=14)
"""After which an initial password that was not replaced no longer logs anybody in."""


@dataclass(frozen=True, slots=True)
class User:
    """A member of an organization; without `username` and password there is no portal access."""

    id: UUID
    org_id: UUID
    role: Role
    created_at: datetime
    updated_at: datetime
    username: str | None = None
    email: str | None = None
    external_user_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    street_and_number: str | None = None
    street_add_info: str | None = None
    zip_code: str | None = None
    town: str | None = None
    country_iso2: str | None = None
    disabled_at: datetime | None = None
    password_hash: str | None = None
    must_change_password: bool = False
    password_changed_at: datetime | None = None
    last_login_at: datetime | None = None
    initial_password_at: datetime | None = None
    pending_email: str | None = None
    pending_email_at: datetime | None = None
    pending_email_by: str | None = None

    @property
    def full_name(self) -> str:
        """Return the first and the last name, or the one that is known."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)

    @property
    def has_portal_access(self) -> bool:
        """Return whether they can log in to the portal, or could once they are enabled again."""
        return self.username is not None or self.password_hash is not None

    def __repr__(self) -> str:
        """Leave the password hash out."""
        return f"User(id={self.id}, role={self.role})"


COLUMNS = tuple(field.name for field in fields(User))


class InvalidField(OAuthError):
    """A value that one field of a form or request cannot have."""

    def __init__(self, field: str, say: str, *, taken: bool = False) -> None:
        super().__init__("invalid_request", say, status=409 if taken else None)
        self.field = field


def has_expired_password(user: User, now: datetime) -> bool:
    """Return whether the person still has an initial password, and it is too old (ASVS 6.4.1)."""
    made_at = user.initial_password_at
    is_initial = user.must_change_password and made_at is not None
    return is_initial and made_at is not None and now - made_at >= INITIAL_PASSWORD_LIFETIME


def check_username(username: str) -> str:
    """Return the username in lower case; raise InvalidField where it is not one."""
    username = username.strip().lower()
    if _USERNAME.fullmatch(username):
        return username
    other = next((char for char in username if not _USERNAME_CHARACTER.match(char)), None)
    if other is None:
        raise InvalidField("username", _USERNAME_RULE)
    found = Message("{character} is none of these.", character=named(other))
    raise InvalidField("username", Message("{rule} {found}", rule=_USERNAME_RULE, found=found))


def check_email(email: str) -> str:
    """Return the address without surrounding space; raise InvalidField where it is not one."""
    email = email.strip()
    if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email) or not email.isprintable():
        raise InvalidField("email", Message("Give an email address, as name@example.com."))
    return email


def email_key(email: str) -> str:
    """Return the form in which two spellings of an address are one."""
    return comparable(email.strip())


def check_role(role: str) -> Role:
    """Return the role; raise InvalidField where there is no such one."""
    for each in ROLES:
        if role == each:
            return each
    raise InvalidField("role", Message("Choose a role: admin, staff or user."))
