"""JSON that every reader understands alike, and the texts that are refused."""

import pytest

from gatepass.jose import strict_json


@pytest.mark.spec("RFC 8259", "4")
@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"\\ud800": 1}',
        b"{} {}",
        b'{"a": 1}\xc2\xa0',
        b'"\xff"',
        b"[" * 100_000,
        b"",
    ],
)
def test_what_readers_could_understand_differently_is_no_json(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not valid JSON$"):
        strict_json.read(text)


def test_an_object_is_read_and_nothing_else_is_one() -> None:
    assert strict_json.read_object(b' {"a": [1, {"b": null}]}\n') == {"a": [1, {"b": None}]}
    assert strict_json.read(b"[1]") == [1]
    with pytest.raises(ValueError, match=r"^not a JSON object$"):
        strict_json.read_object(b"[1]")
