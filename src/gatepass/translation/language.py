"""A language: its texts, by gettext, and how it writes dates and numbers, by Babel."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from gatepass.translation.message import Message, Value, english, filled

ENGLISH = "en"


class Language:
    """One language of pages and mail. English has no catalogue: it is what the code says."""

    def __init__(self, code: str, translations: NullTranslations) -> None:
        self.code = code
        self.translations = translations
        self.locale = Locale.parse(code, sep="-")

    def __repr__(self) -> str:
        """Return its code, which is a language tag (RFC 5646)."""
        return f"Language({self.code!r})"

    @property
    def name(self) -> str:
        """Return its name, as those who speak it write it."""
        name = self.locale.get_display_name(self.locale) or self.code
        return name[:1].upper() + name[1:]

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Return the direction of its script, for the `dir` attribute."""
        return "rtl" if self.locale.text_direction == "rtl" else "ltr"

    def translate(self, text: str) -> str:
        """Return a message in this language; any other text is returned as it is."""
        if not isinstance(text, Message) or self.code == ENGLISH:
            return text
        pattern = self.translations.gettext(text.text)
        if text.plural_text:
            count = text.values["count"]
            number = count if isinstance(count, int) else 0
            pattern = self.translations.ngettext(text.text, text.plural_text, number)
        return filled(pattern, text.values, self.write)

    def number(self, number: float) -> str:
        """Return a number with its groups of thousands: "1,204"; in German "1.204"."""
        return format_decimal(number, locale=self.locale)

    def utc(self, time: datetime) -> str:
        """Return `time` (aware) to the second: "2026-11-23 21:46:22 UTC"."""
        there = time.astimezone(UTC)
        if self.code == ENGLISH:
            return f"{there:%Y-%m-%d %H:%M:%S} UTC"
        return f"{format_datetime(there, 'medium', locale=self.locale)} UTC"

    def date(self, day: date) -> str:
        """Return a day, of a moment (aware) that in UTC: "2026-11-23"; in German "23.11.2026"."""
        there = day.astimezone(UTC).date() if isinstance(day, datetime) else day
        if self.code == ENGLISH:
            return there.isoformat()
        return format_date(there, "medium", locale=self.locale)

    def moment(self, time: datetime, english_format: str, skeleton: str) -> str:
        """Return `time` (aware) in UTC by a format; in other languages by a skeleton (UTS 35)."""
        there = time.astimezone(UTC)
        if self.code == ENGLISH:
            return there.strftime(english_format)
        return str(format_skeleton(skeleton, there, locale=self.locale))

    def write(self, value: Value) -> str:
        """Return a value as this language writes it."""
        if self.code == ENGLISH:
            return english(value)
        if isinstance(value, str):
            return self.translate(value)
        if isinstance(value, datetime):
            there = value.astimezone(UTC)
            return f"{self.date(there)}, {there:%H:%M} UTC"
        return self.date(value) if isinstance(value, date) else self.number(value)


@cache
def language(code: str) -> Language:
    """Return a language of `codes()`; it is read from its catalogue the first time."""
    return Language(code, NullTranslations() if code == ENGLISH else _read(code))


def _read(code: str) -> GNUTranslations:
    """Return the texts of a catalogue. What is not translated there, or fuzzy, stays English."""
    source = files("gatepass.translation") / "locales" / code / "LC_MESSAGES/gatepass.po"
    with source.open("rb") as opened:
        catalogue = read_po(opened, locale=code.replace("-", "_"))
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def check_languages(named: Iterable[str]) -> None:
    """Raise ValueError where a language of a setting is not there."""
    for code in named:
        if code not in codes():
            raise ValueError(f"there is no {code!r}; there are: {', '.join(codes())}")


@cache
def codes() -> tuple[str, ...]:
    """Return the codes of all languages: English first, then one for each catalogue."""
    folder = files("gatepass.translation") / "locales"
    return (ENGLISH, *sorted(each.name for each in folder.iterdir() if each.is_dir()))
