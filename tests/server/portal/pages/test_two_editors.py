"""Two people who change one setting: the second one reads what the first one did."""

import re
from html import unescape

import pytest

from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.test_registration import refused_at


def seen(browser: Browser, path: str, form: str) -> str:
    """Return the hidden field that says which value the form was made with."""
    text = browser.get(path + "settings/").text.split(f'action="{path}{form}"')[1]
    found = re.search(r'name="seen" value="([^"]*)"', text)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize(
    ("form", "first", "second", "field", "said"),
    [
        (
            "contact/",
            {"contact": "nora@acme.example"},
            {"contact": "ops@acme.example"},
            "contact",
            "Contact was empty, and is 'nora@acme.example' now.",
        ),
        (
            "lifetime/",
            {"token_lifetime": "3600"},
            {"token_lifetime": "7200"},
            "token_lifetime",
            "Token lifetime was '36000', and is '3600' now.",
        ),
        (
            "networks/",
            {"networks": "203.0.113.0/24"},
            {"networks": "198.51.100.0/24\n203.0.113.0/24"},
            "networks",
            "is '203.0.113.0/24' now.",
        ),
        (
            "scope/",
            {"scope_read": "yes"},
            {"scope_write": "yes"},
            "scope",
            "Scope was 'read write', and is 'read' now.",
        ),
    ],
)
def test_the_second_one_reads_what_changed_and_may_send_again(
    portal: PortalServer,
    form: str,
    first: dict[str, str],
    second: dict[str, str],
    field: str,
    said: str,
) -> None:
    anna, nora = portal.as_("anna"), portal.as_("nora")
    path = anna.register()
    before = seen(anna, path, form)
    assert nora.post(path + form, **first, seen=seen(nora, path, form)).status_code == 303
    done = portal.actions()

    refused = anna.post(path + form, **second, seen=before)

    assert refused.status_code == 409
    assert refused_at(refused.text) == {field}
    assert said in unescape(refused.text)
    assert portal.actions() == done
    assert anna.post(path + form, **second, seen=seen(anna, path, form)).status_code == 303


def test_what_is_typed_stays_when_somebody_else_was_first(portal: PortalServer) -> None:
    anna, nora = portal.as_("anna"), portal.as_("nora")
    path = anna.register()
    before = seen(anna, path, "contact/")
    nora.post(path + "contact/", contact="nora@acme.example")

    refused = anna.post(path + "contact/", contact="ops@acme.example", seen=before)

    assert 'value="ops@acme.example"' in refused.text


def test_a_change_of_another_setting_is_no_conflict(portal: PortalServer) -> None:
    anna, nora = portal.as_("anna"), portal.as_("nora")
    path = anna.register()
    before = seen(anna, path, "contact/")
    nora.post(path + "lifetime/", token_lifetime="3600")

    assert anna.post(path + "contact/", contact="x@y.example", seen=before).status_code == 303


@pytest.mark.parametrize(
    "hostile", ["", "{", "[]", "7", '{"contact": 7}', '{"nothing": "x"}', "[" * 4000, "<b>"]
)
def test_a_form_that_does_not_say_what_it_was_made_with_is_taken(
    portal: PortalServer, hostile: str
) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    answer = browser.post(path + "contact/", contact="ops@acme.example", seen=hostile)

    assert answer.status_code == 303
