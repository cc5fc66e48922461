"""DPoP (RFC 9449): bound tokens, and a proof with each request of every adapter."""

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from client.adapters.adapters import PART, WAYS, Way
from client.keys.dpop_server import DpopServer, dpop_server
from gatepass.cli import main
from gatepass.client import httpx2 as over_httpx2
from gatepass.client.cache.file_cache import FileCache
from gatepass.client.errors import ConfigurationError, TokenRefused, TokenUnavailable
from gatepass.client.keys.dpop import Prover
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.bearer_auth import BearerAuthBase
from gatepass.client.tokens.source import TokenSource
from gatepass.jose import dpop
from gatepass.jose.keys.private_key import PrivateKey


@pytest.fixture
def server() -> Iterator[DpopServer]:
    with dpop_server() as running:
        yield running


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def settings_of(server: DpopServer, **more: object) -> ClientSettings:
    more = {"dpop": True} | more
    return ClientSettings(server.token_url, "acme", "hush hush", **more)  # type: ignore[arg-type]


def auth_of(way: Way, server: DpopServer) -> BearerAuthBase:
    return way.auth.sharing(TokenSource(settings_of(server), random=lambda: 0.0))


@pytest.mark.spec("RFC 9449", "7.1")
def test_each_request_has_the_scheme_dpop_and_a_proof_of_its_own(
    server: DpopServer, way: Way
) -> None:
    auth = auth_of(way, server)

    assert [way(auth, server.api_url).status for _ in range(3)] == [200, 200, 200]
    assert way(auth, f"{server.api_url}", b"a body").body == b"body: a body"
    assert len({proof.jti for proof in server.proofs}) == 5
    assert {proof.jkt for proof in server.proofs} == set(server.bound.values())


@pytest.mark.spec("RFC 9449", "8")
def test_the_nonce_of_the_token_endpoint_is_sent_in_one_more_request(server: DpopServer) -> None:
    server.nonce = "first"
    source = TokenSource(settings_of(server))
    token = source.token()

    assert (token.authorization, server.token_requests) == ("DPoP t-1", 2)
    source.invalidate(token)
    source.token()
    assert server.token_requests == 3  # it remembers the nonce


