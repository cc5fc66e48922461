"""Request parameters from a form or a JSON body (RFC 6749 §3.2 and appendix B)."""

import codecs
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from gatepass.wire.errors import OAuthError

LONGEST_BODY = 64 * 1024  # bytes
LONGEST_VALUE = 4 * 1024  # bytes, of a name or a value
LONGEST_TOKEN = 16 * 1024  # bytes, of an access token: those of other issuers have 5 KB and more
LONGEST_KEYS = 16 * 1024  # bytes, of the keys or the certificate in a form of people
MOST = 100

_BROKEN_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE_BREAKS = ("\n", "\r")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CANNOT_BE_SENT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_CONTROL_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(slots=True)  # not frozen: that takes twice the time to make, and each request makes one
class Params:
    """Parameters that have a value, each named once; `resource` alone may repeat (RFC 8707 §2)."""

    values: dict[str, str] = field(repr=False)  # secrets and tokens among them
    resource: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """Return the value of `name`, or None where it was left out or sent empty."""
        return self.values.get(name)


def can_be_sent(value: str) -> bool:
    """Return whether a parameter may have this value, however long it is.

    What JSON spells elsewhere, as in an assertion, may not: half a surrogate pair cannot be
    encoded, and PostgreSQL stores no zero byte.
    """
    return _CANNOT_BE_SENT.search(value) is None


def decode(text: bytes) -> str:
    """Undo form-url-encoding: `+` is a space, `%XX` a byte of UTF-8."""
    if b"+" in text:
        text = text.replace(b"+", b" ")
    if b"%" in text:
        if _BROKEN_PERCENT.search(text):
            raise OAuthError("invalid_request", "A percent sign is not followed by two hex digits.")
        text = unquote_to_bytes(text)
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise OAuthError("invalid_request", "A parameter is not valid UTF-8.") from None


def read_form(
    body: bytes,
    *,
    multiline: bool = False,
    unchecked: frozenset[str] = frozenset(),
    long: frozenset[str] = frozenset(),
) -> Params:
    """Read `application/x-www-form-urlencoded`.

    Raises OAuthError (`invalid_request`) for a repeated parameter, a byte order mark, broken
    encoding, control characters (line breaks and tabs pass if `multiline`), or more than the
    stated limits. Control characters in the values of `unchecked` pass: the caller refuses them.
    Those of `long` are keys and certificates, of LONGEST_KEYS at most.
    """
    if not body[:1].isascii():  # nearly no form
        _check_beginning(body)
    if body.count(b"&") >= MOST:
        raise _too_many()
    if not multiline and body.endswith((b"\n", b"\r")):
        raise OAuthError("invalid_request", "The form ends with a line break. Send it without.")
    forbidden = _CONTROL_BUT_BREAKS if multiline else _CONTROL
    return _collect(_pairs(body), forbidden, unchecked, long)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    if not body.isascii():
        return [
            (decode(name), decode(value))
            for piece in body.split(b"&")
            if piece
            for name, _, value in [piece.partition(b"=")]
        ]
    return [  # most need no decoding
        (_decode_ascii(name), _decode_ascii(value))
        if "%" in piece or "+" in piece
        else (name, value)
        for piece in body.decode().split("&")
        if piece
        for name, _, value in [piece.partition("=")]
    ]


def _decode_ascii(text: str) -> str:
    return decode(text.encode()) if "%" in text or "+" in text else text


def read_json(body: bytes) -> Params:
    """Read a JSON object whose values are all strings: an extension of RFC 6749.

    Raises OAuthError (`invalid_request`) for anything else, a key given twice included.
    """
    _check_beginning(body)
    try:
        pairs = json.loads(body.decode(), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raise OAuthError("invalid_request", "The body is not valid JSON.") from None
    if not isinstance(pairs, _Pairs):
        raise OAuthError("invalid_request", "The body is not a JSON object.")
    if len({name for name, _ in pairs}) < len(pairs):
        raise OAuthError("invalid_request", "A key of the JSON object is given more than once.")
    _check_strings(pairs)
    return _collect(pairs, _CONTROL)


class _Pairs(list[tuple[str, str]]):
    """A JSON object as its pairs, so that a repeated key is detected."""


def _collect(
    pairs: Sequence[tuple[str, str]],
    forbidden: re.Pattern[str],
    unchecked: frozenset[str] = frozenset(),
    long: frozenset[str] = frozenset(),
) -> Params:
    values: dict[str, str] = {}
    resource: list[str] = []
    seen: set[str] = set()
    if len(pairs) > MOST:
        raise _too_many()
    for name, value in pairs:
        text = name + value
        if not (len(text) <= LONGEST_VALUE and text.isascii() and text.isprintable()):
            longest = LONGEST_TOKEN if name == "token" else LONGEST_VALUE  # RFC 7662 §2.1
            longest = LONGEST_KEYS if name in long else longest
            _check(name, value, forbidden, longest, is_checked=name not in unchecked)
        if name == "resource":
            resource += [value] if value else []
        elif name in seen:
            raise OAuthError("invalid_request", "A parameter is given more than once.")
        elif value:
            values[name] = value
        seen.add(name)
    return Params(values, tuple(resource))


def _check_beginning(body: bytes) -> None:
    if body.startswith(_BYTE_ORDER_MARKS):
        raise OAuthError(
            "invalid_request",
            "The body begins with a byte order mark. Send it as UTF-8 without one.",
        )


def _check_strings(pairs: _Pairs) -> None:
    for name, value in pairs:
        if name == "scope" and isinstance(value, list):
            description = "The scope must be one string, its names separated by spaces."
            raise OAuthError("invalid_request", description)
    if not all(isinstance(value, str) for _, value in pairs):
        raise OAuthError("invalid_request", "Every value in the JSON object must be a string.")


def _too_many() -> OAuthError:
    return OAuthError("invalid_request", f"There are more than {MOST} parameters.")


def _check(
    name: str, value: str, forbidden: re.Pattern[str], longest: int, *, is_checked: bool
) -> None:
    if len(name) > longest or len(value) > longest:
        raise OAuthError("invalid_request", f"A parameter is longer than {longest} bytes.")
    is_broken = is_checked and forbidden.search(value) is not None
    if is_broken and value.endswith(_LINE_BREAKS):
        raise OAuthError(
            "invalid_request",
            "A parameter ends with a line break. Remove it where the value is read.",
        )
    if is_broken or forbidden.search(name):
        raise OAuthError("invalid_request", "A parameter has control characters in it.")
    if name.isascii() and value.isascii():
        return
    try:
        size = max(len(name.encode()), len(value.encode()))
    except UnicodeEncodeError:  # a lone surrogate, which JSON can spell
        raise OAuthError("invalid_request", "A parameter is not valid Unicode.") from None
    if size > longest:
        raise OAuthError("invalid_request", f"A parameter is longer than {longest} bytes.")
