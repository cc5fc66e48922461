"""What operators set of an application: networks, quota, automatic rotation, ends of secrets."""

from uuid import UUID

import pytest

from server.admin.console.confirming import confirm, is_asked, sentences
from server.portal.fixtures import HOME, Browser, PortalServer


@pytest.fixture
def path(operated: PortalServer) -> str:
    """Register an application of Acme; give the path of its settings in the console."""
    app_id = operated.as_("anna").register().rstrip("/").rpartition("/")[2]
    org_id = operated.person("anna").org_id
    return f"/console/production/organizations/{org_id}/applications/{app_id}/settings/"


def one(operated: PortalServer, column: str, table: str = "application") -> object:
    return operated.rows(f"SELECT {column} FROM {table}")[0][0]


def change(browser: Browser, path: str, **form: str) -> list[str]:
    """Change something; return what the page before it said that it stops."""
    asked = browser.post(path, **form)
    assert is_asked(asked, path), asked.text
    done = confirm(browser, asked, path)
    assert done.status_code == 303, done.text
    return sentences(asked)


def test_networks_are_set_after_the_addresses_outside_of_them_were_named(
    operated: PortalServer, path: str
) -> None:
    operated.run(f"UPDATE application_secret SET last_used_from = '{HOME}', last_used_at = 1")
    mara = operated.as_("mara")

    outside = change(mara, f"{path}networks/", networks="198.51.100.0/24\n2001:db8::/32")
    inside = change(mara, f"{path}networks/", networks="203.0.113.0/24")

    assert f"is refused: {HOME}." in outside[0]
    assert "is inside" in inside[0]
    assert one(operated, "networks") == "203.0.113.0/24"
    assert operated.actions().count("application.networks") == 2


def test_before_it_is_confirmed_nothing_is_changed(operated: PortalServer, path: str) -> None:
    mara = operated.as_("mara")

    asked = mara.post(f"{path}networks/", networks="198.51.100.0/24")

    assert is_asked(asked, f"{path}networks/")
    assert one(operated, "networks") == ""
    assert "application.networks" not in operated.actions()


def test_a_quota_is_set(operated: PortalServer, path: str) -> None:
    said = change(
        operated.as_("mara"), f"{path}rate-limit/", rate_limit_mode="enforce", rate_limit="100"
    )

    assert said == ["0 access tokens were issued in the last hour.", "Nothing stops."]
    assert one(operated, "mint_limit") == 100


def test_security_lets_an_application_rotate_its_own_secret(
    operated: PortalServer, path: str
) -> None:
    form = {"automatic_rotation": "on", "rotation_interval": "14", "rotation_overlap": "86400"}

    said = change(operated.as_("stan"), f"{path}automatic-rotation/", **form)

    assert said == ["Whoever has its current secret can replace it."]
    assert operated.actions()[-1] == "application.automatic_rotation"


def test_the_end_of_the_only_secret_is_set_after_a_warning(
    operated: PortalServer, path: str
) -> None:
    secret_id = UUID(str(one(operated, "id", "application_secret")))

    said = change(operated.as_("stan"), f"{path}secrets/{secret_id}/end/", secret_end="30")

    assert "It is the only secret" in said[1]
    assert one(operated, "expires_at", "application_secret") is not None


@pytest.mark.parametrize(
    ("form", "sent", "field"),
    [
        ("networks/", {"networks": "acme"}, "networks"),
        ("networks/", {"networks": "203.0.113.7/24"}, "networks"),
        ("rate-limit/", {"rate_limit_mode": "enforce", "rate_limit": ""}, "rate_limit"),
        ("rate-limit/", {"rate_limit_mode": "often", "rate_limit": "1"}, "rate_limit"),
        ("automatic-rotation/", {"automatic_rotation": "maybe"}, "automatic_rotation"),
        (
            "automatic-rotation/",
            {
                "automatic_rotation": "on",
                "rotation_interval": "0",
                "rotation_overlap": "86400",
            },
            "rotation_interval",
        ),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    operated: PortalServer, path: str, form: str, sent: dict[str, str], field: str
) -> None:
    refused = operated.as_("stan").post(f"{path}{form}", **sent)

    assert refused.status_code == 400
    assert f'id="{field}-error"' in refused.text


def test_an_end_in_the_past_is_said_beside_the_secret(operated: PortalServer, path: str) -> None:
    secret_id = UUID(str(one(operated, "id", "application_secret")))
    form = {"secret_end": "date", "secret_end_date": "2001-01-01"}

    refused = operated.as_("stan").post(f"{path}secrets/{secret_id}/end/", **form)

    assert refused.status_code == 400
    assert f'id="secret_end-{secret_id}-error"' in refused.text


def test_an_account_manager_has_no_form_for_secrets(operated: PortalServer, path: str) -> None:
    mara = operated.as_("mara")
    form = {"automatic_rotation": "off", "rotation_interval": "1", "rotation_overlap": "86400"}

    assert "Change automatic rotation" not in mara.get(path).text
    assert mara.post(f"{path}automatic-rotation/", **form).status_code == 403
