"""What an issuer publishes, read with suspicion: metadata and keys, without a network."""

import json

import pytest

from gatepass.guard.issuer import discovery as published
from gatepass.guard.issuer.discovery import DiscoveryError, Endpoints
from gatepass.guard.issuer.urls import checked
from gatepass.jose.jwks import LONGEST_DOCUMENT
from gatepass.wire import metadata
from gatepass.wire.flow import Flow, Request, Response, run
from guard.tokens import Issuer

ISSUER = "https://app.example.com"
JWKS = ISSUER + "/.well-known/jwks.json"


def document(**changed: object) -> bytes:
    return json.dumps(metadata.authorization_server(ISSUER, [], "live") | changed).encode()


class Web:
    """Answers by address, else 404, and notes what was asked for."""

    def __init__(self, answers: dict[str, bytes], **headers: str) -> None:
        self.asked: list[Request] = []
        self._answers = answers
        self._headers = {name.replace("_", "-"): text for name, text in headers.items()}

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        found = self._answers.get(request.url)
        return Response(404 if found is None else 200, self._headers, found or b"")


def endpoints(body: bytes, issuer: str = ISSUER) -> Endpoints:
    web = Web({issuer.removesuffix("/") + "/.well-known/oauth-authorization-server": body})
    return run(published.endpoints(issuer), web.send)


def refusal(flow: Flow[object], web: Web) -> str:
    with pytest.raises(DiscoveryError) as error:
        run(flow, web.send)
    return str(error.value)


@pytest.mark.spec("RFC 8414", "3.3")
def test_the_metadata_names_the_addresses() -> None:
    assert endpoints(document()) == Endpoints(JWKS, ISSUER + "/oauth2/introspect/")
    assert endpoints(document(jwks_uri="", introspection_endpoint="")) == Endpoints()


@pytest.mark.spec("RFC 8414", "3.1")
@pytest.mark.parametrize(
    ("issuer", "first", "second"),
    [
        (ISSUER, "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"),
        (
            ISSUER + "/realms/a/",
            "/.well-known/oauth-authorization-server/realms/a",
            "/realms/a/.well-known/openid-configuration",
        ),
    ],
    ids=["plain", "with a path"],
)
def test_the_openid_configuration_is_the_second_place(issuer: str, first: str, second: str) -> None:
    web = Web({ISSUER + second: json.dumps({"issuer": issuer, "jwks_uri": JWKS}).encode()})

    found = run(published.endpoints(issuer), web.send)

    assert found == Endpoints(JWKS)
    assert [request.url for request in web.asked] == [ISSUER + first, ISSUER + second]
    assert {request.headers["accept-encoding"] for request in web.asked} == {"identity"}


def test_an_issuer_without_metadata_tells_nothing() -> None:
    assert refusal(published.endpoints(ISSUER), Web({})) == "the issuer's metadata answered 404"


@pytest.mark.spec("RFC 8414", "3.3")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (document(issuer=ISSUER + "/"), f"another issuer's: it names '{ISSUER}/', .* '{ISSUER}'"),
        (document(issuer="https://evil.example.com"), "another issuer's"),
        (document(issuer=None), "another issuer's"),
        (document(jwks_uri="http://app.example.com/jwks"), "https://"),
        (document(jwks_uri=["x"]), "not a string"),
        (document(introspection_endpoint="https://user@app.example.com/"), "plain address"),
        (document(introspection_endpoint="file:///etc/passwd"), "https://"),
        (b"[]", "not a JSON object"),
        (b"<html>", "not valid JSON"),
        (b" " * (LONGEST_DOCUMENT + 1), "longer than"),
    ],
    ids=range(10),
)
def test_metadata_that_is_not_to_be_trusted_tells_nothing(body: bytes, message: str) -> None:
    with pytest.raises(DiscoveryError, match=message):
        endpoints(body)


@pytest.mark.parametrize(
    ("control", "seconds"),
    [
        ("", None),
        ("public", None),
        ("public, max-age=60", 60),
        ('Max-Age="7"', 7),
        ("no-store", 0),
        ("max-age=60, no-cache", 0),
        ("max-age=99999999999999999999", 999_999_999),
    ],
)
def test_keys_are_kept_as_long_as_cache_control_says(
    issuer: Issuer, control: str, seconds: float | None
) -> None:
    body = json.dumps({"keys": [issuer.jwk("ES256")]}).encode()

    found = run(published.keys(JWKS), Web({JWKS: body}, cache_control=control).send)

    assert (list(found.keys.keys), found.max_age) == (["ES256-key"], seconds)


@pytest.mark.parametrize(
    ("answers", "message"), [({}, "answered 404"), ({JWKS: b"{}"}, "no list of at most 64 keys")]
)
def test_a_key_set_that_cannot_be_read_is_none(answers: dict[str, bytes], message: str) -> None:
    assert message in refusal(published.keys(JWKS), Web(answers))


@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "app.example.com",
        "https://",
        "http://app.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@app.example.com",
        "http://evillocalhost",
        "ftp://localhost",
        "https://user:pass@app.example.com",
        "https://app.example.com?tenant=1",
        "https://app.example.com/#",
    ],
)
def test_an_issuer_that_a_secret_must_not_travel_to_is_refused(issuer: str) -> None:
    with pytest.raises(ValueError, match="the issuer must be"):
        checked(issuer, "the issuer", is_issuer=True)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8001", "http://[::1]:8001/a", "http://app.localhost", ISSUER]
)
def test_plain_http_is_for_loopback(address: str) -> None:
    assert checked(address, "the issuer", is_issuer=True) == address


def test_an_address_that_is_no_issuer_may_have_a_query() -> None:
    assert checked(JWKS + "?p=policy", "jwks_uri") == JWKS + "?p=policy"
