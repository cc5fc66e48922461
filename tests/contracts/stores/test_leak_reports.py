"""Reports of leaked credentials, and the secrets that leaked, on both databases."""

from dataclasses import replace
from uuid import uuid4

from contracts import samples
from contracts.samples import AWKWARD, HOUR, NOW
from gatepass.server.domain.applications import store as applications
from gatepass.server.domain.applications.secrets.leaks import store as leaks
from gatepass.server.domain.applications.secrets.leaks.model import LeakedSecret
from gatepass.server.domain.revocations.leak_reports import store
from gatepass.server.domain.revocations.leak_reports.model import LeakReport, printable
from gatepass.server.storage.database import Database

SECRET = LeakReport(NOW, "192.0.2.7", "report", AWKWARD, "secret", b"\x00\xff" * 16)
TOKEN = replace(
    SECRET, channel="github", kind="token", application_id=uuid4(), expires_at=NOW + HOUR
)
OF_CLIENT_ID = replace(TOKEN, application_id=None, client_id="imported")


def leak_of(secret_id: object, *, has_tokens: bool = True) -> LeakedSecret:
    return LeakedSecret(secret_id, NOW, "github", AWKWARD, has_tokens)  # type: ignore[arg-type]


def test_reports_come_back_in_their_order_and_are_taken_once(database: Database) -> None:
    with database.write() as connection:
        store.add(connection, [SECRET, TOKEN])
        store.add(connection, [OF_CLIENT_ID])
    with database.write() as connection:
        waiting = store.oldest(connection, 10)
        first = store.take(connection, [each.id for each in waiting[:2]])
        again = store.take(connection, [each.id for each in waiting])

    assert [each.report for each in waiting] == [SECRET, TOKEN, OF_CLIENT_ID]
    assert first == {waiting[0].id, waiting[1].id}
    assert again == {waiting[2].id}


def test_the_secrets_of_digests_are_found_by_the_index(database: Database) -> None:
    with database.write() as connection:
        one, other = (samples.stored_application(connection) for _ in range(2))
        digest = one.secrets[0].digest

        assert leaks.digests(connection, []) == {}
        assert leaks.digests(connection, [digest, b"\x01" * 32]) == {
            digest: (one.id, one.secrets[0].id)
        }
        if connection.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(
                "EXPLAIN QUERY PLAN SELECT id FROM application_secret WHERE digest IN (?, ?)",
                (digest, other.secrets[0].digest),
            ).all()
            assert "ix_application_secret_digest" in str(plan)


def test_a_leak_is_noted_once_and_goes_with_its_secret(database: Database) -> None:
    with database.write() as connection:
        made = samples.stored_application(connection)
        secret_id = made.secrets[0].id
        leak = leak_of(secret_id)

        assert leaks.add(connection, leak)
        assert not leaks.add(connection, replace(leak, location="elsewhere"))
        assert leaks.find(connection, secret_id) == leak
        assert leaks.of_application(connection, made.id) == {secret_id: leak}
        applications.remove(connection, made.id)
        assert leaks.find(connection, secret_id) is None


def test_the_tokens_of_an_ended_secret_are_taken_once(database: Database) -> None:
    with database.write() as connection:
        ended, live, done = (
            samples.stored_application(connection, secrets=(samples.secret(expires_at=end),))
            for end in (NOW, NOW + HOUR, NOW)
        )
        for each in (ended, live, done):
            leaks.add(connection, leak_of(each.secrets[0].id, has_tokens=each is not done))
        found = leaks.ended(connection, NOW)

        assert found == [(ended.id, ended.secrets[0].id)]
        assert leaks.take_tokens(connection, ended.secrets[0].id)
        assert not leaks.take_tokens(connection, ended.secrets[0].id)
        assert leaks.ended(connection, NOW) == []


def test_an_address_is_kept_without_what_could_not_be_printed() -> None:
    assert printable("https://a.example/\r\n\x00\x1b[31m\u202ex") == "https://a.example/????[31m?x"
    assert len(printable("x" * 9000)) == 500
