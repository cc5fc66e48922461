"""Secrets and tokens for an issuer on this machine never go through a proxy of the environment."""

from collections.abc import Iterator
from contextlib import closing

import httpx2
import pytest

from gatepass.guard import Denied, Guard
from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.revocation.feed import Feed
from gatepass.wire import metadata
from gatepass.wire.secret import Secret
from guard.fake_issuer import CLIENT_ID, CLIENT_SECRET, FakeAuthorizationServer
from guard.fake_network import Setup, bearer_request
from guard.http_server import serving
from guard.revocation.feed_server import PATIENCE, FakeFeed, eventually
from reverse_proxy import VARIABLES, Proxy, recording

TOKEN = "an-opaque-token"
OURS = Credentials(CLIENT_ID, Secret(CLIENT_SECRET))
PLAIN = [name for name in VARIABLES if not name.lower().startswith("https")]


@pytest.fixture(params=VARIABLES)
def proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with recording() as opened:
        opened.named_by(request.param, monkeypatch)
        yield opened


@pytest.mark.parametrize("variable", PLAIN)
def test_a_client_that_obeys_the_environment_does_go_through_the_proxy(
    variable: str, monkeypatch: pytest.MonkeyPatch, server: FakeAuthorizationServer
) -> None:
    """The control: without the rule, the proxy reads everything."""
    with recording() as proxy:
        proxy.named_by(variable, monkeypatch)
        answer = httpx2.post(f"{server.issuer}/x", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 502
    assert TOKEN.encode() in proxy.got[0]


def test_the_guard_asks_past_the_proxy_about_an_opaque_token(setup: Setup, proxy: Proxy) -> None:
    setup.server.knows(TOKEN, exp=int(setup.clock.now) + 3600)

    assert setup.guard().identify(bearer_request(TOKEN)).client_id == "acme-billing"
    assert setup.server.asked[TOKEN] == 1
    assert proxy.got == []


def test_the_guard_reads_metadata_and_keys_past_the_proxy(setup: Setup, proxy: Proxy) -> None:
    assert setup.guard().identify(bearer_request(setup.jwt())).client_id == "acme-billing"
    assert setup.server.key_fetches == 1
    assert proxy.got == []


def test_a_redirect_of_the_issuer_leads_nothing_to_the_proxy(setup: Setup, proxy: Proxy) -> None:
    setup.server.redirects_to = "http://elsewhere.example/"
    issuer = setup.server.issuer
    endpoints = {
        "jwks_uri": issuer + metadata.JWKS,
        "introspection_endpoint": issuer + metadata.INTROSPECT,
    }

    for guard in (setup.guard(), setup.guard(**endpoints)):
        for token in (TOKEN, setup.jwt()):
            with pytest.raises(Denied) as denied:
                guard.identify(bearer_request(token))
            assert denied.value.error_response.status == 503
    assert proxy.got == []


def test_the_feed_is_followed_past_the_proxy(proxy: Proxy) -> None:
    fake = FakeFeed()
    with serving(fake.app) as address, closing(Feed(address, OURS)) as feed:
        fake.issuer = address
        fake.tell(reset=True)
        assert feed.ready(PATIENCE)
        fake.let_go()
    assert fake.asked
    assert proxy.got == []


def test_a_secret_for_an_issuer_elsewhere_reaches_the_proxy_only_as_a_tunnel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with recording() as proxy:
        proxy.named_by("HTTPS_PROXY", monkeypatch)
        with (
            Guard(
                "https://app.example.invalid", client_id=CLIENT_ID, client_secret=CLIENT_SECRET
            ) as guard,
            pytest.raises(Denied),
        ):
            guard.identify(bearer_request(TOKEN))
        with closing(Feed("https://app.example.invalid", OURS)) as feed:
            feed.start()
            eventually(lambda: len(proxy.got) >= 3)

    assert all(got.startswith(b"CONNECT app.example.invalid:443 ") for got in proxy.got)
    assert not any(b"uthorization" in got or TOKEN.encode() in got for got in proxy.got)


@pytest.mark.parametrize("setting", ["gopher://anna:pass@proxy:70", "http://anna:pass@proxy:port"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(
    setting: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", setting)
    with closing(Feed("https://app.example.invalid", OURS)) as feed:
        feed.start()
        eventually(lambda: feed.status()["problem"] != "")
        problem = str(feed.status()["problem"])
        assert feed.state() == "stale"

    assert "HTTPS_PROXY" in problem
    assert "pass@" not in problem + caplog.text


@pytest.mark.parametrize(
    "url",
    ["http://app.example.com/feed", "https://app.example.com/feed#x", "https://a@app.example.com/"],
)
def test_the_guards_secret_goes_to_no_unsafe_feed_address(url: str) -> None:
    with pytest.raises(ValueError, match="the feed's url must be"):
        Feed("https://app.example.com", OURS, url=url)
