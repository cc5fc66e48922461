"""Which tokens of an application are void, as one number."""

from datetime import datetime, timedelta

from gatepass.server.domain.token_policy import LONGEST_LIFETIME
from gatepass.server.storage.timestamps import milliseconds

ALL = 2**53 - 1
"""Later than any token: all of them are void (the largest whole number of every JSON reader)."""

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
    """Give the Unix milliseconds up to which tokens of an application are void; 0 for none.

    It is what `introspect.stands_behind` tells of each token. `is_second`: there was another
    application with its client id, whose tokens are void.
    """
    if disabled_at or org_suspended_at:
        return ALL
    void = milliseconds(tokens_revoked_before) if tokens_revoked_before else 0
    return max(void, milliseconds(created_at) - 1) if is_second else void
