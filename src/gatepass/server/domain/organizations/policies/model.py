"""The fields of a policy, and which of two values of a field is in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

OPERATOR = UUID(int=0)
"""In place of the id of an organization: the policy of the operator, which holds for all."""

SecondFactor = Literal["optional", "required"]
Registration = Literal["staff", "administrators"]
SingleSignOn = Literal["allowed", "required"]
LeakedSecret = Literal["notify", "revoke"]
NewApplications = Literal["secrets", "keys"]

DEFAULT_GRACE = 24 * 3600  # seconds


@dataclass(frozen=True, slots=True)
class StatedPolicy:
    """What one owner, the operator or an organization, demands; None leaves a field open."""

    second_factor: SecondFactor | None = None
    session_idle: int | None = None  # seconds
    session_absolute: int | None = None  # seconds
    registration: Registration | None = None
    single_sign_on: SingleSignOn | None = None
    secret_lifetime: int | None = None  # seconds, whole days
    leaked_secret: LeakedSecret | None = None
    leaked_secret_grace: int | None = None  # seconds
    new_applications: NewApplications | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What is in force for the people of an organization.

    Limits are seconds. None leaves those of sessions to the settings; client secrets live
    `secret_lifetime` at most, whole days, and any time with None. A secret that is reported as
    leaked ends after `leaked_secret_grace`, or at once where `leaked_secret` is "revoke". With
    "keys" for `new_applications`, no application without a secret gets one.
    """

    second_factor: SecondFactor = "optional"
    session_idle: int | None = None
    session_absolute: int | None = None
    registration: Registration = "administrators"
    single_sign_on: SingleSignOn = "allowed"
    secret_lifetime: int | None = None
    leaked_secret: LeakedSecret = "notify"  # noqa: S105 - a value of a policy
    leaked_secret_grace: int = DEFAULT_GRACE
    new_applications: NewApplications = "secrets"

    @property
    def longest_secret_days(self) -> int | None:
        """Return how many days a client secret may live; None for any time."""
        return None if self.secret_lifetime is None else self.secret_lifetime // (24 * 3600)

    @property
    def allows_first_secret(self) -> bool:
        """Return whether an application that has no secret may get one."""
        return self.new_applications == "secrets"


def in_force(*stated: StatedPolicy) -> Policy:
    """Return for each field the strictest of the stated values, or else the default."""
    registration = {each.registration for each in stated if each.registration}
    return Policy(
        second_factor=(
            "required" if any(each.second_factor == "required" for each in stated) else "optional"
        ),
        session_idle=_least(each.session_idle for each in stated),
        session_absolute=_least(each.session_absolute for each in stated),
        registration="staff" if registration == {"staff"} else "administrators",
        single_sign_on=(
            "required" if any(each.single_sign_on == "required" for each in stated) else "allowed"
        ),
        secret_lifetime=_least(each.secret_lifetime for each in stated),
        leaked_secret=(
            "revoke" if "revoke" in {each.leaked_secret for each in stated} else "notify"
        ),
        leaked_secret_grace=_least(each.leaked_secret_grace for each in stated) or DEFAULT_GRACE,
        new_applications=(
            "keys" if "keys" in {each.new_applications for each in stated} else "secrets"
        ),
    )


def _least(limits: Iterable[int | None]) -> int | None:
    return min((each for each in limits if each is not None), default=None)
