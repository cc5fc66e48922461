"""Validates what a source returns: one line of text of limited length, or a private key.

`where` names in messages what the text was read from; the text itself is never repeated.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from gatepass.client.errors import ConfigurationError
from gatepass.client.variables import CLIENT_SECRET, PRIVATE_KEY
from gatepass.wire.secret import Secret

LONGEST = 64 * 1024  # bytes of a secret

_TEXT = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+")
_DER_SEQUENCE = (b"\x30\x81", b"\x30\x82", b"\x30\x77")  # and its length; 119 is a key of P-256
# A private key in PEM or JWK has several lines. Where a client secret is needed, `check_secret`
# refuses it.
_LINES = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+"
_KEY = re.compile(rf"\s*(?:-----BEGIN {_LINES}-----|\{{{_LINES}\}})\s*")


def check_secret(text: str) -> Secret:
    """Return `text` as a Secret; raise ConfigurationError where it cannot be a client secret."""
    if _KEY.fullmatch(text):
        raise ConfigurationError(
            f"the client secret ({CLIENT_SECRET}) is a key: set a private key as {PRIVATE_KEY} or "
            f"{PRIVATE_KEY}_FILE"
        )
    check_text(text, f"the client secret ({CLIENT_SECRET})")
    return Secret(text)


def check_text(text: str, what: str) -> None:
    """Raise ConfigurationError where the setting named `what` is empty or more than one line."""
    if not text:
        raise ConfigurationError(f"{what} is empty: set it")
    if not _TEXT.fullmatch(text):
        raise ConfigurationError(f"{what} has a line break or control character in it: remove it")


def as_secret(text: str, where: str) -> str:
    """Return `text` if it can be a secret, else raise ConfigurationError."""
    if not text:
        raise ConfigurationError(f"{where} is empty: put the secret there")
    if len(text) > LONGEST:
        raise ConfigurationError(
            f"{where} is too long for a secret: check that it is the right one"
        )
    if not _TEXT.fullmatch(text) and not _KEY.fullmatch(text):
        if "-----BEGIN " in text:
            raise ConfigurationError(
                f"{where} has no whole key in PEM: copy all of it, up to the last dashes"
            )
        raise ConfigurationError(
            f"{where} has a line break or control character in it: let it hold the secret alone"
        )
    return text


def decoded(content: bytes, where: str) -> str:
    """Return the secret in `content`, without the line break that editors and `echo` add."""
    if len(content) > LONGEST:
        raise ConfigurationError(
            f"{where} is too long for a secret: check that it is the right one"
        )
    try:
        text = content.decode("utf-8-sig")  # some editors begin a file with a mark
    except ValueError:
        raise ConfigurationError(f"{where} {_not_text(content)}") from None
    return as_secret(text.rstrip("\r\n"), where)


def _not_text(content: bytes) -> str:
    if content.startswith(_DER_SEQUENCE):
        return (
            "is binary: convert a key to PEM, with openssl pkey -inform DER, or with "
            "openssl pkcs12 -nodes from PKCS #12"
        )
    return "is not text: let it hold the secret as UTF-8"


def select(text: str, field: str, where: str) -> str:
    """Return the secret in `text`: all of it, or the member `field` of its JSON object."""
    if not field:
        return as_secret(text, where)
    return member(json_object(text, where), field, where)


def json_object(text: str | bytes, where: str) -> dict[str, object]:
    """Read a JSON object."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where} is not a JSON object: check that it is the right one")
    return value


def member(values: dict[str, object], field: str, where: str) -> str:
    """Return the secret that is the member `field` of `values`."""
    value = values.get(field)
    if not isinstance(value, str):
        raise ConfigurationError(
            f"{where} has no text under {field!r}: name the field that holds it"
        )
    return as_secret(value, f"{field!r} of {where}")


@contextmanager
def library_of(extra: str) -> Iterator[None]:
    """Raise ConfigurationError where an import finds no library that `extra` installs."""
    try:
        yield
    except ImportError:
        raise ConfigurationError(
            f"a library for this source of the client secret is missing: "
            f"pip install 'gatepass[{extra}]'"
        ) from None
