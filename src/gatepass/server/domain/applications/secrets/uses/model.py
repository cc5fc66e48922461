"""What is kept of where a secret was used."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

KEPT = timedelta(days=90)
MOST_KEPT = 200  # sources of one application


class SecretUse(NamedTuple):
    """The last use of a secret from one address; the secret may have ended since."""

    secret_id: UUID
    last_four: str
    source: str
    agent: str
    at: datetime
