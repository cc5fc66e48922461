from typing import Any

import pytest
from pydantic import ValidationError

from gatepass.server.configuration.mail_settings import MailSettings, OperatorSettings

GIVEN = {"host": "smtp.example.com", "sender": "partners@example.com"}


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_from_the_protection_unless_it_is_given(security: Any, port: int) -> None:  # noqa: ANN401
    assert MailSettings(**GIVEN, security=security).server == ("smtp.example.com", port)
    assert MailSettings(**GIVEN, security=security, port=2525).server[1] == 2525


def test_without_a_host_no_mail_is_sent() -> None:
    assert not MailSettings().is_on
    assert MailSettings(**GIVEN).is_on


@pytest.mark.parametrize(
    "given",
    [
        {"host": "smtp.example.com"},
        {**GIVEN, "sender": "Partners <partners@example.com>"},
        {**GIVEN, "sender": "partners@example.com\r\nBcc: x@example.com"},
        {**GIVEN, "reply_to": "nobody"},
        {**GIVEN, "username": "gatepass"},
        {**GIVEN, "security": "ssl"},
    ],
    ids=["no sender", "a name", "two lines", "no address", "no password", "no such protection"],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MailSettings(**given)


def test_the_password_is_in_no_repr() -> None:
    shown = MailSettings(**GIVEN, username="gatepass", password="open-sesame")

    assert "open-sesame" not in f"{shown} {shown!r} {shown.model_dump()}"


@pytest.mark.parametrize("name", ["", " ", "Acme\nEnergy"])
def test_the_operators_name_is_one_line(name: str) -> None:
    with pytest.raises(ValidationError):
        OperatorSettings(name=name)
