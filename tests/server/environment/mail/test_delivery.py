"""Mail is sent once, by whichever process; what cannot be sent waits for a day, then it failed."""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.changes.outbox import store
from gatepass.server.domain.changes.outbox.model import LEASE, Message
from gatepass.server.domain.changes.outbox.operations import Outbox
from gatepass.server.domain.users.links import recovery
from gatepass.server.environment.environment import Environment
from gatepass.server.environment.mail import delivery
from gatepass.server.environment.mail.delivery import MailDelivery
from gatepass.server.storage import master_key
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.server.storage.master_key import MasterKey
from gatepass.server.storage.migrations import revisions
from server.environment.mail.smtp_server import PASSWORD, Received, smtp_server
from server.fixtures import InProcessServer, open_passive_server, settings

ANNA = "anna@example.com"
VALUES = {"username": "anna", "at": "2026-11-28 20:15 UTC"}


class Post:
    """An environment with its delivery, and the SMTP server that it leads to."""

    def __init__(self, server: InProcessServer, settings: Settings, received: Received) -> None:
        self.server = server
        self.settings = settings
        self.received = received
        self.environment: Environment = server.environment()
        self.delivery = self.another()

    def another(self) -> MailDelivery:
        """Return the delivery that another process would have."""
        return delivery.of_environment(self.settings, self.environment)

    def write(self, address: str = ANNA, kind: str = "password_changed", **values: str) -> None:
        with self.environment.database.write() as connection:
            now = self.environment.now()
            self.outbox.add_mail(connection, address, kind, VALUES | values, now)

    @property
    def keys(self) -> tuple[bytes, ...]:
        return master_key.place_of(self.settings.data).keys()

    @property
    def outbox(self) -> Any:  # noqa: ANN401 - an Outbox
        return self.environment.context.outbox

    @property
    def messages(self) -> list[Message]:
        found: list[Message] = self.outbox.messages("mail")
        return found

    def later(self, time: timedelta) -> None:
        self.server.clock.now += time.total_seconds()


@contextmanager
def posting(folder: Path, mail: dict[str, Any], received: Received) -> Iterator[Post]:
    data = folder / "data"
    with open_passive_server(data, mail=mail) as server:
        yield Post(server, settings(data, mail=mail), received)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with smtp_server(tmp_path) as (received, mail), posting(tmp_path, mail, received) as opened:
        yield opened


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Post]:
    """A server of mail that is not there."""
    with smtp_server(tmp_path) as (received, mail):
        pass
    with posting(tmp_path, mail, received) as opened:
        yield opened


def test_a_message_is_sent_over_tls_as_text_and_html_and_its_content_forgotten(post: Post) -> None:
    post.write()

    assert post.delivery.deliver() == 1

    (mail,) = post.received.mails
    assert (mail["To"], mail["From"]) == (ANNA, "Gatepass <partners@acme.example>")
    assert mail["Subject"] == "Your password was changed"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text
    assert html
    assert "User name: anna" in text.get_content()
    assert f"{post.environment.issuer}/account/" in text.get_content()
    assert "<td>anna</td>" in html.get_content()
    assert post.received.over_tls == [True]
    assert [each.state for each in post.messages] == ["sent"]
    with post.environment.database.read() as connection:
        assert [row.content for row in store.newest(connection, "mail", None, 9)] == [b""]


def test_nothing_is_sent_of_a_change_that_was_not_committed(post: Post) -> None:
    with suppress(ZeroDivisionError), post.environment.database.write() as connection:
        post.outbox.add_mail(connection, ANNA, "test", {}, post.environment.now())
        raise ZeroDivisionError

    assert post.messages == []
    assert post.delivery.deliver() == 0


def test_what_a_message_says_is_encrypted_in_the_database(post: Post) -> None:
    post.write(link="https://app.example.com/accounts/recover/the-secret-of-a-link")

    with post.environment.database.read() as connection:
        (row,) = store.newest(connection, "mail", None, 9)
    assert b"secret" not in row.content
    assert b"anna" not in row.content


def test_of_two_processes_each_sends_its_own_mails(post: Post) -> None:
    for _ in range(30):
        post.write()
    deliveries = post.delivery, post.another()

    numbers = [each.deliver() for each in deliveries]

    assert numbers == [20, 10]
    assert len({mail["Message-ID"] for mail in post.received.mails}) == 30


