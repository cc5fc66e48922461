"""A stranger attacks through real gateways: no body becomes a request, no answer is another's."""

import base64
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple, Self

import pytest

from gatepass.wire.metadata import TOKEN
from gateways import plain_uvicorn
from gateways.gateway import NAMES, Gateway, forwarding, program
from gateways.hostile import STREAMS, Stream, Thief, exchange, get, post, statuses
from gateways.tap import Tap, tapping
from server_process import Credentials, Organization, Server, serving
from stories.partners.portal import APPLICATIONS, PASSWORD, Portal

LOGIN = "/accounts/login/"
ROUNDS = 5
# More than the server reads at once, so that the rest comes later whatever the gateway buffers.
# A lenient parser skips empty lines before a request.
FILLER = b"\r\n" * 200_000
SWALLOWED = 1500  # bytes: a victim's request, and some of what comes then
OFFER = ("Connection: Upgrade", "Upgrade: foo")
OFFERING = [(), OFFER]  # a gateway may keep connections of their own for requests with an offer
ECHO = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        headers = [(b"path", scope["raw_path"]), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
"""
FORWARDED = {  # the offers that reach the server
    "nginx": {"websocket", "foo", "h2c"},
    "caddy": {"websocket", "foo", "h2c"},
    "traefik": {"websocket", "foo"},
    "haproxy": set[str](),
    "envoy": {"websocket"},
}
_OFFERS = [stream for stream in STREAMS if stream.kind == "offer"]
_POISONS = [stream for stream in STREAMS if stream.kind == "offer" or "CONNECT" in stream.name]
_sources = (f"198.18.{number // 250}.{number % 250 + 1}" for number in count())


class Front(NamedTuple):
    """A gateway before the server, what it forwards, and a client with an administrator."""

    gateway: Gateway
    tap: Tap
    server: Server
    client: Credentials
    organization: Organization

    @property
    def port(self) -> int:
        return self.gateway.port

    @property
    def host(self) -> str:
        return f"localhost:{self.server.port}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("smuggling") / "data"
    with serving(data, variables={"GATEPASS_TRUSTED_PROXIES": '["127.0.0.1"]'}) as running:
        yield running


@pytest.fixture(scope="module")
def organization(server: Server) -> Organization:
    made = server.create_organization("Acme", "anna")
    with Portal(server) as portal:
        portal.begin(made)
    return made


@pytest.fixture(scope="module")
def client(server: Server, organization: Organization) -> Credentials:
    return server.create_application(organization.org_id)


@pytest.fixture(scope="module", params=NAMES)
def front(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    server: Server,
    client: Credentials,
    organization: Organization,
) -> Iterator[Front]:
    name: str = request.param
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    folder = tmp_path_factory.mktemp(name)
    with tapping(server.port) as tap, forwarding(name, folder, tap.port) as gateway:
        yield Front(gateway, tap, server, client, organization)


def token_request(client: Credentials, host: str, *fields: str) -> bytes:
    """Return a token request; `fields` are added to its head."""
    credentials = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    authorization = f"Authorization: Basic {credentials}"
    return post(TOKEN, host, b"grant_type=client_credentials", authorization, *fields)


def refused_request(host: str, source: str) -> bytes:
    """Return a token request that the server notes in its log with this source."""
    nobody = Credentials("gpc_live_nobody", "wrong", "")
    return token_request(nobody, host, f"X-Forwarded-For: {source}", "X-Forwarded-Proto: https")


def ask(front: Front, request: bytes) -> bytes:
    """Send a whole request through the gateway and return what comes."""
    return exchange(front.port, [request], end=False, within=10.0)


def attack(front: Front, stream: Stream, inner: bytes) -> bytes:
    """Send a hostile request and return what comes until nothing more does."""
    return send(front.port, stream, front.host, inner)


def send(port: int, stream: Stream, host: str, inner: bytes) -> bytes:
    """Send a hostile request to a port and return what comes until nothing more does."""
    head, body = stream.parts(TOKEN, host, inner)
    return exchange(port, [head + body], end=False, linger=0.03, within=0.5)


def assert_all_get_their_own(front: Front) -> None:
    """Ask for several things, as victims do; each answer is the one to its request."""
    token = ask(front, token_request(front.client, front.host))
    assert b'"access_token"' in token
    assert statuses(token) == [200]
    for offer in OFFERING if front.gateway.name != "envoy" else [()]:
        metadata = ask(front, get("/.well-known/oauth-authorization-server", front.host, *offer))
        assert statuses(metadata) == [200], metadata
        assert b'"token_endpoint"' in metadata, metadata
        health = ask(front, get("/healthz", front.host, *offer))
        assert statuses(health) == [200], health
        assert b'"status"' in health, health


def test_the_log_shows_whether_a_request_came_past_the_gateway(front: Front) -> None:
    past, through = next(_sources), next(_sources)

    exchange(front.server.port, [refused_request(front.host, past)], end=False)
    ask(front, refused_request(front.host, through))

    assert past in front.server.log()
    assert through not in front.server.log()


@pytest.mark.parametrize("name", ["nginx", "caddy", "traefik"])
def test_the_same_attack_succeeds_before_a_server_with_the_fault(tmp_path: Path, name: str) -> None:
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    [stream] = [each for each in STREAMS if each.name == "an offer of foo with a length"]
    with (
        plain_uvicorn.serving(tmp_path, ECHO, "--http", "httptools") as port,
        tapping(port, pause=5.0) as tap,  # it answers the head at once
        forwarding(name, tmp_path, tap.port) as gateway,
    ):
        send(gateway.port, stream, "localhost", get("/inner", "localhost"))

        assert tap.wait_for_answer(b"path: /inner")


@pytest.mark.parametrize("stream", _OFFERS, ids=lambda stream: stream.name)
def test_the_offer_reaches_the_server_where_the_gateway_forwards_it(
    front: Front, stream: Stream
) -> None:
    [offer] = re.findall("Upgrade: (.*)\r\n", stream.head)
    front.tap.forget()

    attack(front, stream, b"grant_type=client_credentials")

    forwarded = re.search(rb"(?i)\r\nupgrade: *(.*)\r\n", front.tap.forwarded())
    assert (forwarded is not None) == (offer in FORWARDED[front.gateway.name])


@pytest.mark.spec("RFC 9112", "6.3")
@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_a_request_inside_a_body_is_never_run(front: Front, stream: Stream) -> None:
    source = next(_sources)

    received = attack(front, stream, refused_request(front.host, source))
    assert_all_get_their_own(front)

    assert source not in front.server.log(), received


@pytest.mark.parametrize("inner", ["a whole request", "half a head", "half a body"])
@pytest.mark.parametrize("stream", _POISONS, ids=lambda stream: stream.name)
def test_everybody_gets_the_answer_to_their_own_request(
    front: Front, stream: Stream, inner: str
) -> None:
    keys = get("/.well-known/jwks.json", front.host)
    inners = {
        "a whole request": keys,
        "half a head": keys.removesuffix(b"\r\n") + b"X-Rest: ",
        "half a body": post(TOKEN, front.host, b"scope=", length=2000),
    }

    attack(front, stream, inners[inner])

    assert_all_get_their_own(front)


@pytest.mark.parametrize("offer", OFFERING, ids=["plain", "offer"])
@pytest.mark.parametrize("name", ["an offer of foo with a length", "CONNECT of a path with a body"])
def test_a_session_of_the_portal_is_not_captured(
    front: Front, name: str, offer: tuple[str, ...]
) -> None:
    [stream] = [each for each in STREAMS if each.name == name]
    if front.gateway.name == "envoy":  # refuses the offer
        offer = ()
    cookies, swallowing = log_in(front), Swallowing.prepare(front)
    values = [each.partition("=")[2] for each in cookies.split("; ")]

    for _ in range(ROUNDS):
        own, stolen = capture(front, stream, swallowing, cookies, offer)

        assert statuses(own) == [200], own
        assert b"Applications" in own, own
        assert b"anna" not in stolen
        for value in values:
            assert value.encode() not in stolen
            assert value not in front.server.log()


class Swallowing(NamedTuple):
    """Two logins that fail; the second takes what comes after it for the name to log in with.

    The page that says so shows the name. The first keeps the server busy for a moment.
    """

    host: str
    fields: tuple[str, ...]
    typed: str

    @classmethod
    def prepare(cls, front: Front) -> Self:
        """Open the page of the login as anybody can."""
        with Portal(front.server) as nobody:
            form = nobody.page(LOGIN).forms[LOGIN]
            fields = (f"Cookie: {cookie_of(nobody)}", f"Origin: http://{front.host}")
        filled = form.filled(password="wrong", username="")
        typed = "&".join(f"{name}={value}" for name, value in filled.items() if name != "username")
        return cls(front.host, fields, f"{typed}&username=")

    def inner(self) -> bytes:
        """Return the two requests, from a source that is new."""
        fields = (*self.fields, f"X-Forwarded-For: {next(_sources)}")
        whole = post(LOGIN, self.host, f"{self.typed}a".encode(), *fields)
        return whole + post(LOGIN, self.host, self.typed.encode(), *fields, length=SWALLOWED)


def capture(
    front: Front, stream: Stream, swallowing: Swallowing, cookies: str, offer: tuple[str, ...]
) -> tuple[bytes, bytes]:
    """Attack, then let a victim open the portal; return the victim's answer and the attacker's."""
    head, body = stream.parts(TOKEN, front.host, swallowing.inner(), FILLER)
    front.tap.forget()
    with Thief(front.port) as thief:
        thief.send(head)
        front.tap.wait(lambda forwarded: TOKEN.encode() in forwarded, 0.05)
        thief.send(body)
        thief.receive(0.5)
        victims = get(APPLICATIONS, front.host, f"Cookie: {cookies}", *offer)
        own = exchange(front.port, [victims], end=False, within=10.0)
    with Thief(front.port) as thief:
        thief.send(post("/healthz", front.host, b"\r\n" * SWALLOWED, *offer))
        return own, thief.receive(0.5)


def log_in(front: Front) -> str:
    """Log in at the portal and return the cookies."""
    with Portal(front.server) as portal:
        assert portal.log_in(front.organization.username, PASSWORD).status_code == 303
        return cookie_of(portal)


def cookie_of(portal: Portal) -> str:
    """Return a Cookie field's value."""
    return "; ".join(f"{each.name}={each.value}" for each in portal.http.cookies.jar)
