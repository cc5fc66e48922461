"""Invitation, recovery and a confirmed address in a real browser, with links from real mail."""

import re
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest

from browser.walk import Walk
from server.environment.mail.smtp_server import Received, smtp_server
from server.portal.mailbox import text_of
from server_process import Server, serving

Opens = Callable[..., Walk]
PASSWORD, NEW_PASSWORD = "four dull penguins reading maps", "nine tall lamps beside a harbour"
ANNA, CARL, NORA = "anna@acme.example", "carl@acme.example", "nora@acme.example"
_PATIENCE = 60.0  # seconds, on a busy machine


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Received, Server]]:
    folder = tmp_path_factory.mktemp("people")
    with smtp_server(folder, tls=False) as (received, mail):
        variables = {f"GATEPASS_MAIL__{name.upper()}": str(value) for name, value in mail.items()}
        with serving(folder / "data", variables=variables) as server:
            yield received, server


@pytest.fixture(scope="module")
def received(post: tuple[Received, Server]) -> Received:
    return post[0]


@pytest.fixture(scope="module")
def server(post: tuple[Received, Server]) -> Server:
    return post[1]


def read(received: Received, address: str, subject: str) -> EmailMessage:
    """Wait for a mail, and take it."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        for mail in received.mails:
            if mail["To"] == address and subject in mail["Subject"]:
                received.mails.remove(mail)
                return mail
        time.sleep(0.05)
    raise AssertionError(f"no mail to {address}: {[each['Subject'] for each in received.mails]}")


def link(mail: EmailMessage) -> str:
    [found] = re.findall(r"https?://\S+/accounts/\w+/\w+/", text_of(mail))
    return str(found)


def choose(here: Walk, password: str) -> None:
    here.field("New password").fill(password)
    here.field("New password, again").fill(password)


def accept(here: Walk, mail: EmailMessage, username: str) -> None:
    here.go(link(mail))
    here.inspect("1-invitation")
    here.field("Username").fill(username)
    choose(here, PASSWORD)
    here.press("Accept the invitation")
    assert here.heading() == "Log in"
    assert "Your account is ready." in here.text("main")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_an_invited_administrator_invites_a_colleague_who_later_forgets_the_password(
    server: Server, received: Received, walk: Opens, width: int, scheme: str
) -> None:
    anna, carl = f"anna{width}@acme.example", f"carl{width}@acme.example"
    ran = server.run("organization", "create", "Acme", "--invite", anna, "--environment", "sandbox")
    assert ran.status == 0, ran.err
    here: Walk = walk(width=width, scheme=scheme)
    accept(here, read(received, anna, "You are invited to Acme"), f"anna{width}")
    here.inspect("2-login")
    here.log_in(f"anna{width}", PASSWORD)
    here.go("/team/")
    here.follow("Invite somebody")
    here.inspect("3-invite")
    here.field("Email").fill(carl)
    here.field("Staff").check()
    here.press("Send the invitation")
    assert carl in here.text("main")
    assert "INVITED UNTIL" in here.text("main").upper()
    here.inspect("4-team")

    there: Walk = walk(width=width, scheme=scheme, scripts=False)
    accept(there, read(received, carl, "You are invited"), f"carl{width}")
    there.log_in(f"carl{width}", PASSWORD)
    assert there.heading() == "Applications"

    elsewhere: Walk = walk(width=width, scheme=scheme)
    elsewhere.go("/accounts/login/")
    elsewhere.follow("Forgot your password?")
    elsewhere.inspect("5-recover")
    elsewhere.field("Email").fill(carl)
    elsewhere.press("Send the link")
    elsewhere.inspect("6-sent")
    path = link(read(received, carl, "Set a new password"))
    elsewhere.go(path)
    elsewhere.inspect("7-new-password")
    choose(elsewhere, NEW_PASSWORD)
    elsewhere.press("Set the password")
    assert "Your new password is set." in elsewhere.text("main")
    read(received, carl, "Your password was changed")
    elsewhere.go(path)
    assert elsewhere.heading() == "This link does not work"
    elsewhere.inspect("8-used")
    there.go("/account/")
    assert there.heading() == "Log in"
    elsewhere.log_in(f"carl{width}", NEW_PASSWORD)
    assert elsewhere.heading() == "Applications"
    assert here.faults == there.faults == elsewhere.faults == []
    assert path.split("/")[-2] not in server.log()


def test_an_address_is_confirmed_from_the_account_page(
    server: Server, received: Received, walk: Opens
) -> None:
    created = server.run(
        *("organization", "create", "Bolt", "--admin", "nora", "--email", NORA),
        *("--environment", "sandbox", "--json"),
    )
    initial = re.findall(r'"initial_password": "([^"]+)"', created.out)[0]
    here: Walk = walk()
    here.log_in("nora", initial)
    here.choose_password(initial, PASSWORD)
    here.go("/account/")
    here.inspect("1-unconfirmed")
    here.press("Send a link to confirm it")
    path = link(read(received, NORA, "Confirm your email address"))

    other: Walk = walk(width=360, scheme="dark")
    other.go(path)
    assert other.heading() == "Log in"
    other.field("Username").fill("nora")
    other.field("Password").fill(PASSWORD)
    other.press("Log in")
    assert other.heading() == "Confirm your email address"
    other.inspect("2-confirm")
    other.press("Confirm the address")
    other.inspect("3-confirmed")

    assert "Your email address is confirmed." in other.text("main")
    assert here.faults == other.faults == []
    assert path.split("/")[-2] not in server.log()
