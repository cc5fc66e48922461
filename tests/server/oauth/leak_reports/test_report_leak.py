"""Anybody reports a leaked credential; only its owner and the operator learn what it was."""

import json
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from httpx2 import Response
from structlog.testing import capture_logs

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.model import ApplicationSecret
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.applications.secrets.end import SecretEndRefused
from gatepass.server.domain.applications.secrets.leaks import operations as leaks
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import OPERATOR, Entry
from gatepass.server.domain.changes.outbox.model import Message
from gatepass.server.domain.changes.outbox.operations import MOST_ALERTS
from gatepass.server.domain.organizations.policies.fields import Value
from gatepass.server.domain.revocations.leak_reports import operations
from gatepass.server.domain.throttling.report_budget import MOST_IN_TOTAL, MOST_REPORTS, WINDOW
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.domain.users.sessions import policies
from gatepass.server.http import Request
from gatepass.server.oauth.leak_reports.endpoint import ACCEPTED as ACCEPTED_RESPONSE
from gatepass.server.oauth.leak_reports.endpoint import report_leak
from gatepass.wire.credential import Kind, Mode, mint
from gatepass.wire.metadata import REPORT_LEAK
from server.fixtures import (
    FORM,
    HERE,
    LIVE,
    TEST,
    Client,
    InProcessServer,
    open_passive_server,
    refused,
    whole,
)
from server.statements import asked

HOUR = 3600  # seconds
ACCEPTED: tuple[int, dict[str, str]] = (202, {})


def report(server: InProcessServer, credential: str, mode: Mode = LIVE, **given: str) -> Response:
    return server.post(REPORT_LEAK, mode, data={"credential": credential}, **given)


def look_up(server: InProcessServer, mode: Mode = LIVE) -> int:
    """Do what the housekeeping does every two seconds."""
    context = server.environment(mode).context
    found = operations.process(context)
    leaks.revoke_tokens_of_ended(context)
    return found


def secret_of(server: InProcessServer, client: Client, mode: Mode = LIVE) -> ApplicationSecret:
    context = server.environment(mode).context
    found = applications.find(context, client.application.id, None)
    return next(each for each in found.secrets if each.id == client.application.secrets[0].id)


def entries(server: InProcessServer, client: Client, action: str, mode: Mode = LIVE) -> list[Entry]:
    with server.environment(mode).database.read() as connection:
        found = audit.page(connection, client.application.org_id)
    return [entry for _, entry in found if entry.action == action]


def rows(server: InProcessServer, table: str, mode: Mode = LIVE) -> int:
    with server.environment(mode).database.read() as connection:
        number: int = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
    return number


def set_policy(server: InProcessServer, **values: Value) -> None:
    environment = server.environment()
    policies.change(environment.context, environment.session_settings, OPERATOR, None, values)


def random_secret(mode: Mode = LIVE) -> str:
    return mint(Kind.CLIENT_SECRET, mode, secrets.token_bytes(32))


