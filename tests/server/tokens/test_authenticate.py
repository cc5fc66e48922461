"""From a claim and an application to an authenticated client, or one and the same refusal."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import FrameType
from uuid import UUID

import pytest

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.tokens.authenticate import authenticate
from gatepass.server.tokens.request import PresentedCredentials
from gatepass.wire.credential import Kind, Mode, mint
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret
from server.tokens.samples import APPLICATION, CACHED, NOW, OTHER, SECRET, THEN, credentials

HERE = "192.0.2.7"
AT = datetime.fromtimestamp(NOW, UTC)
WRONG = Secret("gps_live_wrong")
SANDBOX_ID = mint(Kind.CLIENT_ID, Mode.TEST, bytes(16))
SANDBOX_SECRET = Secret(mint(Kind.CLIENT_SECRET, Mode.TEST, bytes(32)))


def refusal(
    claim: PresentedCredentials, application: Application | None, mode: Mode = Mode.LIVE
) -> OAuthError:
    cached = CachedApplication.of(application) if application else None
    with pytest.raises(OAuthError) as caught:
        authenticate(claim, cached, HERE, NOW, mode)
    return caught.value


def with_two_secrets(end_of_first: datetime | None) -> Application:
    (first,) = APPLICATION.secrets
    second = ApplicationSecret(UUID(int=10), OTHER.digest(), "_two", THEN)
    return replace(APPLICATION, secrets=(replace(first, expires_at=end_of_first), second))


def work_of(run: Callable[[], object]) -> list[str]:
    """Return what `run` does of the things that take time, in its order."""
    done: list[str] = []

    def note(frame: FrameType, event: str, what: object) -> None:
        called = {"call": frame.f_code, "c_call": what}.get(event)
        name = getattr(called, "co_name", None) or getattr(called, "__name__", "")
        if name in {"openssl_sha256", "compare_digest", "crc32", "decode", "loads", "read"}:
            done.append(name)

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return done


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_the_right_secret_authenticates_and_says_which_it_was() -> None:
    client = authenticate(credentials(), CACHED, HERE, NOW, Mode.LIVE)

    assert client.application is CACHED
    assert client.secret == CACHED.secrets[0]


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(
    ("claim", "application", "note"),
    [
        (credentials(client_id="nobody"), None, "unknown client"),
        (credentials(client_id=""), None, "no client credentials"),
        (credentials(None, client_id=""), None, "no client credentials"),
        (credentials(None), APPLICATION, "no client secret"),
        (credentials(None), None, "unknown client"),
        (credentials(WRONG), APPLICATION, "wrong secret"),
        (credentials(Secret("")), APPLICATION, "wrong secret"),
        (credentials(Secret("gps_live_on")), APPLICATION, "wrong secret"),
        (credentials(Secret("gps_live_onee")), APPLICATION, "wrong secret"),
        (credentials(Secret("GPS_LIVE_ONE")), APPLICATION, "wrong secret"),
        (credentials(Secret("\u00e4\U0001f600")), APPLICATION, "wrong secret"),
        (credentials(), replace(APPLICATION, secrets=()), "wrong secret"),
        (credentials(), with_two_secrets(AT), "expired secret ending in _one"),
        (credentials(), with_two_secrets(THEN), "expired secret ending in _one"),
        (credentials(), replace(APPLICATION, disabled_at=THEN), "the application is disabled"),
        (
            credentials(),
            replace(APPLICATION, org_suspended_at=THEN),
            "the organization is suspended",
        ),
        (credentials(WRONG), replace(APPLICATION, disabled_at=THEN), "wrong secret"),
        (credentials(client_id=SANDBOX_ID), None, "sandbox client id on production"),
        (credentials(SANDBOX_SECRET), APPLICATION, "sandbox secret on production"),
        (credentials(SANDBOX_SECRET, "nobody"), None, "sandbox secret on production"),
    ],
)
def test_whatever_is_wrong_the_caller_hears_the_same_and_the_note_says_it(
    claim: PresentedCredentials, application: Application | None, note: str
) -> None:
    caught = refusal(claim, application)

    assert caught.log_detail == note
    assert (caught.code, caught.status, caught.description, caught.retry_after) == (
        "invalid_client",
        401,
        "Client authentication failed.",
        None,
    )


def test_a_wrong_secret_of_our_form_is_noted_with_its_last_four_characters() -> None:
    ours = mint(Kind.CLIENT_SECRET, Mode.LIVE, bytes(range(32)))

    assert refusal(credentials(Secret(ours)), APPLICATION).log_detail == (
        f"wrong secret ending in {ours[-4:]}"
    )


@pytest.mark.parametrize(
    "foreign",
    [
        "correct horse battery staple",
        mint(Kind.CLIENT_SECRET, Mode.LIVE, bytes(32))[:-1],
        mint(Kind.CLIENT_SECRET, Mode.LIVE, bytes(32)) + "0",
        mint(Kind.ACCESS_TOKEN, Mode.LIVE, bytes(64)),
        mint(Kind.CLIENT_ID, Mode.LIVE, bytes(16)),
        "gps_live_" + "0" * 5000,
    ],
)
def test_of_a_foreign_string_as_secret_nothing_is_noted(foreign: str) -> None:
    assert refusal(credentials(Secret(foreign)), APPLICATION).log_detail == "wrong secret"


def test_an_unknown_client_with_a_secret_of_our_form_is_noted_without_it() -> None:
    ours = Secret(mint(Kind.CLIENT_SECRET, Mode.LIVE, bytes(range(32))))

    assert refusal(credentials(ours), None).log_detail == "unknown client"


def test_a_production_credential_in_the_sandbox_is_recognised_too() -> None:
    live = Secret(mint(Kind.CLIENT_SECRET, Mode.LIVE, bytes(32)))

    assert refusal(credentials(live), None, Mode.TEST).log_detail == "production secret on sandbox"


@pytest.mark.spec("RFC 6749", "3.2.1")
def test_both_of_two_live_secrets_authenticate_until_the_old_one_has_ended() -> None:
    ending = CachedApplication.of(with_two_secrets(AT + timedelta(seconds=1)))

    assert (
        authenticate(credentials(SECRET), ending, HERE, NOW, Mode.LIVE).secret.last_four == "_one"
    )
    assert (
        authenticate(credentials(SECRET), ending, HERE, NOW + 0.999, Mode.LIVE).secret.last_four
        == "_one"
    )
    assert authenticate(credentials(OTHER), ending, HERE, NOW, Mode.LIVE).secret.last_four == "_two"
    with pytest.raises(OAuthError):
        authenticate(credentials(SECRET), ending, HERE, NOW + 1, Mode.LIVE)


@pytest.mark.spec("ASVS", "6.3.8")
@pytest.mark.spec("ASVS", "11.2.4")
@pytest.mark.parametrize("secret", [WRONG, SANDBOX_SECRET])
def test_an_unknown_client_costs_the_same_work_as_a_wrong_secret(secret: Secret) -> None:
    unknown = work_of(lambda: refusal(credentials(secret), None))
    wrong = work_of(lambda: refusal(credentials(secret), APPLICATION))

    assert unknown == wrong
    assert unknown.count("compare_digest") == 1


@pytest.mark.spec("ASVS", "11.2.4")
@pytest.mark.parametrize("secret", [SECRET, OTHER, WRONG])
def test_every_digest_is_compared_in_constant_time_even_behind_the_right_one(
    secret: Secret,
) -> None:
    both = CachedApplication.of(with_two_secrets(None))

    def run() -> None:
        try:
            authenticate(credentials(secret), both, HERE, NOW, Mode.LIVE)
        except OAuthError:
            assert secret is WRONG

    assert work_of(run).count("compare_digest") == 2


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("source", ["192.0.2.8", "2001:db8::1", "", "unknown", "::ffff:192.0.2.8"])
def test_a_right_secret_from_outside_of_the_networks_is_refused_like_a_wrong_one(
    source: str,
) -> None:
    application = replace(APPLICATION, networks=check_networks("192.0.2.7, 198.51.100.0/24"))
    bound = CachedApplication.of(application)

    for source_inside in ("192.0.2.7", "198.51.100.9", "::ffff:198.51.100.9"):
        assert (
            authenticate(credentials(), bound, source_inside, NOW, Mode.LIVE).application is bound
        )
    with pytest.raises(OAuthError) as outside:
        authenticate(credentials(), bound, source, NOW, Mode.LIVE)
    wrong = refusal(credentials(WRONG), application)
    assert (outside.value.code, outside.value.description) == (wrong.code, wrong.description)
    assert "networks" in outside.value.log_detail
