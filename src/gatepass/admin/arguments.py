"""What the arguments of changes have besides those of the operation."""

from typing import TypedDict

from gatepass.admin.records import Record


class Change(TypedDict, total=False):
    """A change; with `dry_run` it is not made, and the result says what it would be."""

    dry_run: bool


class Creation(Change, total=False):
    """What is done once for an `idempotency_key`; a random one where it is not given."""

    idempotency_key: str


class ConditionalChange(Change, total=False):
    """A change of an object that is refused unless it still is what was read: `if_match`."""

    if_match: Record | str


class ConditionalCreation(Creation, ConditionalChange, total=False):
    """An action on an object."""
