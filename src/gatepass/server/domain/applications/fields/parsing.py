"""How the texts of fields are read; each function raises OAuthError for any other text. Pure."""

from collections.abc import Callable

from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_LONGEST_NUMBER = 9  # digits


def number(example: str) -> Callable[[str], int]:
    """Return what reads a whole number; `example` is one, for the error."""

    def parse(text: str) -> int:
        text = text.strip()
        if not (text.isascii() and text.isdecimal()) or len(text) > _LONGEST_NUMBER:
            raise OAuthError(
                "invalid_request",
                Message("Give a whole number, for example {example}.", example=example),
            )
        return int(text)

    return parse


def optional(parse: Callable[[str], int]) -> Callable[[str], int | None]:
    """Return what reads a number or, from an empty text, None."""
    return lambda text: parse(text) if text.strip() else None


def required_or(otherwise: str) -> Callable[[str], bool]:
    """Return what reads `required`, or the other word."""
    values = {otherwise: False, "required": True}

    def parse(text: str) -> bool:
        if text not in values:
            raise OAuthError(
                "invalid_request", Message("Choose one of {modes}.", modes=", ".join(values))
            )
        return values[text]

    return parse


def chosen(*choices: str) -> Callable[[str | None], str | None]:
    """Return what checks a choice; the first one is to have none."""

    def check(text: str | None) -> str | None:
        if text is not None and text not in choices:
            raise OAuthError(
                "invalid_request", Message("Choose one of {modes}.", modes=", ".join(choices))
            )
        return None if text == choices[0] else text

    return check
