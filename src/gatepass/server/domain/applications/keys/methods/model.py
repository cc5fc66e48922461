"""How an application authenticates, and how far it is on the way from secrets to keys. Pure.

All of this is read from what is stored of secrets and keys: nothing remembers a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from gatepass.translation.message import Message

Kind = Literal["secret", "key", "published_keys", "certificate"]
Step = Literal["register_key", "deploy", "wait", "revoke_secrets", "done"]

QUIET = timedelta(days=14)
"""How long no secret was used before all of them can be revoked with one button."""


@dataclass(frozen=True, slots=True)
class AuthenticationMethod:
    """One credential that works, and its last use, as far as it is known.

    `id` is that of the secret, key or certificate; published keys have none.
    """

    kind: Kind
    name: str
    created_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    last_used_from: str | None = None
    last_used_agent: str | None = field(default=None, repr=False)
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Methods:
    """The credentials of an application that work at `now`."""

    found: Sequence[AuthenticationMethod]
    now: datetime

    @property
    def in_order(self) -> list[AuthenticationMethod]:
        """Return all of them, the one that was used last first."""
        return sorted(
            self.found,
            key=lambda each: (each.last_used_at is not None, each.last_used_at or self.now),
            reverse=True,
        )

    @property
    def secrets(self) -> list[AuthenticationMethod]:
        """Return the client secrets, the newest first."""
        return [each for each in self.found if each.kind == "secret"]

    @property
    def others(self) -> list[AuthenticationMethod]:
        """Return what is not a client secret."""
        return [each for each in self.found if each.kind != "secret"]

    @property
    def last_other(self) -> AuthenticationMethod | None:
        """Return what was used last of those that are not a secret; None if none was used."""
        used = [each for each in self.others if each.last_used_at]
        return max(used, key=lambda each: each.last_used_at or self.now, default=None)

    @property
    def last_secret(self) -> AuthenticationMethod | None:
        """Return which secret was used last; None if none was used."""
        used = [each for each in self.secrets if each.last_used_at]
        return max(used, key=lambda each: each.last_used_at or self.now, default=None)

    @property
    def quiet_since(self) -> datetime | None:
        """Return since when no secret was used; a secret that never was counts from its making.

        None without a secret.
        """
        moments = [each.last_used_at or each.created_at or self.now for each in self.secrets]
        return max(moments, default=None)

    def is_quiet(self, unused_for: timedelta = QUIET) -> bool:
        """Return whether no secret was used for that long."""
        since = self.quiet_since
        return since is not None and self.now - since >= unused_for

    @property
    def step(self) -> Step:
        """Return what comes next on the way from secrets to keys."""
        if not self.others:
            return "register_key"
        if not self.secrets:
            return "done"
        if self.last_other is None:
            return "deploy"
        return "revoke_secrets" if self.is_quiet() else "wait"


NO_OTHER = Message(
    "No key of the application was used yet, so without a secret it would get no tokens. Deploy "
    "the key first."
)
NO_SECRET = Message("The application has no secret that works.")


def still_used(methods: Methods, unused_for: timedelta) -> Message:
    """Return why secrets are not revoked that were used, or made, not long enough ago."""
    return Message(
        "A secret was used, or made, less than {days} days ago ({since} UTC), so a program may "
        "still need it. Nothing was revoked.",
        days=unused_for.days,
        since=f"{methods.quiet_since:%Y-%m-%d %H:%M}",
    )
