"""One login, as it is shown to its person the next time."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

MOST_KEPT = 10
"""Logins that are kept of each person."""


class PastLogin(NamedTuple):
    """When somebody logged in, from which address, with which program, and how.

    `methods` are space-separated.
    """

    user_id: UUID
    at: datetime
    source: str
    user_agent: str
    methods: str
