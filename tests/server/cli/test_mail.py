import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from commands import Ran
from gatepass.server.configuration.settings import Settings, load
from gatepass.server.environment import data_directory
from gatepass.server.environment.mail import delivery
from gatepass.wire.credential import Mode
from server.cli import inside
from server.cli.conftest import made
from server.environment.mail.smtp_server import Received, smtp_server

Gatepass = Callable[..., Ran]


class Place:
    """A data directory whose settings lead to an SMTP server."""

    def __init__(self, data: Path, mail: dict[str, Any], received: Received) -> None:
        self.data, self.received = made(data), received
        lines = [f"{name} = {json.dumps(value)}" for name, value in mail.items()]
        (data / "gatepass.toml").write_text("\n".join(["[mail]", *lines, ""]))

    @property
    def settings(self) -> Settings:
        return load(data=self.data)

    def command(self, *arguments: str) -> Ran:
        return inside.run(*arguments, data=self.data)

    def write(self, *addresses: str) -> None:
        with (
            data_directory.opened(self.settings, Mode.LIVE) as environment,
            environment.database.write() as connection,
        ):
            for address in addresses:
                outbox, now = environment.context.outbox, environment.now()
                outbox.add_mail(connection, address, "test", {}, now)

    def deliver(self) -> None:
        with data_directory.opened(self.settings, Mode.LIVE) as environment:
            delivery.of_environment(self.settings, environment).deliver()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with smtp_server(tmp_path) as (received, mail):
        yield Place(tmp_path / "data", mail, received)


def test_one_mail_is_shown_with_the_reason_and_not_what_it_says(place: Place) -> None:
    place.received.to_recipient["anna@example.com"] = "550 no such person"
    place.write("anna@example.com")
    place.deliver()
    [listed] = json.loads(place.command("mail", "list", "--json").out)

    shown = json.loads(place.command("mail", "show", str(listed["id"]), "--json").out)
    unknown = place.command("mail", "show", "4711")

    assert shown == listed
    assert "no such person" in shown["error"]
    assert unknown.status == 1
    assert "Message 4711 was not found" in unknown.err


def test_the_list_shows_what_failed_and_why_and_a_retry_sends_it(place: Place) -> None:
    place.received.to_recipient["anna@example.com"] = "550 no such person"
    place.write("anna@example.com", "ben@example.com")
    place.deliver()

    listed = json.loads(place.command("mail", "list", "--state", "failed", "--json").out)
    assert [(each["address"], each["error"]) for each in listed] == [
        ("anna@example.com", "550 no such person")
    ]

    place.received.to_recipient.clear()
    retried = place.command("mail", "retry", str(listed[0]["id"]))
    assert (retried.status, retried.out) == (
        0,
        "1 to send. The server sends it now, if it runs.\n",
    )
    place.deliver()
    assert [mail["To"] for mail in place.received.mails] == ["ben@example.com", "anna@example.com"]


def test_a_mail_that_is_not_there_cannot_be_sent_again(place: Place) -> None:
    ran = place.command("mail", "retry", "77")

    assert ran.status == 1
    assert "not found" in ran.err


@pytest.mark.parametrize("arguments", [(), ("7", "--all")], ids=["nothing", "both"])
def test_a_retry_names_mail_or_all(place: Place, arguments: tuple[str, ...]) -> None:
    assert place.command("mail", "retry", *arguments).status == 2


def test_a_test_mail_is_sent_at_once(place: Place) -> None:
    ran = place.command("mail", "test", "you@example.com")

    assert (ran.status, ran.out) == (0, "Sent to you@example.com.\n")
    assert [mail["To"] for mail in place.received.mails] == ["you@example.com"]


def test_a_test_mail_says_what_the_server_answers(place: Place) -> None:
    place.received.to_data = "554 your domain publishes no SPF"

    ran = place.command("mail", "test", "you@example.com")

    assert ran.status == 1
    assert "554 your domain publishes no SPF" in ran.err


@pytest.mark.parametrize("arguments", [("test", "you@example.com"), ("retry", "--all")])
def test_without_mail_the_commands_name_the_setting(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ran = inside.run("mail", *arguments, data=made(tmp_path / "data"))

    assert ran.status == 1
    assert "mail.host" in ran.err
