from uuid import uuid4

import pytest

from gatepass.server.domain.throttling.hourly_limit import (
    HOUR,
    MANY_NETWORKS,
    HourlyLimit,
    Suppressed,
)

NOW = 1_800_000_000.0
START = int(NOW // HOUR) * HOUR
HERE, THERE = "203.0.113.7", "198.51.100.7"


def test_the_first_entries_of_a_source_and_hour_are_admitted_and_the_others_counted() -> None:
    limit = HourlyLimit(3)

    assert [limit.allow("login", HERE, NOW) for _ in range(8)] == [True] * 3 + [False] * 5
    assert limit.take(NOW) == []
    assert limit.take(NOW + HOUR) == [Suppressed("login", HERE, None, 5, START)]
    assert limit.take(NOW + HOUR) == []


def test_a_new_hour_a_second_kind_and_another_source_have_limits_of_their_own() -> None:
    limit = HourlyLimit(1)

    assert limit.allow("login", HERE, NOW)
    assert not limit.allow("login", HERE, NOW)
    assert limit.allow("denial", HERE, NOW)
    assert limit.allow("login", THERE, NOW)
    assert limit.allow("login", HERE, NOW + HOUR)


@pytest.mark.parametrize("other", ["2001:db8:0:1::2", "2001:db8:0:1:ffff::"])
def test_the_addresses_of_one_ipv6_network_count_together(other: str) -> None:
    limit = HourlyLimit(1)
    limit.allow("login", "2001:db8:0:1::1", NOW)

    assert not limit.allow("login", other, NOW)
    assert [each.network for each in limit.take(NOW + HOUR)] == ["2001:db8:0:1::/64"]


def test_each_organization_gets_its_own_summary() -> None:
    limit = HourlyLimit(1)
    ours, theirs = uuid4(), uuid4()
    for org_id in (ours, ours, ours, theirs):
        limit.allow("denial", HERE, NOW, org_id)

    found = {each.org_id: each.times for each in limit.take(NOW, is_last=True)}
    assert found == {ours: 2, theirs: 1}


def test_many_sources_have_one_limit_together_and_one_summary() -> None:
    limit = HourlyLimit(20, most_in_total=50)
    admitted = [limit.allow("login", f"10.0.{n // 250}.{n % 250}", NOW) for n in range(5000)]

    assert sum(admitted) == 50
    found = limit.take(NOW, is_last=True)
    assert found == [Suppressed("login", MANY_NETWORKS, None, 4950, START)]


def test_summaries_are_bounded_and_count_everything() -> None:
    limit = HourlyLimit(1, most_in_total=50)
    for _ in range(100):
        limit.allow("denial", HERE, NOW, uuid4())
    found = limit.take(NOW, is_last=True)

    assert len(found) == 51
    assert sum(each.times for each in found) == 99


def test_what_could_not_be_written_is_given_again() -> None:
    limit = HourlyLimit(1)
    for _ in range(3):
        limit.allow("login", HERE, NOW)
    taken = limit.take(NOW + HOUR)
    limit.put_back(taken)

    assert limit.take(NOW + HOUR) == taken
