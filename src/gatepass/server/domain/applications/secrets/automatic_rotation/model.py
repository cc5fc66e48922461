"""When an application may replace its own secret, and which of its secrets is which."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from gatepass.server.domain.applications.model import OVERLAPS, Application, ApplicationSecret
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

SHORTEST_INTERVAL, DEFAULT_INTERVAL, LONGEST_INTERVAL = 1, 30, 365  # days
DEFAULT_OVERLAP = timedelta(days=1)
OFFERED_OVERLAPS = {each: words for each, words in OVERLAPS.items() if each}
"""How long the old secret still works after a commit. Without any, programs would stop."""

REPLACED_AFTER = timedelta(seconds=60)
"""How long a prepared secret is kept from the next `prepare`.

Two runs at once do not replace each other's secret, and a use of it is in the database by then.
"""

Part = Literal["current", "prepared", "previous"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What an administrator allows: whether, how often at most, and how long secrets overlap."""

    is_on: bool = False
    interval: timedelta = timedelta(days=DEFAULT_INTERVAL)
    overlap: timedelta = DEFAULT_OVERLAP


@dataclass(frozen=True, slots=True)
class Rotation:
    """The setting of an application, the secret that is prepared, and the last commit.

    `prepared` was made and not committed. `committed` replaced `replaced`, whose end was
    `replaced_end` before. A secret that is named here may have ended, or be forgotten.
    """

    setting: Setting = Setting()
    prepared: UUID | None = None
    prepared_at: datetime | None = None
    committed: UUID | None = None
    committed_at: datetime | None = None
    committed_from: str = ""
    replaced: UUID | None = None
    replaced_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class LiveSecrets:
    """The live secrets of an application, each in its part; `previous` are newest first."""

    current: ApplicationSecret | None
    prepared: ApplicationSecret | None
    previous: tuple[ApplicationSecret, ...]

    def part(self, secret_id: UUID) -> Part | None:
        """Return which part a secret has; None for one that is not live."""
        if self.prepared and self.prepared.id == secret_id:
            return "prepared"
        if self.current and self.current.id == secret_id:
            return "current"
        return "previous" if any(each.id == secret_id for each in self.previous) else None


def live_secrets(application: Application, rotation: Rotation, now: datetime) -> LiveSecrets:
    """Return the live secrets in their parts.

    A prepared secret whose predecessor has ended is still a prepared one: it can be committed.
    """
    live = application.live_secrets(now)
    prepared = next((each for each in live if each.id == rotation.prepared), None)
    others = tuple(each for each in live if each is not prepared)
    return LiveSecrets(others[0] if others else None, prepared, others[1:])


def undoable(application: Application, rotation: Rotation, now: datetime) -> LiveSecrets | None:
    """Return the two secrets of the last commit, while both are live; else None."""
    secrets = live_secrets(application, rotation, now)
    is_last = (
        secrets.prepared is None
        and secrets.current is not None
        and secrets.current.id == rotation.committed
        and [each.id for each in secrets.previous] == [rotation.replaced]
    )
    return secrets if is_last else None


def next_rotation(rotation: Rotation, secrets: LiveSecrets) -> datetime | None:
    """Return before when `prepare` is refused; None where it need not wait.

    A rotation waits for the interval since the last commit, and for the end of a secret that was
    replaced: two are live at most.
    """
    times = [each.expires_at for each in secrets.previous if each.expires_at is not None]
    if rotation.committed_at is not None:
        times.append(rotation.committed_at + rotation.setting.interval)
    return max(times, default=None)


def seconds_until(allowed_from: datetime | None, now: datetime) -> int:
    """Return how many seconds a rotation has to wait, rounded up; 0 where it need not."""
    if allowed_from is None:
        return 0
    return max(0, -int((now - allowed_from).total_seconds() // 1))


def check_prepare(secrets: LiveSecrets, rotation: Rotation, presented: UUID, now: datetime) -> None:
    """Raise OAuthError where a second secret cannot be made or replaced now."""
    if secrets.part(presented) == "prepared":
        raise _conflict("This secret is the new one already. Commit with it.")
    if secrets.part(presented) == "previous":
        raise _conflict("This secret was replaced. Read the newer one from where it is kept.")
    live = (secrets.current, secrets.prepared, *secrets.previous)
    if any(each and each.ends_on_use_of for each in live):
        raise _conflict(
            "The current rotation ends the old secret at the first use of the new one. "
            "Use the new secret first."
        )
    if any(each.expires_at is None for each in secrets.previous):
        raise _conflict(
            "Two secrets are live. An administrator revokes the older one in the portal."
        )
    allowed_from = next_rotation(rotation, secrets)
    if allowed_from is not None and now < allowed_from:
        raise _too_soon("The secret was rotated not long ago.", allowed_from, now)
    if secrets.prepared is not None:
        _check_replaceable(secrets.prepared, rotation, now)


def check_setting(setting: Setting) -> Setting:
    """Return the setting; raise OAuthError for an interval or overlap that is not offered."""
    if not SHORTEST_INTERVAL <= setting.interval / timedelta(days=1) <= LONGEST_INTERVAL:
        raise OAuthError(
            "invalid_request",
            Message(
                "The shortest time between two rotations is {shortest} to {longest} days.",
                shortest=SHORTEST_INTERVAL,
                longest=LONGEST_INTERVAL,
            ),
        )
    if setting.overlap not in OFFERED_OVERLAPS:
        raise OAuthError("invalid_request", Message("Choose one of the offered overlaps."))
    return setting


def successor_end(
    current: ApplicationSecret | None, now: datetime, longest_days: int | None
) -> datetime | None:
    """Return when a new secret ends: after as long as the current one lives, within the policies.

    `longest_days` is how long a secret may live by the policies; None for any time.
    """
    lifetimes = [] if longest_days is None else [timedelta(days=longest_days)]
    if current is not None and current.expires_at is not None:
        lifetimes.append(current.expires_at - current.created_at)
    return now + min(lifetimes) if lifetimes else None


def _check_replaceable(prepared: ApplicationSecret, rotation: Rotation, now: datetime) -> None:
    if prepared.last_used_at is not None:
        raise _conflict(
            "The new secret is in use. Commit with it, or revoke it in the portal.",
        )
    kept_until = (rotation.prepared_at or prepared.created_at) + REPLACED_AFTER
    if now < kept_until:
        raise _too_soon("Another run has just made a new secret.", kept_until, now)


def _conflict(say: str) -> OAuthError:
    return OAuthError("invalid_request", say, reason="rotation_not_now", status=409)


def _too_soon(say: str, allowed_from: datetime, now: datetime) -> OAuthError:
    return OAuthError(
        "temporarily_unavailable",
        f"{say} Try again after {allowed_from:%Y-%m-%d %H:%M:%S} UTC.",
        log_detail="a rotation before its time",
        reason="rotation_not_now",
        status=429,
        retry_after=max(1, seconds_until(allowed_from, now)),
    )
