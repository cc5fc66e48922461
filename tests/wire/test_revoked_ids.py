"""Revoked ids in memory, against what a plain dictionary would say."""

import sys
from os import urandom
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.wire.revoked_ids import RevokedIds

MANY = 1_000_000

# Few different bytes, so that ids share buckets and parts of one lie across others.
ids = st.lists(st.sampled_from([0, 1, 255]), min_size=16, max_size=16).map(bytes)
expiries = st.sampled_from([0, 1, 2, 257, 2**32 - 1])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), ids, expiries),
        st.tuples(st.just("prune"), ids, expiries),
    ),
    max_size=60,
)


@given(steps, st.lists(ids))
def test_it_knows_what_a_dictionary_would_know(
    steps: list[tuple[str, bytes, int]], others: list[bytes]
) -> None:
    revoked, model = RevokedIds(), dict[bytes, int]()
    for what, token_id, seconds in steps:
        if what == "add":
            revoked.add(token_id, seconds)
            model.setdefault(token_id, seconds)
        else:
            revoked.prune(seconds)
            model = {each: expiry for each, expiry in model.items() if expiry > seconds}

        assert len(revoked) == len(model)
        received = {step[1] for step in steps} | set(others)
        assert {each for each in received if each in revoked} == set(model) & received


@given(st.dictionaries(ids, expiries))
def test_what_it_is_given_at_the_start_is_known(known: dict[bytes, int]) -> None:
    revoked = RevokedIds(known.items())

    assert len(revoked) == len(known)
    assert all(each in revoked for each in known)


def test_bytes_that_lie_across_two_records_are_no_id() -> None:
    head, record = b"\x00\x00", bytes(range(1, 19))
    revoked = RevokedIds()
    for number in range(3):
        revoked.add(head + record[number:14] + bytes([200 + number]) * number, 0)
    [bucket] = revoked._buckets.values()  # noqa: SLF001 - to make what lies across two

    for at in range(1, len(bucket) - 14):
        across = head + bytes(bucket[at : at + 14])
        assert (across in revoked) == (at % 18 == 0)


def test_an_id_is_kept_until_its_first_expiry() -> None:
    revoked = RevokedIds()
    revoked.add(bytes(16), 10)
    revoked.add(bytes(16), 20)

    revoked.prune(9.9)
    assert bytes(16) in revoked
    revoked.prune(10)
    assert bytes(16) not in revoked


def size_of(value: Any) -> int:  # noqa: ANN401 - the parts of any
    """Return the bytes that a dictionary takes with its keys and values."""
    return sys.getsizeof(value) + sum(
        sys.getsizeof(key) + sys.getsizeof(each) for key, each in value.items()
    )


@pytest.fixture(scope="module")
def million() -> tuple[RevokedIds, list[bytes]]:
    block = urandom(16 * MANY)
    known = [block[at : at + 16] for at in range(0, len(block), 16)]
    return RevokedIds((each, 2_000_000_000) for each in known), known


@pytest.mark.slow
def test_a_million_take_less_than_a_hundred_bytes_each(
    million: tuple[RevokedIds, list[bytes]],
) -> None:
    revoked, _ = million
    taken = size_of(revoked._buckets)  # noqa: SLF001 - what it keeps is what it takes

    sys.stdout.write(f"{taken / MANY:.1f} bytes each\n")
    assert len(revoked) == MANY
    assert taken < 100 * MANY


@pytest.mark.slow
def test_of_a_million_each_is_found_and_none_else(million: tuple[RevokedIds, list[bytes]]) -> None:
    revoked, known = million

    assert all(each in revoked for each in known[:: MANY // 20_000])
    assert not any(urandom(16) in revoked for _ in range(20_000))
