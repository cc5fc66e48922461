"""Problem details (RFC 9457) as the Partner API answers them: the same members in every one."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

MEDIA_TYPE = "application/problem+json"

_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}  # newer than Python 3.12


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field or parameter."""

    field: str
    detail: str


def members(status: int, detail: str, errors: Sequence[FieldError] = ()) -> dict[str, object]:
    """Return the members of a problem document; `errors` is empty where no field is at fault."""
    return {
        "type": "about:blank",
        "title": phrase(status),
        "status": status,
        "detail": detail,
        "errors": [{"field": error.field, "detail": error.detail} for error in errors],
    }


def phrase(status: int) -> str:
    """Return the phrase of RFC 9110 §15; Python has the older ones up to 3.12."""
    return _PHRASES.get(status) or HTTPStatus(status).phrase