def test_a_reported_secret_ends_after_a_day_and_the_organization_sees_why(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    before = fresh_server.environment().now()

    answer = report(fresh_server, client.secret.value, source="198.51.100.4")
    look_up(fresh_server)

    assert (answer.status_code, answer.json()) == ACCEPTED
    assert secret_of(fresh_server, client).expires_at == before + timedelta(days=1)
    [entry] = entries(fresh_server, client, "secret.leak_reported")
    assert entry.source == "198.51.100.4"
    assert entry.actor == "a leak report"
    assert entry.detail["secret"] == client.secret.value[-4:]
    assert entry.detail["others"] == "it is the only live secret"
    assert client.secret.value not in repr(entry)


def test_until_it_ends_it_gets_tokens_and_then_neither_it_nor_they_work(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register(lifetime=2 * 24 * HOUR)
    report(fresh_server, client.secret.value)
    look_up(fresh_server)
    watcher = fresh_server.register()
    answer = fresh_server.ask(client)
    token = answer.json()["access_token"]
    assert "gatepass-secret-expires" in answer.headers

    fresh_server.clock.advance(24 * HOUR)
    look_up(fresh_server)

    assert refused(fresh_server.ask(client)) == (401, "invalid_client")
    assert not fresh_server.is_active(watcher, token)
    assert len(entries(fresh_server, client, "application.tokens_voided")) == 1
    look_up(fresh_server)
    assert len(entries(fresh_server, client, "application.tokens_voided")) == 1


def test_where_the_policy_says_so_it_is_revoked_at_once_with_all_tokens(
    fresh_server: InProcessServer,
) -> None:
    set_policy(fresh_server, leaked_secret="revoke")
    client = fresh_server.register()
    token = fresh_server.token(client)
    report(fresh_server, client.secret.value)

    look_up(fresh_server)

    assert refused(fresh_server.ask(client)) == (401, "invalid_client")
    assert not fresh_server.is_active(fresh_server.register(), token)
    [entry] = entries(fresh_server, client, "secret.leak_reported")
    assert entry.detail["end"] == "now, with all tokens"


def test_after_the_revocation_the_owner_rotates_and_gets_tokens_again(
    fresh_server: InProcessServer,
) -> None:
    set_policy(fresh_server, leaked_secret="revoke")
    client = fresh_server.register()
    report(fresh_server, client.secret.value)
    look_up(fresh_server)

    made = secret_operations.rotate(
        fresh_server.environment().context, OPERATOR, client.application.id, timedelta(0), None
    )

    assert fresh_server.ask(client.having(made.secret)).status_code == 200


@pytest.mark.parametrize(("grace", "own_end", "hours"), [("4h", 10, 4), ("2d", 10, 10)])
def test_the_grace_is_the_policys_and_never_makes_a_secret_live_longer(
    fresh_server: InProcessServer, grace: str, own_end: int, hours: int
) -> None:
    set_policy(fresh_server, leaked_secret_grace={"4h": 4 * HOUR, "2d": 48 * HOUR}[grace])
    client = fresh_server.register()
    context, start = fresh_server.environment().context, fresh_server.environment().now()
    app, secret = client.application.id, client.application.secrets[0].id
    end = start + timedelta(hours=own_end)
    secret_operations.set_end(context, OPERATOR, app, secret, end, None)

    report(fresh_server, client.secret.value)
    look_up(fresh_server)

    assert secret_of(fresh_server, client).expires_at == start + timedelta(hours=hours)


def test_a_second_report_changes_nothing(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    report(fresh_server, client.secret.value)
    report(fresh_server, client.secret.value)
    look_up(fresh_server)
    end = secret_of(fresh_server, client).expires_at
    fresh_server.clock.advance(HOUR)

    report(fresh_server, client.secret.value)
    look_up(fresh_server)

    assert secret_of(fresh_server, client).expires_at == end
    assert len(entries(fresh_server, client, "secret.leak_reported")) == 1


def test_the_owner_can_end_a_leaked_secret_earlier_but_not_later(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    context = fresh_server.environment().context
    app, secret = client.application.id, client.application.secrets[0].id
    report(fresh_server, client.secret.value)
    look_up(fresh_server)
    later, sooner = (context.now() + timedelta(hours=hours) for hours in (48, 2))

    with pytest.raises(SecretEndRefused, match="reported as leaked"):
        secret_operations.set_end(context, OPERATOR, app, secret, later, None)
    with pytest.raises(SecretEndRefused, match="reported as leaked"):
        secret_operations.set_end(context, OPERATOR, app, secret, None, None)
    secret_operations.set_end(context, OPERATOR, app, secret, sooner, None)

    assert secret_of(fresh_server, client).expires_at == sooner


def test_the_other_secret_of_an_application_stays(fresh_server: InProcessServer) -> None:
    set_policy(fresh_server, leaked_secret="revoke")
    client = fresh_server.register()
    context = fresh_server.environment().context
    made = secret_operations.rotate(
        context, OPERATOR, client.application.id, timedelta(days=1), None
    )
    report(fresh_server, client.secret.value)

    look_up(fresh_server)

    assert fresh_server.ask(client.having(made.secret)).status_code == 200
    assert refused(fresh_server.ask(client)) == (401, "invalid_client")


@pytest.mark.parametrize("tokens", ["opaque", "jwt"])
def test_a_reported_access_token_is_revoked_and_no_other(tmp_path: Path, tokens: str) -> None:
    with open_passive_server(tmp_path / "data", production={"tokens": tokens}) as server:
        client = server.register()
        leaked, other = server.token(client), server.token(client)
        assert ("." in leaked) == (tokens == "jwt")

        answer = report(server, f" {leaked} ")
        look_up(server)

        assert (answer.status_code, answer.json()) == ACCEPTED
        assert not server.is_active(client, leaked)
        assert server.is_active(client, other)
        assert server.ask(client).status_code == 200
        [entry] = entries(server, client, "token.leak_reported")
        assert leaked not in repr(entry)
        report(server, leaked)
        report(server, f"{leaked[:-6]}AAAAAA")
        look_up(server)
        assert len(entries(server, client, "token.leak_reported")) == 1


def test_a_credential_of_the_sandbox_can_be_reported_to_production(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register(TEST)
    token = fresh_server.token(client, TEST)
    for each in (client.secret.value, token):
        assert report(fresh_server, each, LIVE).status_code == 202

    assert look_up(fresh_server, LIVE) == 0
    assert look_up(fresh_server, TEST) == 2
    assert len(entries(fresh_server, client, "secret.leak_reported", TEST)) == 1
    assert not fresh_server.is_active(client, token, TEST)


def test_a_report_can_be_json(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()

    answer = fresh_server.post(REPORT_LEAK, json={"credential": client.secret.value})

    assert (answer.status_code, answer.json()) == ACCEPTED
    assert look_up(fresh_server) == 1


def test_the_answer_is_the_same_for_a_real_one_an_invented_one_and_no_credential(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    real = whole(report(fresh_server, client.secret.value))

    for other in (
        random_secret(),
        mint(Kind.ACCESS_TOKEN, LIVE, secrets.token_bytes(60)),
        client.client_id,
        client.secret.value[:-1],
        "hunter2",
        "☃" * 1000,
    ):
        assert whole(report(fresh_server, other)) == real


def test_a_real_and_an_invented_secret_cost_the_same_statements(
    fresh_server: InProcessServer,
) -> None:
    """Both are written down; what they were is looked up afterwards."""
    client = fresh_server.register()
    report(fresh_server, random_secret())  # the first one reads the revision of the tables
    look_up(fresh_server)
    before = rows(fresh_server, "audit")
    with asked(fresh_server.environment().database) as real:
        report(fresh_server, client.secret.value)
    with asked(fresh_server.environment().database) as invented:
        report(fresh_server, random_secret())

    assert real == invented != []
    assert rows(fresh_server, "leak_report") == 2
    assert rows(fresh_server, "audit") == before
    assert look_up(fresh_server) == 2
    assert rows(fresh_server, "leak_report") == 0


def test_no_part_of_a_reported_credential_is_at_rest_or_in_the_log(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    token = fresh_server.token(client)
    with capture_logs() as lines:
        report(fresh_server, client.secret.value)
        report(fresh_server, token)
        with fresh_server.environment().database.read() as connection:
            kept = connection.exec_driver_sql("SELECT * FROM leak_report").all()
        look_up(fresh_server)

    said = [line["event"] for line in lines if "leak_reported" in line["event"]]
    assert sorted(said) == ["secret.leak_reported", "token.leak_reported"]
    for text in (client.secret.value, token):
        assert text not in repr(lines)
        assert text not in repr(kept)


@pytest.mark.parametrize("form", [{}, {"credential": ""}, {"token": "x"}])
def test_a_report_without_a_credential_is_malformed(
    server: InProcessServer, form: dict[str, str]
) -> None:
    assert refused(server.post(REPORT_LEAK, data=form)) == (400, "invalid_request")


def test_a_report_in_the_address_is_refused_as_logs_keep_it(server: InProcessServer) -> None:
    answer = server.post(f"{REPORT_LEAK}?credential={random_secret()}", data={"credential": "x"})

    assert refused(answer) == (400, "invalid_request")


def test_ten_thousand_random_texts_write_nothing_log_nothing_and_hold_up_no_real_report(
    fresh_server: InProcessServer,
) -> None:
    """What the endpoint returns for them is the answer itself: nothing is left to do for them."""
    client = fresh_server.register()
    wrong_checksums = [random_secret()[:-4] + secrets.token_hex(2) for _ in range(5000)]
    texts = wrong_checksums + [secrets.token_urlsafe(48) for _ in range(5000)]
    headers = {b"content-type": FORM.encode()}
    with capture_logs() as lines, asked(fresh_server.environment().database) as sql:
        answers = {
            report_leak(
                fresh_server.environment(),
                Request(headers, b"", f"credential={text}".encode(), HERE),
            )
            for text in texts
        }

    assert answers == {ACCEPTED_RESPONSE}
    assert (lines, sql) == ([], [])
    assert report(fresh_server, client.secret.value).content == ACCEPTED_RESPONSE.body
    assert look_up(fresh_server) == 1
    assert len(entries(fresh_server, client, "secret.leak_reported")) == 1


def test_a_network_may_report_so_many_a_minute_and_learns_nothing_of_the_limit(
    fresh_server: InProcessServer,
) -> None:
    with capture_logs() as lines:
        answers = {whole(report(fresh_server, random_secret()))[0::2] for _ in range(40)}

    assert answers == {(202, b"{}")}
    assert [line["event"] for line in lines] == ["leak_report.dropped"] * (40 - MOST_REPORTS)
    assert look_up(fresh_server) == MOST_REPORTS

    client = fresh_server.register()
    report(fresh_server, client.secret.value, source="198.51.100.4")
    assert look_up(fresh_server) == 1
    fresh_server.clock.advance(WINDOW)
    report(fresh_server, random_secret())
    assert look_up(fresh_server) == 1


def test_all_networks_together_have_a_limit_too(fresh_server: InProcessServer) -> None:
    budget = fresh_server.environment().leak_report_budget
    admitted = [budget.allow(f"10.{n // 250}.{n % 250}.1", 0.0) for n in range(MOST_IN_TOTAL + 9)]

    assert admitted == [True] * MOST_IN_TOTAL + [False] * 9
    assert budget.allow("192.0.2.1", WINDOW)


def test_without_the_database_the_reporter_is_asked_to_try_again_whatever_the_credential(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    fresh_server.lose_database()
    answers = [report(fresh_server, each) for each in (client.secret.value, random_secret())]
    fresh_server.find_database()

    assert [refused(each) for each in answers] == [(503, "temporarily_unavailable")] * 2


def test_on_the_tables_of_the_version_before_a_report_is_503_and_housekeeping_goes_on(
    fresh_server: InProcessServer,
) -> None:
    database = fresh_server.environment().database
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE leak_report")
        connection.exec_driver_sql("DROP TABLE leaked_secret")
        connection.exec_driver_sql("UPDATE gatepass_schema SET revision = '0020'")
    database._revision = ""  # noqa: SLF001 - as after a restart

    answer = report(fresh_server, random_secret())

    assert refused(answer) == (503, "temporarily_unavailable")
    assert look_up(fresh_server) == 0


@pytest.fixture
def mailing_server(tmp_path: Path) -> Iterator[InProcessServer]:
    mail = {"host": "127.0.0.1", "port": 9, "sender": "partners@acme.example"}
    with open_passive_server(tmp_path / "data", mail=mail) as server:
        yield server


def test_every_administrator_gets_one_mail(mailing_server: InProcessServer) -> None:
    environment = mailing_server.environment()
    client = mailing_server.register()
    for username, role in (("anna", "admin"), ("ben", "admin"), ("sven", "staff")):
        initial_passwords.add_with_access(
            environment.context,
            OPERATOR,
            client.application.org_id,
            username=username,
            email=f"{username}@example.com",
            role=role,
            initial=run(initial_passwords.new_password(environment.hasher)),
        )
    report(mailing_server, client.secret.value)
    look_up(mailing_server)

    found = environment.context.outbox.messages("mail")
    told = [each.address for each in found if each.kind == "secret_leak_reported"]
    assert sorted(told) == ["anna@example.com", "ben@example.com"]


@pytest.fixture
def alerting_server(tmp_path: Path) -> Iterator[InProcessServer]:
    mail = {"host": "127.0.0.1", "port": 9, "sender": "partners@acme.example"}
    operator = {"alerts": "security@acme.example"}
    with open_passive_server(tmp_path / "data", mail=mail, operator=operator) as server:
        yield server


def alerts(server: InProcessServer) -> list[Message]:
    context = server.environment().context
    found = context.outbox.claim("mail", {"leak_alert"}, context.now(), 99)
    assert {each.address for each in found} <= {"security@acme.example"}
    return found


def test_the_operator_gets_mail_about_each_kind_of_leak(alerting_server: InProcessServer) -> None:
    client, other = alerting_server.register(), alerting_server.register()
    context = alerting_server.environment().context
    report(alerting_server, alerting_server.ask(client).json()["access_token"])
    report(alerting_server, client.secret.value)
    look_up(alerting_server)
    own = other.application
    secret_operations.replace_leaked(context, OPERATOR, own.id, own.secrets[0].id, None)

    found = [each.values for each in alerts(alerting_server)]
    said = [(each["client_id"], each["secret"]) for each in found]
    assert (
        said
        == [
            (client.client_id, ""),  # a token
            (client.client_id, client.secret.value[-4:]),
            (other.client_id, other.secret.value[-4:]),
        ]
    )
    assert [each["reporter"] for each in found[:2]] == ["a leak report"] * 2
    assert client.secret.value not in str(found)


def test_a_partner_who_reports_its_own_tokens_without_end_floods_nobody(
    alerting_server: InProcessServer,
) -> None:
    client = alerting_server.register()
    for number in range(MOST_ALERTS + 5):
        token = alerting_server.ask(client).json()["access_token"]
        report(alerting_server, token, source=f"198.51.{number}.4")
    look_up(alerting_server)

    assert len(alerts(alerting_server)) == MOST_ALERTS


def test_without_an_address_the_operator_gets_no_mail(mailing_server: InProcessServer) -> None:
    report(mailing_server, mailing_server.register().secret.value)
    look_up(mailing_server)

    assert mailing_server.environment().context.outbox.messages("mail") == []


def test_the_metadata_names_the_endpoint(server: InProcessServer) -> None:
    document = json.loads(server.send("GET", "/.well-known/oauth-authorization-server").text)

    assert document["leak_report_endpoint"] == "http://localhost:8000/oauth2/report_leak/"


def test_a_file_that_ends_with_a_line_break_is_taken(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()

    assert report(fresh_server, f"{client.secret.value}\r\n").status_code == 202
    assert look_up(fresh_server) == 1
