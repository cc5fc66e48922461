"""One environment: what is in its memory, and the wall to the other one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.changes.outbox import store as outbox
from gatepass.server.domain.changes.outbox.model import KEPT
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.revocations import store as revocations
from gatepass.server.domain.usage import store as counts
from gatepass.server.domain.usage.counter import AT_ONCE
from gatepass.server.domain.usage.model import FINE
from gatepass.server.environment import maintenance
from gatepass.server.environment.environment import MOST_CHANGES, file
from gatepass.server.oauth import access_token
from gatepass.server.storage.database import FORGOTTEN_AT_ONCE
from gatepass.server.storage.errors import DatabaseAwayError, NotFoundError
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret
from server.fixtures import LIVE, TEST, InProcessServer, open_passive_server


def test_environments_share_no_account_no_application_and_no_key(
    fresh_server: InProcessServer,
) -> None:
    live, test = fresh_server.environment(LIVE), fresh_server.environment(TEST)
    client = fresh_server.register(LIVE)

    with pytest.raises(NotFoundError):
        applications.find(test.context, client.application.id, None)
    with pytest.raises(NotFoundError):
        organizations.find(test.context, client.application.org_id)
    content = b"the same"
    assert live.keys.opaque_token_key.tag(content) != test.keys.opaque_token_key.tag(content)
    assert file(fresh_server.data, LIVE) != file(fresh_server.data, TEST)


@pytest.mark.spec("RFC 9700", "4.15.1")
def test_a_token_of_one_environment_is_nothing_in_the_other(fresh_server: InProcessServer) -> None:
    live, test = fresh_server.register(LIVE), fresh_server.register(TEST)
    path = "/api/partners/v2.0/org/{}"

    for client, mode, elsewhere in ((live, LIVE, TEST), (test, TEST, LIVE)):
        bearer = {"Authorization": f"Bearer {fresh_server.token(client, mode)}"}
        where = path.format(client.application.org_id)
        assert fresh_server.send("GET", where, mode, headers=bearer).status_code == 200
        assert fresh_server.send("GET", where, elsewhere, headers=bearer).status_code == 401


def test_what_was_revoked_before_a_start_is_known_after_it(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data") as server:
        client = server.register()
        token, other = server.token(client), server.token(client)
        server.revoke(client, token)
    with open_passive_server(tmp_path / "data", server.clock) as again:
        assert not again.is_active(client, token)
        assert again.is_active(client, other)


def test_expired_revocations_and_old_changes_are_forgotten(fresh_server: InProcessServer) -> None:
    environment, client = fresh_server.environment(), fresh_server.register(lifetime=60)
    fresh_server.revoke(client, fresh_server.token(client))
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    maintenance.prune(environment)
    assert len(environment.state.revoked) == 1

    fresh_server.clock.advance(60)
    maintenance.prune(environment)
    assert len(environment.state.revoked) == 0
    with environment.database.read() as connection:
        assert list(revocations.unexpired(connection, long_ago)) == []
        before = changes.latest(connection)
        assert len(changes.after(connection, 0)) > 1
    fresh_server.clock.advance(timedelta(hours=25).total_seconds())
    maintenance.prune(environment)
    with environment.database.read() as connection:
        assert [each.seq for each in changes.after(connection, 0)] == [before]


def test_mail_of_the_time_before_it_was_turned_off_is_forgotten_too(
    fresh_server: InProcessServer,
) -> None:
    environment = fresh_server.environment()
    mail = replace(environment.context.outbox, sends_mail=True)
    with environment.database.write() as connection:
        mail.add_mail(connection, "anna@example.com", "test", {}, environment.now())
        outbox.fail_all(connection, environment.now(), "")

    maintenance.prune(environment)
    assert len(mail.messages("mail")) == 1
    fresh_server.clock.advance(KEPT.total_seconds() + 60)
    maintenance.prune(environment)

    assert mail.messages("mail") == []


def test_after_more_changes_than_are_read_at_a_time_memory_is_right(
    fresh_server: InProcessServer,
) -> None:
    environment, client = fresh_server.environment(), fresh_server.register()
    token, other = fresh_server.token(client), fresh_server.token(client)
    subjects = [str(client.application.id)] * (MOST_CHANGES + 1)
    token_id = access_token.read(environment, Secret(token))
    assert token_id
    with environment.database.write() as connection:
        revocations.add(connection, token_id.token_id, datetime(2100, 1, 1, tzinfo=UTC))
        changes.record(connection, changes.REVOCATION, token_id.token_id.hex(), environment.now())
        changes.record_many(connection, changes.APPLICATION, subjects, environment.now())
        newest = changes.newest(connection)
    assert environment.applications.get(client.client_id)

    environment.refresh()

    assert environment.position == newest
    assert environment.applications.get(client.client_id) is None
    assert not fresh_server.is_active(client, token)
    assert fresh_server.is_active(client, other)


def test_more_than_one_transaction_forgets_is_forgotten_all_the_same(
    fresh_server: InProcessServer,
) -> None:
    environment = fresh_server.environment()
    expired = environment.now() - timedelta(seconds=1)
    with environment.database.write() as connection:
        for number in range(FORGOTTEN_AT_ONCE + 1):
            revocations.add(connection, number.to_bytes(16), expired)

    maintenance.prune(environment)

    with environment.database.read() as connection:
        assert list(revocations.unexpired(connection, expired - timedelta(days=1))) == []


def test_time_is_told_in_whole_milliseconds_as_the_database_gives_it_back(
    fresh_server: InProcessServer,
) -> None:
    fresh_server.clock.advance(0.123456789)
    created = fresh_server.register().application.created_at

    assert created == fresh_server.environment().now()
    assert created.microsecond == 123000


def test_an_operation_without_database_says_so_and_changes_nothing(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    token = fresh_server.token(client)
    fresh_server.lose_database()

    with pytest.raises(DatabaseAwayError):
        applications.revoke_tokens(
            fresh_server.environment().context, OPERATOR, client.application.id, None
        )
    with pytest.raises(DatabaseAwayError):
        fresh_server.environment().catch_up()
    assert fresh_server.is_active(client, token)


def test_usage_is_written_when_the_server_ends(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data") as server:
        client = server.register()
        server.token(client)
    with open_passive_server(tmp_path / "data") as again:
        found = applications.find(again.environment().context, client.application.id, None)
        assert found.last_used_at is not None


def test_usage_that_cannot_be_written_is_kept_for_later(fresh_server: InProcessServer) -> None:
    client, environment = fresh_server.register(), fresh_server.environment()
    fresh_server.token(client)
    fresh_server.lose_database()
    with pytest.raises(DatabaseAwayError):
        maintenance.flush(environment)
    fresh_server.find_database()
    maintenance.flush(environment)

    assert (
        applications.find(environment.context, client.application.id, None).last_used_at is not None
    )


def test_at_its_end_a_process_writes_usage_in_few_transactions_and_no_later_than_it_may(
    fresh_server: InProcessServer,
) -> None:
    environment, client = fresh_server.environment(), fresh_server.register()
    known = CachedApplication.of(client.application)
    refused = OAuthError("invalid_client", "Wrong.")
    now = int(environment.clock())
    for number in range(2 * AT_ONCE):
        environment.usage.refused(known, refused, "192.0.2.7", b"curl", now - number * FINE)
    environment.is_closing.set()

    with pytest.raises(DatabaseAwayError):
        maintenance.flush(environment, ends_at=0.0)
    commits: list[object] = []
    event.listen(environment.database.engine, "commit", commits.append)
    maintenance.flush(environment)

    assert len(commits) == 1
    with environment.database.read() as connection:
        since = datetime.fromtimestamp(0, UTC)
        counted = counts.series(connection, client.application.id, since, FINE)
    assert sum(each.times for each in counted) == 2 * AT_ONCE
