import json
import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from server.cli import inside
from server.cli.conftest import Command, made
from server.cli.test_mail import Place
from server.environment.mail.smtp_server import smtp_server
from server.portal.mailbox import text_of

ANNA, BEN = "anna@acme.example", "ben@acme.example"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with smtp_server(tmp_path, tls=False) as (received, mail):
        yield Place(tmp_path / "data", mail, received)


def links(mails: list[EmailMessage]) -> list[str]:
    return [
        link for mail in mails for link in re.findall(r"/accounts/invitation/\w+/", text_of(mail))
    ]


def test_an_organization_is_created_with_an_invitation_of_its_first_administrator(
    place: Place,
) -> None:
    ran = place.command("organization", "create", "Acme", "--invite", ANNA, "--json")

    made_of_it = json.loads(ran.out)
    assert set(made_of_it) == {"org_id", "environment", "invited", "role", "invited_until"}
    assert (made_of_it["invited"], made_of_it["role"]) == (ANNA, "admin")
    place.deliver()
    [mail] = place.received.mails
    assert (mail["To"], mail["Subject"]) == (ANNA, "You are invited to Acme")
    assert links([mail])[0] not in ran.out + ran.err


def test_an_invitation_is_sent_again_listed_and_revoked(place: Place) -> None:
    created = place.command("organization", "create", "Acme", "--admin", "anna", "--json")
    org_id = json.loads(created.out)["org_id"]
    for _ in range(2):
        assert place.command("organization", "invite", org_id, BEN, "--role", "staff").status == 0
    place.deliver()

    listed = json.loads(place.command("organization", "invitations", org_id, "--json").out)
    revoked = place.command("organization", "revoke-invitation", org_id, "BEN@acme.example")
    again = place.command("organization", "revoke-invitation", org_id, BEN)

    assert len(set(links(place.received.mails))) == 2
    assert [(row["email"], row["role"], row["state"]) for row in listed] == [
        (BEN, "staff", "waiting")
    ]
    assert (revoked.status, again.status) == (0, 1)
    assert json.loads(place.command("organization", "invitations", org_id, "--json").out) == []


def test_without_mail_nothing_is_created_and_the_other_way_is_named(tmp_path: Path) -> None:
    data = made(tmp_path / "data")

    ran = inside.run("organization", "create", "Acme", "--invite", ANNA, data=data)

    assert (ran.status, ran.out) == (1, "")
    assert "mail.host is empty" in ran.err
    assert "initial password" in ran.err
    assert json.loads(inside.run("organization", "list", "--json", data=data).out) == []


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["--invite", ANNA, "--admin", "anna"],
        ["--invite", ANNA, "--email", ANNA],
        ["--email", ANNA],
    ],
)
def test_an_organization_has_either_an_invitation_or_an_initial_password(
    gatepass: Command, given: list[str]
) -> None:
    ran = gatepass("organization", "create", "Acme", *given)

    assert ran.status == 2
    assert "--invite ADDRESS, or --admin USERNAME" in ran.err