def test_a_server_that_asks_for_a_nonce_again_and_again_gets_two_requests(
    server: DpopServer,
) -> None:
    class Never(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return False

        __hash__ = str.__hash__

    server.nonce = Never("moving")
    with pytest.raises(TokenRefused, match="use_dpop_nonce"):
        TokenSource(settings_of(server)).token()
    assert server.token_requests == 2


@pytest.mark.spec("RFC 9449", "9")
def test_the_nonce_of_an_api_is_sent_in_one_more_request_and_kept(
    server: DpopServer, way: Way
) -> None:
    server.api_nonce = "of the API"
    auth = auth_of(way, server)

    assert way(auth, server.api_url, b"once more").body == b"body: once more"
    assert way(auth, server.api_url).status == 200
    assert server.faults == ["use_dpop_nonce"]
    assert server.token_requests == 1
    server.api_nonce = "another"
    assert way(auth, server.api_url).status == 200
    assert server.faults == ["use_dpop_nonce"] * 2
    assert server.token_requests == 1


def test_a_body_that_can_be_sent_once_is_not_sent_twice(server: DpopServer, way: Way) -> None:
    auth = auth_of(way, server)
    server.api_nonce = "of the API"

    assert way(auth, server.api_url, way.spent()).status == 401
    assert server.bodies == [PART]
    assert way(auth, server.api_url, way.spent()).body == b"body: " + PART
    assert server.token_requests == 1


def test_a_revoked_token_is_renewed_also_after_a_nonce(server: DpopServer, way: Way) -> None:
    auth = auth_of(way, server)
    way(auth, server.api_url)
    server.revoked.add("t-1")
    server.api_nonce = "of the API"
    first = way(auth, server.api_url)

    assert (first.status, first.number, server.token_requests) == (200, "2", 2)


def test_a_redirect_within_the_api_gets_a_proof_for_its_address(
    server: DpopServer, way: Way
) -> None:
    server.redirects["/api"] = "/api/"
    auth = auth_of(way, server)

    assert way(auth, server.api_url, b"moved").body == b"body: moved"
    assert server.token_requests == 1


def test_a_redirect_to_another_origin_gets_no_token(server: DpopServer, way: Way) -> None:
    with dpop_server() as other:
        server.redirects["/api"] = other.api_url

        assert way(auth_of(way, server), server.api_url).status == 401
        assert (len(other.bodies), server.token_requests) == (1, 1)
        assert other.unasked == []


@pytest.mark.parametrize(
    ("url", "htu"),
    [
        ("https://user:hush@api.example.com/a?b#c", "https://api.example.com/a"),
        ("https://api.example.com?b", "https://api.example.com/"),
        ("https://[::1]:8443", "https://[::1]:8443/"),
        ("https://api.example.com/a@b://c", "https://api.example.com/a@b://c"),
    ],
)
def test_a_proof_names_no_user_and_always_a_path(url: str, htu: str) -> None:
    prover = Prover(PrivateKey.generate("ES256"))
    prover.remember(url, {"dpop-nonce": "n"})

    proof = dpop.read(prover.proof("GET", url))
    assert (proof.htu, proof.nonce) == (htu, "n")


def test_headers_with_a_proof_read_like_others_and_can_be_pickled(server: DpopServer) -> None:
    auth = over_httpx2.BearerAuth.sharing(TokenSource(settings_of(server)))
    with httpx2.Client(auth=auth) as client:
        sent = client.get(server.api_url, headers={"X-Own": "1"}).request

    assert sent.headers["dpop"] == sent.headers.get("DPoP") == dict(sent.headers)["dpop"]
    assert sent.headers["x-own"] == "1"
    assert "DPoP" in sent.headers
    assert len(sent.headers) == len(sent.headers.raw) == len(list(sent.headers))
    assert pickle.loads(pickle.dumps(sent)).headers == sent.headers
    assert "dpop" not in httpx2.Headers(sent.headers)  # as a redirect copies them


def test_a_server_that_does_not_bind_is_refused(server: DpopServer) -> None:
    server.binds = False

    with pytest.raises(TokenUnavailable, match="take GATEPASS_DPOP out of the settings"):
        TokenSource(settings_of(server)).token()


def test_without_dpop_a_bound_token_is_refused() -> None:
    from client.fake_server import json_response, scripted_server

    with scripted_server() as plain:
        plain.responses.append(json_response(access_token="t", token_type="DPoP"))
        with pytest.raises(TokenUnavailable, match="token_type is not Bearer"):
            TokenSource(ClientSettings(plain.token_url, "acme", "hush hush")).token()


def test_processes_with_one_key_share_a_token_and_others_do_not(
    server: DpopServer, tmp_path: Path
) -> None:
    one, other = (PrivateKey.generate("ES256").pem() for _ in range(2))

    def token(key: str) -> str:
        settings = settings_of(server, dpop_key=key)
        return TokenSource(settings, cache=FileCache(tmp_path / "cache")).token().value

    assert [token(one), token(one), token(other), token(other), token(one)] == [
        "t-1",
        "t-1",
        "t-2",
        "t-2",
        "t-1",
    ]
    assert server.token_requests == 2


def test_a_key_that_is_made_here_leaves_no_token_in_the_cache(
    server: DpopServer, tmp_path: Path
) -> None:
    directory = tmp_path / "cache"
    first = TokenSource(settings_of(server), cache=FileCache(directory)).token()
    second = TokenSource(settings_of(server), cache=FileCache(directory)).token()

    assert (first.value, second.value) == ("t-1", "t-2")
    assert first.jkt != second.jkt
    assert not list(tmp_path.rglob("*.json"))


def test_a_file_whose_token_names_another_key_is_not_used(
    server: DpopServer, tmp_path: Path
) -> None:
    settings = settings_of(server, dpop_key=PrivateKey.generate("ES256").pem())
    TokenSource(settings, cache=FileCache(tmp_path / "cache")).token()
    (file,) = tmp_path.rglob("*.json")
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"jkt": "of-another"}))

    assert TokenSource(settings, cache=FileCache(tmp_path / "cache")).token().value == "t-2"


def test_the_environment_turns_it_on_and_commands_use_it(
    server: DpopServer, tmp_path: Path
) -> None:
    file = tmp_path / "dpop.json"
    file.write_text(json.dumps(PrivateKey.generate("Ed25519").private_jwk()))
    file.chmod(0o600)
    environ = {
        "GATEPASS_TOKEN_URL": server.token_url,
        "GATEPASS_CLIENT_ID": "acme",
        "GATEPASS_CLIENT_SECRET": "hush hush",
        "GATEPASS_DPOP": "1",
    }

    assert ClientSettings.from_env(environ).dpop
    server.api_nonce = "n"
    result = CliRunner().invoke(
        main, ["call", server.api_url], env=environ | {"GATEPASS_DPOP_KEY_FILE": str(file)}
    )
    assert (result.exit_code, result.stdout) == (0, "body: ")
    assert {proof.alg for proof in server.proofs} == {"Ed25519"}


