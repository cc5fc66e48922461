"""The secret rotation endpoint: an application replaces its own secret and is never locked out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications import store
from gatepass.server.domain.applications.keys.methods.expiry.operations import remind
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.applications.secrets.automatic_rotation import operations
from gatepass.server.domain.applications.secrets.automatic_rotation.model import Setting
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import OPERATOR, Entry
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.organizations.policies.model import StatedPolicy
from gatepass.server.domain.revocations.leak_reports import operations as leak_reports
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.environment import maintenance
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import REPORT_LEAK, ROTATE_SECRET
from gatepass.wire.secret import Secret
from server.fixtures import HERE, Client, InProcessServer, open_passive_server, refused

MAIL = {"host": "127.0.0.1", "port": 9, "sender": "partners@acme.example"}
HOUR, DAY = 3600, 24 * 3600


class Rotating:
    """A server with one application that has automatic rotation turned on."""

    def __init__(self, server: InProcessServer, **setting: Any) -> None:  # noqa: ANN401
        self.server = server
        self.environment = server.environment()
        self.client = server.register()
        self.turn_on(**setting)

    def turn_on(self, **setting: Any) -> None:  # noqa: ANN401
        self.configure(Setting(is_on=True, **setting))

    def configure(self, setting: Setting) -> None:
        app_id = self.client.application.id
        operations.configure(self.environment.context, OPERATOR, app_id, None, setting)

    def send(self, action: str, by: Client | None = None, **given: Any) -> Response:  # noqa: ANN401
        return self.server.post(
            ROTATE_SECRET, by=by or self.client, data={"action": action}, **given
        )

    def prepare(self, by: Client | None = None) -> Client:
        answer = self.send("prepare", by)
        assert answer.status_code == 200, answer.text
        return self.client.having(Secret(answer.json()["client_secret"]))

    def commit(self, by: Client) -> dict[str, Any]:
        answer = self.send("commit", by)
        assert answer.status_code == 200, answer.text
        members: dict[str, Any] = answer.json()
        return members

    def rotate(self) -> Client:
        new = self.prepare()
        self.commit(new)
        return new

    def works(self, client: Client) -> bool:
        return self.server.ask(client).status_code == 200

    def entries(self) -> list[Entry]:
        with self.environment.database.read() as connection:
            found = audit.page(connection, self.client.application.org_id)
        return [each for _, each in found]

    def set_longest(self, days: int) -> None:
        with self.environment.database.write() as connection:
            stated = StatedPolicy(secret_lifetime=days * DAY)
            policies.put(connection, self.client.application.org_id, stated)

    @property
    def now(self) -> float:
        return self.server.clock()


@pytest.fixture
def rotating(fresh_server: InProcessServer) -> Rotating:
    return Rotating(fresh_server)


def test_the_new_secret_works_at_once_and_the_old_one_until_the_overlap_is_over(
    rotating: Rotating,
) -> None:
    old = rotating.client
    new = rotating.prepare()
    assert rotating.works(old)
    assert rotating.works(new)
    rotating.server.clock.advance(90 * DAY)
    assert rotating.works(old)

    done = rotating.commit(new)

    assert done["presented_secret"] == "current"
    assert done["previous_secret_expires_at"] == int(rotating.now) + DAY
    assert done["next_rotation_at"] == int(rotating.now) + 30 * DAY
    rotating.server.clock.advance(DAY - 1)
    assert rotating.works(old)
    rotating.server.clock.advance(1)
    assert not rotating.works(old)
    assert rotating.works(new)


def test_the_answer_has_the_secret_once_and_no_cache_keeps_it(rotating: Rotating) -> None:
    answer = rotating.send("prepare")

    members = answer.json()
    assert set(members) == {"client_id", "client_secret", "client_secret_expires_at"}
    assert members["client_id"] == rotating.client.client_id
    assert members["client_secret_expires_at"] == 0
    assert answer.headers["cache-control"] == "no-store"
    assert members["client_secret"] not in rotating.send("status").text
    assert members["client_secret"] not in str(rotating.entries())


@pytest.mark.parametrize("in_body", [True, False])
@pytest.mark.spec("RFC 6749", "2.3.1")
def test_it_authenticates_as_the_token_endpoint_does(rotating: Rotating, *, in_body: bool) -> None:
    client, post = rotating.client, rotating.server.post
    if in_body:
        good = post(ROTATE_SECRET, data={"action": "prepare"} | client.body)
    else:
        good = rotating.send("prepare")
    wrong = rotating.send("prepare", client.having(Secret("gps_live_wrong")))

    assert good.status_code == 200
    assert refused(wrong) == (401, "invalid_client")
    assert refused(post(ROTATE_SECRET, data={"action": "prepare"})) == (401, "invalid_client")


@pytest.mark.parametrize("action", ["", "Prepare", "undo", "prepare commit"])
def test_another_action_is_refused_with_the_ones_that_there_are(
    rotating: Rotating, action: str
) -> None:
    answer = rotating.send(action)

    assert refused(answer) == (400, "invalid_request")
    assert "prepare, commit, status" in answer.json()["error_description"]


def test_it_is_off_until_an_administrator_turns_it_on(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    for action in ("prepare", "commit", "status"):
        answer = fresh_server.post(ROTATE_SECRET, by=client, data={"action": action})
        assert refused(answer) == (400, "unauthorized_client")
        assert "portal" in answer.json()["error_description"]

    assert fresh_server.ask(client).status_code == 200


def test_the_owner_sees_why_a_rotation_was_refused(rotating: Rotating) -> None:
    rotating.prepare()
    rotating.send("prepare")
    rotating.send("commit")
    rotating.configure(Setting(is_on=False))
    rotating.send("prepare")
    maintenance.flush(rotating.environment)

    with rotating.environment.database.read() as connection:
        found = connection.exec_driver_sql("SELECT reason, sum(times) FROM refusal GROUP BY reason")
        assert dict(tuple(row) for row in found) == {"rotation_not_now": 2, "rotation_off": 1}


def test_a_replayed_prepare_waits_and_then_replaces_the_secret_that_nobody_used(
    rotating: Rotating,
) -> None:
    first = rotating.prepare()

    replayed = rotating.send("prepare")
    assert refused(replayed) == (429, "temporarily_unavailable")
    assert replayed.headers["retry-after"] == "60"
    rotating.server.clock.advance(60)
    second = rotating.prepare()

    assert second.secret != first.secret
    assert not rotating.works(first)
    assert rotating.works(second)
    assert rotating.works(rotating.client)


def test_of_two_at_once_one_gets_a_secret_and_that_one_works(rotating: Rotating) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(rotating.send, "prepare") for _ in range(2)]
    by_status = {each.result().status_code: each.result().json() for each in answers}

    assert set(by_status) == {200, 429}
    new = rotating.client.having(Secret(by_status[200]["client_secret"]))
    assert rotating.commit(new)["presented_secret"] == "current"


def test_a_prepared_secret_that_was_used_is_not_replaced(rotating: Rotating) -> None:
    new = rotating.prepare()
    assert rotating.works(new)
    maintenance.flush(rotating.environment)
    rotating.server.clock.advance(HOUR)

    answer = rotating.send("prepare")

    assert refused(answer) == (409, "invalid_request")
    assert "Commit with it" in answer.json()["error_description"]
    rotating.commit(new)
    assert rotating.works(rotating.client)


def test_a_commit_that_is_sent_twice_changes_nothing_more(rotating: Rotating) -> None:
    new = rotating.prepare()
    first = rotating.commit(new)
    rotating.server.clock.advance(HOUR)

    again = rotating.commit(new)
    assert again["next_rotation_in"] == first["next_rotation_in"] - HOUR
    assert again | {"next_rotation_in": 0} == first | {"next_rotation_in": 0}
    assert [each.action for each in rotating.entries()].count("secret.rotated") == 1


def test_the_old_secret_cannot_commit(rotating: Rotating) -> None:
    nothing_there = rotating.send("commit")
    new = rotating.prepare()
    by_old = rotating.send("commit")

    assert refused(nothing_there) == refused(by_old) == (409, "invalid_request")
    assert "Prepare one first" in nothing_there.json()["error_description"]
    assert "Commit with the new secret" in by_old.json()["error_description"]
    rotating.server.clock.advance(365 * DAY)
    assert rotating.works(rotating.client)
    assert rotating.works(new)


def test_the_new_secret_cannot_prepare_before_it_has_committed(rotating: Rotating) -> None:
    new = rotating.prepare()

    assert refused(rotating.send("prepare", new)) == (409, "invalid_request")
    assert rotating.works(new)


def test_the_next_rotation_waits_for_the_interval(rotating: Rotating) -> None:
    new = rotating.rotate()
    early = rotating.send("prepare", new)
    rotating.server.clock.advance(30 * DAY)

    assert refused(early) == (429, "temporarily_unavailable")
    assert early.headers["retry-after"] == str(30 * DAY)
    assert rotating.works(rotating.prepare(new))


def test_the_next_rotation_waits_for_the_end_of_the_old_secret(
    fresh_server: InProcessServer,
) -> None:
    rotating = Rotating(fresh_server, interval=timedelta(days=1), overlap=timedelta(days=7))
    new = rotating.rotate()
    rotating.server.clock.advance(2 * DAY)

    early = rotating.send("prepare", new)
    by_old = rotating.send("prepare")

    assert early.headers["retry-after"] == str(5 * DAY)
    assert refused(by_old) == (409, "invalid_request")
    assert "Read the newer one" in by_old.json()["error_description"]
    rotating.server.clock.advance(5 * DAY)
    assert rotating.works(rotating.prepare(new))


def test_two_live_secrets_of_an_administrator_are_not_touched(rotating: Rotating) -> None:
    app_id = rotating.client.application.id
    rotating.server.clock.advance(1)
    made = secret_operations.rotate(
        rotating.environment.context, OPERATOR, app_id, timedelta(days=7), None
    )
    by_hand = rotating.client.having(made.secret)

    answer = rotating.send("prepare", by_hand)

    assert refused(answer) == (429, "temporarily_unavailable")
    assert rotating.works(rotating.client)
    assert rotating.works(by_hand)


def test_it_is_never_mixed_with_an_end_at_the_first_use(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    context, app_id = fresh_server.environment().context, client.application.id
    made = secret_operations.rotate(context, OPERATOR, app_id, None, None)
    with pytest.raises(OAuthError, match="first use"):
        operations.configure(context, OPERATOR, app_id, None, Setting(is_on=True))
    fresh_server.ask(client.having(made.secret))
    maintenance.flush(fresh_server.environment())
    operations.configure(context, OPERATOR, app_id, None, Setting(is_on=True))

    with pytest.raises(OAuthError, match="Automatic rotation is on"):
        secret_operations.rotate(context, OPERATOR, app_id, None, None)


def test_a_request_from_outside_the_networks_is_refused(rotating: Rotating) -> None:
    applications.change(
        rotating.environment.context,
        OPERATOR,
        rotating.client.application.id,
        None,
        networks=check_networks("203.0.113.0/24"),
    )

    for action in ("prepare", "commit", "status"):
        assert refused(rotating.send(action)) == (401, "invalid_client")
        assert rotating.send(action, source="203.0.113.9").status_code != 401


def test_a_disabled_application_changes_nothing_and_goes_on_where_it_was(
    rotating: Rotating,
) -> None:
    new = rotating.prepare()
    context, app_id = rotating.environment.context, rotating.client.application.id
    applications.set_enabled(context, OPERATOR, app_id, enabled=False, org_id=None)
    for client in (rotating.client, new):
        for action in ("prepare", "commit", "status"):
            assert refused(rotating.send(action, client)) == (401, "invalid_client")
    applications.set_enabled(context, OPERATOR, app_id, enabled=True, org_id=None)

    assert rotating.commit(new)["presented_secret"] == "current"
    assert rotating.works(rotating.client)


def test_a_suspended_organization_changes_nothing_and_goes_on_where_it_was(
    rotating: Rotating,
) -> None:
    new = rotating.prepare()
    context, org_id = rotating.environment.context, rotating.client.application.org_id
    organization_lifecycle.set_suspended(context, OPERATOR, org_id, suspended=True)
    assert refused(rotating.send("commit", new)) == (401, "invalid_client")
    organization_lifecycle.set_suspended(context, OPERATOR, org_id, suspended=False)

    assert rotating.commit(new)["presented_secret"] == "current"


def test_without_the_database_nothing_is_rotated_and_both_secrets_still_work(
    rotating: Rotating,
) -> None:
    new = rotating.prepare()
    for client in (rotating.client, new):
        assert rotating.works(client)
    rotating.server.lose_database()
    answers = [rotating.send("prepare"), rotating.send("commit", new), rotating.send("status")]
    rotating.server.find_database()

    assert [refused(each) for each in answers] == [(503, "temporarily_unavailable")] * 3
    assert {each.headers["retry-after"] for each in answers} == {"5"}
    assert rotating.works(rotating.client)
    assert rotating.commit(new)["presented_secret"] == "current"


def test_a_secret_that_was_revoked_a_moment_ago_prepares_nothing(rotating: Rotating) -> None:
    new = rotating.rotate()
    (old,) = [
        each
        for each in applications.find(
            rotating.environment.context, rotating.client.application.id, None
        ).secrets
        if each.last_four == rotating.client.secret.value[-4:]
    ]
    with rotating.environment.database.write() as connection:  # memory does not know it yet
        store.end_secret(connection, old.id, rotating.environment.now())

    assert refused(rotating.send("status")) == (401, "invalid_client")
    assert refused(rotating.send("prepare")) == (401, "invalid_client")
    assert rotating.works(new)


def report(rotating: Rotating) -> None:
    """Report the application's current secret as leaked, and have the report looked up."""
    credential = {"credential": rotating.client.secret.value}
    assert rotating.server.post(REPORT_LEAK, data=credential).status_code == 202
    assert leak_reports.process(rotating.environment.context)


