"""A text in English that a page or a mail shows in the language of its reader."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Self

Value = str | int | date
"""A value in a message. A date, or a moment (an aware `datetime`), is written as languages do; so
is a number, with groups of thousands. A message is translated. Any other string stays as it is."""


class Message(str):
    """A text in English, with its values, that a `Language` can translate.

    As a string it is the English text, so that logs, commands and APIs say the same in every
    language. `text` is what catalogues translate: a literal, with names in braces for the values.

        Message("Give a whole number, for example {example}.", example="100")
    """

    __slots__ = ("plural_text", "text", "values")

    text: str
    plural_text: str
    values: dict[str, Value]

    def __new__(cls, text: str, /, **values: Value) -> Self:
        """Return a message; one without values is shown as it is written."""
        return cls._made(text, "", values, text)

    @classmethod
    def plural(cls, one: str, many: str, /, count: int, **values: Value) -> Self:
        """Return a message whose words depend on `count`, which is one of its values."""
        return cls._made(one, many, {**values, "count": count}, one if count == 1 else many)

    def with_values(self, **values: Value) -> Self:
        """Return this message with values; a table of messages has them without."""
        return type(self)(self.text, **values)

    @classmethod
    def _made(cls, text: str, plural_text: str, values: dict[str, Value], pattern: str) -> Self:
        made = super().__new__(cls, filled(pattern, values, english))
        made.text, made.plural_text, made.values = text, plural_text, values
        return made


def filled(pattern: str, values: dict[str, Value], write: Callable[[Value], str]) -> str:
    """Return a pattern with its values, each as `write` writes it."""
    if not values:
        return pattern
    return pattern.format(**{name: write(value) for name, value in values.items()})


def english(value: Value) -> str:
    """Return a value of a message in English.

    English is read in many countries, which write dates in different orders: it has ISO 8601.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return value.isoformat() if isinstance(value, date) else f"{value:,}"
