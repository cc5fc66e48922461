"""What is wrong with a form, field by field."""

from collections.abc import Callable
from typing import TypeVar

from gatepass.server.domain.users.model import InvalidField
from gatepass.wire.errors import OAuthError

Checked = TypeVar("Checked")


class Errors(dict[str, str]):
    """Sentences by field, in the order in which the checks were made."""

    def check(self, field: str, how: Callable[[], Checked]) -> Checked | None:
        """Give what `how` gives; where it refuses, note why under `field` and give None."""
        try:
            return how()
        except OAuthError as refused:
            self[field] = refused.description
            return None


def errors_of(refused: OAuthError, field: str = "") -> dict[str, str]:
    """Give a refusal by the field that it is about, if it says so, else under `field`."""
    return {refused.field if isinstance(refused, InvalidField) else field: refused.description}
