"""Neither token nor secret gets into an error or the log, however the answer is encoded."""

import html
import json
import logging
import re
import socket
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from urllib.parse import unquote

import pytest

from client.fake_server import CLIENT_ID, ScriptedServer
from gatepass import loopback
from gatepass.client import TokenRefused, TokenUnavailable
from gatepass.client.errors import quotable
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.request import read_response
from gatepass.client.tokens.source import TokenSource
from gatepass.wire.flow import Response
from gatepass.wire.secret import Secret
from wire.samples import octets, texts

TOKEN = "Zq7Xw9Kp3Vb5Nd1Rf8Tg"
SECRET = "Hq4Lm8Zt2Xc6Vn9Bw1Kd"
BODIES = octets("token_in_foreign_encodings")
DESCRIPTIONS = texts("secret_in_descriptions")
MEDIA_TYPES = ["application/json", "text/html; charset=utf-16", "text/plain", ""]
PIECE = 4  # characters in a row that may not be there


def readings(text: str) -> Iterator[str]:
    """Return a text as a reader may decode it."""
    yield text
    yield text[::-1]
    yield unquote(unquote(text))
    yield html.unescape(text)
    yield re.sub(r"(?:\\u00|\\x|=)([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)
    yield re.sub(r"([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)
    for run in re.findall(r"[\w+/=-]{4,}", "".join(text.split()) + " " + text):
        for start in range(4):
            with suppress(ValueError):
                yield b64decode(run[start:][: (len(run) - start) // 4 * 4]).decode("latin-1")


def has(text: str, word: str) -> bool:
    """Return whether a piece of `word` is in `text`, in any reading, letters and digits alone."""
    pieces = {word[at : at + PIECE] for at in range(len(word) - PIECE + 1)}
    for reading in readings(text):
        bare = "".join(filter(str.isalnum, reading))
        if any(piece in bare for piece in pieces):
            return True
    return False


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_the_readings_find_the_secret_in_each_sample(name: str) -> None:
    assert has(DESCRIPTIONS[name], SECRET)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404])
@pytest.mark.parametrize("name", BODIES)
def test_a_token_in_an_answer_that_is_not_understood_is_in_no_error(
    name: str, status: int, media_type: str
) -> None:
    answer = Response(status, {"content-type": media_type}, BODIES[name])

    with pytest.raises((TokenRefused, TokenUnavailable)) as caught:
        read_response(answer, [Secret(SECRET)])

    shown = f"{caught.value} {caught.value!r} {vars(caught.value)}"
    assert not has(shown, TOKEN)
    assert str(caught.value).isprintable()
    assert str(len(BODIES[name])) in str(caught.value)


@pytest.mark.parametrize("name", BODIES)
def test_a_media_type_that_is_none_is_not_quoted(name: str) -> None:
    answer = Response(404, {"content-type": f"text/{TOKEN}; {TOKEN}"}, BODIES[name])

    with pytest.raises(TokenRefused) as caught:
        read_response(answer, [Secret(SECRET)])
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_the_secret_in_a_servers_own_words_is_not_quoted(name: str) -> None:
    message = {"error": "invalid_client", "error_description": f"wrong: {DESCRIPTIONS[name]}"}
    answer = Response(401, {}, json.dumps(message).encode())

    with pytest.raises(TokenRefused) as caught:
        read_response(answer, [Secret(SECRET)])

    assert caught.value.error == "invalid_client"
    assert not has(f"{caught.value} {caught.value!r}", SECRET)


def test_a_jwt_in_a_servers_own_words_is_not_quoted() -> None:
    jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhY21lIn0.c2lnbmF0dXJl"

    assert quotable(f"the token {jwt} is known", []) == "the token [redacted] is known"


@pytest.mark.parametrize("secret", ["x", "id", "a-b!", "%&/()"])
def test_a_secret_of_a_few_letters_does_not_empty_every_description(secret: str) -> None:
    text = "the client id is not known to this server"

    assert "not known" in quotable(text, [Secret(secret)]).replace("[redacted]", secret)


@pytest.mark.parametrize("title", ["502 Bad Gateway", "Sign in", "404 Not Found - nginx", "OK"])
def test_the_title_of_a_page_is_told(title: str) -> None:
    page = f"<html><head>\n<TITLE>\n{title} </TITLE></head>".encode()

    with pytest.raises(TokenRefused, match=f'titled "{title}"'):
        read_response(Response(404, {"content-type": "text/html"}, page), [Secret(SECRET)])


@pytest.mark.parametrize("title", ["h u n t e r", "a, b, c", "1 2 3", "w" * 13, "a b " * 9, "Ab1"])
def test_a_title_that_may_be_no_words_is_not_told(title: str) -> None:
    page = f"<title>{title}</title>".encode()

    with pytest.raises(TokenRefused) as caught:
        read_response(Response(404, {}, page), [Secret(SECRET)])
    assert "titled" not in str(caught.value)


def test_the_secret_in_a_title_is_not_told() -> None:
    page = b"<title>Unknown client swordfish here</title>"

    with pytest.raises(TokenRefused) as caught:
        read_response(Response(404, {}, page), [Secret("swordfish")])
    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize("name", BODIES)
def test_neither_error_nor_log_has_the_token_of_a_real_answer(
    server: ScriptedServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.responses.append(
        loopback.Response(200, BODIES[name], {"Content-Type": "application/json"})
    )
    source = TokenSource(ClientSettings(server.token_url, CLIENT_ID, SECRET), deadline=30.0)

    with pytest.raises(TokenUnavailable) as caught:
        source.token()

    assert not has(str(caught.value), TOKEN)
    assert not has(caplog.text, TOKEN)
    assert not has(repr(source.status()), TOKEN)


@contextmanager
def speaking(answer: bytes) -> Iterator[str]:
    """Return the address of a server that answers each connection with these very bytes."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                near, _ = door.accept()
                with near, suppress(OSError):
                    near.recv(65536)
                    near.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}/token"
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    "begin", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nSet-Cookie\r\n"]
)
@pytest.mark.parametrize("name", ["another type", "UTF-16 little-endian", "percent-encoded"])
def test_an_answer_that_is_not_http_is_not_quoted(name: str, begin: bytes) -> None:
    with speaking(begin + BODIES[name] + b"\r\n\r\n") as url:
        source = TokenSource(ClientSettings(url, CLIENT_ID, SECRET), random=lambda: 0.0)
        with pytest.raises(TokenUnavailable, match="RemoteProtocolError") as caught:
            source.token()

    assert not has(str(caught.value), TOKEN)
