"""What memory keeps of an application."""

from dataclasses import replace
from datetime import datetime, timedelta
from sys import intern
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.samples import AWKWARD, HOUR, NOW, SECOND
from gatepass.server.domain.applications.cached_application import CachedApplication, CachedSecret
from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.storage.timestamps import milliseconds
from gatepass.wire.scope import Scope

MINUTE = timedelta(minutes=1)
NOW_MS = milliseconds(NOW)
OLD = ApplicationSecret(
    UUID(int=3), bytes(range(32)), "_old", NOW, NOW + HOUR, ends_on_use_of=UUID(int=4)
)
NEW = ApplicationSecret(UUID(int=4), bytes(range(32, 64)), "_new", NOW + SECOND)
APPLICATION = Application(
    id=UUID(int=1),
    org_id=UUID(int=2),
    client_id="acme-billing",
    name=AWKWARD,
    scope=Scope(("write", "read")),
    token_lifetime=60,
    created_at=NOW,
    created_by="anna",
    secrets=(OLD, NEW),
    networks=check_networks("192.0.2.0/24 2001:db8::/32"),
    rate_limit_mode="warn",
    rate_limit=70,
)


def legacy(number: int, created_at: datetime, **given: object) -> ApplicationSecret:
    values = {"expires_at": None, "encoded": "md5$x$y", **given}
    return ApplicationSecret(UUID(int=number), b"", "", created_at, **values)  # type: ignore[arg-type]


def found_legacy(*secrets: ApplicationSecret, at: datetime = NOW) -> UUID | None:
    cached = CachedApplication.of(replace(APPLICATION, secrets=secrets))
    secret = cached.legacy_secret(at.timestamp())
    return secret.id if secret else None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("client_id", "acme-billing"),
        ("id_bytes", UUID(int=1).bytes),
        ("id", UUID(int=1)),
        ("org_id", UUID(int=2)),
        ("name", AWKWARD),
        ("scope", Scope(("write", "read"))),
        ("token_lifetime", 60),
        ("networks", check_networks("192.0.2.0/24 2001:db8::/32")),
        ("is_disabled", False),
        ("is_suspended", False),
        ("may_request_tokens", True),
        ("revoked_before_ms", NOW_MS - 1),
        ("rate_limit_mode", "warn"),
        ("rate_limit", 70),
    ],
)
def test_what_a_token_request_needs_is_kept(field: str, value: object) -> None:
    assert getattr(CachedApplication.of(APPLICATION), field) == value


@pytest.mark.parametrize(
    ("application", "field", "value"),
    [
        (replace(APPLICATION, disabled_at=NOW), "is_disabled", True),
        (replace(APPLICATION, org_suspended_at=NOW), "is_suspended", True),
        (replace(APPLICATION, client_type="public"), "may_request_tokens", False),
        (replace(APPLICATION, grant_type="password"), "may_request_tokens", False),
        (
            replace(APPLICATION, tokens_revoked_before=NOW + HOUR),
            "revoked_before_ms",
            NOW_MS + 3_600_000,
        ),
        (replace(APPLICATION, tokens_revoked_before=NOW - HOUR), "revoked_before_ms", NOW_MS - 1),
        (replace(APPLICATION, networks=()), "networks", ()),
        (replace(APPLICATION, rate_limit=None), "rate_limit", None),
        (replace(APPLICATION, secrets=()), "secrets", ()),
    ],
)
def test_what_keeps_an_application_from_tokens_is_kept(
    application: Application, field: str, value: object
) -> None:
    assert getattr(CachedApplication.of(application), field) == value


@pytest.mark.parametrize("secrets", [(OLD, NEW), (NEW, OLD)])
def test_secrets_are_kept_oldest_first_and_expire_in_milliseconds(
    secrets: tuple[ApplicationSecret, ...],
) -> None:
    assert CachedApplication.of(replace(APPLICATION, secrets=secrets)).secrets == (
        CachedSecret(
            bytes(range(32)),
            UUID(int=3).bytes,
            "_old",
            NOW_MS + 3_600_000,
            is_legacy=False,
            ends_on_use_of=UUID(int=4).bytes,
        ),
        CachedSecret(
            bytes(range(32, 64)),
            UUID(int=4).bytes,
            "_new",
            None,
            is_legacy=False,
            ends_on_use_of=None,
        ),
    )


def test_a_secret_is_live_until_the_millisecond_in_which_it_expires() -> None:
    old, new = CachedApplication.of(APPLICATION).secrets
    end = (NOW + HOUR).timestamp()

    assert old.is_live(end - 0.001)
    assert not old.is_live(end)
    assert new.is_live(end)


def test_of_several_legacy_secrets_the_newest_live_one_is_found() -> None:
    first, second = legacy(3, NOW), legacy(4, NOW + SECOND)
    expired = legacy(5, NOW + MINUTE, expires_at=NOW + HOUR)

    assert found_legacy(second, first) == second.id
    assert found_legacy(first, second, expired) == expired.id
    assert found_legacy(first, second, expired, at=NOW + HOUR) == second.id


def test_where_no_legacy_secret_is_live_none_is_found() -> None:
    expired = legacy(3, NOW, expires_at=NOW + HOUR)

    assert found_legacy() is None
    assert found_legacy(OLD, NEW) is None
    assert found_legacy(OLD, expired, at=NOW + HOUR) is None


@given(st.text())
def test_any_name_comes_back_whole(name: str) -> None:
    assert CachedApplication.of(replace(APPLICATION, name=name)).name == name


def test_those_of_equal_applications_are_equal() -> None:
    """However their values were made: an interned text is not marshalled as another one is."""
    interned = CachedApplication.of(replace(APPLICATION, name=intern("Billing")))
    made = CachedApplication.of(replace(APPLICATION, name=b"Billing".decode()))
    other = CachedApplication.of(replace(APPLICATION, name="billing"))

    assert interned == made
    assert interned != other


def test_it_is_shown_without_its_digests() -> None:
    shown = repr(CachedApplication.of(APPLICATION))

    assert shown == "CachedApplication('acme-billing')"
