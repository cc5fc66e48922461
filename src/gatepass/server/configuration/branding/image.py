"""Reads the images of a brand from files: PNG as it is, SVG as `svg.clean` writes it."""

from dataclasses import dataclass, field
from pathlib import Path

from gatepass.server.configuration.branding import png, svg

MOST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class BrandFile:
    """A file that the server sends as a part of a brand."""

    content: bytes = field(repr=False)
    media_type: str


def read(path: Path) -> tuple[str, BrandFile]:
    """Return the ending and the file of an image.

    Raises ValueError, which says what is wrong with the file. Of a file that is too large no more
    is read than shows that.
    """
    content = _content(path)
    try:
        if path.suffix.lower() == ".png":
            png.check(content)
            return "png", BrandFile(content, "image/png")
        if path.suffix.lower() == ".svg":
            return "svg", BrandFile(svg.clean(content), "image/svg+xml")
    except ValueError as error:
        raise ValueError(f"{path} {error}") from None
    raise ValueError(f"{path} is neither .svg nor .png: give one of these")


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path} has more than {MOST_BYTES // 1024} KiB: give a smaller image")
    return content
