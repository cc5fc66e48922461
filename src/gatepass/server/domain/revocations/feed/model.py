"""Up to when the tokens of an application are revoked, as one number."""

from datetime import datetime, timedelta

from gatepass.server.domain.token_policy import LONGEST_LIFETIME
from gatepass.server.storage.timestamps import milliseconds

ALL = 2**53 - 1
"""Later than any token, so all are revoked (the largest integer that every JSON reader takes)."""

MATTERS = timedelta(seconds=LONGEST_LIFETIME, days=1)
"""How long it matters what happened to a token: longer than any lives."""


def revoked_before(
    created_at: datetime,
    disabled_at: datetime | None,
    tokens_revoked_before: datetime | None,
    org_suspended_at: datetime | None,
    *,
    is_second: bool,
) -> int:
    """Return the Unix milliseconds up to which tokens of an application are revoked; 0 for none.

    It agrees with `Application.revoked_before_ms`. `is_second`: an earlier application had the
    same client id, and its tokens are not accepted.
    """
    if disabled_at or org_suspended_at:
        return ALL
    revoked_until = milliseconds(tokens_revoked_before) if tokens_revoked_before else 0
    return max(revoked_until, milliseconds(created_at) - 1) if is_second else revoked_until
