"""The methods by which a person can prove who they are, and for how long a proof is fresh."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

Method = Literal["password", "totp", "passkey", "recovery_code", "single_sign_on"]

FRESH = timedelta(minutes=10)
"""For how long after a proof nobody is asked for another one."""
SECOND_FACTORS: frozenset[Method] = frozenset({"totp", "passkey"})
"""What a recovery code stands in for where it is lost."""


def is_fresh(
    proofs: Mapping[Method, datetime], strongest: Method, logged_in_at: datetime, now: datetime
) -> bool:
    """Return whether a person has proved within the last ten minutes who they are.

    By the strongest method that they have, or by a recovery code in place of a second factor. All
    methods of a login count, since the login asked for as many as it had to.
    """
    counting = {strongest, "recovery_code"} if strongest in SECOND_FACTORS else {strongest}
    return any(
        now - at < FRESH and (method in counting or at <= logged_in_at)
        for method, at in proofs.items()
    )
