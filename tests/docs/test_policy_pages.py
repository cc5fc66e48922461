"""The pages about policies and sessions: their commands do what they show, their values are so."""

import re
from pathlib import Path

import pytest

from docs.page import ROOT
from docs.test_people_pages import play
from gatepass.server.domain.organizations.policies.fields import FIELDS
from gatepass.server.domain.users.sessions.logins.model import MOST_KEPT
from gatepass.server.domain.users.sessions.model import SessionSettings
from server.cli import inside
from server.cli.conftest import made

OPERATE = ROOT / "docs" / "operate" / "policies-and-sessions.md"
TASK = ROOT / "docs" / "tasks" / "set-policies.md"


def text_of(page: Path) -> str:
    return " ".join(page.read_text().split())


def test_the_page_about_policies_is_played(tmp_path: Path) -> None:
    data = made(tmp_path / "data")
    inside.run("organization", "create", "Acme Energy", "--admin", "anna", data=data)

    play(OPERATE, data)


@pytest.mark.spec("ASVS", "7.1.1")
@pytest.mark.parametrize("page", [OPERATE, TASK], ids=lambda page: str(page.name))
def test_the_page_names_the_limits_that_the_settings_have(page: Path) -> None:
    settings = SessionSettings()

    assert f"{settings.idle // 60} minutes" in text_of(page)
    assert f"{settings.absolute // 3600} hours" in text_of(page)


@pytest.mark.spec("ASVS", "7.1.2")
def test_the_page_says_how_many_sessions_there_may_be() -> None:
    assert "One account may have any number of sessions" in text_of(OPERATE)
    assert MOST_KEPT == 10
    assert "The last ten logins of each person are kept" in text_of(OPERATE)


def test_the_pages_name_every_field_and_value() -> None:
    operate, task = text_of(OPERATE), text_of(TASK)
    values = [each.value for field in FIELDS for each in field.choices]

    assert [field.label for field in FIELDS if f"| {field.label} |" not in task] == []
    assert [each for each in values if f"`{each}`" not in operate] == []
    assert {field.name.replace("_", "-") for field in FIELDS} <= set(
        re.findall(r"`([a-z-]+)`", operate)
    )
