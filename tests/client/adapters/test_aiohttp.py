"""What is special to aiohttp: where a middleware may put a token, and what it sends again."""

import asyncio
import logging
import os
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest

from client.fake_server import CLIENT_ID, SECRET, ScriptedServer, scripted_server
from gatepass.client import ConfigurationError
from gatepass.client.aiohttp import BearerAuth


@pytest.fixture
def auth(server: ScriptedServer) -> BearerAuth:
    return BearerAuth(token_url=server.token_url, client_id=CLIENT_ID, client_secret=SECRET)


def get(auth: BearerAuth, url: str) -> int:
    async def story() -> int:
        async with (
            aiohttp.ClientSession(middlewares=(auth,)) as session,
            session.get(url) as answer,
        ):
            return answer.status

    return asyncio.run(story())


def post(auth: BearerAuth, url: str, body: object) -> tuple[int, bytes]:
    async def story() -> tuple[int, bytes]:
        async with (
            aiohttp.ClientSession(middlewares=(auth.to(url),)) as session,
            session.post(url, data=body) as answer,
        ):
            return answer.status, await answer.read()

    return asyncio.run(story())


def test_where_nobody_says_where_tokens_may_go_none_goes_anywhere(
    server: ScriptedServer, auth: BearerAuth
) -> None:
    with pytest.raises(ConfigurationError, match="name it"):
        get(auth, server.api_url)

    assert not server.received


def test_named_origins_get_tokens_and_others_do_not(
    server: ScriptedServer, auth: BearerAuth, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gatepass.client")
    named = auth.to("https://api.example", f"{server.url}/any/path")
    with scripted_server() as other:
        assert get(named, server.api_url) == 200
        assert get(named, other.api_url) == 401
        assert not any("authorization" in found.headers for found in other.received)
        assert f"no token for {other.url}" in caplog.text
    assert named.source is auth.source


@pytest.mark.spec("RFC 6750", "5.3")
@pytest.mark.parametrize(
    "url", ["", "api.example", "https://", "http://[::1", "http://api.example"]
)
def test_an_origin_that_a_token_must_not_go_to_is_refused(auth: BearerAuth, url: str) -> None:
    with pytest.raises(ConfigurationError, match="the API's URL"):
        auth.to("https://api.example", url)


def test_a_websocket_is_of_the_origin_of_its_first_request(
    server: ScriptedServer, auth: BearerAuth
) -> None:
    async def story() -> int:
        async with aiohttp.ClientSession(middlewares=(auth.to(server.url),)) as session:
            try:
                async with session.ws_connect(server.api_url.replace("http:", "ws:")):
                    return 101
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    assert asyncio.run(story()) == 200  # it is no WebSocket, but it accepted the token
    assert server.api_requests[0].headers["authorization"] == "Bearer pass-1"


def test_a_file_is_sent_again_from_where_it_began(server: ScriptedServer, auth: BearerAuth) -> None:
    auth.source.token()
    server.revoked.add("pass-1")
    file = BytesIO(b"skipped, sent")
    file.seek(9)

    assert post(auth, server.api_url, file) == (200, b"body: sent")
    assert [found.body for found in server.api_requests] == [b"sent", b"sent"]


def test_a_form_with_a_file_is_sent_again_whole(
    server: ScriptedServer, auth: BearerAuth, tmp_path: Path
) -> None:
    auth.source.token()
    server.revoked.add("pass-1")
    path = tmp_path / "file"
    path.write_bytes(b"content of the file")
    with path.open("rb") as file:
        form = aiohttp.FormData({"name": "value"})
        form.add_field("file", file)
        status, _ = post(auth, server.api_url, form)

    first, second = server.api_requests
    assert status == 200
    assert b"content of the file" in second.body
    assert first.body == second.body


def test_a_pipe_is_not_sent_again(server: ScriptedServer, auth: BearerAuth) -> None:
    server.revoke_all = True
    end, beginning = os.pipe()
    os.write(beginning, b"once")
    os.close(beginning)

    with os.fdopen(end, "rb") as pipe:
        assert post(auth, server.api_url, pipe)[0] == 401

    assert [found.body for found in server.api_requests] == [b"once"]


def test_a_body_still_on_its_way_when_it_is_refused_is_sent_again_whole(auth: BearerAuth) -> None:
    """The API answers the first time without reading more than the header."""
    body = b"x" * 8_000_000
    auth.source.token()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"pass-1" in head:
            writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            await over.wait()
        else:
            got = await reader.readexactly(len(body))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * (got == body))
            await writer.drain()
        writer.close()

    async def story() -> int:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as api:
            url = f"http://127.0.0.1:{api.sockets[0].getsockname()[1]}/"
            async with (
                aiohttp.ClientSession(middlewares=(auth.to(url),)) as session,
                session.post(url, data=BytesIO(body)) as got,
            ):
                over.set()
                return got.status

    over = asyncio.Event()
    assert asyncio.run(story()) == 200
