"""How much of a password is not to be foreseen: words, sequences and repetitions count little.

Attackers do not try passwords letter by letter. They join common passwords, repeat them, add
digits, walk over the keyboard, and write letters as digits. So a text is cut into such pieces
where it can be, and each counts as few characters; what is left counts in full.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import pairwise

_WORD = 4  # characters that a common password counts as, however long it is
_SEQUENCE = 2
_REPETITION = 1
_SHORTEST = 3  # characters of a sequence or a repetition
_SHORTEST_WORD = 4
_LONGEST = 32  # characters of a piece: a longer repetition is several
_ROWS = (
    "1234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "wxcvbn",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
)
_WALKS = tuple(walk * 2 for row in _ROWS for walk in (row, row[::-1]))
_DIGITS = "0123456789"
_RUN = re.compile(r"(.)\1\1+", re.DOTALL)

# Letters that are written as signs or digits; "1" is read as each of two.
_LEET = "0o 3e 4a 5s 7t 8b 9g @a $s !i +t |l"
_READ = [{ord(pair[0]): pair[1] for pair in (*_LEET.split(), one)} for one in ("1i", "1l")]


def effective_length(password: str, words: AbstractSet[str]) -> int:
    """Return how many characters a password counts as, `words` being the common passwords."""
    text = password.casefold()
    plain = {text, *(text.translate(signs) for signs in _READ)}
    readings = plain | {_RUN.sub(r"\1", each) for each in plain}
    return min(_with_signs(each, words) for each in readings)


def _with_signs(text: str, words: AbstractSet[str]) -> int:
    """Count letters and digits as what they make up, each kind of sign once, and spaces not."""
    letters = "".join(char for char in text if char.isalnum())
    signs = {char for char in text if not char.isalnum() and not char.isspace()}
    return len(signs) + _without_digits_around(letters, words)


def _without_digits_around(text: str, words: AbstractSet[str]) -> int:
    """Count digits before and after other characters, however many, as one character."""
    core = text.strip(_DIGITS)
    if not core:
        return _length(text, words)
    return min(_length(text, words), _length(core, words) + (core != text))


def _length(text: str, words: AbstractSet[str]) -> int:
    """Return the least sum of what pieces count that make up the text."""
    least = [0]
    for end in range(1, len(text) + 1):
        ends_here = [least[end - 1] + 1]
        ends_here += [least[start] + count for start, count in _pieces(text, end, words)]
        least.append(min(ends_here))
    return least[-1]


def _pieces(text: str, end: int, words: AbstractSet[str]) -> Iterator[tuple[int, int]]:
    """Yield where the predictable pieces begin that end at `end`, and what each counts as."""
    for start in range(end - _SHORTEST, max(end - _LONGEST, 0) - 1, -1):
        piece = text[start:end]
        if _is_repeated(text, start, piece):
            yield start, _REPETITION
        elif _is_sequence(piece):
            yield start, _SEQUENCE
        elif len(piece) >= _SHORTEST_WORD and (piece in words or piece[::-1] in words):
            yield start, _WORD


def _is_repeated(text: str, start: int, piece: str) -> bool:
    """Return whether a piece stands in the text before, or consists of the character before it."""
    return piece in text[:start] or (start > 0 and piece == text[start - 1] * len(piece))


def _is_sequence(piece: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(piece)}
    return steps in ({1}, {-1}) or any(piece in walk for walk in _WALKS)