def test_a_secret_that_was_reported_as_leaked_makes_no_other_one(rotating: Rotating) -> None:
    report(rotating)

    refusal = rotating.send("prepare")

    assert refused(refusal) == (400, "unauthorized_client")
    assert "reported as leaked" in refusal.json()["error_description"]


def test_what_was_prepared_with_a_leaked_secret_ends_with_it(rotating: Rotating) -> None:
    new = rotating.prepare()
    report(rotating)
    assert rotating.works(rotating.client)
    assert rotating.works(new)

    rotating.server.clock.advance(DAY)

    assert not rotating.works(rotating.client)
    assert not rotating.works(new)
    assert rotating.send("commit", new).status_code == 401


def test_what_was_prepared_with_a_leaked_secret_cannot_be_committed(rotating: Rotating) -> None:
    new = rotating.prepare()
    report(rotating)

    assert refused(rotating.send("commit", new)) == (400, "unauthorized_client")


@pytest.mark.spec("RFC 7591", "3.2.1")
def test_the_new_secret_lives_as_long_as_the_policy_allows(rotating: Rotating) -> None:
    rotating.set_longest(90)

    answer = rotating.send("prepare").json()

    assert answer["client_secret_expires_at"] == int(rotating.now) + 90 * DAY


def test_the_new_secret_lives_as_long_as_the_one_before_was_meant_to(rotating: Rotating) -> None:
    context, app_id = rotating.environment.context, rotating.client.application.id
    (secret,) = applications.find(context, app_id, None).secrets
    end = secret.created_at + timedelta(days=45)
    secret_operations.set_end(context, OPERATOR, app_id, secret.id, end, None)
    rotating.server.clock.advance(40 * DAY)

    new = rotating.prepare()
    done = rotating.commit(new)

    assert done["client_secret_expires_at"] == int(rotating.now) + 45 * DAY
    assert done["previous_secret_expires_at"] == int(rotating.now) + DAY


