"""`gatepass check`: settings, metadata, environments and the token, each with what to do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from client.doctor.doctoring import (
    CHECKS,
    CLIENT_ID,
    LIVE,
    SECRET,
    TEST,
    Line,
    check,
    environ_of,
    run_check,
)
from client.tls_server import HANG_UP, MetadataServer, metadata_server
from gatepass.cli import main
from gatepass.client.doctor import findings
from gatepass.client.doctor.findings import Outcome
from gatepass.client.network import metadata
from gatepass.client.settings import ClientSettings
from gatepass.wire.credential import Mode
from gatepass.wire.secret import Secret


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MetadataServer]:
    with metadata_server(tmp_path) as running:
        yield running


def test_where_all_is_well_each_check_is_a_line_with_a_tick(server: MetadataServer) -> None:
    server.publish(gatepass_credential_mark="test")
    result = check(environ_of(f"{server.url}/token"))

    assert (result.exit_code, result.stderr) == (0, "")
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [
        "\u2713 settings",
        "\u2713 secret",
        "\u2713 name",
        "\u2713 connection",
        "- tls",
        "\u2713 clock",
        "\u2713 metadata",
        "\u2713 environment",
        "\u2713 token",
        "\u2713 scope",
    ]
    assert [line for line in server.received if line.startswith("POST")] == ["POST /token"]


def test_a_failure_is_told_and_named_at_the_end_and_ascii_will_do(server: MetadataServer) -> None:
    server.token = (401, {"error": "invalid_client"})
    result = check(environ_of(f"{server.url}/token"), charset="ascii")

    assert result.exit_code == 1
    assert "\nx token: the token endpoint refused with invalid_client" in result.stdout
    assert "\n+ clock: " in result.stdout
    assert "gps_test_..." in result.stdout
    assert result.stderr == "Error: failed: token; the line of each says what to do\n"


def test_the_doctor_and_the_scan_are_listed_by_the_help() -> None:
    listed = CliRunner().invoke(main, ["--help"]).stdout

    assert {"check", "scan"} <= {line.split()[0] for line in listed.splitlines() if line.strip()}


def test_missing_settings_are_named_and_nothing_can_be_tried() -> None:
    lines = run_check(environ_of("", GATEPASS_CLIENT_ID=""))

    assert lines["settings"].outcome == "failed"
    assert "GATEPASS_TOKEN_URL, GATEPASS_CLIENT_ID" in lines["settings"].message
    assert {lines[name] for name in CHECKS} == {
        Line("skipped", "there is nothing to try with these settings")
    }


def test_what_cannot_be_tried_after_a_failure_is_no_line_for_people() -> None:
    result = check(environ_of("", GATEPASS_CLIENT_ID=""))

    assert result.exit_code == 1
    assert result.stdout.startswith("\u2717 settings: ")
    assert "\n- " not in result.stdout
    assert "nothing to try" not in result.stdout


def test_without_a_secret_the_network_is_looked_at_all_the_same(server: MetadataServer) -> None:
    lines = run_check(environ_of(f"{server.url}/token", GATEPASS_CLIENT_SECRET=""))

    assert "GATEPASS_CLIENT_SECRET" in lines["settings"].message
    assert [lines[name].outcome for name in ("settings", "connection", "clock")] == [
        "failed",
        "ok",
        "ok",
    ]
    assert lines["token"] == Line("skipped", "the settings are not complete")


def test_the_settings_say_where_they_are_from(server: MetadataServer, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET[TEST])
    file.chmod(0o600)
    url = f"{server.url}/token?tenant=x"
    lines = run_check(
        environ_of(
            url,
            GATEPASS_CLIENT_SECRET="",
            GATEPASS_CLIENT_SECRET_FILE=str(file),
            GATEPASS_SCOPE="read",
            GATEPASS_RESOURCE="https://api.example.com",
            GATEPASS_PARAMETERS="audience=a&color=blue",
            GATEPASS_AUTH_METHOD="client_secret_post",
        )
    )

    assert lines["settings"].message == (
        f"GATEPASS_TOKEN_URL {server.url}/token?\u2026, GATEPASS_CLIENT_ID {CLIENT_ID[TEST]}, "
        f"GATEPASS_CLIENT_SECRET_FILE {file}, GATEPASS_SCOPE read, "
        "GATEPASS_RESOURCE https://api.example.com, GATEPASS_PARAMETERS audience, color, "
        "GATEPASS_AUTH_METHOD client_secret_post"
    )
    assert lines["secret"] == Line("ok", "gps_test_\u2026")
    assert lines["secret file"] == Line("ok", "its rights are narrow (mode 0600)")


def test_a_secret_that_is_kept_elsewhere_is_read_and_its_place_told(server: MetadataServer) -> None:
    kept = {
        "GATEPASS_CLIENT_SECRET": "",
        "GATEPASS_CLIENT_SECRET_FROM": "env:OURS",
        "OURS": SECRET[TEST],
    }
    lines = run_check(environ_of(f"{server.url}/token", **kept))

    assert "GATEPASS_CLIENT_SECRET_FROM FromEnv('OURS')" in lines["settings"].message
    assert lines["secret"] == Line("ok", "gps_test_\u2026")
    assert lines["token"].outcome == "ok"


def test_a_secret_that_cannot_be_had_is_told_and_the_network_looked_at(
    server: MetadataServer,
) -> None:
    kept = {"GATEPASS_CLIENT_SECRET": "", "GATEPASS_CLIENT_SECRET_FROM": "env:GONE"}
    result = check(environ_of(f"{server.url}/token", **kept), "--json")
    lines = {line["check"]: line for line in json.loads(result.stdout)}

    assert lines["secret"]["outcome"] == "failed"
    assert "GONE" in lines["secret"]["message"]
    assert lines["clock"]["outcome"] == "ok"
    assert lines["token"]["outcome"] == "skipped"
    assert result.stderr.splitlines() == ["Error: failed: secret; the line of each says what to do"]


def test_one_of_two_secrets_that_cannot_be_had_is_a_warning(server: MetadataServer) -> None:
    lines = run_check(
        environ_of(f"{server.url}/token", GATEPASS_NEXT_CLIENT_SECRET_FROM="env:GONE")
    )

    assert "NEXT_CLIENT_SECRET_FROM FromEnv('GONE')" in lines["settings"].message
    assert (lines["secret"].outcome, lines["token"].outcome) == ("warning", "ok")


@pytest.mark.parametrize(
    ("statuses", "outcome", "text"),
    [
        ([], "ok", "granted"),
        ([401], "warning", "the first secret is refused: take it out of the settings"),
        ([401, 401], "failed", "invalid_client: check the client id and secret"),
        ([400], "failed", "invalid_scope"),
    ],
)
def test_the_second_of_two_secrets_is_tried_where_the_first_is_refused(
    server: MetadataServer, statuses: list[int], outcome: str, text: str
) -> None:
    error = {400: "invalid_scope", 401: "invalid_client"}
    server.refusals = [(status, {"error": error[status]}) for status in statuses]
    lines = run_check(
        environ_of(f"{server.url}/token", GATEPASS_NEXT_CLIENT_SECRET=SECRET[TEST] + "x")
    )

    assert lines["secret"].message == "gps_test_\u2026, then gps_test_\u2026"
    assert lines["token"].outcome == outcome
    assert text in lines["token"].message
    assert server.received.count("POST /token") == max(1, min(2, statuses.count(401) + 1))


@pytest.mark.parametrize(
    ("client_id", "shown"),
    [
        ("billing:1", "bill\u2026"),
        (SECRET[TEST], "gps_test_\u2026"),
        ("gpc_live_x", "gpc_live_\u2026"),
    ],
    ids=["foreign", "a secret", "damaged"],
)
def test_a_client_id_that_may_be_a_secret_is_not_shown_whole(client_id: str, shown: str) -> None:
    environ = environ_of("https://example.com/token", GATEPASS_CLIENT_ID=client_id)
    line = findings.settings(ClientSettings.from_env(environ), environ)

    assert f"GATEPASS_CLIENT_ID {shown}," in line.message


def test_a_secret_file_that_others_can_read_is_a_warning(
    server: MetadataServer, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET[TEST])
    file.chmod(0o644)
    more = {"GATEPASS_CLIENT_SECRET": "", "GATEPASS_CLIENT_SECRET_FILE": str(file)}
    lines = run_check(environ_of(f"{server.url}/token", **more))

    assert lines["secret file"].outcome == "warning"
    assert f"chmod 600 {file}" in lines["secret file"].message
    assert lines["token"].outcome == "ok"


def test_a_secret_file_that_is_not_there_is_told_once_as_a_failure(tmp_path: Path) -> None:
    more = {"GATEPASS_CLIENT_SECRET": "", "GATEPASS_CLIENT_SECRET_FILE": str(tmp_path / "gone")}
    lines = run_check(environ_of("http://127.0.0.1:1/", **more))

    assert "cannot be read" in lines["settings"].message
    assert lines["secret file"].outcome == "skipped"


@pytest.mark.spec("RFC 8414", "3.1")
def test_metadata_is_looked_for_at_the_origin_and_below_the_path() -> None:
    places = [place.url for place in metadata.locations("https://a.example/realms/x/p/q/token")]

    assert places == [
        "https://a.example/.well-known/oauth-authorization-server",
        "https://a.example/.well-known/openid-configuration",
        "https://a.example/.well-known/oauth-authorization-server/realms",
        "https://a.example/realms/.well-known/openid-configuration",
        "https://a.example/.well-known/oauth-authorization-server/realms/x",
        "https://a.example/realms/x/.well-known/openid-configuration",
        "https://a.example/.well-known/oauth-authorization-server/realms/x/p",
        "https://a.example/realms/x/p/.well-known/openid-configuration",
    ]
    assert len(list(metadata.locations("https://a.example"))) == 2


@pytest.mark.parametrize("document", [b"<html>", b"[]", b'{"issuer": 1}', b"[" * 50_000, b"\xff"])
def test_what_is_no_metadata_is_passed_over_and_none_is_allowed(
    server: MetadataServer, document: bytes
) -> None:
    server.publish()
    server.documents = dict.fromkeys(server.documents, document)
    lines = run_check(environ_of(f"{server.url}/a/token"))

    assert lines["metadata"] == Line("skipped", f"{server.url} publishes none, which is allowed")
    assert len([line for line in server.received if line.startswith("GET")]) == 4


def test_a_server_that_hangs_up_instead_of_telling_its_metadata_is_told(
    server: MetadataServer,
) -> None:
    server.documents["/.well-known/openid-configuration"] = HANG_UP
    lines = run_check(environ_of(f"{server.url}/token"))

    assert lines["clock"].outcome == lines["token"].outcome == "ok"
    assert lines["metadata"].outcome == "failed"
    assert "no answer (RemoteProtocolError" in lines["metadata"].message


@pytest.mark.spec("RFC 8414", "3.3")
@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"issuer": "https://else.example"}, "its issuer is https://else.example, which is not"),
        ({"token_endpoint": None}, "it names no token endpoint"),
        ({"token_endpoint": "https://a.example/t"}, "is https://a.example/t: set GATEPASS_TOKEN"),
        ({"grant_types_supported": ["implicit"]}, "does not list the grant client_credentials"),
        (
            {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
            "it does not list client_secret_basic",
        ),
    ],
)
def test_metadata_that_does_not_fit_is_a_warning(
    server: MetadataServer, changed: dict[str, object], text: str
) -> None:
    server.publish(**changed)
    lines = run_check(environ_of(f"{server.url}/token"))

    assert lines["metadata"].outcome == "warning"
    assert text in lines["metadata"].message


def test_metadata_that_fits_is_told(server: MetadataServer) -> None:
    server.publish(
        grant_types_supported=["client_credentials"],
        token_endpoint_auth_methods_supported=["client_secret_basic"],
    )

    assert run_check(environ_of(f"{server.url}/token/"))["metadata"].outcome == "ok"


def environment_finding(
    client_id: str,
    secret: str,
    url: str = "https://app.example.com/token",
    mode: object = None,
) -> tuple[Outcome, str]:
    document = None if mode is None else {"gatepass_credential_mark": mode}
    line = findings.environment(ClientSettings(url, client_id, secret), [Secret(secret)], document)
    return line.outcome, line.message


@pytest.mark.parametrize(
    ("client_id", "secret", "text"),
    [
        (CLIENT_ID[LIVE], SECRET[TEST], "client id is for production and the client secret for"),
        (SECRET[LIVE], SECRET[LIVE], "what is set as the client id is a client secret"),
        (CLIENT_ID[LIVE], CLIENT_ID[LIVE], "what is set as the client secret is a client id"),
        (CLIENT_ID[LIVE], SECRET[LIVE][:-1], "the client secret is damaged"),
        (CLIENT_ID[LIVE], SECRET[LIVE] + " ", "the client secret begins or ends with a blank"),
        (" billing", "s", "the client id begins or ends with a blank"),
    ],
    ids=["mixed", "secret as id", "id as secret", "damaged", "blank", "blank id"],
)
def test_credentials_that_do_not_belong_together_are_told(
    client_id: str, secret: str, text: str
) -> None:
    outcome, message = environment_finding(client_id, secret)

    assert outcome is Outcome.FAILED
    assert text in message


def test_credentials_of_another_environment_than_the_server_s_are_told() -> None:
    outcome, message = environment_finding(CLIENT_ID[TEST], SECRET[TEST], mode="live")

    assert outcome is Outcome.FAILED
    assert "are for the sandbox and app.example.com is production: set GATEPASS_TOKEN" in message
    assert environment_finding(CLIENT_ID[TEST], SECRET[TEST], mode="test")[0] is Outcome.OK


@pytest.mark.parametrize(
    ("mode", "host", "outcome"),
    [
        (TEST, "app.example.com", Outcome.WARNING),
        (TEST, "latest.example.com", Outcome.WARNING),
        (TEST, "sandbox-app.example.com", Outcome.OK),
        (LIVE, "sandbox-app.example.com", Outcome.WARNING),
        (LIVE, "app.example.com", Outcome.OK),
        (TEST, "localhost:8001", Outcome.OK),
        (TEST, "127.0.0.1", Outcome.OK),
        (TEST, "[::1]:8001", Outcome.OK),
    ],
)
def test_where_the_server_says_nothing_the_host_s_name_is_looked_at(
    mode: Mode, host: str, outcome: Outcome
) -> None:
    assert environment_finding("billing", SECRET[mode], f"https://{host}/token")[0] is outcome
    assert (
        environment_finding("billing", SECRET[mode], f"https://{host}/token", mode=[])[0] is outcome
    )


def test_foreign_credentials_say_nothing_of_an_environment() -> None:
    assert environment_finding("billing", "s3cret")[0] is Outcome.SKIPPED


def test_a_refusal_after_a_mix_up_points_to_it(server: MetadataServer) -> None:
    server.publish(gatepass_credential_mark="live")
    server.token = (401, {"error": "invalid_client"})
    lines = run_check(environ_of(f"{server.url}/token"))

    assert (lines["environment"].outcome, lines["token"].outcome) == ("failed", "failed")
    assert "; the environment, above, may be why" in lines["token"].message
    assert lines["scope"] == Line("skipped", "there is no token")


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_busy_is_asked_once(server: MetadataServer, status: int) -> None:
    server.token = (status, {})
    lines = run_check(environ_of(f"{server.url}/token"))

    assert f"answered {status}: try again later" in lines["token"].message
    assert server.received.count("POST /token") == 1


def test_the_lifetime_is_told(server: MetadataServer) -> None:
    server.token = (200, {"access_token": "t", "token_type": "Bearer", "expires_in": 60})

    assert (
        run_check(environ_of(f"{server.url}/token"))["token"].message == "granted, valid for 60 s"
    )


@pytest.mark.spec("RFC 6749", "5.1")
@pytest.mark.parametrize(
    ("asked", "granted", "outcome", "text"),
    [
        ("", None, Outcome.OK, "the server does not name it"),
        ("read", None, Outcome.OK, "granted as asked: read"),
        ("read", "read write", Outcome.OK, "granted: read write"),
        ("", "", Outcome.OK, "granted: none"),
        ("read write admin", "read", Outcome.FAILED, "asked for but not granted: write admin;"),
    ],
)
def test_what_was_granted_is_held_against_what_was_asked(
    asked: str, granted: str | None, outcome: Outcome, text: str
) -> None:
    line = findings.scope(asked, granted)

    assert line.outcome is outcome
    assert text in line.message


def test_the_settings_are_shown_without_the_texts_of_parameters_and_headers() -> None:
    environ = environ_of(
        "http://127.0.0.1:1/token",
        GATEPASS_PARAMETERS="audience=hush-1",
        GATEPASS_HEADERS="X-Api-Key=hush-2-hush",
        GATEPASS_GRANT_TYPE="urn:example:grant",
        GATEPASS_AUTH_METHOD="client_secret_post",
    )

    message = run_check(environ)["settings"].message

    assert "hush" not in message
    assert message.endswith(
        "GATEPASS_PARAMETERS audience, GATEPASS_HEADERS x-api-key, "
        "GATEPASS_GRANT_TYPE urn:example:grant, GATEPASS_AUTH_METHOD client_secret_post"
    )
