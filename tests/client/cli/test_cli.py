"""The client's commands and the root of the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from client.fake_server import CLIENT_ID, SECRET, ScriptedServer, json_response
from client.tls_server import issue, metadata_server
from gatepass.cli import main
from gatepass.loopback import Response

SERVER_EXTRA = ("alembic", "sqlalchemy", "starlette", "uvicorn")


@pytest.fixture
def environ(server: ScriptedServer) -> dict[str, str]:
    return {
        "GATEPASS_TOKEN_URL": server.token_url,
        "GATEPASS_CLIENT_ID": CLIENT_ID,
        "GATEPASS_CLIENT_SECRET": SECRET,
    }


def gatepass(environ: dict[str, str], *words: str) -> Result:
    return CliRunner().invoke(main, words, env=environ, prog_name="gatepass")


def python(*words: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env=os.environ | (environ or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def one_line(result: Result) -> str:
    """Return the one line of stderr; the exit status is 1 and nothing else is printed."""
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert SECRET not in line
    return line


def test_token_prints_the_token_alone(environ: dict[str, str]) -> None:
    result = gatepass(environ, "token")

    assert (result.exit_code, result.stdout, result.stderr) == (0, "pass-1\n", "")


def test_token_as_json_prints_the_token_response(
    server: ScriptedServer, environ: dict[str, str]
) -> None:
    server.responses.append(
        json_response(access_token="t", token_type="bearer", expires_in=60, scope="read", more=1)
    )

    assert json.loads(gatepass(environ, "token", "--json").stdout) == {
        "access_token": "t",
        "expires_in": 60,
        "scope": "read",
        "token_type": "Bearer",
    }


def test_token_without_settings_names_them(environ: dict[str, str]) -> None:
    line = one_line(gatepass(environ | {"GATEPASS_CLIENT_ID": ""}, "token"))

    assert "GATEPASS_CLIENT_ID" in line


def test_a_refused_token_is_told_in_one_line(
    server: ScriptedServer, environ: dict[str, str]
) -> None:
    server.responses.append(json_response(401, error="invalid_client"))

    assert "invalid_client: check the client id and secret" in one_line(gatepass(environ, "token"))


def test_a_token_endpoint_that_talks_html_is_told_in_one_line(
    server: ScriptedServer, environ: dict[str, str]
) -> None:
    server.responses.append(Response(200, b"<html>\n<p>hello\n</html>"))

    assert "check that the token URL" in one_line(gatepass(environ, "token"))


def test_call_prints_the_body_of_the_answer(
    server: ScriptedServer, environ: dict[str, str]
) -> None:
    result = gatepass(environ, "call", server.api_url)

    assert (result.exit_code, result.stdout, result.stderr) == (0, "body: ", "")
    assert server.api_requests[0].method == "GET"


def test_call_sends_data_as_json_by_post(server: ScriptedServer, environ: dict[str, str]) -> None:
    result = gatepass(environ, "call", "-d", '{"a": 1}', server.api_url)

    assert result.stdout == 'body: {"a": 1}'
    (found,) = server.api_requests
    assert (found.method, found.headers["content-type"]) == ("POST", "application/json")


def test_call_sends_the_method_and_headers_that_are_asked_for(
    server: ScriptedServer, environ: dict[str, str]
) -> None:
    words = ["-X", "PUT", "-H", "content-type: text/plain", "-H", "X-A:b:c", "-d", "hi"]
    gatepass(environ, "call", *words, server.api_url)

    (found,) = server.api_requests
    assert (found.method, found.body) == ("PUT", b"hi")
    assert (found.headers["content-type"], found.headers["x-a"]) == ("text/plain", "b:c")


@pytest.mark.parametrize(("status", "advice"), [(403, "scope"), (404, "URL"), (500, "500")])
def test_call_fails_with_one_line_where_the_api_does_and_still_prints_the_body(
    server: ScriptedServer, environ: dict[str, str], status: int, advice: str
) -> None:
    server.api_status = status
    result = gatepass(environ, "call", server.api_url)

    assert advice in one_line(result)
    assert result.stdout == "body: "


def test_call_tells_of_a_second_401(server: ScriptedServer, environ: dict[str, str]) -> None:
    server.revoke_all = True

    assert "401" in one_line(gatepass(environ, "call", server.api_url))
    assert len(server.api_requests) == 2


@pytest.mark.spec("RFC 6750", "5.3")
@pytest.mark.parametrize("url", ["http://api.example.com/", "http://127.0.0.1.example.com/x"])
def test_call_sends_no_token_over_plain_http_to_another_machine(
    server: ScriptedServer, environ: dict[str, str], url: str
) -> None:
    assert "use https" in one_line(gatepass(environ, "call", url))
    assert not server.received


@pytest.mark.parametrize("url", ["meters", "file:///etc/hostname", "http://me@127.0.0.1/"])
def test_call_refuses_what_is_no_address(environ: dict[str, str], url: str) -> None:
    assert "the URL" in one_line(gatepass(environ, "call", url))


def test_call_does_not_follow_a_redirect_with_the_token(
    server: ScriptedServer, environ: dict[str, str]
) -> None:
    server.api_status = 302

    assert gatepass(environ, "call", server.api_url).exit_code == 0
    assert len(server.api_requests) == 1


def test_call_tells_of_an_api_that_is_not_there(environ: dict[str, str]) -> None:
    line = one_line(gatepass(environ, "call", "http://127.0.0.1:1/"))

    assert "no answer (ConnectError): check the URL" in line


def test_call_names_a_certificate_of_an_authority_that_is_not_known(
    environ: dict[str, str], tmp_path: Path
) -> None:
    with metadata_server(tmp_path, issue("leaf", issue("root"), "localhost")) as metadata:
        line = one_line(gatepass(environ, "call", metadata.url))

    assert "the certificate's issuer is not known here" in line
    assert "GATEPASS_CA_FILE" in line


def test_call_refused_a_token_sends_nothing(
    server: ScriptedServer, environ: dict[str, str]
) -> None:
    server.responses.append(json_response(401, error="invalid_client"))

    assert "invalid_client" in one_line(gatepass(environ, "call", server.api_url))
    assert not server.api_requests


@pytest.mark.parametrize(
    "words",
    [
        ["call"],
        ["call", "-H", "no colon", "http://127.0.0.1/"],
        ["call", "-H", ": no name", "http://127.0.0.1/"],
        ["call", "-H", "a: b\nc: d", "http://127.0.0.1/"],
        ["call", "-H", "a: \u00fc", "http://127.0.0.1/"],
        ["call", "-H", "authorization: Bearer mine", "http://127.0.0.1/"],
        ["call", "-H", "a b: c", "http://127.0.0.1/"],
        ["call", "-X", "GET /\n", "http://127.0.0.1/"],
        ["token", "--yaml"],
        ["no-such-command"],
    ],
)
def test_wrong_usage_is_exit_status_2(environ: dict[str, str], words: list[str]) -> None:
    assert gatepass(environ, *words).exit_code == 2


def test_the_version_is_printed() -> None:
    assert gatepass({}, "--version").stdout.startswith("gatepass 0.")


def test_the_help_lists_the_commands_of_client_and_server() -> None:
    _, _, commands = gatepass({}, "--help").stdout.partition("Commands:\n")

    listed = {line.split()[0] for line in commands.splitlines() if line.strip()}
    assert listed >= {"application", "call", "demo", "organization", "serve", "settings", "token"}


def test_the_program_runs_as_a_process(environ: dict[str, str]) -> None:
    done = python("-m", "gatepass", "token", environ=environ)

    assert (done.returncode, done.stdout, done.stderr) == (0, "pass-1\n", "")


def test_neither_the_package_nor_the_command_loads_more_than_it_needs() -> None:
    code = (
        "import sys, gatepass, gatepass.cli, gatepass.client.cli.root\n"
        "print([name for name in sys.modules if name in ('httpx2', 'gatepass.server')])"
    )

    assert python("-c", code).stdout == "[]\n"


def without_server(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `gatepass` where the libraries of its server are not installed."""
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({SERVER_EXTRA!r}))\n"
        "from gatepass.cli import main\n"
        f"main({list(words)!r}, prog_name='gatepass')"
    )
    return python("-c", code)


@pytest.mark.slow
def test_without_the_server_extra_its_commands_say_how_to_install_it(tmp_path: Path) -> None:
    done = without_server("serve", "--data", str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Error: this command needs gatepass[server]: pip install 'gatepass[server]'"
    ]


def test_without_the_server_extra_the_client_commands_are_there() -> None:
    done = without_server("--help")

    assert done.returncode == 0
    assert "\n  token " in done.stdout


def test_without_the_server_extra_a_misspelt_command_is_wrong_usage() -> None:
    assert without_server("tokne").returncode == 2
