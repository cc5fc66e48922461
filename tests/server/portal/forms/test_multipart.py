"""Forms with a file: read as those that are typed, and refused whatever else they are."""

import pytest

from gatepass.server.portal.forms import multipart
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import read_form

KIND = "multipart/form-data; boundary=b0"
NAME = b'Content-Disposition: form-data; name="key_name"\r\n\r\nNight & day\r\n'
FILE = (
    b'Content-Disposition: form-data; name="key_file"; filename="a \xc3\xa4.jwk"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n"
    b'{"a": "+%20--b0"}\r\n\r\n'
)
BODY = b"--b0\r\n" + NAME + b"--b0\r\n" + FILE + b"--b0--\r\n"


def read(body: bytes, content_type: str = KIND) -> dict[str, str]:
    encoded = multipart.url_encoded(body, content_type)
    return read_form(encoded, multiline=True).values


def test_fields_and_files_are_read_as_they_are() -> None:
    assert read(BODY) == {"key_name": "Night & day", "key_file": '{"a": "+%20--b0"}\r\n'}


def test_the_boundary_may_be_quoted_and_a_file_may_be_empty() -> None:
    empty = b'--b0\r\nContent-Disposition: form-data; name="f"; filename=""\r\n\r\n\r\n--b0--'

    assert read(empty, 'multipart/form-data; charset=utf-8; boundary="b0"') == {}


@pytest.mark.parametrize("cut", range(1, len(BODY) - 2, 3))
def test_a_form_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(OAuthError):
        read(BODY[:cut])


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=b1",
        f"multipart/form-data; boundary={'b' * 71}",
        "multipart/form-data; boundary=b\u00e4",
    ],
)
def test_a_boundary_that_is_none_or_another_is_refused(content_type: str) -> None:
    with pytest.raises(OAuthError):
        read(BODY, content_type)


@pytest.mark.parametrize(
    "part",
    [
        b"\r\n\r\nno header\r\n",
        b"Content-Type: text/plain\r\n\r\nno name\r\n",
        b'Content-Disposition: form-data; filename="x"\r\n\r\nno name\r\n',
        b'Content-Disposition: form-data; name=""\r\n\r\nempty\r\n',
        b'Content-Disposition: attachment; name="a"\r\n\r\nnot of a form\r\n',
        b"\r\n".join([NAME.partition(b"\r\n")[0], NAME]),  # two names
        b'Content-Disposition: form-data; name="a"\r\n\r\n\xff\xfe\r\n',
        b'Content-Disposition: form-data; name="\xff"\r\n\r\nname\r\n',
        b'Content-Disposition: form-data; name="a"\r\n\r\n\x00\r\n',
        NAME + b"--b0\r\n" + NAME,
    ],
)
def test_a_part_that_is_no_text_of_one_name_is_refused(part: bytes) -> None:
    with pytest.raises(OAuthError):
        read(b"--b0\r\n" + part + b"--b0--\r\n")


@pytest.mark.parametrize("body", [b"", b"--b0", b"before" + BODY, BODY + b"after", b"--b0--" * 2])
def test_what_is_around_the_parts_is_refused(body: bytes) -> None:
    with pytest.raises(OAuthError):
        read(body)
