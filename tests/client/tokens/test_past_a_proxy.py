"""A secret or token for this machine never goes through a proxy of the environment."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner

from client.fake_server import CLIENT_ID, SECRET, ScriptedServer
from client.secrets.fake_server import SECRET as STORED
from client.secrets.fake_server import secret_store
from client.secrets.vault.fake_vault import TOKEN, StandIn
from gatepass.cli import main
from gatepass.client import ConfigurationError, TokenUnavailable
from gatepass.client.secrets.vault.secret import FromVault
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.loopback import Response
from reverse_proxy import VARIABLES, Proxy, recording

COMMANDS = {"token": ["token"], "call": ["call"], "check": ["check"]}

Ask = Callable[[TokenSource], str]


def ask_sync(source: TokenSource) -> str:
    return source.token().authorization


def ask_async(source: TokenSource) -> str:
    async def ask() -> str:
        return (await source.atoken()).authorization

    return asyncio.run(ask())


@pytest.fixture(params=VARIABLES)
def proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with recording() as opened:
        opened.named_by(request.param, monkeypatch)
        yield opened


@pytest.fixture(params=[ask_sync, ask_async], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    chosen: Ask = request.param
    return chosen


def source_of(url: str) -> TokenSource:
    return TokenSource(ClientSettings(url, CLIENT_ID, SECRET), deadline=30.0)


def test_a_token_is_asked_for_past_the_proxy(
    server: ScriptedServer, proxy: Proxy, ask: Ask
) -> None:
    assert ask(source_of(server.token_url)) == "Bearer pass-1"
    assert proxy.got == []


def test_a_redirect_of_the_token_endpoint_leads_nothing_to_the_proxy(
    server: ScriptedServer, proxy: Proxy, ask: Ask
) -> None:
    elsewhere = {"Location": "http://elsewhere.example/token"}
    server.responses.append(Response(307, b"", elsewhere))

    with pytest.raises(TokenUnavailable, match="redirects are not followed"):
        ask(source_of(server.token_url))
    assert proxy.got == []


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_the_commands_speak_past_the_proxy(
    server: ScriptedServer, proxy: Proxy, command: list[str]
) -> None:
    words = [*command, server.api_url] if command == ["call"] else command
    environ = {
        "GATEPASS_TOKEN_URL": server.token_url,
        "GATEPASS_CLIENT_ID": CLIENT_ID,
        "GATEPASS_CLIENT_SECRET": SECRET,
    }
    result = CliRunner().invoke(main, words, env=environ)

    assert result.exit_code == 0, result.output
    assert len(server.token_requests) == 1
    assert proxy.got == []


def test_a_vault_is_asked_past_the_proxy(proxy: Proxy) -> None:
    with secret_store(StandIn().answer) as address:
        assert FromVault(address, "partners/gatepass", token=TOKEN)() == STORED
    assert proxy.got == []


def test_an_https_vault_behind_a_proxy_gets_its_token_only_through_a_tunnel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with recording() as proxy:
        proxy.named_by("HTTPS_PROXY", monkeypatch)
        with pytest.raises(ConfigurationError):
            FromVault("https://vault.example.invalid", "partners/gatepass", token=TOKEN)()

    assert proxy.got[0].startswith(b"CONNECT vault.example.invalid:443 ")
    assert not any(TOKEN.encode() in got for got in proxy.got)


def test_a_vault_behind_a_proxy_that_cannot_be_used_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://anna:pass@proxy:70")

    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as caught:
        FromVault("https://vault.example.invalid", "partners/gatepass", token=TOKEN)()
    assert "pass@" not in str(caught.value)
