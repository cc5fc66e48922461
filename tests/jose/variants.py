"""Wrong texts made from a right JWS: truncated, extended, flipped, re-encoded, rearranged."""

import json
import string
from base64 import b64encode, standard_b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from itertools import permutations, product
from urllib.parse import quote


def encode(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


BASE64URL = string.ascii_letters + string.digits + "-_"
STRANGE = "\x00\x7f\x85\xa0éＡ\u200b\u2028\ud800"  # noqa: RUF001 - a wide letter, on purpose
CHARACTERS = string.printable + STRANGE

Change = Callable[[str], Iterator[str]]


def truncated(token: str) -> Iterator[str]:
    for length in range(len(token)):
        yield token[:length]
        yield token[length + 1 :]


def extended(token: str) -> Iterator[str]:
    first, second, third = token.split(".")
    for more in (*CHARACTERS, *map("".join, product("AQgw_-=.", repeat=2))):
        yield token + more
        yield more + token
        yield f"{first}{more}.{second}.{third}"
        yield f"{first}.{more}{second}.{third}"
        yield f"{first}.{second}{more}.{third}"
        yield f"{first}.{second}.{more}{third}"


def bits_flipped(token: str) -> Iterator[str]:
    for place, character in enumerate(token):
        for bit in range(8):
            yield token[:place] + chr(ord(character) ^ 1 << bit) + token[place + 1 :]


def characters_changed(token: str) -> Iterator[str]:
    """Leave out, double, percent-encode and insert at every place."""
    for place, character in enumerate(token):
        yield token[:place] + token[place + 1 :]
        yield token[:place] + f"%{ord(character):02X}" + token[place + 1 :]
        for more in (character, ".", "=", " ", "\n", "\r\n", "A"):
            yield token[:place] + more + token[place:]


def stray_bits(token: str) -> Iterator[str]:
    """Change the last character of each part: its lowest bits may belong to no byte."""
    parts = token.split(".")
    for number, last in product(range(3), BASE64URL):
        yield ".".join([*parts[:number], parts[number][:-1] + last, *parts[number + 1 :]])


def re_encoded(token: str) -> Iterator[str]:
    parts = token.split(".")
    raw = [urlsafe_b64decode(part + "==") for part in parts]
    for changed in product((False, True), repeat=3):
        for write in _SPELLINGS:
            spelled = zip(parts, raw, changed, strict=True)
            yield ".".join(write(octets) if change else part for part, octets, change in spelled)
    for first, second in product(_json_spellings(raw[0]), _json_spellings(raw[1])):
        yield ".".join((encode(first), encode(second), parts[2]))
    for write_all in _WHOLE_SPELLINGS:
        yield write_all(token)


def rearranged(token: str) -> Iterator[str]:
    """Swap, double and empty parts, and give one to five of them, parted otherwise as well."""
    parts = token.split(".")
    for count in range(1, 6):
        yield from (".".join(each) for each in product((*parts, ""), repeat=count))
    for separator in ("", "..", ",", ":", "~", " . ", "\u3002", "．"):  # noqa: RUF001 - wide dots
        yield from (separator.join(each) for each in permutations(parts))


def _json_spellings(raw: bytes) -> list[bytes]:
    members = json.loads(raw)
    return [
        json.dumps(members, indent=1).encode(),
        json.dumps(members).encode(),
        json.dumps(members, separators=(",", ":"), sort_keys=True).encode(),
        json.dumps(dict(reversed(members.items())), separators=(",", ":")).encode(),
        raw.replace(b"a", b"\\u0061"),
        raw + b"\n",
        b"\xef\xbb\xbf" + raw,
        raw.decode().encode("utf-16"),
        raw[:-1] + b"," + raw[1:],
    ]


def _lines(text: str, length: int, end: str) -> str:
    return end.join(text[place : place + length] for place in range(0, len(text), length))


_SPELLINGS: tuple[Callable[[bytes], str], ...] = (
    lambda octets: encode(octets) + "=",
    lambda octets: encode(octets) + "==",
    lambda octets: encode(octets) + "=" * (4 - len(encode(octets)) % 4),
    lambda octets: standard_b64encode(octets).decode(),
    lambda octets: standard_b64encode(octets).decode().rstrip("=") + "/",
    lambda octets: f" {encode(octets)}",
    lambda octets: f"{encode(octets)}\t",
    lambda octets: _lines(encode(octets), 64, "\n"),
    lambda octets: _lines(encode(octets), 76, "\r\n"),
    lambda octets: encode(octets).swapcase(),
    lambda octets: encode(encode(octets).encode()),
    lambda octets: octets.hex(),
    lambda octets: octets.decode("latin-1"),
)
_WHOLE_SPELLINGS: tuple[Callable[[str], str], ...] = (
    str.upper,
    str.lower,
    str.swapcase,
    lambda token: token[::-1],
    lambda token: quote(token.replace(".", "%2E")),
    lambda token: token.replace(".", "%2e"),
    lambda token: token.replace("-", "+").replace("_", "/") + "+",
    lambda token: f'"{token}"',
    lambda token: f"Bearer {token}",
    lambda token: f"{token},{token}",
    lambda token: f"{token}\n{token}",
    lambda token: encode(token.encode()),
    lambda token: b64encode(token.encode()).decode(),
    lambda token: "\ufeff" + token,
    lambda token: "".join(f"{character}\0" for character in token),
    lambda token: json.dumps(
        dict(zip(("protected", "payload", "signature"), token.split("."), strict=True))
    ),
    lambda token: _lines(token, 64, "\n"),
    lambda token: _lines(token, 76, "\r\n"),
)

FAMILIES = (
    truncated,
    extended,
    bits_flipped,
    characters_changed,
    stray_bits,
    re_encoded,
    rearranged,
)


def variants(family: Change, token: str) -> set[str]:
    return set(family(token)) - {token}
