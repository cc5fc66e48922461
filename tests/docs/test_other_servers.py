"""The page about other OAuth servers, before fakes that answer as those servers do.

What they want and answer is from their documentation and from reports of real exchanges:
Keycloak's service accounts; Auth0's client credentials flow; Microsoft's client credentials
flow and its list of AADSTS errors; Hydra's `fosite`; Okta's client credentials guide.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from docs.page import Block, Reader, blocks
from gatepass import ClientSettings, TokenRefused, TokenSource
from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.testing import json_response, refusal
from gatepass.wire import basic

PAGE = "use-another-oauth-server.md"
SECRET = "8Q~s+e/c=r%et"
JWT = "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl"


@dataclass(frozen=True)
class TokenRequest:
    """A token request as a server sees it."""

    path: str
    form: Mapping[str, str]
    client_id: str
    secret: str
    way: str
    grant_type: str = "client_credentials"


def read_request(request: Request) -> TokenRequest:
    form = dict(parse_qsl(request.body.decode(), strict_parsing=True))
    grant = form.pop("grant_type")
    if "authorization" in request.headers:
        assert not {"client_id", "client_secret"} & set(form)
        client_id, secret = basic.read(request.headers["authorization"].removeprefix("Basic "))
        return TokenRequest(
            request.path, form, client_id, secret.value, "client_secret_basic", grant
        )
    client_id, text = form.pop("client_id"), form.pop("client_secret")
    return TokenRequest(request.path, form, client_id, text, "client_secret_post", grant)


def keycloak(request: TokenRequest) -> Response:
    assert request.grant_type == "client_credentials"
    assert request.path == "/realms/acme/protocol/openid-connect/token"
    if (request.client_id, request.secret) != ("billing", SECRET):
        said = "Invalid client or Invalid client credentials"
        return refusal("unauthorized_client", said, 401)
    return json_response(
        200,
        access_token=JWT,
        expires_in=300,
        refresh_expires_in=0,
        token_type="Bearer",
        scope="email profile",
        **{"not-before-policy": 0},
    )


def auth0(request: TokenRequest) -> Response:
    assert request.path == "/oauth/token"
    known = request.way == "client_secret_post" and request.client_id == "h2Rr0dZ5TcP1"
    if not known or request.secret != SECRET:
        return refusal("access_denied", "Unauthorized", 401)
    if "audience" not in request.form:
        said = "Non-global clients are not allowed access to APIv1"
        return refusal("access_denied", said, 403)
    assert request.form == {"audience": "https://api.example.com"}
    return json_response(200, access_token=JWT, scope="read", expires_in=86400, token_type="Bearer")


def entra(request: TokenRequest) -> Response:
    assert re.fullmatch(r"/[0-9a-f-]{36}/oauth2/v2\.0/token", request.path)
    more = {"timestamp": "2026-01-01 00:00:00Z", "trace_id": "255d1aef", "correlation_id": "fb3d2"}
    if request.secret != SECRET:
        said = "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 255d1aef"
        return json_response(
            401, error="invalid_client", error_description=said, error_codes=[7000215], **more
        )
    if not request.form.get("scope", "").endswith("/.default"):
        said = "AADSTS1002012: The provided value for scope is not valid."
        return json_response(
            400, error="invalid_scope", error_description=said, error_codes=[1002012], **more
        )
    return json_response(
        200, token_type="Bearer", expires_in="3599", ext_expires_in=3599, access_token=JWT
    )


def hydra(request: TokenRequest) -> Response:
    assert request.path == "/oauth2/token"
    if request.way != "client_secret_basic" or request.secret != SECRET:
        said = "Client authentication failed (e.g., unknown client, no client authentication)."
        return refusal("invalid_client", said)
    assert request.form == {"scope": "meters.read", "audience": "https://api.example.com"}
    return json_response(
        200,
        access_token="ory_at_8LKsdfnWsdf.sdfnWEFsd",
        expires_in=3599,
        scope="meters.read",
        token_type="bearer",
    )


def okta(request: TokenRequest) -> Response:
    assert request.path == "/oauth2/default/v1/token"
    if request.secret != SECRET:
        said = "The client secret supplied for a confidential client is invalid."
        return refusal("invalid_client", said)
    if "scope" not in request.form:
        said = "The authorization server resource does not have any configured default scopes."
        return refusal("invalid_scope", said)
    return json_response(
        200, token_type="Bearer", expires_in=3600, access_token=JWT, scope="meters.read"
    )


def zoom(request: TokenRequest) -> Response:
    assert request.path == "/oauth/token"
    if request.way != "client_secret_basic" or request.secret != SECRET:
        return json_response(
            400, reason="Invalid client_id or client_secret", error="invalid_client"
        )
    if request.grant_type != "account_credentials":
        return json_response(400, reason="Unsupported grant type", error="unsupported_grant_type")
    assert request.form == {"account_id": "h2Rr0dZ5TcP1"}
    return json_response(
        200, access_token=JWT, token_type="bearer", expires_in=3599, scope="meeting:read:admin"
    )


SERVERS: Mapping[str, Callable[[TokenRequest], Response]] = {
    "sso.example.com": keycloak,
    "acme.eu.auth0.com": auth0,
    "login.microsoftonline.com": entra,
    "hydra.example.com": hydra,
    "acme.okta.com": okta,
    "zoom.us": zoom,
}


@contextmanager
def fake_server(host: str, folder: Path) -> Iterator[Reader]:
    """Return a reader for whom the fake server is the server called `host`."""
    loopback = LoopbackServer(lambda request: SERVERS[host](read_request(request)))
    environ = {"GATEPASS_CLIENT_SECRET": SECRET}
    try:
        with Reader(folder, {f"https://{host}": loopback.url}, environ, SECRET) as reader:
            yield reader
    finally:
        loopback.close()


def settings_of(host: str, reader: Reader) -> ClientSettings:
    """Return the settings that the page has for a server."""
    text = reader.put(console(host).text)
    exported = dict(re.findall(r"export (\w+)=(\S+)", text))
    return ClientSettings.from_env(exported | {"GATEPASS_CLIENT_SECRET": SECRET})


def console(host: str) -> Block:
    [block] = [b for b in blocks(PAGE) if b.language == "console" and host in b.text]
    return block


def test_every_example_of_the_page_is_played_here() -> None:
    hosts = [
        urlsplit(found).netloc for b in blocks(PAGE) for found in re.findall(r"https://\S+", b.text)
    ]

    assert {host for host in hosts if "api." not in host} >= set(SERVERS)
    assert [block.language for block in blocks(PAGE)] == ["console"] * len(SERVERS) + ["python"]


@pytest.mark.parametrize("host", SERVERS)
def test_the_commands_of_the_page_get_a_token(host: str, tmp_path: Path) -> None:
    with fake_server(host, tmp_path) as reader:
        reader.play(console(host))


def test_the_settings_in_python_get_a_token(tmp_path: Path) -> None:
    with fake_server("acme.eu.auth0.com", tmp_path) as reader:
        reader.play(blocks(PAGE)[-1])


@pytest.mark.parametrize("host", SERVERS)
def test_a_wrong_secret_is_known_for_one_and_the_second_is_tried(host: str, tmp_path: Path) -> None:
    with fake_server(host, tmp_path) as reader:
        settings = settings_of(host, reader)
        wrong = TokenSource(replace(settings, client_secret="wrong"), random=lambda: 0.0)
        with pytest.raises(TokenRefused) as refused:
            wrong.token()
        both = TokenSource(replace(settings, client_secret=["wrong", SECRET]))

        assert refused.value.is_of_the_secret
        assert both.token().expires_in in {300, 3599, 3600, 86400}


@pytest.mark.parametrize(
    ("host", "left_out", "said"),
    [
        ("acme.eu.auth0.com", {"parameters": ()}, "Non-global clients"),
        ("login.microsoftonline.com", {"scope": "api://meters.example.com/read"}, "AADSTS1002012"),
        ("acme.okta.com", {"scope": ""}, "default scopes"),
        ("hydra.example.com", {"auth_method": "client_secret_post"}, "invalid_client"),
    ],
)
def test_what_the_page_says_a_server_wants_is_wanted(
    host: str, left_out: dict[str, str], said: str, tmp_path: Path
) -> None:
    with fake_server(host, tmp_path) as reader:
        settings = replace(settings_of(host, reader), **left_out)  # type: ignore[arg-type]
        with pytest.raises(TokenRefused) as refused:
            TokenSource(settings).token()

    assert said in str(refused.value)
    assert SECRET not in str(refused.value)
