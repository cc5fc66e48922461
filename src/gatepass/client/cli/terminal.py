"""Text in the encoding of the terminal."""

import sys

_PLAIN = {"\u2713": "+", "\u2717": "x", "\u2026": "..."}


def fitting(text: str) -> str:
    """Return `text` in the encoding of standard output, with ASCII in place of symbols."""
    encoding = sys.stdout.encoding
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        for sign, plain in _PLAIN.items():
            text = text.replace(sign, plain)
        return text.encode(encoding, "replace").decode(encoding)
    return text