def test_mail_of_a_process_that_was_killed_is_sent_by_another_one_after_five_minutes(
    post: Post,
) -> None:
    post.write()
    post.outbox.claim("mail", ["password_changed"], post.environment.now(), 20)  # and then killed

    assert post.delivery.deliver() == 0
    post.later(LEASE)
    assert post.delivery.deliver() == 1
    assert len(post.received.mails) == 1


def test_while_the_server_is_away_mail_waits_longer_each_time_and_is_sent_when_it_is_back(
    tmp_path: Path,
) -> None:
    with smtp_server(tmp_path) as (received, mail):
        pass
    pauses = []
    with posting(tmp_path, mail, received) as away:
        away.write()
        for _ in range(8):
            tried_at = away.environment.now()
            assert away.delivery.deliver() == 1
            (message,) = away.messages
            assert message.due_at
            pauses.append((message.due_at - tried_at) // timedelta(minutes=1))
            away.later(message.due_at - tried_at)
            assert message.error
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]

    with smtp_server(tmp_path) as (received, mail), posting(tmp_path, mail, received) as back:
        back.later(timedelta(hours=4))
        assert back.delivery.deliver() == 1
        assert len(received.mails) == 1


def test_after_a_day_mail_has_failed_and_is_sent_when_somebody_says_so(away: Post) -> None:
    away.write()
    while away.outbox.messages("mail", "waiting"):
        away.later(timedelta(hours=1))
        away.delivery.deliver()
    assert away.outbox.messages("mail", "failed")
    (message,) = away.messages
    assert timedelta(hours=23) < away.environment.now() - message.created_at < timedelta(hours=26)

    assert away.outbox.retry("mail", None, away.environment.now()) == 1
    assert away.delivery.deliver() == 1
    assert away.outbox.messages("mail", "waiting")


def test_the_log_says_once_that_the_server_is_away_and_never_to_whom_mail_goes(away: Post) -> None:
    with capture_logs() as logged:
        for _ in range(3):
            away.write()
            away.delivery.deliver()

    assert [each["event"] for each in logged] == ["mail.unavailable"]
    assert ANNA not in str(logged)


@pytest.mark.parametrize(
    ("answer", "state"),
    [("550 no such person", "failed"), ("450 busy", "waiting")],
    ids=["for ever", "for now"],
)
def test_a_recipient_that_is_refused_holds_up_no_other(post: Post, answer: str, state: str) -> None:
    post.received.to_recipient[ANNA] = answer
    post.write()
    post.write("ben@example.com")

    post.delivery.deliver()

    assert [mail["To"] for mail in post.received.mails] == ["ben@example.com"]
    ben, anna = post.messages
    assert (ben.state, anna.state, anna.error) == ("sent", state, answer)


@pytest.mark.parametrize(
    ("answer", "state"), [("554 spam", "failed"), ("451 try later", "waiting")]
)
def test_mail_that_is_refused_is_tried_again_only_if_that_may_help(
    post: Post, answer: str, state: str
) -> None:
    post.received.to_data = answer
    post.write()

    post.delivery.deliver()

    assert (post.messages[0].state, post.messages[0].error) == (state, answer)


def test_mail_that_cannot_be_written_fails_and_holds_up_no_other(post: Post) -> None:
    with post.environment.database.write() as connection:
        now = post.environment.now()
        post.outbox.add_mail(connection, ANNA, "password_changed", {}, now)
        post.outbox.add_mail(connection, "two@addresses.example, x", "test", {}, now)
    post.write()

    post.delivery.deliver()

    assert [each.state for each in post.messages] == ["sent", "failed", "failed"]


def test_a_kind_that_a_newer_version_wrote_waits_for_it(post: Post) -> None:
    post.write(kind="of_tomorrow")

    assert post.delivery.deliver() == 0
    assert post.messages[0].state == "waiting"


def test_nothing_is_sent_without_tls_where_the_settings_ask_for_it(tmp_path: Path) -> None:
    with smtp_server(tmp_path, tls=False) as (received, mail):
        mail |= {"security": "starttls"}
        with posting(tmp_path, mail, received) as post:
            post.write()
            post.delivery.deliver()
            assert post.messages[0].state == "waiting"
            assert "STARTTLS" in post.messages[0].error
    assert received.mails == []


