"""The content of a token's file, and which content is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from client.cache.stored_tokens import READING, cached_token
from gatepass.client.cache import serialization

BROKEN: dict[str, str] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "broken_caches.json").read_text()
)


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_does_not_hold_together_is_no_token(content: str) -> None:
    with pytest.raises(ValueError, match=r"^.{5,60}$") as refused:
        serialization.read(content.encode(), READING)

    assert "t-1" not in str(refused.value)


def test_the_broken_files_reach_every_check() -> None:
    reasons = set()
    for content in BROKEN.values():
        with pytest.raises(ValueError) as refused:  # noqa: PT011 - the reasons are compared below
            serialization.read(content.encode(), READING)
        reasons.add(str(refused.value))

    assert reasons >= {
        "another version wrote it",
        "expires_at is not a time",
        "it has expired",
        "it is from the future",
        "it is of another boot",
        "its times contradict one another",
        "refresh_at is not a time",
        "requested_at is not a time",
        "written_at is not a time",
    }


def test_bytes_that_are_no_text_are_no_token() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        serialization.read(b"\xff\xfe", READING)


def test_ten_megabytes_are_no_token() -> None:
    content = serialization.write(cached_token(), READING) + b" " * 10 * 1024 * 1024

    with pytest.raises(ValueError, match="longer"):
        serialization.read(content, READING)


def test_a_token_comes_back_as_it_was_written() -> None:
    token = cached_token()

    assert serialization.read(serialization.write(token, READING), READING) == token


def test_a_token_of_unstated_lifetime_comes_back() -> None:
    token = cached_token(expires_in=None)

    assert serialization.read(serialization.write(token, READING), READING) == token


def test_a_token_is_read_until_it_is_gone_and_not_after() -> None:
    token = cached_token()
    content = serialization.write(token, READING)

    assert serialization.read(content, replace(READING, now=token.expires_at - 0.1)) == token
    with pytest.raises(ValueError, match="expired"):
        serialization.read(content, replace(READING, now=token.expires_at))


@pytest.mark.parametrize("wall", [0.0, READING.wall - 3600, READING.wall + 3600])
def test_in_the_clock_of_a_boot_the_wall_clock_means_nothing(wall: float) -> None:
    token = cached_token()

    assert (
        serialization.read(serialization.write(token, READING), replace(READING, wall=wall))
        == token
    )


def test_where_boots_cannot_be_told_apart_a_token_is_kept_by_the_wall_clock() -> None:
    content = serialization.write(cached_token(), replace(READING, boot=""))
    later = replace(READING, now=7.0, wall=READING.wall + 60, boot="")  # after a restart

    found = serialization.read(content, later)

    assert found.expires_at - later.now == pytest.approx(
        cached_token().expires_at - (READING.now + 60)
    )
    assert found.refresh_at - later.now == pytest.approx(
        cached_token().refresh_at - (READING.now + 60)
    )


def test_by_the_wall_clock_a_token_from_the_future_is_none() -> None:
    content = serialization.write(cached_token(), replace(READING, boot=""))

    with pytest.raises(ValueError, match="future"):
        serialization.read(content, replace(READING, wall=READING.wall - 1, boot=""))


def test_only_the_token_its_times_scope_and_type_are_written() -> None:
    assert set(json.loads(serialization.write(cached_token(), READING))) == {
        *("version", "boot", "written_at", "requested_at", "refresh_at", "expires_at"),
        *("access_token", "token_type", "expires_in", "scope", "secret_expires_at"),
    }


def test_a_token_as_long_as_an_answer_may_be_is_written_and_a_longer_one_is_not() -> None:
    longest = cached_token('"' * 64 * 1024)

    assert serialization.read(serialization.write(longest, READING), READING) == longest
    with pytest.raises(ValueError, match="more than"):
        serialization.write(cached_token("t" * serialization.LONGEST), READING)
