"""Small images, and a palette of a brand."""

import zlib

from gatepass.server.configuration.branding import png

DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 32" width="120" height="32">'
    '<rect width="32" height="32" rx="6" fill="#7a1fa2"/>'
    '<path d="M9 22V10l7 8 7-8v12" fill="none" stroke="#fff" stroke-width="3"/></svg>'
)


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def picture(width: int = 1, height: int = 1, data: bytes | None = None) -> bytes:
    """Return a PNG of one black pixel, whatever size its header claims."""
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 0, 0, 0, 0])
    rows = zlib.compress(bytes(2)) if data is None else data
    return png.SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
