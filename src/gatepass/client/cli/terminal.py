"""Text for people, whatever their terminal can show."""

import sys

_PLAIN = {"\u2713": "+", "\u2717": "x", "\u2026": "..."}


def fitting(text: str) -> str:
    """Give `text` as standard output can write it, with ASCII for our signs where need be."""
    encoding = sys.stdout.encoding
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        for sign, plain in _PLAIN.items():
            text = text.replace(sign, plain)
        return text.encode(encoding, "replace").decode(encoding)
    return text
