"""The rules for usernames, addresses and roles."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.domain.users.model import (
    ROLES,
    InvalidField,
    User,
    check_email,
    check_role,
    check_username,
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("anna", "anna"), (" Anna ", "anna"), ("a1", "a1"), ("anna.b+c@d_e-f", "anna.b+c@d_e-f")],
)
def test_a_username_is_kept_in_lower_case_without_space_around(typed: str, kept: str) -> None:
    assert check_username(typed) == kept


@pytest.mark.parametrize(
    "username", ["", "a", ".anna", "-anna", "anna berg", "\u00e4nna", "anna\x00", "a" * 65, "a/b"]
)
def test_another_username_is_refused(username: str) -> None:
    with pytest.raises(InvalidField) as caught:
        check_username(username)
    assert caught.value.field == "username"


@pytest.mark.parametrize("email", ["a@b.de", " anna@example.com ", "a+b@sub.example.com"])
def test_an_email_address_is_kept_as_given(email: str) -> None:
    assert check_email(email) == email.strip()


@pytest.mark.parametrize(
    "email",
    [
        *("", "anna", "@b.de", "a@", "a@b", "a@b.", "a@.de", "a b@c.de", "a@b@c.de", "a\x00@b.de"),
        *("a" * 65 + "@b.de", "a@" + "b" * 260 + ".de", "a@b.de\nBcc: c@d.de"),
    ],
)
def test_another_email_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidField) as caught:
        check_email(email)
    assert caught.value.field == "email"


@given(st.text(max_size=40))
def test_a_role_is_one_of_three(role: str) -> None:
    if role not in ROLES:
        with pytest.raises(InvalidField):
            check_role(role)
    assert [check_role(each) for each in ROLES] == ["admin", "staff", "user"]


@pytest.mark.spec("ASVS", "16.2.5")
def test_a_person_is_printed_without_the_password_hash() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    person = User(UUID(int=1), UUID(int=2), "user", now, now, password_hash="$argon2id$x")

    assert "argon2id" not in f"{person!r} {person}"
