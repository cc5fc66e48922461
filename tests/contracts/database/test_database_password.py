"""The ways to give a database's password that no process list shows, at a real PostgreSQL."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from commands import clean_variables
from contracts import postgres
from contracts.imports.toolkit import make_site, one_of_each
from server_process import serving

_PASSWORD = "Zl4Zl4Zl4Zl4"
_WAYS = ["--url-file", "PGPASSWORD", "PGPASSFILE", "~/.pgpass", "PGSERVICE"]
_IMPORT = ("import", "django-oauth-toolkit")


@pytest.fixture(scope="module")
def start() -> Iterator[str]:
    """The start of the addresses of a cluster that asks for a password."""
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    with postgres.running(binaries, _PASSWORD) as address:
        yield address.replace("+psycopg", "")


def _create(start: str, name: str) -> str:
    """Create a database; return its address without the password."""
    admin = start.format(name="postgres")
    with psycopg.connect(admin, password=_PASSWORD, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return start.format(name=name)


def _with_password(address: str) -> str:
    return address.replace("gatepass@", f"gatepass:{_PASSWORD}@")


@pytest.fixture(scope="module")
def site(start: str) -> str:
    """The address of a site's database, without its password."""
    address = _create(start, "site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", _PASSWORD)
        make_site(address, **one_of_each())
    return address


def _gatepass(*arguments: str, variables: Mapping[str, str]) -> tuple[int, str, bytes]:
    """Run a command; return its status, all that it said, and what the process list showed."""
    with subprocess.Popen(
        [sys.executable, "-m", "gatepass", *arguments],
        env={**clean_variables(), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        shown = b""
        while not shown:  # empty while the program is being loaded
            shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        said, _ = process.communicate()
    return process.returncode, said, shown


def _ways(address: str, folder: Path) -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    """Return arguments and variables of each way."""
    host = parse_qs(urlsplit(address).query)["host"][0]
    folder.mkdir()
    (folder / "address").write_text(_with_password(address))
    (folder / ".pgpass").write_text(f"*:*:*:gatepass:{_PASSWORD}\n")
    (folder / "services").write_text(
        f"[site]\nhost={host}\ndbname=site\nuser=gatepass\npassword={_PASSWORD}\n"
    )
    for each in folder.iterdir():
        each.chmod(0o600)
    service = {"PGSERVICE": "site", "PGSERVICEFILE": str(folder / "services")}
    return {
        "--url-file": (("--url-file", str(folder / "address")), {}),
        "PGPASSWORD": ((address,), {"PGPASSWORD": _PASSWORD}),
        "PGPASSFILE": ((address,), {"PGPASSFILE": str(folder / ".pgpass")}),
        "~/.pgpass": ((address,), {"HOME": str(folder)}),
        "PGSERVICE": (("postgresql://",), service),
    }


@pytest.mark.parametrize("way", _WAYS)
def test_an_import_gets_the_password_in_a_way_that_no_process_list_shows(
    site: str, tmp_path: Path, way: str
) -> None:
    where, variables = _ways(site, tmp_path / "ways")[way]
    more = ("--organization-by", "user", "--data", str(tmp_path / "data"))
    status, said, shown = _gatepass(*_IMPORT, *where, *more, variables=variables)

    assert (status, "8 imported:" in said) == (0, True), said
    assert b"gatepass" in shown
    assert _PASSWORD.encode() not in shown
    assert "Warning" not in said


def test_without_the_password_it_is_one_line_that_does_not_guess(site: str, tmp_path: Path) -> None:
    more = ("--organization-by", "user", "--data", str(tmp_path / "data"))
    variables = {"PGPASSWORD": "wr0ngwr0ng", "HOME": str(tmp_path)}
    status, said, _ = _gatepass(*_IMPORT, site, *more, variables=variables)

    assert (status, said.count("\n")) == (1, 1)
    assert "wr0ngwr0ng" not in said


@pytest.mark.parametrize("where", ["user part", "query"])
def test_the_checked_settings_do_not_show_a_databases_password(tmp_path: Path, where: str) -> None:
    address = {
        "user part": f"postgresql://gatepass:{_PASSWORD}@db.example/gatepass",
        "query": f"postgresql://gatepass@db.example/gatepass?password={_PASSWORD}",
    }[where]
    variables = {"GATEPASS_PRODUCTION__DATABASE": address}
    status, said, _ = _gatepass("settings", "check", "--data", str(tmp_path), variables=variables)

    assert (status, "db.example" in said) == (0, True)
    assert _PASSWORD not in said


def test_the_server_takes_its_databases_password_from_the_environment(
    start: str, tmp_path: Path
) -> None:
    variables = {
        "GATEPASS_PRODUCTION__DATABASE": _create(start, "production"),
        "GATEPASS_SANDBOX__DATABASE": _create(start, "sandbox"),
        "PGPASSWORD": _PASSWORD,
    }
    with serving(tmp_path / "data", variables=variables) as server:
        made = server.create_application(server.create_organization().org_id)

        assert server.ask_token(made.client_id, made.client_secret).status == 200
        assert _PASSWORD not in server.log()
