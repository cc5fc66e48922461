"""Checks that bytes are a whole PNG image of a sensible size."""

import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS = 2048  # of width and height

_HEADER_SIZE = 13


def check(content: bytes) -> None:
    """Raise ValueError, which says what is wrong, where `content` is no PNG as browsers show it."""
    if not content.startswith(SIGNATURE):
        raise ValueError("is not a PNG image: it does not begin as one")
    at = len(SIGNATURE)
    kinds: list[bytes] = []
    while at < len(content) and kinds[-1:] != [b"IEND"]:
        length, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        end = at + 8 + length
        if end + 4 > len(content):
            raise ValueError("is not a whole PNG image: it is cut off")
        if zlib.crc32(content[at + 4 : end]) != int.from_bytes(content[end : end + 4]):
            raise ValueError("is not a whole PNG image: a checksum in it is wrong")
        if not kinds:
            _check_header(kind, content[at + 8 : end])
        kinds.append(kind)
        at = end + 4
    if kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        raise ValueError("is not a whole PNG image: it is cut off")
    if at != len(content):
        raise ValueError("has something behind the end of the PNG image: save it again")


def _check_header(kind: bytes, header: bytes) -> None:
    if kind != b"IHDR" or len(header) != _HEADER_SIZE:
        raise ValueError("is not a PNG image: its header is missing")
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    if not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
        raise ValueError(
            f"has {width} x {height} pixels: give an image of {MOST_PIXELS} x {MOST_PIXELS} at most"
        )
