"""What is wrong with a form, field by field."""

from collections.abc import Callable
from typing import TypeVar

from gatepass.server.domain.users.model import FieldRefused
from gatepass.wire.errors import Refused

Checked = TypeVar("Checked")


class Errors(dict[str, str]):
    """Sentences by field, in the order in which the checks were made."""

    def check(self, field: str, how: Callable[[], Checked]) -> Checked | None:
        """Give what `how` gives; where it refuses, note why under `field` and give None."""
        try:
            return how()
        except Refused as refused:
            self[field] = refused.say
            return None


def errors_of(refused: Refused, field: str = "") -> dict[str, str]:
    """Give a refusal by the field that it is about, if it says so, else under `field`."""
    return {refused.field if isinstance(refused, FieldRefused) else field: refused.say}
