"""Files of images: what is read of them, and what is refused."""

import os
from pathlib import Path

import pytest

from gatepass.server.configuration.branding import image, png
from server.configuration.branding.samples import chunk, picture


def test_a_whole_picture_is_served_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "logo.PNG"
    path.write_bytes(picture())

    ending, file = image.read(path)

    assert (ending, file.media_type, file.content) == ("png", "image/png", picture())


def _changed(content: bytes) -> bytes:
    return content[:40] + bytes([content[40] ^ 1]) + content[41:]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "does not begin as one"),
        (b"GIF89a" + bytes(100), "does not begin as one"),
        (picture()[:-6], "cut off"),
        (png.SIGNATURE, "cut off"),
        (png.SIGNATURE + chunk(b"IDAT", b"") + chunk(b"IEND", b""), "header is missing"),
        (picture(data=b"").replace(chunk(b"IDAT", b""), b""), "cut off"),
        (png.SIGNATURE + b"\xff\xff\xff\xffIHDR", "cut off"),
        (_changed(picture()), "checksum"),
        (picture(width=0), "0 x 1 pixels"),
        (picture(width=2**31), "pixels"),
        (picture(height=2049), "1 x 2049 pixels"),
        (picture() + b"<script>alert(1)</script>", "behind the end"),
    ],
    ids=[
        "nothing",
        "another format",
        "cut off",
        "a signature alone",
        "no header",
        "no picture",
        "a length that reaches beyond the end",
        "a changed byte",
        "no width",
        "a huge width",
        "a height above the limit",
        "a script behind it",
    ],
)
def test_what_is_no_whole_picture_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=says) as caught:
        image.read(path)

    assert str(path) in str(caught.value)


def test_of_a_file_of_50_megabytes_no_more_is_read_than_shows_its_size(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    read_before = _read_by_this_process()

    with pytest.raises(ValueError, match="256 KiB"):
        image.read(path)

    assert _read_by_this_process() - read_before < 2_000_000


def _read_by_this_process() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("rchar")).split()[1])


@pytest.mark.parametrize("name", ["logo.gif", "logo.html", "logo"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(picture())

    with pytest.raises(ValueError, match=r"neither \.svg nor \.png"):
        image.read(tmp_path / name)


def test_a_file_that_is_not_there_and_what_is_no_file_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")

    for name in ("none.png", "pipe.png", "."):
        with pytest.raises(ValueError, match="no file"):
            image.read(tmp_path / name)
