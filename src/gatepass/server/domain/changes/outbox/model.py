"""What a message in the outbox is, and when it is tried again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

Channel = Literal["mail", "request"]
"""Mail is sent; a request is answered by what the server then does, and listed nowhere."""
State = Literal["waiting", "sent", "failed"]

KEPT = timedelta(days=14)
"""How long a message is listed after it was sent, or has failed."""
TRIED_FOR = timedelta(days=1)
"""After which a message that could not be sent has failed."""
LEASE = timedelta(minutes=5)
"""For which a message is one process's to send; then another one may take it."""
LONGEST_ERROR = 300  # characters

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one address; `values` is what it says, which may contain a secret link."""

    id: int
    channel: Channel
    kind: str
    address: str
    created_at: datetime
    give_up_at: datetime
    attempts: int
    due_at: datetime | None = None  # None once it was sent or has failed
    sent_at: datetime | None = None
    failed_at: datetime | None = None
    error: str = ""
    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def state(self) -> State:
        """Return whether it was sent, has failed, or waits."""
        if self.sent_at:
            return "sent"
        return "failed" if self.failed_at else "waiting"


def next_attempt(attempts: int, now: datetime) -> datetime:
    """Return when a message is tried again that was tried `attempts` times."""
    pause: timedelta = _FIRST_PAUSE * 2 ** min(attempts - 1, 10)
    return now + min(pause, _LONGEST_PAUSE)
