import json
from pathlib import Path

import pytest

from commands import Ran
from contracts.imports.toolkit import make_site, one_of_each
from server.cli import inside

SECRET_PARTS = ("Zl4Zl4", "Pl4Pl4", "Aw3Aw3", "$argon2id$", "pbkdf2_sha256$")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a site's database that the tests of this module read."""
    url = f"sqlite:///{tmp_path_factory.mktemp('site') / 'site.sqlite3'}"
    make_site(url, **one_of_each())
    return url


def bring(site: str, data: Path, *more: str) -> Ran:
    what = ("import", "django-oauth-toolkit", site, "--organization-by", "user")
    return inside.run(*what, *more, data=data)


def test_the_report_names_what_came_in_what_did_not_and_why(site: str, data: Path) -> None:
    ran = bring(site, data, "--json")

    report = json.loads(ran.out)
    ways = {each["client_id"]: each["secret"] for each in report["imported"]}
    assert ways["id-argon2"] == "argon2"
    assert ways["plain"] == "plain"
    assert len(ways) == 8
    assert {each["organization"] for each in report["imported"]} == {
        "Acme Energy GmbH",
        "Imported",
    }
    left_out = {each["client_id"]: each["notes"] for each in report["left_out"]}
    assert set(left_out) == {
        "weak",
        "public",
        "authorization-code",
        "password",
        "implicit",
        "openid-hybrid",
    }
    assert "weak" in left_out["weak"][0]
    assert "public" in left_out["public"][0]
    assert "organization add-admin" in report["note"]
    assert not any(part in ran.out + ran.err for part in SECRET_PARTS)


def test_a_report_for_people_says_the_same_and_how_to_go_on(site: str, data: Path) -> None:
    first = bring(site, data, "--environment", "sandbox")
    again = bring(site, data, "--environment", "sandbox")

    assert "8 imported:" in first.out
    assert "  weak: its secret is hashed" in first.out
    assert "add-admin ORG_ID --admin USERNAME --environment sandbox" in first.out
    assert again.out.startswith("0 imported\n8 already there:\n")
    assert "add-admin" not in again.out
    assert not any(part in first.out + again.out for part in SECRET_PARTS)


def test_a_dry_run_writes_nothing(site: str, data: Path) -> None:
    ran = bring(site, data, "--dry-run")

    assert "8 would be imported:" in ran.out
    assert "No organizations" in inside.run("organization", "list", data=data).out


def test_the_scope_can_be_chosen_and_is_shown(site: str, data: Path) -> None:
    bring(site, data, "--scope", "read")
    shown = inside.run("application", "show", "id-scrypt", "--json", data=data)

    values = json.loads(shown.out)
    assert (values["scope"], values["imported_from"]) == ("read", "django-oauth-toolkit")
    assert values["secrets"][0]["ends_with"] is None


def test_the_administrator_that_the_report_speaks_of_can_be_made(site: str, data: Path) -> None:
    report = json.loads(bring(site, data, "--json").out)
    org_id = report["imported"][-1]["org_id"]

    ran = inside.run("organization", "add-admin", org_id, "--admin", "Anna", "--json", data=data)

    added = json.loads(ran.out)
    assert set(added) == {"org_id", "environment", "username", "initial_password", "login_url"}
    assert (added["org_id"], added["username"]) == (org_id, "anna")
    assert len(added["initial_password"]) >= 15


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("mysql://u@h/d", "--organization-by", "user"), id="MySQL"),
        pytest.param(("sqlite:////none", "--organization-by", "user"), id="no file"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_status_1_and_makes_no_data_directory(
    data: Path, arguments: tuple[str, ...]
) -> None:
    ran = inside.run("import", "django-oauth-toolkit", *arguments, data=data)

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert not data.exists()


def test_a_scope_that_is_not_offered_is_refused(site: str, data: Path) -> None:
    ran = bring(site, data, "--scope", "read admin")

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "admin" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [(), ("sqlite:///x",), ("sqlite:///x", "--organization-by", "colour")],
)
def test_wrong_usage_is_status_2(data: Path, arguments: tuple[str, ...]) -> None:
    ran = inside.run("import", "django-oauth-toolkit", *arguments, data=data)

    assert ran.status == 2


def test_the_address_can_come_from_a_file(site: str, data: Path, tmp_path: Path) -> None:
    address = tmp_path / "address"
    address.write_text(f"{site}\n")
    what = ("import", "django-oauth-toolkit", "--url-file", str(address))

    ran = inside.run(*what, "--organization-by", "user", data=data)

    assert "8 imported:" in ran.out
    assert "Warning" not in ran.err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna:Zl4Zl4Zl4@127.0.0.1:1/site",
        "postgresql://127.0.0.1:1/site?user=anna&password=Zl4Zl4Zl4",
        "mysql://anna:Zl4Zl4Zl4@127.0.0.1/site",
    ],
)
def test_a_password_in_the_argument_is_warned_of_and_not_repeated(url: str, data: Path) -> None:
    ran = bring(url, data)

    assert "is visible in the process list" in ran.err
    assert "Zl4Zl4" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff\xfe", "is not readable"), (b"", "is empty"), (b" \n", "is empty")],
)
def test_a_file_without_an_address_is_one_line_that_says_so(
    content: bytes, said: str, data: Path, tmp_path: Path
) -> None:
    address = tmp_path / "address"
    address.write_bytes(content)
    what = ("import", "django-oauth-toolkit", "--url-file", str(address))

    ran = inside.run(*what, "--organization-by", "user", data=data)

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert said in ran.err


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o600])
def test_a_file_with_a_password_that_others_can_read_is_warned_of(
    mode: int, data: Path, tmp_path: Path
) -> None:
    address = tmp_path / "address"
    address.write_text("postgresql://anna:Zl4Zl4Zl4@127.0.0.1:1/site")
    address.chmod(mode)
    what = ("import", "django-oauth-toolkit", "--url-file", str(address))

    ran = inside.run(*what, "--organization-by", "user", data=data)

    assert (ran.status, "others can read" in ran.err) == (1, mode != 0o600)
    assert "Zl4Zl4" not in ran.out + ran.err


def test_an_address_and_a_file_with_one_are_refused(site: str, data: Path, tmp_path: Path) -> None:
    address = tmp_path / "address"
    address.write_text(site)

    ran = bring(site, data, "--url-file", str(address))

    assert ran.status == 2
    assert "Give either DATABASE_URL or --url-file." in ran.err
