"""What every field for a password is like, and that no account is there from the start."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from browser.pages import PAGES
from gatepass.server.admin.console.rendering import TEMPLATES
from gatepass.testing import Clock
from server.portal.fixtures import START, PortalServer


@pytest.fixture(scope="module")
def inputs() -> list[str]:
    """Return every input of every page."""
    return [
        tag
        for sample in PAGES
        for tag in re.findall(
            r"<input[^>]*>", TEMPLATES.get_template(sample.template).render(sample.context)
        )
    ]


@pytest.fixture
def passwords(inputs: list[str]) -> list[str]:
    return [tag for tag in inputs if re.search(r'name="[a-z_]*password', tag)]


def attribute(tag: str, name: str) -> str:
    found = re.search(rf' {name}="([^"]*)"', tag)
    return found[1] if found else ""


@pytest.mark.spec("ASVS", "6.2.6")
def test_what_is_typed_as_a_password_is_masked(passwords: list[str]) -> None:
    assert len(passwords) > 10
    assert {attribute(tag, "type") for tag in passwords} == {"password"}


@pytest.mark.spec("ASVS", "6.2.7")
def test_password_managers_and_paste_are_helped_and_not_hindered(passwords: list[str]) -> None:
    script = files("gatepass.server.portal").joinpath("static/portal.js").read_text()
    purposes = {attribute(tag, "autocomplete") for tag in passwords}

    assert purposes <= {"current-password", "new-password"}
    assert "paste" not in script
    assert not [tag for tag in passwords if "onpaste" in tag or "maxlength" in tag]


@pytest.mark.spec("ASVS", "6.4.2")
def test_no_page_has_a_field_for_a_hint_or_a_question(inputs: list[str]) -> None:
    names = {attribute(tag, "name") for tag in inputs}

    assert names
    assert not [name for name in names if re.search("hint|question|answer|birth|maiden", name)]


@pytest.mark.spec("ASVS", "6.3.2")
def test_a_new_server_has_no_account(tmp_path: Path) -> None:
    portal = PortalServer(tmp_path / "data", Clock(START))
    people = portal.rows("SELECT id FROM person")
    attempts = [
        portal.browser().log_in(name, name).status_code for name in ("admin", "root", "gatepass")
    ]
    portal.close()

    assert people == []
    assert attempts == [400, 400, 400]
