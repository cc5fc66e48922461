"""The errors of a form, by field."""

from collections.abc import Callable
from typing import TypeVar

from gatepass.server.domain.users.model import InvalidField
from gatepass.wire.errors import OAuthError

Checked = TypeVar("Checked")


class Errors(dict[str, str]):
    """Error messages by field, in the order of the checks."""

    def check(self, field: str, how: Callable[[], Checked]) -> Checked | None:
        """Return the result of `how`; on OAuthError, store its description and return None."""
        try:
            return how()
        except OAuthError as error:
            self[field] = error.message
            return None


def errors_of(error: OAuthError, field: str = "") -> dict[str, str]:
    """Return an error's description by the field that it names, else by `field`."""
    return {error.field if isinstance(error, InvalidField) else field: error.message}
