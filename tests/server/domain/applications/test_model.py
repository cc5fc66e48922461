"""The rules that an application obeys."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from gatepass.server.domain.applications.model import (
    MOST_REDIRECT_URIS,
    OVERLAPS,
    ApplicationSecret,
    check_lifetime,
    check_name,
    check_redirect_uris,
    check_scope,
    new_client_id,
    new_secret,
    with_overlap,
)
from gatepass.wire.credential import Kind, Mode, read
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW = UUID(int=9)


def secret(number: int, expires_at: datetime | None = None) -> ApplicationSecret:
    return ApplicationSecret(UUID(int=number), bytes(32), "abcd", NOW, expires_at)


def test_a_name_is_one_printable_line_without_space_around() -> None:
    assert check_name("  Billing \u00dcber ") == "Billing \u00dcber"
    assert check_name("x" * 100) == "x" * 100


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\x00b", "a\u202eb", "a\x1b[31m"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(OAuthError):
        check_name(name)


def test_a_token_lives_from_a_minute_to_thirty_days() -> None:
    assert [check_lifetime(each) for each in (60, 36000, 2592000)] == [60, 36000, 2592000]
    for seconds in (59, 0, -1, 2592001):
        with pytest.raises(OAuthError):
            check_lifetime(seconds)


@pytest.mark.spec("ASVS", "10.4.11")
@pytest.mark.parametrize("names", [(), ("admin",), ("read", "admin"), ("introspection",)])
def test_only_offered_scope_can_be_chosen_and_some_must_be(names: tuple[str, ...]) -> None:
    with pytest.raises(OAuthError) as caught:
        check_scope(Scope(names), Scope(("read", "write")))
    assert caught.value.code == "invalid_scope"


@pytest.mark.spec("ASVS", "11.5.1")
@pytest.mark.spec("RFC 9700", "4.15.1")
def test_new_credentials_say_what_they_are_and_only_a_digest_is_kept() -> None:
    client_id = read(new_client_id(Mode.TEST, bytes(16)))
    shown, kept = new_secret(UUID(int=1), Mode.TEST, bytes(range(32)), NOW)

    assert client_id
    assert (client_id.kind, client_id.mode) == (Kind.CLIENT_ID, Mode.TEST)
    assert shown.matches(kept.digest)
    assert kept.last_four == shown.value[-4:]
    assert shown.value not in repr(kept)


@pytest.mark.spec("RFC 6749", "3.2.1")
@pytest.mark.parametrize("overlap", OVERLAPS)
def test_a_rotation_ends_the_old_secret_when_the_overlap_is_over(overlap: timedelta) -> None:
    (ended,) = with_overlap((secret(1),), overlap, NOW, NEW)

    assert ended.expires_at == NOW + overlap
    assert ended.is_live(NOW) == bool(overlap)
    assert not ended.is_live(NOW + overlap)


def test_a_rotation_never_prolongs_a_secret() -> None:
    (ended,) = with_overlap((secret(1, NOW + HOUR),), DAY, NOW, NEW)

    assert ended.expires_at == NOW + HOUR


def test_without_an_overlap_the_old_secret_ends_with_the_first_use_of_the_new() -> None:
    (ended,) = with_overlap((secret(1),), None, NOW, NEW)

    assert (ended.ends_on_use_of, ended.expires_at) == (NEW, None)
    (ended,) = with_overlap((secret(1, NOW + HOUR),), None, NOW, NEW)
    assert (ended.ends_on_use_of, ended.expires_at) == (NEW, NOW + HOUR)


def test_a_third_live_secret_and_another_overlap_are_refused() -> None:
    with pytest.raises(OAuthError, match="Two secrets are live"):
        with_overlap((secret(1), secret(2)), HOUR, NOW, NEW)
    with pytest.raises(OAuthError, match="offered overlaps"):
        with_overlap((secret(1),), timedelta(hours=2), NOW, NEW)


def test_redirect_uris_are_absolute_and_safe() -> None:
    text = "https://a.example/cb\n\n  http://127.0.0.1:8080/cb  \nhttp://localhost/cb\n"

    assert check_redirect_uris(text) == (
        "https://a.example/cb",
        "http://127.0.0.1:8080/cb",
        "http://localhost/cb",
    )
    assert check_redirect_uris("") == ()


@pytest.mark.spec("RFC 6749", "3.1.2")
@pytest.mark.parametrize(
    "uri",
    [
        "http://a.example/cb",
        "https://a.example/cb#x",
        "https://a.example/cb#",
        "https://user@a.example/",
        "https:///cb",
        "/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a.example/ x",
        "https://[",
        "https://a.example:x/",
        "https://\u00e4.example/",
        "https://a.example/\\",
        "ftp://a.example/",
        "http://localhost.example/",
    ],
)
def test_another_redirect_uri_is_refused_by_its_line(uri: str) -> None:
    with pytest.raises(OAuthError, match="Line 2 is not"):
        check_redirect_uris(f"https://a.example/\n{uri}")


def test_redirect_uris_are_bounded() -> None:
    with pytest.raises(OAuthError, match="at most"):
        check_redirect_uris("https://a.example/\n" * (MOST_REDIRECT_URIS + 1))
