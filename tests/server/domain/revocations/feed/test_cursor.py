import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.domain.changes.store import Position
from gatepass.server.domain.revocations.feed import cursor as cursors
from gatepass.server.domain.revocations.feed.cursor import Cursor, Section
from gatepass.wire.errors import OAuthError

ISSUER = "https://app.example.com"
places = st.builds(Position, st.integers(0, 2**63 - 1), st.integers(0, 2**64 - 1))
last = st.text(max_size=100).map(str.encode)


@given(st.builds(Cursor, places, st.sampled_from(Section), last))
def test_a_cursor_is_read_as_it_was_written(cursor: Cursor) -> None:
    text = cursors.write(cursor, ISSUER)

    assert cursors.read(text, ISSUER) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "AAAA",
        "%%%%",
        "A" * 3000,
        "\u00e9\u00e9\u00e9\u00e9",
        cursors.write(Cursor(Position(1, 2)), "https://sandbox-app.example.com"),
        cursors.write(Cursor(Position(1, 2)), ISSUER) + "=",
        cursors.write(Cursor(Position(1, 2)), ISSUER)[:-1],
        cursors.write(Cursor(Position(1, 2)), ISSUER).lower(),
        cursors.write(Cursor(Position(2**63, 2)), ISSUER),
        cursors.write(Cursor(Position(1, 2), Section.CLIENTS, b"\xff"), ISSUER),
    ],
)
def test_what_this_issuer_did_not_write_is_refused(text: str) -> None:
    with pytest.raises(OAuthError, match="no cursor"):
        cursors.read(text, ISSUER)