def test_nothing_is_sent_to_a_server_whose_certificate_is_of_another_host(tmp_path: Path) -> None:
    with (
        smtp_server(tmp_path, host="mail.other.example") as (received, mail),
        posting(tmp_path, mail, received) as post,
    ):
        post.write()
        post.delivery.deliver()
        assert "certificate" in post.messages[0].error
    assert received.mails == []


def test_the_server_may_ask_for_a_password_which_no_error_shows(tmp_path: Path) -> None:
    with smtp_server(tmp_path, needs_password=True) as (received, mail):
        with posting(tmp_path, mail | {"password": "wrong-passphrase"}, received) as post:
            post.write()
            post.delivery.deliver()
            error = post.messages[0].error
            assert error.startswith("535 ")
            assert "passphrase" not in error + repr(post.settings)
            post.later(timedelta(minutes=2))
        with posting(tmp_path, mail, received) as post:
            post.later(timedelta(minutes=2))
            post.delivery.deliver()
    assert len(received.mails) == 1
    assert PASSWORD not in str(received.mails[0])


def test_mail_that_waits_survives_a_rotation_of_the_master_key(post: Post) -> None:
    post.write()
    old, new = (secrets.token_bytes(32) for _ in range(2))
    outbox = replace(post.outbox, master_key=MasterKey(old))
    with post.environment.database.write() as connection:
        outbox.add_mail(connection, ANNA, "test", {}, post.environment.now())
    rotating = replace(outbox, master_key=MasterKey(new, old, *post.keys))

    assert rotating.encrypt_again() == 2
    assert rotating.encrypt_again() == 0

    after = replace(outbox, master_key=MasterKey(new))
    claimed = after.claim("mail", ["test", "password_changed"], post.environment.now(), 9)
    assert [each.values for each in claimed] == [VALUES, {}]


def test_mail_under_a_master_key_that_is_lost_fails_and_holds_up_no_other(post: Post) -> None:
    lost = replace(post.outbox, master_key=MasterKey(secrets.token_bytes(32)))
    with post.environment.database.write() as connection:
        lost.add_mail(connection, ANNA, "test", {}, post.environment.now())
    post.write()

    assert post.delivery.deliver() == 1

    assert [each.state for each in post.messages] == ["sent", "failed"]
    assert "another master key" in post.messages[1].error


def test_a_request_that_cannot_be_answered_holds_up_no_mail_and_is_tried_again(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def fail(_: object, asked: Message) -> None:
        tried.append(asked.attempts)
        raise ZeroDivisionError

    monkeypatch.setattr(recovery, "answer", fail)
    with post.environment.database.write() as connection:
        now = post.environment.now()
        post.outbox.add_request(connection, ANNA, recovery.REQUEST, {"source": ""}, now)
    post.write()

    assert post.delivery.deliver() == 1
    post.delivery.deliver()

    assert len(post.received.mails) == 1
    assert tried == [1]
    assert [each.state for each in post.outbox.messages("request")] == ["waiting"]
    assert [each.kind for each in post.messages] == ["password_changed"]


def test_mail_under_a_lost_key_does_not_hold_up_a_rotation(post: Post) -> None:
    post.write()
    lost = replace(post.outbox, master_key=MasterKey(secrets.token_bytes(32)))
    with post.environment.database.write() as connection:
        lost.add_mail(connection, ANNA, "test", {}, post.environment.now())
    rotating = replace(post.outbox, master_key=MasterKey(secrets.token_bytes(32), *post.keys))

    assert rotating.encrypt_again() == 1


def test_mail_that_waits_survives_a_rotation_while_mail_is_turned_off(post: Post) -> None:
    post.write()
    new = secrets.token_bytes(32)
    rotating = replace(post.outbox, master_key=MasterKey(new, *post.keys), sends_mail=False)

    assert rotating.encrypt_again() == 1

    after = replace(post.outbox, master_key=MasterKey(new))
    [claimed] = after.claim("mail", ["password_changed"], post.environment.now(), 9)
    assert claimed.values == VALUES


def test_before_its_table_is_there_an_outbox_holds_up_no_rotation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = [each for each in revisions.load() if each.revision < "0012"]
    monkeypatch.setattr(revisions, "load", lambda: tuple(earlier))
    with closing(Database(sqlite_url(tmp_path / "production.sqlite3"))) as database:
        database.migrate()
        outbox = Outbox(database, MasterKey(secrets.token_bytes(32)), sends_mail=True)

        assert outbox.encrypt_again() == 0
