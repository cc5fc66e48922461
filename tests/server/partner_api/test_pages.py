from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.partner_api import cursor
from server.partner_api.partner_client import Partner


def test_everybody_comes_once_in_the_order_they_were_added(partner: Partner) -> None:
    added = [partner.add_user()["id"] for _ in range(7)]

    seen = _walk(partner, limit=3)

    assert seen == [str(partner.created.administrator.id), *added]


def test_fifty_come_at_a_time_unless_it_is_said_otherwise(partner: Partner) -> None:
    for _ in range(50):
        partner.add_user()

    first = partner.call("GET", partner.users).json()
    whole = partner.call("GET", partner.users, params={"limit": 200}).json()

    assert (len(first["items"]), first["next_cursor"] is None) == (50, False)
    assert (len(whole["items"]), whole["next_cursor"]) == (51, None)


def test_a_page_that_is_exactly_full_is_the_last(partner: Partner) -> None:
    partner.add_user()

    page = partner.call("GET", partner.users, params={"limit": 2})

    assert (len(page.json()["items"]), page.json()["next_cursor"]) == (2, None)
    assert "link" not in page.headers


@pytest.mark.spec("RFC 8288", "3")
def test_the_link_to_the_next_page_keeps_the_filters(partner: Partner) -> None:
    for _ in range(3):
        partner.add_user(role="staff", external_user_id="a & b")
    wanted = {"limit": "2", "role": "staff", "external_user_id": "a & b"}

    first = partner.call("GET", partner.users, params=wanted)
    address, _, relation = first.headers["link"].partition(">; ")

    assert relation == 'rel="next"'
    assert address.startswith(f"<{partner.environment.issuer}{partner.users}?")
    asked = parse_qs(urlsplit(address[1:]).query)
    assert asked == {name: [value] for name, value in wanted.items()} | {
        "cursor": [first.json()["next_cursor"]]
    }
    assert len(partner.call("GET", address[1:]).json()["items"]) == 1


def test_who_is_added_or_deleted_meanwhile_moves_nobody_else(partner: Partner) -> None:
    before = [str(partner.created.administrator.id)]
    before += [partner.add_user()["id"] for _ in range(8)]
    seen: list[str] = []
    at: str | None = None
    for _ in range(20):
        page = _page(partner, at, limit=2)
        seen += page[0]
        at = page[1]
        if at is None:
            break
        partner.add_user()  # comes at the end
        partner.call("DELETE", f"{partner.users}/{seen[-1]}")  # the one the cursor stands on

    assert seen[: len(before)] == before
    assert len(set(seen)) == len(seen)


def test_filters_narrow_the_list(partner: Partner) -> None:
    staff = partner.add_user(role="staff", email="s@example.com", external_user_id="crm-1")
    user = partner.add_user(role="user", external_user_id="crm-1")

    def found(**wanted: str) -> list[str]:
        response = partner.call("GET", partner.users, params=wanted)
        return [each["id"] for each in response.json()["items"]]

    assert found(role="staff") == [staff["id"]]
    assert found(email="S@Example.com") == [staff["id"]]
    assert found(external_user_id="crm-1") == [staff["id"], user["id"]]
    assert found(external_user_id="crm-1", role="user") == [user["id"]]
    assert found(external_user_id="CRM-1") == []
    assert found(email="nobody@example.com") == []


def test_a_filter_is_a_value_and_no_pattern_or_sql(partner: Partner) -> None:
    partner.add_user(external_user_id="crm-1")

    for text in ("%", "crm%", "crm_1", "' OR 1=1 --", "\\"):
        response = partner.call("GET", partner.users, params={"external_user_id": text})
        assert response.json()["items"] == []


def test_a_cursor_of_another_organization_shows_nothing_of_it(
    partner: Partner, other: Partner
) -> None:
    theirs = [other.add_user()["id"] for _ in range(3)]
    _, at = _page(other, None, limit=1)
    assert at is not None

    seen, _ = _page(partner, at, limit=50)

    assert not set(seen) & set(theirs)


def test_a_made_up_cursor_is_answered(partner: Partner) -> None:
    for raw in (b"\x00" * 24, b"\xff" * 24, b"\x7f" * 8 + uuid4().bytes):
        _, at = _page(partner, urlsafe_b64encode(raw).decode(), limit=1)
        assert at is None


@given(st.binary(min_size=24, max_size=24))
def test_every_text_of_a_cursors_form_is_one(raw: bytes) -> None:
    assert cursor.read(urlsafe_b64encode(raw).decode()).id.bytes == raw[8:]


def _walk(partner: Partner, limit: int) -> list[str]:
    seen, at = _page(partner, None, limit)
    for _ in range(20):
        if at is None:
            return seen
        more, at = _page(partner, at, limit)
        seen += more
    pytest.fail("the pages do not end")


def _page(partner: Partner, at: str | None, limit: int) -> tuple[list[str], str | None]:
    wanted = {"limit": str(limit)} | ({"cursor": at} if at else {})
    page = partner.call("GET", partner.users, params=wanted).json()
    return [each["id"] for each in page["items"]], page["next_cursor"]
