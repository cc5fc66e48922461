"""Names that people give to things and to each other: one line in any script. Pure."""

import re
import unicodedata

from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_SPACE = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")  # category Zs
_SPACES = re.compile(f"{_SPACE.pattern}+")
_JOINERS = frozenset("\u200c\u200d")  # Persian, Indic scripts and emoji are written with them
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that show nothing
_CONTROLS = {0x00: "NULL", 0x07: "BELL", 0x08: "BACKSPACE", 0x09: "TAB", 0x0A: "LINE FEED"}
_CONTROLS |= {0x0B: "LINE TABULATION", 0x0C: "FORM FEED", 0x0D: "CARRIAGE RETURN", 0x1B: "ESCAPE"}


def tidy(text: str) -> str:
    """Return a name in NFC without space around it, each run of Unicode spaces as one space.

    Raises OAuthError, which names the character, for controls, bidirectional formatting and other
    invisible characters: they make one name look like another. Joiners are kept.
    """
    line = _SPACES.sub(" ", text.strip())
    unusable = next(filter(_is_refused, line), None)
    if unusable is not None:
        raise OAuthError(
            "invalid_request",
            Message(
                "{character} cannot be in a name. Remove it and try again.",
                character=named(unusable),
            ),
        )
    return unicodedata.normalize("NFC", line)


def without_refused(text: str) -> str:
    """Return a name of another system as `tidy` would, with a space for what it refuses."""
    return tidy("".join(" " if _is_refused(char) else char for char in text))


def is_visible(name: str) -> bool:
    """Return whether a name has a character that shows."""
    return any(unicodedata.category(char)[0] in "LNPS" and char not in _BLANK for char in name)


def are_same(name: str, other: str) -> bool:
    """Return whether two typed names are equal in NFC and with all spaces alike."""
    return _composed(name) == _composed(other)


def is_tidy_form(name: str, text: str) -> bool:
    """Return whether `name` is `text` with nothing but its spaces and composition changed."""
    return name == _composed(_SPACES.sub(" ", text))


def look_alike(name: str, other: str) -> bool:
    """Return whether people would take two names for the same (compatibility forms, any case)."""
    return comparable(name) == comparable(other)


def comparable(text: str) -> str:
    """Return the form in which two spellings are one: NFKC and case folding (Unicode D146)."""
    folded = unicodedata.normalize("NFD", text).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold()
    return unicodedata.normalize("NFKC", folded)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", _SPACE.sub(" ", text.strip()))


def _is_refused(char: str) -> bool:
    return unicodedata.category(char) in _REFUSED and char not in _JOINERS


def named(char: str) -> str:
    """Return how a sentence names a character: its number and its name in Unicode."""
    code = f"U+{ord(char):04X}"
    name = unicodedata.name(char, "") or _CONTROLS.get(ord(char))
    return f"{code} ({name})" if name else Message("{code} (an invisible character)", code=code)