def test_a_prepared_secret_hides_no_reminder_of_the_one_in_use(rotating: Rotating) -> None:
    context, app_id = rotating.environment.context, rotating.client.application.id
    (secret,) = applications.find(context, app_id, None).secrets
    end = secret.created_at + timedelta(days=100)
    secret_operations.set_end(context, OPERATOR, app_id, secret.id, end, None)
    new = rotating.prepare()
    rotating.server.clock.advance(95 * DAY)
    reminded = remind(context)
    rotating.commit(new)

    assert reminded == 2  # of the one in use, and of the prepared one, which is as old


def test_the_audit_trail_says_that_the_application_did_it(rotating: Rotating) -> None:
    new = rotating.rotate()

    found = {each.action: each for each in rotating.entries()}
    for action in ("secret.prepared", "secret.rotated"):
        assert (found[action].actor, found[action].source) == ("Billing", HERE)
        assert found[action].detail["new_secret"] == new.secret.value[-4:]
    assert found["secret.rotated"].detail["overlap"] == "24 hours"


def test_each_administrator_is_mailed_after_a_commit(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data", mail=MAIL) as server:
        rotating = Rotating(server)
        context = rotating.environment.context
        for username, role in (("ben", "admin"), ("sven", "staff")):
            initial_passwords.add_with_access(
                context,
                OPERATOR,
                rotating.client.application.org_id,
                username=username,
                email=f"{username}@example.com",
                role=role,
                initial=run(initial_passwords.new_password(rotating.environment.hasher)),
            )
        new = rotating.prepare()
        before = [each.kind for each in context.outbox.messages("mail")]
        rotating.commit(new)
        rotating.commit(new)
        mails = [each for each in context.outbox.messages("mail") if each.kind == "secret_rotated"]

        assert "secret_rotated" not in before
        assert [each.address for each in mails] == ["ben@example.com"]


def test_an_administrator_undoes_a_rotation_while_the_old_secret_works(rotating: Rotating) -> None:
    old, new = rotating.client, rotating.rotate()
    context, app_id = rotating.environment.context, old.application.id

    operations.undo(context, OPERATOR, app_id, None)

    assert not rotating.works(new)
    rotating.server.clock.advance(30 * DAY)
    assert rotating.works(old)
    assert refused(rotating.send("prepare")) == (400, "unauthorized_client")
    with pytest.raises(OAuthError, match="cannot be undone"):
        operations.undo(context, OPERATOR, app_id, None)


def test_an_undo_gives_the_old_secret_its_own_end_back(rotating: Rotating) -> None:
    context, app_id = rotating.environment.context, rotating.client.application.id
    (secret,) = applications.find(context, app_id, None).secrets
    end = secret.created_at + timedelta(days=20)
    secret_operations.set_end(context, OPERATOR, app_id, secret.id, end, None)
    rotating.rotate()

    operations.undo(context, OPERATOR, app_id, None)

    live = applications.find(context, app_id, None).live_secrets(context.now())
    assert [each.expires_at for each in live] == [end]


def test_after_the_overlap_nothing_can_be_undone(rotating: Rotating) -> None:
    new = rotating.rotate()
    rotating.server.clock.advance(DAY)

    with pytest.raises(OAuthError, match="cannot be undone"):
        operations.undo(
            rotating.environment.context, OPERATOR, rotating.client.application.id, None
        )
    assert rotating.works(new)


def test_turned_off_between_the_steps_both_secrets_work(rotating: Rotating) -> None:
    new = rotating.prepare()
    rotating.configure(Setting(is_on=False))

    assert refused(rotating.send("commit", new)) == (400, "unauthorized_client")
    assert rotating.works(rotating.client)
    assert rotating.works(new)
    rotating.turn_on()
    assert rotating.commit(new)["presented_secret"] == "current"


def test_where_the_old_secret_was_revoked_meanwhile_the_new_one_commits(rotating: Rotating) -> None:
    new = rotating.prepare()
    context, app_id = rotating.environment.context, rotating.client.application.id
    old = min(applications.find(context, app_id, None).secrets, key=lambda each: each.created_at)
    secret_operations.revoke(context, OPERATOR, app_id, old.id, None)

    done = rotating.commit(new)

    assert (done["presented_secret"], done["previous_secret_expires_at"]) == ("current", 0)


@pytest.mark.parametrize(
    "setting",
    [
        Setting(is_on=True, interval=timedelta(0)),
        Setting(is_on=True, interval=timedelta(days=366)),
        Setting(is_on=True, interval=timedelta(days=-1)),
        Setting(is_on=True, overlap=timedelta(0)),
        Setting(is_on=True, overlap=timedelta(hours=5)),
    ],
    ids=["no interval", "over a year", "negative", "no overlap", "an overlap not offered"],
)
def test_a_setting_that_is_not_offered_is_refused(rotating: Rotating, setting: Setting) -> None:
    with pytest.raises(OAuthError):
        rotating.configure(setting)


def test_on_the_tables_of_the_version_before_it_is_off(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data") as server:
        client = server.register()
        with server.environment().database.write() as connection:
            connection.exec_driver_sql("DROP TABLE automatic_rotation")
            connection.exec_driver_sql("UPDATE gatepass_schema SET revision = '0021'")
    with open_passive_server(tmp_path / "data", server.clock, auto_migrate=False) as server:
        context, app_id = server.environment().context, client.application.id
        answer = server.post(ROTATE_SECRET, by=client, data={"action": "prepare"})
        remind(context)
        secret_operations.rotate(context, OPERATOR, app_id, None, None)
        with pytest.raises(OAuthError) as too_old:
            operations.configure(context, OPERATOR, app_id, None, Setting(is_on=True))

        assert "gatepass migrate" in too_old.value.description
        assert refused(answer) == (400, "unauthorized_client")
        assert server.ask(client).status_code == 200