def test_an_api_that_wants_bound_tokens_says_which_setting_is_missing(
    server: DpopServer,
) -> None:
    server.binds = False
    environ = {
        "GATEPASS_TOKEN_URL": server.token_url,
        "GATEPASS_CLIENT_ID": "acme",
        "GATEPASS_CLIENT_SECRET": "hush hush",
    }
    result = CliRunner().invoke(main, ["call", server.api_url], env=environ)

    assert result.exit_code == 1
    assert "tokens bound to a key; set GATEPASS_DPOP=1" in result.stderr


def test_a_server_that_wants_a_proof_says_which_setting_is_missing(server: DpopServer) -> None:
    with pytest.raises(TokenRefused, match=r"invalid_dpop_proof: .* set GATEPASS_DPOP=1"):
        TokenSource(settings_of(server, dpop=False)).token()


def test_what_is_turned_off_stays_off_beside_a_key(server: DpopServer) -> None:
    environ = {
        "GATEPASS_TOKEN_URL": server.token_url,
        "GATEPASS_CLIENT_ID": "acme",
        "GATEPASS_CLIENT_SECRET": "hush hush",
        "GATEPASS_DPOP_KEY": PrivateKey.generate("ES256").pem(),
    }

    assert ClientSettings.from_env(environ).dpop
    assert not ClientSettings.from_env(environ | {"GATEPASS_DPOP": "0"}).dpop


def test_a_setting_that_is_neither_on_nor_off_is_refused() -> None:
    environ = {"GATEPASS_TOKEN_URL": "https://a.example/t", "GATEPASS_CLIENT_ID": "a"}
    environ |= {"GATEPASS_CLIENT_SECRET": "hush", "GATEPASS_DPOP": "perhaps"}

    with pytest.raises(ConfigurationError, match="GATEPASS_DPOP is neither on nor off"):
        ClientSettings.from_env(environ)


@pytest.mark.spec("RFC 9449", "4.2")
def test_a_proof_has_the_address_without_query_and_the_digest_of_the_token() -> None:
    prover = Prover(PrivateKey.generate("ES256"), wall=lambda: 1000.7)
    prover.remember("https://api.example", {"dpop-nonce": "n"})
    proof = dpop.read(prover.proof("GET", "https://api.example/a?b=c#d", "token"))

    assert (proof.htm, proof.htu, proof.iat) == ("GET", "https://api.example/a", 1000)
    assert (proof.ath, proof.nonce) == (dpop.token_digest("token"), "n")
    assert "d" not in json.loads(json.dumps(prover._public))  # noqa: SLF001
    assert "PRIVATE" not in repr(prover)


@pytest.mark.parametrize(("url", "htu"), [("ws://a/b", "http://a/b"), ("wss://a/b", "https://a/b")])
def test_the_address_of_a_websocket_is_that_of_its_first_request(url: str, htu: str) -> None:
    prover = Prover(PrivateKey.generate("ES256"))
    prover.remember(htu, {"dpop-nonce": "n"})
    proof = dpop.read(prover.proof("GET", url))

    assert (proof.htu, proof.nonce) == (htu, "n")


@pytest.mark.parametrize("nonce", ["", "x" * 2000, "caf\u00e9"])
def test_a_nonce_that_cannot_be_one_is_not_kept(nonce: str) -> None:
    prover = Prover(PrivateKey.generate("ES256"))

    assert not prover.remember("https://api.example", {"dpop-nonce": nonce})
    assert dpop.read(prover.proof("GET", "https://api.example/")).nonce is None


def test_the_nonces_of_so_many_origins_are_kept_and_no_more() -> None:
    prover = Prover(PrivateKey.generate("ES256"))
    for number in range(100):
        prover.remember(f"https://{number}.example/a", {"dpop-nonce": f"n{number}"})

    assert len(prover._nonces) == 64  # noqa: SLF001
    assert dpop.read(prover.proof("GET", "https://99.example/b")).nonce == "n99"


def test_a_forked_process_proves_with_the_same_key(server: DpopServer) -> None:
    program = f"""
import os
from gatepass import ClientSettings, TokenSource
source = TokenSource(ClientSettings({server.token_url!r}, "acme", "hush", dpop=True))
token = source.token()
if os.fork() == 0:
    headers = source.headers(token, "GET", {server.api_url!r})
    import httpx2
    os._exit(0 if httpx2.get({server.api_url!r}, headers=headers).status_code == 200 else 1)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "0\n"
