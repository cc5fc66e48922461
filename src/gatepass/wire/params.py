"""Request parameters from a form or a JSON body (RFC 6749 §3.2 and appendix B)."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from gatepass.wire.problem import Refused

LONGEST_BODY = 64 * 1024  # bytes
LONGEST_VALUE = 4 * 1024  # bytes, of a name or a value
MOST = 100

_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Params:
    """Parameters that have a value, each named once; `resource` alone may repeat (RFC 8707 §2)."""

    values: dict[str, str]
    resource: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """Give the value of `name`, or None where it was left out or sent empty."""
        return self.values.get(name)


def decode(text: bytes) -> str:
    """Undo form-url-encoding: `+` is a space, `%XX` a byte of UTF-8."""
    if b"+" in text:
        text = text.replace(b"+", b" ")
    if b"%" in text:
        if _BROKEN_PERCENT.search(text):
            raise Refused("invalid_request", "A percent sign is not followed by two hex digits.")
        text = unquote_to_bytes(text)
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise Refused("invalid_request", "A parameter is not valid UTF-8.") from None


def read_form(
    body: bytes, *, multiline: bool = False, unchecked: frozenset[str] = frozenset()
) -> Params:
    """Read `application/x-www-form-urlencoded`.

    Raises Refused (`invalid_request`) for a repeated parameter, broken encoding, control
    characters (line breaks and tabs pass if `multiline`), or more than the stated limits. Control
    characters in the values of `unchecked` pass: the caller refuses them.
    """
    if body.count(b"&") >= MOST:
        raise _too_many()
    pairs = []
    for piece in filter(None, body.split(b"&")):
        name, _, value = piece.partition(b"=")
        pairs.append((decode(name), decode(value)))
    return _collect(pairs, _CONTROL_BUT_BREAKS if multiline else _CONTROL, unchecked)


def read_json(body: bytes) -> Params:
    """Read a JSON object whose values are all strings: an extension of ours to RFC 6749.

    Raises Refused (`invalid_request`) for anything else, a key given twice included.
    """
    try:
        pairs = json.loads(body.decode(), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raise Refused("invalid_request", "The body is not valid JSON.") from None
    if not isinstance(pairs, _Pairs):
        raise Refused("invalid_request", "The body is not a JSON object.")
    if len({name for name, _ in pairs}) < len(pairs):
        raise Refused("invalid_request", "A key of the JSON object is given more than once.")
    if not all(isinstance(value, str) for _, value in pairs):
        raise Refused("invalid_request", "Every value in the JSON object must be a string.")
    return _collect(pairs, _CONTROL)


class _Pairs(list[tuple[str, str]]):
    """A JSON object as it stood, so that a repeated key is still seen."""


def _collect(
    pairs: Iterable[tuple[str, str]],
    forbidden: re.Pattern[str],
    unchecked: frozenset[str] = frozenset(),
) -> Params:
    values: dict[str, str] = {}
    resource: list[str] = []
    seen: set[str] = set()
    for count, (name, value) in enumerate(pairs, 1):
        if count > MOST:
            raise _too_many()
        text = name + value
        if not (len(text) <= LONGEST_VALUE and text.isascii() and text.isprintable()):
            _check(name, value, forbidden, is_checked=name not in unchecked)
        if name == "resource":
            resource += [value] if value else []
        elif name in seen:
            raise Refused("invalid_request", "A parameter is given more than once.")
        elif value:
            values[name] = value
        seen.add(name)
    return Params(values, tuple(resource))


def _too_many() -> Refused:
    return Refused("invalid_request", f"There are more than {MOST} parameters.")


def _check(name: str, value: str, forbidden: re.Pattern[str], *, is_checked: bool) -> None:
    if len(name) > LONGEST_VALUE or len(value) > LONGEST_VALUE:
        raise Refused("invalid_request", f"A parameter is longer than {LONGEST_VALUE} bytes.")
    if forbidden.search(name) or (is_checked and forbidden.search(value)):
        raise Refused("invalid_request", "A parameter has control characters in it.")
    if name.isascii() and value.isascii():
        return
    try:
        size = max(len(name.encode()), len(value.encode()))
    except UnicodeEncodeError:  # a lone surrogate, which JSON can spell
        raise Refused("invalid_request", "A parameter is not valid Unicode.") from None
    if size > LONGEST_VALUE:
        raise Refused("invalid_request", f"A parameter is longer than {LONGEST_VALUE} bytes.")
