"""How far a backup, restore or copy is, for whoever shows it."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is done, the number of rows that were done now, and that of all rows to do."""


def unseen(_what: str, _done: int, _all: int) -> None:
    """Show nothing."""
