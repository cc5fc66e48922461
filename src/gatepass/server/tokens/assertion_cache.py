"""Answers to gateways that let a request pass, remembered while they are good."""

from gatepass.server.domain.applications.model import Application
from gatepass.server.http import Response
from gatepass.server.tokens.claims import Claims

RENEWED_AFTER = 30  # seconds, so that a backend has at least as long to read the assertion
_MOST = 4096

Key = tuple[bytes, bytes]
"""A token's id, and what was wanted of it."""


class AssertionCache:
    """The answers that let requests pass, each for a token and what was wanted of it.

    An answer holds an assertion, whose signature costs more than all the rest, so one serves
    for half of its time. It counts only for the very claims and application it was made for.
    """

    def __init__(self) -> None:
        self._kept: dict[Key, tuple[Claims, Application, float, Response]] = {}

    def recall(self, key: Key, claims: Claims, owner: Application, now: float) -> Response | None:
        """Give the answer under `key` where nothing has changed and its assertion is fresh."""
        kept = self._kept.get(key)
        if kept is None or kept[0] is not claims or kept[1] is not owner or now >= kept[2]:
            return None
        return kept[3]

    def keep(
        self,
        key: Key,
        claims: Claims,
        owner: Application,
        now: float,
        answer: Response,
    ) -> Response:
        """Remember an answer, and give it."""
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[key] = claims, owner, now + RENEWED_AFTER, answer
        return answer
