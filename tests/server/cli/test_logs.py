import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gatepass.server.observability import logging as logs
from gatepass.wire.credential import Kind, Mode, mint
from gatepass.wire.secret import Secret

SECRET = mint(Kind.CLIENT_SECRET, Mode.LIVE, bytes(range(32)))
TOKEN = mint(Kind.ACCESS_TOKEN, Mode.TEST, bytes(range(64)))


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Log to a stream of our own, and put things back afterwards."""
    root = logging.getLogger()
    before = root.handlers, root.level
    stream = io.StringIO()
    logs.configure("json", stream)
    yield stream
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers, root.level = before


def _last(written: io.StringIO) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(written.getvalue().splitlines()[-1])
    return event


def test_an_event_is_one_line_of_json_with_time_level_and_name_first(
    written: io.StringIO,
) -> None:
    structlog.get_logger("gatepass.server").warning("client.refused", status=401, reason="a\nb")

    assert written.getvalue().count("\n") == 1
    event = _last(written)
    assert list(event)[:3] == ["ts", "level", "event"]
    assert (event["level"], event["event"]) == ("warning", "client.refused")
    assert (event["status"], event["reason"]) == (401, "a\nb")


def test_what_other_libraries_log_comes_out_the_same_way(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").error("Cancel %s running task(s)", 3)

    assert _last(written)["event"] == "Cancel 3 running task(s)"
    assert _last(written)["level"] == "error"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"reason": f"no such client {SECRET}"}, id="a secret in a sentence"),
        pytest.param({"client_id": SECRET}, id="a secret in the wrong field"),
        pytest.param({"path": f"/?access_token={TOKEN}&x=1"}, id="a token in an address"),
        pytest.param({"cut": TOKEN[:20]}, id="a token that was cut"),
        pytest.param({"shouted": SECRET.upper()}, id="a secret in capitals"),
        pytest.param({"raw": TOKEN.encode()}, id="bytes"),
        pytest.param({"deep": {"list": [{"x": (TOKEN, SECRET)}]}}, id="nested"),
        pytest.param({"deep": {SECRET: 1}}, id="a name"),
        pytest.param({"error": ValueError(SECRET)}, id="an exception as a value"),
        pytest.param({"password": "correct horse"}, id="a password"),
        pytest.param({"Authorization": "correct horse"}, id="a header's name"),
        pytest.param({"deep": {"new_password": ["correct horse"]}}, id="a nested password"),
        pytest.param({"header": "Basic Y29ycmVjdCBob3JzZQ=="}, id="a Basic header"),
        pytest.param({"header": "bearer Y29ycmVjdCBob3JzZQ"}, id="a Bearer header"),
        pytest.param({"wrapped": Secret(SECRET)}, id="a wrapped secret"),
    ],
)
def test_nothing_that_looks_like_a_secret_is_written(
    written: io.StringIO, fields: dict[str, object]
) -> None:
    structlog.get_logger("gatepass.server").info("something", **fields)

    line = written.getvalue().lower()
    secrets = (SECRET[9:], TOKEN[9:20], "correct horse", "y29ycmvjd")
    assert [secret for secret in secrets if secret.lower() in line] == []
    assert "something" in line


def test_an_exceptions_text_and_traceback_are_cleaned_too(written: io.StringIO) -> None:
    try:
        int(f"cannot use {SECRET}")
    except ValueError:
        structlog.get_logger("gatepass.server").exception("request.failed")
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")

    assert SECRET not in written.getvalue()
    for line in written.getvalue().splitlines():
        assert f"cannot use {logs.REDACTED}" in json.loads(line)["exception"]


def test_what_is_no_secret_is_left_as_it_is(written: io.StringIO) -> None:
    client_id = mint(Kind.CLIENT_ID, Mode.LIVE, bytes(16))
    fields = {"client_id": client_id, "status": 401, "ok": True, "none": None, "path": "/oauth2/"}

    structlog.get_logger("gatepass.server").info("something", **fields)

    assert {name: _last(written)[name] for name in fields} == fields


def test_on_a_terminal_the_log_is_text(written: io.StringIO) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    logs.configure("auto", terminal)
    structlog.get_logger("gatepass.server").info("server.starting", token="correct horse")

    assert "server.starting" in terminal.getvalue()
    assert "{" not in terminal.getvalue()
    assert "correct horse" not in terminal.getvalue()
    assert written.getvalue() == ""
