"""What stands in the file of a token, and what is refused there."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from client.cache.stored_tokens import MOMENT, held
from gatepass.client.cache import serialization

BROKEN: dict[str, str] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "broken_caches.json").read_text()
)


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_does_not_hold_together_is_no_token(content: str) -> None:
    with pytest.raises(ValueError, match=r"^.{5,60}$") as refused:
        serialization.read(content.encode(), MOMENT)

    assert "t-1" not in str(refused.value)


def test_bytes_that_are_no_text_are_no_token() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        serialization.read(b"\xff\xfe", MOMENT)


def test_ten_megabytes_are_no_token() -> None:
    content = serialization.write(held(), MOMENT) + b" " * 10 * 1024 * 1024

    with pytest.raises(ValueError, match="longer"):
        serialization.read(content, MOMENT)


def test_a_token_comes_back_as_it_was_written() -> None:
    token = held()

    assert serialization.read(serialization.write(token, MOMENT), MOMENT) == token


def test_a_token_of_unstated_lifetime_comes_back() -> None:
    token = held(expires_in=None)

    assert serialization.read(serialization.write(token, MOMENT), MOMENT) == token


def test_a_token_is_read_until_it_is_gone_and_not_after() -> None:
    token = held()
    content = serialization.write(token, MOMENT)

    assert serialization.read(content, replace(MOMENT, now=token.expires_at - 0.1)) == token
    with pytest.raises(ValueError, match="expired"):
        serialization.read(content, replace(MOMENT, now=token.expires_at))


@pytest.mark.parametrize("wall", [0.0, MOMENT.wall - 3600, MOMENT.wall + 3600])
def test_in_the_clock_of_a_boot_the_wall_clock_means_nothing(wall: float) -> None:
    token = held()

    assert (
        serialization.read(serialization.write(token, MOMENT), replace(MOMENT, wall=wall)) == token
    )


def test_where_boots_cannot_be_told_apart_a_token_is_kept_by_the_wall_clock() -> None:
    content = serialization.write(held(), replace(MOMENT, boot=""))
    later = replace(MOMENT, now=7.0, wall=MOMENT.wall + 60, boot="")  # after a restart

    found = serialization.read(content, later)

    assert found.expires_at - later.now == pytest.approx(held().expires_at - (MOMENT.now + 60))
    assert found.refresh_at - later.now == pytest.approx(held().refresh_at - (MOMENT.now + 60))


def test_by_the_wall_clock_a_token_from_the_future_is_none() -> None:
    content = serialization.write(held(), replace(MOMENT, boot=""))

    with pytest.raises(ValueError, match="future"):
        serialization.read(content, replace(MOMENT, wall=MOMENT.wall - 1, boot=""))


def test_only_the_token_its_times_scope_and_type_are_written() -> None:
    assert set(json.loads(serialization.write(held(), MOMENT))) == {
        *("version", "boot", "written_at", "requested_at", "refresh_at", "expires_at"),
        *("access_token", "token_type", "expires_in", "scope"),
    }


def test_a_token_as_long_as_an_answer_may_be_is_written_and_a_longer_one_is_not() -> None:
    longest = held('"' * 64 * 1024)

    assert serialization.read(serialization.write(longest, MOMENT), MOMENT) == longest
    with pytest.raises(ValueError, match="more than"):
        serialization.write(held("t" * serialization.LONGEST), MOMENT)
