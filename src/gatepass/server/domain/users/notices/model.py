"""What a notice says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Kind = Literal[
    "role_changed", "email_requested", "email_confirmed", "email_rejected", "factors_reset"
]

MOST = 10
"""How many notices a person has at most; an older one gives way to a newer one."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A change to somebody's account that they did not make themselves.

    `by` says who made it, in words; `detail` is the new role or the address.
    """

    id: UUID
    user_id: UUID
    at: datetime
    kind: Kind
    by: str
    detail: str
