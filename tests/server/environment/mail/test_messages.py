"""What mail says: every kind, in both environments, whatever names are in it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest

from gatepass.server.configuration.mail_settings import MailSettings
from gatepass.server.domain.changes.outbox.model import Message
from gatepass.server.domain.users.notices.languages.operations import LANGUAGE
from gatepass.server.environment.mail.content import Site
from gatepass.server.environment.mail.messages import KINDS
from gatepass.server.environment.mail.rendering import render

NOW = datetime(2026, 11, 28, 20, 15, tzinfo=UTC)
SETTINGS = MailSettings(host="localhost", sender="partners@acme.example")
AWKWARD = 'Bobby "<script>alert(1)</script>" & Söhne\r\nBcc: x@evil.example'
NAMES = (
    *("username", "at", "by", "detail", "source", "agent", "who", "organization", "until"),
    *("factor", "left", "before", "after", "more"),
    *("application", "secret", "reporter", "end", "location", "others"),
    *("factor", "left", "before", "after", "more", "application", "app_id", "secret"),
    *("application_id", "new", "old", "old_end"),
    *("client_id", "what", "done", "keys", "certificate"),
    *("host", "description", "because"),
)
VALUES = dict.fromkeys(NAMES, "")
OTHERS = {"role": "staff", "token": "t0ken"}


def site(environment: str = "production") -> Site:
    operator = "Acme Energy", "Acme Energy Ltd.\n1 Main Street", "https://help.acme.example"
    return Site(*operator, environment, "https://app.acme.example")


def written(kind: str, environment: str = "production", **values: str) -> EmailMessage:
    accounts = json.dumps(
        [[values.get("username", "anna"), values.get("organization", "Acme"), "t"]]
    )
    applications = json.dumps([[values.get("username", "Billing"), "expires tomorrow"]])
    lists = {"accounts": accounts, "applications": applications, "details": _details(values)}
    said = VALUES | OTHERS | lists | values
    message = Message(7, "mail", kind, "anna@example.com", NOW, NOW, 1, values=said)
    return render(message, site(environment), SETTINGS)


def _details(values: Mapping[str, str]) -> str:
    """Return what a reminder says of a credential of any kind."""
    named = values.get("username", "Billing")
    expiring = {"application": named, "contact": named, "expires_at": "2026-12-05 08:00 UTC"}
    detail = dict.fromkeys(("last_four", "key", "certificate"), values.get("username", "x7Qa"))
    return json.dumps([{**expiring, **detail, "days": 7}])


def bodies(mail: EmailMessage) -> tuple[str, str]:
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text
    assert html
    return text.get_content(), html.get_content()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_names_the_operator_their_address_and_help(kind: str) -> None:
    for body in bodies(written(kind)):
        assert "Acme Energy Ltd." in body
        assert "1 Main Street" in body
        assert "https://help.acme.example" in body


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_mail_of_the_sandbox_says_so(kind: str) -> None:
    mail = written(kind, "sandbox")

    assert mail["Subject"].startswith("[Sandbox] ")
    assert "This is about the sandbox." in bodies(mail)[1]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_name_becomes_a_header_or_markup(kind: str) -> None:
    mail = written(kind, **dict.fromkeys(VALUES, AWKWARD))

    assert mail["Bcc"] is None
    assert b"\r\nBcc:" not in mail.as_bytes().partition(b"\r\n\r\n")[0]
    assert "<script>" not in bodies(mail)[1]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_link_is_the_issuers(kind: str) -> None:
    _, html = bodies(written(kind))

    links = [each.partition('"')[0] for each in html.split('href="')[1:]]
    assert all(each.startswith("https://app.acme.example/") for each in links)


def test_a_new_browser_is_named_in_words() -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    text, _ = bodies(written("new_browser", agent=agent, source="192.0.2.7"))

    assert "Program: Firefox on Linux" in text
    assert "Address: 192.0.2.7" in text


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("secrets_expiring", "Billing: the secret ending in x7Qa expires in 7 days (2026-12-05"),
        ("keys_expiring", "Billing: the key x7Qa expires in 7 days (2026-12-05 08:00 UTC)"),
        ("certificates_expiring", "Billing: the certificate x7Qa expires in 7 days (2026-12-05"),
    ],
)
def test_a_reminder_says_what_expires_and_when(kind: str, said: str) -> None:
    text, _ = bodies(written(kind))

    assert said in " ".join(text.split())
    assert "contact: Billing" in text


def test_a_reminder_is_in_the_readers_language_as_a_whole() -> None:
    german = replace(site(), languages=("en", "de"))
    values = {"details": _details({}), "more": "", LANGUAGE: "de"}
    message = Message(
        7, "mail", "certificates_expiring", "anna@example.com", NOW, NOW, 1, values=values
    )
    mail = render(message, german, SETTINGS)

    text = " ".join(bodies(mail)[0].split())
    assert "Das Zertifikat von Billing" in mail["Subject"]
    assert "das Zertifikat x7Qa läuft in 7 Tagen ab" in text
    assert "expires" not in text


def test_a_reminder_that_the_version_before_wrote_is_sent_as_it_is() -> None:
    values = {"applications": json.dumps([["Billing", "the secret expires tomorrow"]]), "more": ""}
    message = Message(7, "mail", "secrets_expiring", "anna@example.com", NOW, NOW, 1, values=values)

    assert "the secret expires tomorrow" in bodies(render(message, site(), SETTINGS))[0]


def test_two_attempts_have_one_message_id_and_two_messages_two() -> None:
    first, again = (written("test")["Message-ID"] for _ in range(2))
    other = render(Message(8, "mail", "test", "a@b.example", NOW, NOW, 1), site(), SETTINGS)

    assert first == again
    assert other["Message-ID"] != first


def test_a_logo_is_a_part_of_the_mail_and_nothing_is_fetched() -> None:
    branded = replace(site(), logo=b"\x89PNG of Acme")
    message = Message(7, "mail", "test", "anna@example.com", NOW, NOW, 1)
    mail = BytesParser(policy=default).parsebytes(render(message, branded, SETTINGS).as_bytes())

    _, html = bodies(mail)
    [image] = [each for each in mail.walk() if each.get_content_type() == "image/png"]
    name = str(image["Content-ID"]).strip("<>")
    assert f'src="cid:{name}" alt="Acme Energy"' in html
    assert image.get_content() == branded.logo
    assert image.get_content_disposition() == "inline"
    assert "http" not in html.partition("<footer>")[0]


def test_without_a_logo_the_name_is_in_its_place() -> None:
    text, html = bodies(written("test"))

    assert '<p class="brand">Acme Energy</p>' in html
    assert "cid:" not in html
    assert "Acme Energy" in text
