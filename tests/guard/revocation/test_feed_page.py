"""Pages of the feed: whole and well-formed, or refused."""

import json
from pathlib import Path

import pytest

from gatepass.guard.revocation import feed_page
from guard.revocation.feed_server import NOW, TOKEN_ID, body, members

_VECTORS = Path(__file__).parents[2] / "vectors" / "malformed_feed_pages.json"
MALFORMED = json.loads(_VECTORS.read_text())


def test_a_good_page_is_read() -> None:
    page = feed_page.read(
        body(
            as_of=NOW - 0.25,
            reset=True,
            more=True,
            tokens={TOKEN_ID: 5},
            applications={"acme": 7},
            keys=["kid"],
            something="new",
        )
    )

    assert page == (
        "c1",
        NOW,
        0.25,
        True,
        True,
        [(bytes.fromhex(TOKEN_ID), 5)],
        {"acme": 7},
        ["kid"],
    )
    assert not page.is_empty
    assert feed_page.read(body()).is_empty


def test_a_page_from_the_future_is_as_old_as_now() -> None:
    assert feed_page.read(body(as_of=NOW + 1000)).age == 0


@pytest.mark.parametrize("changed", MALFORMED, ids=range(len(MALFORMED)))
def test_a_member_of_another_type_is_refused_and_not_quoted(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(changed))} is missing or malformed$"):
        feed_page.read(body(**changed))


@pytest.mark.parametrize("name", sorted(members()))
def test_a_member_that_is_missing_is_refused(name: str) -> None:
    some = members()
    del some[name]

    with pytest.raises(ValueError, match=f"^{name} is missing"):
        feed_page.read(json.dumps(some).encode())


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"<html>", b"\xff", b'{"time": NaN}', b"[" * 100_000, b'{"a":1,"a":1}'],
    ids=range(8),
)
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|twice"):
        feed_page.read(content)


def test_a_page_that_is_too_long_is_not_even_read() -> None:
    with pytest.raises(ValueError, match="longer than"):
        feed_page.read(b" " * (feed_page.LONGEST + 1))
